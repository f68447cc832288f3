//! The fairing, and the half of it that has to run last.

use std::future::poll_fn;
use std::task::Poll;

use cors_core::adapter::{PolicyCache, RequestHeader, is_preflight};
use cors_core::{Policy, PolicySource};
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::futures::future::BoxFuture;
use rocket::http::Method;
use rocket::{Build, Data, Request, Response, Rocket};

use crate::head::{Head, lines};
use crate::route;

/// A fairing that applies a [`Policy`] to every request of an application.
///
/// Attach one: a second one fails when Rocket ignites, because each would answer the preflights of the
/// other. Origins that may do different things go into several [grants](crate::Grant) of one policy. A
/// clone costs one reference count.
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

/// The policy that responses borrow from: in Rocket's managed state, or in the cache of a request. It is a
/// type of its own, so that it is not the application's.
#[derive(Clone, Debug)]
pub(crate) struct AppliedPolicy(pub(crate) Policy);

/// Managed state that says that a [`Cors`] is attached.
struct Attached;

impl Cors {
    /// A fairing that applies `policy`: a [`Policy`], or a [`LivePolicy`](crate::LivePolicy) that can be
    /// replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        Self(PolicyCache::new(policy, AppliedPolicy))
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
                "a second CORS fairing is attached; attach one, with several grants if need be"
            );
            return Err(rocket);
        }
        // Fairings run in the order in which they were attached. One that is attached while Rocket
        // ignites comes after all that the application attached, wherever it attached this one.
        let rocket = match self.0.fixed() {
            Some(policy) => rocket.manage(policy.clone()),
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
        if is_preflight(&Head::from(&*request)) {
            remember_preflight(request);
        }
        done()
    }
}

/// The half that has to run after the application's own fairings.
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
        if self.0.fixed().is_none() {
            // So that the request is answered by the policy of the moment when it arrived.
            request.local_cache(|| self.0.current());
        }
        // If another fairing has rewritten the method of a preflight, it would reach a route.
        if request.method() != Method::Options && arrived_as_preflight(request) {
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
    /// What applies to a request, where its response may borrow it from. That is not this fairing, but
    /// managed state or, if it may be replaced, the request.
    fn policy<'r>(&self, request: &'r Request<'_>) -> Option<&'r AppliedPolicy> {
        match self.0.fixed() {
            Some(_) => request.rocket().state(),
            None => Some(request.local_cache(|| self.0.current())),
        }
    }
}

fn arrived_as_preflight(request: &Request<'_>) -> bool {
    // Header lines may be added on the way, but not removed. So most requests need no look at the
    // cache, which allocates.
    let asked = RequestHeader::AccessControlRequestMethod.name();
    lines(request.headers(), asked).next().is_some() && remember_preflight(request)
}

/// Whether it was remembered already: a request's cache cannot be asked without being written to.
fn remember_preflight(request: &Request<'_>) -> bool {
    struct ArrivedAsPreflight;
    let mut known = true;
    request.local_cache(|| {
        known = false;
        ArrivedAsPreflight
    });
    known
}

/// What an `async fn` in these traits becomes, but for the box: this future has no size, so it is
/// boxed without an allocation.
fn done<'f>() -> BoxFuture<'f, ()> {
    Box::pin(poll_fn(|_| Poll::Ready(())))
}
