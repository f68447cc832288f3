//! Faults of a deployment: what a gateway or another program in front of a policy's middleware does to responses.

mod halves;

use cors_browser_model::{Exchange, Kind, Response, Url};
use cors_core::Policy;

use self::halves::preflight_by_gateway;

use super::difference::{Comparison, Difference};
use super::finding::Finding;
use super::header::{ALLOW_CREDENTIALS, ALLOW_ORIGIN, value, varies_by_origin};
use crate::diagnostic::Severity;
use crate::policy_server::PolicyAnswer;
use crate::text::Short;

/// The fault of the deployment that explains why the responses of a server differ from a policy, with how sure it is and
/// what to do about it. `None` if the responses do not show one. [`not_forwarded`](super::not_forwarded) finds another
/// one.
///
/// `exchanges` are those of one run with the server that has the policy. A run without a preflight, or one that ended with its
/// preflight, is only one half: more faults show if the other half is sent, too, and is given at its place, with a preflight
/// directly before its request.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Headers, Origin, Request, Response, SentRequest, Url};
/// use cors_explain::server::fault;
/// use cors_explain::{PolicyAnswer, Simulation};
///
/// let policy = "allow_origins = ['https://app.example.com']\nallow_methods = ['PUT']";
/// let policy = cors_core::Policy::from_toml(policy)?;
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let mut put = Request::new(Url::parse("https://api.example.com/")?, page);
/// put.method = "PUT".to_owned();
/// let code = |status: u16| {
///     // The preflight gets the policy's response, and the actual request none of the policy's headers.
///     let mut server = |sent: &SentRequest| {
///         let answer = PolicyAnswer::new(&policy, sent);
///         Some(match answer.status {
///             Some(preflight) => Response::new(preflight, answer.headers),
///             None => Response::new(status, Headers::new()),
///         })
///     };
///     let simulation = Simulation::new(&put, &mut server);
///     let (_, run) = simulation.shown()?;
///     fault(&policy, &run.exchanges).map(|finding| finding.code)
/// };
/// assert_eq!(code(413), Some("gateway-error"));
/// assert_eq!(code(200), Some("headers-dropped"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fault<'a>(
    policy: &Policy,
    exchanges: impl IntoIterator<Item = &'a Exchange>,
) -> Option<Finding> {
    let compared: Vec<_> = exchanges
        .into_iter()
        .filter_map(|exchange| Compared::new(policy, exchange))
        .collect();
    let all = || compared.iter();
    all()
        .find_map(not_refused)
        .or_else(|| all().find_map(second_writer))
        .or_else(|| all().find_map(|it| gateway_error(it, &compared)))
        .or_else(|| all().find_map(preflight_forwarded))
        .or_else(|| compared.windows(2).find_map(preflight_by_gateway))
        .or_else(|| all().find_map(|it| headers_dropped(it, &compared)))
}

/// A response, compared with the policy.
struct Compared<'a> {
    kind: Kind,
    url: &'a Url,
    response: &'a Response,
    answer: PolicyAnswer,
    differences: Vec<Difference>,
}

impl<'a> Compared<'a> {
    fn new(policy: &Policy, exchange: &'a Exchange) -> Option<Self> {
        let response = exchange.response.as_ref()?;
        let (kind, sent) = (exchange.kind, &exchange.sent);
        let answer = PolicyAnswer::new(policy, sent);
        let differences = Comparison::new(kind, sent, response, &answer).differences;
        Some(Self {
            kind,
            url: &sent.url,
            response,
            answer,
            differences,
        })
    }

    /// Whether the response is the policy's.
    fn is_exact(&self) -> bool {
        self.differences.is_empty()
    }

    /// Whether the response shows that the server applies the policy.
    fn shows_policy(&self) -> bool {
        self.is_granted() && self.is_exact()
    }

    /// Whether the page may read the response, with the policy.
    fn is_granted(&self) -> bool {
        self.answer.headers.contains(ALLOW_ORIGIN)
    }

    fn has_cors(&self) -> bool {
        let mut names = self.response.headers.iter().map(|header| &header.name);
        names.any(|name| name.to_ascii_lowercase().starts_with(b"access-control-"))
    }

