//! What a page gets, and the assertions about it.

use std::fmt;

use bytes::Bytes;
use cors_browser_model::{Blocked, Engine, FetchOutcome, Kind, Readable, Run, Tainting};
use cors_explain::{FailureCode, PageRequest};

use crate::page::fail;
use crate::text;

/// What a page gets of a request, in each of its browsers. [`Display`](fmt::Display) writes the whole dialogue.
///
/// The assertions end the test with that dialogue, and with the usual causes. They return the same value, so that they can
/// be chained.
#[derive(Clone, Debug)]
pub struct Seen {
    pub(crate) page: PageRequest,
    pub(crate) outcomes: Vec<Outcome>,
}

/// The outcome in one browser.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) engine: Engine,
    pub(crate) run: Run,
    /// The body of the last response.
    pub(crate) body: Bytes,
    /// Why the application did not respond.
    pub(crate) trouble: Option<String>,
}

impl Outcome {
    fn readable(&self) -> Result<&Readable, &Blocked> {
        match &self.run.outcome {
            FetchOutcome::Response(readable) => Ok(readable),
            FetchOutcome::Blocked(blocked) => Err(blocked),
        }
    }
}

impl Seen {
    pub(crate) fn new(page: PageRequest, outcomes: Vec<Outcome>) -> Self {
        Self { page, outcomes }
    }

    /// Asserts that the page can read the response.
    ///
    /// # Panics
    ///
    /// If it cannot.
    #[track_caller]
    pub fn assert_readable(&self) -> &Self {
        for outcome in &self.outcomes {
            match outcome.readable() {
                Ok(readable) if is_opaque(readable) => {
                    self.fail(
                        outcome,
                        "the page should read the response, and may not: it is opaque",
                    );
                }
                Ok(_) => {}
                Err(blocked) => self.fail(
                    outcome,
                    &format!(
                        "the page should read the response, and is blocked: {}",
                        text::reason(blocked)
                    ),
                ),
            }
        }
        self
    }

    /// Asserts that the browser blocks the request or its response. The application may have got the request.
    ///
    /// # Panics
    ///
    /// If the page can read the response, or if the application did not respond at all.
    #[track_caller]
    pub fn assert_blocked(&self) -> &Self {
        for outcome in &self.outcomes {
            if outcome.readable().is_ok() {
                self.fail(
                    outcome,
                    "the page should be blocked, and can read the response",
                );
            }
            if outcome.trouble.is_some() {
                self.fail(
                    outcome,
                    "the browser should block it, and the application did not respond",
                );
            }
        }
        self
    }

    /// Asserts that the browser blocks it for this reason.
    ///
    /// # Panics
    ///
    /// As [`assert_blocked`](Self::assert_blocked), and if the reason is another one.
    #[track_caller]
    pub fn assert_blocked_by(&self, code: FailureCode) -> &Self {
        self.assert_blocked();
        for outcome in &self.outcomes {
            let found = outcome
                .readable()
                .err()
                .map(|blocked| FailureCode::from(&blocked.error));
            if let Some(found) = found.filter(|found| *found != code) {
                let (found, code) = (found.as_str(), code.as_str());
                self.fail(
                    outcome,
                    &format!("it should be blocked by `{code}`, and is by `{found}`"),
                );
            }
        }
        self
    }

    /// Asserts that the page reads this status.
    ///
    /// # Panics
    ///
    /// If it reads another one, or none.
    #[track_caller]
    pub fn status(&self, status: u16) -> &Self {
        self.assert_readable();
        for outcome in &self.outcomes {
            let found = outcome.readable().map_or(0, |readable| readable.status);
            if found != status {
                self.fail(
                    outcome,
                    &format!("the status should be {status}, and is {found}"),
                );
            }
        }
        self
    }

    /// Asserts that the page can read a header.
    ///
    /// # Panics
    ///
    /// If it cannot: the response does not have it, or does not expose it.
    #[track_caller]
    pub fn header(&self, name: &str) -> &Self {
        self.assert_readable();
        for outcome in &self.outcomes {
            let readable = outcome.readable();
            if readable.is_ok_and(|readable| readable.headers.contains(name)) {
                continue;
            }
            let response = outcome.run.exchanges.last();
            let response = response.and_then(|exchange| exchange.response.as_ref());
            let is_sent = response.is_some_and(|response| response.headers.contains(name));
            let name = name.escape_debug();
            self.fail(outcome, &match is_sent {
                true => format!("the page should read the header `{name}`, and `Access-Control-Expose-Headers` does not list it"),
                false => format!("the page should read the header `{name}`, and the response does not have it"),
            });
        }
        self
    }

    /// Asserts that the page cannot read a header.
    ///
    /// # Panics
    ///
    /// If it can.
    #[track_caller]
    pub fn no_header(&self, name: &str) -> &Self {
        for outcome in &self.outcomes {
            if outcome
                .readable()
                .is_ok_and(|readable| readable.headers.contains(name))
            {
                let name = name.escape_debug();
                self.fail(
                    outcome,
                    &format!("the page should not read the header `{name}`, and can"),
                );
            }
        }
        self
    }

    /// Asserts how many preflights each browser sent.
    ///
    /// # Panics
    ///
    /// If there were more or fewer.
    #[track_caller]
    pub fn preflights(&self, count: usize) -> &Self {
        for outcome in &self.outcomes {
            let exchanges = outcome.run.exchanges.iter();
            let found = exchanges
                .filter(|exchange| exchange.kind == Kind::Preflight)
                .count();
            if found != count {
                self.fail(
                    outcome,
                    &format!("there should be {count} preflights, and were {found}"),
                );
            }
        }
        self
    }

    /// The value of a header that the page can read, in the first browser.
    pub fn header_value(&self, name: &str) -> Option<String> {
        let value = self.outcomes.first()?.readable().ok()?.headers.get(name)?;
        Some(String::from_utf8_lossy(&value).into_owned())
    }

    /// The body that the page can read, in the first browser; empty if it can read none.
    pub fn body(&self) -> Bytes {
        let readable = |outcome: &&Outcome| outcome.readable().is_ok_and(|it| !is_opaque(it));
        let outcome = self.outcomes.first().filter(readable);
        outcome
            .map(|outcome| outcome.body.clone())
            .unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body()).into_owned()
    }

    #[track_caller]
    fn fail(&self, outcome: &Outcome, what: &str) {
        let engine = match self.outcomes.len() {
            1 => String::new(),
            _ => format!(" ({})", outcome.engine.name()),
        };
        fail(&format!(
            "{what}{engine}\n\n{}",
            text::Dialogue(&self.page, outcome)
        ))
    }
}

/// Whether a page reads nothing of a response that it gets.
fn is_opaque(readable: &Readable) -> bool {
    matches!(
        readable.tainting,
        Tainting::Opaque | Tainting::OpaqueRedirect
    )
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in &self.outcomes {
            write!(f, "{}", text::Dialogue(&self.page, outcome))?;
        }
        Ok(())
    }
}
