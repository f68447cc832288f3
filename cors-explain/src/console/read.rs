//! Joins the texts that were found to messages, each about one failure.

use cors_browser_model::{Engine, NetworkError};

use super::keys;
use super::message::{Facts, Message};
use super::template::{Match, Role};
use super::templates;
use super::text::Compact;
use crate::failure_code::FailureCode;

/// The messages of a pasted text, in its order; empty if it has no message about CORS.
pub(super) fn read(pasted: &str) -> Vec<Message> {
    let messages = settle(group(matches(&Compact::new(pasted))));
    match messages.is_empty() {
        true => settle(keys::read(pasted)),
        false => messages,
    }
}

/// The texts in a pasted text. None of them is within another.
pub(super) fn matches(text: &Compact) -> Vec<Match> {
    let mut found: Vec<_> = templates::all()
        .flat_map(|template| template.matches(text))
        .collect();
    // The longest first, which has the most facts.
    found.sort_by_key(|found| (found.range.start, usize::MAX - found.range.end));
    let mut end = 0;
    found.retain(|found| {
        let is_outside = found.range.start >= end;
        if is_outside {
            end = found.range.end;
        }
        is_outside
    });
    found.truncate(MAX_MATCHES);
    found
}

/// A pasted text may be a day's log; more messages would not be read.
const MAX_MATCHES: usize = 1_000;

/// A message that is not complete yet.
struct Open {
    failure: Option<FailureCode>,
    engine: Option<Engine>,
    facts: Facts,
    end: usize,
}

/// Between the parts of a message there is only punctuation. Parts that are further apart belong to different messages.
const MAX_DISTANCE: usize = 20;

fn group(matches: Vec<Match>) -> Vec<Message> {
    let mut messages: Vec<Open> = Vec::new();
    for found in matches {
        let Match {
            template,
            range,
            mut facts,
        } = found;
        let last = messages.last_mut();
        let last = last.filter(|open| range.start.saturating_sub(open.end) <= MAX_DISTANCE);
        let unnamed = last.as_ref().is_some_and(|open| open.failure.is_none());
        let (failure, continues) = match template.role {
            Role::Closes if last.is_none() => continue,
            Role::Closes => (None, true),
            Role::Opens => (None, false),
            Role::OpensPreflight => {
                facts.preflight = Some(true);
                (None, unnamed)
            }
            Role::Names(failure) | Role::Vague(failure @ FailureCode::NoResponse) => {
                (Some(failure), unnamed)
            }
            Role::Vague(failure) | Role::Bare(failure) => (Some(failure), false),
        };
        let last = last.filter(|_| continues);
        facts.kind = facts.kind.or_else(|| kind(template.text));
        match last {
            Some(open) => {
                open.failure = open.failure.or(failure);
                // The browser that began the message continues it.
                open.engine = open.engine.or(template.engine);
                open.facts.fill(facts);
                open.end = range.end;
            }
            None => messages.push(Open {
                failure,
                engine: template.engine,
                facts,
                end: range.end,
            }),
        }
    }
    messages.into_iter().filter_map(Open::finish).collect()
}

impl Open {
    /// The message; `None` if only its beginning was found, which other programs print, too.
    fn finish(self) -> Option<Message> {
        let Self {
            failure,
            engine,
            mut facts,
            ..
        } = self;
        if failure.is_none() && engine.is_none() && facts.kind.is_none() {
            return None;
        }
        // A reason that is not known, or was not pasted.
        let failure = match (failure.unwrap_or(FailureCode::FetchFailed), &facts.value) {
            // Firefox has one text for all values, and Chromium called `null` invalid.
            (FailureCode::AllowOriginMismatch | FailureCode::AllowOriginInvalid, Some(value)) => {
                let value = value.clone();
                FailureCode::from(&NetworkError::AllowOriginMismatch { value })
            }
            (failure, _) => failure,
        };
        let of_preflight = is_of_preflight(failure);
        // Chromium prints it if it was the preflight.
        let of_response =
            engine == Some(Engine::Chromium) && facts.kind.is_some() && is_check(failure);
        if facts.preflight.is_none() && (of_preflight || of_response) {
            facts.preflight = Some(of_preflight);
        }
        Some(Message {
            failure,
            engine,
            facts,
        })
    }
}