    /// The policy's response has `Vary: Origin`, and this one does not.
    fn lost_vary(&self) -> bool {
        let answer = Response::new(self.response.status, self.answer.headers.clone());
        varies_by_origin(&answer) && !varies_by_origin(self.response)
    }
}

/// A request that the policy refuses, and that reached something else.
fn not_refused(compared: &Compared<'_>) -> Option<Finding> {
    let refused = compared.answer.status?;
    let status = compared.response.status;
    // The gateway's own error does not show that the application got the request.
    let is_gateway_error = remedy(status).is_some() && !compared.has_cors();
    if compared.kind == Kind::Preflight || status == refused || is_gateway_error {
        return None;
    }
    let finding = Finding::warning(
        "not-refused",
        format!(
            "the policy refuses this request with status {refused}, and the server responded with status {status}: a page of \
             another origin can send it with the user's cookies"
        ),
        "apply the policy outermost, with a middleware that knows `refuse`, or with all files of `cors export`; a middleware \
         that only sends headers refuses nothing",
    );
    Some(finding.with_severity(Severity::Error))
}

/// A preflight that another program responds to, with the policy's headers. The policy's own status depends on no request, and
/// no version of a policy has one that fails.
fn preflight_forwarded(compared: &Compared<'_>) -> Option<Finding> {
    let status = compared.response.status;
    let is_only_status =
        matches!(&*compared.differences, [only] if only.field == Difference::STATUS);
    let is_ok = (200..=299).contains(&status);
    if compared.kind != Kind::Preflight || !compared.is_granted() || !is_only_status || is_ok {
        return None;
    }
    Some(Finding::warning(
        "preflight-forwarded",
        format!(
            "the response to the preflight has the policy's headers and status {status}: the application or another layer \
             responded, and something adds the headers to its response"
        ),
        "let the policy respond to preflights: include `cors.server.conf` of `cors export nginx` in the `server` block, next to \
         `cors.headers.conf`, or use a middleware that responds to preflights itself, and apply it outermost",
    ))
}

fn second_writer(compared: &Compared<'_>) -> Option<Finding> {
    let name = [ALLOW_ORIGIN, ALLOW_CREDENTIALS]
        .into_iter()
        .find(|name| has_another(compared, name))?;
    Some(Finding::warning(
        "second-writer",
        format!(
            "`{name}` has several values, and the policy's is one of them: another program or another layer writes \
             this header, too"
        ),
        "only one may write the headers of CORS; remove them from the gateway (nginx: `add_header Access-Control-*`; \
         Envoy: the CORS filter) and from any other middleware; or let nginx write them: `cors.headers.conf` of \
         `cors export nginx` hides those of the application",
    ))
}

/// Whether a header has the policy's value and another one, which may be equal to it.
fn has_another(compared: &Compared<'_>, name: &str) -> bool {
    let headers = &compared.response.headers;
    let (Some(policy), Some(server)) =
        (value(&compared.answer.headers, name), value(headers, name))
    else {
        return false;
    };
    let values: Vec<_> = server.split(',').map(str::trim).collect();
    let others = values.iter().filter(|value| **value != policy).count();
    let own = values.len() - others;
    // One program alone may write all origins that it allows, in error. The policy's middleware writes `Vary`, too.
    let is_list = own == 1 && !values.contains(&"*") && !varies_by_origin(compared.response);
    own > 0 && values.len() > 1 && !is_list
}

fn gateway_error(compared: &Compared<'_>, all: &[Compared<'_>]) -> Option<Finding> {
    let is_at_work = all.iter().any(Compared::shows_policy);
    let status = compared.response.status;
    let remedy = remedy(status)?;
    if compared.has_cors() || !compared.is_granted() {
        return None;
    }
    // A gateway that has the policy writes `Vary: Origin` on every error, and the rest only if it has read `Origin` before
    // the error. With 400, it can also be an application that does not get `Origin`.
    let is_early = matches!(status, 414 | 431) || (status == 400 && is_at_work);
    if varies_by_origin(compared.response) && !is_early {
        return None;
    }
    let server = gateway_name(compared.response);
    let named = match &server {
        Some(server) => format!("; `Server: {server}` names the gateway"),
        None => String::new(),
    };
    let start = format!("the response with status {status} does not have the policy's headers");
    let message = match server {
        _ if is_at_work => format!(
            "{start}, and another response is the policy's: something outside of the policy wrote this one, probably the \
             gateway itself{named}"
        ),
        _ if matches!(status, 502 | 504) => format!(
            "{start}, and a gateway sends this status when the application does not respond: it is probably the \
             gateway's own{named}"
        ),
        Some(server) => format!(
            "{start}, `Server: {server}` names a gateway, and gateways send this status themselves: it is perhaps the \
             gateway's own; it can also be an error of the application, outside of the policy's middleware, that the \
             gateway forwarded"
        ),
        None => return None,
    };
    Some(Finding::warning(
        "gateway-error",
        message,
        format!("look into the log of the gateway; {remedy}"),
    ))
}

