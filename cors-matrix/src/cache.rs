//! Random requests through a real cache to an application that writes `Vary` itself and compresses. Each response must
//! have the headers for the site that sent the request, not those for another site.

mod program;
mod traffic;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use fastrand::Rng;

use crate::judge::show;
use crate::message::{Connection, RawResponse};
use crate::program::{can_tie, version};
use crate::server::{FixtureBinary, Framework};
use crate::skip::skip;
pub use program::{Program, Stream};
use traffic::{Asked, Fault, POLICY};

/// Requests to each framework through each cache.
pub const REQUESTS: usize = 10_000;
/// How many of them are sent at the same time.
const CLIENTS: usize = 4;
/// Of each value that is drawn, at least this many requests must be answered by the cache, and this many by the
/// application. Otherwise the run tested nothing.
const ENOUGH: usize = 20;
/// How many faults of a kind are shown.
const SHOWN: usize = 2;

/// A cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// nginx with `proxy_cache`
    Nginx,
    /// Varnish with its default settings: it negotiates gzip itself
    Varnish,
    /// Varnish that leaves gzip to the application's `Vary`
    VarnishPlain,
    /// Squid as a reverse proxy
    Squid,
}

impl Cache {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Nginx, Self::Varnish, Self::VarnishPlain, Self::Squid];

    /// Whether the programs that it needs are installed.
    ///
    /// # Errors
    ///
    /// Says which program is missing, and which Debian package has it.
    pub fn available(self) -> Result<(), String> {
        match self {
            Self::Nginx => {
                version("nginx", "-v", "nginx")?;
                can_tie()
            }
            Self::Varnish | Self::VarnishPlain => version("varnishd", "-V", "varnish").map(drop),
            Self::Squid => {
                version("squid", "-v", "squid")?;
                can_tie()
            }
        }
    }

    /// Whether it can answer a request without an error of its own. Squid 5 takes `Content-Length` from a 304, where
    /// frameworks write 0. It leaves out the start of a body of unknown length for `Range`, with status 200.
    fn can_answer(self, asked: &Asked) -> bool {
        let has_etag = asked.document.is_some_and(|document| document.has_etag);
        self != Self::Squid || !(has_etag || asked.is_range)
    }
}

impl fmt::Display for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nginx => "nginx",
            Self::Varnish => "varnish",
            Self::VarnishPlain => "varnish without gzip",
            Self::Squid => "squid",
        })
    }
}

/// Caches by name: `nginx`, `varnish`, `squid`, `all` or `installed`.
#[derive(Clone, Debug)]
pub struct Caches(Vec<Cache>);

impl FromStr for Caches {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(Self(match name {
            "nginx" => vec![Cache::Nginx],
            "varnish" => vec![Cache::Varnish, Cache::VarnishPlain],
            "squid" => vec![Cache::Squid],
            "all" => Cache::ALL.to_vec(),
            "installed" => installed()?,
            _ => {
                return Err(format!(
                    "`{name}` is not a cache; write `nginx`, `varnish`, `squid`, `all` or `installed`"
                ));
            }
        }))
    }
}

impl Caches {
    /// Whether there is nothing to run, because no cache is installed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of them are installed.
    ///
    /// # Errors
    ///
    /// Says which program is missing, and which Debian package has it.
    pub fn available(&self) -> Result<(), String> {
        self.0.iter().try_for_each(|cache| cache.available())
    }
}

/// The caches that are installed. With `CI=true`, all of them must be.
fn installed() -> Result<Vec<Cache>, String> {
    let mut installed = Vec::new();
    for cache in Cache::ALL {
        match cache.available() {
            Ok(()) => installed.push(cache),
            Err(missing) => skip(&format!("requests through {cache}"), &missing)?,
        }
    }
    Ok(installed)
}

/// Sends [`REQUESTS`] random requests to each framework through each cache, and prints the result. Returns whether
/// everything passed.
///
/// # Errors
///
/// If a cache or a server does not start or does not respond.
pub fn run(caches: &Caches, fixtures: &[FixtureBinary], seed: u64) -> Result<bool, String> {
    let failed = |error: io::Error| format!("cannot write the policy: {error}");
    let folder = tempfile::TempDir::with_prefix("cors-policy-").map_err(failed)?;
    let policy = folder.path().join("cors.toml");
    fs::write(&policy, POLICY).map_err(failed)?;
    let (mut is_well, mut duration) = (true, Duration::ZERO);
    for cache in caches.0.iter().copied() {
        for fixture in fixtures {
            let started = Instant::now();
            let tally = one(cache, fixture, &policy, seed)?;
            is_well &= tally.is_well();
            print!("{}", tally.text(cache, fixture.framework, seed));
            duration += started.elapsed();
        }
    }
    println!("caches: {duration:.0?}");
    Ok(is_well)
}

