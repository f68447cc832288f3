//! What the responses to the tests of an audit mean.

use cors_browser_model::Response;
use cors_explain::server::{
    ALLOW_ORIGIN, Finding, allows_credentials, names_everybody, names_origin, value,
    varies_by_origin, wildcard_with_credentials,
};
use cors_explain::{Severity, is_loopback};

use super::plan::Target;
use super::test::{
    ALLOWED, Asks, DOT, HTTP, LOCALHOST, NO_ORIGIN, NULL, PORT, PREFIX, PREFLIGHT, REFLECTED,
    SHARED, SPECIAL, SUBDOMAIN, SUFFIX, Test, WEBSOCKET,
};
use crate::probe::handshake;

/// The response to a test.
#[derive(Debug)]
pub(super) struct Tested {
    pub(super) test: &'static Test,
    pub(super) asks: Asks,
    pub(super) origin: Option<String>,
    pub(super) response: Response,
}

/// What the server did with a test's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The response names the origin, or opens a WebSocket.
    Accepted {
        credentials: bool,
    },
    /// The response allows any origin, without credentials.
    Everybody,
    Refused,
}

impl Tested {
    pub(super) fn answer(&self) -> Answer {
        if self.asks == Asks::WebSocket {
            // Cookies are sent in either case, and the response does not say whether they are needed.
            return match handshake::problem(&self.response) {
                Some(_) => Answer::Refused,
                None => Answer::Accepted { credentials: false },
            };
        }
        let credentials = allows_credentials(&self.response);
        let origin = self.origin.as_deref();
        // For a preflight, browsers also require a successful status.
        let is_refused =
            self.asks == Asks::Preflight && !(200..=299).contains(&self.response.status);
        match origin.is_some_and(|origin| names_origin(&self.response, origin)) {
            _ if is_refused => Answer::Refused,
            true => Answer::Accepted { credentials },
            false if names_everybody(&self.response) => Answer::Everybody,
            false => Answer::Refused,
        }
    }

    fn is_accepted(&self) -> bool {
        matches!(self.answer(), Answer::Accepted { .. })
    }
}

/// The severity of an accepted origin, and whether it is a finding of its own. An earlier response may explain it: a
/// server that accepts every origin accepts these, too.
pub(super) fn verdict(tested: &Tested, before: &[Tested], target: &Target) -> Verdict {
    let Answer::Accepted { credentials } = tested.answer() else {
        return Verdict::Good;
    };
    let code = tested.test.code;
    if code == ALLOWED {
        return Verdict::Good;
    }
    // What a server does with a WebSocket says nothing about the headers of CORS.
    let is_websocket = |tested: &Tested| tested.asks == Asks::WebSocket;
    let before = before
        .iter()
        .filter(|earlier| is_websocket(earlier) == is_websocket(tested));
    let is_accepted = |code| {
        let mut earlier = before.clone().filter(|tested| tested.test.code == code);
        earlier.any(Tested::is_accepted)
    };
    let accepts = |origin: &str| {
        let mut same = before
            .clone()
            .filter(|earlier| earlier.origin.as_deref() == Some(origin));
        same.any(Tested::is_accepted)
    };
    let origin = tested.origin.as_deref().unwrap_or_default();
    if ![REFLECTED, WEBSOCKET].contains(&code) && (is_accepted(REFLECTED) || is_accepted(WEBSOCKET))
    {
        return Verdict::Explained("like every origin", Severity::Warning);
    }
    let neighbour = target.neighbour().ok().flatten();
    if [SUFFIX, SUBDOMAIN].contains(&code) && neighbour.is_some_and(|origin| accepts(&origin)) {
        return Verdict::Explained(
            "like every customer of this hosting service",
            Severity::Warning,
        );
    }
    let is_subdomain_of_site = target.is_below_site(origin) && code != HTTP && code != PORT;
    let mut siblings = before.clone().filter(|earlier| {
        // A server that accepts the host's own subdomains need not accept its siblings.
        let origin = earlier.origin.as_deref().unwrap_or_default();
        earlier.test.code == SUBDOMAIN && target.is_sibling(origin)
    });
    if is_subdomain_of_site && siblings.any(Tested::is_accepted) {
        return Verdict::Explained("like every subdomain", Severity::Note);
    }
    if (code == SPECIAL || origin.starts_with(&target.origin))
        && code != PREFIX
        && is_accepted(PREFIX)
    {
        return Verdict::Explained("like every origin with this beginning", Severity::Warning);
    }
    let mut beginnings = (0..2).filter_map(|index| target.beginning(index).ok());
    if code == DOT
        && beginnings
            .any(|beginning| origin.starts_with(&beginning.common) && accepts(&beginning.whole))
    {
        return Verdict::Explained("like every origin with this beginning", Severity::Warning);
    }
    if [DOT, SUBDOMAIN].contains(&code) && is_accepted(SUFFIX) {
        return Verdict::Explained("like every host with this end", Severity::Warning);
    }
    let severity = severity(code, credentials, target);
    if is_accepted(code) {
        return Verdict::Explained("the same error", severity.max(Severity::Warning));
    }
    let allows = match tested.asks {
        Asks::WebSocket => "open a WebSocket",
        Asks::Resource | Asks::Preflight => "read the responses",
    };
    let mut finding = accepted(code, origin, credentials, allows, target);
    if reflects_without_vary(tested) {
        finding.help += ", and send `Vary: Origin` with every response, which has none";
    }
    Verdict::Found(Box::new(finding.with_severity(severity)))
}

