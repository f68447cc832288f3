//! Fetches with hostile responses, in the standard and three engines.
//!
//! A value may be a long repetition: what is slower than linear runs into libFuzzer's limit of time.

use std::time::Duration;

use cors_browser_model::{
    Body, CORS_SAFELISTED_RESPONSE_HEADER_NAMES, Credentials, Engine, FetchOutcome, Headers, Kind,
    Mode, Origin, PreflightCache, Readable, RedirectMode, Request, Response, Run, SentRequest,
    Tainting, Url, fetch,
};

use crate::bytes::Bytes;

const PAGE: &str = "https://app.example.com";
const URLS: [&str; 8] = [
    "https://api.example.com/",
    "https://app.example.com/",
    "http://b.example:81/a#b",
    "data:,",
    "https://u@c.example/",
    "wss://api.example.com/",
    "http://localhost/",
    "blob:https://a.example/1",
];
const ORIGINS: [&str; 4] = [
    PAGE,
    "null",
    "http://localhost:3000",
    "https://app.example.com:8443",
];
const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "put", "post", "HEAD", "OPTIONS", "TRACE",
];
const NAMES: [&str; 16] = [
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "access-control-allow-origin",
    "Location",
    "Timing-Allow-Origin",
    "Content-Type",
    "Authorization",
    "X-A",
    "Accept",
    "Range",
    "Set-Cookie",
    "Origin",
];
const VALUES: [&str; 24] = [
    "*",
    PAGE,
    "null",
    "true",
    "TRUE",
    "PUT",
    "put",
    "X-A",
    "authorization",
    "60",
    "-1",
    "0",
    "",
    "a b",
    "\"",
    "\\",
    "//user@c.example/",
    "/",
    ",",
    " ",
    "text/plain;",
    "bytes=0-",
    "x-a, ",
    "https://app.example.com, *",
];
/// How much one input may make. More takes long although it is linear.
const MOST: usize = 256 * 1024;

struct Reader<'a> {
    bytes: Bytes<'a>,
    made: usize,
}

/// Runs the target.
///
/// # Panics
///
/// If a page can read what it must not, or something is sent that must not be.
pub fn run(data: &[u8]) {
    for engine in Engine::ALL {
        let mut reader = Reader {
            bytes: Bytes::new(data),
            made: 0,
        };
        let requests = reader.bytes.below(3) + 1;
        let requests: Vec<_> = (0..requests).map(|_| reader.request()).collect();
        let mut cache = PreflightCache::new();
        for (second, request) in (0..).zip(&requests) {
            let mut server = |_: &SentRequest| reader.response();
            let now = Duration::from_secs(second * 4);
            let run = fetch(engine, request, &mut cache, now, &mut server);
            check(engine, request, &run);
        }
    }
}

impl Reader<'_> {
    fn value(&mut self) -> Vec<u8> {
        let bytes = &mut self.bytes;
        let mut value = Vec::new();
        for _ in 0..=bytes.below(3) {
            match bytes.below(VALUES.len() + 4).checked_sub(4) {
                Some(index) => value.extend(VALUES.get(index).unwrap_or(&"").bytes()),
                None => {
                    let len = bytes.below(24);
                    value.extend(bytes.take(len));
                }
            }
        }
        if bytes.one_in(16) {
            let times = 1 << bytes.below(17);
            let most = MOST.saturating_sub(self.made) / value.len().max(1);
            value = value.repeat(most.min(times));
        }
        self.made += value.len();
        value
    }

    fn headers(&mut self) -> Headers {
        let lines = (0..self.bytes.below(7)).map(|_| {
            let name = match self.bytes.one_in(12) {
                true => self.value(),
                false => self.bytes.pick(&NAMES).as_bytes().to_vec(),
            };
            (name, self.value())
        });
        lines.collect()
    }

    fn request(&mut self) -> Request {
        let bytes = &mut self.bytes;
        let url = Url::parse(bytes.pick(&URLS)).expect("the list has URLS");
        let origin = Origin::parse(bytes.pick(&ORIGINS)).expect("the list has origins");
        let mut request = match bytes.below(16) {
            0 => Request::event_source(url, origin),
            1 => Request::font(url, origin),
            2 => Request::form(url, origin),
            3 => Request::frame(url, origin),
            4 => Request::image(url, origin),
            5 => Request::link(url, origin),
            6 => Request::module_script(url, origin),
            7 => Request::websocket(url, origin),
            _ => {
                let method = match bytes.one_in(16) {
                    true => bytes.text(6),
                    false => bytes.pick(&METHODS).to_owned(),
                };
                let mode = bytes.pick(&[
                    Mode::Cors,
                    Mode::Cors,
                    Mode::Cors,
                    Mode::NoCors,
                    Mode::SameOrigin,
                ]);
                let request = Request::new(url, origin).method(method).mode(mode);
                let request = request.body(bytes.pick(&[Body::None, Body::Source, Body::Stream]));
                match bytes.one_in(8) {
                    true => request.use_cors_preflight(),
                    false => request,
                }
            }
        };
        if bytes.one_in(2) {
            request = request
                .credentials(bytes.pick(&[
                    Credentials::Include,
                    Credentials::Omit,
                    Credentials::SameOrigin,
                ]))
                .redirect(bytes.pick(&[
                    RedirectMode::Follow,
                    RedirectMode::Error,
                    RedirectMode::Manual,
                ]));
            request.headers = self.headers();
        }
        request
    }

    fn response(&mut self) -> Option<Response> {
        let bytes = &mut self.bytes;
        // With half of the statuses something continues.
        let status = match bytes.below(10) {
            0 => return None,
            1 => 302,
            2 => 307,
            3 => 204,
            4 => 404,
            5 => 101,
            6 => u16::from(bytes.byte()) * 3,
            _ => 200,
        };
        // Hostile lines alone would seldom be read.
        let likely = [
            ("Access-Control-Allow-Origin", ["*", PAGE, "null"]),
            ("Access-Control-Allow-Credentials", ["true"; 3]),
            ("Access-Control-Allow-Methods", ["*", "PUT", "PUT, put"]),
            (
                "Access-Control-Allow-Headers",
                ["*", "x-a, authorization, content-type", "range"],
            ),
            ("Location", ["/", "//user@c.example/", "https://b.example/"]),
        ];
        let lines = likely.into_iter().filter_map(|(name, values)| {
            let value = self.bytes.below(values.len() + 2);
            Some((name, values.get(value)?.as_bytes().to_vec()))
        });
        let mut headers: Headers = lines.collect();
        for line in self.headers().iter() {
            headers.append(&line.name, &line.value);
        }
        Some(Response::new(status, headers))
    }
}

