//! Requests and responses in the types of the model, and in those of `http`.

use bytes::Bytes;
use cors_browser_model::{Headers, Response, SentRequest, Url};

/// A request as the application gets it: its URI has the path and the query.
pub(crate) fn request(
    sent: &SentRequest,
    body: Bytes,
    cookies: Option<String>,
) -> Result<http::Request<Bytes>, http::Error> {
    let url = &sent.url;
    let mut request = http::Request::builder()
        .method(sent.method.as_str())
        .uri(target(url))
        .header("Host", authority(url));
    if !body.is_empty() {
        request = request.header("Content-Length", body.len());
    }
    if let Some(cookies) = cookies {
        request = request.header("Cookie", cookies);
    }
    for header in sent.headers.iter() {
        request = request.header(header.name.as_slice(), header.value.as_slice());
    }
    request.body(body)
}

pub(crate) fn response(head: &http::response::Parts) -> Response {
    let lines = head.headers.iter();
    let headers: Headers = lines
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let reason = head.status.canonical_reason().unwrap_or_default();
    Response {
        status: head.status.as_u16(),
        reason: reason.to_owned(),
        headers,
    }
}

/// The path and the query.
pub(crate) fn target(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}

/// The host and the port.
pub(crate) fn authority(url: &Url) -> &str {
    &url[url::Position::BeforeHost..url::Position::AfterPort]
}
