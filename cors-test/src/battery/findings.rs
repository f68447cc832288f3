//! What a check found.

use std::fmt;

use cors_browser_model::{Headers, Response};
use cors_core::text::Printable;
use cors_explain::{Severity, header_lines, masked_url, server};

use super::judge::{self, Exchange, Judged};
use super::origins;
use crate::page::fail;

/// What [`check_application`](super::check_application) found: the most severe first.
/// [`Display`](fmt::Display) writes all of them.
///
/// # Examples
///
/// An application without CORS:
///
/// ```
/// use bytes::Bytes;
/// use cors_test::{Application, Route, Severity, check_application};
///
/// struct Bare;
///
/// impl Application<Bare> for Bare {
///     async fn respond(&mut self, _: http::Request<Bytes>, _: usize) -> Result<http::Response<Bytes>, String> {
///         Ok(http::Response::new(Bytes::new()))
///     }
/// }
///
/// # let mut runtime = tokio::runtime::Builder::new_current_thread();
/// # runtime.build()?.block_on(async {
/// let policy = cors_core::Policy::from_toml("allow_origins = ['https://app.example.com']")?;
/// let findings = check_application(&mut Bare, &policy, &[Route::new("/me")]).await;
/// let finding = findings.iter().next().ok_or("no finding")?;
/// assert_eq!((finding.code(), finding.severity()), ("policy-not-applied", Severity::Error));
/// assert_eq!(finding.message(), "no response has any of the policy's headers");
/// let place = finding.places().first().map(ToString::to_string);
/// assert_eq!(place.as_deref(), Some("OPTIONS /me (preflight for GET): 200, from https://app.example.com"));
///
/// assert!(findings.without("policy-not-applied").is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "findings are not an error by themselves: `assert_none`"]
pub struct Findings {
    findings: Vec<Finding>,
    requests: usize,
}

/// A kind of error, and the requests that show it. [`Display`](fmt::Display) writes it with the first of these requests
/// and its response.
#[derive(Clone, Debug)]
pub struct Finding {
    finding: server::Finding,
    places: Vec<Place>,
    /// The first request, as text.
    example: String,
}

/// A request that shows a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The method.
    pub method: String,
    /// The path and the query, without secrets.
    pub path: String,
    /// The origin.
    pub origin: Option<String>,
    /// What distinguishes the request from an ordinary one of its route: `preflight for PUT`.
    pub note: Option<String>,
    /// The status of the response; `None` if there was none.
    pub status: Option<u16>,
}

impl Findings {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many requests were sent.
    pub fn requests(&self) -> usize {
        self.requests
    }

    /// Those that are not notes. A note has no effect on browsers.
    pub fn without_notes(mut self) -> Self {
        self.findings
            .retain(|finding| finding.severity() != Severity::Note);
        self
    }

    /// Those without a code, which is right for this application.
    pub fn without(mut self, code: &str) -> Self {
        self.findings.retain(|finding| finding.code() != code);
        self
    }

    /// Asserts that there are none.
    ///
    /// # Panics
    ///
    /// If there are some. The message has all of them, and says how to read more about each.
    #[track_caller]
    pub fn assert_none(&self) {
        if !self.is_empty() {
            fail(&self.to_string());
        }
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.findings.iter()
    }
}

impl Finding {
    /// Its code. `cors check --explain CODE` and [`cors_explain::codes`] have a page about it.
    pub fn code(&self) -> &'static str {
        self.finding.code
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.finding.severity
    }

    /// The problem, in lower case, without a full stop.
    pub fn message(&self) -> &str {
        &self.finding.message
    }

    /// What to do about it, in lower case, without a full stop.
    pub fn help(&self) -> &str {
        &self.finding.help
    }

    /// The requests that show it, at least one.
    pub fn places(&self) -> &[Place] {
        &self.places
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, requests) = (self.findings.len(), self.requests);
        match found {
            0 => return writeln!(f, "no findings in {requests} requests"),
            1 => writeln!(f, "1 finding in {requests} requests")?,
            _ => writeln!(f, "{found} findings in {requests} requests")?,
        }
        for finding in self {
            write!(f, "\n{finding}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The number of lines. The first ones show where to look.
        const MAX: usize = 8;
        let severity = match self.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let (code, message) = (self.code(), Printable(self.message()));
        writeln!(f, "{severity}[{code}]: {message}")?;
        // Those that differ only in their origin are next to each other.
        let mut groups = self.places.chunk_by(Place::differs_by_origin);
        for group in groups.by_ref().take(MAX) {
            let [first, others @ ..] = group else {
                continue;
            };
            write!(f, "  {first}")?;
            match others.len() {
                0 => writeln!(f)?,
                more => writeln!(f, " and {more} more")?,
            }
        }
        if let more @ 1.. = groups.flatten().count() {
            writeln!(f, "  and {more} more requests")?;
        }
        writeln!(f, "  help: {}", self.help())?;
        writeln!(f, "  read more: cors check --explain {code}")?;
        write!(f, "{}", self.example)
    }
}

impl Place {
    /// Whether the two differ in nothing else.
    fn differs_by_origin(&self, other: &Self) -> bool {
        (&self.method, &self.path, &self.note, self.status)
            == (&other.method, &other.path, &other.note, other.status)
    }

