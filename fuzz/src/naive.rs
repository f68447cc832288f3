//! The decision, the slow and obvious way: one pattern after the other, on texts. Shares no code with the engine.

use cors_core::adapter::{RequestHead as _, RequestHeader};
use cors_core::{Config, Grant, Refuse};
use cors_matrix::message::{Line, RawRequest};
use cors_matrix::routes::PolicyPart;
use url::Url;

use crate::policy::Plan;

/// What must be decided.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    /// Of the response to a preflight, or to a refused request; `None` if the application responds.
    pub(crate) status: Option<u16>,
    /// What is refused, or reported.
    pub(crate) reason: Option<&'static str>,
    /// The fields, in the order in which they are written.
    pub(crate) lines: Vec<Line>,
}

/// Whether a text is an origin, as browsers send it.
pub(crate) fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let first = scheme
        .chars()
        .next()
        .is_some_and(|char| char.is_ascii_lowercase());
    let is_scheme_char =
        |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "+-.".contains(char);
    if !first || !scheme.chars().all(is_scheme_char) || scheme.len() > 64 || scheme == "file" {
        return false;
    }
    let (host, port) = host_and_port(authority);
    let is_port = port.is_none_or(|port| {
        let number = port
            .parse::<u16>()
            .is_ok_and(|number| number.to_string() == port && number > 0);
        let default = match scheme {
            "http" | "ws" => "80",
            "https" | "wss" => "443",
            "ftp" => "21",
            _ => "",
        };
        number && port != default
    });
    is_port && is_host(host)
}

fn is_host(host: &str) -> bool {
    let labels = host.strip_suffix('.').unwrap_or(host);
    let is_label_char =
        |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_".contains(char);
    let is_label =
        |label: &str| (1..=63).contains(&label.len()) && label.chars().all(is_label_char);
    let is_domain = labels.len() <= 253 && labels.split('.').all(is_label);
    // Which texts are addresses is known to the `url` package. It would also reject what is not Punycode: a request is
    // not checked for that.
    let parsed = Url::parse(&format!("http://{}/", host.replace("xn--", "xm--")));
    let same = parsed.is_ok_and(|url| url.host_str() == Some(&host.replace("xn--", "xm--")));
    same && (is_domain || host.starts_with('['))
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Whether a valid pattern matches a request's `Origin`.
pub(crate) fn matches(pattern: &str, origin: &str) -> bool {
    if origin == "null" {
        return pattern == "null" || pattern == "*";
    }
    if !is_origin(origin) || pattern == "null" {
        return false;
    }
    if pattern == "*" {
        return true;
    }
    let (Some((scheme, pattern)), Some((origin_scheme, origin))) =
        (pattern.split_once("://"), origin.split_once("://"))
    else {
        return false;
    };
    let (pattern, port) = host_and_port(pattern);
    let (host, origin_port) = host_and_port(origin);
    scheme == origin_scheme
        && (port == Some("*") || port == origin_port)
        && matches_host(pattern, host)
}

fn matches_host(pattern: &str, host: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let labels: Vec<_> = host.split('.').collect();
    let wanted: Vec<_> = pattern.split('.').collect();
    let Some((first, others)) = wanted.split_first() else {
        return false;
    };
    match first.split_once('*') {
        None => pattern == host,
        Some(("", "")) => labels.len() > others.len() && labels.ends_with(others),
        Some((before, after)) => {
            let Some((label, rest)) = labels.split_first() else {
                return false;
            };
            let star = label
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after));
            let is_star = |star: &str| !star.is_empty() && !star.contains('_');
            let is_punycode = label.starts_with("xn--") && !before.starts_with("xn--");
            rest == others && star.is_some_and(is_star) && !is_punycode
        }
    }
}

