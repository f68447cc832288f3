//! Errors in a policy, as data.

use std::fmt;
use std::ops::Range;

use crate::grant_id::GrantId;
use crate::text::Excerpt;

/// An error in a policy.
///
/// [`Display`](fmt::Display) writes one line: the place, what is wrong, and what to write instead.
///
/// # Examples
///
/// ```
/// use cors_core::{ErrorCode, Grant, Policy};
///
/// let errors = Policy::new(Grant::new(["https://example.com/"])).unwrap_err();
/// let error = errors.iter().next().unwrap();
/// assert_eq!(error.code(), ErrorCode::InvalidOrigin);
/// assert_eq!(error.path(), "allow_origins[0]");
/// assert_eq!(error.value(), Some("https://example.com/"));
/// assert_eq!(error.suggestion(), Some("https://example.com"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    pub(crate) code: ErrorCode,
    pub(crate) place: Place,
    pub(crate) location: Option<Location>,
    pub(crate) variable: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
    /// The index of the earlier item, for an item that is in its list twice.
    pub(crate) first: Option<usize>,
}

impl ConfigError {
    pub(crate) fn new(code: ErrorCode, place: Place, message: impl Into<String>) -> Self {
        Self {
            code,
            place,
            location: None,
            variable: None,
            value: None,
            message: message.into(),
            suggestion: None,
            first: None,
        }
    }

    /// An item that is in its list twice.
    pub(crate) fn listed_twice(place: Place, first: usize) -> Self {
        let message = listed_twice(&place.key, first);
        let mut error = Self::new(ErrorCode::Duplicate, place, message);
        error.first = Some(first);
        error
    }

    /// Changes the place of an item, and of the [earlier](Self::listed_twice) one, to those in a file.
    #[cfg(any(feature = "toml", feature = "serde"))]
    pub(crate) fn map_index(&mut self, in_file: impl Fn(usize) -> Option<usize>) {
        self.place.index = self.place.index.and_then(&in_file);
        if let Some(first) = self.first.and_then(in_file) {
            self.first = Some(first);
            self.message = listed_twice(&self.place.key, first);
        }
    }

    pub(crate) fn value_of(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    pub(crate) fn suggest(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }

    /// The kind of error.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The index of the route that has the error, counted from 0; `None` for what is at the top.
    pub fn route(&self) -> Option<usize> {
        self.place.route
    }

    /// The grant that has the error; `None` for a key of the whole policy, or of a whole route.
    pub fn grant(&self) -> Option<GrantId> {
        let index = self.place.grant?;
        Some(GrantId::new(self.place.route, index))
    }

    /// The key, such as `allow_origins`; empty if the error concerns the whole file or grant.
    pub fn key(&self) -> &str {
        &self.place.key
    }

    /// The index of the item in the key's list, counted from 0.
    pub fn index(&self) -> Option<usize> {
        self.place.index
    }

    /// The place as text: `allow_origins[0]`, `grant[1].allow_origins[0]` if there are several grants, or
    /// `route[0].allow_origins[0]`.
    pub fn path(&self) -> String {
        self.place.to_string()
    }

    /// The place in the file, if the policy was read from one.
    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// The environment variable that holds the value, if it is not in the file.
    pub fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
    }

    /// The value at this place.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// What is wrong, without the place and the suggestion.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, if that can be guessed.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

fn listed_twice(key: &str, first: usize) -> String {
    format!("is listed twice, first as {key}[{first}]; remove one")
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{}:{}: ", location.line, location.column)?;
        }
        let path = self.path();
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        if let Some(value) = &self.value {
            write!(f, "`{}` ", Excerpt(value))?;
            if let Some(variable) = self
                .variable
                .as_ref()
                .filter(|name| **name != self.place.key)
            {
                write!(f, "in `${{{}}}` ", Excerpt(variable))?;
            }
        }
        f.write_str(&self.message)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean `{}`?", Excerpt(suggestion))?;
        }
        write!(f, " [{}]", self.code)
    }
}

impl std::error::Error for ConfigError {}

