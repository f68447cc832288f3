//! Random requests, and the responses that must come back whatever a cache has stored. Only the policy and the request
//! decide what that is.

use fastrand::Rng;

use crate::document::{Document, ETAG, body};
use crate::judge::show;
use crate::message::{Line, RawRequest, RawResponse};

/// The application's policy. [`SITES`] repeats what it grants.
pub(super) const POLICY: &str = r#"
[[grant]]
allow_origins     = ["https://app.example.com", "https://admin.example.com", "https://*.partner.example"]
expose_headers    = ["x-request-id"]
allow_credentials = true

[[grant]]
allow_origins  = ["https://public.example"]
expose_headers = ["etag"]

[[route]]
path           = "/public"
allow_origins  = ["*"]
expose_headers = ["etag"]
"#;

/// The site whose page sends a request.
#[derive(Debug)]
pub(super) struct Site {
    /// The value of `Origin`.
    pub(super) origin: Option<&'static str>,
    grant: Option<Grant>,
}

#[derive(Debug)]
struct Grant {
    credentials: bool,
    exposed: &'static str,
}

const FIRST: Option<Grant> = Some(Grant {
    credentials: true,
    exposed: "x-request-id",
});
const SECOND: Option<Grant> = Some(Grant {
    credentials: false,
    exposed: "etag",
});

const fn site(origin: &'static str, grant: Option<Grant>) -> Site {
    let origin = Some(origin);
    Site { origin, grant }
}

pub(super) static SITES: [Site; 9] = [
    site("https://app.example.com", FIRST),
    site("https://admin.example.com", FIRST),
    site("https://shop.partner.example", FIRST),
    site("https://public.example", SECOND),
    site("https://evil.example", None),
    site("https://app.example.com.evil.example", None),
    site("http://app.example.com", None),
    site("null", None),
    Site {
        origin: None,
        grant: None,
    },
];

/// The value of `Accept-Encoding`, and whether the response may be in gzip.
pub(super) const ENCODINGS: [(Option<&str>, bool); 4] = [
    (Some("gzip"), true),
    (Some("gzip, deflate, br"), true),
    (Some("identity"), false),
    (None, false),
];

const LANGUAGES: [Option<&str>; 3] = [Some("en"), Some("de"), None];

/// A part that each body has, packed or not.
const RANGE: &str = "bytes=2-11";
const PART_LEN: usize = 10;

/// How many URLs each document has: few, so that the cache answers most requests; more than one, so that the
/// application answers many.
const NUMBERS: u8 = 4;

/// A request, and where it was drawn from.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) site: &'static Site,
    pub(super) encoding: (Option<&'static str>, bool),
    language: Option<&'static str>,
    /// `None`: the path has no route, so the framework responds.
    pub(super) document: Option<&'static Document>,
    /// Whether the path is in the part that is the same for all sites.
    pub(super) is_public: bool,
    is_conditional: bool,
    /// Whether it asks for a part. The application ignores that, but a cache that has all of it can answer with 206.
    pub(super) is_range: bool,
    pub(super) request: RawRequest,
}

impl Asked {
    /// Draws one.
    pub(super) fn random(random: &mut Rng) -> Self {
        static DOCUMENTS: [Document; Document::ALL.len()] = Document::ALL;
        let site = choice(random, &SITES);
        let encoding = *choice(random, &ENCODINGS);
        let language = *choice(random, &LANGUAGES);
        let document = DOCUMENTS.get(random.usize(..=DOCUMENTS.len()));
        let is_conditional = document.is_some_and(|document| document.has_etag) && random.bool();
        let is_head = random.u8(..5) == 0;
        let is_range = !is_head && !is_conditional && random.u8(..5) == 0;
        let number = random.u8(..NUMBERS);
        let is_public = document.is_none() && random.bool();
        let target = match document {
            Some(document) => format!("/documents/{}?{number}", document.name),
            None if is_public => format!("/public/nowhere?{number}"),
            None => format!("/nowhere?{number}"),
        };
        let mut lines: Vec<Line> = Vec::new();
        let mut line = |name: &str, value: Option<&str>| {
            lines.extend(value.map(|value| (name.to_owned(), value.as_bytes().to_vec())));
        };
        line("Origin", site.origin);
        line("Accept-Encoding", encoding.0);
        line("Accept-Language", language);
        line("If-None-Match", is_conditional.then_some(ETAG));
        line("Range", is_range.then_some(RANGE));
        let request = RawRequest {
            method: if is_head { "HEAD" } else { "GET" }.to_owned(),
            target,
            lines,
            body: Vec::new(),
        };
        Self {
            site,
            encoding,
            language,
            document,
            is_public,
            is_conditional,
            is_range,
            request,
        }
    }

