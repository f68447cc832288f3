//! Origins that change while a server runs.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use rpds::{HashTrieMapSync, HashTrieSetSync};

use crate::decide::RequestHead;
use crate::origin::{MAX_ORIGIN, OriginError};
use crate::path;
use crate::pattern::{OriginPattern, PatternError, Shape};
use crate::routes;
use crate::step::{lock, step};
use crate::suggest;
use crate::text::Excerpt;

/// Exact origins that the application adds, removes and replaces at any time: those that customers register in a
/// database, for example.
///
/// A policy names a set (`{ set = "customers" }` in `allow_origins`, or [`Grant::allow_origin_set`]), and the
/// application supplies it ([`Config::origin_set`], `LoadOptions::origin_set`). A clone is the same set, so the policies
/// of all workers see a change at once, and so do the policies that replace them in a [`LivePolicy`](crate::LivePolicy).
///
/// An origin may have a *key*. A route with `path = "/realms/{realm}"` and `{ set = "customers", key = "{realm}" }` allows
/// only the origins under the key that is in the request's path, so no customer's page can read another customer's data.
///
/// Requests never wait for a change, and each change is made at once: a request sees all of it or nothing. Changes wait
/// for each other.
///
/// An origin takes some 100 bytes and its text. While everything is [replaced](Self::replace), the old and the new origins are
/// in memory.
///
/// Browsers cache preflight responses, so a page of an origin that was removed may go on sending requests for up to
/// `max_age` seconds. It cannot read the responses.
///
/// [`Grant::allow_origin_set`]: crate::Grant::allow_origin_set
/// [`Config::origin_set`]: crate::Config::origin_set
///
/// # Examples
///
/// ```
/// use cors_core::OriginSet;
///
/// let customers = OriginSet::new();
/// assert!(!customers.is_filled());
///
/// customers.insert("https://app.example.com")?;
/// customers.insert_for("acme", "https://acme.example")?;
/// assert_eq!(customers.len(), 2);
/// assert!(customers.contains_for("acme", "https://acme.example"));
/// assert!(!customers.contains_for("other", "https://acme.example"));
///
/// let rows = [("acme", "https://www.acme.example"), ("other", "https://other.example/")];
/// let [error] = &*customers.replace(rows) else { panic!() };
/// assert_eq!(
///     error.to_string(),
///     "origin `https://other.example/` ends with a slash; browsers send origins without it; \
///      did you mean `https://other.example`?",
/// );
/// assert_eq!(customers.len(), 1, "the others count");
/// # Ok::<(), cors_core::OriginSetError>(())
/// ```
#[derive(Clone, Default)]
pub struct OriginSet(pub(crate) Arc<Shared>);

#[derive(Default)]
pub(crate) struct Shared {
    state: ArcSwap<State>,
    /// Held while `state` is replaced.
    changing: Mutex<()>,
}

/// A state does not change. The next one shares with it what is the same.
#[derive(Clone, Default)]
struct State {
    /// The origins by their keys; those without a key are under the empty one. No key is without origins.
    keys: HashTrieMapSync<Text, Origins, TextHash>,
    /// Those without a key again: a request finds them without a look-up of the empty key.
    without_key: Option<Origins>,
    len: usize,
    is_filled: bool,
}

type Origins = HashTrieSetSync<Text, TextHash>;

/// std's hash function, seeded at random: strangers may choose the keys and the origins.
#[derive(Clone, Default)]
struct TextHash(RandomState);

struct TextHasher(DefaultHasher);

/// A key or an origin. It is looked up by the bytes of a request, which are not checked to be UTF-8.
#[derive(Clone, PartialEq, Eq)]
struct Text(Box<str>);

const NO_KEY: &str = "";

impl OriginSet {
    /// A set without origins, which is not [filled](Self::is_filled).
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an origin without a key. Returns whether the set did not have it.
    ///
    /// # Errors
    ///
    /// If it is not an exact origin as browsers send it, or is `null`, or plain http on another host than the user's own
    /// machine, or longer than 512 bytes. The set is as before then.
    pub fn insert(&self, origin: &str) -> Result<bool, OriginSetError> {
        self.insert_entry(NO_KEY, origin)
    }

