//! The HTTP server for the files of the page and for its requests.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, USER_AGENT, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use crate::api::Call;
use crate::demo::Demo;
use crate::files;
use crate::guard::{self, Refusal};
use crate::site::Site;

/// A policy of this size has ten thousand origins. A larger one is not for editing in a page.
const MAX_BODY: usize = 1 << 20;

/// How long to wait if no connection can be accepted, for example because too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take to send the head of a request, and to send the next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves all connections until the program stops.
pub(crate) async fn serve(listener: TcpListener, site: Arc<Site>, demo: Arc<Demo>) -> Infallible {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        tokio::spawn(answer_all(stream, Arc::clone(&site), Arc::clone(&demo)));
    }
}

/// Serves the requests of a connection until it ends.
async fn answer_all<S>(stream: S, site: Arc<Site>, demo: Arc<Demo>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request| {
        let (site, demo) = (Arc::clone(&site), Arc::clone(&demo));
        async move { Ok::<_, Infallible>(respond(site, demo, request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    // A browser that closes the connection early is not reported.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// The response to any request.
async fn respond<B>(site: Arc<Site>, demo: Arc<Demo>, request: Request<B>) -> Response<Full<Bytes>>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let policy = content_security_policy(&demo);
    let (head, body) = request.into_parts();
    let mut response = match answer(site, demo, head, body).await {
        Ok(response) => response,
        Err(Refusal { status, message }) => json(status, &json!({"error": message})),
    };
    insert(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    // The next build may have another page at the same URL.
    insert(&mut response, CACHE_CONTROL, "no-store");
    insert(&mut response, CONTENT_SECURITY_POLICY, &policy);
    response
}

async fn answer<B>(
    site: Arc<Site>,
    demo: Arc<Demo>,
    head: Parts,
    body: B,
) -> Result<Response<Full<Bytes>>, Refusal>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    guard::check(&site, &head)?;
    let path = head.uri.path();
    if let Some(file) = files::find(path) {
        return match head.method {
            Method::GET | Method::HEAD => Ok(with_type(file.content_type, file.text)),
            _ => Ok(only(&Method::GET)),
        };
    }
    let Some(call) = Call::at(path) else {
        let message = format!("there is no `{path}`");
        return Err(Refusal::new(StatusCode::NOT_FOUND, message));
    };
    if head.method != call.method() {
        return Ok(only(&call.method()));
    }
    let body = read(body).await?;
    let user_agent = head.headers.get(USER_AGENT);
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    let user_agent = user_agent.unwrap_or_default().to_owned();
    // This computes, and waits until the servers have loaded a policy. Other requests continue in the meantime.
    let answered =
        tokio::task::spawn_blocking(move || call.answer(&demo, &site, &user_agent, &body));
    let (status, document) = answered
        .await
        .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))??;
    Ok(json(status, &document))
}

/// Reads a body up to the limit.
async fn read<B>(body: B) -> Result<Bytes, Refusal>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("the body has more than {MAX_BODY} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message))
        }
        Err(error) => {
            let message = format!("the body cannot be read: {error}");
            Err(Refusal::new(StatusCode::BAD_REQUEST, message))
        }
    }
}

/// What the page may load: its own files, the servers' responses, WebSockets included, and a frame of the other page, which
/// sends requests from that origin. The response to a form is the document of a frame, too.
fn content_security_policy(demo: &Demo) -> String {
    let [allowed, refused] = &demo.origins;
    let servers: Vec<_> = demo.urls.iter().map(|(_, url)| url.as_str()).collect();
    let servers = servers.join(" ");
    let sockets = servers.replace("http://", "ws://");
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self' {servers} {sockets}; frame-src {allowed} {refused} {servers}; \
         frame-ancestors {allowed} {refused}; base-uri 'none'; form-action {servers}"
    )
}

fn json(status: StatusCode, document: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = with_type("application/json", document.to_string());
    *response.status_mut() = status;
    response
}