    /// Checks a response, and returns what is wrong with it.
    pub(super) fn judge(&self, response: &RawResponse) -> Vec<(Fault, String)> {
        let status = self.document.map_or(404, |document| document.status);
        let is_right = match response.status {
            304 => self.is_conditional,
            206 => self.is_range && status == 200,
            found => found == status,
        };
        if !is_right {
            // A response that the cache made itself is not checked further.
            let message = format!("status {} instead of {status}", response.status);
            return vec![(Fault::Other, message)];
        }
        let mut faults = self.judge_cors(response);
        faults.extend(self.judge_content(response));
        faults
    }

    fn judge_cors(&self, response: &RawResponse) -> Vec<(Fault, String)> {
        let mut faults = Vec::new();
        let (grant, origin) = match self.is_public {
            true => (SECOND.as_ref(), Some("*")),
            false => {
                let grant = self.site.grant.as_ref();
                (grant, grant.and(self.site.origin))
            }
        };
        let credentials = grant.filter(|grant| grant.credentials).map(|_| "true");
        for (fault, name, right) in [
            (Fault::WrongOrigin, "access-control-allow-origin", origin),
            (
                Fault::Grant,
                "access-control-allow-credentials",
                credentials,
            ),
            (
                Fault::Grant,
                "access-control-expose-headers",
                grant.map(|grant| grant.exposed),
            ),
        ] {
            let found: Vec<&[u8]> = response.lines(name).collect();
            if found.iter().copied().eq(right.map(str::as_bytes)) {
                continue;
            }
            let fault = match fault {
                Fault::WrongOrigin if found.is_empty() => Fault::NoOrigin,
                fault => fault,
            };
            faults.push((fault, instead(name, &found, right)));
        }
        // For other caches on the way, such as the browser's.
        let mut named = response
            .lines("vary")
            .flat_map(|line| line.split(|b| *b == b','));
        let varies = named.any(|name| matches!(name.trim_ascii(), b"*" | b"Origin" | b"origin"));
        if varies == self.is_public {
            let message = format!("whether `vary` names `Origin` is {varies}");
            faults.push((Fault::Other, message));
        }
        faults
    }

    fn judge_content(&self, response: &RawResponse) -> Vec<(Fault, String)> {
        let mut faults = Vec::new();
        let encodings: Vec<&[u8]> = response.lines("content-encoding").collect();
        let is_packed = match encodings.as_slice() {
            [] => false,
            [b"gzip"] if self.encoding.1 => true,
            found => {
                let message = instead("content-encoding", found, None);
                return vec![(Fault::Encoding, message)];
            }
        };
        let Some(document) = self.document.filter(|_| response.status != 304) else {
            return faults;
        };
        let language = match self.language {
            Some("de") if document.has_languages() => "de",
            _ => "en",
        };
        let name = "content-language";
        let found: Vec<&[u8]> = response.lines(name).collect();
        if found != [language.as_bytes()] {
            faults.push((Fault::Language, instead(name, &found, Some(language))));
        } else if self.request.method != "HEAD" {
            let found = response.pieces.concat();
            let is_right = match is_packed {
                _ if response.status == 206 => found.len() == PART_LEN,
                true => found.starts_with(&[0x1f, 0x8b]),
                false => found == body(language).as_bytes(),
            };
            if !is_right {
                let (len, status) = (found.len(), response.status);
                let message = format!("another body: {len} bytes with status {status}");
                faults.push((Fault::Other, message));
            }
        }
        faults
    }
}

/// What can be wrong with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `Access-Control-Allow-Origin` has another value, such as that for another site.
    WrongOrigin,
    /// `Access-Control-Allow-Origin` is missing.
    NoOrigin,
    /// Another header of the grant is wrong.
    Grant,
    /// Compressed, although the client does not accept that.
    Encoding,
    /// In another language: the application's own `Vary` was ignored.
    Language,
    /// Another status or body, no `Vary`, or stored although that is forbidden.
    Other,
}

