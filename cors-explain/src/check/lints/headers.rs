//! Lints about `allow_headers` and `expose_headers`.

use cors_browser_model::CORS_SAFELISTED_RESPONSE_HEADER_NAMES;
use cors_core::adapter::ResponseHeader;

use super::findings::{Finding, Findings};
use super::subject::{EXPOSED, GrantSubject, HEADERS, METHODS, Subject, has_any};
use crate::diagnostic::Replacement;
use crate::text::listed;

pub(super) fn safelisted_header(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    // `content-type` and `range` are safelisted only for some values. Values that pages need, such
    // as `application/json`, are not safelisted.
    let is_safelisted = |name: &str| {
        let name = name.to_ascii_lowercase();
        matches!(&*name, "accept" | "accept-language" | "content-language")
    };
    for grant in &subject.grants {
        for items in grant.items(HEADERS, is_safelisted) {
            let message = format!(
                "scripts may set {} without permission",
                listed(&items.names)
            );
            findings.report(
                Finding::at(items.place, message)
                    .because(
                        "it is safelisted: a browser asks for permission only if the value has more than 128 \
                         bytes, or characters such as `\"`, `(` and `:`",
                    )
                    .help("remove it, unless scripts send such values")
                    .change(items.removal),
            );
        }
    }
}

pub(super) fn safelisted_response_header(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let is_safelisted =
        |name: &str| CORS_SAFELISTED_RESPONSE_HEADER_NAMES.contains(&&*name.to_ascii_lowercase());
    for grant in &subject.grants {
        for items in grant.items(EXPOSED, is_safelisted) {
            let message = format!("scripts may always read {}", listed(&items.names));
            findings.report(
                Finding::at(items.place, message)
                    .because("it is safelisted: browsers expose it even if it is not listed")
                    .help("remove it")
                    .change(items.removal),
            );
        }
    }
}

pub(super) fn wrong_side(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        for items in grant.items(HEADERS, is_response_header) {
            let message = format!("servers send {}, scripts do not", listed(&items.names));
            findings.report(
                Finding::at(items.place, message)
                    .because("`allow_headers` is for request headers")
                    .help("remove it here; to let scripts read it, list it in `expose_headers`")
                    .change(items.removal),
            );
        }
        for items in grant.items(EXPOSED, is_request_header) {
            let message = format!("scripts send {}, servers do not", listed(&items.names));
            findings.report(
                Finding::at(items.place, message)
                    .because("`expose_headers` is for response headers")
                    .help("remove it here; to let scripts set it, list it in `allow_headers`")
                    .change(items.removal),
            );
        }
    }
}

fn is_response_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        &*name,
        "accept-ch"
            | "accept-patch"
            | "accept-post"
            | "accept-ranges"
            | "age"
            | "allow"
            | "alt-svc"
            | "authentication-info"
            | "clear-site-data"
            | "content-security-policy"
            | "content-security-policy-report-only"
            | "cross-origin-embedder-policy"
            | "cross-origin-opener-policy"
            | "cross-origin-resource-policy"
            | "etag"
            | "location"
            | "permissions-policy"
            | "referrer-policy"
            | "retry-after"
            | "server"
            | "server-timing"
            | "strict-transport-security"
            | "timing-allow-origin"
            | "vary"
            | "www-authenticate"
            | "x-content-type-options"
            | "x-frame-options"
            | "x-powered-by"
            | "x-xss-protection"
    )
}

fn is_request_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        &*name,
        "accept"
            | "accept-charset"
            | "accept-language"
            | "authorization"
            | "cookie"
            | "expect"
            | "from"
            | "host"
            | "if-match"
            | "if-modified-since"
            | "if-none-match"
            | "if-range"
            | "if-unmodified-since"
            | "max-forwards"
            | "range"
            | "referer"
            | "te"
            | "upgrade-insecure-requests"
            | "user-agent"
            | "x-requested-with"
    ) || name.starts_with("sec-fetch-")
}

pub(super) fn any_header(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.known().filter(|grant| !grant.credentials()) {
        if let Some(place) = grant.any(HEADERS) {
            findings.report(
                Finding::at(place, "any request header is allowed")
                    .because(
                        "headers control servers and proxies: these origins may also set \
                         `X-HTTP-Method-Override`, `X-Forwarded-Host`, and headers that a later version reads",
                    )
                    .help("list the headers that the pages set"),
            );
        }
    }
}

pub(super) fn authorization_not_covered(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    // With credentials the requested names are echoed, including this one.
    for grant in subject.grants.iter().filter(|grant| !grant.credentials()) {
        let names = &grant.grant.allow_headers;
        let listed = names
            .iter()
            .any(|name| name.eq_ignore_ascii_case("authorization"));
        let Some(place) = grant.any(HEADERS).filter(|_| !listed) else {
            continue;
        };
        let span = place.spans.first().cloned();
        findings.report(
            Finding::at(place, "`*` does not cover `authorization`")
                .because(
                    "the standard excepts it; browsers still allow it, but Firefox warns that this will \
                     change",
                )
                .help("list it together with the `*` if scripts send it")
                .change(span.map(|span| Replacement {
                    span,
                    text: "\"*\", \"authorization\"".to_owned(),
                })),
        );
    }
}