fn check(engine: Engine, request: &Request, run: &Run) {
    // 20 redirects, each with a preflight.
    assert!(
        run.exchanges.len() <= 42,
        "{engine:?} {}",
        run.exchanges.len()
    );
    for exchange in &run.exchanges {
        let sent = &exchange.sent;
        if exchange.kind == Kind::Preflight {
            assert!(
                !sent.credentials,
                "{engine:?}: a preflight with credentials"
            );
            for name in ["Cookie", "Authorization", "Proxy-Authorization"] {
                assert!(
                    !sent.headers.contains(name),
                    "{engine:?}: a preflight with {name}"
                );
            }
            assert_eq!(sent.method, "OPTIONS");
            assert!(sent.headers.contains("Origin"));
        }
    }
    let checks = run.exchanges.iter().flat_map(|exchange| &exchange.checks);
    let failed = run
        .checks
        .iter()
        .chain(checks)
        .filter(|check| !check.passed);
    let failed: Vec<_> = failed.map(|check| check.step).collect();
    match &run.outcome {
        FetchOutcome::Response(readable) => {
            assert_eq!(failed, [], "{engine:?}");
            let last = run.exchanges.last();
            let answer =
                last.and_then(|exchange| Some((&exchange.sent, exchange.response.as_ref()?)));
            match (readable.tainting, answer) {
                (Tainting::Cors, Some((sent, answer))) => {
                    check_read(engine, request, answer, sent);
                    check_exposed(engine, readable, answer);
                }
                (Tainting::Cors, None) => panic!("{engine:?}: read without a response"),
                (Tainting::Opaque | Tainting::OpaqueRedirect, _) => {
                    assert_eq!(readable.status, 0, "{engine:?}");
                    assert!(readable.headers.iter().next().is_none(), "{engine:?}");
                }
                _ => {}
            }
            assert!(!readable.headers.contains("Set-Cookie"), "{engine:?}");
        }
        FetchOutcome::Blocked(failure) => {
            assert_eq!(failed, [failure.error.step()], "{engine:?}");
            assert!(!failure.error.to_string().is_empty());
        }
    }
    if engine == Engine::Standard {
        assert!(run.console.is_empty());
    }
}

/// The lines of a field that are not empty.
fn lines<'a>(answer: &'a Response, name: &'a str) -> Vec<&'a [u8]> {
    let named = move |name: &[u8], wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
    let lines = answer
        .headers
        .iter()
        .filter(|header| named(&header.name, name));
    let lines = lines.map(|header| header.value.trim_ascii());
    lines.filter(|line| !line.is_empty()).collect()
}

/// A response that is read has an `Access-Control-Allow-Origin` for the request.
fn check_read(engine: Engine, request: &Request, answer: &Response, sent: &SentRequest) {
    // Engines differ in what they do with several lines of which all but one are empty.
    let allowed = lines(answer, "Access-Control-Allow-Origin");
    let [allowed] = &*allowed else {
        panic!(
            "{engine:?}: read with {} lines of Access-Control-Allow-Origin",
            allowed.len()
        );
    };
    let include = request.credentials == Credentials::Include;
    let origin = sent.headers.get("Origin").unwrap_or_default();
    let matches = *allowed == origin || (*allowed == b"*" && !include);
    assert!(matches, "{engine:?}: {request:?} {answer:?}");
    if include {
        let credentials = lines(answer, "Access-Control-Allow-Credentials");
        assert_eq!(credentials, [b"true"], "{engine:?}: read with credentials");
    }
}

/// A header that is read is safelisted or exposed.
fn check_exposed(engine: Engine, readable: &Readable, answer: &Response) {
    let exposed = lines(answer, "Access-Control-Expose-Headers").join(&b',');
    let exposed = String::from_utf8_lossy(&exposed).to_ascii_lowercase();
    for header in readable.headers.iter() {
        let name = String::from_utf8_lossy(&header.name).to_ascii_lowercase();
        let mut safelisted = CORS_SAFELISTED_RESPONSE_HEADER_NAMES.iter();
        let is_exposed = safelisted.any(|listed| listed.eq_ignore_ascii_case(&name))
            || exposed.contains(&name)
            || exposed.contains('*');
        assert!(is_exposed, "{engine:?}: {name} is not exposed");
    }
}