/// What to do about an error of a gateway. `None` for a status that gateways do not send themselves.
fn remedy(status: u16) -> Option<String> {
    let cause = match status {
        400 | 414 | 431 => {
            return Some(
                "the gateway could not read the request: its URL or its headers are too long (nginx: \
                 `large_client_header_buffers`) or not valid; the gateway may send such an error before it has read \
                 `Origin`, and then nothing can add the headers"
                    .to_owned(),
            );
        }
        408 => "the request came too slowly (nginx: `client_body_timeout`)",
        413 => {
            "the body is too large: set the limit of the gateway (nginx: `client_max_body_size`) above that of the \
             application, which then responds itself"
        }
        429 => "the gateway limits the number of requests (nginx: `limit_req`)",
        502 => {
            "the gateway could not connect to the application, or got a response that is not valid"
        }
        503 => {
            "the gateway cannot forward to the application, or limits the number of requests (nginx: `limit_req`)"
        }
        504 => "the application did not respond in time (nginx: `proxy_read_timeout`)",
        _ => return None,
    };
    Some(format!(
        "{cause}; pages can read the gateway's own errors if it writes the headers itself: `cors export nginx` makes \
         the configuration, and `cors.headers.conf` of it has `add_header ... always`"
    ))
}

/// The value of `Server`, if it is that of a program that is used as a gateway.
fn gateway_name(response: &Response) -> Option<String> {
    const NAMES: [&str; 16] = [
        "akamaighost",
        "apache",
        "awselb",
        "caddy",
        "cloudflare",
        "cloudfront",
        "envoy",
        "haproxy",
        "istio-envoy",
        "kong",
        "microsoft-azure-application-gateway",
        "nginx",
        "openresty",
        "tengine",
        "traefik",
        "varnish",
    ];
    let server = value(&response.headers, "Server")?;
    let name = server.split(['/', ' ']).next()?.to_ascii_lowercase();
    NAMES.contains(&&*name).then(|| Short(&server).to_string())
}

fn headers_dropped(compared: &Compared<'_>, all: &[Compared<'_>]) -> Option<Finding> {
    if compared.has_cors() || !compared.is_granted() {
        return None;
    }
    let varies = varies_by_origin(compared.response);
    // The middleware responds so to a preflight that reaches it without `Origin`.
    if compared.kind == Kind::Preflight && varies {
        return None;
    }
    // After a redirect, `Vary` alone can be that of another version of the policy, without a grant for this path.
    let mut shown = all.iter().filter(|it| it.shows_policy());
    if !shown.any(|it| !varies || it.url == compared.url) {
        return None;
    }
    let status = compared.response.status;
    // https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header
    let is_added = matches!(
        status,
        200 | 201 | 204 | 206 | 301 | 302 | 303 | 304 | 307 | 308
    );
    let always = match is_added {
        true => String::new(),
        false => format!("; without `always`, `add_header` adds nothing to status {status}"),
    };
    Some(Finding::warning(
        "headers-dropped",
        format!(
            "another response is the policy's, and the response with status {status} does not have its headers: the \
             policy is applied, and not to this response"
        ),
        format!(
            "if nginx writes the headers: an `add_header` in a `location` drops all of the `server` block, so include \
             `cors.headers.conf` of `cors export nginx` again in that `location`{always}; if the application writes \
             them: a layer or a handler outside of the middleware responds, so apply the middleware outermost"
        ),
    ))
}

#[cfg(test)]
mod tests;
