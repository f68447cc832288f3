//! The fairing, and the half of it that has to run last.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use cors_core::{Applied, Baked, Policy, PolicySource, RequestHeader, is_preflight};
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::futures::future::BoxFuture;
use rocket::http::Method;
use rocket::{Build, Data, Request, Response, Rocket};

use crate::head::{Head, lines};
use crate::route;

/// A fairing that applies a [`Policy`] to every request of an application.
///
/// It is a singleton: attached twice, the last one counts. A clone costs one reference count.
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
pub struct Cors(Applied<Arc<Shared>>);

/// What responses borrow from.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) policy: Policy,
    pub(crate) values: Baked<String>,
}

impl Cors {
    /// A fairing that applies `policy`: a [`Policy`], or a [`LivePolicy`](crate::LivePolicy) that can be
    /// replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        Self(Applied::new(policy, |policy| {
            let Ok(values) = policy.bake(|value| Ok::<_, Infallible>(value.to_owned()));
            Arc::new(Shared { policy, values })
        }))
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        self.0.current().policy.clone()
    }
}

#[rocket::async_trait]
impl Fairing for Cors {
    fn info(&self) -> Info {
        Info {
            name: "CORS",
            kind: Kind::Ignite | Kind::Request | Kind::Singleton,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        // Fairings run in the order in which they were attached. One that is attached while Rocket
        // ignites comes after all that the application attached, wherever it attached this one.
        let rocket = match self.0.fixed() {
            Some(shared) => rocket.manage(Arc::clone(shared)),
            None => rocket,
        };
        Ok(rocket
            .mount("/", [route::preflight()])
            .attach(Last(self.0.clone())))
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

/// What has to run after the application's own fairings.
struct Last(Applied<Arc<Shared>>);

#[rocket::async_trait]
impl Fairing for Last {
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
            // So that the request is answered by the policy that was in force when it arrived.
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
        if let Some(shared) = self.shared(request) {
            shared.respond(request, response);
        }
        done()
    }
}

impl Last {
    /// What applies to a request, where its response may borrow it from. That is not this fairing, but
    /// managed state or, if it may be replaced, the request.
    fn shared<'r>(&self, request: &'r Request<'_>) -> Option<&'r Shared> {
        match self.0.fixed() {
            Some(_) => request
                .rocket()
                .state::<Arc<Shared>>()
                .map(|shared| &**shared),
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
