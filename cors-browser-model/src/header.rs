//! Header lists, as <https://fetch.spec.whatwg.org/#terminology-headers> has them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::profile::Profile;

/// A header: a name and a value. Both are bytes, because servers send any.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Header {
    /// The name, spelt as it was sent.
    pub name: Vec<u8>,
    /// The value, without white space around it.
    pub value: Vec<u8>,
}

/// A [header list](https://fetch.spec.whatwg.org/#concept-header-list): one header for each line, in
/// order of receipt.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Headers;
///
/// let headers = Headers::from_iter([("Vary", "Origin"), ("vary", " Accept ")]);
/// assert_eq!(headers.get("VARY"), Some(b"Origin, Accept".to_vec()));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line. The value is
    /// [normalised](https://fetch.spec.whatwg.org/#concept-header-value-normalize).
    pub fn append(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0.push(Header {
            name: name.as_ref().to_vec(),
            value: trim(value.as_ref(), b" \t\r\n").to_vec(),
        });
    }

    /// Removes every line of a name.
    pub fn delete(&mut self, name: &str) {
        self.retain(|header| !is_named(header, name));
    }

    /// Whether there is a line with a name.
    pub fn contains(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// The value of each line with a name, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let named = self.0.iter().filter(move |header| is_named(header, name));
        named.map(|header| header.value.as_slice())
    }

    /// [Gets](https://fetch.spec.whatwg.org/#concept-header-list-get) a value: those of all lines,
    /// with `, ` between them.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let mut values = self.values(name);
        let first = values.next()?.to_vec();
        Some(values.fold(first, join))
    }

    /// The lines.
    pub fn iter(&self) -> impl Iterator<Item = &Header> {
        self.0.iter()
    }

    /// The same names with other values, which are not normalised.
    pub(crate) fn map_values(mut self, change: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        for header in &mut self.0 {
            header.value = change(&header.value);
        }
        self
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Header) -> bool) {
        self.0.retain(keep);
    }

    /// [Gets](Self::get) a value as an engine does.
    pub(crate) fn get_as(&self, profile: &Profile, name: &str) -> Option<Vec<u8>> {
        if profile.joins_empty_lines {
            return self.get(name);
        }
        let mut values = self.values(name).peekable();
        values.peek()?;
        let mut filled = values.filter(|value| !value.is_empty());
        let first = filled.next().unwrap_or_default().to_vec();
        Some(filled.fold(first, join))
    }

    /// [Sorts and combines](https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine) the
    /// headers whose lower-case names are kept.
    pub(crate) fn combined(&self, joins_empty: bool, keep: impl Fn(&[u8]) -> bool) -> Self {
        let mut values: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for header in self.iter() {
            let join = |joined: &mut Vec<u8>| {
                if joins_empty || !(joined.is_empty() || header.value.is_empty()) {
                    joined.extend_from_slice(b", ");
                }
                joined.extend_from_slice(&header.value);
            };
            let entry = values.entry(header.name.to_ascii_lowercase());
            entry
                .and_modify(join)
                .or_insert_with(|| header.value.clone());
        }
        values.retain(|name, _| keep(name));
        let headers = values
            .into_iter()
            .map(|(name, value)| Header { name, value });
        Self(headers.collect())
    }

    /// [Extracts header list values](https://fetch.spec.whatwg.org/#extract-header-list-values) of a
    /// name whose ABNF is `#token`. Empty elements are ignored, see
    /// [RFC 9110, section 5.6.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1.2).
    pub(crate) fn list<'a>(&'a self, name: &'a str) -> List<'a> {
        let mut list = List::default();
        for value in self.values(name) {
            list.present = true;
            for token in value.split(|byte| *byte == b',') {
                let token = trim(token, b" \t");
                if token.is_empty() {
                    continue;
                }
                if !is_token(token) {
                    list.invalid = Some(token);
                    return list;
                }
                list.tokens.push(token);
            }
        }
        list
    }
}

