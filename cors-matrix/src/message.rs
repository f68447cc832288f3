//! HTTP/1.1 over TCP, raw enough to send what no client library would: duplicate lines, odd bytes,
//! any order.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use cors_core::adapter::{RequestHead, RequestHeader};

/// How long a server may take between two bytes.
const TIMEOUT: Duration = Duration::from_secs(20);
/// More than any answer has.
const MAX_RESPONSE: u64 = 16 * 1024 * 1024;
const MAX_FIELDS: usize = 256;

/// A line of a header, the name as it was sent.
pub type Line = (String, Vec<u8>);

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// The header lines in the order in which they are sent, without `Host`, `Connection` and
    /// `Content-Length`, which are added.
    pub lines: Vec<Line>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        };
        line("Host", b"127.0.0.1");
        line("Connection", b"close");
        if !self.body.is_empty() {
            line("Content-Length", self.body.len().to_string().as_bytes());
        }
        for (name, value) in &self.lines {
            line(name, value);
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl RequestHead for Request {
    fn method(&self) -> &[u8] {
        self.method.as_bytes()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let named = move |line: &&Line| line.0.eq_ignore_ascii_case(name.name());
        let lines = self.lines.iter().filter(named);
        lines.map(|(_, value)| value.trim_ascii())
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A response.
    Response(Response),
    /// The connection was closed without one.
    Closed,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header lines in the order of receipt, names in lower case.
    pub lines: Vec<Line>,
    /// The body, in the pieces in which it was sent: one, or the chunks of a chunked body.
    pub pieces: Vec<Vec<u8>>,
}

impl Response {
    /// The lines of a header field.
    pub fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = move |line: &&Line| line.0 == name;
        self.lines.iter().filter(named).map(|(_, value)| &**value)
    }
}

/// Sends a request to a server on this machine and reads its answer.
///
/// # Errors
///
/// When no connection can be made, the server takes too long, or what it sends is not HTTP/1.1.
pub fn send(port: u16, request: &Request) -> io::Result<Answer> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // A server may answer and close before it has read all of a hostile request; what counts is
    // what it said.
    let written = stream.write_all(&request.to_bytes());
    let mut bytes = Vec::new();
    let read = stream.take(MAX_RESPONSE).read_to_end(&mut bytes);
    if bytes.is_empty() {
        return match written.and(read.map(drop)) {
            Ok(()) => Ok(Answer::Closed),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(Answer::Closed),
            Err(error) => Err(error),
        };
    }
    parse(&bytes, request.method == "HEAD").map(Answer::Response)
}

fn parse(bytes: &[u8], head_only: bool) -> io::Result<Response> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let parsed = head.parse(bytes).map_err(invalid)?;
    let (httparse::Status::Complete(len), Some(status)) = (parsed, head.code) else {
        return Err(invalid("the response ends in its head"));
    };
    let lines = head
        .headers
        .iter()
        .map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec()))
        .collect();
    let mut response = Response {
        status,
        lines,
        pieces: Vec::new(),
    };
    let body = bytes.get(len..).unwrap_or_default();
    let chunked = response
        .lines("transfer-encoding")
        .any(|value| value.eq_ignore_ascii_case(b"chunked"));
    if chunked && !head_only {
        response.pieces = chunks(body)?;
    } else if !body.is_empty() {
        response.pieces = vec![body.to_vec()];
    }
    Ok(response)
}

/// The chunks of a [chunked](https://www.rfc-editor.org/rfc/rfc9112#section-7.1) body.
fn chunks(mut rest: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let mut chunks = Vec::new();
    loop {
        match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((_, 0))) => return Ok(chunks),
            Ok(httparse::Status::Complete((start, size))) => {
                let end = start.saturating_add(usize::try_from(size).map_err(invalid)?);
                let chunk = rest.get(start..end);
                chunks.push(
                    chunk
                        .ok_or_else(|| invalid("a chunk is cut short"))?
                        .to_vec(),
                );
                rest = rest.get(end + 2..).unwrap_or_default();
            }
            _ => return Err(invalid("a chunked body is cut short")),
        }
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses() {
        let bytes = b"HTTP/1.1 200 OK\r\nVary: a\r\nvary: b\r\nTransfer-Encoding: chunked\r\n\r\n\
            3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        let response = parse(bytes, false).unwrap();
        assert_eq!(response.status, 200);
        assert!(response.lines("vary").eq([b"a", b"b"]));
        assert_eq!(response.pieces, [&b"abc"[..], b"d"]);
        assert!(parse(&bytes[..bytes.len() - 5], false).is_err());
        assert!(parse(&bytes[..20], false).is_err());
        assert!(parse(b"nonsense", false).is_err());
    }

    #[test]
    fn requests() {
        let request = Request {
            method: "POST".into(),
            target: "/".into(),
            lines: vec![
                ("origin".into(), b" a\xff ".to_vec()),
                ("Origin".into(), b"b".to_vec()),
            ],
            body: b"{}".to_vec(),
        };
        assert!(
            request
                .lines(RequestHeader::Origin)
                .eq([&b"a\xff"[..], b"b"])
        );
        assert_eq!(
            request.to_bytes(),
            b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 2\r\n\
              origin:  a\xff \r\nOrigin: b\r\n\r\n{}"
        );
    }
}