/// The kind of an error in a policy.
///
/// Its name, [`as_str`](Self::as_str), stays the same from release to release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The file is not TOML.
    Syntax,
    /// An unknown key.
    UnknownKey,
    /// A value of the wrong type.
    WrongType,
    /// Keys of a grant at the top level of a file that also has `[[grant]]`.
    MixedForms,
    /// No origin is allowed.
    MissingOrigins,
    /// An item of `allow_origins` is not an origin pattern.
    InvalidOrigin,
    /// `*` together with other origins in one grant.
    MixedWildcardOrigin,
    /// `*` as an origin together with credentials.
    WildcardOriginWithCredentials,
    /// The origin `null` without its opt-in.
    NullOrigin,
    /// The origin `null` together with credentials.
    NullOriginWithCredentials,
    /// A plain `http` origin together with credentials, without the opt-in.
    InsecureOrigin,
    /// All domains below a public suffix together with credentials, without the opt-in.
    PublicSuffix,
    /// Every host of a scheme, with credentials.
    AnyHost,
    /// A method that is not a token.
    InvalidMethod,
    /// A method that browsers never send.
    ForbiddenMethod,
    /// A header name that is not a token.
    InvalidHeader,
    /// A request header that no script can set, or a response header of the CORS protocol.
    ForbiddenRequestHeader,
    /// A response header that no script can read.
    ForbiddenResponseHeader,
    /// `*` in `expose_headers` together with credentials.
    WildcardExposeWithCredentials,
    /// `*` together with names that it covers.
    MixedWildcard,
    /// The same item twice.
    Duplicate,
    /// An origin that an earlier grant matches.
    Shadowed,
    /// A grant whose origins are all matched by earlier grants.
    UnreachableGrant,
    /// Lists that are too long for a response that proxies and browsers accept.
    LargeHeaders,
    /// A max age out of range.
    MaxAge,
    /// A preflight status other than 200 and 204.
    PreflightStatus,
    /// An unknown item of `dangerously_allow`.
    UnknownDanger,
    /// A text that is not the path of a route.
    InvalidPath,
    /// Two routes for the same paths.
    DuplicateRoute,
    /// A variable that is not set and has no default.
    UnsetVariable,
    /// A variable that cannot be used, or `${` where no variable can be.
    InvalidVariable,
    /// An unknown item of `refuse`.
    UnknownRefusal,
    /// `refuse_report_only` without `refuse` next to it.
    ReportOnly,
    /// `*` as the only grant where origins without a grant are refused.
    RefuseEverybody,
    /// An item of `hosts` that is not a host.
    InvalidHost,
    /// A set of origins that the application does not supply.
    UnknownOriginSet,
    /// A set of origins whose key is not a segment of the route's path.
    InvalidOriginSet,
}

impl ErrorCode {
    /// All codes, for tools that document them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::ErrorCode;
    ///
    /// assert!(ErrorCode::ALL.iter().any(|code| code.as_str() == "public-suffix"));
    /// ```
    pub const ALL: &[Self] = &[
        Self::Syntax,
        Self::UnknownKey,
        Self::WrongType,
        Self::MixedForms,
        Self::MissingOrigins,
        Self::InvalidOrigin,
        Self::MixedWildcardOrigin,
        Self::WildcardOriginWithCredentials,
        Self::NullOrigin,
        Self::NullOriginWithCredentials,
        Self::InsecureOrigin,
        Self::PublicSuffix,
        Self::AnyHost,
        Self::InvalidMethod,
        Self::ForbiddenMethod,
        Self::InvalidHeader,
        Self::ForbiddenRequestHeader,
        Self::ForbiddenResponseHeader,
        Self::WildcardExposeWithCredentials,
        Self::MixedWildcard,
        Self::Duplicate,
        Self::Shadowed,
        Self::UnreachableGrant,
        Self::LargeHeaders,
        Self::MaxAge,
        Self::PreflightStatus,
        Self::UnknownDanger,
        Self::InvalidPath,
        Self::DuplicateRoute,
        Self::UnsetVariable,
        Self::InvalidVariable,
        Self::UnknownRefusal,
        Self::ReportOnly,
        Self::RefuseEverybody,
        Self::InvalidHost,
        Self::UnknownOriginSet,
        Self::InvalidOriginSet,
    ];