/// A parsed list header.
#[derive(Debug, Default)]
pub(crate) struct List<'a> {
    pub(crate) present: bool,
    /// The tokens before the first invalid element.
    pub(crate) tokens: Vec<&'a [u8]>,
    /// The first element that is not a token: the list is a failure.
    pub(crate) invalid: Option<&'a [u8]>,
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Self {
        let mut headers = Self::new();
        lines.into_iter().for_each(|(n, v)| headers.append(n, v));
        headers
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>, const LINES: usize> From<[(N, V); LINES]> for Headers {
    fn from(lines: [(N, V); LINES]) -> Self {
        lines.into_iter().collect()
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value) = (self.name.escape_ascii(), self.value.escape_ascii());
        write!(f, "{name}: {value}")
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

/// [Gets, decodes, and splits](https://fetch.spec.whatwg.org/#header-value-get-decode-and-split) a
/// value: at commas outside of quoted strings.
pub(crate) fn split(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let is_separator = move |byte: &u8| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match byte {
            b'"' => quoted = !quoted,
            b'\\' => escaped = quoted,
            b',' => return !quoted,
            _ => {}
        }
        false
    };
    value.split(is_separator).map(|value| trim(value, b" \t"))
}

pub(crate) fn trim<'a>(mut bytes: &'a [u8], white: &[u8]) -> &'a [u8] {
    while let [first, rest @ ..] = bytes
        && white.contains(first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && white.contains(last)
    {
        bytes = rest;
    }
    bytes
}

/// Whether bytes are a [token](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_tchar)
}

/// [Isomorphic decoding](https://infra.spec.whatwg.org/#isomorphic-decode): one character for each
/// byte, so nothing is lost.
pub(crate) fn decode(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// [Isomorphic encoding](https://infra.spec.whatwg.org/#isomorphic-encode), of what [`decode`] made.
pub(crate) fn encode(text: &str) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        return Cow::Borrowed(text.as_bytes());
    }
    let byte = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
    Cow::Owned(text.chars().map(byte).collect())
}

fn is_named(header: &Header, name: &str) -> bool {
    header.name.eq_ignore_ascii_case(name.as_bytes())
}

fn join(mut joined: Vec<u8>, value: &[u8]) -> Vec<u8> {
    joined.extend_from_slice(b", ");
    joined.extend_from_slice(value);
    joined
}

#[cfg(test)]
mod tests {
    use super::{Headers, is_token, split};

    #[test]
    fn splits_outside_of_quotes() {
        #[track_caller]
        fn check(lines: &[&str], expected: &[&str]) {
            let headers = Headers::from_iter(lines.iter().map(|line| ("A", line)));
            let value = headers.get("a").unwrap();
            let values: Vec<_> = split(&value).map(<[u8]>::escape_ascii).collect();
            let values: Vec<_> = values.iter().map(ToString::to_string).collect();
            let expected = expected.iter().map(|v| v.escape_default().to_string());
            assert_eq!(values, expected.collect::<Vec<_>>());
        }
        // The examples of <https://fetch.spec.whatwg.org/#example-header-list-get-decode-split>.
        check(&["nosniff,"], &["nosniff", ""]);
        check(&["nosniff", ""], &["nosniff", ""]);
        check(&[""], &[""]);
        check(&["text/html;\", x/x"], &["text/html;\", x/x"]);
        check(&["text/html;\"", "x/x"], &["text/html;\", x/x"]);
        check(&["x/x;test=\"hi\",y/y"], &["x/x;test=\"hi\"", "y/y"]);
        check(&["x / x,,,1"], &["x / x", "", "", "1"]);
        check(&["\"1,2\", 3"], &["\"1,2\"", "3"]);
        check(&["\"1\\\",2\", 3"], &["\"1\\\",2\"", "3"]);
    }

    #[test]
    fn lists_are_of_tokens() {
        #[track_caller]
        fn check(lines: &[&str], tokens: &[&str], invalid: Option<&str>) {
            let headers = Headers::from_iter(lines.iter().map(|line| ("A", line)));
            let list = headers.list("a");
            assert_eq!(list.present, !lines.is_empty());
            let tokens: Vec<_> = tokens.iter().map(|token| token.as_bytes()).collect();
            assert_eq!(list.tokens, tokens);
            assert_eq!(list.invalid, invalid.map(str::as_bytes));
        }
        check(&[], &[], None);
        check(&[""], &[], None);
        check(&[" ,\t, "], &[], None);
        check(&["a,b ,\tc", "", "D"], &["a", "b", "c", "D"], None);
        check(&["a", "b c", "d"], &["a"], Some("b c"));
        check(&["a,\u{b}"], &["a"], Some("\u{b}"));
        check(&["\"a\""], &[], Some("\"a\""));
        assert!(!is_token(b""));
    }
}