fn one(cache: Cache, fixture: &FixtureBinary, policy: &Path, seed: u64) -> Result<Tally, String> {
    let server = fixture.start_cacheable(Some(policy))?;
    let program = Program::start(cache, server.port())?;
    let mut seeds = Rng::with_seed(seed);
    let tallies = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let random = seeds.fork();
                scope.spawn(|| client(cache, &program, random, REQUESTS / CLIENTS))
            })
            .collect();
        clients
            .into_iter()
            .map(|client| {
                let panicked = || Err(io::Error::other("a thread panicked"));
                client.join().unwrap_or_else(|_| panicked())
            })
            .collect::<io::Result<Vec<_>>>()
    });
    let tallies = tallies.map_err(|error| {
        format!(
            "{} through {cache}, seed {seed}: {error}",
            fixture.framework
        )
    })?;
    let mut tally = Tally::default();
    tallies.into_iter().for_each(|other| tally.add(other));
    Ok(tally)
}

fn client(cache: Cache, program: &Program, mut random: Rng, requests: usize) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let mut kept = None;
    for _ in 0..requests {
        let asked = draw(cache, &mut random);
        let is_used = kept.is_some();
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::new(program.connect()?),
        };
        let response = match connection.exchange(&asked.request) {
            // A cache can close a connection after any response, and Squid does it without `Connection: close`.
            Err(_) if is_used => {
                connection = Connection::new(program.connect()?);
                connection.exchange(&asked.request)?
            }
            response => response?,
        };
        let closes = |line: &[u8]| line.eq_ignore_ascii_case(b"close");
        if !response.lines("connection").any(closes) {
            kept = Some(connection);
        }
        tally.judge(&asked, &response);
    }
    Ok(tally)
}

/// Draws a request that the cache can be tested with.
fn draw(cache: Cache, random: &mut Rng) -> Asked {
    loop {
        let asked = Asked::random(random);
        if cache.can_answer(&asked) {
            return asked;
        }
    }
}

/// The result of the requests to a framework through a cache.
#[derive(Debug, Default)]
struct Tally {
    requests: usize,
    /// Requests that the cache answered.
    hits: usize,
    faults: [usize; Fault::ALL.len()],
    /// Some of them, in full.
    shown: Vec<(Fault, String)>,
    /// How many were answered by the cache and by the application, by what was drawn.
    drawn: BTreeMap<String, (usize, usize)>,
}

impl Tally {
    fn judge(&mut self, asked: &Asked, response: &RawResponse) {
        let mut found = asked.judge(response);
        let from = response.lines("x-cache").next().unwrap_or_default();
        // Squid also writes its name.
        let from = from.split(|byte| *byte == b' ').next().unwrap_or_default();
        // The other values are nginx's: it revalidated the response, or sent a stale one while it did.
        let is_hit = matches!(from, b"HIT" | b"REVALIDATED" | b"STALE" | b"UPDATING");
        self.requests += 1;
        self.hits += usize::from(is_hit);
        if may_be_stored(asked) {
            for what in names(asked) {
                let (hits, others) = self.drawn.entry(what).or_default();
                *(if is_hit { hits } else { others }) += 1;
            }
        } else if is_hit {
            found.push((Fault::Other, "stored in spite of `vary: *`".to_owned()));
        }
        for (fault, message) in found {
            for ((other, _), count) in Fault::ALL.iter().zip(&mut self.faults) {
                *count += usize::from(*other == fault);
            }
            let lines = asked.request.lines.iter().map(show);
            let message = format!(
                "{} {} {}: {message}; {}, vary: {}",
                asked.request.method,
                asked.request.target,
                lines.collect::<Vec<_>>().join(" "),
                String::from_utf8_lossy(from),
                String::from_utf8_lossy(
                    &response.lines("vary").collect::<Vec<_>>().join(&b" / "[..])
                ),
            );
            self.show(fault, message);
        }
    }

