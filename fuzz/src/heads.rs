//! Heads of requests through each adapter, in this process: the response has the fields of the engine's decision.
//!
//! The engine reads the head as [`RawRequest`] does, and not with the adapter's `Head`: so an adapter that reads it
//! otherwise is found, too.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;

use actix_web::web;
use bytes::Bytes as Body;
use cors_core::adapter::{Decision, RequestHead as _};
use cors_core::{Grant, LivePolicy, Policy};
use cors_matrix::case::is_relevant;
use cors_matrix::judge::write;
use cors_matrix::message::{Line, RawRequest};
use cors_test::Application;
use rocket::http::Method;
use rocket::local::asynchronous::Client;
use rocket::outcome::Outcome;
use rocket::route::BoxFuture;
use rocket::{Data, Request, Route};
use tower::Layer as _;
use warp::Filter as _;

use crate::bytes::Bytes;
use crate::{policy, request};

thread_local! {
    /// Never dropped: while a thread ends, Rocket's client finds others of its variables dropped already.
    static SERVERS: &'static Servers = Box::leak(Box::new(Servers::start()));
    /// What the application writes.
    static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
    /// Whether the application ran.
    static RAN: Cell<bool> = const { Cell::new(false) };
}

/// The fields that an application may write.
const OWN: [(&str, &str); 7] = [
    ("vary", "accept"),
    ("vary", "Origin"),
    ("vary", "*"),
    ("access-control-allow-origin", "https://other.example"),
    ("access-control-expose-headers", "x-own"),
    ("access-control-max-age", "1"),
    ("timing-allow-origin", "https://other.example"),
];

/// An application in each framework. All follow one policy, which is replaced for each input.
struct Servers {
    live: LivePolicy,
    runtime: actix_web::rt::Runtime,
    all: Vec<(Framework, Send)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framework {
    Tower,
    Axum,
    Warp,
    WarpFilter,
    Actix,
    Rocket,
}

type Answer = Result<http::Response<Body>, String>;
type Send = Box<dyn Fn(&actix_web::rt::Runtime, http::Request<Body>) -> Answer>;

/// Runs the target.
///
/// # Panics
///
/// If a response differs from the decision.
pub fn run(data: &[u8]) {
    let bytes = &mut Bytes::new(data);
    let plan = policy::plan(bytes);
    let Ok(policy) = Policy::new(plan.config.clone()) else {
        return;
    };
    let patterns = plan.patterns();
    SERVERS.with(|servers| {
        servers.live.replace(policy.clone());
        for _ in 0..8 {
            let raw = request::request(bytes, &plan, &patterns);
            let own = bytes.several(2, |bytes| bytes.pick(&OWN));
            let own = own
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
            servers.check(&policy, &raw, own.collect());
            if bytes.is_empty() {
                break;
            }
        }
    });
}

impl Servers {
    fn start() -> Self {
        let live = LivePolicy::new(Policy::new(Grant::new(["*"])).expect("it is a policy"));
        let runtime = actix_web::rt::Runtime::new().expect("a runtime starts");
        let mut all: Vec<(Framework, Send)> = Vec::new();

        let handler = tower::service_fn(|_: http::Request<_>| async {
            Ok::<_, Infallible>(respond(String::new()))
        });
        let service = cors_tower::CorsLayer::new(&live).layer(handler);
        all.push((Framework::Tower, sender(service)));

        let router = axum::Router::new().fallback(|| async { respond(axum::body::Body::empty()) });
        let router = router.layer(cors_axum::CorsLayer::new(&live));
        all.push((Framework::Axum, sender(router.into_service())));

        let routes = warp::any().map(|| respond(String::new()));
        let cors = cors_warp::Cors::new(&live);
        all.push((Framework::Warp, sender(cors.layer(warp::service(routes)))));
        all.push((
            Framework::WarpFilter,
            sender(warp::service(cors.wrap(routes))),
        ));

        let app = actix_web::App::new()
            .wrap(cors_actix::Cors::new(&live))
            .default_service(web::to(|| async {
                let mut response = actix_web::HttpResponse::Ok();
                for (name, value) in answer() {
                    response.append_header((name, value));
                }
                response.finish()
            }));
        let app = runtime.block_on(actix_web::test::init_service(app));
        let app = RefCell::new(app);
        all.push((
            Framework::Actix,
            Box::new(move |runtime, request| {
                runtime.block_on(app.borrow_mut().respond(request, 0))
            }),
        ));

        let methods = [
            Method::Get,
            Method::Put,
            Method::Post,
            Method::Delete,
            Method::Options,
            Method::Head,
            Method::Trace,
            Method::Connect,
            Method::Patch,
        ];
        let routes: Vec<_> = methods
            .map(|method| Route::new(method, "/<_..>", respond_in_rocket))
            .into();
        let config = rocket::Config {
            log_level: rocket::config::LogLevel::Off,
            ..rocket::Config::release_default()
        };
        let rocket = rocket::custom(config)
            .attach(cors_rocket::Cors::new(&live))
            .mount("/", routes);
        let client = runtime
            .block_on(Client::untracked(rocket))
            .expect("Rocket starts");
        let client = RefCell::new(client);
        all.push((
            Framework::Rocket,
            Box::new(move |runtime, request| {
                runtime.block_on(client.borrow_mut().respond(request, 0))
            }),
        ));
        Self { live, runtime, all }
    }

