use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::http::header::HeaderValue;
use actix_web::web::Bytes;
use actix_web::{App, HttpRequest, HttpResponse, error, test, web};
use cors_test::{Actix, Application, Page};
use futures_util::stream;

use super::{Latin, check, echo};

async fn lines() -> HttpResponse {
    HttpResponse::Ok()
        .append_header(("x-line", "1"))
        .append_header(("x-line", "2"))
        .append_header(("x-latin", HeaderValue::from_bytes(b"caf\xe9").unwrap()))
        .body("lines")
}

async fn echoed(request: HttpRequest, body: Bytes) -> String {
    let lines = request.headers().get_all("x-line");
    let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
    assert_eq!(
        request.headers().get("x-latin").unwrap().as_bytes(),
        b"\xe9"
    );
    let lengths = request.headers().get_all("content-length").count();
    assert_eq!(lengths, usize::from(!body.is_empty()));
    echo(&lines, request.connection_info().host(), &body)
}

async fn endless() -> HttpResponse {
    let parts = stream::repeat(Bytes::from_static(b"data: 1\n\n"));
    let parts = futures_util::StreamExt::map(parts, Ok::<_, actix_web::Error>);
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(parts)
}

async fn cookie(request: HttpRequest) -> String {
    let cookies = request.headers().get("cookie").unwrap().to_str().unwrap();
    cookies.strip_prefix("other=2; sid=").unwrap().to_owned()
}

#[actix_web::test]
async fn requests_and_responses() {
    let app = App::new()
        .route("/lines", web::get().to(lines))
        .route("/lines", web::head().to(lines))
        .route("/echo", web::to(echoed))
        .route("/endless", web::get().to(endless))
        .route("/cookie", web::get().to(cookie));
    check(&mut test::init_service(app).await, Latin::Sent).await;
}

/// The server makes a response of the error.
#[actix_web::test]
async fn an_error_of_the_outermost_middleware() {
    let app = App::new().wrap_fn(|request, app| {
        let response = app.call(request);
        async {
            response.await?;
            Err::<ServiceResponse, _>(error::ErrorImATeapot("short and stout"))
        }
    });
    let mut app = test::init_service(app).await;
    let page = Page::at("https://api.example.com");
    let seen = page.get("https://api.example.com/").send(&mut app).await;
    assert_eq!(seen.status(418).text(), "short and stout");
}

/// `TestRequest` panics about targets that http 0.2 does not parse.
#[actix_web::test]
async fn unusual_targets() {
    let mut app = test::init_service(App::new()).await;
    for (target, expected) in [
        ("*", Ok(404)),
        ("/a|b", Ok(404)),
        ("https://api.example.com/", Ok(404)),
        ("/?\u{e9}", Err("the request: invalid uri character")),
    ] {
        let request = http::Request::get(target).body(Bytes::new()).unwrap();
        let response = Application::<Actix>::respond(&mut app, request, 100).await;
        let status = response.map(|response| response.status().as_u16());
        assert_eq!(status, expected.map_err(str::to_owned), "{target}");
    }
}
