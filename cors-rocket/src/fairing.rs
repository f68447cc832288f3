//! The fairing, and the part of it that must run last.

use std::future::poll_fn;
use std::task::Poll;

use cors_core::adapter::{PolicyCache, RequestHeader, is_preflight};
use cors_core::{Policy, PolicySource};
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::futures::future::BoxFuture;
use rocket::http::Method;
use rocket::{Build, Data, Request, Response, Rocket};

use crate::head::{Head, lines, sent_path};
use crate::{route, unknown};

/// A fairing that applies a [`Policy`] to every request of an application.
///
/// Attach only one. With two, Rocket does not ignite, because each would answer the preflights of the
/// other. For origins with different permissions, use one policy with several [grants](crate::Grant). A
/// clone only counts a reference.
///
/// # Examples
///
/// ```
/// use cors_rocket::{Cors, Grant, Policy};
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
/// let rocket = rocket::build().attach(Cors::new(policy));
/// # Ok::<(), cors_rocket::ConfigErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cors(PolicyCache<AppliedPolicy>);

/// The policy that responses borrow from: in Rocket's managed state, or in the cache of a request. The type
/// is private, so the application cannot manage a value of the same type.
#[derive(Clone, Debug)]
pub(crate) struct AppliedPolicy(pub(crate) Policy);

/// Managed state that marks that a [`Cors`] is attached.
struct Attached;

impl Cors {
    /// A fairing that applies `policy`: a [`Policy`], or a [`LivePolicy`](crate::LivePolicy) that can be
    /// replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        Self(match policy.into() {
            // It is checked at launch: then the application's log is ready.
            policy @ PolicySource::Fixed(_) => PolicyCache::new(policy, AppliedPolicy),
            policy => PolicyCache::new(policy, |policy| {
                unknown::warn(&policy);
                AppliedPolicy(policy)
            }),
        })
    }

    /// The current policy.
    pub fn policy(&self) -> Policy {
        self.0.current().0
    }
}

#[rocket::async_trait]
impl Fairing for Cors {
    fn info(&self) -> Info {
        Info {
            name: "CORS",
            kind: Kind::Ignite | Kind::Request,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        if rocket.state::<Attached>().is_some() {
            tracing::error!(
                "a second CORS fairing is attached; attach only one, with a policy of several grants"
            );
            return Err(rocket);
        }
        // Fairings run in the order in which they were attached. A fairing that is attached while Rocket
        // ignites runs after all fairings of the application, wherever the application attached this one.
        let rocket = match self.0.fixed() {
            Some(policy) => {
                unknown::warn(&policy.0);
                rocket.manage(policy.clone())
            }
            None => rocket,
        };
        Ok(rocket
            .manage(Attached)
            .mount("/", [route::preflight()])
            .attach(ResponseFairing(self.0.clone())))
    }

    fn on_request<'a, 'b, 'c, 'd, 'e, 'f>(
        &'a self,
        request: &'b mut Request<'c>,
        _: &'d mut Data<'e>,
    ) -> BoxFuture<'f, ()>
    where
        Self: 'f,
        'a: 'f,
        'b: 'f,
        'c: 'f,
        'd: 'f,
        'e: 'f,
    {
        let policy = match self.0.fixed() {
            Some(policy) => policy,
            // The policy that is current when the request arrives answers it.
            None => request.local_cache(|| self.0.current()),
        };
        if policy.0.has_routes() {
            // Another fairing may change the URI.
            sent_path(request);
        }
        if is_preflight(&Head::from(&*request)) {
            remember_preflight(request);
        }
        done()
    }
}

/// The part that must run after the application's own fairings.
struct ResponseFairing(PolicyCache<AppliedPolicy>);

#[rocket::async_trait]
impl Fairing for ResponseFairing {
    fn info(&self) -> Info {
        Info {
            name: "CORS, last",
            kind: Kind::Request | Kind::Response,
        }
    }

    fn on_request<'a, 'b, 'c, 'd, 'e, 'f>(
        &'a self,
        request: &'b mut Request<'c>,
        _: &'d mut Data<'e>,
    ) -> BoxFuture<'f, ()>
    where
        Self: 'f,
        'a: 'f,
        'b: 'f,
        'c: 'f,
        'd: 'f,
        'e: 'f,
    {
        // If another fairing changed the method of a preflight, the preflight would reach a route.
        if request.method() != Method::Options && arrived_as_preflight(request) {
            request.set_method(Method::Options);
        }
        let refused = self
            .policy(request)
            .and_then(|policy| policy.refused(request));
        if let Some(refused) = refused {
            request.local_cache(|| Some(refused));
            // Our route is for this method, and before all others.
            request.set_method(Method::Options);
        }
        done()
    }

    fn on_response<'r, 'a, 'b, 'c, 'f>(
        &'a self,
        request: &'r Request<'b>,
        response: &'c mut Response<'r>,
    ) -> BoxFuture<'f, ()>
    where
        Self: 'f,
        'r: 'f,
        'a: 'f,
        'b: 'f,
        'c: 'f,
    {
        if let Some(policy) = self.policy(request) {
            policy.apply(request, response);
        }
        done()
    }
}

impl ResponseFairing {
    /// The policy for a request, from a place from which the response can borrow. That is not this fairing, but
    /// managed state or, for a policy that can be replaced, the request.
    fn policy<'r>(&self, request: &'r Request<'_>) -> Option<&'r AppliedPolicy> {
        match self.0.fixed() {
            Some(_) => request.rocket().state(),
            None => Some(request.local_cache(|| self.0.current())),
        }
    }
}

fn arrived_as_preflight(request: &Request<'_>) -> bool {
    // Fairings can add header lines to a request, but not remove them. So most requests do not need
    // the cache, which allocates.
    let asked = RequestHeader::AccessControlRequestMethod.name();
    lines(request.headers(), asked).next().is_some() && remember_preflight(request)
}

/// Returns whether it was remembered before: Rocket's request cache cannot be read without writing to it.
fn remember_preflight(request: &Request<'_>) -> bool {
    struct ArrivedAsPreflight;
    let mut known = true;
    request.local_cache(|| {
        known = false;
        ArrivedAsPreflight
    });
    known
}

/// What an `async fn` in these traits returns, but without an allocation: this future has size zero.
fn done<'f>() -> BoxFuture<'f, ()> {
    Box::pin(poll_fn(|_| Poll::Ready(())))
}