/// Decides a request.
pub(crate) fn decide(plan: &Plan, request: &RawRequest) -> Decided {
    let config = &plan.config;
    let path = String::from_utf8_lossy(request.path().unwrap_or_default()).into_owned();
    let part = PolicyPart::of(config, &path);
    let grants = part.grants(config);
    let refuse = refuse(config, part);
    let is_everyone = matches!(grants, [grant] if grant.allow_origins == ["*"]);
    let varies = !is_everyone || (something(refuse) && !refuse.report_only);

    let origins: Vec<_> = request.lines(RequestHeader::Origin).collect();
    let origin = match &*origins {
        [origin] => str::from_utf8(origin).ok(),
        _ => None,
    };
    let grant = grants.iter().find(|grant| {
        let in_sets = |origin: &str| {
            grant.origin_sets.iter().any(|used| {
                let key = used
                    .key
                    .as_deref()
                    .map(|key| segment(config, part, key, &path));
                let entries = plan.sets.get(&used.name).map_or(&[][..], |entries| entries);
                let mut entries = entries.iter();
                entries.any(|(its_key, its)| its_key.as_deref() == key && its == origin)
            })
        };
        origin.is_some_and(|origin| {
            grant
                .allow_origins
                .iter()
                .any(|pattern| matches(pattern, origin))
                || in_sets(origin)
        })
    });

    let asks = request
        .lines(RequestHeader::AccessControlRequestMethod)
        .next()
        .is_some();
    if request.method == "OPTIONS" && asks && !origins.is_empty() {
        return Decided {
            status: Some(if grant.is_some() {
                config.preflight_status
            } else {
                403
            }),
            reason: None,
            lines: preflight_lines(grant, request, origin, varies),
        };
    }
    let mut lines = Vec::new();
    if let Some(grant) = grants.first().filter(|_| is_everyone).or(grant) {
        lines = common_lines(grant, origin);
        add(
            &mut lines,
            "access-control-expose-headers",
            &grant.expose_headers.join(", "),
        );
        if grant.expose_timing {
            add(&mut lines, "timing-allow-origin", allowed(grant, origin));
        }
    }
    if varies {
        add(&mut lines, "vary", "Origin");
    }
    let reason = refused(config, refuse, grant, request);
    let is_refused = reason.is_some() && !refuse.report_only;
    if is_refused {
        add(&mut lines, "cache-control", "no-store");
    }
    Decided {
        status: is_refused.then_some(403),
        reason,
        lines,
    }
}

fn add(lines: &mut Vec<Line>, name: &str, value: &str) {
    if !value.is_empty() {
        lines.push((name.to_owned(), value.as_bytes().to_vec()));
    }
}

fn allowed<'a>(grant: &Grant, origin: Option<&'a str>) -> &'a str {
    match grant.allow_origins.iter().any(|origin| origin == "*") {
        true => "*",
        false => origin.unwrap_or_default(),
    }
}

fn common_lines(grant: &Grant, origin: Option<&str>) -> Vec<Line> {
    let mut lines = Vec::new();
    add(
        &mut lines,
        "access-control-allow-origin",
        allowed(grant, origin),
    );
    if grant.allow_credentials {
        add(&mut lines, "access-control-allow-credentials", "true");
    }
    lines
}

fn preflight_lines(
    grant: Option<&Grant>,
    request: &RawRequest,
    origin: Option<&str>,
    varies: bool,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut vary = "Origin".to_owned();
    if let Some(grant) = grant {
        lines = common_lines(grant, origin);
        for (name, list, asked) in [
            (
                "methods",
                &grant.allow_methods,
                RequestHeader::AccessControlRequestMethod,
            ),
            (
                "headers",
                &grant.allow_headers,
                RequestHeader::AccessControlRequestHeaders,
            ),
        ] {
            let name = format!("access-control-allow-{name}");
            if !grant.allow_credentials || !list.iter().any(|item| item == "*") {
                add(&mut lines, &name, &list.join(", "));
                continue;
            }
            let asked_lines = request.lines(asked).filter(|line| !line.is_empty());
            lines.extend(asked_lines.map(|line| (name.clone(), line.to_vec())));
            vary += match asked {
                RequestHeader::AccessControlRequestMethod => ", Access-Control-Request-Method",
                _ => ", Access-Control-Request-Headers",
            };
        }
        add(
            &mut lines,
            "access-control-max-age",
            &grant.max_age.as_secs().to_string(),
        );
    }
    if varies {
        add(&mut lines, "vary", &vary);
    }
    lines
}

/// The segment of the path that is in the place of a capture of the route. There is one: a route needs it.
fn segment<'a>(config: &Config, part: PolicyPart, capture: &str, path: &'a str) -> &'a str {
    let route = match part {
        PolicyPart::Route(route) => config.routes.get(route).map_or("", |route| &route.path),
        PolicyPart::Abnormal | PolicyPart::Top => "",
    };
    let mut pairs = route.split('/').zip(path.split('/'));
    let found = pairs.find(|(segment, _)| *segment == capture);
    found.expect("a route with a key has the capture").1
}

fn something(refuse: Refuse) -> bool {
    refuse.websocket || refuse.cross_site_writes || refuse.unlisted_origins
}

