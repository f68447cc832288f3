//! Why a policy does not allow a request, and what could be changed.

use std::ops::Range;

use cors_browser_model::{
    Blocked, Credentials, Destination, Exchange, NetworkError, Origin as PageOrigin, Request, Run,
};
use cors_core::adapter::{Refusal, Verdict};
use cors_core::{
    Difference, Explanation, Grant, GrantId, NearMiss, Origin, OriginPattern, PathError, Reason,
    RefusalReason,
};

use super::edit::Edit;
use super::in_set::Missing;
use crate::failure_code::FailureCode;
use crate::policy_server::Head;
use crate::request::{PageRequest, is_cors_response_header, is_fetch};
use crate::source::ValidPolicy;
use crate::text::{Printable, listed};

/// The first reason why a request is not allowed.
#[derive(Clone, Debug)]
pub(super) struct Obstacle {
    pub(super) failure: FailureCode,
    /// What it is.
    pub(super) message: String,
    /// The responsible place in the file; `None` if the policy is not the reason.
    pub(super) span: Option<Range<usize>>,
    /// What to do in other places, mostly in the page.
    pub(super) advice: Vec<String>,
    /// The request that the page has to send instead, if it cannot be right as it is.
    pub(super) corrected: Option<Request>,
    /// Whether a listed origin is nearly the page's.
    pub(super) is_near: bool,
    /// The sets of origins that may lack the page's.
    pub(super) sets: Vec<Missing>,
    /// Changes of the file, the best first. Some of them do not make a valid policy.
    pub(super) candidates: Vec<Vec<Edit>>,
}

impl Obstacle {
    /// Finds the reason why `run` was blocked.
    pub(super) fn find(
        valid: &ValidPolicy,
        page: &PageRequest,
        run: &Run,
        blocked: &Blocked,
    ) -> Self {
        let failure = FailureCode::from(&blocked.error);
        let explanation = run
            .exchanges
            .last()
            .map(|exchange| valid.policy.explain(&Head(&exchange.sent)));
        let case = Case {
            valid,
            page,
            failure,
            origin: &blocked.origin,
            path: run
                .exchanges
                .last()
                .map_or("", |exchange| exchange.sent.url.path()),
            method: &blocked.method,
            credentials: page.request.credentials == Credentials::Include,
        };
        match explanation {
            Some(explanation) => match explanation.decision().verdict() {
                Verdict::Granted(grant) => case.refused_by_grant(grant, &blocked.error),
                Verdict::NoGrant | Verdict::NoOrigin => case.no_grant(&explanation),
            },
            None => case.elsewhere(&blocked.error),
        }
    }

    /// Finds the reason why the policy refuses a request.
    pub(super) fn of_refusal(
        valid: &ValidPolicy,
        page: &PageRequest,
        exchange: &Exchange,
        refusal: Refusal,
    ) -> Self {
        let explanation = valid.policy.explain(&Head(&exchange.sent));
        let origin = page.request.origin.to_string();
        let includes = is_fetch(&page.request) && page.request.credentials == Credentials::Include;
        let case = Case {
            valid,
            page,
            failure: FailureCode::Refused,
            origin: &origin,
            path: exchange.sent.url.path(),
            method: &exchange.sent.method,
            credentials: includes || refusal.reason() == RefusalReason::CrossSiteWrite,
        };
        if refusal.reason() == RefusalReason::Host {
            return case.foreign_host(&explanation, exchange);
        }
        if !exchange.sent.headers.contains("Origin") {
            return case.without_origin(&explanation);
        }
        let mut obstacle = match explanation.decision().verdict() {
            Verdict::Granted(grant) => case.grant_too_weak(&explanation, grant),
            Verdict::NoGrant | Verdict::NoOrigin => case.no_grant(&explanation),
        };
        let advice = "if the page is not yours, change nothing: this is what `refuse` is for";
        obstacle.advice.insert(0, advice.to_owned());
        obstacle
    }
}

