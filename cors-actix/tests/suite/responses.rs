//! Preflights and actual responses.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN,
};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpResponseBuilder};
use cors_actix::{Config, Cors, Grant};
use futures_util::stream::{self, StreamExt as _};

use crate::harness::{
    APP, EVIL, GRANTED, PREFLIGHT, REFUSED, check, cors, cors_of, get, grant, preflight, request,
    routes,
};

#[test]
fn preflights() {
    #[track_caller]
    fn row(request: TestRequest, status: u16, fields: &[&str]) {
        check(
            App::new().configure(routes).wrap(cors()),
            request,
            status,
            fields,
        );
    }
    row(preflight("/", APP), 204, PREFLIGHT);
    row(preflight("/any", APP), 204, PREFLIGHT);
    row(preflight("/nowhere", APP), 204, PREFLIGHT);
    row(preflight("*", APP), 204, PREFLIGHT);
    row(
        preflight("/", APP).insert_header((ACCESS_CONTROL_REQUEST_HEADERS, "x-unlisted")),
        204,
        PREFLIGHT,
    );
    row(preflight("/", EVIL), 403, REFUSED);
    row(preflight("/", "null"), 403, REFUSED);
    row(preflight("/", ""), 403, REFUSED);
    row(
        preflight("/", APP).append_header((ORIGIN, APP)),
        403,
        REFUSED,
    );
    // These are not preflights: the application answers them.
    row(request(Method::OPTIONS, "/", APP), 405, GRANTED);
    row(request(Method::OPTIONS, "/any", APP), 200, GRANTED);
    row(
        TestRequest::with_uri("/any")
            .method(Method::OPTIONS)
            .insert_header((ACCESS_CONTROL_REQUEST_METHOD, "PUT")),
        200,
        REFUSED,
    );
    row(
        get("/", APP).insert_header((ACCESS_CONTROL_REQUEST_METHOD, "PUT")),
        200,
        GRANTED,
    );
}

#[test]
fn preflight_status() {
    let config = Config::from(grant()).preflight_status(200);
    let app = || App::new().configure(routes).wrap(cors_of(config.clone()));
    check(app(), preflight("/", APP), 200, PREFLIGHT);
    check(app(), preflight("/", EVIL), 403, REFUSED);
}

