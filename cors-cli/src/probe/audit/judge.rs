//! What the answers to the tests of an audit mean.

use cors_browser_model::Response;
use cors_explain::{Severity, is_loopback};

use super::plan::Target;
use super::test::{
    ALLOWED, Asks, DOT, HTTP, NO_ORIGIN, NULL, PORT, PREFIX, PREFLIGHT, REFLECTED, SPECIAL,
    SUBDOMAIN, SUFFIX, Test,
};
use crate::probe::finding::Finding;
use crate::probe::header::{
    ALLOW_ORIGIN, allows_credentials, names_everybody, names_origin, value, varies_by_origin,
};
use crate::probe::review::wildcard_with_credentials;

/// An answer to a test.
#[derive(Debug)]
pub(super) struct Tested {
    pub(super) test: &'static Test,
    pub(super) origin: Option<String>,
    pub(super) response: Response,
}

/// What the server did with a test's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It names the origin.
    Accepted {
        credentials: bool,
    },
    /// It lets everybody read, without credentials.
    Everybody,
    Refused,
}

impl Tested {
    pub(super) fn answer(&self) -> Answer {
        let credentials = allows_credentials(&self.response);
        let origin = self.origin.as_deref();
        // To a preflight browsers want a success, too.
        let is_refused =
            self.test.asks == Asks::Preflight && !(200..=299).contains(&self.response.status);
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

/// How bad it is that a test's origin was accepted, and whether that is a finding of its own. An
/// earlier answer may explain it: who accepts every origin accepts these, too.
pub(super) fn verdict(tested: &Tested, before: &[Tested], target: &Target) -> Verdict {
    let Answer::Accepted { credentials } = tested.answer() else {
        return Verdict::Good;
    };
    let code = tested.test.code;
    if code == ALLOWED {
        return Verdict::Good;
    }
    let is_accepted = |code| {
        let mut earlier = before.iter().filter(|tested| tested.test.code == code);
        earlier.any(Tested::is_accepted)
    };
    let origin = tested.origin.as_deref().unwrap_or_default();
    if code != REFLECTED && is_accepted(REFLECTED) {
        return Verdict::Explained("as every origin is", Severity::Warning);
    }
    let is_subdomain_of_site = target.is_below_site(origin) && code != HTTP && code != PORT;
    let mut siblings = before.iter().filter(|earlier| {
        // That the host's own subdomains are accepted says nothing about its neighbours.
        let origin = earlier.origin.as_deref().unwrap_or_default();
        earlier.test.code == SUBDOMAIN && target.is_sibling(origin)
    });
    if is_subdomain_of_site && siblings.any(Tested::is_accepted) {
        return Verdict::Explained("as every subdomain is", Severity::Note);
    }
    if (code == SPECIAL || origin.starts_with(&target.origin))
        && code != PREFIX
        && is_accepted(PREFIX)
    {
        return Verdict::Explained("as every origin is that begins so", Severity::Warning);
    }
    if code == DOT && is_accepted(SUFFIX) {
        return Verdict::Explained("as every host is that ends so", Severity::Warning);
    }
    let already = before
        .iter()
        .any(|earlier| earlier.test.code == code && earlier.is_accepted());
    if already {
        return Verdict::Explained("the same mistake", Severity::Warning);
    }
    Verdict::Found(Box::new(accepted(code, origin, credentials, target)))
}

/// What a test says.
#[derive(Debug)]
pub(super) enum Verdict {
    Good,
    /// It is accepted, for a reason that is known already, and was found to be so bad.
    Explained(&'static str, Severity),
    Found(Box<Finding>),
}

fn accepted(code: &'static str, origin: &str, credentials: bool, target: &Target) -> Finding {
    let compare = "compare the whole origin, byte by byte, with a list of those that you know";
    let (code, what, help) = match code {
        REFLECTED if credentials => (
            "reflected-origin-with-credentials",
            "every page on the web can act as your users and read what they can read".to_owned(),
            "echo `Origin` only if it is on a list of origins that you know",
        ),
        REFLECTED => (
            REFLECTED,
            "every page on the web can read this".to_owned(),
            "if that is meant, say so with `Access-Control-Allow-Origin: *`; if not, echo `Origin` only if it \
             is on a list",
        ),
        PREFLIGHT => (
            PREFLIGHT,
            "preflights are granted to whatever origin they come from, though the requests are not"
                .to_owned(),
            "decide both by the same list; else any page may have requests sent that change things",
        ),
        NULL => (
            NULL,
            "any page can have the origin `null`, with a sandboxed frame, and then reads this"
                .to_owned(),
            "take `null` off the list; pages in files or sandboxes need another way, such as a server",
        ),
        SUBDOMAIN => (
            SUBDOMAIN,
            "every subdomain is accepted; a forgotten or hijacked one can read this".to_owned(),
            "if not all of them are yours to trust, list those that need it",
        ),
        PREFIX => (
            PREFIX,
            format!(
                "`{}` is compared as a beginning: whoever owns `{origin}` can read this",
                target.origin
            ),
            compare,
        ),
        SUFFIX => (
            SUFFIX,
            format!(
                "the host is compared as an end, without the dot before it: whoever registers `{origin}` can read this"
            ),
            "compare the whole origin, or put the dot before the domain: `.example.com`",
        ),
        DOT => (
            DOT,
            format!(
                "a dot of a regular expression stands for any character: whoever registers `{origin}` can read this"
            ),
            "write `\\.` for a dot and `^` and `$` around, or do without regular expressions",
        ),
        SPECIAL => (
            SPECIAL,
            "the check stops at a character that is rare in hosts, and browsers do not".to_owned(),
            compare,
        ),
        HTTP => (
            HTTP,
            format!(
                "`{origin}` is accepted: whoever is on a user's network can write that page, and reads what https protects"
            ),
            "take origins with `http://` off the list",
        ),
        _ => (
            PORT,
            "every port of the host is accepted, whatever program listens there".to_owned(),
            "list the ports that are meant",
        ),
    };
    let severity = match code {
        SUBDOMAIN => Severity::Note,
        PORT if is_loopback(&target.url) => Severity::Note,
        _ if credentials => Severity::Error,
        _ => Severity::Warning,
    };
    Finding::warning(code, what, help).with_severity(severity)
}

/// What the answers say together.
pub(super) fn overall(tested: &[Tested]) -> Vec<Finding> {
    let of = |code| tested.iter().find(|tested| tested.test.code == code);
    let (allowed, bare, unrelated) = (of(ALLOWED), of(NO_ORIGIN), of(REFLECTED));
    let wildcard = tested
        .iter()
        .find_map(|tested| wildcard_with_credentials(&tested.response));
    [
        allowed.and_then(not_allowed),
        everybody(tested),
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
    Some(Finding::warning(
        "origin-not-allowed",
        format!(
            "the server does not accept `{origin}` itself (status {status}), so the tests with similar origins say little"
        ),
        "give an origin that it accepts, and a URL that it answers, with `-H` for what the URL needs",
    ))
}

fn everybody(tested: &[Tested]) -> Option<Finding> {
    let mut public = tested
        .iter()
        .filter(|tested| tested.answer() == Answer::Everybody);
    public.next().map(|_| {
        let finding = Finding::warning(
            "wildcard-origin",
            "`Access-Control-Allow-Origin: *`: every page on the web can read this, without credentials"
                .to_owned(),
            "right for what is public; not for what is meant for a network or for known sites",
        );
        finding.with_severity(Severity::Note)
    })
}

/// An origin that is sent whoever asks, and even if nobody does.
fn static_origin(bare: Option<&Tested>) -> Option<Finding> {
    let value = value(&bare?.response.headers, ALLOW_ORIGIN)
        .filter(|value| !value.is_empty() && value != "*")?;
    let finding = Finding::warning(
        NO_ORIGIN,
        format!("`Access-Control-Allow-Origin: {value}` is sent to everybody, asked for or not"),
        "right for one origin; it tells who that is, and a second one will need `Vary: Origin`",
    );
    Some(finding.with_severity(Severity::Note))
}

fn missing_vary(
    allowed: Option<&Tested>,
    bare: Option<&Tested>,
    unrelated: Option<&Tested>,
) -> Option<Finding> {
    let allowed = allowed.filter(|tested| tested.is_accepted())?;
    let same = |other: &&Tested| {
        let value = |tested: &Tested| value(&tested.response.headers, ALLOW_ORIGIN);
        value(other) == value(allowed)
    };
    // Where everybody gets the same, there is nothing to vary by.
    if bare.filter(same).is_some() && unrelated.filter(same).is_some() {
        return None;
    }
    let lacks = |tested: &Tested| !varies_by_origin(&tested.response);
    let message = match () {
        () if lacks(allowed) => "the answer names the origin that asks, without `Vary: Origin`",
        () if bare.is_some_and(lacks) => {
            "the answer to a request without `Origin` comes without `Vary: Origin`, though others name the origin"
        }
        () if unrelated.is_some_and(lacks) => {
            "the answer to an origin that is refused comes without `Vary: Origin`, though others name the origin"
        }
        () => return None,
    };
    Some(Finding::warning(
        "missing-vary",
        message.to_owned(),
        "a cache may give one page's answer to another, which is then blocked; send `Vary: Origin` with every \
         response of this URL",
    ))
}
