//! The documents that the fixture servers serve with `--cacheable`, for caches to store: `/documents/{name}`.
//!
//! Each document has another `Vary`, or none. The servers compress the responses with the usual middleware of their
//! framework, which adds to `Vary`, too.

/// A document, and the application's headers for it.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// Its name: the last segment of its path.
    pub name: &'static str,
    /// The status.
    pub status: u16,
    /// The lines of `Vary` that the application writes.
    pub vary: &'static [&'static str],
    /// For how many seconds it may be stored.
    max_age: &'static str,
    /// Whether it has an [`ETAG`], so that a cache can revalidate it. (It never changes.)
    pub has_etag: bool,
}

/// The `ETag` of each document that has one.
pub const ETAG: &str = "\"1\"";

const LONG: &str = "public, max-age=3600";
/// So short that caches revalidate.
const SHORT: &str = "public, max-age=1";

impl Document {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::new("plain", 200, &[], LONG),
        Self::new("origin", 200, &["Origin"], LONG),
        Self::new("language", 200, &["Accept-Language"], LONG),
        Self::new("encoding", 200, &["Accept-Encoding"], LONG),
        Self::new("two-lines", 200, &["Origin", "Accept-Language"], LONG),
        Self::new("one-line", 200, &["accept-language, origin"], LONG),
        Self::new("everything", 200, &["*"], LONG),
        Self {
            has_etag: true,
            ..Self::new("etag", 200, &["Origin"], SHORT)
        },
        Self::new("redirect", 302, &["Origin"], LONG),
        Self::new("missing", 404, &["Accept-Language", "Origin"], LONG),
        Self::new("failing", 500, &["Origin"], LONG),
    ];

    const fn new(
        name: &'static str,
        status: u16,
        vary: &'static [&'static str],
        max_age: &'static str,
    ) -> Self {
        Self {
            name,
            status,
            vary,
            max_age,
            has_etag: false,
        }
    }

    /// The document of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        const ALL: &[Document] = &Document::ALL;
        ALL.iter().find(|document| document.name == name)
    }

    /// Whether it depends on the reader's language, with the `Vary` for it.
    pub fn has_languages(&self) -> bool {
        let mut names = self.vary.iter().flat_map(|line| line.split(", "));
        names.any(|name| name.eq_ignore_ascii_case("accept-language"))
    }

    /// The application's response to a request with these headers.
    pub fn answer(&self, accept_language: Option<&str>, if_none_match: Option<&str>) -> Answer {
        let language = match accept_language {
            Some("de") if self.has_languages() => "de",
            _ => "en",
        };
        let mut fields = vec![
            ("cache-control", self.max_age),
            ("content-language", language),
            ("content-type", "text/plain; charset=utf-8"),
            ("x-request-id", "fixture"),
        ];
        fields.extend(self.vary.iter().map(|line| ("vary", *line)));
        if self.status == 302 {
            fields.push(("location", "/documents/plain"));
        }
        if self.has_etag {
            fields.push(("etag", ETAG));
        }
        let has_it = self.has_etag && if_none_match.is_some_and(|tags| tags.contains(ETAG));
        if has_it {
            // A cache replaces its stored `Vary` by this one. Without a body, the compression
            // middleware adds nothing.
            fields.push(("vary", "Accept-Encoding"));
        }
        Answer {
            status: if has_it { 304 } else { self.status },
            fields,
            body: if has_it {
                String::new()
            } else {
                body(language)
            },
        }
    }
}

/// A response of the application.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header lines.
    pub fields: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: String,
}

/// Long enough to be compressed.
pub fn body(language: &str) -> String {
    format!("{language}: nothing of this text is read by anybody\n").repeat(40)
}