    fn check(&self, policy: &Policy, raw: &RawRequest, own: Vec<Line>) {
        let mut head = http::Request::builder()
            .method(&*raw.method)
            .uri(&*raw.target);
        let has_host = raw.lines.iter().any(|(name, _)| name == "Host");
        let added = (!has_host).then(|| ("Host".to_owned(), b"127.0.0.1".to_vec()));
        for (name, value) in raw.lines.iter().chain(&added) {
            head = head.header(name, value.trim_ascii());
        }
        // The authority form is for CONNECT. `RawRequest` does not take it for the host, and packages for HTTP do.
        if raw.path().is_none_or(<[u8]>::is_empty) {
            return;
        }
        // Every framework's server rejects what is not HTTP.
        let Ok(head) = head.body(Body::new()) else {
            return;
        };
        LINES.set(own.clone());
        for (framework, send) in &self.all {
            let mut raw = raw.clone();
            if *framework == Framework::Rocket {
                let is_known = raw
                    .method
                    .parse::<Method>()
                    .is_ok_and(|method| method.as_str() == raw.method);
                if !is_known || rocket::http::uri::Origin::parse(&raw.target).is_err() {
                    continue;
                }
                // It drops the others.
                raw.lines.retain(|(_, value)| str::from_utf8(value).is_ok());
            }
            // It depends on an earlier version of the package `http`, which rejects more.
            let uri = raw.target.parse::<actix_web::http::Uri>();
            let method = raw.method.parse::<actix_web::http::Method>();
            if *framework == Framework::Actix && (uri.is_err() || method.is_err()) {
                continue;
            }
            // `differences.toml` of `cors-matrix`: in the filter form, `Host` counts.
            if *framework == Framework::WarpFilter && raw.authority().is_some() {
                continue;
            }
            RAN.set(false);
            let answer = send(&self.runtime, head.clone());
            let answer = answer.unwrap_or_else(|error| panic!("{framework:?}: {error}"));
            check(*framework, policy, &raw, &own, &answer);
        }
    }
}

/// A tower service.
fn sender<S, Driver>(service: S) -> Send
where
    S: Application<Driver> + Clone + 'static,
{
    Box::new(move |runtime, request| {
        let mut service = service.clone();
        runtime.block_on(service.respond(request, 0))
    })
}

/// What the application writes; it runs.
fn answer() -> Vec<(String, String)> {
    RAN.set(true);
    let lines = LINES.with_borrow(Clone::clone);
    let lines = lines.into_iter();
    lines
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect()
}

fn respond<B>(body: B) -> http::Response<B> {
    let mut response = http::Response::builder();
    for (name, value) in answer() {
        response = response.header(name, value);
    }
    response.body(body).expect("the fields are valid")
}

fn respond_in_rocket<'r>(_: &'r Request<'_>, _: Data<'r>) -> BoxFuture<'r> {
    let mut response = rocket::Response::new();
    for (name, value) in answer() {
        response.adjoin_raw_header(name, value);
    }
    Box::pin(async { Outcome::Success(response) })
}

fn check(
    framework: Framework,
    policy: &Policy,
    raw: &RawRequest,
    own: &[Line],
    answer: &http::Response<Body>,
) {
    let decision = policy.decide(raw);
    let ran = RAN.get();
    let (own, status) = match decision {
        Decision::Respond(preflight) => (&[][..], Some(preflight.status())),
        Decision::Refuse(refusal) => (&[][..], Some(refusal.status())),
        Decision::Forward(_) if ran => (own, Some(200)),
        // Rocket has routes for some methods only.
        Decision::Forward(_) => (&[][..], None),
    };
    let forwards = matches!(decision, Decision::Forward(_));
    assert!(
        ran == forwards || framework == Framework::Rocket,
        "{framework:?}: {decision:?}, ran: {ran}: {answer:?} {raw:?}"
    );
    if let Some(status) = status {
        assert_eq!(
            answer.status().as_u16(),
            status,
            "{framework:?}: {decision:?} {raw:?}"
        );
    }
    let mut expected = own.to_vec();
    if forwards {
        expected.retain(|(name, _)| {
            let mut owned = cors_core::adapter::ResponseHeader::OWNED.iter();
            !owned.any(|owned| owned.name() == name)
        });
    }
    write(policy.headers(decision), raw, &mut expected);
    expected.retain(|(name, _)| is_relevant(name));
    expected.sort();
    let lines = answer.headers().iter();
    let lines = lines.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let mut found: Vec<_> = lines.filter(|(name, _)| is_relevant(name)).collect();
    found.sort();
    assert_eq!(found, expected, "{framework:?}: {decision:?} {raw:?}");
}
