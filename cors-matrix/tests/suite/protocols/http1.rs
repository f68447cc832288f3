//! Exchanges over HTTP/1.1 that are more than a request and a response.

use std::net::TcpStream;

use cors_matrix::case::is_relevant;
use cors_matrix::message::{Answer, Connection, RawRequest, RawResponse};
use cors_matrix::server::{FixtureBinary, Framework};

use super::{
    APP, END, Exchange, JSON, OTHER_PROTOCOL, PAGES, PART, Servers, connect, ends_connection,
    judge, overlapping, request,
};

/// A request whose answer is the same as that of a plain one.
struct Row {
    name: &'static str,
    method: &'static str,
    target: &'static str,
    /// The header lines that the plain request has, too.
    lines: &'static [(&'static str, &'static str)],
    /// The body of the plain request.
    body: &'static str,
    /// The other header lines.
    more: &'static [(&'static str, &'static str)],
    /// What follows the head.
    sent: Sent,
}

enum Sent {
    /// Nothing.
    Nothing,
    /// All of the body, after 100 (Continue).
    AfterContinue(&'static str),
    /// All of the body.
    All(&'static str),
    /// The first part of a body whose rest never comes.
    Part,
}

const CHUNKED: (&str, &str) = ("Transfer-Encoding", "chunked");
/// Of a body whose rest never comes.
const LONG: (&str, &str) = ("Content-Length", "100000");
const PUT: (&str, &str) = ("Access-Control-Request-Method", "PUT");
const WEBSOCKET: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];

const ROWS: [Row; 9] = [
    Row {
        name: "a body after 100 (Continue)",
        method: "POST",
        target: "/json",
        lines: &[JSON],
        body: r#"{"a":1}"#,
        more: &[("Expect", "100-continue"), ("Content-Length", "7")],
        sent: Sent::AfterContinue(r#"{"a":1}"#),
    },
    Row {
        name: "a body in chunks",
        method: "POST",
        target: "/json",
        lines: &[JSON],
        body: r#"{"a":1}"#,
        more: &[CHUNKED],
        sent: Sent::All("3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n"),
    },
    Row {
        name: "trailers that name a page and make it a preflight",
        method: "POST",
        target: "/json",
        lines: &[JSON],
        body: r#"{"a":1}"#,
        more: &[CHUNKED, ("Trailer", "Origin, X-Trailer")],
        sent: Sent::All(
            "7\r\n{\"a\":1}\r\n0\r\nOrigin: https://app.example.com\r\n\
             Access-Control-Request-Method: PUT\r\nX-Trailer: 1\r\n\r\n",
        ),
    },
    Row {
        name: "OPTIONS with such trailers",
        method: "OPTIONS",
        target: "/echo",
        lines: &[],
        body: "",
        more: &[CHUNKED, ("Trailer", "Access-Control-Request-Method")],
        sent: Sent::All("0\r\nAccess-Control-Request-Method: PUT\r\n\r\n"),
    },
    Row {
        name: "401 before the body ends",
        method: "POST",
        target: "/private",
        lines: &[],
        body: "",
        more: &[LONG],
        sent: Sent::Part,
    },
    Row {
        name: "a handler that reads no body",
        method: "POST",
        target: "/echo",
        lines: &[],
        body: "",
        more: &[LONG],
        sent: Sent::Part,
    },
    Row {
        name: "a preflight before its body ends",
        method: "OPTIONS",
        target: "/echo",
        lines: &[PUT],
        body: "",
        more: &[LONG],
        sent: Sent::Part,
    },
    Row {
        name: "an upgrade that the server does not know",
        method: "GET",
        target: "/echo",
        lines: &[],
        body: "",
        more: &OTHER_PROTOCOL,
        sent: Sent::Nothing,
    },
    Row {
        name: "a WebSocket",
        method: "GET",
        target: "/ws",
        lines: &WEBSOCKET,
        body: "",
        more: &[],
        sent: Sent::Nothing,
    },
];

/// The numbers of exchanges with each framework: each row from each page with each policy, one before each, and one
/// after those that leave the connection open.
const ANSWERS: [(Framework, usize); 4] = [
    (Framework::Axum, 130),
    (Framework::Actix, 123),
    (Framework::Rocket, 130),
    (Framework::Warp, 130),
];

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn rows_between_others() {
    for fixture in FixtureBinary::built().unwrap() {
        let mut answers = 0;
        for servers in Servers::each(&fixture) {
            let first = servers.alone("before", get("/realms/before/echo", Some(APP)));
            for page in PAGES {
                let last = servers.alone("after", get("/realms/after/echo", page));
                for row in &ROWS {
                    answers += check(&servers, row, page, &first, &last);
                }
            }
        }
        assert!(
            ANSWERS.contains(&(fixture.framework, answers)),
            "{} {answers}",
            fixture.framework
        );
    }
}

/// Sends a row after another request, and one more after it. Returns the number of answers.
#[track_caller]
fn check(
    servers: &Servers,
    row: &Row,
    page: Option<&str>,
    first: &Exchange<'_>,
    last: &Exchange<'_>,
) -> usize {
    let plain = servers.alone(
        row.name,
        request(row.method, row.target, page, row.lines, row.body),
    );
    let lines = [row.lines, row.more].concat();
    let sent = request(row.method, row.target, page, &lines, "");

    let failed = |error| -> RawResponse { panic!("{}: {error}", plain.name) };
    let mut connection = connect(servers.server.port());
    let answer = connection.exchange(&first.request);
    first.check("first", &answer.unwrap_or_else(failed));
    connection.send([&sent]).unwrap();
    let (answer, is_read) = match &row.sent {
        Sent::Nothing => (connection.receive(&sent).unwrap_or_else(failed), true),
        Sent::All(body) => {
            connection.send_bytes(body.as_bytes()).unwrap();
            let answer = connection.receive(&sent).unwrap_or_else(failed);
            let is_read = answer.lines("x-handler").next().is_some() && row.target == "/json";
            (answer, is_read)
        }
        Sent::AfterContinue(body) => after_continue(&mut connection, &sent, body, &plain),
        Sent::Part => {
            connection.send_bytes(&PART).unwrap();
            (connection.receive(&sent).unwrap_or_else(failed), false)
        }
    };
    plain.check("between others", &answer);
    // A server can close the connection after the response if it has not read the body.
    if !is_read || ends_connection(&answer) {
        return 2;
    }
    let answer = connection.exchange(&last.request);
    last.check("last", &answer.unwrap_or_else(failed));
    3
}

/// Sends the body when the server asks for it. Returns the answer, and whether the server has read the body.
#[track_caller]
fn after_continue(
    connection: &mut Connection<TcpStream>,
    sent: &RawRequest,
    body: &str,
    plain: &Exchange<'_>,
) -> (RawResponse, bool) {
    let response = connection.receive(sent).unwrap();
    let is_handled = plain.alone.lines("x-handler").next().is_some();
    if response.status != 100 {
        // A refused request needs no body.
        assert!(!is_handled, "{}: {response:?}", plain.name);
        return (response, false);
    }
    let mut lines = response.lines.iter();
    assert!(!lines.any(|(name, _)| is_relevant(name)), "{response:?}");
    connection.send_bytes(body.as_bytes()).unwrap();
    (connection.receive(sent).unwrap(), is_handled)
}

/// Clients that are gone in the middle of a body. Another connection gets its own answers in the meantime.
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn bodies_that_the_client_aborts() {
    const CLIENTS: usize = 60;
    for fixture in FixtureBinary::built().unwrap() {
        for servers in Servers::each(&fixture) {
            let mut steady = connect(servers.server.port());
            for number in 0..CLIENTS {
                let page = |number: usize| PAGES[number % PAGES.len()];
                let lines = [JSON, ("Content-Length", "20")];
                let aborted = request("POST", "/json", page(number), &lines, "");
                let mut client = connect(servers.server.port());
                client.send([&aborted]).unwrap();
                client.send_bytes(br#"{"a":"#).unwrap();
                drop(client);

                let path = format!("/realms/{number}/echo");
                let next = servers.alone("after a client is gone", get(&path, page(number + 1)));
                let answer = steady.exchange(&next.request).unwrap();
                next.check("after a client is gone", &answer);
            }
        }
    }
}

/// Requests of several pages that the server handles at the same time: each has sent only the first part of its body when the
/// others arrive.
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn requests_that_overlap() {
    const ROUNDS: usize = 10;
    for fixture in FixtureBinary::built().unwrap() {
        for servers in Servers::each(&fixture) {
            let plain = overlapping(&servers);
            for _ in 0..ROUNDS {
                let begun = plain.iter().map(|plain| {
                    let mut connection = connect(servers.server.port());
                    let mut head = plain.request.clone();
                    let length = head.body.len().to_string();
                    head.lines
                        .push(("Content-Length".to_owned(), length.into()));
                    head.body.clear();
                    connection.send([&head]).unwrap();
                    connection.send_bytes(&PART).unwrap();
                    connection
                });
                let begun: Vec<_> = begun.collect();
                for (mut connection, plain) in begun.into_iter().zip(&plain).rev() {
                    // A server that has refused the request may close the connection.
                    let _ = connection.send_bytes(END);
                    let answer = connection.receive(&plain.request);
                    plain.check("while others are handled", &answer.unwrap());
                }
            }
        }
    }
}

/// 413 for a body that is too long, before all of it is sent.
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn bodies_that_are_too_long() {
    const LENGTH: usize = 3_000_000;
    /// More than any limit: 2 MiB of axum and actix-web, 1 MiB of Rocket.
    const ENOUGH: usize = 2_200_000;
    for fixture in FixtureBinary::built().unwrap() {
        // warp has no limit, so it waits for all of the body.
        let (sent, status) = match fixture.framework {
            Framework::Warp => (LENGTH, 400),
            _ => (ENOUGH, 413),
        };
        for servers in Servers::each(&fixture) {
            for page in PAGES {
                let length = LENGTH.to_string();
                let lines = [JSON, ("Content-Length", &*length)];
                let request = request("POST", "/json", page, &lines, "");
                let [answer, bare] = [&servers.server, &servers.bare].map(|server| {
                    let mut connection = connect(server.port());
                    connection.send([&request]).unwrap();
                    // A server that has answered may close the connection.
                    let _ = connection.send_bytes(&vec![b' '; sent]);
                    connection.receive(&request).unwrap()
                });
                let row = format!("{} {page:?} {answer:?}", fixture.framework);
                assert_eq!(bare.status, status, "{row}");
                let [answer, bare] = [answer, bare].map(Answer::Response);
                judge(&row, &servers.policy, &request, &answer, &bare);
            }
        }
    }
}

fn get(target: &str, page: Option<&str>) -> RawRequest {
    request("GET", target, page, &[], "")
}
