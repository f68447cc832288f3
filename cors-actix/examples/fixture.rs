//! The fixture server of cors-actix, and an example of the middleware in an application.
//!
//! ```text
//! cargo run -p cors-actix --example fixture-actix -- --policy cors.toml --port 8080
//! ```

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorInternalServerError, ErrorNotFound, ErrorUnauthorized};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::{Compress, Condition, Next, from_fn};
use actix_web::rt::time::sleep;
use actix_web::web::{self, Bytes, Json, ServiceConfig};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, Resource, Responder};
use actix_ws::Message;
use cors_actix::Cors;
use cors_matrix::document::Document;
use cors_matrix::fixture::{FixtureArgs, announce};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

#[actix_web::main]
async fn main() -> io::Result<()> {
    let FixtureArgs {
        policy,
        port,
        cacheable,
        tls,
    } = FixtureArgs::from_args();
    let address = (Ipv4Addr::LOCALHOST, port);
    let tls = tls.map(|tls| tls.server_config()).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };

    let (addresses, server) = match policy {
        Some(policy) => {
            // Created here, because the closure runs once for each worker.
            let cors = Cors::new(policy);
            // The last `wrap` is the outermost: around routing, authentication and the 404.
            let server = HttpServer::new(move || {
                App::new()
                    .configure(routes)
                    .configure(if cacheable { documents } else { nothing })
                    .wrap(Condition::new(cacheable, Compress::default()))
                    .wrap(cors.clone())
            })
            .workers(2);
            let server = match tls {
                Some(tls) => server.bind_rustls_0_23(address, tls)?,
                None => server.bind_auto_h2c(address)?,
            };
            (server.addrs(), server.run())
        }
        None => {
            let server = HttpServer::new(move || {
                App::new()
                    .configure(routes)
                    .configure(if cacheable { documents } else { nothing })
                    .wrap(Condition::new(cacheable, Compress::default()))
            })
            .workers(2);
            let server = match tls {
                Some(tls) => server.bind_rustls_0_23(address, tls)?,
                None => server.bind_auto_h2c(address)?,
            };
            (server.addrs(), server.run())
        }
    };

    announce(scheme, addresses.first().map_or(port, SocketAddr::port));
    server.await
}

fn routes(config: &mut ServiceConfig) {
    let echo_methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let echo_resource = |path: &str| {
        let routes = echo_methods.iter();
        let routes = routes.map(|method| web::method(method.clone()).to(echo));
        routes.fold(web::resource(path), Resource::route)
    };
    config
        .service(echo_resource("/echo"))
        .service(web::scope("/public").service(echo_resource("/echo")))
        .service(echo_resource("/realms/{realm}/echo"))
        .service(echo_resource("/mcp"))
        .service(web::resource("/status/{code}").to(status))
        .service(web::resource("/json").route(web::post().to(json_back)))
        .service(
            web::resource("/private")
                .to(echo)
                .wrap(from_fn(authenticate)),
        )
        .service(web::resource("/error").to(error))
        .service(web::resource("/panic").to(panic))
        .service(web::resource("/vary").to(vary))
        .service(web::resource("/own-cors").to(own_cors))
        .service(web::resource("/stream").to(stream))
        .service(web::resource("/ws").route(web::get().to(ws)));
}

/// With `--cacheable`: documents for caches.
fn documents(config: &mut ServiceConfig) {
    config.service(web::resource("/documents/{name}").to(document));
}

fn nothing(_: &mut ServiceConfig) {}

async fn echo(request: HttpRequest) -> impl Responder {
    HttpResponse::Ok()
        .insert_header(HANDLER)
        .insert_header(("x-request-id", "fixture"))
        .json(json!({
            "framework": "actix",
            "method": request.method().as_str(),
            "path": request.path(),
        }))
}

async fn status(code: web::Path<u16>) -> Result<impl Responder, Error> {
    let status = StatusCode::from_u16(*code).map_err(ErrorNotFound)?;
    Ok(HttpResponse::build(status).insert_header(HANDLER).finish())
}

async fn json_back(body: Json<Value>) -> impl Responder {
    HttpResponse::Ok().insert_header(HANDLER).json(body)
}

/// Inside of the CORS middleware, so that preflights need no token and the 401 can be read.
async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match request.headers().get(header::AUTHORIZATION) {
        Some(token) if token == "Bearer secret" => next.call(request).await,
        _ => Err(ErrorUnauthorized("a token is needed")),
    }
}

async fn error() -> Result<HttpResponse, Error> {
    Err(ErrorInternalServerError("the handler failed"))
}

#[expect(clippy::panic, reason = "shows what the framework does then")]
async fn panic() -> HttpResponse {
    panic!("the handler panicked")
}

async fn vary() -> impl Responder {
    HttpResponse::Ok()
        .insert_header(HANDLER)
        .insert_header((header::VARY, "Accept-Encoding"))
        .finish()
}

/// An application should not write these headers: the policy replaces them.
async fn own_cors() -> impl Responder {
    HttpResponse::Ok()
        .insert_header(HANDLER)
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "https://evil.example"))
        .finish()
}

async fn document(name: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let document = Document::named(&name).ok_or_else(|| ErrorNotFound("no such document"))?;
    let asked = |name| {
        let value = request.headers().get(name);
        value.and_then(|value| value.to_str().ok())
    };
    let answer = document.answer(asked(header::ACCEPT_LANGUAGE), asked(header::IF_NONE_MATCH));
    let status = StatusCode::from_u16(answer.status).map_err(ErrorInternalServerError)?;
    let mut response = HttpResponse::build(status);
    for field in answer.fields {
        response.append_header(field);
    }
    Ok(response.body(answer.body))
}

async fn stream() -> impl Responder {
    let chunks = stream::iter(1..=5).then(|number| async move {
        if number > 1 {
            sleep(Duration::from_millis(100)).await;
        }
        Ok::<_, Infallible>(Bytes::from(format!("chunk {number}\n")))
    });
    HttpResponse::Ok().streaming(chunks)
}

const HANDLER: (&str, &str) = ("x-handler", "1");

/// Sends text messages back.
async fn ws(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, Error> {
    let (mut response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    response.headers_mut().insert(
        header::HeaderName::from_static("x-handler"),
        header::HeaderValue::from_static("1"),
    );
    actix_web::rt::spawn(async move {
        while let Some(Ok(message)) = messages.next().await {
            let sent = match message {
                Message::Text(text) => session.text(text).await,
                Message::Ping(bytes) => session.pong(&bytes).await,
                Message::Close(reason) => {
                    let _ = session.close(reason).await;
                    return;
                }
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    Ok(response)
}
