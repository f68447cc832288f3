//! Why a policy does not allow a request, and what could be changed.

use std::ops::Range;

use cors_browser_model::{Blocked, Credentials, NetworkError, Origin as PageOrigin, Run};
use cors_core::adapter::Verdict;
use cors_core::{Difference, Explanation, Grant, NearMiss, Origin, OriginPattern};

use super::edit::Edit;
use crate::failure_code::FailureCode;
use crate::policy_server::Head;
use crate::request::PageRequest;
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
            blocked,
            failure,
        };
        match explanation {
            Some(explanation) => match explanation.decision().verdict() {
                Verdict::Granted(grant) => case.refused_by_grant(grant.index()),
                Verdict::NoGrant | Verdict::NoOrigin => case.no_grant(&explanation),
            },
            None => case.elsewhere(),
        }
    }
}

struct Case<'a> {
    valid: &'a ValidPolicy,
    page: &'a PageRequest,
    blocked: &'a Blocked,
    failure: FailureCode,
}

impl Case<'_> {
    fn obstacle(&self, message: String, grant: usize, key: &str, index: Option<usize>) -> Obstacle {
        Obstacle {
            failure: self.failure,
            message,
            span: Some(self.span(grant, key, index)),
            advice: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// The place of an item, or of the key that lacks the item. If the grant lacks the key, the place of the
    /// grant's beginning.
    fn span(&self, grant: usize, key: &str, index: Option<usize>) -> Range<usize> {
        let places = &self.valid.places;
        match (index, places.entry(grant, key)) {
            (None, Some(entry)) => entry.key.clone(),
            (None, None) if key != "allow_origins" => self.span(grant, "allow_origins", None),
            _ => places.span(grant, key, index),
        }
    }

    /// An obstacle that is not in the policy.
    fn elsewhere(&self) -> Obstacle {
        let code = self.failure.as_str();
        Obstacle {
            failure: self.failure,
            message: self.blocked.error.to_string(),
            span: None,
            advice: vec![format!(
                "no change of the policy allows it; see `cors check --explain {code}`"
            )],
            candidates: Vec::new(),
        }
    }

    fn includes_credentials(&self) -> bool {
        self.page.request.credentials == Credentials::Include
    }

    /// The page's origin is in no grant.
    fn no_grant(&self, explanation: &Explanation) -> Obstacle {
        let origin = self.blocked.origin.as_str();
        let near_miss = explanation.near_miss();
        let message = explanation.to_string();
        let (grant, index) = match near_miss {
            Some(near) => {
                let grant = near.grant.index();
                (grant, self.index_of(grant, &near.pattern))
            }
            None => (self.fitting_grant(), None),
        };
        let mut obstacle = self.obstacle(message, grant, "allow_origins", index);
        obstacle.advice = near_miss
            .map(|near| advice(near, origin))
            .into_iter()
            .flatten()
            .collect();
        if self.page.request.origin == PageOrigin::Opaque {
            obstacle.advice.push(
                "every sandboxed frame, file and redirect between sites has the origin `null`: serve the page from a \
                 site instead"
                    .to_owned(),
            );
        }
        obstacle.candidates = self.admissions(grant, origin);
        obstacle
    }

    /// Ways to grant an origin what it needs.
    fn admissions(&self, grant: usize, origin: &str) -> Vec<Vec<Edit>> {
        let add = Edit::Add {
            grant,
            key: "allow_origins",
            items: vec![origin.to_owned()],
        };
        let own = Grant::new([origin]).allow_credentials(self.includes_credentials());
        let danger = match self.page.request.origin {
            PageOrigin::Opaque => "null-origin",
            PageOrigin::Tuple(_) => "insecure-origins",
        };
        vec![
            vec![add.clone()],
            vec![Edit::Append(Box::new(own.clone()))],
            vec![Edit::AllowDanger(danger), add],
            vec![Edit::AllowDanger(danger), Edit::Append(Box::new(own))],
        ]
    }

    /// The best grant for a new origin: one that is not for any origin, and with credentials if
    /// the request includes them.
    fn fitting_grant(&self) -> usize {
        let grants = &self.valid.config.grants;
        let fits = |grant: &Grant| {
            !is_for_everybody(grant) && grant.allow_credentials == self.includes_credentials()
        };
        let for_some = |grant: &Grant| !is_for_everybody(grant);
        let index = grants.iter().position(fits);
        index
            .or(grants.iter().position(for_some))
            .unwrap_or_default()
    }

    fn index_of(&self, grant: usize, pattern: &str) -> Option<usize> {
        let patterns = &self.valid.config.grants.get(grant)?.allow_origins;
        patterns.iter().position(|listed| listed == pattern)
    }

    /// A grant is for the page's origin, but not for this request.
    fn refused_by_grant(&self, index: usize) -> Obstacle {
        let Some(grant) = self.valid.config.grants.get(index) else {
            return self.elsewhere();
        };
        match &self.blocked.error {
            NetworkError::AllowOriginMismatch { .. } | NetworkError::AllowCredentials { .. } => {
                self.without_credentials(index, grant)
            }
            NetworkError::MethodNotAllowed => self.method(index, grant),
            NetworkError::HeadersNotAllowed { names } => self.headers(index, names),
            NetworkError::AuthorizationNotListed => self.authorization(index),
            _ => self.elsewhere(),
        }
    }

    fn without_credentials(&self, index: usize, grant: &Grant) -> Obstacle {
        let origin = self.blocked.origin.as_str();
        let has_key = self
            .valid
            .places
            .entry(index, "allow_credentials")
            .is_some();
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
        let mut obstacle = self.obstacle(message, index, key, None);
        obstacle.advice.push(
            "if the server needs no cookies, remove `credentials: \"include\"` in the page"
                .to_owned(),
        );
        let mut own = grant.clone().allow_credentials(true);
        own.allow_origins = vec![origin.to_owned()];
        own.expose_headers.retain(|name| name != "*");
        if !is_for_everybody(grant) {
            obstacle
                .candidates
                .push(vec![Edit::AllowCredentials { grant: index }]);
        }
        obstacle
            .candidates
            .push(vec![Edit::Prepend(Box::new(own.clone()))]);
        // An origin that is listed by name cannot be listed again.
        let remove = Edit::Remove {
            grant: index,
            key: "allow_origins",
            item: origin.to_owned(),
        };
        obstacle
            .candidates
            .push(vec![remove, Edit::Prepend(Box::new(own))]);
        obstacle
    }

    fn method(&self, index: usize, grant: &Grant) -> Obstacle {
        let method = self.blocked.method.as_str();
        let shown = Printable(method);
        let upper = method.to_ascii_uppercase();
        let listed =
            grant.allow_methods.contains(&upper) || matches!(&*upper, "GET" | "HEAD" | "POST");
        let message = format!("`{shown}` is not in `allow_methods`");
        let mut obstacle = self.obstacle(message, index, "allow_methods", None);
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
        obstacle.candidates.push(vec![Edit::Add {
            grant: index,
            key: "allow_methods",
            items: vec![method.to_owned()],
        }]);
        obstacle
    }

    fn headers(&self, index: usize, names: &[String]) -> Obstacle {
        let verb = if names.len() == 1 { "is" } else { "are" };
        let message = format!("{} {verb} not in `allow_headers`", listed(names));
        let mut obstacle = self.obstacle(message, index, "allow_headers", None);
        if names.iter().any(|name| name == "content-type") {
            obstacle.advice.push(
                "only the content types of forms and `text/plain` need no permission; JSON needs it"
                    .to_owned(),
            );
        }
        obstacle.candidates.push(vec![Edit::Add {
            grant: index,
            key: "allow_headers",
            items: names.to_vec(),
        }]);
        obstacle
    }

    fn authorization(&self, index: usize) -> Obstacle {
        let message =
            "`authorization` is not in `allow_headers` by name, and `*` does not cover it"
                .to_owned();
        let mut obstacle = self.obstacle(message, index, "allow_headers", None);
        obstacle.advice.push(
            "current browsers let `*` cover it, against the standard; Firefox announces that this will change".to_owned(),
        );
        obstacle.candidates.push(vec![Edit::Add {
            grant: index,
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