/// What a part refuses. If the part is not known, that is everything that any of them refuses.
fn refuse(config: &Config, part: PolicyPart) -> Refuse {
    let of_route = |index: usize| {
        let route = config.routes.get(index);
        route
            .and_then(|route| route.part.refuse)
            .unwrap_or(config.refuse)
    };
    match part {
        PolicyPart::Top => config.refuse,
        PolicyPart::Route(index) => of_route(index),
        PolicyPart::Abnormal => {
            let parts = (0..config.routes.len())
                .map(of_route)
                .chain([config.refuse]);
            let parts: Vec<_> = parts.filter(|refuse| !refuse.report_only).collect();
            Refuse::default()
                .websocket(parts.iter().any(|refuse| refuse.websocket))
                .cross_site_writes(parts.iter().any(|refuse| refuse.cross_site_writes))
                .unlisted_origins(parts.iter().any(|refuse| refuse.unlisted_origins))
        }
    }
}

fn only_line(request: &RawRequest, name: RequestHeader) -> Option<String> {
    let lines: Vec<_> = request.lines(name).collect();
    match &*lines {
        [line] => Some(String::from_utf8_lossy(line).into_owned()),
        _ => None,
    }
}

/// Why a request that is not a preflight is refused.
fn refused(
    config: &Config,
    refuse: Refuse,
    grant: Option<&Grant>,
    request: &RawRequest,
) -> Option<&'static str> {
    let upgrades = request.lines(RequestHeader::Upgrade).any(|line| {
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        let mut protocols = line.split(',').map(|protocol| protocol.split('/').next());
        protocols.any(|name| name.is_some_and(|name| name.trim_matches([' ', '\t']) == "websocket"))
    });
    let is_websocket = refuse.websocket && upgrades;
    let authority = request
        .authority()
        .map(|text| String::from_utf8_lossy(text).into_owned());
    let host = authority.or_else(|| only_line(request, RequestHeader::Host));
    if !config.hosts.is_empty()
        && (is_websocket || refuse.unlisted_origins)
        && !host
            .as_deref()
            .is_some_and(|host| is_listed(&config.hosts, host))
    {
        return Some("hosts");
    }
    let origin = only_line(request, RequestHeader::Origin);
    let has_origin = request.lines(RequestHeader::Origin).next().is_some();
    let is_own = match request.lines(RequestHeader::SecFetchSite).next() {
        Some(_) => {
            let site = only_line(request, RequestHeader::SecFetchSite);
            site.is_some_and(|site| ["same-origin", "none"].contains(&&*site))
        }
        None => {
            !has_origin
                || origin
                    .zip(host)
                    .is_some_and(|(origin, host)| is_origin_of(&origin, &host))
        }
    };
    if is_own {
        return None;
    }
    let is_listed = grant.is_some_and(|grant| grant.allow_origins != ["*"]);
    let is_read = ["GET", "HEAD"].contains(&&*request.method);
    let is = |name, value: &str| only_line(request, name).is_some_and(|line| line == value);
    let is_link = is_read
        && !has_origin
        && is(RequestHeader::SecFetchMode, "navigate")
        && is(RequestHeader::SecFetchDest, "document");
    if is_websocket && !is_listed {
        Some("websocket")
    } else if refuse.cross_site_writes
        && !is_read
        && request.method != "OPTIONS"
        && !grant.is_some_and(|grant| grant.allow_credentials)
    {
        Some("cross-site-writes")
    } else if refuse.unlisted_origins && !is_listed && !is_link {
        Some("unlisted-origins")
    } else {
        None
    }
}

fn is_listed(hosts: &[String], host: &str) -> bool {
    let host = format!("host://{}", host.to_ascii_lowercase());
    let matches = |pattern: &str| matches(&format!("host://{pattern}"), &host);
    hosts.iter().any(|pattern| match host_and_port(pattern) {
        (_, Some(_)) => matches(pattern),
        (_, None) => ["", ":80", ":443"]
            .iter()
            .any(|port| matches(&format!("{pattern}{port}"))),
    })
}

fn is_origin_of(origin: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    [("https://", ":443"), ("http://", ":80")]
        .iter()
        .any(|(scheme, port)| {
            let host = host.strip_suffix(port).unwrap_or(&host);
            !host.is_empty()
                && origin.to_ascii_lowercase() == format!("{scheme}{host}")
                && origin.starts_with(scheme)
        })
}