impl Fault {
    /// All of them, in the order of the columns.
    pub(super) const ALL: [(Self, &'static str); 6] = [
        (Self::WrongOrigin, "wrong origin"),
        (Self::NoOrigin, "no origin"),
        (Self::Grant, "other CORS"),
        (Self::Encoding, "encoding"),
        (Self::Language, "language"),
        (Self::Other, "other"),
    ];
}

/// A message about a header whose value is not the right one.
fn instead(name: &str, found: &[&[u8]], right: Option<&str>) -> String {
    let one = |value: &[u8]| show(&(name.to_owned(), value.to_vec()));
    let found: Vec<_> = found.iter().map(|value| one(value)).collect();
    let found = found.join(", ");
    match right.map(|right| one(right.as_bytes())) {
        Some(right) if found.is_empty() => format!("without {right}"),
        Some(right) => format!("{found} instead of {right}"),
        None => format!("with {found}"),
    }
}

fn choice<'a, T>(random: &mut Rng, all: &'a [T]) -> &'a T {
    // No list is empty.
    #[expect(clippy::indexing_slicing, reason = "the index is below the length")]
    &all[random.usize(..all.len())]
}

#[cfg(test)]
mod tests {
    use cors_core::Policy;
    use cors_core::adapter::Verdict;

    use super::*;

    /// [`SITES`] agrees with the policy.
    #[test]
    fn sites() {
        let policy = Policy::from_toml(POLICY).unwrap();
        for site in &SITES {
            let mut asked = asked(None, site.origin, None);
            asked.request.method = "GET".to_owned();
            let expected = match (policy.decide(&asked.request).verdict(), site.origin) {
                (Verdict::Granted(grant), _) if grant.index() == 0 => Some("x-request-id"),
                (Verdict::Granted(_), _) => Some("etag"),
                (Verdict::NoGrant, Some(_)) | (Verdict::NoOrigin, None) => None,
                other => panic!("{other:?}"),
            };
            let exposed = site.grant.as_ref().map(|grant| grant.exposed);
            assert_eq!(exposed, expected, "{site:?}");
        }
    }

    /// The same seed draws the same requests, and every value is drawn.
    #[test]
    fn requests() {
        let draw = |seed| {
            let mut random = Rng::with_seed(seed);
            (0..2_000)
                .map(|_| Asked::random(&mut random).request)
                .collect::<Vec<_>>()
        };
        let requests = draw(1);
        assert_eq!(requests, draw(1));
        assert_ne!(requests, draw(2));
        let drawn = |method: &str, path: &str, field: Option<&str>| {
            let mut requests = requests.iter().filter(|request| {
                let mut lines = request.lines.iter();
                request.method == method
                    && request.target.starts_with(path)
                    && field.is_none_or(|name| lines.any(|(other, _)| other == name))
            });
            requests.next().is_some()
        };
        for method in ["GET", "HEAD"] {
            for document in &Document::ALL {
                assert!(drawn(
                    method,
                    &format!("/documents/{}?", document.name),
                    None
                ));
            }
            assert!(drawn(method, "/nowhere?", None));
            assert!(drawn(method, "/public/nowhere?", None));
            assert!(drawn(method, "/documents/etag?", Some("If-None-Match")));
            assert!(!drawn(method, "/documents/plain?", Some("If-None-Match")));
        }
    }

    fn asked(document: Option<&str>, origin: Option<&str>, gzip: Option<bool>) -> Asked {
        // All other fields are overwritten.
        let mut asked = Asked::random(&mut Rng::with_seed(1));
        asked.site = SITES.iter().find(|site| site.origin == origin).unwrap();
        asked.encoding = (None, gzip.unwrap_or_default());
        asked.language = Some("de");
        asked.document = document.map(|name| Document::named(name).unwrap());
        asked.is_public = false;
        asked.request.target = "/nowhere".to_owned();
        asked.is_conditional = document == Some("etag");
        asked.is_range = document == Some("origin");
        asked.request.method = if gzip.is_some() { "GET" } else { "HEAD" }.to_owned();
        asked.request.lines.clear();
        asked
            .request
            .lines
            .extend(origin.map(|origin| ("origin".to_owned(), origin.as_bytes().to_vec())));
        asked
    }

    const APP: Option<&str> = Some("https://app.example.com");
    const GRANTED: &str = "access-control-allow-origin: https://app.example.com\n\
        access-control-allow-credentials: true\naccess-control-expose-headers: x-request-id\n\
        vary: Accept-Encoding, Origin";
    const REFUSED: &str = "vary: origin";

    #[track_caller]
    fn check(asked: &Asked, answer: &str, body: &[u8], expected: &[Fault]) {
        let (status, fields) = answer.split_once('\n').unwrap();
        let fields = fields.lines().filter_map(|line| line.split_once(": "));
        let response = RawResponse {
            status: status.parse().unwrap(),
            lines: fields
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            pieces: vec![body.to_vec()],
        };
        let found = asked.judge(&response);
        let faults: Vec<_> = found.iter().map(|(fault, _)| *fault).collect();
        assert_eq!(faults, expected, "{answer}: {found:?}");
    }

