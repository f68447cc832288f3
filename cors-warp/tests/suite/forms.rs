//! A policy, and the three ways to run the same routes.

use std::convert::Infallible;
use std::fmt::Debug;

use cors_warp::{Cors, Grant, Policy};
use http_body_util::BodyExt as _;
use tower::{Service, ServiceExt as _};
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, request};
use warp::hyper::body::Bytes;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

pub(crate) const ORIGIN: &str = "https://app.example.com";
pub(crate) const OTHER: &str = "https://evil.example";

/// The headers of an actual response to [`ORIGIN`], and to other origins.
pub(crate) const GRANTED: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: x-request-id",
    "vary: Origin",
];
pub(crate) const REFUSED: &[&str] = &["vary: Origin"];

pub(crate) fn policy() -> Policy {
    let grant = Grant::new([ORIGIN])
        .allow_methods(["PUT", "DELETE"])
        .allow_headers(["content-type"])
        .expose_headers(["x-request-id"])
        .allow_credentials(true);
    Policy::new(grant).unwrap()
}

pub(crate) fn cors() -> Cors {
    Cors::new(policy())
}

pub(crate) type Routes = BoxedFilter<(Response,)>;

pub(crate) fn boxed<F, R>(routes: F) -> Routes
where
    F: Filter<Extract = (R,)> + Clone + Send + Sync + 'static,
    F::Error: Into<Rejection>,
    R: Reply + 'static,
{
    routes.map(R::into_response).boxed()
}

/// How to run routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Bare,
    Filter,
    Tower,
}

pub(crate) const COVERED: [Form; 2] = [Form::Filter, Form::Tower];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Message {
    /// The headers that the policy may write, a line each, sorted by name.
    #[track_caller]
    pub(crate) fn cors_fields(&self) -> Vec<String> {
        let fields = self.headers.iter().filter(|(name, _)| is_cors(name));
        let mut fields: Vec<_> = fields.collect();
        fields.sort_by_key(|field| field.0.as_str());
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap())
        };
        fields.into_iter().map(line).collect()
    }

    /// The rest of the response, which the policy must not change.
    pub(crate) fn without_cors(mut self) -> Self {
        let headers = std::mem::take(&mut self.headers);
        let mut last = None;
        for (name, value) in headers {
            last = name.or(last);
            if let Some(name) = last.as_ref().filter(|name| !is_cors(name)) {
                self.headers.append(name, value);
            }
        }
        self
    }
}

fn is_cors(name: &HeaderName) -> bool {
    name == "vary" || name.as_str().starts_with("access-control-")
}

pub(crate) fn request(method: &str, path: &str) -> request::Builder {
    Request::builder().method(method).uri(path)
}

pub(crate) fn send(form: Form, routes: &Routes, request: &Request<String>) -> Message {
    block_on(async {
        let routes = routes.clone();
        let response = respond(form, routes, request.clone()).await;
        let (head, body) = response.into_parts();
        Message {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    })
}

pub(crate) async fn respond(form: Form, routes: Routes, request: Request<String>) -> Response {
    match form {
        Form::Bare => call(warp::service(routes), request).await,
        Form::Filter => call(warp::service(cors().wrap(routes)), request).await,
        Form::Tower => call(cors().layer(warp::service(routes)), request).await,
    }
}

async fn call<S>(service: S, request: Request<String>) -> Response
where
    S: Service<Request<String>, Response = Response, Error = Infallible>,
{
    match service.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}