    /// The code's stable name.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cors_core::ErrorCode::MaxAge.as_str(), "max-age");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown-key",
            Self::WrongType => "wrong-type",
            Self::MixedForms => "mixed-forms",
            Self::MissingOrigins => "missing-origins",
            Self::InvalidOrigin => "invalid-origin",
            Self::MixedWildcardOrigin => "mixed-wildcard-origin",
            Self::WildcardOriginWithCredentials => "wildcard-origin-with-credentials",
            Self::NullOrigin => "null-origin",
            Self::NullOriginWithCredentials => "null-origin-with-credentials",
            Self::InsecureOrigin => "insecure-origin",
            Self::PublicSuffix => "public-suffix",
            Self::AnyHost => "any-host",
            Self::InvalidMethod => "invalid-method",
            Self::ForbiddenMethod => "forbidden-method",
            Self::InvalidHeader => "invalid-header",
            Self::ForbiddenRequestHeader => "forbidden-request-header",
            Self::ForbiddenResponseHeader => "forbidden-response-header",
            Self::WildcardExposeWithCredentials => "wildcard-expose-with-credentials",
            Self::MixedWildcard => "mixed-wildcard",
            Self::Duplicate => "duplicate",
            Self::Shadowed => "shadowed",
            Self::UnreachableGrant => "unreachable-grant",
            Self::LargeHeaders => "large-headers",
            Self::MaxAge => "max-age",
            Self::PreflightStatus => "preflight-status",
            Self::UnknownDanger => "unknown-danger",
            Self::InvalidPath => "invalid-path",
            Self::DuplicateRoute => "duplicate-route",
            Self::UnsetVariable => "unset-variable",
            Self::InvalidVariable => "invalid-variable",
            Self::UnknownRefusal => "unknown-refusal",
            Self::ReportOnly => "report-only",
            Self::RefuseEverybody => "refuse-everybody",
            Self::InvalidHost => "invalid-host",
            Self::UnknownOriginSet => "unknown-origin-set",
            Self::InvalidOriginSet => "invalid-origin-set",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in the source of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Location {
    /// The range of bytes, counted from 0. For a string it includes the quotes.
    pub span: Range<usize>,
    /// The line of their start, counted from 1.
    pub line: usize,
    /// The column of their start in characters, counted from 1.
    pub column: usize,
}

/// A place in the structure of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) route: Option<usize>,
    pub(crate) grant: Option<usize>,
    /// Whether the grant is one of several, so that its number is shown.
    pub(crate) numbered: bool,
    pub(crate) key: String,
    pub(crate) index: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let route = self.route.map(|route| format!("route[{route}]"));
        let grant = self.grant.filter(|_| self.numbered);
        let grant = grant.map(|grant| format!("grant[{grant}]"));
        let key = Some(Excerpt(&self.key).to_string()).filter(|key| !key.is_empty());
        let names: Vec<_> = [route, grant, key].into_iter().flatten().collect();
        f.write_str(&names.join("."))?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

/// All errors in a policy, at least one, in the order of the file.
///
/// [`Display`](fmt::Display) writes a line for each. [`Debug`](fmt::Debug) does the same, so a `main` that
/// returns the error prints them.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub(crate) Vec<ConfigError>);

impl ConfigErrors {
    /// The errors in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("1 error in the CORS policy")?,
            count => write!(f, "{count} errors in the CORS policy")?,
        }
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

/// Not derived, because `main` prints the `Debug` of an error that it returns.
impl fmt::Debug for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigErrors {}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn all_codes_are_listed() {
        let last = ErrorCode::InvalidOriginSet as usize;
        let listed: Vec<_> = ErrorCode::ALL.iter().map(|code| *code as usize).collect();
        assert_eq!(listed, (0..=last).collect::<Vec<_>>());
    }
}
