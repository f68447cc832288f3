//! actix-web: bare, with actix-cors, with ours.

use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, HttpResponse, HttpServer, web};
use cors_actix::Cors;
use cors_bench::case::{EXPOSED, HEADERS, MAX_AGE, METHODS, Message, Origins, WILDCARD_DOMAIN};
use cors_bench::subject::{self, Answer, Framework, Subject, Variant};
use cors_bench::{measure, ours, ready};
use cors_matrix::fixture::announce;

fn main() -> ExitCode {
    measure::run(&Actix)
}

struct Actix;

impl Framework for Actix {
    fn subject(&self, variant: Variant, origins: Origins) -> Option<Box<dyn Subject>> {
        Some(match variant {
            Variant::Base => subject(app(origins)),
            Variant::Peer => subject(app(origins).wrap(peer(origins)?)),
            Variant::Ours => subject(app(origins).wrap(cors(origins)?)),
            Variant::Other => return None,
        })
    }

    fn serve(&self, variant: Variant, origins: Origins) {
        let served = actix_web::rt::System::new().block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port();
            let server = match (variant, cors(origins)) {
                (Variant::Ours, Some(cors)) => {
                    HttpServer::new(move || app(origins).wrap(cors.clone()))
                        .workers(1)
                        .listen(listener)?
                        .run()
                }
                (Variant::Peer, _) => {
                    HttpServer::new(move || app(origins).wrap(peer(origins).unwrap_or_default()))
                        .workers(1)
                        .listen(listener)?
                        .run()
                }
                _ => HttpServer::new(move || app(origins))
                    .workers(1)
                    .listen(listener)?
                    .run(),
            };
            announce("http", port);
            server.await
        });
        if let Err(error) = served {
            eprintln!("{error}");
        }
    }
}

fn app(
    origins: Origins,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    >,
> {
    let mut root = web::resource("/")
        .route(web::get().to(async || "hello"))
        .route(web::method(actix_web::http::Method::OPTIONS).to(HttpResponse::NoContent));
    if origins == Origins::Writes {
        root = root.route(web::post().to(async || "hello"));
    }
    App::new().service(root)
}

fn cors(origins: Origins) -> Option<Cors> {
    Some(Cors::new(ours::policy(origins).ok()?))
}

fn peer(origins: Origins) -> Option<actix_cors::Cors> {
    let cors = actix_cors::Cors::default()
        .allowed_methods(METHODS)
        .allowed_headers(HEADERS.map(HeaderName::from_static))
        .expose_headers([HeaderName::from_static(EXPOSED)])
        .supports_credentials()
        .max_age(MAX_AGE as usize);
    match origins {
        Origins::Exact(_) => Some(
            origins
                .exact()?
                .iter()
                .fold(cors, |cors, origin| cors.allowed_origin(origin)),
        ),
        // The closest to our wildcards. It matches only `https://*.example.com`.
        Origins::Wildcards => Some(cors.allowed_origin_fn(|origin, _| {
            let host = origin.as_bytes().strip_prefix(b"https://");
            let label = host.and_then(|host| host.strip_suffix(WILDCARD_DOMAIN.as_bytes()));
            label.is_some_and(|label| label.ends_with(b"."))
        })),
        Origins::Domains
        | Origins::Names
        | Origins::Grants
        | Origins::Routes(_)
        | Origins::Set(_)
        | Origins::Keys(_)
        | Origins::Changing
        | Origins::Writes
        | Origins::Hosts
        | Origins::Live => None,
    }
}

struct Actix4<S>(S);

fn subject<T, B>(app: App<T>) -> Box<dyn Subject>
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    T::Service: 'static,
    T::Future: 'static,
    B: MessageBody + 'static,
{
    Box::new(Actix4(ready(init_service(app))))
}

impl<S, B> subject::App for Actix4<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
{
    type Request = Request;
    type Response = Result<ServiceResponse<B>, Error>;

    fn request(&self, message: &Message) -> Request {
        let request = TestRequest::with_uri(message.path).method(method(message.method));
        let mut request = request.to_request();
        for (name, value) in &message.lines {
            // No case has an invalid value.
            if let Ok(value) = HeaderValue::from_maybe_shared(value.clone()) {
                let name = HeaderName::from_static(name);
                request.head_mut().headers.append(name, value);
            }
        }
        request
    }

    fn call(&mut self, request: Request) -> Self::Response {
        ready(self.0.call(request))
    }

    fn answer(&self, response: &Self::Response) -> Answer {
        match response {
            Ok(response) => {
                let names = response.headers().keys().map(HeaderName::as_str);
                Answer::new(response.status().as_u16(), names)
            }
            // It becomes a response when it is rendered.
            Err(error) => Answer::new(
                error.as_response_error().status_code().as_u16(),
                [].into_iter(),
            ),
        }
    }
}

fn method(name: &str) -> actix_web::http::Method {
    name.parse().unwrap_or_default()
}
