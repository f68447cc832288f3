//! Validates a configuration.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::config::{Config, DangerouslyAllow, Grant, MAX_MAX_AGE, Part, Refuse, Route};
use crate::environment;
use crate::error::{ConfigError, ErrorCode, Place};
use crate::grant_id::GrantId;
use crate::header::{self, ResponseHeader};
use crate::method;
use crate::origin_set::GrantSet;
use crate::path::{self, RoutePath};
use crate::pattern::{OriginPattern, PatternError, Shape};
use crate::refuse;
use crate::routes::Routes;
use crate::seen::SeenPatterns;
use crate::suggest;
use crate::text::Excerpt;
use crate::written_list;

/// How many bytes of headers the lists of a grant may put on a response: more than any browser or
/// proxy reads as it is installed.
const MAX_HEADERS: usize = 64 * 1024;

/// A configuration without errors, ready to be compiled.
pub(crate) struct Checked<'a> {
    /// What is at the top, then each route.
    pub(crate) parts: Vec<CheckedPart<'a>>,
    pub(crate) routes: Routes,
}

#[derive(Default)]
pub(crate) struct CheckedPart<'a> {
    /// The patterns with their grants.
    pub(crate) patterns: Patterns<'a>,
    /// The sets with their grants, the first grant first.
    pub(crate) sets: Vec<(GrantId, GrantSet)>,
}

pub(crate) type Patterns<'a> = Vec<(GrantId, OriginPattern<'a>)>;

/// Adds every error in `config` to `errors`. Returns what is valid.
///
/// `incomplete` has the grants whose origins are not all known. They are not missing, and their grant is not unreachable.
pub(crate) fn check<'a>(
    config: &'a Config,
    incomplete: &HashSet<GrantId>,
    errors: &mut Vec<ConfigError>,
) -> Checked<'a> {
    let mut part = |route, grants: &'a [Grant], danger, refuse| {
        let mut checked = check_grants(route, grants, danger, incomplete, errors);
        checked.sets = check_sets(config, route, grants, errors);
        check_refuse(route, grants, refuse, errors);
        checked
    };
    let (danger, refuse) = (config.dangerously_allow, config.refuse);
    let mut parts = vec![part(None, &config.grants, danger, refuse)];
    for (index, route) in config.routes.iter().enumerate() {
        let Part {
            grants,
            dangerously_allow,
            refuse,
        } = &route.part;
        let refuse = refuse.unwrap_or(config.refuse);
        parts.push(part(Some(index), grants, *dangerously_allow, refuse));
    }
    let is_empty = config.grants.is_empty() && config.routes.is_empty();
    if is_empty && !config.refuse.is_something() {
        errors.push(missing_origins(Place::default()));
    }
    check_hosts(&config.hosts, errors);
    let routes = check_routes(&config.routes, errors);
    if !matches!(config.preflight_status, 200 | 204) {
        errors.push(preflight_status(config.preflight_status));
    }
    Checked { parts, routes }
}

fn check_grants<'a>(
    route: Option<usize>,
    grants: &'a [Grant],
    danger: DangerouslyAllow,
    incomplete: &HashSet<GrantId>,
    errors: &mut Vec<ConfigError>,
) -> CheckedPart<'a> {
    let mut origins = Origins::default();
    for (index, grant) in grants.iter().enumerate() {
        let id = GrantId::new(route, index);
        let mut grant = Checker {
            grant,
            id,
            is_complete: !incomplete.contains(&id),
            place: Place {
                route,
                grant: Some(index),
                numbered: grants.len() > 1,
                ..Place::default()
            },
            danger,
            errors,
        };
        grant.origins(&mut origins);
        grant.methods();
        grant.request_headers();
        grant.exposed_headers();
        grant.header_sizes();
        grant.max_age();
    }
    CheckedPart {
        patterns: origins.patterns,
        sets: Vec::new(),
    }
}

