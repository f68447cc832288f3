//! Warnings. They have a program of their own, because it listens to every event.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use cors_matrix::events::{replaced, warnings};
use cors_rocket::{Cors, Grant, LivePolicy, Policy};
use rocket::error::ErrorKind;
use rocket::http::Header;
use rocket::local::blocking::Client;
use rocket::{Build, Responder, Rocket, get, routes};

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const APP: &str = "https://app.example.com";

#[derive(Responder)]
struct Own(&'static str, Header<'static>);

#[get("/plain")]
fn plain() -> &'static str {
    "plain"
}

#[get("/own")]
fn own() -> Own {
    Own("own", Header::new(ALLOW_ORIGIN, "*"))
}

fn application() -> Rocket<Build> {
    let config = rocket::Config {
        log_level: rocket::config::LogLevel::Off,
        ..rocket::Config::default()
    };
    rocket::custom(config)
        .attach(cors())
        .mount("/", routes![plain, own])
}

fn cors() -> Cors {
    Cors::new(Policy::new(Grant::new([APP])).unwrap())
}

#[test]
fn another_writer_is_reported_once() {
    let client = Client::untracked(application()).unwrap();
    let warnings_of = |path| {
        warnings(|| {
            let response = client
                .get(path)
                .header(Header::new("origin", APP))
                .dispatch();
            assert_eq!(response.status().code, 200);
            assert_eq!(response.headers().get_one(ALLOW_ORIGIN), Some(APP));
        })
    };
    assert_eq!(warnings_of("/plain"), [""; 0]);
    assert_eq!(warnings_of("/own"), [replaced(ALLOW_ORIGIN)]);
    assert_eq!(warnings_of("/own"), [""; 0]);
}

/// Rocket answers methods that it does not know with 400 before any fairing runs.
#[test]
fn unknown_methods_are_reported() {
    let policy = |methods: &[&str]| Policy::new(Grant::new([APP]).allow_methods(methods)).unwrap();
    let launch = |cors| {
        let config = rocket::Config {
            log_level: rocket::config::LogLevel::Off,
            ..rocket::Config::default()
        };
        Client::untracked(rocket::custom(config).attach(cors)).unwrap()
    };
    let unknown = |methods: &str| {
        format!(
            "WARN message=CORS: the policy allows methods that Rocket does not know; Rocket answers them with 400, without CORS \
             headers methods={methods}"
        )
    };
    // At launch.
    let cors = Cors::new(policy(&["PUT", "PROPFIND", "QUERY"]));
    assert_eq!(
        warnings(|| drop(launch(cors))),
        [unknown("PROPFIND, QUERY")]
    );
    let nothing = Cors::new(policy(&["PUT", "DELETE"]));
    assert_eq!(warnings(|| drop(launch(nothing))), [""; 0]);
    let any = Cors::new(policy(&["*"]));
    assert_eq!(warnings(|| drop(launch(any))), [""; 0]);
    // With a policy that can be replaced, once for each.
    let live = LivePolicy::new(policy(&["LOCK"]));
    let reported = warnings(|| {
        let client = launch(Cors::new(&live));
        for _ in 0..2 {
            client.get("/").dispatch();
        }
        live.replace(policy(&["PUT", "MOVE"]));
        for _ in 0..2 {
            client.get("/").dispatch();
        }
        live.replace(policy(&["PUT"]));
        client.get("/").dispatch();
    });
    assert_eq!(reported, [unknown("LOCK"), unknown("MOVE")]);
}

#[test]
fn a_second_fairing_is_reported() {
    let reported = warnings(|| {
        let error = Client::untracked(application().attach(cors())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)));
    });
    let text =
        "a second CORS fairing is attached; attach only one, with a policy of several grants";
    assert_eq!(reported, [format!("ERROR message={text}")]);
}
