use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::{Error, HttpResponse};
use cors_core::{Policy, PolicySource};
use pin_project_lite::pin_project;

use crate::fields::{Answer, Pending, Worker};
use crate::head::Head;

/// A middleware that applies a CORS policy.
///
/// Put it outermost, which is the last [`wrap`](actix_web::App::wrap) of an `App`: what is outside of it
/// answers preflights itself, and its own responses have no CORS fields.
///
/// Make it once, outside of the closure that makes an `App` for each worker, and clone it there. A
/// clone shares what it was cloned from; it costs one reference count.
#[derive(Clone, Debug)]
pub struct Cors(PolicySource);

impl Cors {
    /// Applies `policy`: a [`Policy`], or a [`LivePolicy`](crate::LivePolicy) that can be replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        Self(policy.into())
    }

    /// The policy in force.
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
        let worker = Worker::new(self.0.clone());
        ready(Ok(CorsMiddleware { inner, worker }))
    }
}

/// A service with a CORS policy around it. Made by [`Cors`], once for each worker.
#[derive(Debug)]
pub struct CorsMiddleware<S> {
    inner: S,
    worker: Worker,
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
        let answer = self.worker.answer(Head::from(&request));
        let state = match answer {
            Answer::Respond(response) => State::Preflight {
                response: Some(request.into_response(response)),
            },
            Answer::Forward(pending) => State::Actual {
                inner: self.inner.call(request),
                pending,
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
        Actual { #[pin] inner: F, pending: Pending },
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
                // Polled again after the end.
                None => Poll::Pending,
            },
            StateProjection::Actual { inner, pending } => {
                Poll::Ready(match ready!(inner.poll(cx)) {
                    Ok(mut response) => {
                        pending.write(response.headers_mut());
                        Ok(response.map_into_left_body())
                    }
                    // It is tempting to make a response of the error here. Middleware outside of
                    // this one may yet want to see the error.
                    Err(mut error) => {
                        let pending = pending.clone();
                        error.add_response_mapper(move |mut response: HttpResponse| {
                            pending.write(response.headers_mut());
                            response
                        });
                        Err(error)
                    }
                })
            }
        }
    }
}