    /// Adds an origin under a key. Returns whether the key did not have it.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and if the key is not one non-empty segment of a path in
    /// [normal form](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2), as clients send it: `acme`, `caf%C3%A9`.
    pub fn insert_for(&self, key: &str, origin: &str) -> Result<bool, OriginSetError> {
        check_key(key, origin)?;
        self.insert_entry(key, origin)
    }

    fn insert_entry(&self, key: &str, origin: &str) -> Result<bool, OriginSetError> {
        check_origin(origin)?;
        Ok(self.change(|state| state.insert(key, origin)))
    }

    /// Removes an origin without a key. Returns whether the set had it.
    pub fn remove(&self, origin: &str) -> bool {
        self.change(|state| state.remove(NO_KEY, origin))
    }

    /// Removes an origin under a key. Returns whether the key had it.
    pub fn remove_for(&self, key: &str, origin: &str) -> bool {
        !key.is_empty() && self.change(|state| state.remove(key, origin))
    }

    /// Replaces everything in the set. Returns the errors of the entries that were left out; the others count.
    ///
    /// An entry is an origin, or a key and an origin.
    pub fn replace<E: Into<OriginSetEntry>>(
        &self,
        entries: impl IntoIterator<Item = E>,
    ) -> Vec<OriginSetError> {
        let mut errors = Vec::new();
        let mut new = State {
            is_filled: true,
            ..State::default()
        };
        for entry in entries {
            let entry = entry.into();
            match entry.check() {
                Ok(()) => _ = new.insert(entry.key.as_deref().unwrap_or(NO_KEY), &entry.origin),
                Err(error) => errors.push(error),
            }
        }
        self.change(|state| *state = new);
        errors
    }

    /// Replaces the origins under a key. Returns the errors of those that were left out; the others count.
    ///
    /// If the key is wrong, that is the only error, and the set is as before.
    pub fn replace_for<O: AsRef<str>>(
        &self,
        key: &str,
        origins: impl IntoIterator<Item = O>,
    ) -> Vec<OriginSetError> {
        match check_key(key, "") {
            Ok(()) => self.replace_origins(key, origins),
            Err(error) => vec![error],
        }
    }

    /// Replaces the origins without a key. Returns the errors of those that were left out; the others count.
    pub fn replace_without_key<O: AsRef<str>>(
        &self,
        origins: impl IntoIterator<Item = O>,
    ) -> Vec<OriginSetError> {
        self.replace_origins(NO_KEY, origins)
    }

    fn replace_origins<O: AsRef<str>>(
        &self,
        key: &str,
        origins: impl IntoIterator<Item = O>,
    ) -> Vec<OriginSetError> {
        let (mut new, mut errors) = (Origins::default(), Vec::new());
        for origin in origins {
            match check_origin(origin.as_ref()) {
                Ok(()) => new.insert_mut(origin.as_ref().into()),
                Err(error) => errors.push(error),
            }
        }
        self.change(|state| state.set(key, new));
        errors
    }

    /// Replaces everything in the set by what was in a set at one moment, usually in another one. So several changes are
    /// made at once: to a copy first. A copy shares with the set what is the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::OriginSet;
    ///
    /// let set = OriginSet::new();
    /// set.insert_for("acme", "https://acme.example")?;
    ///
    /// let copy = OriginSet::new();
    /// copy.restore(&set.snapshot());
    /// copy.remove_for("acme", "https://acme.example");
    /// copy.insert_for("other", "https://acme.example")?;
    /// assert!(set.contains_for("acme", "https://acme.example"));
    /// set.restore(&copy.snapshot());
    /// assert!(set.snapshot().iter().eq([(Some("other"), "https://acme.example")]));
    /// # Ok::<(), cors_core::OriginSetError>(())
    /// ```
    pub fn restore(&self, snapshot: &OriginSetSnapshot) {
        let mut new = State::clone(&snapshot.0);
        new.is_filled = true;
        self.change(|state| *state = new);
    }

    /// Whether an origin without a key is in the set.
    pub fn contains(&self, origin: &str) -> bool {
        self.0.state.load().contains(NO_KEY, origin)
    }