pub(super) fn json_not_allowed(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        let headers = &grant.grant.allow_headers;
        let listed = headers
            .iter()
            .any(|name| name.eq_ignore_ascii_case("content-type"));
        if listed || has_any(headers) {
            continue;
        }
        let has_body = |method: &str| matches!(method, "POST" | "PUT" | "PATCH" | "*");
        let Some(items) = grant.items(METHODS, has_body).into_iter().next() else {
            continue;
        };
        findings.report(
            Finding::at(items.place, "requests may not have a JSON body")
                .because(
                    "`Content-Type: application/json` needs permission; without it, browsers allow only forms \
                     and plain text",
                )
                .help("if scripts send JSON, allow `content-type`")
                .change(with_content_type(subject, grant)),
        );
    }
}

pub(super) fn session_not_exposed(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    const SESSION: &str = "mcp-session-id";
    for grant in &subject.grants {
        let is_session = |name: &str| name.eq_ignore_ascii_case(SESSION);
        let exposed = &grant.grant.expose_headers;
        if has_any(exposed) || exposed.iter().any(|name| is_session(name)) {
            continue;
        }
        for items in grant.items(HEADERS, is_session) {
            let message = "scripts may send `mcp-session-id`, and not read it";
            findings.report(
                Finding::at(items.place, message)
                    .because(
                        "a server of the Model Context Protocol sends the session's id in this response header, and \
                         a client in a browser never sees it",
                    )
                    .help("add it to `expose_headers`"),
            );
        }
    }
}

pub(super) fn large_header(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    /// Some proxies accept 4 KB for the headers of a response, and the application needs a part of it.
    const MAX: usize = 3 * 1024;
    for grant in &subject.grants {
        let lists = &grant.grant;
        let methods = (METHODS, line(grant, METHODS, &lists.allow_methods));
        let headers = (HEADERS, line(grant, HEADERS, &lists.allow_headers));
        let exposed = (EXPOSED, line(grant, EXPOSED, &lists.expose_headers));
        let answers = [
            ("a preflight", vec![methods, headers]),
            ("every other request", vec![exposed]),
        ];
        for (request, lines) in answers {
            let size: usize = lines.iter().map(|(_, size)| size).sum();
            let largest = lines.iter().max_by_key(|(_, size)| *size);
            let (MAX.., Some((key, _))) = (size, largest) else {
                continue;
            };
            let mut place = grant.value(key);
            // Show only the key: the list is long.
            place.spans = grant
                .entry(key)
                .map_or(place.spans, |entry| vec![entry.key.clone()]);
            let message =
                format!("the response to {request} has {size} bytes of names in its headers");
            findings.report(
                Finding::at(place, message)
                    .because(
                        "proxies read the headers of a response into a buffer, often of 4 or 8 KB, and answer \
                         502 if they do not fit",
                    )
                    .help("list only what pages use, or add a separate grant for the pages that need more"),
            );
        }
    }
}

/// The length of a list's header line in a response; 0 if the requested values are echoed.
fn line(grant: &GrantSubject<'_>, key: &str, list: &[String]) -> usize {
    let field = match key {
        METHODS => ResponseHeader::AccessControlAllowMethods,
        HEADERS => ResponseHeader::AccessControlAllowHeaders,
        _ => ResponseHeader::AccessControlExposeHeaders,
    };
    if list.is_empty() || (grant.credentials() && has_any(list)) {
        return 0;
    }
    let between = ": ".len() + ", ".len() * (list.len() - 1) + "\r\n".len();
    field.name().len() + between + list.iter().map(String::len).sum::<usize>()
}

/// The change that allows `content-type`.
fn with_content_type(subject: &Subject<'_>, grant: &GrantSubject<'_>) -> Option<Replacement> {
    let Some(headers) = grant.entry(HEADERS) else {
        let methods = grant.entry(METHODS)?.key.clone();
        let line = subject
            .source
            .line_range(subject.source.line(methods.start));
        // An inline table cannot have a key on a line of its own.
        return (line.start == methods.start).then(|| Replacement {
            span: methods.start..methods.start,
            text: "allow_headers = [\"content-type\"]\n".to_owned(),
        });
    };
    Some(match headers.items.last() {
        Some(last) => Replacement {
            span: last.end..last.end,
            text: ", \"content-type\"".to_owned(),
        },
        None => Replacement {
            span: headers.value.clone(),
            text: "[\"content-type\"]".to_owned(),
        },
    })
}
