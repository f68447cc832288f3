//! A refusal is not stored by a cache, and so not given to a page that may read the response. `Vary: Origin` is not
//! enough for that: an image on another site's page has no `Origin`, and neither has a request of the server's own page.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use cors_matrix::cache::{Cache, Program};
use cors_matrix::message::{Connection, RawRequest, RawResponse};
use cors_matrix::server::{FixtureBinary, Framework};
use cors_matrix::skip::skip;

const POLICY: &str = "
    allow_origins = ['https://app.example.com']
    refuse        = ['unlisted-origins']
";

const APP: &[&str] = &[
    "Origin: https://app.example.com",
    "Sec-Fetch-Site: cross-site",
];
const EVIL: &[&str] = &["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"];
/// An image on a page of another site.
const IMAGE: &[&str] = &[
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Mode: no-cors",
    "Sec-Fetch-Dest: image",
];
const OWN_PAGE: &[&str] = &["Sec-Fetch-Site: same-origin"];
const PROGRAM: &[&str] = &[];

const HIT: &str = "HIT";
const MISS: &str = "MISS";

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn refusals_are_not_stored() {
    let cache = Cache::Nginx;
    if let Err(missing) = cache.available() {
        skip("refusals behind nginx", &missing).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("cors.toml");
    std::fs::write(&policy, POLICY).unwrap();
    for fixture in FixtureBinary::built().unwrap() {
        let server = fixture.start(Some(&policy)).unwrap();
        let program = Program::start(cache, server.port()).unwrap();
        let cached = Cached(fixture.framework, program);

        // This cache stores a 403 that does not forbid it, such as one of the application.
        cached.check(
            "/status/403",
            &[(OWN_PAGE, 403, MISS), (OWN_PAGE, 403, HIT)],
        );
        cached.check(
            "/echo?image",
            &[
                (IMAGE, 403, MISS),
                (OWN_PAGE, 200, MISS),
                (OWN_PAGE, 200, HIT),
                // A stored response is the cache's to give: this request does not reach the server.
                (IMAGE, 200, HIT),
            ],
        );
        cached.check(
            "/echo?program",
            &[(IMAGE, 403, MISS), (IMAGE, 403, MISS), (PROGRAM, 200, MISS)],
        );
        cached.check(
            "/echo?fetch",
            &[
                (EVIL, 403, MISS),
                (APP, 200, MISS),
                (OWN_PAGE, 200, MISS),
                (APP, 200, HIT),
                (EVIL, 403, MISS),
            ],
        );
    }
}

/// A server of a framework with a cache in front of it.
struct Cached(Framework, Program);

impl Cached {
    /// Sends requests for one URL in this order, and compares the status of each response and whether it
    /// was stored before.
    #[track_caller]
    fn check(&self, target: &str, rows: &[(&[&str], u16, &str)]) {
        let stream = self.1.connect().unwrap();
        let mut connection = Connection::new(stream);
        let got: Vec<_> = rows
            .iter()
            .map(|(lines, ..)| result(&connection.exchange(&get(target, lines)).unwrap()))
            .collect();
        let expected: Vec<_> = rows
            .iter()
            .map(|(_, status, from)| (*status, (*from).to_owned()))
            .collect();
        assert_eq!(got, expected, "{} {target}", self.0);
    }
}

fn get(target: &str, lines: &[&str]) -> RawRequest {
    let lines = lines.iter().map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.as_bytes().to_vec())
    });
    RawRequest {
        method: "GET".to_owned(),
        target: target.to_owned(),
        lines: lines.collect(),
        body: Vec::new(),
    }
}

/// The status, and what nginx says about its cache.
fn result(response: &RawResponse) -> (u16, String) {
    let from = response.lines("x-cache").next().unwrap_or_default();
    (response.status, String::from_utf8_lossy(from).into_owned())
}
