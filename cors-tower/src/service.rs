use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::head::{Head, SentUri, UNCHANGED};
use crate::http_cors::{HttpCors, ResponseHeaders};

/// A service with a CORS policy around it. Made by [`CorsLayer`](crate::CorsLayer).
#[derive(Clone, Debug)]
pub struct CorsService<S> {
    inner: S,
    cors: HttpCors,
    sent_uri: SentUri,
}

impl<S> CorsService<S> {
    /// Puts a policy around `inner`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_tower::{CorsService, Grant, HttpCors, Policy};
    ///
    /// let cors = HttpCors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
    /// let service = CorsService::new("a service", cors);
    /// assert_eq!(*service.get_ref(), "a service");
    /// # Ok::<(), cors_tower::ConfigErrors>(())
    /// ```
    pub fn new(inner: S, cors: HttpCors) -> Self {
        Self::with_sent_uri(inner, cors, UNCHANGED)
    }

    pub(crate) fn with_sent_uri(inner: S, cors: HttpCors, sent_uri: SentUri) -> Self {
        Self {
            inner,
            cors,
            sent_uri,
        }
    }

    /// The service inside.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, A, B> Service<Request<A>> for CorsService<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    B: Default,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = CorsFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let head = Head::with_sent_uri(&request, self.sent_uri);
        let headers = self.cors.response_headers(head);
        // Each arm creates the whole future: it is large, and so it is not moved once more.
        match headers.answer(request.headers()) {
            Some(response) => CorsFuture {
                state: State::Preflight {
                    response: Some(response),
                },
            },
            None => CorsFuture {
                state: State::Actual {
                    inner: self.inner.call(request),
                    headers,
                },
            },
        }
    }
}

pin_project! {
    /// The response of a [`CorsService`].
    #[derive(Debug)]
    pub struct CorsFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F, B> {
        Preflight { response: Option<Response<B>> },
        Actual { #[pin] inner: F, headers: ResponseHeaders },
    }
}

impl<F, B, E> Future for CorsFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Preflight { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                // Polled again after completion.
                None => Poll::Pending,
            },
            StateProjection::Actual { inner, headers } => {
                // Do not use `?`: it would move the response twice more.
                let mut polled = inner.poll(cx);
                if let Poll::Ready(Ok(response)) = &mut polled {
                    headers.write_once(response.headers_mut());
                }
                polled
            }
        }
    }
}