#[test]
fn preflight_echo() {
    let cors = cors_of(
        Grant::new([APP])
            .allow_methods(["*"])
            .allow_headers(["*"])
            .allow_credentials(true),
    );
    let preflight = preflight("/", APP)
        .append_header((ACCESS_CONTROL_REQUEST_HEADERS, "x-a"))
        .append_header((ACCESS_CONTROL_REQUEST_HEADERS, ""))
        .append_header((ACCESS_CONTROL_REQUEST_HEADERS, "x-b,x-c"));
    check(
        App::new().wrap(cors),
        preflight,
        204,
        &[
            "access-control-allow-credentials: true",
            "access-control-allow-headers: x-a",
            "access-control-allow-headers: x-b,x-c",
            "access-control-allow-methods: PUT",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 86400",
            "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ],
    );
}

#[test]
fn actual_responses() {
    #[track_caller]
    fn row(request: TestRequest, status: u16, fields: &[&str]) {
        check(
            App::new().configure(routes).wrap(cors()),
            request,
            status,
            fields,
        );
    }
    row(get("/", APP), 200, GRANTED);
    row(request(Method::PUT, "/any", APP), 200, GRANTED);
    row(get("/old", APP), 307, GRANTED);
    row(get("/error", APP), 500, GRANTED);
    row(get("/nowhere", APP), 404, GRANTED);
    row(request(Method::DELETE, "/", APP), 405, GRANTED);
    // The extractor's error for a body that is not JSON.
    row(
        request(Method::POST, "/json", APP)
            .insert_header((CONTENT_TYPE, "application/json"))
            .set_payload("{"),
        400,
        GRANTED,
    );
    row(get("/", EVIL), 200, REFUSED);
    row(get("/error", EVIL), 500, REFUSED);
    row(get("/", "null"), 200, REFUSED);
    row(get("/", APP).append_header((ORIGIN, APP)), 200, REFUSED);
    row(get("/", EVIL).append_header((ORIGIN, APP)), 200, REFUSED);
    row(TestRequest::with_uri("/"), 200, REFUSED);
    row(TestRequest::with_uri("/nowhere"), 404, REFUSED);
}

#[test]
fn everybody() {
    let app = || {
        let cors = cors_of(Grant::new(["*"]).allow_methods(["PUT"]));
        App::new().configure(routes).wrap(cors)
    };
    let fields = &["access-control-allow-origin: *"];
    check(app(), get("/", EVIL), 200, fields);
    check(app(), TestRequest::with_uri("/"), 200, fields);
    check(
        app(),
        get("/", EVIL).append_header((ORIGIN, APP)),
        200,
        fields,
    );
    check(
        app(),
        preflight("/", EVIL),
        204,
        &[
            "access-control-allow-methods: PUT",
            "access-control-allow-origin: *",
            "access-control-max-age: 86400",
        ],
    );
}

#[test]
fn fields_of_the_application() {
    /// `headers`: those of the application's response.
    #[track_caller]
    fn row(cors: Cors, headers: &'static [(&str, &str)], origin: &str, fields: &[&str]) {
        let handler = || async {
            let append = |mut response: HttpResponseBuilder, header: &(&'static str, &str)| {
                response.append_header(*header);
                response
            };
            headers.iter().fold(HttpResponse::Ok(), append).finish()
        };
        let app = App::new().route("/", web::get().to(handler)).wrap(cors);
        check(app, get("/", origin), 200, fields);
    }
    let own = &[
        ("access-control-allow-origin", "https://evil.example"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-secret"),
    ];
    row(cors(), own, APP, GRANTED);
    row(cors(), own, EVIL, REFUSED);
    row(cors(), &own[3..], EVIL, REFUSED);
    row(
        cors_of(Grant::new([APP])),
        own,
        APP,
        &[
            "access-control-allow-origin: https://app.example.com",
            "vary: Origin",
        ],
    );

    let timing = &[("timing-allow-origin", "*"), ("timing-allow-origin", "x")];
    row(
        cors_of(Grant::new([APP]).expose_timing(true)),
        timing,
        APP,
        &[
            "access-control-allow-origin: https://app.example.com",
            "timing-allow-origin: https://app.example.com",
            "vary: Origin",
        ],
    );
    row(
        cors(),
        timing,
        EVIL,
        &[
            "timing-allow-origin: *",
            "timing-allow-origin: x",
            "vary: Origin",
        ],
    );

    row(
        cors(),
        &[("vary", "Accept-Encoding"), ("vary", "Accept-Language")],
        EVIL,
        &["vary: Accept-Encoding, Accept-Language, Origin"],
    );
    row(
        cors(),
        &[("vary", "Accept"), ("vary", "Cookie, origin")],
        EVIL,
        &["vary: Accept, Cookie, origin"],
    );
    row(cors(), &[("vary", "*")], EVIL, &["vary: *"]);
    row(
        cors_of(Grant::new(["*"])),
        &[("vary", "Accept")],
        EVIL,
        &["access-control-allow-origin: *", "vary: Accept"],
    );
}

#[actix_web::test]
async fn bodies_are_passed_on() {
    // The second chunk never comes. Code that collects the whole body would wait forever.
    let endless = || async {
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from("chunk 1\n"))]);
        HttpResponse::Ok().streaming(first.chain(stream::pending()))
    };
    let several = || async {
        let chunks = ["chunk 1\n", "chunk 2\n", "chunk 3\n"];
        let chunks = chunks.map(|chunk| Ok::<_, Infallible>(Bytes::from(chunk)));
        HttpResponse::Ok().streaming(stream::iter(chunks))
    };
    let app = App::new()
        .route("/endless", web::get().to(endless))
        .route("/several", web::get().to(several))
        .wrap(cors());
    let app = init_service(app).await;

    let response = call_service(&app, get("/endless", APP).to_request()).await;
    let mut body = pin!(response.into_body());
    assert!(matches!(*body, EitherBody::Left { .. }));
    assert_eq!(body.size(), BodySize::Stream);
    let chunk = poll_fn(|cx| body.as_mut().poll_next(cx)).await;
    assert_eq!(chunk.unwrap().unwrap(), "chunk 1\n");

    let response = call_service(&app, get("/several", APP).to_request()).await;
    let mut body = pin!(response.into_body());
    let mut chunks = Vec::new();
    while let Some(chunk) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        chunks.push(chunk.unwrap());
    }
    assert_eq!(chunks, ["chunk 1\n", "chunk 2\n", "chunk 3\n"]);

    let response = call_service(&app, preflight("/endless", APP).to_request()).await;
    let body = response.into_body();
    assert!(matches!(body, EitherBody::Right { .. }));
    assert_eq!(body.size(), BodySize::Sized(0));
}
