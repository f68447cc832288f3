//! Advice about a message: the page's section about the failure, adapted to the facts in the message.

use cors_browser_model::{Blocked, Kind, NetworkError};

use super::command;
use super::evidence;
use super::message::{Facts, Message};
use super::page::Section;
use super::remedy::{self, Example};
use crate::failure_code::FailureCode;

/// Users do not read more.
const MAX_CAUSES: usize = 3;

/// The probable causes of a failure, and what helps.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Advice {
    /// What the failure is, in a sentence.
    pub summary: String,
    /// Why it failed, the most likely first.
    pub causes: Vec<String>,
    /// What to do.
    pub remedies: Vec<Remedy>,
    /// Commands that say more about this request.
    pub commands: Vec<String>,
}

/// One way to correct it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remedy {
    /// Where to do it: `In the policy`.
    pub place: String,
    /// What to do.
    pub text: String,
    /// What to write there.
    pub code: Vec<String>,
}

impl Advice {
    /// The advice about a message.
    pub fn new(message: &Message) -> Self {
        let section = Section::of(message.failure);
        Self {
            causes: causes(&section, message),
            remedies: remedies(&section, message),
            commands: command::commands(message),
            summary: section.summary,
        }
    }

    /// The advice about a failure in the model of the browser.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Engine, Origin, Request, Response, Url, judge_preflight};
    /// use cors_explain::console::Advice;
    ///
    /// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
    /// let put = Request::new(Url::parse("https://api.example.com/")?, page).method("PUT");
    /// let unauthorized = Response::new(401, [("WWW-Authenticate", "Bearer")]);
    /// let judged = judge_preflight(Engine::Standard, &put, &unauthorized);
    /// let blocked = judged.result.err().ok_or("allowed")?;
    /// assert!(Advice::of(&blocked).causes[0].starts_with("Authentication"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(blocked: &Blocked) -> Self {
        Self::new(&Message {
            failure: FailureCode::from(&blocked.error),
            engine: None,
            facts: Facts {
                url: Some(blocked.url.to_string()),
                redirected_from: (blocked.first_url != blocked.url)
                    .then(|| blocked.first_url.to_string()),
                location: blocked.location.as_ref().map(ToString::to_string),
                origin: Some(blocked.origin.clone()),
                preflight: Some(blocked.kind == Some(Kind::Preflight)),
                method: Some(blocked.method.clone()),
                header: match &blocked.error {
                    NetworkError::HeadersNotAllowed { names } => names.first().cloned(),
                    _ => None,
                },
                value: match &blocked.error {
                    NetworkError::AllowOriginMismatch { value } => Some(value.clone()),
                    NetworkError::AllowCredentials { value } => value.clone(),
                    _ => None,
                },
                status: blocked.status,
                ..Facts::default()
            },
        })
    }

    /// Whether two messages differ only in the request that they are about.
    pub fn repeats(&self, other: &Self) -> bool {
        (&self.causes, &self.remedies) == (&other.causes, &other.remedies)
    }
}

fn causes(section: &Section, message: &Message) -> Vec<String> {
    let likely = evidence::likely(message);
    let rank = |cause: &&String| {
        let place = likely.iter().position(|start| cause.starts_with(start));
        place.unwrap_or(likely.len())
    };
    let causes = section.causes.iter();
    let causes = causes.filter(|cause| !evidence::excludes(message, cause));
    let mut ranked: Vec<_> = causes.collect();
    ranked.sort_by_key(rank);
    let seen = evidence::seen(message).into_iter();
    seen.chain(ranked.into_iter().cloned())
        .take(MAX_CAUSES)
        .collect()
}

fn remedies(section: &Section, message: &Message) -> Vec<Remedy> {
    let Example {
        policy,
        header,
        page,
    } = remedy::example(message);
    let remedies = section.remedies.iter();
    let remedies = remedies.filter(|(place, text)| evidence::helps(place, text, message));
    let mut fixes: Vec<_> = remedies
        .map(|(place, text)| Remedy {
            code: match place.as_str() {
                "In the policy" => policy.clone(),
                "In the page" => page.clone(),
                _ => Vec::new(),
            },
            place: place.clone(),
            text: text.clone(),
        })
        .collect();
    if !header.is_empty() {
        let fix = Remedy {
            place: "Without a policy file".to_owned(),
            text: "send this header with the response".to_owned(),
            code: header,
        };
        let policy = fixes.iter().position(|fix| fix.place == "In the policy");
        fixes.insert(policy.map_or(0, |policy| policy + 1), fix);
    }
    // The others keep their order.
    let first = evidence::first_place(message);
    fixes.sort_by_key(|fix| first.is_none_or(|place| fix.place != place));
    fixes
}
