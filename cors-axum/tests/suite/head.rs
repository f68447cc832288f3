//! What an application reads of a request with [`Head`].

use cors_axum::Head;
use cors_core::adapter::{RequestHead, RequestHeader, SingleLine};

use crate::request;

#[test]
fn an_application_reads_what_the_engine_reads() {
    let request = request(
        "GET https://api.example.com:8443/users?page=2",
        &[
            ("origin", "https://app.example.com"),
            ("access-control-request-headers", "a"),
            ("access-control-request-headers", "b"),
        ],
    );
    let head = Head::from(&request);
    assert_eq!(head.method(), b"GET");
    assert_eq!(head.path(), Some(&b"/users"[..]));
    assert_eq!(head.authority(), Some(&b"api.example.com:8443"[..]));
    assert_eq!(head.protocol(), None);
    let asked = head.lines(RequestHeader::AccessControlRequestHeaders);
    assert!(asked.eq([b"a", b"b"]));
    let lines = [
        RequestHeader::Origin,
        RequestHeader::AccessControlRequestHeaders,
        RequestHeader::Host,
    ];
    assert_eq!(
        lines.map(|name| head.single_line(name)),
        [
            SingleLine::One(b"https://app.example.com"),
            SingleLine::Repeated,
            SingleLine::Absent,
        ],
    );

    // A WebSocket over HTTP/2.
    let request = crate::request("CONNECT https://api.example.com/ws", &[]);
    assert_eq!(Head::from(&request).protocol(), Some(&b"websocket"[..]));
}