    /// Whether an origin under a key is in the set.
    pub fn contains_for(&self, key: &str, origin: &str) -> bool {
        !key.is_empty() && self.0.state.load().contains(key, origin)
    }

    /// How many origins the set has. One that is under several keys counts several times.
    pub fn len(&self) -> usize {
        self.0.state.load().len
    }

    /// Whether the set has no origins. It may be [filled](Self::is_filled) nevertheless.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the set has been filled: an origin was added, or something replaced, if only by nothing. For health
    /// checks: a server whose set has not been filled yet does not know its customers.
    pub fn is_filled(&self) -> bool {
        self.0.state.load().is_filled
    }

    /// What is in the set at this moment.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::OriginSet;
    ///
    /// let set = OriginSet::new();
    /// set.insert_for("acme", "https://acme.example")?;
    /// let snapshot = set.snapshot();
    /// set.remove_for("acme", "https://acme.example");
    /// assert!(snapshot.iter().eq([(Some("acme"), "https://acme.example")]));
    /// # Ok::<(), cors_core::OriginSetError>(())
    /// ```
    pub fn snapshot(&self) -> OriginSetSnapshot {
        step();
        OriginSetSnapshot(self.0.state.load_full())
    }

    /// Makes a change at once.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let _changing = lock(&self.0.changing);
        step();
        let mut state = State::clone(&self.0.state.load());
        let result = change(&mut state);
        state.without_key = state.keys.get(NO_KEY.as_bytes()).cloned();
        step();
        self.0.state.store(Arc::new(state));
        result
    }

    /// Whether a request's `Origin` is in the set, under the key in its path. Allocates nothing, and waits for no one.
    ///
    /// Not inlined: in an adapter's crate, std's hash function would have more than one caller then, and would not be
    /// inlined where Rocket calls it for each byte of a header's name.
    #[inline(never)]
    fn has(&self, key: Option<&[u8]>, origin: &[u8]) -> bool {
        // A longer text is not an origin, and reading it takes time.
        if origin.len() > MAX_ORIGIN {
            return false;
        }
        step();
        let state = self.0.state.load();
        let origins = match key {
            Some(key) => state.keys.get(key),
            None => state.without_key.as_ref(),
        };
        origins.is_some_and(|origins| origins.contains(origin))
    }
}

/// A set in a grant.
#[derive(Debug)]
pub(crate) struct GrantSet {
    /// Its name in the policy.
    pub(crate) name: Box<str>,
    pub(crate) set: OriginSet,
    /// The segment of a request's path that has the key.
    pub(crate) segment: Option<usize>,
}

impl GrantSet {
    /// Whether a request's `Origin` is in the set, under the key in its path. The path must be one of the grant's route.
    pub(crate) fn has(&self, head: &impl RequestHead, origin: &[u8]) -> bool {
        let Some(segment) = self.segment else {
            return self.set.has(None, origin);
        };
        let key = head.path().and_then(|path| nth_segment(path, segment));
        // An empty key is none, and no route has an empty segment there.
        let key = key.filter(|key| !key.is_empty());
        key.is_some_and(|key| self.set.has(Some(key), origin))
    }
}

/// A segment of a path, counted from 0.
fn nth_segment(path: &[u8], number: usize) -> Option<&[u8]> {
    let mut rest = path.strip_prefix(b"/")?;
    for _ in 0..number {
        rest = routes::split(rest).1?;
    }
    Some(routes::split(rest).0)
}

/// The same set, not an equal one.
impl PartialEq for OriginSet {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for OriginSet {}

impl fmt::Debug for OriginSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginSet")
            .field("len", &self.len())
            .field("is_filled", &self.is_filled())
            .finish_non_exhaustive()
    }
}

impl State {
    fn contains(&self, key: &str, origin: &str) -> bool {
        let origins = self.keys.get(key.as_bytes());
        origins.is_some_and(|origins| origins.contains(origin.as_bytes()))
    }

    fn insert(&mut self, key: &str, origin: &str) -> bool {
        self.is_filled = true;
        match self.keys.get_mut(key.as_bytes()) {
            Some(origins) if origins.contains(origin.as_bytes()) => return false,
            Some(origins) => origins.insert_mut(origin.into()),
            None => {
                let mut origins = Origins::default();
                origins.insert_mut(origin.into());
                self.keys.insert_mut(key.into(), origins);
            }
        }
        self.len += 1;
        true
    }

