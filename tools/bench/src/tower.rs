//! Services of tower on messages of the `http` crate: axum's and warp's.

use std::convert::Infallible;
use std::marker::PhantomData;

use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use tower_service::Service;

use crate::case::Message;
use crate::ready;
use crate::subject::{Answer, App, Subject};

/// A service for requests with a body of type `B`.
struct Tower<S, B> {
    service: S,
    body: PhantomData<B>,
}

/// Turns a service into a subject.
pub fn subject<S, B, R>(service: S) -> Box<dyn Subject>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + 'static,
    B: Default + 'static,
    R: 'static,
{
    let body = PhantomData;
    Box::new(Tower { service, body })
}

impl<S, B, R> App for Tower<S, B>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
    B: Default,
{
    type Request = Request<B>;
    type Response = Response<R>;

    fn request(&self, message: &Message) -> Request<B> {
        let mut request = Request::new(B::default());
        // No case has an invalid method.
        *request.method_mut() = Method::from_bytes(message.method.as_bytes()).unwrap_or_default();
        *request.uri_mut() = Uri::from_static(message.path);
        request.headers_mut().extend(header_lines(message));
        request
    }

    fn call(&mut self, request: Request<B>) -> Response<R> {
        let Ok(response) = ready(self.service.call(request));
        response
    }

    fn answer(&self, response: &Response<R>) -> Answer {
        let names = response.headers().keys().map(HeaderName::as_str);
        Answer::new(response.status().as_u16(), names)
    }
}

/// The header lines of a message.
pub fn header_lines(message: &Message) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    message.lines.iter().filter_map(|(name, value)| {
        let value = HeaderValue::from_maybe_shared(value.clone()).ok()?;
        Some((HeaderName::from_static(name), value))
    })
}