    /// The CORS headers of a framework's own 404.
    #[test]
    fn grants() {
        let check = |origin, fields: &str, expected: &[Fault]| {
            check(
                &asked(None, origin, None),
                &format!("404\n{fields}"),
                b"",
                expected,
            );
        };
        check(APP, GRANTED, &[]);
        check(None, REFUSED, &[]);
        check(Some("https://evil.example"), REFUSED, &[]);
        check(
            Some("https://public.example"),
            "access-control-allow-origin: https://public.example\n\
             access-control-expose-headers: etag\nvary: *",
            &[],
        );

        let admin = GRANTED.replace("//app", "//admin");
        check(APP, &admin, &[Fault::WrongOrigin]);
        check(
            APP,
            &format!("{GRANTED}\naccess-control-allow-origin: null"),
            &[Fault::WrongOrigin],
        );
        check(
            APP,
            &GRANTED.replace("https://app.example.com", "*"),
            &[Fault::WrongOrigin],
        );
        check(APP, REFUSED, &[Fault::NoOrigin, Fault::Grant, Fault::Grant]);
        let granted = [Fault::WrongOrigin, Fault::Grant, Fault::Grant];
        check(None, GRANTED, &granted);
        check(Some("https://evil.example"), GRANTED, &granted);
        check(APP, &GRANTED.replace("true", "false"), &[Fault::Grant]);
        check(
            APP,
            &GRANTED.replace("x-request-id", "etag"),
            &[Fault::Grant],
        );
        check(APP, &GRANTED.replace("Origin", "X-Origin"), &[Fault::Other]);
        check(None, "", &[Fault::Other]);
    }

    /// The same for all sites.
    #[test]
    fn public_part() {
        let check = |origin, fields: &str, expected: &[Fault]| {
            let mut asked = asked(None, origin, None);
            asked.is_public = true;
            check(&asked, &format!("404\n{fields}"), b"", expected);
        };
        let public = "access-control-allow-origin: *\naccess-control-expose-headers: etag";
        let varies = format!("{public}\nvary: Origin");
        for origin in [APP, Some("https://evil.example"), None] {
            check(origin, public, &[]);
            check(origin, &format!("{public}\nvary: Accept-Encoding"), &[]);
            check(origin, &varies, &[Fault::Other]);
            let app = public.replace('*', "https://app.example.com");
            check(origin, &app, &[Fault::WrongOrigin]);
        }
    }

    #[test]
    fn statuses() {
        let check = |document, status, expected: &[Fault]| {
            let fields = "content-language: en";
            let answer = format!("{status}\n{REFUSED}\n{fields}");
            check(&asked(document, None, None), &answer, b"", expected);
        };
        check(None, 404, &[]);
        check(None, 200, &[Fault::Other]);
        check(Some("plain"), 200, &[]);
        check(Some("plain"), 503, &[Fault::Other]);
        check(Some("plain"), 304, &[Fault::Other]);
        check(Some("origin"), 206, &[]);
        check(Some("origin"), 200, &[]);
        check(Some("plain"), 206, &[Fault::Other]);
        check(Some("redirect"), 302, &[]);
        check(Some("failing"), 500, &[]);
        check(Some("etag"), 200, &[]);
        check(Some("etag"), 304, &[]);
    }

    #[test]
    fn contents() {
        let check = |document, gzip, fields: &str, body: &[u8], expected: &[Fault]| {
            let answer = format!("200\n{REFUSED}\n{fields}");
            check(
                &asked(Some(document), None, Some(gzip)),
                &answer,
                body,
                expected,
            );
        };
        let (english, german) = (body("en"), body("de"));
        let (english, german) = (english.as_bytes(), german.as_bytes());
        let packed = &[0x1f, 0x8b, 8, 0][..];
        let (en, de) = ("content-language: en", "content-language: de");
        let gzip = &format!("{en}\ncontent-encoding: gzip");
        check("plain", false, en, english, &[]);
        check("plain", true, en, english, &[]);
        check("plain", true, gzip, packed, &[]);
        check("language", true, de, german, &[]);

        check("plain", false, gzip, packed, &[Fault::Encoding]);
        check(
            "plain",
            true,
            &gzip.replace("gzip", "br"),
            packed,
            &[Fault::Encoding],
        );
        check("plain", true, gzip, english, &[Fault::Other]);
        check("plain", true, en, packed, &[Fault::Other]);
        check("plain", true, en, german, &[Fault::Other]);
        check("language", true, en, english, &[Fault::Language]);
        check("plain", true, de, german, &[Fault::Language]);
    }
}