/// Whether this is the response to an unrelated origin, which names it without telling caches. The finding about the
/// origin says so, because one correction is for both.
fn reflects_without_vary(tested: &Tested) -> bool {
    tested.test.code == REFLECTED && tested.is_accepted() && !varies_by_origin(&tested.response)
}

/// The result of a test.
#[derive(Debug)]
pub(super) enum Verdict {
    Good,
    /// It is accepted for a reason that was found before, with this severity.
    Explained(&'static str, Severity),
    Found(Box<Finding>),
}

/// `allows` is what a page of the origin can do.
fn accepted(
    code: &'static str,
    origin: &str,
    credentials: bool,
    allows: &str,
    target: &Target,
) -> Finding {
    let compare = "compare the whole origin, byte by byte, with a list of those that you know";
    let (code, what, help) = match code {
        REFLECTED if credentials => (
            "reflected-origin-with-credentials",
            "every page on the web can act as your users and read what they can read".to_owned(),
            "echo `Origin` only if it is on a list of origins that you know",
        ),
        REFLECTED => (
            REFLECTED,
            "every page on the web can read the responses".to_owned(),
            "to allow any origin, send `Access-Control-Allow-Origin: *`; otherwise echo `Origin` only if it is on \
             a list",
        ),
        PREFLIGHT => (
            PREFLIGHT,
            "preflights from any origin are granted, but the requests are not"
                .to_owned(),
            "use the same list for both; otherwise any page can send requests that change data",
        ),
        WEBSOCKET => (
            WEBSOCKET,
            "every page on the web can open a WebSocket here, and browsers send cookies with it, unless they are \
             `SameSite`"
                .to_owned(),
            "WebSockets do not use CORS: compare `Origin` with a list of origins that you know, and answer 403 to \
             any other",
        ),
        NULL => (
            NULL,
            format!("any page can have the origin `null`, from a sandboxed frame, and can then {allows}"),
            "remove `null` from the list; serve pages from a server instead of from files",
        ),
        SUBDOMAIN => (
            SUBDOMAIN,
            format!("every subdomain is accepted, so a forgotten or hijacked one can {allows}"),
            "if you do not control all of them, list those that need access",
        ),
        SHARED => (
            SHARED,
            format!("`{origin}` is accepted, and anyone can publish code there, which can {allows}"),
            "list the origins of your own pages; if previews need access, serve them from a domain of your own",
        ),
        LOCALHOST => (
            LOCALHOST,
            format!(
                "`{origin}` is accepted next to `{}`: whatever program listens there on a user's machine can {allows}",
                target.origin
            ),
            "remove the origins of development from the list of the server in production",
        ),
        PREFIX if !origin.starts_with(&target.without_port()) => (
            PREFIX,
            format!(
                "only the beginning is compared, and less than `{}` is enough: the owner of `{origin}` can {allows}",
                target.origin
            ),
            compare,
        ),
        PREFIX => (
            PREFIX,
            format!(
                "only the beginning is compared with `{}`: the owner of `{origin}` can {allows}",
                target.origin
            ),
            compare,
        ),
        SUFFIX => (
            SUFFIX,
            format!(
                "only the end of the host is compared, without a dot before it: anyone can register `{origin}` and {allows}"
            ),
            "compare the whole origin, or put a dot before the domain: `.example.com`",
        ),
        DOT => (
            DOT,
            format!(
                "a dot of a regular expression matches any character: anyone can register `{origin}` and {allows}"
            ),
            "write `\\.` for a dot, and use `^` and `$`, or do not use regular expressions",
        ),
        SPECIAL => (
            SPECIAL,
            "the check stops at a character that is rare in hosts, but browsers do not".to_owned(),
            compare,
        ),
        HTTP => (
            HTTP,
            format!(
                "`{origin}` is accepted: an attacker on a user's network can change that page, and read what https protects"
            ),
            "remove origins with `http://` from the list",
        ),
        _ => (
            PORT,
            "every port of the host is accepted, whatever program listens there".to_owned(),
            "list the ports that you need",
        ),
    };
    Finding::warning(code, what, help)
}

/// How bad it is that a server accepts the origin of a test.
fn severity(code: &str, credentials: bool, target: &Target) -> Severity {
    match code {
        SUBDOMAIN => Severity::Note,
        PORT if is_loopback(&target.url) => Severity::Note,
        // Without credentials, a program on the user's machine needs no browser to read the responses; with them, it can
        // act as the user. Other sites can do neither.
        LOCALHOST if credentials => Severity::Warning,
        LOCALHOST => Severity::Note,
        _ if credentials => Severity::Error,
        _ => Severity::Warning,
    }
}

/// Findings from all responses together.
pub(super) fn overall(tested: &[Tested]) -> Vec<Finding> {
    let is_of = |code| move |tested: &&Tested| tested.test.code == code;
    let not_allowed = tested.iter().find(is_of(ALLOWED)).and_then(not_allowed);
    // Browsers read no header of CORS in the response to a handshake.
    let tested: Vec<_> = tested
        .iter()
        .filter(|tested| tested.asks != Asks::WebSocket)
        .collect();
    let of = |code| tested.iter().copied().find(is_of(code));
    let (allowed, bare, unrelated) = (of(ALLOWED), of(NO_ORIGIN), of(REFLECTED));
    let wildcard = tested
        .iter()
        .find_map(|tested| wildcard_with_credentials(&tested.response));
    [
        not_allowed,
        everybody(&tested),
        wildcard,
        static_origin(bare),
        missing_vary(allowed, bare, unrelated),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn not_allowed(allowed: &Tested) -> Option<Finding> {
    if allowed.answer() != Answer::Refused {
        return None;
    }
    let (origin, status) = (
        allowed.origin.as_deref().unwrap_or_default(),
        allowed.response.status,
    );
    if allowed.asks == Asks::WebSocket {
        let why = handshake::problem(&allowed.response).unwrap_or_default();
        return Some(Finding::warning(
            "origin-not-allowed",
            format!(
                "a page of `{origin}` itself cannot open the WebSocket ({why}), so the tests with other origins mean little"
            ),
            "use an origin that the server accepts and the URL of a WebSocket, and `-H` for `Cookie` and \
             `Sec-WebSocket-Protocol` if it needs them",
        ));
    }
    Some(Finding::warning(
        "origin-not-allowed",
        format!(
            "the server does not accept `{origin}` itself (status {status}), so the tests with similar origins mean little"
        ),
        "use an origin that it accepts and a URL that exists, and `-H` for headers that the URL needs",
    ))
}

fn everybody(tested: &[&Tested]) -> Option<Finding> {
    let mut public = tested
        .iter()
        .filter(|tested| tested.answer() == Answer::Everybody);
    public.next().map(|_| {
        let finding = Finding::warning(
            "wildcard-origin",
            "`Access-Control-Allow-Origin: *`: every page on the web can read the responses, without credentials"
                .to_owned(),
            "correct for public data; wrong for data that is only for a network or for certain sites",
        );
        finding.with_severity(Severity::Note)
    })
}

/// One origin that is in every response, even if the request has no origin.
fn static_origin(bare: Option<&Tested>) -> Option<Finding> {
    let value = value(&bare?.response.headers, ALLOW_ORIGIN)
        .filter(|value| !value.is_empty() && value != "*")?;
    let finding = Finding::warning(
        NO_ORIGIN,
        format!(
            "`Access-Control-Allow-Origin: {value}` is in every response, whatever the request's origin is"
        ),
        "correct for one origin; with a second one, the responses need `Vary: Origin`",
    );
    Some(finding.with_severity(Severity::Note))
}

fn missing_vary(
    allowed: Option<&Tested>,
    bare: Option<&Tested>,
    unrelated: Option<&Tested>,
) -> Option<Finding> {
    let allowed = allowed.filter(|tested| tested.is_accepted())?;
    if unrelated.is_some_and(reflects_without_vary) {
        return None;
    }
    let same = |other: &&Tested| {
        let value = |tested: &Tested| value(&tested.response.headers, ALLOW_ORIGIN);
        value(other) == value(allowed)
    };
    // If every response is the same, `Vary` is not needed.
    if bare.filter(same).is_some() && unrelated.filter(same).is_some() {
        return None;
    }
    let lacks = |tested: &Tested| !varies_by_origin(&tested.response);
    let message = match () {
        () if lacks(allowed) => {
            "the response names the origin of the request, but has no `Vary: Origin`"
        }
        () if bare.is_some_and(lacks) => {
            "the response to a request without `Origin` has no `Vary: Origin`, but others name the origin"
        }
        () if unrelated.is_some_and(lacks) => {
            "the response to an origin that is not allowed has no `Vary: Origin`, but others name the origin"
        }
        () => return None,
    };
    Some(Finding::warning(
        "missing-vary",
        message.to_owned(),
        "a cache may send the response for one page to another, which is then blocked; send `Vary: Origin` with \
         every response of this URL",
    ))
}
