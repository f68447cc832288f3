//! Preflights and actual requests, in both forms.

use std::sync::{Arc, Mutex};

use crate::forms::{COVERED, Form, Message, ORIGIN, OTHER, Routes, block_on, boxed, cors, request};
use crate::forms::{respond, send};
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use warp::Filter as _;
use warp::http::{Request, Response};

/// Says which route it is. Rejects what is not for it.
fn routes() -> Routes {
    let get = warp::path!("get").and(warp::get()).map(|| "get");
    let any = warp::path!("any").map(|| "any");
    let own = warp::path!("options").and(warp::options()).map(|| "own");
    let guarded = warp::path!("guarded")
        .and(warp::header::exact("authorization", "Bearer secret"))
        .map(|| "guarded");
    boxed(get.or(any).or(own).or(guarded))
}

/// Sends a request to both forms.
#[track_caller]
fn each(routes: &Routes, request: &Request<String>) -> Message {
    let [filter, tower] = COVERED.map(|form| send(form, routes, request));
    assert_eq!(filter, tower);
    filter
}

fn lined(method: &str, path: &str, lines: &[(&str, &str)]) -> Request<String> {
    let request = lines.iter().fold(request(method, path), |request, line| {
        request.header(line.0, line.1)
    });
    request.body(String::new()).unwrap()
}

#[test]
fn preflights() {
    #[track_caller]
    fn check(path: &str, origins: &[&str], status: u16) {
        let mut lines = vec![("access-control-request-method", "PUT")];
        lines.extend(origins.iter().map(|origin| ("origin", *origin)));
        let response = each(&routes(), &lined("OPTIONS", path, &lines));
        assert_eq!(response.status, status);
        assert_eq!(response.body, "");
        let mut fields: Vec<_> = response.headers.iter().collect();
        fields.sort_by_key(|field| field.0.as_str());
        let granted = [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "content-type"),
            ("access-control-allow-methods", "PUT, DELETE"),
            ("access-control-allow-origin", ORIGIN),
            ("access-control-max-age", "86400"),
            ("vary", "Origin"),
        ];
        let expected = if status == 204 {
            &granted[..]
        } else {
            &granted[5..]
        };
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(name, value)| (name, value)).collect();
        assert_eq!(fields, expected);
    }
    for path in ["/get", "/any", "/options", "/guarded", "/nowhere", "/", "*"] {
        check(path, &[ORIGIN], 204);
        check(path, &[OTHER], 403);
    }
    check("/get", &[ORIGIN, ORIGIN], 403);
    check("/get", &[ORIGIN, OTHER], 403);
    check("/get", &["null"], 403);
    check("/get", &[""], 403);
}

#[test]
fn what_is_no_preflight_reaches_the_routes() {
    #[track_caller]
    fn check(path: &str, lines: &[(&str, &str)], status: u16, body: &str) {
        let request = lined("OPTIONS", path, lines);
        let response = each(&routes(), &request);
        assert_eq!(response.status, status);
        assert_eq!(response.body, body);
        let bare = send(Form::Bare, &routes(), &request);
        assert_eq!(response.without_cors(), bare);
    }
    let origin = ("origin", ORIGIN);
    let method = ("access-control-request-method", "PUT");
    check("/options", &[], 200, "own");
    check("/options", &[origin], 200, "own");
    check("/options", &[method], 200, "own");
    check("/any", &[("origin", OTHER)], 200, "any");
    check("/get", &[origin], 405, "HTTP method not allowed");
    check("/nowhere", &[method], 404, "");
    let response = each(&routes(), &lined("GET", "/get", &[origin, method]));
    assert_eq!(response.body, "get");
}

#[test]
fn actual_requests() {
    #[track_caller]
    fn check(lines: &[(&str, &str)], granted: bool) {
        let response = each(&routes(), &lined("GET", "/get", lines));
        assert_eq!(response.status, 200);
        assert_eq!(response.body, "get");
        let expected = |value| if granted { vec![value] } else { vec![] };
        let fields = [
            ("access-control-allow-origin", ORIGIN),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "x-request-id"),
        ];
        for (name, value) in fields {
            assert_eq!(response.lines(name), expected(value));
        }
        assert_eq!(response.lines("vary"), ["Origin"]);
    }
    check(&[("origin", ORIGIN)], true);
    check(&[("origin", OTHER)], false);
    check(&[], false);
    check(&[("origin", ORIGIN), ("origin", ORIGIN)], false);
    check(&[("origin", ORIGIN), ("origin", OTHER)], false);
}

