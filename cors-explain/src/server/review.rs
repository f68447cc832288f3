//! Findings about responses, independent of the result of the request.

use std::collections::HashSet;

use cors_browser_model::{Exchange, Kind, Response, SentRequest};

use super::finding::Finding;
use super::header::{
    ALLOW_CREDENTIALS, MAX_AGE, allows_credentials, names_everybody, names_origin, value,
    varies_by_origin,
};
use crate::diagnostic::Severity;

/// The findings about these exchanges, each once. The [module](super) has an example.
pub fn review(exchanges: &[Exchange]) -> Vec<Finding> {
    let answered = exchanges
        .iter()
        .filter_map(|exchange| Some((exchange, exchange.response.as_ref()?)));
    let findings = answered.flat_map(|(exchange, response)| {
        let preflight = match exchange.kind {
            Kind::Preflight => max_age(response),
            Kind::Actual => missing_vary(&exchange.sent, response),
        };
        let credentials = wildcard_with_credentials(response).or_else(|| not_true(response));
        [preflight, credentials].into_iter().flatten()
    });
    let mut codes = HashSet::new();
    findings
        .filter(|finding| codes.insert(finding.code))
        .collect()
}

/// A response that names the page's origin, without telling caches that it depends on `Origin`.
fn missing_vary(sent: &SentRequest, response: &Response) -> Option<Finding> {
    let origin = value(&sent.headers, "Origin")?;
    if !names_origin(response, &origin) || varies_by_origin(response) {
        return None;
    }
    let vary = value(&response.headers, "Vary").unwrap_or_default();
    let compressed = vary.to_ascii_lowercase().contains("accept-encoding");
    let (with, more) = match compressed {
        true => (
            format!("and `Vary: {vary}`"),
            "; what compresses the response may replace the application's `Vary`: it has to add to it",
        ),
        false => (String::new(), ""),
    };
    let with = format!("{with} without `Vary: Origin`");
    Some(Finding::warning(
        "missing-vary",
        format!(
            "the response has `Access-Control-Allow-Origin: {origin}` {}",
            with.trim_start()
        ),
        format!(
            "a cache may send this response to pages of other origins, which are then blocked; send `Vary: Origin` \
             with every response, also for requests without `Origin`; it is not needed only if every response has the \
             same origin{more}"
        ),
    ))
}

/// `*` together with credentials, which browsers reject.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Response;
/// use cors_explain::server::wildcard_with_credentials;
///
/// let lines = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true")];
/// let finding = wildcard_with_credentials(&Response::new(200, lines));
/// assert!(finding.is_some_and(|finding| finding.code == "wildcard-with-credentials"));
/// ```
pub fn wildcard_with_credentials(response: &Response) -> Option<Finding> {
    (names_everybody(response) && allows_credentials(response)).then(|| {
        Finding::warning(
            "wildcard-with-credentials",
            "the response has `Access-Control-Allow-Origin: *` and `Access-Control-Allow-Credentials: true`"
                .to_owned(),
            "browsers block requests with credentials if the value is `*`; if pages need cookies, send the origin of \
             the request if it is on a list, and `Vary: Origin`; if not, remove `Access-Control-Allow-Credentials`",
        )
    })
}

fn not_true(response: &Response) -> Option<Finding> {
    let value = value(&response.headers, ALLOW_CREDENTIALS)?;
    let severity = match value.as_str() {
        "true" => return None,
        "false" => Severity::Note,
        _ => Severity::Warning,
    };
    let finding = Finding::warning(
        "allow-credentials-not-true",
        format!("`Access-Control-Allow-Credentials` is `{value}`, which browsers ignore"),
        "the only valid value is `true`, in lower case and once; remove the header if credentials are not intended",
    );
    Some(finding.with_severity(severity))
}

fn max_age(response: &Response) -> Option<Finding> {
    let is_granted = (200..=299).contains(&response.status)
        && response.headers.contains("Access-Control-Allow-Origin");
    if !is_granted {
        return None;
    }
    match value(&response.headers, MAX_AGE) {
        None => Some(
            Finding::warning(
                "no-max-age",
                "the response to the preflight has no `Access-Control-Max-Age`".to_owned(),
                "browsers then cache it for only five seconds; `Access-Control-Max-Age: 86400` saves requests \
                 (Chromium uses at most two hours of it, WebKit ten minutes)",
            )
            .with_severity(Severity::Note),
        ),
        Some(value) if value.parse::<i64>().is_err() => Some(Finding::warning(
            "max-age-invalid",
            format!("`Access-Control-Max-Age` is `{value}`, which is not a number of seconds"),
            "browsers ignore it; send only a number, such as `86400`",
        )),
        Some(_) => None,
    }
}
