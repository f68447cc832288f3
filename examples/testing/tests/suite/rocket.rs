//! Rocket: the application, and wrong placements.

use cors_rocket::{Cors, Policy};
use cors_testing::rocket::{app, assembled, build};
use rocket::fairing::AdHoc;
use rocket::http::uri::Origin;
use rocket::http::{Header, Method};
use rocket::local::asynchronous::Client;
use rocket::{Build, Responder, Rocket};

use crate::failure::check_failure;
use crate::pages::{ask_all, preflight, unauthorized};
use crate::policy::check_policy;

async fn client(app: Rocket<Build>) -> Client {
    Client::untracked(app).await.unwrap()
}

#[rocket::async_test]
async fn right() {
    ask_all(&mut client(app().unwrap()).await).await;
}

/// A fairing that sends all requests without a token to another route, before the policy has seen them.
#[rocket::async_test]
async fn authentication_first() {
    let authentication = AdHoc::on_request("authentication", |request, _| {
        Box::pin(async move {
            if request.headers().get_one("authorization").is_none() {
                request.set_method(Method::Get);
                request.set_uri(Origin::parse_owned("/me".to_owned()).unwrap());
            }
        })
    });
    let cors = Cors::new(Policy::from_file("cors.toml").unwrap());
    let app = assembled(build().attach(authentication).attach(cors));
    let mut app = client(app).await;
    let found = [
        "error[preflight-not-ok] OPTIONS /me (preflight for GET): 401, from https://app.example.com",
        "warning[policy-differs] OPTIONS /me (preflight for GET): 401, from https://app.example.com",
        "warning[unexpected-status] POST /login: 401, from https://app.example.com",
        "note[policy-differs] OPTIONS /me (preflight for GET): 401, from https://app.example.com.cors-test-unlisted.example",
    ];
    check_policy(&mut app, &found).await;
    check_failure("rocket-authentication-first.txt", preflight(&mut app)).await;
}

/// A fairing as many answers show it. It adds the headers, but no route answers OPTIONS.
#[rocket::async_test]
async fn a_fairing_without_a_route_for_preflights() {
    let headers = AdHoc::on_response("CORS", |_, response| {
        Box::pin(async {
            for (name, value) in [
                ("access-control-allow-origin", "https://app.example.com"),
                ("access-control-allow-methods", "GET, PUT"),
                (
                    "access-control-allow-headers",
                    "authorization, content-type",
                ),
            ] {
                response.set_header(Header::new(name, value));
            }
        })
    });
    let mut app = client(assembled(build().attach(headers))).await;
    check_failure("rocket-no-route-for-preflights.txt", preflight(&mut app)).await;
}

#[derive(Responder)]
struct WithCors(&'static str, Header<'static>);

#[rocket::get("/me")]
fn me(_user: cors_testing::rocket::User) -> WithCors {
    let origin = Header::new("access-control-allow-origin", "https://app.example.com");
    WithCors("Ada", origin)
}

/// If the guard fails, the response is the catcher's.
#[rocket::async_test]
async fn headers_of_a_handler() {
    let mut app = client(build().mount("/", rocket::routes![me])).await;
    check_failure("rocket-headers-of-a-handler.txt", unauthorized(&mut app)).await;
}
