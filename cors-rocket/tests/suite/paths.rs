//! The path of a request, as the client sent it, and the routes of a policy.

use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::thread;

use cors_core::adapter::RequestHead as _;
use cors_matrix::path::{
    HANDLERS, PAGE, PUBLIC, Ran, TARGETS, check_handlers, not_as_sent, policy_for_handlers,
    wrongly_granted,
};
use cors_rocket::{Config, Cors, Grant, Head, LivePolicy, Policy};
use rocket::config::{LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::http::uri::Origin;
use rocket::http::{Header, Method};
use rocket::outcome::Outcome;
use rocket::route::{self, BoxFuture, Handler};
use rocket::{Build, Data, Request, Response, Rocket, Route};

use crate::{APP, PUT, build, launch, seen, send};

fn policy() -> Policy {
    Policy::new(Config::new([]).route("/public", Grant::new(["*"]))).unwrap()
}

/// An application that responds with the path, mounted twice.
fn routes(rocket: Rocket<Build>) -> Rocket<Build> {
    fn path<'r>(request: &'r Request<'_>, _: Data<'r>) -> BoxFuture<'r> {
        let path = Head::from(request).path().unwrap().to_vec();
        Outcome::from(request, path).pin()
    }
    let route = |rank| [Route::ranked(rank, Method::Get, "/<_..>", path)];
    rocket.mount("/public", route(1)).mount("/", route(2))
}

fn app() -> Rocket<Build> {
    routes(build().attach(Cors::new(policy())))
}

/// Runs `check` with the port of a server.
fn with_server<T>(check: impl FnOnce(u16) -> T) -> T {
    let config = rocket::Config {
        address: Ipv4Addr::LOCALHOST.into(),
        port: 0,
        log_level: LogLevel::Off,
        shutdown: Shutdown {
            ctrlc: false,
            grace: 0,
            mercy: 0,
            ..Shutdown::default()
        },
        ..rocket::Config::default()
    };
    let (say, said) = mpsc::channel();
    let announcement = AdHoc::on_liftoff("announcement", |rocket| {
        Box::pin(async move { say.send((rocket.config().port, rocket.shutdown())).unwrap() })
    });
    let app = app().configure(config).attach(announcement);
    thread::scope(|scope| {
        let server = scope.spawn(|| rocket::execute(app.launch()).map(drop).unwrap());
        let (port, shutdown) = said.recv().unwrap();
        let result = check(port);
        shutdown.notify();
        server.join().unwrap();
        result
    })
}

#[test]
fn as_sent() {
    let wrong = with_server(|port| not_as_sent(port).unwrap());
    // Rocket itself refuses it, before any fairing.
    assert_eq!(wrong, [("a.example:80", "400".to_owned())]);
}

#[test]
fn grants() {
    let wrong = with_server(|port| wrongly_granted(port).unwrap());
    assert_eq!(wrong, [""; 0]);
}

/// Rocket's client for tests does not change a path either. What is not a URI for Rocket gets a 400.
#[test]
fn local_requests() {
    let client = launch(app());
    for (target, path) in TARGETS {
        let Ok(uri) = Origin::parse(target) else {
            continue;
        };
        let response = client.get(uri).dispatch();
        assert_eq!(response.into_string().as_deref(), Some(path), "{target}");
    }
    for (target, granted) in PUBLIC {
        let origin = Header::new("origin", "https://app.example.com");
        let response = client.get(target).header(origin).dispatch();
        let found = response.headers().contains("access-control-allow-origin");
        let granted = granted && Origin::parse(target).is_ok();
        assert_eq!(found, granted, "{target}");
    }
}

/// A fairing that changes the path.
#[test]
fn rewritten() {
    #[track_caller]
    fn check(app: Rocket<Build>, granted: [bool; 2]) {
        let client = launch(routes(app));
        for (path, granted) in ["/private", "/public"].into_iter().zip(granted) {
            let get = format!("GET {path}").leak();
            let preflight = format!("OPTIONS {path}").leak();
            let (get_headers, preflight_headers, status) = match granted {
                true => (
                    &["access-control-allow-origin: *"][..],
                    &[
                        "access-control-allow-origin: *",
                        "access-control-max-age: 86400",
                    ][..],
                    "204",
                ),
                false => (&["vary: Origin"][..], &["vary: Origin"][..], "403"),
            };
            let response = send(&client, &[get, APP]);
            assert_eq!(
                seen(&response),
                [&["200"][..], get_headers].concat(),
                "{path}"
            );
            let response = send(&client, &[preflight, APP, PUT]);
            assert_eq!(
                seen(&response),
                [&[status][..], preflight_headers].concat(),
                "{path}"
            );
        }
    }
    let to = |path: &'static str| {
        AdHoc::on_request("rewrite", move |request, _| {
            request.set_uri(Origin::parse(path).unwrap());
            Box::pin(async {})
        })
    };
    let live = || Cors::new(LivePolicy::new(policy()));
    for cors in [|| Cors::new(policy()), live] {
        // After ours: the path that the client sent counts.
        check(build().attach(cors()).attach(to("/public")), [false, true]);
        check(build().attach(cors()).attach(to("/private")), [false, true]);
        // Before ours: the sent path is not known.
        check(build().attach(to("/public")).attach(cors()), [true, true]);
        check(
            build().attach(to("/private")).attach(cors()),
            [false, false],
        );
    }
}

/// Whatever Rocket makes of a path, no handler's response has the grant of another route.
#[test]
fn handlers() {
    let app = build().attach(Cors::new(Policy::new(policy_for_handlers()).unwrap()));
    let app = HANDLERS.iter().fold(app, |app, (path, name)| {
        let answer = Answer(name);
        // Rocket writes captures in another way.
        let path = path.replace("{realm}", "<_>");
        app.mount("/", [Route::new(Method::Get, &path, answer)])
    });
    let client = launch(app);
    let respond = |path: &str| {
        let uri = Origin::parse(path).ok()?;
        let response = client
            .get(uri)
            .header(Header::new("origin", PAGE))
            .dispatch();
        let header = |name| response.headers().get_one(name).map(str::to_owned);
        Some(Ran {
            handler: header("x-ran"),
            exposed: header("access-control-expose-headers"),
        })
    };
    assert_eq!(check_handlers(respond), Ok(()));
}

/// A handler that writes its name.
#[derive(Clone)]
struct Answer(&'static str);

#[rocket::async_trait]
impl Handler for Answer {
    async fn handle<'r>(&self, _: &'r Request<'_>, _: Data<'r>) -> route::Outcome<'r> {
        let mut response = Response::new();
        response.set_raw_header("x-ran", self.0);
        Outcome::Success(response)
    }
}
