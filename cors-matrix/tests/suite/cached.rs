//! What a cache gives to pages after the policy has changed, and for paths that are not in normal form.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use cors_matrix::cache::{Cache, Program, Stream};
use cors_matrix::message::{Connection, RawResponse};
use cors_matrix::server::{FixtureBinary, Framework};
use cors_matrix::skip::skip;
use cors_matrix::versions::request;

/// How long it may take until an entry expires that is fresh for a second.
const LIMIT: Duration = Duration::from_secs(60);

const APP: &str = "https://app.example.com";
const ADMIN: &str = "https://admin.example.com";
const EVIL: &str = "https://evil.example";

const HIT: &str = "HIT";
const MISS: &str = "MISS";

/// The page can read the response.
const READ: bool = true;
const BLOCKED: bool = false;

/// The policy allows [`APP`] first, then [`ADMIN`].
fn policy(origin: &str) -> String {
    format!("allow_origins = ['{origin}']\nallow_credentials = true\n")
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn an_entry_keeps_the_old_policy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cors.toml");
    for (cache, fixture) in pairs(&[Cache::Nginx, Cache::Varnish]) {
        std::fs::write(&path, policy(APP)).unwrap();
        let mut server = fixture.start_cacheable(Some(&path)).unwrap();
        let program = Program::start(cache, server.port()).unwrap();
        let mut cached = Cached::new(fixture.framework, cache, &program);
        // Fresh for an hour.
        let stored = "/documents/origin?stored";
        cached.check(stored, APP, READ, MISS);
        cached.check(stored, EVIL, BLOCKED, MISS);
        cached.check(stored, ADMIN, BLOCKED, MISS);
        // Fresh for a second, and then the application says 304.
        let revalidated = "/documents/etag";
        cached.check(revalidated, APP, READ, MISS);
        cached.check(revalidated, ADMIN, BLOCKED, MISS);

        std::fs::write(&path, policy(ADMIN)).unwrap();
        assert_eq!(server.replace_policy(&path), Ok(2));
        // Until they expire, the entries have the fields of the old policy, in both directions.
        cached.check(stored, APP, READ, HIT);
        cached.check(stored, ADMIN, BLOCKED, HIT);
        cached.check(stored, EVIL, BLOCKED, HIT);
        // What is not stored has those of the new one.
        let new = "/documents/origin?new";
        cached.check(new, APP, BLOCKED, MISS);
        cached.check(new, ADMIN, READ, MISS);
        cached.check(new, EVIL, BLOCKED, MISS);

        // A 304 removes no field of the entry, so the grant that the policy no longer has outlives each expiry. nginx takes
        // no field from a 304.
        cached.wait_for_304(revalidated, APP);
        cached.wait_for_304(revalidated, ADMIN);
        let is_nginx = cache == Cache::Nginx;
        assert_eq!(cached.can_read(revalidated, APP), READ, "{}", cached.name);
        assert_eq!(
            cached.can_read(revalidated, ADMIN),
            !is_nginx,
            "{}",
            cached.name
        );

        // Purged: an empty cache.
        let program = Program::start(cache, server.port()).unwrap();
        let mut cached = Cached::new(fixture.framework, cache, &program);
        cached.check(stored, APP, BLOCKED, MISS);
        cached.check(stored, ADMIN, READ, MISS);
    }
}

