use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::{Error, HttpResponse};
use cors_core::{Policy, PolicySource};
use pin_project_lite::pin_project;

use crate::apply::{Outcome, ResponseHeaders, WorkerPolicy};
use crate::head::Head;

/// A middleware that applies a CORS policy.
///
/// It must be the outermost middleware, which is the last [`wrap`](actix_web::App::wrap) of an `App`.
/// Middleware outside of it answers preflights itself, and its responses have no CORS headers.
///
/// Create it once, outside of the closure that creates an `App` for each worker, and clone it in the
/// closure. A clone shares the policy; it only counts a reference.
#[derive(Clone, Debug)]
pub struct Cors(PolicySource);

impl Cors {
    /// Applies `policy`: a [`Policy`], or a [`LivePolicy`](crate::LivePolicy) that can be replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        Self(policy.into())
    }

    /// The current policy.
    pub fn policy(&self) -> Policy {
        self.0.current()
    }
}

impl<S, B> Transform<S, ServiceRequest> for Cors
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = CorsMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let policy = WorkerPolicy::new(self.0.clone());
        ready(Ok(CorsMiddleware { inner, policy }))
    }
}

/// A service with a CORS policy around it. Made by [`Cors`], once for each worker.
#[derive(Debug)]
pub struct CorsMiddleware<S> {
    inner: S,
    policy: WorkerPolicy,
}

impl<S, B> Service<ServiceRequest> for CorsMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = CorsFuture<S::Future>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let outcome = self.policy.decide(Head::from(&request));
        let state = match outcome {
            Outcome::Respond(response) => State::Preflight {
                response: Some(request.into_response(response)),
            },
            Outcome::Forward(headers) => State::Actual {
                inner: self.inner.call(request),
                headers,
            },
        };
        CorsFuture { state }
    }
}

pin_project! {
    /// The response of a [`CorsMiddleware`].
    #[derive(Debug)]
    pub struct CorsFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        Preflight { response: Option<ServiceResponse<BoxBody>> },
        Actual { #[pin] inner: F, headers: ResponseHeaders },
    }
}

impl<F, B> Future for CorsFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Preflight { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response.map_into_right_body())),
                // Polled again after completion.
                None => Poll::Pending,
            },
            StateProjection::Actual { inner, headers } => {
                Poll::Ready(match ready!(inner.poll(cx)) {
                    Ok(mut response) => {
                        headers.write(response.headers_mut());
                        Ok(response.map_into_left_body())
                    }
                    // Do not turn the error into a response here: middleware outside of this one may
                    // handle the error.
                    Err(mut error) => {
                        let headers = headers.clone();
                        error.add_response_mapper(move |mut response: HttpResponse| {
                            headers.write(response.headers_mut());
                            response
                        });
                        Err(error)
                    }
                })
            }
        }
    }
}
