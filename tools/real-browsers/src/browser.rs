//! A running browser.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::chromium::Chromium;
use crate::driver::Driver;
use crate::firefox::Firefox;
use crate::gate::Gate;
use crate::matcher::Matcher;
use crate::pages::Pages;
use crate::webkit::Webkit;
use crate::{Action, BrowserName, Error, Fetch, Observed, Outcome, Reason};

/// Settings with which a browser is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Whether `*` in `Access-Control-Allow-Headers` does not cover `Authorization`, as in the standard. By
    /// default it does in all engines. WebKit has no such setting.
    pub authorization_needs_naming: bool,
}

/// A real browser without a window, and the servers that it needs. Dropping it stops all of them.
#[derive(Debug)]
pub struct Browser {
    driver: Box<dyn Driver>,
    engine: BrowserName,
    gate: Gate,
    pages: Pages,
    opened: u64,
}

impl Browser {
    /// Starts a browser, which takes from half a second to three.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not start.
    pub fn start(engine: BrowserName) -> Result<Self, Error> {
        Self::start_with(engine, Settings::default())
    }

    /// Starts a browser with other than its default settings.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(engine: BrowserName, settings: Settings) -> Result<Self, Error> {
        engine.available().map_err(Error::new)?;
        let program = engine.program().unwrap_or_default();
        let gate = Gate::start()?;
        let pages = Pages::start()?;
        let deadline = Instant::now() + START;
        let port = gate.port();
        let driver: Result<Box<dyn Driver>, Error> = match engine {
            BrowserName::Chromium => Chromium::start(&program, port, settings, deadline)
                .map(|driver| Box::new(driver) as Box<dyn Driver>),
            BrowserName::Firefox => Firefox::start(&program, port, settings, deadline)
                .map(|driver| Box::new(driver) as Box<dyn Driver>),
            BrowserName::Webkit => Webkit::start(&program, port, deadline)
                .map(|driver| Box::new(driver) as Box<dyn Driver>),
        };
        let driver = driver.map_err(|error| error.while_doing(&format!("start {engine}")))?;
        Ok(Self {
            driver,
            engine,
            gate,
            pages,
            opened: 0,
        })
    }

    /// The engine.
    pub const fn engine(&self) -> BrowserName {
        self.engine
    }

    /// From now on, `origin` leads to a port of loopback, for this browser. An example is an API at
    /// `https://api.example.com`, with a [`Front`](crate::Front) for TLS. Loopback names lead to their own port without this.
    ///
    /// # Errors
    ///
    /// When it is not the http or https origin of some host.
    pub fn route(&self, origin: &str, port: u16) -> Result<(), Error> {
        let (_, authority) = split(origin)?;
        self.gate.route(authority, port);
        Ok(())
    }

    /// Opens a blank page of an origin: any http or https origin, with or without a port, or `null`,
    /// the opaque origin (of a sandboxed page).
    ///
    /// # Errors
    ///
    /// If it is not such an origin, or if the page's origin in the browser is another one.
    pub fn open(&mut self, origin: &str) -> Result<(), Error> {
        self.opened += 1;
        let number = self.opened;
        let url = if origin == "null" {
            let port = self.pages.http();
            format!("http://localhost:{port}{}{number}", Pages::OPAQUE)
        } else {
            let (https, authority) = split(origin)?;
            let port = if https {
                self.pages.https()
            } else {
                self.pages.http()
            };
            self.gate.route(authority, port);
            format!("{origin}/page/{number}")
        };
        let failed = |error: Error| error.while_doing(&format!("open a page of `{origin}`"));
        let deadline = Instant::now() + OPEN;
        self.driver.navigate(&url, deadline).map_err(failed)?;
        let actual = self
            .wait_for_page(deadline, |href| href == url)
            .map_err(failed)?;
        match actual == origin {
            true => Ok(()),
            false => Err(failed(Error::new(format!(
                "the page's origin in the browser is `{actual}`"
            )))),
        }
    }

    /// Waits until a page is complete whose URL is the right one, and returns its origin.
    ///
    /// Do not wait for the response to the command that opens it: it says nothing about the state of the page.
    fn wait_for_page(
        &mut self,
        deadline: Instant,
        is_right: impl Fn(&str) -> bool,
    ) -> Result<String, Error> {
        let question =
            "(async () => JSON.stringify([location.href, self.origin, document.readyState]))()";
        loop {
            // An answer of the previous page can get lost.
            let soon = Instant::now() + Duration::from_millis(500);
            let now = self.driver.evaluate(question, deadline.min(soon));
            let (page, trouble): ([String; 3], String) = match now {
                Ok(now) => (
                    serde_json::from_str(&now).unwrap_or_default(),
                    String::new(),
                ),
                Err(error) => (<[String; 3]>::default(), format!(" ({error})")),
            };
            let [href, origin, state] = page;
            if state == "complete" && is_right(&href) {
                return Ok(origin);
            }
            if Instant::now() > deadline {
                return Err(Error::new(format!("it is at `{href}` instead{trouble}")));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs fetches in the open page, and returns the result of each, in their order.
    ///
    /// Several run at the same time, started in their order. A URL that occurs again waits until all before it
    /// are done, so repeat a URL to test a preflight cache.
    ///
    /// # Errors
    ///
    /// If the browser does not respond. A fetch that fails is not an error.
    pub fn fetch_all(&mut self, fetches: &[Fetch]) -> Result<Vec<Observed>, Error> {
        let mut observed = Vec::with_capacity(fetches.len());
        let mut rest = fetches;
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(batch_length(rest));
            observed.extend(self.fetch_batch(batch)?);
            rest = later;
        }
        Ok(observed)
    }

    /// Lets the open page do something with a URL (of WebSockets `ws` or `wss`). Returns whether the page learns that it
    /// succeeded, or that it failed. A page that is left learns nothing, and another one has to be opened.
    ///
    /// # Errors
    ///
    /// If the browser does not respond.
    pub fn act(&mut self, action: Action, url: &str) -> Result<Option<bool>, Error> {
        let list = serde_json::json!([action.name(), url, FETCH.as_millis()]);
        let expression = format!("({ACTIONS})(...{list})");
        let deadline = Instant::now() + FETCH * 2;
        let result = self.driver.evaluate(&expression, deadline);
        if action.leaves_page() {
            // The page can be gone before it responds. A navigation that is not complete would delay the next one.
            // In between, a browser can have an empty page.
            let page = format!("/{}", self.opened);
            let is_between = |href: &str| matches!(href, "" | "about:blank");
            self.wait_for_page(deadline, |href| !is_between(href) && !href.ends_with(&page))?;
            return Ok(None);
        }
        let text = result?;
        serde_json::from_str(&text)
            .map_err(|error| Error::new(format!("the page returned `{text}`: {error}")))
    }

    fn fetch_batch(&mut self, fetches: &[Fetch]) -> Result<Vec<Observed>, Error> {
        self.driver.forget()?;
        let list = serde_json::to_string(fetches).map_err(|error| Error::new(error.to_string()))?;
        let timeout = FETCH.as_millis();
        let expression = format!("({SCRIPT})({list}, {WIDTH}, {timeout})");
        let rounds = u32::try_from(fetches.len().div_ceil(WIDTH)).unwrap_or(u32::MAX);
        let deadline = Instant::now() + FETCH.saturating_mul(rounds.saturating_add(1));
        let text = self.driver.evaluate(&expression, deadline)?;
        let attempts: Vec<Attempt> = serde_json::from_str(&text)
            .map_err(|error| Error::new(format!("the page returned `{text}`: {error}")))?;
        let reasons = self.reasons(fetches, &attempts)?;
        let pairs = attempts.into_iter().zip(reasons);
        Ok(pairs
            .map(|(attempt, reason)| Observed {
                outcome: attempt.outcome(),
                reason,
            })
            .collect())
    }

    fn reasons(&mut self, fetches: &[Fetch], attempts: &[Attempt]) -> Result<Vec<Reason>, Error> {
        let mut matcher = Matcher::new(attempts.len());
        for (index, (fetch, attempt)) in fetches.iter().zip(attempts).enumerate() {
            matcher.known_by(index, &attempt.href);
            for url in &fetch.redirects {
                matcher.known_by(index, url);
            }
            if attempt.is_network_error() {
                matcher.owes(index);
            }
        }
        let now = Instant::now();
        while let Some(note) = self.driver.note(now)? {
            matcher.hear(note);
        }
        // Everything so far was read. More messages may come.
        while matcher.is_waiting()
            && let Some(note) = self.driver.note(now + GRACE)?
        {
            matcher.hear(note);
        }
        Ok(matcher.into_reasons())
    }
}

const START: Duration = Duration::from_secs(60);
const OPEN: Duration = Duration::from_secs(20);
/// The time limit of a fetch.
const FETCH: Duration = Duration::from_secs(20);
/// How long to wait for an explanation after the result. Of 8,000 fetches none reached this limit, so it only matters on a
/// busy machine.
const GRACE: Duration = Duration::from_secs(5);
/// How many fetches run at the same time. More are not faster: a browser opens six connections to a host.
const WIDTH: usize = 16;
/// How many fetches the browser returns in one answer.
const BATCH: usize = 500;
const SCRIPT: &str = include_str!("page.js");
const ACTIONS: &str = include_str!("action.js");

/// The exception of a network error, in the three engines.
const NETWORK_ERRORS: [&str; 3] = [
    "TypeError: Failed to fetch",
    "TypeError: NetworkError when attempting to fetch resource.",
    "TypeError: Load failed",
];

/// What `page.js` returns for a fetch.
#[derive(Debug, Deserialize)]
struct Attempt {
    href: String,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    error: Option<String>,
}

impl Attempt {
    /// Whether it ended in a network error. With another exception, `fetch()` sent nothing, and the console shows
    /// no message.
    fn is_network_error(&self) -> bool {
        let error = self.error.as_deref().unwrap_or_default();
        NETWORK_ERRORS.contains(&error)
    }

    fn outcome(self) -> Outcome {
        match self.error {
            Some(error) => Outcome::Blocked { error },
            None => Outcome::Read {
                status: self.status,
                headers: self.headers,
                kind: self.kind,
            },
        }
    }
}

/// How many fetches may run before a URL occurs again.
fn batch_length(fetches: &[Fetch]) -> usize {
    let mut urls = HashSet::new();
    let fresh = fetches.iter().take(BATCH);
    fresh
        .take_while(|fetch| urls.insert(fetch.url.split('#').next()))
        .count()
}

/// Whether an origin is https, and its host and port.
fn split(origin: &str) -> Result<(bool, String), Error> {
    let (scheme, rest) = origin.split_once("://").unwrap_or_default();
    let port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => 0,
    };
    if port == 0 || rest.is_empty() || rest.contains(['/', '?', '#', '@', '\\']) {
        return Err(Error::new(format!(
            "`{origin}` is not an http or https origin"
        )));
    }
    // The colons of an IPv6 address are inside its brackets.
    let has_port = rest
        .rsplit(']')
        .next()
        .is_some_and(|tail| tail.contains(':'));
    let authority = if has_port {
        rest.to_owned()
    } else {
        format!("{rest}:{port}")
    };
    Ok((scheme == "https", authority))
}

