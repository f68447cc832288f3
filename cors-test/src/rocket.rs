//! Applications of Rocket.

use std::str::FromStr as _;

use bytes::Bytes;
use rocket::http::uri::Host;
use rocket::http::{Cookie, Header, Method};
use rocket::local::asynchronous::{Client, LocalRequest, LocalResponse};
use rocket::tokio::io::AsyncReadExt as _;

use crate::application::Application;

/// The driver for Rocket's local client. Create it with `Client::untracked`: the page keeps the cookies.
///
/// Methods that Rocket does not know, such as PROPFIND, cannot be sent. Rocket's server responds 400 to them before any
/// fairing.
///
/// # Examples
///
/// ```
/// use cors_rocket::{Cors, Grant, Policy};
/// use cors_test::Page;
/// use rocket::local::asynchronous::Client;
///
/// #[rocket::get("/")]
/// fn hello() -> &'static str {
///     "hello"
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # rocket::tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
/// let app = rocket::build().attach(cors).mount("/", rocket::routes![hello]);
/// let mut app = Client::untracked(app).await?;
///
/// let page = Page::at("https://app.example.com");
/// page.get("https://api.example.com/").send(&mut app).await.status(200);
/// page.get("https://api.example.com/missing").send(&mut app).await.status(404);
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
pub enum Rocket {}

impl Application<Rocket> for Client {
    async fn respond(
        &mut self,
        request: http::Request<Bytes>,
        max_body: usize,
    ) -> Result<http::Response<Bytes>, String> {
        if self.cookies().iter().next().is_some() {
            return Err(
                "the client keeps cookies, and the page does, too: use `Client::untracked`"
                    .to_owned(),
            );
        }
        let response = converted(self, &request)?.dispatch().await;
        read(response, max_body).await
    }
}

/// The request as Rocket's server makes it of the one that it receives.
fn converted<'c>(
    client: &'c Client,
    request: &http::Request<Bytes>,
) -> Result<LocalRequest<'c>, String> {
    let method = request.method().as_str();
    // The parser ignores case, the server does not.
    let known = Method::from_str(method).ok();
    let Some(known) = known.filter(|known| known.as_str() == method) else {
        return Err(format!(
            "Rocket does not know the method `{method}`: its server responds 400 before any fairing"
        ));
    };
    let mut local = client.req(known, request.uri().to_string());
    for (name, value) in request.headers() {
        // The server drops other values.
        let Ok(value) = std::str::from_utf8(value.as_bytes()) else {
            continue;
        };
        if name == http::header::HOST
            && let Ok(host) = Host::parse_owned(value.to_owned())
        {
            local.inner_mut().set_host(host);
        }
        if name == http::header::COOKIE {
            let pairs = value.split(';').map(str::trim);
            let cookies = pairs.filter_map(|pair| Cookie::parse_encoded(pair).ok());
            local = local.cookies(cookies.map(Cookie::into_owned));
        }
        local.add_header(Header::new(name.as_str().to_owned(), value.to_owned()));
    }
    local.set_body(request.body());
    Ok(local)
}

async fn read(
    mut response: LocalResponse<'_>,
    max_body: usize,
) -> Result<http::Response<Bytes>, String> {
    let mut head = http::Response::builder().status(response.status().code);
    for header in response.headers().iter() {
        head = head.header(header.name.as_str(), header.value.as_bytes());
    }
    let mut bytes = Vec::new();
    if max_body > 0 {
        let limit = u64::try_from(max_body).unwrap_or(u64::MAX);
        // One more byte shows that the body is longer.
        let mut body = (&mut response).take(limit.saturating_add(1));
        let read = body.read_to_end(&mut bytes).await;
        read.map_err(|error| format!("the body: {error}"))?;
        if bytes.len() > max_body {
            return Err(format!("the body: it is longer than {max_body} bytes"));
        }
    }
    head.body(bytes.into()).map_err(|error| error.to_string())
}