/// Finds the sets that the grants of a part name.
fn check_sets(
    config: &Config,
    route: Option<usize>,
    grants: &[Grant],
    errors: &mut Vec<ConfigError>,
) -> Vec<(GrantId, GrantSet)> {
    let path = route.and_then(|route| config.routes.get(route));
    let path = path.and_then(|route| RoutePath::parse(&route.path).ok());
    let mut sets = Vec::new();
    let mut first = HashMap::new();
    // Whether everyone has an earlier grant.
    let mut is_shadowed = false;
    for (grant, named) in grants.iter().enumerate() {
        for (index, named) in named.origin_sets.iter().enumerate() {
            let place = Place {
                route,
                grant: Some(grant),
                numbered: grants.len() > 1,
                key: "origin_sets".to_owned(),
                index: Some(index),
            };
            let mut wrong = |code, message: String| {
                let error = ConfigError::new(code, place.clone(), message);
                errors.push(error.value_of(&*named.name));
            };
            if is_shadowed {
                let message = "is matched by an earlier grant, and the first matching grant decides; remove it, or move this grant up";
                wrong(ErrorCode::Shadowed, message.to_owned());
            }
            match first.insert(named, grant) {
                Some(earlier) if earlier == grant => {
                    let message = "is listed twice in this grant; remove one";
                    wrong(ErrorCode::Duplicate, message.to_owned());
                }
                Some(earlier) => {
                    let message = format!(
                        "is already listed in grant[{earlier}], and the first matching grant decides; remove one"
                    );
                    wrong(ErrorCode::Duplicate, message);
                }
                None => {}
            }
            let segment = match &named.key {
                None => None,
                Some(key) => {
                    let captures = path.iter().flat_map(RoutePath::captures);
                    match captures
                        .clone()
                        .find(|(_, name)| *key == format!("{{{name}}}"))
                    {
                        Some((segment, _)) => Some(segment),
                        None => {
                            let message =
                                invalid_key(key, captures.map(|(_, name)| name).collect());
                            wrong(ErrorCode::InvalidOriginSet, message);
                            continue;
                        }
                    }
                }
            };
            match config.origin_sets.get(&named.name) {
                Some(set) => {
                    let set = GrantSet {
                        name: (*named.name).into(),
                        set: set.clone(),
                        segment,
                    };
                    sets.push((GrantId::new(route, grant), set));
                }
                None => wrong(
                    ErrorCode::UnknownOriginSet,
                    "is a set that the application does not supply; supply it with `origin_set`, or remove it".to_owned(),
                ),
            }
        }
        is_shadowed |= named.allow_origins.iter().any(|origin| origin == "*");
    }
    sets
}

fn invalid_key(key: &str, captures: Vec<&str>) -> String {
    let key = Excerpt(key);
    match &*captures {
        [] => format!(
            "has the key `{key}`, and the path here has no segment `{{name}}`; write it in a route such as `/realms/{{realm}}`, or remove the key"
        ),
        [name] => format!(
            "has the key `{key}`, which is not a segment of the route's path; write `{{{name}}}`"
        ),
        names => format!(
            "has the key `{key}`, which is not a segment of the route's path; write one of `{{{}}}`",
            names.join("}`, `{")
        ),
    }
}

/// Where `*` is the only grant, no origin is listed, and all would be refused.
fn check_refuse(
    route: Option<usize>,
    grants: &[Grant],
    refuse: Refuse,
    errors: &mut Vec<ConfigError>,
) {
    let refused = [
        (refuse.websocket, "websocket"),
        (refuse.unlisted_origins, "unlisted-origins"),
    ];
    let [grant] = grants else { return };
    if grant.allow_origins != ["*"] {
        return;
    }
    for (_, name) in refused.into_iter().filter(|(refused, _)| *refused) {
        let place = Place {
            route,
            grant: Some(0),
            key: "allow_origins".to_owned(),
            index: Some(0),
            ..Place::default()
        };
        let advice = match route {
            None => "list the origins",
            Some(_) => "list the origins, or write `refuse = []` in the route",
        };
        let message = format!(
            "is the only grant here, and `{name}` in `refuse` needs origins that are listed: anyone has a grant by `*`; {advice}"
        );
        errors.push(ConfigError::new(ErrorCode::RefuseEverybody, place, message).value_of("*"));
    }
}

