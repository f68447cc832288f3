use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cors_test::{Page, Remote, block_on};

use super::{Latin, check, tower};

/// The application in axum, on a thread of its own until this process ends.
fn serve() -> SocketAddr {
    let (started, address) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .unwrap();
            started.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, tower::axum()).await.unwrap();
        });
    });
    address.recv().unwrap()
}

#[test]
fn requests_and_responses() {
    let mut server = Remote::at(&format!("http://{}", serve()));
    block_on(check(&mut server, Latin::Sent));
}

#[track_caller]
fn check_trouble(server: &mut Remote, expected: &str) {
    let page = Page::at("https://app.example.com");
    let text = block_on(page.fetch("POST", "https://api.example.com/").send(server)).to_string();
    let address = format!("{server:?}");
    assert!(text.contains(expected), "{address}: {text}");
}

#[test]
fn servers_that_do_not_respond() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Remote::at(&format!("http://{address}"));
    let why =
        format!("the application did not respond: no response from http://{address} within 0.05 s");
    check_trouble(&mut server.clone().timeout(Duration::from_millis(50)), &why);

    // It closes the connection before the end of the body.
    let accepting = thread::spawn(move || {
        let (_unanswered, _) = listener.accept().unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
        stream.write_all(response).unwrap();
        String::from_utf8(request).unwrap()
    });
    let why = "the application did not respond: the body: ";
    check_trouble(&mut server.clone(), why);
    // It got what a browser sends, and nothing of the library.
    let request = accepting.join().unwrap();
    let mut lines: Vec<_> = request.trim_end().lines().collect();
    lines.sort_unstable();
    let expected = [
        "POST / HTTP/1.1",
        "accept: */*",
        "content-length: 0",
        "host: api.example.com",
        "origin: https://app.example.com",
        "sec-fetch-dest: empty",
        "sec-fetch-mode: cors",
        "sec-fetch-site: same-site",
    ];
    assert_eq!(lines, expected);

    // Nothing listens any more.
    check_trouble(
        &mut server.clone(),
        &format!("did not respond: http://{address}: "),
    );
}

#[test]
fn addresses() {
    for right in [
        "http://127.0.0.1:8080",
        "http://localhost/",
        "http://[::1]:80",
    ] {
        let _ = Remote::at(right);
    }
    for wrong in [
        "",
        "127.0.0.1:8080",
        "https://localhost",
        "http://localhost/path",
        "http://localhost/?a",
        "http://user@localhost",
        "ftp://localhost",
        "/",
        "http://",
        "\u{1b}[1m",
    ] {
        let panic = std::panic::catch_unwind(|| Remote::at(wrong)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        let expected =
            "is not the address of a server: write it as `http://127.0.0.1:8080`, without a path";
        assert!(
            text.contains(expected) && !text.contains('\u{1b}'),
            "{wrong:?}: {text}"
        );
    }
}