/// Facts about the request that WebKit, and Chromium before 2018, add to a message.
fn kind(text: &str) -> Option<String> {
    let kinds = [("Fetch API", "fetch"), ("XMLHttpRequest", "XMLHttpRequest")];
    let kind = kinds.iter().find(|(start, _)| text.starts_with(start))?;
    Some(kind.1.to_owned())
}

/// Whether only a preflight can fail in this way.
fn is_of_preflight(failure: FailureCode) -> bool {
    matches!(
        failure,
        FailureCode::PreflightNotOk
            | FailureCode::PreflightRedirect
            | FailureCode::AllowMethodsSyntax
            | FailureCode::AllowHeadersSyntax
            | FailureCode::MethodNotAllowed
            | FailureCode::HeaderNotAllowed
            | FailureCode::AuthorizationNotListed
    )
}

/// Whether it is the CORS check, which every response has to pass.
fn is_check(failure: FailureCode) -> bool {
    matches!(
        failure,
        FailureCode::AllowOriginMissing
            | FailureCode::AllowOriginWildcard
            | FailureCode::AllowOriginMultiple
            | FailureCode::AllowOriginInvalid
            | FailureCode::AllowOriginMismatch
            | FailureCode::AllowCredentials
    )
}

/// One message for each failure: browsers print several lines about one, and people paste them twice.
fn settle(found: Vec<Message>) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut last = 0;
    for message in found {
        let known = messages.iter().rposition(|known| known.covers(&message));
        let reason = messages.get(last).cloned();
        last = known.unwrap_or(messages.len());
        match messages.get_mut(last) {
            Some(known) => known.fill(message),
            None => messages.push(match reason {
                Some(reason) => reason.repeated_for(message),
                None => message,
            }),
        }
    }
    // The lines before the line that says more.
    let mut settled: Vec<Message> = Vec::new();
    while let Some(message) = messages.pop() {
        let known = settled
            .iter_mut()
            .rev()
            .find(|known| known.rank() > message.rank() && known.covers(&message));
        match known {
            Some(known) => known.fill(message),
            None => settled.push(message),
        }
    }
    settled.reverse();
    if settled.iter().any(|message| message.rank() > 0) {
        settled.retain(|message| message.rank() > 0 || message.facts != Facts::default());
    }
    settled
}

impl Message {
    /// How much it says about the reason.
    fn rank(&self) -> u8 {
        match self.failure {
            FailureCode::FetchFailed => 0,
            FailureCode::NoResponse => 1,
            // Firefox, after a redirect of a preflight.
            FailureCode::PreflightNotOk => 2,
            _ => 3,
        }
    }

    /// Whether it says so little that the reason may not be CORS.
    pub(super) fn may_be_anything(&self) -> bool {
        self.rank() == 0 && self.facts.origin.is_none()
    }

    /// Whether the other is a line about the same failure that says no more about the reason.
    fn covers(&self, other: &Self) -> bool {
        let same_reason = self.failure == other.failure
            || other.rank() < 2 && self.rank() > other.rank()
            || self.failure == FailureCode::PreflightRedirect
                && other.failure == FailureCode::PreflightNotOk;
        let same_engine =
            self.engine.is_none() || other.engine.is_none() || self.engine == other.engine;
        same_reason && same_engine && self.facts.agree(&other.facts)
    }

    /// WebKit prints the reason in one line, and the URL in the next. If the same reason was printed before for
    /// another URL, the first line was taken for a repetition.
    fn repeated_for(mut self, other: Self) -> Self {
        let is_next = self.engine == Some(Engine::WebKit) && other.engine == self.engine;
        if !is_next || other.failure != FailureCode::FetchFailed || self.rank() == 0 {
            return other;
        }
        self.facts.url = None;
        self.facts.kind = None;
        self.fill(other);
        self
    }

    fn fill(&mut self, other: Self) {
        let is_cancelled = self.engine == Some(Engine::Firefox)
            && self.rank() > 1
            && other.failure == FailureCode::NoResponse;
        let is_redirect = |status: u16| (300..=399).contains(&status);
        let was_redirect = self.facts.status.is_none_or(is_redirect);
        // Firefox cancels a request if its preflight or its redirect fails, and prints that, too.
        if is_cancelled && !was_redirect {
            self.facts.preflight = self.facts.preflight.or(Some(true));
        }
        self.engine = self.engine.or(other.engine);
        self.facts.fill(other.facts);
    }
}