    fn remove(&mut self, key: &str, origin: &str) -> bool {
        let Some(origins) = self.keys.get_mut(key.as_bytes()) else {
            return false;
        };
        if !origins.remove_mut(origin.as_bytes()) {
            return false;
        }
        if origins.is_empty() {
            self.keys.remove_mut(key.as_bytes());
        }
        self.len -= 1;
        true
    }

    fn set(&mut self, key: &str, new: Origins) {
        let old = self.keys.get(key.as_bytes()).map_or(0, Origins::size);
        self.len = self.len - old + new.size();
        self.is_filled = true;
        match new.is_empty() {
            true => _ = self.keys.remove_mut(key.as_bytes()),
            false => self.keys.insert_mut(key.into(), new),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// That of its bytes, as [`Borrow`] requires.
impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl BuildHasher for TextHash {
    type Hasher = TextHasher;

    fn build_hasher(&self) -> TextHasher {
        TextHasher(self.0.build_hasher())
    }
}

impl Hasher for TextHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// The length, which a slice writes before its bytes to keep several slices apart. A key of these maps is one slice,
    /// and the hash function counts its bytes.
    #[inline]
    fn write_usize(&mut self, _: usize) {}

    #[inline]
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// What was in an [`OriginSet`] at one moment. Created by [`OriginSet::snapshot`].
#[derive(Clone)]
pub struct OriginSetSnapshot(Arc<State>);

impl OriginSetSnapshot {
    /// The keys and origins, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        self.0.keys.iter().flat_map(|(key, origins)| {
            let key = Some(&**key).filter(|key| *key != NO_KEY);
            origins.iter().map(move |origin| (key, &**origin))
        })
    }

    /// The origins without a key, in no particular order.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.origins_under(NO_KEY)
    }

    /// The origins under a key, in no particular order.
    pub fn origins_for(&self, key: &str) -> impl Iterator<Item = &str> {
        // The empty key is none.
        let key = Some(key).filter(|key| *key != NO_KEY);
        key.into_iter().flat_map(|key| self.origins_under(key))
    }

    fn origins_under(&self, key: &str) -> impl Iterator<Item = &str> + use<'_> {
        let origins = self
            .0
            .keys
            .get(key.as_bytes())
            .into_iter()
            .flat_map(Origins::iter);
        origins.map(|origin| &**origin)
    }

    /// How many origins there are.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether the snapshot is empty.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }
}

impl fmt::Debug for OriginSetSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// An origin for an [`OriginSet`], with its key: `"https://acme.example".into()`, or
/// `("acme", "https://acme.example").into()`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OriginSetEntry {
    /// The key.
    pub key: Option<String>,
    /// The origin.
    pub origin: String,
}

impl OriginSetEntry {
    pub(crate) fn check(&self) -> Result<(), OriginSetError> {
        if let Some(key) = &self.key {
            check_key(key, &self.origin)?;
        }
        check_origin(&self.origin)
    }
}

impl From<&str> for OriginSetEntry {
    fn from(origin: &str) -> Self {
        origin.to_owned().into()
    }
}

impl From<String> for OriginSetEntry {
    fn from(origin: String) -> Self {
        Self { key: None, origin }
    }
}

impl<K: Into<String>, O: Into<String>> From<(K, O)> for OriginSetEntry {
    fn from((key, origin): (K, O)) -> Self {
        Self {
            key: Some(key.into()),
            origin: origin.into(),
        }
    }
}

/// Why an [`OriginSet`] does not take an origin. [`Display`](fmt::Display) writes it as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginSetError {
    entry: OriginSetEntry,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Key,
    Pattern(PatternError),
    Wildcard,
    Null,
    Insecure,
}

impl OriginSetError {
    fn new(origin: &str, reason: Reason) -> Self {
        Self {
            entry: origin.into(),
            reason,
        }
    }

    /// The origin as it was given. It is empty if only the key was given: [`OriginSet::replace_for`].
    pub fn origin(&self) -> &str {
        &self.entry.origin
    }