fn check_hosts(hosts: &[String], errors: &mut Vec<ConfigError>) {
    let mut seen = HashMap::with_capacity(hosts.len());
    for (index, host) in hosts.iter().enumerate() {
        let place = Place {
            key: "hosts".to_owned(),
            index: Some(index),
            ..Place::default()
        };
        let error = if !refuse::is_host_pattern(host) {
            let message = "is not a host; write it as `Host` has it, such as `api.example.com`, `localhost:*` or `*.example.com`";
            let error = ConfigError::new(ErrorCode::InvalidHost, place, message);
            error.suggest(refuse::suggest_host(host))
        } else if let Some(first) = seen.insert(host, index) {
            let message = format!("is listed twice, first as hosts[{first}]; remove one");
            ConfigError::new(ErrorCode::Duplicate, place, message)
        } else {
            continue;
        };
        errors.push(error.value_of(host));
    }
}

fn check_routes(routes: &[Route], errors: &mut Vec<ConfigError>) -> Routes {
    let mut compiled = Routes::default();
    // The numbers of the valid routes: an invalid one is not compiled.
    let mut valid = Vec::new();
    for (index, Route { path: text, .. }) in routes.iter().enumerate() {
        let place = Place {
            route: Some(index),
            key: "path".to_owned(),
            ..Place::default()
        };
        let error = match RoutePath::parse(text) {
            Ok(parsed) => {
                valid.push(index);
                let Err(earlier) = compiled.insert(&parsed) else {
                    continue;
                };
                let earlier = valid.get(earlier).copied().unwrap_or_default();
                let is_same = routes.get(earlier).is_some_and(|route| route.path == *text);
                let message = match is_same {
                    true => format!("is already the path of route[{earlier}]; remove one"),
                    false => format!(
                        "is for the same paths as route[{earlier}]: the case of letters and the names of segments do not distinguish routes; remove one"
                    ),
                };
                ConfigError::new(ErrorCode::DuplicateRoute, place, message)
            }
            Err(error) => {
                let error = ConfigError::new(ErrorCode::InvalidPath, place, error.to_string());
                error.suggest(path::suggest(text))
            }
        };
        errors.push(error.value_of(text));
    }
    compiled
}

pub(crate) fn missing_origins(place: Place) -> ConfigError {
    let place = Place {
        key: "allow_origins".to_owned(),
        ..place
    };
    ConfigError::new(
        ErrorCode::MissingOrigins,
        place,
        "has no origins; list the allowed origins, or write `[\"*\"]` to allow any origin",
    )
}

pub(crate) fn max_age(place: Place, value: impl fmt::Display) -> ConfigError {
    let message = format!(
        "is out of range; use a number of seconds from 0 to {}",
        MAX_MAX_AGE.as_secs()
    );
    ConfigError::new(ErrorCode::MaxAge, place, message).value_of(value.to_string())
}

pub(crate) fn preflight_status(value: impl fmt::Display) -> ConfigError {
    let place = Place {
        key: "preflight_status".to_owned(),
        ..Place::default()
    };
    let message = "is not a valid preflight status; use 204, or 200 for old clients";
    ConfigError::new(ErrorCode::PreflightStatus, place, message).value_of(value.to_string())
}

/// The origins of the grants that were checked before.
#[derive(Default)]
struct Origins<'a> {
    patterns: Patterns<'a>,
    listed: SeenPatterns<'a>,
}