struct Case<'a> {
    valid: &'a ValidPolicy,
    page: &'a PageRequest,
    failure: FailureCode,
    /// The origin that the browser sends, and the method.
    origin: &'a str,
    method: &'a str,
    /// The path of the request.
    path: &'a str,
    /// Whether the request needs a grant with credentials.
    credentials: bool,
}

impl Case<'_> {
    fn obstacle(
        &self,
        message: String,
        grant: GrantId,
        key: &str,
        index: Option<usize>,
    ) -> Obstacle {
        Obstacle {
            failure: self.failure,
            message,
            span: Some(self.span(grant, key, index)),
            advice: Vec::new(),
            corrected: None,
            is_near: false,
            sets: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// The place of an item, or of the key that lacks the item. If the grant lacks the key, the place of the
    /// grant's beginning.
    fn span(&self, grant: GrantId, key: &str, index: Option<usize>) -> Range<usize> {
        let places = &self.valid.places;
        match (index, places.entry(grant, key)) {
            (None, Some(entry)) => entry.key.clone(),
            (None, None) if key != "allow_origins" => self.span(grant, "allow_origins", None),
            _ => self.valid.span(grant, key, index),
        }
    }

    /// An obstacle that is not in the policy.
    fn elsewhere(&self, error: &NetworkError) -> Obstacle {
        let code = self.failure.as_str();
        Obstacle {
            failure: self.failure,
            message: error.to_string(),
            span: None,
            advice: vec![format!(
                "no change of the policy allows it; see `cors check --explain {code}`"
            )],
            corrected: None,
            is_near: false,
            sets: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// The page's origin is in no grant.
    fn no_grant(&self, explanation: &Explanation) -> Obstacle {
        if let Reason::AbnormalPath(error) = explanation.reason() {
            return self.abnormal_path(explanation, error);
        }
        let origin = self.origin;
        let near_miss = explanation.near_miss();
        let message = explanation.to_string();
        let (grant, index) = match near_miss {
            Some(near) => (near.grant, self.index_of(near.grant, &near.pattern)),
            None => (self.fitting_grant(explanation.route()), None),
        };
        let mut obstacle = self.obstacle(message, grant, "allow_origins", index);
        obstacle.advice = near_miss
            .map(|near| advice(near, origin))
            .into_iter()
            .flatten()
            .collect();
        obstacle.advice.extend(self.run_time_advice(grant.route()));
        obstacle.advice.extend(self.variable_advice(grant, index));
        if let Some(path) = explanation
            .granted_elsewhere()
            .and_then(|grant| self.valid.path(grant.route()?))
        {
            obstacle.advice.push(format!(
                "below `{}`, the policy allows this origin: if the page meant that, correct the URL in the page",
                Printable(path)
            ));
        }
        if self.page.request.origin == PageOrigin::Opaque {
            obstacle.advice.push(
                "every sandboxed frame, file and redirect between sites has the origin `null`: serve the page from a \
                 site instead"
                    .to_owned(),
            );
        }
        obstacle.sets = Missing::all(self.valid, explanation.route(), self.path, origin);
        obstacle.candidates = self.admissions(grant, origin);
        // A near miss of a set has no index.
        obstacle.is_near = index.is_some();
        obstacle
    }

    /// What to do where origins of a route, or of the top, are known at run time only.
    fn run_time_advice(&self, route: Option<usize>) -> Option<String> {
        let grants = 0..self.valid.grants_of(route).len();
        let variables = grants.flat_map(|index| {
            let grant = GrantId::new(route, index);
            self.valid.variables_in(grant, "allow_origins")
        });
        let variables = variables.filter(|variable| self.valid.is_at_run_time(variable));
        let mut names: Vec<_> = variables.map(|variable| &variable.name).collect();
        names.sort();
        names.dedup();
        let (are, one) = match names.len() {
            1 => ("is", "it"),
            _ => ("are", "one of them"),
        };
        let first = Printable(names.first()?);
        let all = names.iter().map(|name| format!("${{{name}}}"));
        let all = listed(&all.collect::<Vec<_>>());
        Some(format!(
            "{all} {are} given at run time: if {one} has the origin, pass `--env {first}=...`"
        ))
    }

    /// What to do where the origins of a grant come from variables, which no change of the file reaches.
    fn variable_advice(&self, grant: GrantId, index: Option<usize>) -> Option<String> {
        const KEY: &str = "allow_origins";
        if let Some(variable) = index.and_then(|index| self.valid.variable(grant, KEY, index)) {
            let name = Printable(&variable.name);
            return Some(format!(
                "that origin comes from `${{{name}}}`: correct the variable where the server is started"
            ));
        }
        let mut variables = self.valid.variables_in(grant, KEY);
        let variable = variables.find(|variable| !self.valid.is_at_run_time(variable))?;
        let name = Printable(&variable.name);
        Some(format!(
            "if the origin belongs into `${{{name}}}`, add it to the variable where the server is started"
        ))
    }

    /// The path cannot have a grant in a policy with routes.
    fn abnormal_path(&self, explanation: &Explanation, error: PathError) -> Obstacle {
        let (span, advice) = match error {
            PathError::Case { route } => {
                let entry = self.valid.places.part_entry(Some(route), "path");
                let path = Printable(self.valid.path(route).unwrap_or_default());
                (
                    entry.map(|entry| entry.value.clone()),
                    format!("write it in the page as the route has it: `{path}`"),
                )
            }
            _ => (None, "correct the path of the URL in the page".to_owned()),
        };
        Obstacle {
            failure: self.failure,
            message: explanation.to_string(),
            span,
            advice: vec![advice],
            corrected: None,
            is_near: false,
            sets: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Ways to grant an origin what it needs.
    fn admissions(&self, grant: GrantId, origin: &str) -> Vec<Vec<Edit>> {
        let route = grant.route();
        let add = Edit::Add {
            grant,
            key: "allow_origins",
            items: vec![origin.to_owned()],
        };
        let own = Grant::new([origin]).allow_credentials(self.credentials);
        let append = |grant: Grant| Edit::Append {
            route,
            grant: Box::new(grant),
        };
        let danger = Edit::AllowDanger {
            route,
            danger: match self.page.request.origin {
                PageOrigin::Opaque => "null-origin",
                PageOrigin::Tuple(_) => "insecure-origins",
            },
        };
        vec![
            vec![add.clone()],
            vec![append(own.clone())],
            vec![danger.clone(), add],
            vec![danger, append(own)],
        ]
    }

    /// The best grant of a route for a new origin: one that is not for any origin, and with credentials if
    /// the request includes them.
    fn fitting_grant(&self, route: Option<usize>) -> GrantId {
        let grants = self.valid.grants_of(route);
        let fits =
            |grant: &Grant| !is_for_everybody(grant) && grant.allow_credentials == self.credentials;
        let for_some = |grant: &Grant| !is_for_everybody(grant);
        let index = grants.iter().position(fits);
        let index = index.or(grants.iter().position(for_some));
        GrantId::new(route, index.unwrap_or_default())
    }

    fn index_of(&self, grant: GrantId, pattern: &str) -> Option<usize> {
        let patterns = &self.valid.grant(grant)?.allow_origins;
        patterns.iter().position(|listed| listed == pattern)
    }

    /// A grant is for the page's origin, but not for this request.
    fn refused_by_grant(&self, id: GrantId, error: &NetworkError) -> Obstacle {
        let Some(grant) = self.valid.grant(id) else {
            return self.elsewhere(error);
        };
        match error {
            NetworkError::AllowOriginMismatch { .. } | NetworkError::AllowCredentials { .. } => {
                self.without_credentials(id, grant)
            }
            NetworkError::MethodNotAllowed => self.method(id, grant),
            NetworkError::HeadersNotAllowed { names } => self.headers(id, names),
            NetworkError::AuthorizationNotListed => self.authorization(id),
            _ => self.elsewhere(error),
        }
    }

    /// The request is for a host that is not in `hosts`.
    fn foreign_host(&self, explanation: &Explanation, exchange: &Exchange) -> Obstacle {
        let entry = self.valid.places.part_entry(None, "hosts");
        let url = &exchange.sent.url;
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        Obstacle {
            failure: self.failure,
            message: explanation.to_string(),
            span: entry.map(|entry| entry.value.clone()),
            advice: vec![format!(
                "if this server has that name, add `\"{}\"` to `hosts`",
                Printable(host)
            )],
            corrected: None,
            is_near: false,
            sets: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// The request has no `Origin`, so no grant lets it pass.
    fn without_origin(&self, explanation: &Explanation) -> Obstacle {
        let own = explanation
            .route()
            .and_then(|route| self.valid.places.part_entry(Some(route), "refuse"));
        let entry = own.or_else(|| self.valid.places.part_entry(None, "refuse"));
        let mut advice = Vec::new();
        if self.page.request.destination == Destination::Image {
            advice.push(
                "write `<img crossorigin>` in the page: then the browser sends `Origin`, and the grants count"
                    .to_owned(),
            );
        }
        advice.push(
            "such a request has no `Origin`, so no grant lets it pass; if every page may have the response, give the \
             path a `[[route]]` with `refuse = []`"
                .to_owned(),
        );
        Obstacle {
            failure: self.failure,
            message: explanation.to_string(),
            span: entry.map(|entry| entry.value.clone()),
            advice,
            corrected: None,
            is_near: false,
            sets: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// The grant of the page's origin is for everyone, or has no credentials.
    fn grant_too_weak(&self, explanation: &Explanation, id: GrantId) -> Obstacle {
        let Some(grant) = self.valid.grant(id) else {
            return self.no_grant(explanation);
        };
        let mut obstacle = match is_for_everybody(grant) && !self.credentials {
            true => {
                let own = Edit::Prepend {
                    route: id.route(),
                    grant: Box::new(Grant::new([self.origin])),
                };
                let mut obstacle = self.obstacle(String::new(), id, "allow_origins", None);
                obstacle.candidates.push(vec![own]);
                obstacle
            }
            false => self.without_credentials(id, grant),
        };
        obstacle.message = explanation.to_string();
        obstacle.advice = Vec::new();
        obstacle
    }

    fn without_credentials(&self, id: GrantId, grant: &Grant) -> Obstacle {
        let origin = self.origin;
        let has_key = self.valid.places.entry(id, "allow_credentials").is_some();
        let key = if has_key {
            "allow_credentials"
        } else {
            "allow_origins"
        };
        let message = match is_for_everybody(grant) {
            true => {
                "the request includes credentials, and this grant for any origin cannot allow them"
                    .to_owned()
            }
            false => format!(
                "the request includes credentials, and the grant for `{origin}` does not allow them"
            ),
        };
        let mut obstacle = self.obstacle(message, id, key, None);
        obstacle.advice.push(
            "if the server needs no cookies, remove `credentials: \"include\"` in the page"
                .to_owned(),
        );
        let mut own = grant.clone().allow_credentials(true);
        own.allow_origins = vec![origin.to_owned()];
        own.origin_sets.clear();
        own.expose_headers.retain(|name| name != "*");
        let prepend = |grant: Grant| Edit::Prepend {
            route: id.route(),
            grant: Box::new(grant),
        };
        // What a listed origin needs is not for all origins of a set.
        let is_next_to_set =
            !grant.origin_sets.is_empty() && grant.allow_origins.iter().any(|item| item == origin);
        if !is_for_everybody(grant) && !is_next_to_set {
            obstacle
                .candidates
                .push(vec![Edit::AllowCredentials { grant: id }]);
        }
        obstacle.candidates.push(vec![prepend(own.clone())]);
        // An origin that is listed by name cannot be listed again.
        let remove = Edit::Remove {
            grant: id,
            key: "allow_origins",
            item: origin.to_owned(),
        };
        obstacle.candidates.push(vec![remove, prepend(own)]);
        obstacle
    }

    fn method(&self, id: GrantId, grant: &Grant) -> Obstacle {
        let method = self.method;
        let shown = Printable(method);
        let upper = method.to_ascii_uppercase();
        let listed =
            grant.allow_methods.contains(&upper) || matches!(&*upper, "GET" | "HEAD" | "POST");
        let message = format!("`{shown}` is not in `allow_methods`");
        let mut obstacle = self.obstacle(message, id, "allow_methods", None);
        if upper != method {
            let why = match listed {
                true => "which is allowed",
                false => "which servers accept",
            };
            obstacle.advice.push(format!(
                "methods are case-sensitive, and browsers send this one as it is written: write `{}` in the page, {why}",
                Printable(&upper)
            ));
        }
        // Servers do not know `patch`. Another method in lower case can be one of the server's own.
        if upper != method && (listed || upper == "PATCH") {
            obstacle.corrected = Some(self.page.request.clone().method(&upper));
            return obstacle;
        }
        obstacle.candidates.push(vec![Edit::Add {
            grant: id,
            key: "allow_methods",
            items: vec![method.to_owned()],
        }]);
        obstacle
    }

    fn headers(&self, id: GrantId, names: &[String]) -> Obstacle {
        let verb = if names.len() == 1 { "is" } else { "are" };
        let message = format!("{} {verb} not in `allow_headers`", listed(names));
        let mut obstacle = self.obstacle(message, id, "allow_headers", None);
        let useless = names.iter();
        let useless = useless.filter(|name| is_cors_response_header(name.as_bytes()));
        let useless: Vec<&str> = useless.map(String::as_str).collect();
        if !useless.is_empty() {
            let (it_is, it_has) = match useless.len() {
                1 => ("it is a response header", "has"),
                _ => ("they are response headers", "have"),
            };
            obstacle.advice.push(format!(
                "remove {} from the page's request: {it_is}, and {it_has} no effect there",
                listed(&useless)
            ));
            let mut corrected = self.page.request.clone();
            for name in &useless {
                corrected.headers.delete(name);
            }
            obstacle.corrected = Some(corrected);
            return obstacle;
        }
        if names.iter().any(|name| name == "content-type") {
            obstacle.advice.push(
                "only the content types of forms and `text/plain` need no permission; JSON needs it"
                    .to_owned(),
            );
        }
        obstacle.candidates.push(vec![Edit::Add {
            grant: id,
            key: "allow_headers",
            items: names.to_vec(),
        }]);
        obstacle
    }

    fn authorization(&self, id: GrantId) -> Obstacle {
        let message =
            "`authorization` is not in `allow_headers` by name, and `*` does not cover it"
                .to_owned();
        let mut obstacle = self.obstacle(message, id, "allow_headers", None);
        obstacle.advice.push(
            "current browsers let `*` cover it, against the standard; Firefox announces that this will change".to_owned(),
        );
        obstacle.candidates.push(vec![Edit::Add {
            grant: id,
            key: "allow_headers",
            items: vec!["authorization".to_owned()],
        }]);
        obstacle
    }
}

/// Whether a pattern of a policy matches an origin.
pub(crate) fn matches(pattern: &str, origin: &str) -> bool {
    pattern == "*"
        || pattern == origin
        || match (OriginPattern::parse(pattern), Origin::parse(origin)) {
            (Ok(pattern), Ok(origin)) => pattern.matches(&origin),
            _ => false,
        }
}

fn is_for_everybody(grant: &Grant) -> bool {
    grant.allow_origins.iter().any(|pattern| pattern == "*")
}

/// What to do about a near miss instead of allowing the origin.
fn advice(near: &NearMiss, origin: &str) -> Option<String> {
    let pattern = &near.pattern;
    match near.difference {
        Difference::Scheme if origin.starts_with("http:") => {
            Some(format!("better: serve the page as `{pattern}`, with https"))
        }
        // `scheme://*` has no port.
        Difference::Port if pattern.ends_with("://*") => None,
        Difference::Port => Some(match pattern.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("`{host}:*` allows every port")
            }
            _ => format!("`{pattern}:*` allows every port"),
        }),
        _ => None,
    }
}