#[cfg(test)]
mod tests {
    use super::{batch_length, split};
    use crate::Fetch;

    #[test]
    fn origins() {
        for (origin, expected) in [
            ("http://localhost", Some((false, "localhost:80"))),
            ("http://localhost:3000", Some((false, "localhost:3000"))),
            (
                "https://app.example.com",
                Some((true, "app.example.com:443")),
            ),
            ("http://[::1]", Some((false, "[::1]:80"))),
            ("https://[::1]:8443", Some((true, "[::1]:8443"))),
            ("https://example.com/", None),
            ("https://", None),
            ("ftp://example.com", None),
            ("null", None),
        ] {
            let found = split(origin).ok();
            let expected = expected.map(|(https, authority)| (https, authority.to_owned()));
            assert_eq!(found, expected, "{origin}");
        }
    }

    #[test]
    fn a_url_occurs_once_in_a_batch() {
        for (urls, length) in [
            (&["/a", "/b", "/c"][..], 3),
            (&["/a", "/a?", "/a"], 2),
            (&["/a", "/a#b"], 1),
            (&[], 0),
        ] {
            let fetches: Vec<Fetch> = urls.iter().copied().map(Fetch::get).collect();
            assert_eq!(batch_length(&fetches), length, "{urls:?}");
        }
    }
}
