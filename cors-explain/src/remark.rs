//! Remarks about a policy's part in the result of a request.

use std::ops::Range;

use cors_browser_model::{
    CORS_SAFELISTED_RESPONSE_HEADER_NAMES, Credentials, Exchange, Kind, Readable, SentRequest,
    Tainting,
};
use cors_core::adapter::{Decision, Verdict};
use cors_core::{Grant, GrantId};

use crate::fix::matches;
use crate::policy_server::Head;
use crate::request::PageRequest;
use crate::simulation::readable_text;
use crate::source::{Source, ValidPolicy};
use crate::text::{Printable, enumerate};

/// The policy's reason for its response in an exchange, and the responsible line.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Origin, Request, Url};
/// use cors_explain::{PolicyServer, Simulation, Source, ok_application, remark};
///
/// let source = Source::new("cors.toml", "# mine\nallow_origins = ['https://app.example.com']");
/// let valid = source.load()?;
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let get = Request::new(Url::parse("https://api.example.com/")?, page);
/// let mut server = PolicyServer::new(&valid.policy, &ok_application);
/// let simulation = Simulation::new(&get, &mut server);
/// let (_, run) = simulation.shown().ok_or("no run")?;
/// let exchange = run.exchanges.first().ok_or("nothing was sent")?;
/// assert!(remark(&source, &valid, exchange).contains("(cors.toml:2)"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn remark(source: &Source, valid: &ValidPolicy, exchange: &Exchange) -> String {
    let explanation = valid.policy.explain(&Head(&exchange.sent));
    let mut remark = explanation.to_string();
    if let Verdict::Granted(grant) = explanation.decision().verdict() {
        let (place, in_set) = granting(valid, grant, &exchange.sent);
        let (line, _) = source.line_and_column(place.start);
        remark = format!("{remark} ({}:{line}{in_set})", Printable(&source.name));
    }
    match (exchange.kind, explanation.decision()) {
        (Kind::Preflight, _) => remark,
        (Kind::Actual, Decision::Refuse(_)) => format!("{remark}; the application is not reached"),
        (Kind::Actual, _) => format!("{remark}; status and body are the application's"),
    }
}

/// The place of the pattern that a granted origin matches, or of the set that has it. Of a set, also the file and line.
fn granting(valid: &ValidPolicy, grant: GrantId, sent: &SentRequest) -> (Range<usize>, String) {
    let origin = sent.headers.get("Origin").unwrap_or_default();
    let origin = String::from_utf8_lossy(&origin);
    let patterns = valid.grant(grant).map(|grant| &grant.allow_origins);
    let index = patterns.and_then(|patterns| {
        patterns
            .iter()
            .position(|pattern| matches(pattern, &origin))
    });
    if index.is_none()
        && let Some((set, file, line)) = valid.set_with(grant, sent.url.path(), &origin)
    {
        let line = format!(", {}:{line}", Printable(file.name()));
        return (valid.set_span(grant, set), line);
    }
    let place = valid.span(grant, "allow_origins", index);
    (place, String::new())
}

/// What the page may read with a policy that allows its request, whatever the application answers.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Origin, Request, Url, FetchOutcome};
/// use cors_explain::{
///     PageRequest, PolicyServer, Simulation, Source, ok_application, readable_by_policy,
/// };
///
/// let text = "allow_origins = ['https://app.example.com']\nexpose_headers = ['*']";
/// let valid = Source::new("cors.toml", text).load()?;
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let get = Request::new(Url::parse("https://api.example.com/")?, page);
/// let page = PageRequest::new(get, None);
/// let mut server = PolicyServer::new(&valid.policy, &ok_application);
/// let simulation = Simulation::new(&page.request, &mut server);
/// let (_, run) = simulation.shown().ok_or("no run")?;
/// let FetchOutcome::Response(readable) = &run.outcome else { return Err("blocked".into()) };
/// assert_eq!(
///     readable_by_policy(&valid, &page, readable),
///     "the page may read the status, the body and all headers"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn readable_by_policy(valid: &ValidPolicy, page: &PageRequest, readable: &Readable) -> String {
    if readable.tainting == Tainting::Opaque || readable.status == 101 {
        return readable_text(readable);
    }
    if readable.tainting == Tainting::Basic {
        return "the page may read all of the response except `Set-Cookie`".to_owned();
    }
    let grant = granting_grant(valid, page);
    let exposed = grant
        .map(|grant| grant.expose_headers.as_slice())
        .unwrap_or_default();
    let all =
        exposed.iter().any(|name| name == "*") && page.request.credentials != Credentials::Include;
    if all {
        return "the page may read the status, the body and all headers".to_owned();
    }
    let names = CORS_SAFELISTED_RESPONSE_HEADER_NAMES
        .into_iter()
        .chain(exposed.iter().map(String::as_str));
    let names: Vec<_> = names.collect();
    format!(
        "the page may read the status, the body and the headers {}",
        enumerate(&names)
    )
}

/// The grant that the page's request has.
fn granting_grant<'a>(valid: &'a ValidPolicy, page: &PageRequest) -> Option<&'a Grant> {
    let sent = SentRequest {
        method: page.request.method.clone(),
        url: page.request.url.clone(),
        headers: [("Origin", page.request.origin.to_string().as_str())].into(),
        credentials: false,
    };
    match valid.policy.decide(&Head(&sent)).verdict() {
        Verdict::Granted(grant) => valid.grant(grant),
        Verdict::NoGrant | Verdict::NoOrigin => None,
    }
}
