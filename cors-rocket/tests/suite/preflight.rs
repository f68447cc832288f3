//! CORS-preflight requests never reach the application; all other OPTIONS requests do.

use cors_rocket::Config;
use rocket::data::Data;
use rocket::error::ErrorKind;
use rocket::http::{Method, Status};
use rocket::local::blocking::Client;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::route::{BoxFuture, Route};
use rocket::{catch, catchers, options, put, routes};

use super::*;

const ALLOWED: [&str; 5] = [
    "access-control-allow-origin: https://app.example.com",
    "access-control-allow-methods: GET, PUT",
    "access-control-allow-headers: content-type, authorization",
    "access-control-max-age: 600",
    "vary: Origin",
];

/// A guard that no preflight reaches.
struct Guard;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Guard {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("x-token") {
            Some("forward") => Outcome::Forward(Status::ImATeapot),
            _ => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}

#[options("/own")]
fn own() -> (Status, &'static str) {
    (Status::Accepted, "the application's")
}

#[options("/guarded")]
fn guarded(_guard: Guard) {}

#[put("/guarded")]
fn put_guarded(_guard: Guard) {}

#[options("/data", data = "<data>")]
fn data(data: String) -> String {
    data
}

#[catch(default)]
fn catcher(_: Status, request: &Request<'_>) -> &'static str {
    // Shows whether the route that answers preflights was tried.
    match request.route() {
        Some(_) => "after a route",
        None => "without a route",
    }
}

fn application() -> Client {
    let routes = routes![own, guarded, put_guarded, data];
    launch(
        with_cors()
            .mount("/", routes)
            .register("/", catchers![catcher]),
    )
}

#[test]
fn answered_everywhere() {
    let client = application();
    #[track_caller]
    fn check_path(client: &Client, request: &'static str) {
        check_preflight(client, &[request, APP, PUT], (204, &ALLOWED));
        check_preflight(client, &[request, EVIL, PUT], (403, &NOT_GRANTED));
        check_preflight(client, &[request, APP, EVIL, PUT], (403, &NOT_GRANTED));
        check_preflight(client, &[request, "origin: null", PUT], (403, &NOT_GRANTED));
        check_preflight(client, &[request, "origin: ", PUT], (403, &NOT_GRANTED));
    }
    check_path(&client, "OPTIONS /");
    check_path(&client, "OPTIONS /own");
    check_path(&client, "OPTIONS /guarded");
    check_path(&client, "OPTIONS /data");
    check_path(&client, "OPTIONS /no/where?at=all");

    // The requested method does not matter: the browser compares it.
    let delete = "access-control-request-method: DELETE";
    check_preflight(&client, &["OPTIONS /", APP, delete], (204, &ALLOWED));
    let headers = "access-control-request-headers: x-other";
    check_preflight(&client, &["OPTIONS /", APP, PUT, headers], (204, &ALLOWED));
}

#[test]
fn policies() {
    #[track_caller]
    fn check_policy(config: impl Into<Config>, request: &[&'static str], expected: (u16, &[&str])) {
        let cors = Cors::new(Policy::new(config).unwrap());
        let client = launch(crate::build().attach(cors));
        check_preflight(&client, request, expected);
    }

    let grant = Grant::new(["https://app.example.com"]).max_age(Duration::ZERO);
    let config = Config::from(grant).preflight_status(200);
    let expected = [ALLOWED[0], "access-control-max-age: 0", "vary: Origin"];
    check_policy(config.clone(), &["OPTIONS /", APP, PUT], (200, &expected));
    check_policy(config, &["OPTIONS /", EVIL, PUT], (403, &NOT_GRANTED));

    let grant = Grant::new(["https://app.example.com"])
        .allow_methods(["*"])
        .allow_headers(["*"])
        .allow_credentials(true);
    let request = [
        "OPTIONS /",
        APP,
        PUT,
        "access-control-request-headers: content-type",
        "access-control-request-headers: ",
        "access-control-request-headers: x-other,x-more",
    ];
    let echoed = [
        ALLOWED[0],
        "access-control-allow-credentials: true",
        "access-control-allow-methods: PUT",
        "access-control-allow-headers: content-type",
        "access-control-allow-headers: x-other,x-more",
        "access-control-max-age: 86400",
        "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    ];
    check_policy(grant.clone(), &request, (204, &echoed));
    let not_asked = [&echoed[..3], &echoed[5..]].concat();
    check_policy(grant, &request[..3], (204, &not_asked));

    let everybody = [
        "access-control-allow-origin: *",
        "access-control-max-age: 86400",
    ];
    check_policy(
        Grant::new(["*"]),
        &["OPTIONS /", EVIL, PUT],
        (204, &everybody),
    );
}

#[test]
fn plain_options_reach_the_application() {
    let client = application();
    #[track_caller]
    fn check_plain(client: &Client, request: &[&'static str], status: u16, body: &str) {
        let granted = [request, &[APP]].concat();
        check(client, &granted, (status, &GRANTED));
        check(client, &[request, &[EVIL]].concat(), (status, &NOT_GRANTED));
        check(client, &[request, &[PUT]].concat(), (status, &NOT_GRANTED));
        check(client, request, (status, &NOT_GRANTED));
        assert_eq!(send(client, &granted).into_string().unwrap(), body);
    }
    check_plain(&client, &["OPTIONS /own"], 202, "the application's");
    check_plain(&client, &["OPTIONS /guarded"], 401, "after a route");
    check_plain(
        &client,
        &["OPTIONS /guarded", "x-token: forward"],
        418,
        "after a route",
    );
    // Without our route, this would be "without a route".
    check_plain(&client, &["OPTIONS /no/where"], 404, "after a route");
    assert_eq!(
        send(&client, &["GET /no/where"]).into_string().unwrap(),
        "without a route"
    );

    let echoed = client.options("/data").body("as sent").dispatch();
    assert_eq!(echoed.into_string().unwrap(), "as sent");
}

#[test]
fn next_to_other_catch_alls() {
    fn accept<'r>(request: &'r Request<'_>, _: Data<'r>) -> BoxFuture<'r> {
        rocket::route::Outcome::from(request, Status::Accepted).pin()
    }
    for rank in [isize::MIN + 1, -1, 0, 1, isize::MAX] {
        let catch_all = Route::ranked(rank, Method::Options, "/<_..>", accept);
        let client = launch(with_cors().mount("/", [catch_all]));
        check(&client, &["OPTIONS /any/where", APP], (202, &GRANTED));
        check_preflight(&client, &["OPTIONS /any/where", APP, PUT], (204, &ALLOWED));
    }

    let same_rank = Route::ranked(isize::MIN, Method::Options, "/<_..>", accept);
    let error = Client::untracked(with_cors().mount("/", [same_rank])).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Collisions(_)), "{error}");
}
