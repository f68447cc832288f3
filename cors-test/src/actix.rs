//! Applications of actix-web.

use actix_http::Request;
use actix_web::body::{MessageBody, to_bytes_limited};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use actix_web::test::TestRequest;
use actix_web::{Error, HttpResponse};
use bytes::Bytes;

use crate::application::Application;

/// The driver for services of `actix_web::test::init_service`.
///
/// An error that leaves the outermost middleware becomes the response that the server makes of it.
///
/// # Examples
///
/// ```
/// use actix_web::{App, test, web};
/// use cors_actix::{Cors, Grant, Policy};
/// use cors_test::Page;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix_web::rt::System::new().block_on(async {
/// let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
/// let app = App::new().route("/", web::get().to(async || "hello")).wrap(cors);
/// let mut app = test::init_service(app).await;
///
/// let page = Page::at("https://app.example.com");
/// page.get("https://api.example.com/").send(&mut app).await.status(200);
/// page.get("https://api.example.com/missing").send(&mut app).await.status(404);
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
pub enum Actix {}

impl<S, B> Application<Actix> for S
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    async fn respond(
        &mut self,
        request: http::Request<Bytes>,
        max_body: usize,
    ) -> Result<http::Response<Bytes>, String> {
        // A server does not send the body of a response to HEAD.
        let max_body = match *request.method() {
            http::Method::HEAD => 0,
            _ => max_body,
        };
        let request = converted(request).map_err(|error| format!("the request: {error}"))?;
        match self.call(request).await {
            Ok(response) => read(response.into(), max_body).await,
            // As the server does: `impl From<Error> for Response<BoxBody>`.
            Err(error) => read(error.error_response(), max_body).await,
        }
    }
}

/// The same request in the types of http 0.2.
fn converted(request: http::Request<Bytes>) -> Result<Request, actix_web::error::HttpError> {
    let (head, body) = request.into_parts();
    // `TestRequest::uri` panics if it cannot be parsed.
    let uri: Uri = head.uri.to_string().parse()?;
    let mut test = TestRequest::with_uri(&uri.to_string())
        .method(Method::from_bytes(head.method.as_str().as_bytes())?);
    if !body.is_empty() {
        // It replaces `Content-Length`, which is in `head`, too.
        test = test.set_payload(body);
    }
    let mut request = test.to_request();
    let headers = request.headers_mut();
    headers.clear();
    for (name, value) in &head.headers {
        headers.append(
            HeaderName::from_bytes(name.as_str().as_bytes())?,
            HeaderValue::from_bytes(value.as_bytes())?,
        );
    }
    Ok(request)
}

async fn read<B: MessageBody>(
    response: HttpResponse<B>,
    max_body: usize,
) -> Result<http::Response<Bytes>, String> {
    let mut head = http::Response::builder().status(response.status().as_u16());
    for (name, value) in response.headers() {
        head = head.header(name.as_str(), value.as_bytes());
    }
    let bytes = match max_body {
        0 => Bytes::new(),
        _ => to_bytes_limited(response.into_body(), max_body)
            .await
            .map_err(|_| format!("the body: it is longer than {max_body} bytes"))?
            .map_err(|error| format!("the body: {}", error.into()))?,
    };
    head.body(bytes).map_err(|error| error.to_string())
}