    /// All but the origin.
    fn without_origin(&self) -> String {
        let note = self.note.as_ref().map(|note| format!(" ({note})"));
        let status = match self.status {
            Some(status) => status.to_string(),
            None => "no response".to_owned(),
        };
        format!(
            "{} {}{}: {status}",
            self.method,
            self.path,
            note.unwrap_or_default()
        )
    }

    fn sender(&self) -> String {
        match &self.origin {
            Some(origin) => format!("from {origin}"),
            None => "without `Origin`".to_owned(),
        }
    }
}

/// `OPTIONS /me (preflight for GET): 401, from https://app.example.com`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.without_origin(), self.sender())
    }
}

/// Collects what is wrong, group by group.
#[derive(Debug, Default)]
pub(super) struct Collector {
    findings: Vec<Finding>,
    requests: usize,
    /// Whether responses for granted origins had the policy's headers, and whether some had none of them.
    applied: bool,
    not_applied: bool,
}

impl Collector {
    /// Adds what is wrong in a group.
    pub(super) fn add(&mut self, group: &Judged) {
        self.requests += group.exchanges.len();
        self.applied |= group.nothing_applied == Some(false);
        self.not_applied |= group.nothing_applied == Some(true);
        for (index, finding) in &group.found {
            if let Some(exchange) = group.exchanges.get(*index) {
                let finding = finding.clone();
                let places = vec![place(group, exchange)];
                merge(&mut self.findings, finding, places, || example(exchange));
            }
        }
    }

    pub(super) fn finish(self) -> Findings {
        let mut findings = Vec::new();
        for found in self.findings {
            let finding = match found.code() {
                // Where the layer is missing does not matter if it is missing everywhere.
                judge::NOT_APPLIED if self.not_applied && !self.applied => judge::never_applied(),
                _ => found.finding,
            };
            merge(&mut findings, finding, found.places, || found.example);
        }
        remove_explained(&mut findings);
        findings.sort_by_key(Finding::severity);
        Findings {
            findings,
            requests: self.requests,
        }
    }
}

/// Makes one finding of those with the same text, as severe as the worst of them.
fn merge(
    findings: &mut Vec<Finding>,
    finding: server::Finding,
    mut places: Vec<Place>,
    example: impl FnOnce() -> String,
) {
    let is_same =
        |known: &&mut Finding| known.code() == finding.code && known.message() == finding.message;
    match findings.iter_mut().find(is_same) {
        Some(known) if finding.severity < known.severity() => {
            // The worst is shown.
            known.finding.severity = finding.severity;
            known.example = example();
            std::mem::swap(&mut known.places, &mut places);
            known.places.append(&mut places);
        }
        Some(known) => known.places.append(&mut places),
        None => findings.push(Finding {
            finding,
            places,
            example: example(),
        }),
    }
}

/// Removes what another finding explains: a server that echoes every origin also echoes `null`, and what preflights allow
/// matters less if other responses allow it, too.
fn remove_explained(findings: &mut Vec<Finding>) {
    const REFLECTED: [&str; 2] = ["reflected-origin-with-credentials", origins::REFLECTED];
    const SIMILAR: [&str; 4] = [
        origins::NULL_ACCEPTED,
        origins::PREFIX,
        origins::SUFFIX,
        origins::HTTP,
    ];
    const PREFLIGHT: &str = "preflight-reflects";
    let has = |code: &&str| findings.iter().any(|finding| finding.code() == *code);
    let reflected = REFLECTED.iter().find(|code| has(code)).copied();
    let is_similar = SIMILAR.iter().any(has);
    findings.retain(|finding| {
        let code = finding.code();
        let is_explained = match reflected {
            Some(reflected) => {
                REFLECTED.contains(&code) && code != reflected || SIMILAR.contains(&code)
            }
            None => false,
        };
        let is_preflight = code == PREFLIGHT && (reflected.is_some() || is_similar);
        !is_explained && !is_preflight
    });
}

fn place(group: &Judged, exchange: &Exchange) -> Place {
    let sent = &exchange.probe.sent;
    Place {
        method: sent.method.clone(),
        path: masked_url(crate::wire::target(&sent.url)),
        origin: (exchange.probe.sender.as_ref()).map(|sender| sender.origin.clone()),
        note: group.asks.note(),
        status: (exchange.response.as_ref().ok()).map(|response| response.status),
    }
}

/// A request, its response, and that of the policy.
fn example(exchange: &Exchange) -> String {
    let sent = &exchange.probe.sent;
    let mut text = format!("\n  > {} {}\n", sent.method, masked_url(sent.url.as_str()));
    add_lines(&mut text, '>', &sent.headers);
    match &exchange.response {
        Ok(Response {
            status,
            reason,
            headers,
        }) => {
            text += &format!("  < {}\n", format!("{status} {reason}").trim_end());
            add_lines(&mut text, '<', headers);
        }
        Err(_) => text += "  < no response\n",
    }
    text += "  with the policy:\n";
    let answer = &exchange.answer;
    match answer.status {
        Some(status) => text += &format!("  < {status}\n"),
        None => text += "  < the status of the application\n",
    }
    add_lines(&mut text, '<', &answer.headers);
    text
}

fn add_lines(text: &mut String, mark: char, headers: &Headers) {
    for (name, value) in header_lines(headers) {
        let line = format!("  {mark} {name}: {value}");
        *text += line.trim_end();
        text.push('\n');
    }
}