/// Rejects all methods but one.
fn only(method: &Method) -> Response<Full<Bytes>> {
    let message = format!("the only method here is `{method}`");
    let mut response = json(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": message}));
    insert(&mut response, ALLOW, method.as_str());
    response
}

fn with_type(content_type: &str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    insert(&mut response, CONTENT_TYPE, content_type);
    response
}

fn insert<B>(response: &mut Response<B>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;
    use crate::demo::tests::{ALLOWED, Fake, REFUSED, demo};
    use crate::site::Kind;

    /// Sends a request to the allowed page. It has the header lines of the page's own requests, unless `lines` has lines
    /// with their names; an empty value removes the line.
    fn send(method: &str, path: &str, lines: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = path.parse().unwrap();
        let usual = [
            ("host", "localhost:8090"),
            ("origin", ALLOWED),
            ("content-type", "application/json"),
        ];
        let usual = usual.iter().filter(|(name, _)| {
            let mut names = lines.iter().map(|(other, _)| other);
            names.all(|other| other != name)
        });
        for (name, value) in usual.chain(lines).filter(|(_, value)| !value.is_empty()) {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let site = Arc::new(Site::new(Kind::Allowed, 8090));
            let response = respond(site, Arc::new(demo(Fake::default())), request).await;
            let policy = &response.headers()[CONTENT_SECURITY_POLICY];
            assert!(policy.to_str().unwrap().starts_with("default-src 'none'; "));
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8(body.to_vec()).unwrap())
        })
    }

    const CHECK: &str = "{\"text\": \"allow_origins = ['*']\"}";

    #[test]
    fn who_may_ask() {
        #[track_caller]
        fn check(method: &str, path: &str, lines: &[(&str, &str)], expected: u16) {
            let (status, body) = send(method, path, lines, CHECK);
            assert_eq!(status, expected, "{body}");
            if status >= 400 {
                let body: serde_json::Value = serde_json::from_str(&body).unwrap();
                assert!(body["error"].is_string());
            }
        }
        check("GET", "/", &[("origin", "")], 200);
        check("GET", "/page.css?1", &[("origin", "")], 200);
        check("GET", "/api/state", &[("origin", "")], 200);
        check("POST", "/api/check", &[], 200);
        check(
            "POST",
            "/api/check",
            &[("content-type", "Application/JSON; charset=utf-8")],
            200,
        );
        // Another host.
        for host in [
            "",
            "evil.example:8090",
            "127.0.0.1:8090",
            "localhost",
            "localhost:8091",
        ] {
            check("GET", "/", &[("host", host)], 421);
            check("POST", "/api/check", &[("host", host)], 421);
        }
        check(
            "GET",
            "/",
            &[("host", "localhost:8090"), ("host", "evil.example")],
            421,
        );
        // A page of another origin.
        for origin in [
            "",
            "null",
            "https://evil.example",
            REFUSED,
            "http://localhost:8091",
        ] {
            for path in ["/api/check", "/api/policy", "/api/predict"] {
                check("POST", path, &[("origin", origin)], 403);
            }
        }
        check(
            "POST",
            "/api/check",
            &[("origin", ALLOWED), ("origin", ALLOWED)],
            403,
        );
        // Content types that a form can send.
        for content_type in ["", "text/plain", "text/plain; application/json"] {
            check(
                "POST",
                "/api/policy",
                &[("content-type", content_type)],
                415,
            );
        }
        check("GET", "/api/policy", &[], 405);
        check("PUT", "/api/policy", &[], 405);
        check("POST", "/", &[], 405);
        check("GET", "/api", &[], 404);
        check("GET", "/../Cargo.toml", &[], 404);
        check("POST", "/api/other", &[], 404);
    }

    /// A connection with an incomplete head must not stay open. The clock of this runtime moves only while all tasks wait
    /// for it.
    #[test]
    fn heads_have_a_time_limit() {
        #[track_caller]
        fn check(sent: &str, received: &str) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let (mut client, server) = tokio::io::duplex(1 << 20);
                let site = Arc::new(Site::new(Kind::Allowed, 8090));
                let demo = Arc::new(demo(Fake::default()));
                tokio::spawn(answer_all(server, site, demo));
                client.write_all(sent.as_bytes()).await.unwrap();
                let start = Instant::now();
                let mut text = String::new();
                let end = client.read_to_string(&mut text);
                let end = tokio::time::timeout(HEAD_TIMEOUT * 10, end).await;
                end.expect("the server ends the connection").unwrap();
                let line = text.lines().next().unwrap_or_default();
                assert_eq!(line, received);
                let waited = start.elapsed();
                assert!(
                    (HEAD_TIMEOUT..HEAD_TIMEOUT * 2).contains(&waited),
                    "{waited:?}"
                );
            });
        }
        check("GET / HTTP/1.1\r\nhost: local", "");
        check("", "");
        check(
            "GET / HTTP/1.1\r\nhost: localhost:8090\r\n\r\n",
            "HTTP/1.1 200 OK",
        );
    }

    #[test]
    fn what_pages_may_load() {
        let policy = content_security_policy(&demo(Fake::default()));
        let servers = "http://127.0.0.1:40001 http://127.0.0.1:40002 http://127.0.0.1:40003 http://127.0.0.1:40004";
        let sockets = servers.replace("http", "ws");
        let pages = format!("{ALLOWED} {REFUSED}");
        for directive in [
            format!("connect-src 'self' {servers} {sockets}"),
            format!("frame-src {pages} {servers}"),
            format!("frame-ancestors {pages}"),
            format!("form-action {servers}"),
        ] {
            assert!(
                policy.split("; ").any(|other| other == directive),
                "{policy}"
            );
        }
    }

    #[test]
    fn bodies_have_a_bound() {
        let text = " ".repeat(MAX_BODY);
        let (status, body) = send("POST", "/api/policy", &[], &text);
        assert_eq!(status, 400, "{body}");
        let (status, body) = send("POST", "/api/policy", &[], &format!("{text} "));
        assert_eq!(status, 413);
        assert_eq!(body, "{\"error\":\"the body has more than 1048576 bytes\"}");
    }
}