#[test]
fn what_the_application_wrote() {
    /// `own` is what the application writes, `expected` the lines of the same names afterwards.
    #[track_caller]
    fn check(own: &'static [(&str, &str)], origin: &str, expected: &[(&str, &str)]) {
        let routes = boxed(warp::any().map(|| {
            let response = Response::builder();
            let response = own.iter().fold(response, |response, field| {
                response.header(field.0, field.1)
            });
            response.body("").unwrap()
        }));
        let response = each(&routes, &lined("GET", "/", &[("origin", origin)]));
        let names = [
            "access-control-allow-origin",
            "access-control-allow-credentials",
            "vary",
        ];
        let lines: Vec<_> = names
            .into_iter()
            .flat_map(|name| {
                response
                    .lines(name)
                    .into_iter()
                    .map(move |value| (name, value))
            })
            .collect();
        assert_eq!(lines, expected);
    }
    const ACAO: &str = "access-control-allow-origin";
    const ACAC: &str = "access-control-allow-credentials";
    let granted = [(ACAO, ORIGIN), (ACAC, "true"), ("vary", "Origin")];
    check(&[(ACAO, "*")], ORIGIN, &granted);
    check(&[(ACAO, OTHER), (ACAO, "*")], ORIGIN, &granted);
    check(
        &[(ACAO, OTHER), (ACAC, "true")],
        OTHER,
        &[("vary", "Origin")],
    );
    let (accept, language) = (("vary", "Accept"), ("vary", "Accept-Language"));
    check(
        &[("vary", "Accept"), ("vary", "Accept-Language")],
        OTHER,
        &[accept, language, ("vary", "Origin")],
    );
    check(
        &[("vary", "Accept, origin")],
        OTHER,
        &[("vary", "Accept, origin")],
    );
    check(&[("vary", "*")], OTHER, &[("vary", "*")]);
}

#[test]
fn streams_are_not_buffered() {
    for form in COVERED {
        let (sender, receiver) = mpsc::channel::<&str>(1);
        let receiver = Arc::new(Mutex::new(Some(receiver)));
        let routes = boxed(warp::any().map(move || {
            let receiver = receiver.lock().unwrap().take().unwrap();
            let chunks = stream::unfold(receiver, |mut receiver| async {
                Some((receiver.recv().await?, receiver))
            });
            warp::reply::stream(chunks.map(Ok::<_, std::convert::Infallible>))
        }));
        block_on(async {
            let request = lined("GET", "/", &[("origin", ORIGIN)]);
            // The head arrives before there is a body, and each chunk before the next exists.
            let response = respond(form, routes, request).await;
            assert_eq!(response.headers()["access-control-allow-origin"], ORIGIN);
            let mut body = response.into_body();
            for chunk in ["one", "two"] {
                sender.send(chunk).await.unwrap();
                let frame = body.frame().await.unwrap().unwrap();
                assert_eq!(frame.into_data().unwrap(), chunk, "{form:?}");
            }
            drop(sender);
            assert!(body.frame().await.is_none());
        });
    }
}

#[test]
fn the_filter_form_is_a_filter() {
    #[track_caller]
    fn check(path: &str, status: u16, covered: bool) {
        let api = warp::path!("there").map(|| "there");
        let rest = warp::path!("rest").map(|| "rest");
        let app = warp::path("api")
            .and(cors().wrap(api))
            .or(rest)
            .with(warp::log("test"));
        let request = warp::test::request().path(path).header("origin", ORIGIN);
        let response = block_on(request.reply(&app));
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("vary"), covered);
    }
    // Around a part of the server only, which is then all of its paths.
    check("/api/there", 200, true);
    check("/api/nowhere", 404, true);
    check("/api/rest", 404, true);
    check("/rest", 200, false);
    check("/nowhere", 404, false);

    // By warp's own way to put one filter around another.
    let cors = cors();
    let app = warp::any()
        .map(|| "")
        .with(warp::wrap_fn(|routes| cors.wrap(routes)));
    let response = block_on(warp::test::request().reply(&app));
    assert_eq!(response.headers()["vary"], "Origin");
}