    fn show(&mut self, fault: Fault, message: String) {
        let same = self.shown.iter().filter(|(other, _)| *other == fault);
        if same.count() < SHOWN {
            self.shown.push((fault, message));
        }
    }

    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.hits += other.hits;
        for (count, more) in self.faults.iter_mut().zip(other.faults) {
            *count += more;
        }
        for (fault, message) in other.shown {
            self.show(fault, message);
        }
        for (what, (hits, others)) in other.drawn {
            let (all_hits, all_others) = self.drawn.entry(what).or_default();
            *all_hits += hits;
            *all_others += others;
        }
    }

    /// The values that were tested too little: the cache answered too few requests, or too many.
    fn untried(&self) -> Vec<String> {
        let few = self
            .drawn
            .iter()
            .filter(|(_, (hits, others))| *hits < ENOUGH || *others < ENOUGH);
        let text = |(what, (hits, others)): (&String, &(usize, usize))| {
            format!("{what}: {hits} from the cache, {others} from the application")
        };
        few.map(text).collect()
    }

    fn is_well(&self) -> bool {
        self.requests > 0
            && self.faults.iter().all(|count| *count == 0)
            && self.untried().is_empty()
    }

    fn text(&self, cache: Cache, framework: Framework, seed: u64) -> String {
        let Self { requests, hits, .. } = self;
        let mut text = format!("{cache}, {framework}: {requests} requests, {hits} from the cache");
        let found = Fault::ALL.iter().zip(self.faults);
        let found = found.filter(|(_, count)| *count > 0);
        let found: Vec<_> = found
            .map(|((_, name), count)| format!("{name} {count}"))
            .collect();
        if self.is_well() {
            text += ", all passed\n";
            return text;
        }
        let _ = writeln!(text, ", seed {seed}: FAILED: {}", found.join(", "));
        for (_, message) in &self.shown {
            let _ = writeln!(text, "    {message}");
        }
        for untried in self.untried() {
            let _ = writeln!(text, "    too few requests: {untried}");
        }
        text
    }
}

fn may_be_stored(asked: &Asked) -> bool {
    asked.document.is_none_or(|document| document.vary != ["*"])
}

/// The values that a request was drawn from, as far as both the cache and the application must answer some of them.
fn names(asked: &Asked) -> Vec<String> {
    let document = match asked.document {
        // How often the cache answers depends on the duration of the run.
        Some(document) if document.has_etag => None,
        Some(document) => Some(format!("the document {}", document.name)),
        None => Some("no document".to_owned()),
    };
    let origin = format!("origin {}", asked.site.origin.unwrap_or("none"));
    let encoding = format!("encoding {}", asked.encoding.0.unwrap_or("none"));
    document.into_iter().chain([origin, encoding]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_caches() {
        let check = |name: &str, expected: &[Cache]| {
            let found: Caches = name.parse().unwrap();
            assert_eq!(found.0, expected);
        };
        check("nginx", &[Cache::Nginx]);
        check("varnish", &[Cache::Varnish, Cache::VarnishPlain]);
        check("squid", &[Cache::Squid]);
        check("all", &Cache::ALL);
        let error = "apache".parse::<Caches>().unwrap_err();
        assert!(error.starts_with("`apache` is not a cache"), "{error}");
    }

    /// A run that tested too little fails.
    #[test]
    fn vacuous() {
        let check = |from: &dyn Fn(usize) -> &'static str, expected: bool| {
            let mut random = Rng::with_seed(1);
            let mut tally = Tally::default();
            for index in 0..2_000 {
                let asked = Asked::random(&mut random);
                let stored = may_be_stored(&asked);
                let response = RawResponse {
                    status: 200,
                    lines: vec![(
                        "x-cache".to_owned(),
                        match stored {
                            true => from(index).into(),
                            false => "MISS".into(),
                        },
                    )],
                    pieces: Vec::new(),
                };
                tally.judge(&asked, &response);
            }
            // This test is not about the faults.
            tally.faults = Default::default();
            assert_eq!(tally.is_well(), expected, "{:?}", tally.untried());
        };
        check(&|index| if index % 2 == 0 { "HIT" } else { "MISS" }, true);
        check(&|_| "HIT", false);
        check(&|_| "MISS", false);
        check(&|_| "", false);
        check(&|index| if index % 99 == 0 { "HIT" } else { "MISS" }, false);
        assert!(!Tally::default().is_well());
    }

    /// Faults are counted, some are shown, and a response that is stored in spite of `Vary: *` is a fault.
    #[test]
    fn faults() {
        let mut tally = Tally::default();
        let mut random = Rng::with_seed(1);
        let response = RawResponse {
            status: 200,
            lines: vec![
                ("x-cache".to_owned(), b"HIT".to_vec()),
                ("vary".to_owned(), b"*".to_vec()),
                ("content-language".to_owned(), b"en".to_vec()),
            ],
            pieces: Vec::new(),
        };
        let asked = loop {
            let asked = Asked::random(&mut random);
            let is_head = asked.request.method == "HEAD";
            if !may_be_stored(&asked) && is_head && asked.site.origin.is_none() {
                break asked;
            }
        };
        for _ in 0..3 {
            tally.judge(&asked, &response);
        }
        assert_eq!((tally.requests, tally.hits), (3, 3));
        let text = tally.text(Cache::Nginx, Framework::Axum, 7);
        assert!(
            text.contains("nginx, axum: 3 requests, 3 from the cache, seed 7: FAILED: other 3\n")
        );
        assert_eq!(
            text.matches("stored in spite of `vary: *`; HIT, vary: *\n")
                .count(),
            SHOWN
        );
        let mut both = Tally::default();
        both.add(tally);
        assert_eq!((both.requests, both.hits, both.shown.len()), (3, 3, SHOWN));
        assert!(!both.is_well());
    }
}