struct Checker<'a, 'e> {
    grant: &'a Grant,
    id: GrantId,
    /// Whether all of its origins are known.
    is_complete: bool,
    place: Place,
    danger: DangerouslyAllow,
    errors: &'e mut Vec<ConfigError>,
}

impl<'a> Checker<'a, '_> {
    fn place(&self, key: &str, index: Option<usize>) -> Place {
        Place {
            key: key.to_owned(),
            index,
            ..self.place.clone()
        }
    }

    fn item(&mut self, code: ErrorCode, key: &str, index: usize, value: &str, message: &str) {
        self.item_suggesting(code, key, index, value, message, None);
    }

    fn item_suggesting(
        &mut self,
        code: ErrorCode,
        key: &str,
        index: usize,
        value: &str,
        message: &str,
        suggestion: Option<String>,
    ) {
        let place = self.place(key, Some(index));
        let error = ConfigError::new(code, place, message);
        self.errors.push(error.value_of(value).suggest(suggestion));
    }

    fn listed_twice(&mut self, key: &str, index: usize, value: &str, first: usize) {
        let error = ConfigError::listed_twice(self.place(key, Some(index)), first);
        self.errors.push(error.value_of(value));
    }

    fn origins(&mut self, seen: &mut Origins<'a>) {
        const KEY: &str = "allow_origins";
        let grant = self.id.index();
        let texts = &self.grant.allow_origins;
        if texts.is_empty() {
            if !self.is_complete || !self.grant.origin_sets.is_empty() {
                return;
            }
            self.errors.push(missing_origins(self.place.clone()));
            return;
        }
        let mut patterns = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            match OriginPattern::parse(text) {
                Ok(pattern) => {
                    self.origin(index, &pattern);
                    patterns.push((index, pattern));
                }
                Err(error) => self.invalid_origin(index, text, error),
            }
        }
        let covered: Vec<bool> = patterns
            .iter()
            .map(|(_, pattern)| seen.listed.covers(pattern))
            .collect();
        let unreachable = self.is_complete
            && self.grant.origin_sets.is_empty()
            && patterns.len() == texts.len()
            && covered.iter().all(|covered| *covered);
        if unreachable {
            let message =
                "is unreachable: earlier grants match all of its origins; remove it, or move it up";
            let place = self.place.clone();
            self.errors.push(ConfigError::new(
                ErrorCode::UnreachableGrant,
                place,
                message,
            ));
        }
        for ((index, pattern), covered) in patterns.into_iter().zip(covered) {
            let text = pattern.as_str();
            match seen.listed.position(&pattern) {
                None => {
                    if covered && !unreachable {
                        let message = "is matched by an earlier grant, and the first matching grant decides; remove it, or move this grant up";
                        self.item(ErrorCode::Shadowed, KEY, index, text, message);
                    }
                }
                Some((first, _)) if first != grant && unreachable => {}
                Some((first, at)) if first == grant => self.listed_twice(KEY, index, text, at),
                Some((first, _)) => {
                    let message = format!(
                        "is already listed in grant[{first}], and the first matching grant decides; remove one"
                    );
                    self.item(ErrorCode::Duplicate, KEY, index, text, &message);
                }
            }
            seen.listed.insert(&pattern, (grant, index));
            seen.patterns.push((self.id, pattern));
        }
    }

    /// Reports why a valid pattern is not allowed in this grant.
    fn origin(&mut self, index: usize, pattern: &OriginPattern<'_>) {
        const KEY: &str = "allow_origins";
        let credentials = self.grant.allow_credentials;
        let text = pattern.as_str();
        if pattern.shape() == Shape::Any {
            let others = &self.grant.allow_origins;
            if others.iter().any(|other| other != "*") || !self.grant.origin_sets.is_empty() {
                self.item(
                    ErrorCode::MixedWildcardOrigin,
                    KEY,
                    index,
                    text,
                    "matches every origin, so it must be the only entry; remove it or the others, or move it to a later grant",
                );
            }
            if credentials {
                self.item(
                    ErrorCode::WildcardOriginWithCredentials,
                    KEY,
                    index,
                    text,
                    "cannot be combined with `allow_credentials`: browsers reject it, and echoing every origin would let any site act as the user; list the allowed origins",
                );
            }
        }
        if pattern.shape() == Shape::Null {
            if credentials {
                self.item(
                    ErrorCode::NullOriginWithCredentials,
                    KEY,
                    index,
                    text,
                    "cannot be combined with `allow_credentials`: any site can send it, from a sandboxed frame; remove one of them",
                );
            } else if !self.danger.null_origin {
                self.item(
                    ErrorCode::NullOrigin,
                    KEY,
                    index,
                    text,
                    "can be sent by any site, from a sandboxed frame; remove it, or add `\"null-origin\"` to `dangerously_allow`",
                );
            }
        }
        if credentials && !self.danger.insecure_origins && pattern.is_insecure() {
            let secure = text.replacen("http://", "https://", 1);
            let suggestion = OriginPattern::parse(&secure).is_ok().then_some(secure);
            self.item_suggesting(
                ErrorCode::InsecureOrigin,
                KEY,
                index,
                text,
                "is plain http: with `allow_credentials`, an attacker on the network can act as the user; use https, or add `\"insecure-origins\"` to `dangerously_allow`",
                suggestion,
            );
        }
        if credentials && !self.danger.any_host && pattern.is_any_host() {
            let message = "matches every host of its scheme: with `allow_credentials`, any of them can act as the user; list the hosts, or add `\"any-host\"` to `dangerously_allow`";
            self.item(ErrorCode::AnyHost, KEY, index, text, message);
        }
        if credentials
            && !self.danger.public_suffixes
            && let Some(suffix) = pattern.public_suffix()
        {
            let (matched, registered, suggestion) = match pattern.has_wildcard_label() {
                true => (
                    "matches names directly below",
                    "that fits",
                    subdomains_of(text),
                ),
                false => ("covers", "below it", None),
            };
            let message = format!(
                "{matched} {suffix}: with `allow_credentials`, anyone who registers a name {registered} can act as the user; list your own hosts, or add `\"public-suffixes\"` to `dangerously_allow`"
            );
            self.item_suggesting(
                ErrorCode::PublicSuffix,
                KEY,
                index,
                text,
                &message,
                suggestion,
            );
        }
    }

    /// Reports an item that names a variable, and returns whether it does.
    fn variable(&mut self, key: &str, index: usize, text: &str) -> bool {
        let Some(message) = environment::not_replaced(text) else {
            return false;
        };
        self.item(ErrorCode::InvalidVariable, key, index, text, &message);
        true
    }

    fn invalid_origin(&mut self, index: usize, text: &str, error: PatternError) {
        if self.variable("allow_origins", index, text) {
            return;
        }
        let (message, suggestion) = match written_list::in_item(text) {
            Some((message, suggestion)) => (message.to_owned(), suggestion),
            None => {
                let message = match error {
                    _ if text.starts_with(char::is_whitespace) => {
                        "begins with white space".to_owned()
                    }
                    _ if text.ends_with(char::is_whitespace) => "ends with white space".to_owned(),
                    error => error.to_string(),
                };
                (message, suggest::suggest(text))
            }
        };
        let code = ErrorCode::InvalidOrigin;
        self.item_suggesting(
            code,
            "allow_origins",
            index,
            text,
            &message,
            suggestion.clone(),
        );
        // Report errors in the suggestion now, so that the user does not meet them after following it.
        for suggested in suggestion.iter().flat_map(|text| written_list::items(text)) {
            if let Ok(pattern) = OriginPattern::parse(suggested) {
                self.origin(index, &pattern);
            }
        }
    }

    fn methods(&mut self) {
        const KEY: &str = "allow_methods";
        let methods = &self.grant.allow_methods;
        self.duplicates(KEY, methods, |method| method.clone());
        self.wildcard(KEY, methods, |method| method == "*");
        for (index, method) in methods.iter().enumerate() {
            let normal = method::normalize(method.trim());
            if method == "*" || self.variable(KEY, index, method) {
            } else if !header::is_token(method) {
                let (message, suggestion) = match method.contains(written_list::is_separator) {
                    true => (
                        "is not a valid method; write each method as an item of its own",
                        written_list::as_items(method, written_list::method),
                    ),
                    false => (
                        "is not a valid method",
                        written_list::only_item(method).and_then(written_list::method),
                    ),
                };
                let code = ErrorCode::InvalidMethod;
                self.item_suggesting(code, KEY, index, method, message, suggestion);
            } else if method::is_forbidden(method) {
                let message = "is a forbidden method: browsers never send it; remove it";
                self.item(ErrorCode::ForbiddenMethod, KEY, index, method, message);
            } else if normal != method {
                let message = "is never sent: methods are case-sensitive, and browsers send this one in upper case";
                let code = ErrorCode::InvalidMethod;
                let suggestion = Some(normal.to_owned());
                self.item_suggesting(code, KEY, index, method, message, suggestion);
            }
        }
    }

    fn request_headers(&mut self) {
        const KEY: &str = "allow_headers";
        let names = &self.grant.allow_headers;
        self.header_names(KEY, names, |name| {
            !header::is_cors_header(name) && !header::is_forbidden_request_header(name)
        });
        // `*` does not cover `Authorization` in the standard, so listing both is not redundant.
        self.wildcard(KEY, names, |name| {
            name == "*" || name.eq_ignore_ascii_case("authorization")
        });
        for (index, name) in names.iter().enumerate() {
            let lower = name.to_ascii_lowercase();
            let message = if header::is_forbidden_request_header(&lower) {
                "is a forbidden request-header: scripts cannot set it; remove it"
            } else if header::is_cors_header(&lower) {
                "is a response header of the CORS protocol: a page can send it, and it has no effect; remove it here and in the page"
            } else {
                continue;
            };
            self.item(ErrorCode::ForbiddenRequestHeader, KEY, index, name, message);
        }
    }

    fn exposed_headers(&mut self) {
        const KEY: &str = "expose_headers";
        let names = &self.grant.expose_headers;
        self.header_names(KEY, names, |name| {
            !header::is_cors_header(name) && !header::is_forbidden_response_header(name)
        });
        self.wildcard(KEY, names, |name| name == "*");
        for (index, name) in names.iter().enumerate() {
            let lower = name.to_ascii_lowercase();
            if name == "*" && self.grant.allow_credentials {
                self.item(
                    ErrorCode::WildcardExposeWithCredentials,
                    KEY,
                    index,
                    name,
                    "cannot be combined with `allow_credentials`: browsers then treat it as a header with that name; list the headers",
                );
            } else if header::is_forbidden_response_header(&lower) {
                let message =
                    "is a forbidden response-header name: scripts cannot read it; remove it";
                self.item(
                    ErrorCode::ForbiddenResponseHeader,
                    KEY,
                    index,
                    name,
                    message,
                );
            } else if header::is_cors_header(&lower) {
                let message = "is a header of the CORS protocol, which is for browsers and not for scripts; remove it";
                self.item(
                    ErrorCode::ForbiddenResponseHeader,
                    KEY,
                    index,
                    name,
                    message,
                );
            }
        }
    }

    /// Checks the header names of a request or a response. Suggests only names that `is_allowed` accepts.
    fn header_names(&mut self, key: &str, names: &[String], is_allowed: impl Fn(&str) -> bool) {
        self.duplicates(key, names, |name| name.to_ascii_lowercase());
        for (index, name) in names.iter().enumerate() {
            if !header::is_token(name) && !self.variable(key, index, name) {
                let guess = |name: &str| written_list::header(name, &is_allowed);
                let (message, suggestion) = match name.contains(written_list::is_separator) {
                    true => (
                        "is not a valid header name; write each name as an item of its own",
                        written_list::as_items(name, guess),
                    ),
                    false => (
                        "is not a valid header name",
                        written_list::only_item(name).and_then(guess),
                    ),
                };
                let code = ErrorCode::InvalidHeader;
                self.item_suggesting(code, key, index, name, message, suggestion);
            }
        }
    }

    /// Reports items that `*` in the same list covers. `is_allowed` accepts those that it does not.
    fn wildcard(&mut self, key: &str, items: &[String], is_allowed: impl Fn(&str) -> bool) {
        if !items.iter().any(|item| item == "*") {
            return;
        }
        for (index, item) in items.iter().enumerate() {
            if !is_allowed(item) {
                let message = "is redundant next to `*`; remove one of them";
                self.item(ErrorCode::MixedWildcard, key, index, item, message);
            }
        }
    }

    fn duplicates(&mut self, key: &str, items: &[String], normal: impl Fn(&String) -> String) {
        let mut seen = HashMap::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match seen.entry(normal(item)) {
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(index);
                }
                std::collections::hash_map::Entry::Occupied(entry) => {
                    self.listed_twice(key, index, item, *entry.get());
                }
            }
        }
    }

    /// Checks the size of the lists as they are sent. Only adds up lengths: a list may be very long.
    fn header_sizes(&mut self) {
        let grant = self.grant;
        let methods = line_len(
            ResponseHeader::AccessControlAllowMethods,
            &grant.allow_methods,
        );
        let headers = line_len(
            ResponseHeader::AccessControlAllowHeaders,
            &grant.allow_headers,
        );
        let exposed = line_len(
            ResponseHeader::AccessControlExposeHeaders,
            &grant.expose_headers,
        );
        let longer = match methods > headers {
            true => "allow_methods",
            false => "allow_headers",
        };
        self.header_size(longer, methods + headers, "the response to a preflight");
        self.header_size("expose_headers", exposed, "each actual response");
    }

    fn header_size(&mut self, key: &str, size: usize, response: &str) {
        if size <= MAX_HEADERS {
            return;
        }
        // With credentials, `*` would expose nothing.
        let advice = match key == "expose_headers" && self.grant.allow_credentials {
            true => "list fewer",
            false => "write `[\"*\"]`, or list fewer",
        };
        let message = format!(
            "puts {size} bytes of headers on {response}, and the limit is {MAX_HEADERS}; {advice}"
        );
        let place = self.place(key, None);
        self.errors
            .push(ConfigError::new(ErrorCode::LargeHeaders, place, message));
    }

    fn max_age(&mut self) {
        let value = self.grant.max_age;
        let place = self.place("max_age", None);
        if value.subsec_nanos() > 0 {
            self.errors.push(max_age(place, value.as_secs_f64()));
        } else if value > MAX_MAX_AGE {
            self.errors.push(max_age(place, value.as_secs()));
        }
    }
}

/// `https://*.example.com` for `https://*example.com`, which matches `https://evilexample.com` too.
fn subdomains_of(text: &str) -> Option<String> {
    let guess = text.replacen("://*", "://*.", 1);
    let is_better = |pattern: OriginPattern<'_>| pattern.public_suffix().is_none();
    let begins_with_dash = guess.contains("://*.-");
    let is_useful = !begins_with_dash && OriginPattern::parse(&guess).is_ok_and(is_better);
    (guess != text && is_useful).then_some(guess)
}

/// The length of the line `name: a, b, c` with its line ending, or 0 for an empty list.
fn line_len(name: ResponseHeader, list: &[String]) -> usize {
    let items: usize = list.iter().map(|item| item.len() + ", ".len()).sum();
    match list.is_empty() {
        true => 0,
        // The last `, ` counts for the line ending.
        false => name.name().len() + ": ".len() + items,
    }
}
