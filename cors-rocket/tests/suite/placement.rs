//! The fairing before and after other fairings.

use cors_matrix::placement;
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::http::uri::Origin;
use rocket::http::{ContentType, Header, Method, Status};
use rocket::local::asynchronous;
use rocket::local::blocking::Client;
use rocket::{delete, get, routes};

use super::*;

#[get("/hello")]
fn hello() -> &'static str {
    "hello"
}

#[delete("/hello")]
fn dangerous() {
    panic!("a preflight has reached a route");
}

const ALL: &[(&str, u16)] = &[
    ("/hello", 200),
    ("PUT /hello", 404),
    (placement::UNKNOWN, 404),
];
const PREFLIGHT: [&str; 3] = ["OPTIONS /hello", APP, PUT];
const ALLOWED: [&str; 5] = [
    "access-control-allow-origin: https://app.example.com",
    "access-control-allow-methods: GET, PUT",
    "access-control-allow-headers: content-type, authorization",
    "access-control-max-age: 600",
    "vary: Origin",
];

/// Checks what a page can do: see [`placement::check`]. No response is missed.
fn covered(application: Rocket<Build>, requests: &[(&str, u16)]) {
    rocket::execute(async {
        let mut client = asynchronous::Client::untracked(application).await.unwrap();
        placement::check(&mut client, &policy(), requests, &[]).await;
    });
}

/// The application with our fairing attached first, and with it attached last.
fn both(other: impl Fn() -> AdHoc) -> [Rocket<Build>; 2] {
    let application = || crate::build().mount("/", routes![hello, dangerous]);
    let cors = || Cors::new(policy());
    [
        application().attach(cors()).attach(other()),
        application().attach(other()).attach(cors()),
    ]
}

#[test]
fn a_rival() {
    let rival = || {
        AdHoc::on_response("rival", |request, response| {
            Box::pin(async {
                response.set_raw_header("Access-Control-Allow-Origin", "*");
                response.set_raw_header("Access-Control-Allow-Credentials", "true");
                if request.headers().contains("Access-Control-Request-Method") {
                    response.set_raw_header("Access-Control-Allow-Methods", "DELETE");
                    response.set_raw_header("Access-Control-Allow-Headers", "*");
                }
            })
        })
    };
    for application in both(rival) {
        covered(application, ALL);
    }
}

#[test]
fn a_fairing_that_writes_bodies() {
    let pages = || {
        AdHoc::on_response("pages", |_, response| {
            Box::pin(async {
                let page = "<h1>a page</h1>";
                response.set_header(ContentType::HTML);
                response.set_sized_body(page.len(), std::io::Cursor::new(page));
                response.set_status(Status::Ok);
            })
        })
    };
    for application in both(pages) {
        covered(application, &[("/hello", 200), ("PUT /hello", 200)]);
    }
    for client in both(pages).map(launch) {
        let page = send(&client, &["GET /hello"]).into_string().unwrap();
        assert_eq!(page, "<h1>a page</h1>");
    }
}

#[test]
fn a_fairing_that_adds_fields() {
    let id = || {
        AdHoc::on_response("id", |_, response| {
            Box::pin(async {
                response.set_header(Header::new("X-Request-Id", "1"));
                response.adjoin_header(Header::new("Vary", "Cookie"));
            })
        })
    };
    for application in both(id) {
        covered(application, ALL);
    }
    // No page reads `Vary`, or the headers of a preflight.
    for client in both(id).map(launch) {
        let id = ["x-request-id: 1"];
        // The response to a preflight does not have the application's `Vary`.
        let expected = [&id[..], &ALLOWED].concat();
        check_preflight(&client, &PREFLIGHT, (204, &expected));
        let expected = [&id[..], &NOT_GRANTED].concat();
        check_preflight(&client, &["OPTIONS /", EVIL, PUT], (403, &expected));
        let vary = ["vary: Cookie, Origin"];
        let expected = [&id[..], &vary, &GRANTED[..2]].concat();
        check(&client, &["GET /hello", APP], (200, &expected));
    }
}

#[test]
fn a_fairing_that_rewrites_uris() {
    let rewrite = || {
        AdHoc::on_request("rewrite", |request, _| {
            Box::pin(async { request.set_uri(Origin::parse("/hello").unwrap()) })
        })
    };
    for application in both(rewrite) {
        covered(application, &[("/other", 200), ("PUT /other", 404)]);
    }
}

#[test]
fn a_fairing_that_rewrites_methods() {
    let rewrite = || {
        AdHoc::on_request("rewrite", |request, _| {
            Box::pin(async { request.set_method(Method::Delete) })
        })
    };
    let application = || {
        let application = crate::build().mount("/", routes![dangerous]);
        application.attach(Cors::new(policy())).attach(rewrite())
    };
    let requests = [
        ("/hello", 500),
        ("PUT /hello", 500),
        (placement::UNKNOWN, 404),
    ];
    covered(application(), &requests);
    // No page sends these: other requests are what the fairing makes of them, whatever their headers ask for.
    let client = launch(application());
    check(&client, &["OPTIONS /nowhere", APP], (404, &GRANTED));
    check(&client, &["GET /nowhere", APP, PUT], (404, &GRANTED));

    // The first fairing sees the request first. So the documentation says to attach ours first.
    let application = crate::build().mount("/", routes![dangerous]);
    let client = launch(application.attach(rewrite()).attach(Cors::new(policy())));
    check(&client, &PREFLIGHT, (500, &GRANTED));
}

#[test]
fn attached_twice() {
    let earlier = Policy::new(Grant::new(["*"])).unwrap();
    let application = crate::build().mount("/", routes![hello]);
    let application = application
        .attach(Cors::new(earlier))
        .attach(Cors::new(policy()));
    let error = Client::untracked(application).unwrap_err();
    let ErrorKind::FailedFairings(failed) = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].name, "CORS");
}