    /// The key as it was given, if the key is what is wrong.
    pub fn key(&self) -> Option<&str> {
        self.entry.key.as_deref()
    }
}

impl fmt::Display for OriginSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OriginSetEntry { key, origin } = &self.entry;
        if let Some(key) = key {
            return write!(
                f,
                "key `{}` is not one segment of a path in normal form; write it as clients send it, such as `acme`",
                Excerpt(key)
            );
        }
        write!(f, "origin `{}` ", Excerpt(origin))?;
        match &self.reason {
            Reason::Pattern(error) => error.fmt(f)?,
            Reason::Wildcard => {
                f.write_str(
                    "has a wildcard, and a set has exact origins; write it in `allow_origins`",
                )?;
            }
            Reason::Null => f.write_str("can be sent by any site, from a sandboxed frame")?,
            Reason::Insecure => f.write_str(
                "is plain http: an attacker on the network can act as the user; use https",
            )?,
            Reason::Key => {}
        }
        let secure = match self.reason {
            Reason::Insecure => Some(origin.replacen("http://", "https://", 1)),
            Reason::Pattern(_) => suggest::suggest(origin),
            _ => None,
        };
        match secure.filter(|secure| check_origin(secure).is_ok()) {
            Some(secure) => write!(f, "; did you mean `{secure}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for OriginSetError {}

fn check_key(key: &str, origin: &str) -> Result<(), OriginSetError> {
    match path::is_segment(key) {
        true => Ok(()),
        false => Err(OriginSetError {
            entry: (key, origin).into(),
            reason: Reason::Key,
        }),
    }
}

fn check_origin(origin: &str) -> Result<(), OriginSetError> {
    let reason = match OriginPattern::parse(origin) {
        Err(PatternError::Origin(OriginError::Null)) => Reason::Null,
        Err(error) => Reason::Pattern(error),
        Ok(pattern) => match pattern.shape() {
            Shape::Null => Reason::Null,
            Shape::Any => Reason::Wildcard,
            Shape::Tuple(tuple) if tuple.has_wildcard() => Reason::Wildcard,
            Shape::Tuple(_) if pattern.is_insecure() => Reason::Insecure,
            Shape::Tuple(_) => return Ok(()),
        },
    };
    Err(OriginSetError::new(origin, reason))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;
    use crate::step::orders;

    #[test]
    fn the_longest_origin() {
        let label = "a".repeat(63);
        let host = [&*label, &label, &label, &"a".repeat(61), ""].join(".");
        let longest = format!("{}://{host}:65535", "a".repeat(64));
        assert_eq!(longest.len(), MAX_ORIGIN);
        let set = OriginSet::new();
        set.insert(&longest).unwrap();
        assert!(set.has(None, longest.as_bytes()));
    }

    #[test]
    fn what_debug_shows() {
        let set = OriginSet::new();
        assert!(set.snapshot().is_empty());
        set.insert("https://a.example").unwrap();
        let text = format!("{set:?}");
        assert_eq!(text, "OriginSet { len: 1, is_filled: true, .. }");
        assert!(!set.snapshot().is_empty());
        let text = format!("{:?}", set.snapshot());
        assert_eq!(text, r#"[(None, "https://a.example")]"#);
    }

    #[test]
    fn parts_of_errors() {
        let set = OriginSet::new();
        let error = set.insert("null").unwrap_err();
        assert_eq!((error.key(), error.origin()), (None, "null"));
        let error = set.insert_for("a/b", "https://a.example").unwrap_err();
        let found = (error.key(), error.origin());
        assert_eq!(found, (Some("a/b"), "https://a.example"));
    }

    /// Not the same for all texts: then a look-up would compare with each.
    #[test]
    fn hashes_differ() {
        let state = TextHash::default();
        let [a, b, c] = ["a", "b", "c"].map(|text| state.hash_one(Text::from(text)));
        assert!(a != b && b != c && a != c);
    }

    #[test]
    fn origins_that_a_set_takes() {
        #[track_caller]
        fn check(origin: &str, expected: &str) {
            let set = OriginSet::new();
            let found = set.insert(origin).err().map(|error| error.to_string());
            assert_eq!(found.unwrap_or_default(), expected);
            assert_eq!(set.len(), usize::from(expected.is_empty()));
            assert_eq!(set.is_filled(), expected.is_empty());
        }
        check("https://acme.example", "");
        check("https://acme.example:8443", "");
        check("http://localhost:3000", "");
        check("http://127.0.0.1", "");
        check("app://acme", "");
        check(
            "https://acme.example/",
            "origin `https://acme.example/` ends with a slash; browsers send origins without it; did you mean `https://acme.example`?",
        );
        check(
            "http://acme.example",
            "origin `http://acme.example` is plain http: an attacker on the network can act as the user; use https; did you mean `https://acme.example`?",
        );
        check(
            "https://*.acme.example",
            "origin `https://*.acme.example` has a wildcard, and a set has exact origins; write it in `allow_origins`",
        );
        check(
            "*",
            "origin `*` has a wildcard, and a set has exact origins; write it in `allow_origins`",
        );
        check(
            "null",
            "origin `null` can be sent by any site, from a sandboxed frame",
        );
        check("", "origin `` is empty");
        check(
            "nonsense",
            "origin `nonsense` has no scheme; did you mean `https://nonsense`?",
        );
        let long = format!("app://{}", "a.".repeat(300));
        let error = OriginSet::new().insert(&long).unwrap_err().to_string();
        assert!(error.len() < 250, "{error}");
    }

    #[test]
    fn keys_that_a_set_takes() {
        #[track_caller]
        fn check(key: &str, expected: bool) {
            let set = OriginSet::new();
            let inserted = set.insert_for(key, "https://acme.example");
            assert_eq!(inserted.is_ok(), expected, "{key:?}");
            let errors = set.replace([(key, "https://acme.example")]);
            assert_eq!(errors.is_empty(), expected, "{key:?}");
            let errors = set.replace_for(key, ["https://acme.example"]);
            assert_eq!(errors.is_empty(), expected, "{key:?}");
            assert_eq!(set.contains_for(key, "https://acme.example"), expected);
            assert!(!set.contains("https://acme.example"));
        }
        check("acme", true);
        check("ACME", true);
        check("caf%C3%A9", true);
        check("a.b", true);
        check("", false);
        check("a/b", false);
        check(".", false);
        check("..", false);
        check("a;b", false);
        check("a%2fb", false);
        check("%61", false);
        check("caf\u{e9}", false);
        check("a?b", false);
        check("a#b", false);
        check("a b", false);
    }

    /// Two threads change the set, and a third one looks twice, in every order of their steps.
    #[test]
    fn changes_in_every_order() {
        const ORIGIN: &[u8] = b"https://a.example";
        let start = || {
            let set = OriginSet::new();
            set.replace([("a", "https://a.example"), ("b", "https://b.example")]);
            (set, Mutex::new(Vec::new()))
        };
        type Shared = (OriginSet, Mutex<Vec<[bool; 2]>>);
        let thread = |number: usize, (set, seen): &Shared| match number {
            0 => _ = set.insert_for("c", "https://a.example"),
            1 => _ = set.remove_for("b", "https://b.example"),
            _ => {
                let inserted = set.has(Some(b"c"), ORIGIN);
                let snapshot = set.snapshot();
                let has = |key| snapshot.0.contains(key, "https://a.example");
                seen.lock().unwrap().push([inserted, has("c")]);
                assert!(has("a"));
            }
        };
        let found = RefCell::new(BTreeSet::new());
        let orders = orders::all(3, start, thread, |(set, seen), order| {
            // No change is lost.
            let left: BTreeSet<_> = set
                .snapshot()
                .iter()
                .map(|(key, _)| key.map(str::to_owned))
                .collect();
            assert_eq!(
                left,
                BTreeSet::from(["a", "c"].map(|key| Some(key.to_owned()))),
                "{order:?}"
            );
            assert_eq!(set.len(), 2);
            found
                .borrow_mut()
                .extend(seen.lock().unwrap().iter().copied());
        });
        // What was seen once is seen later, too.
        let expected = BTreeSet::from([[false, false], [false, true], [true, true]]);
        assert_eq!(found.into_inner(), expected, "{orders} orders");
    }
}