/// A path that a cache or an application can read as another one has no grant. Its response never lets a page read more,
/// whatever the cache takes for its key.
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn a_path_that_is_not_in_normal_form() {
    const POLICY: &str = "
        [[route]]
        path          = '/public'
        allow_origins = ['*']

        [[route]]
        path              = '/realms/{realm}'
        allow_origins     = ['https://app.example.com']
        allow_credentials = true
    ";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cors.toml");
    std::fs::write(&path, POLICY).unwrap();
    for (cache, fixture) in pairs(&[Cache::Nginx, Cache::Varnish, Cache::Squid]) {
        let server = fixture.start(Some(&path)).unwrap();
        // The key is the URL that the application gets.
        let program = Program::start(cache, server.port()).unwrap();
        let mut cached = Cached::new(fixture.framework, cache, &program);
        for (other, normal, origin) in [
            ("/public/../realms/acme/echo", "/realms/acme/echo", APP),
            ("/public/%2e%2e/realms/own/echo", "/realms/own/echo", APP),
            ("/realms/../public/echo?1", "/public/echo?1", EVIL),
            ("//public/echo?2", "/public/echo?2", EVIL),
            ("/%70ublic/echo?3", "/public/echo?3", EVIL),
        ] {
            cached.check(other, origin, BLOCKED, MISS);
            cached.check(normal, origin, READ, MISS);
            cached.check(other, origin, BLOCKED, HIT);
            cached.check(normal, origin, READ, HIT);
        }
        if cache != Cache::Nginx {
            continue;
        }
        // The key is the path in normal form, but the application gets it as it was sent.
        let program = Program::start_nginx(server.port(), "$uri$is_args$args").unwrap();
        let mut cached = Cached::new(fixture.framework, cache, &program);
        // The first response decides. If it is that of the other path, the entry is of no page.
        let (other, normal) = ("//public/echo?4", "/public/echo?4");
        cached.check(other, EVIL, BLOCKED, MISS);
        cached.check(normal, EVIL, BLOCKED, HIT);
        // It has `Vary: Origin`, so it is for this origin only.
        cached.check(normal, APP, READ, MISS);
        // If it is that of the normal path, the other path gets what the normal path grants.
        let (other, normal) = ("/public/../realms/acme/echo", "/realms/acme/echo");
        cached.check(normal, APP, READ, MISS);
        cached.check(other, APP, READ, HIT);
        cached.check(other, EVIL, BLOCKED, MISS);
        cached.check(normal, EVIL, BLOCKED, HIT);
    }
}

/// Each of these caches with each framework.
fn pairs(caches: &[Cache]) -> Vec<(Cache, FixtureBinary)> {
    let mut pairs = Vec::new();
    for cache in caches {
        match cache.available() {
            Ok(()) => {
                let fixtures = FixtureBinary::built().unwrap();
                pairs.extend(fixtures.into_iter().map(|fixture| (*cache, fixture)));
            }
            Err(missing) => skip(&format!("what {cache} stores"), &missing).unwrap(),
        }
    }
    pairs
}

/// A server of a framework with a cache in front of it.
struct Cached {
    name: String,
    connection: Connection<Box<dyn Stream>>,
}

impl Cached {
    fn new(framework: Framework, cache: Cache, program: &Program) -> Self {
        let stream = program.connect().unwrap();
        Self {
            name: format!("{framework} with {cache}"),
            connection: Connection::new(stream),
        }
    }

    fn get(&mut self, target: &str, origin: &str) -> RawResponse {
        let request = request("GET", target, &[("Origin", origin)]);
        self.connection.exchange(&request).unwrap()
    }

    /// Whether a page of an origin can read the response.
    fn can_read(&mut self, target: &str, origin: &str) -> bool {
        can_read(&self.get(target, origin), origin)
    }

    /// Compares whether a page of an origin can read the response, and whether the cache had it.
    #[track_caller]
    fn check(&mut self, target: &str, origin: &str, expected: bool, from: &str) {
        let response = self.get(target, origin);
        // Squid also writes its name.
        let found_in = line(&response, "x-cache").split(' ').next().unwrap();
        let found = (can_read(&response, origin), found_in);
        let name = &self.name;
        assert_eq!(found, (expected, from), "{name}: {target} from {origin}");
    }

    /// Gets a URL until its entry has expired and the cache has asked the application again. nginx says so. Varnish does it
    /// in the background, and then the age of the entry begins anew.
    fn wait_for_304(&mut self, target: &str, origin: &str) {
        let start = Instant::now();
        let mut last = 0;
        loop {
            let response = self.get(target, origin);
            let age = line(&response, "age").parse().unwrap_or(0);
            if line(&response, "x-cache") == "REVALIDATED" || age < last {
                return;
            }
            last = age;
            assert!(
                start.elapsed() < LIMIT,
                "{}: {target} does not expire",
                self.name
            );
        }
    }
}

fn can_read(response: &RawResponse, origin: &str) -> bool {
    let allowed = line(response, "access-control-allow-origin");
    allowed == "*" || allowed == origin
}

fn line<'a>(response: &'a RawResponse, name: &str) -> &'a str {
    let line = response.lines(name).next().unwrap_or_default();
    std::str::from_utf8(line).unwrap()
}
