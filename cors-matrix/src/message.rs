//! HTTP/1.1 over sockets, with what no client library sends: duplicate lines, any bytes, any order.

use std::io::{self, Read as _};
use std::net::{Ipv4Addr, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::Path;
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
pub struct RawRequest {
    /// The method.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// The header lines in the order in which they are sent. `Content-Length` is added, and `Host` and `Connection` where
    /// they are not among them.
    pub lines: Vec<Line>,
    /// The body.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// The bytes of the request, with this value of `Connection` if it has none.
    pub(crate) fn to_bytes(&self, connection: &[u8]) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        };
        for (name, value) in [("Host", HOST), ("Connection", connection)] {
            if !has_line(&self.lines, name) {
                line(name, value);
            }
        }
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

/// The host of a request that names none.
const HOST: &[u8] = b"127.0.0.1";

fn has_line(lines: &[Line], name: &str) -> bool {
    lines.iter().any(|line| line.0.eq_ignore_ascii_case(name))
}

impl RequestHead for RawRequest {
    fn method(&self) -> &[u8] {
        self.method.as_bytes()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let named = move |line: &&Line| line.0.eq_ignore_ascii_case(name.name());
        let lines = self.lines.iter().filter(named);
        let is_added = name == RequestHeader::Host && !has_line(&self.lines, name.name());
        let added = is_added.then_some(HOST);
        lines.map(|(_, value)| value.trim_ascii()).chain(added)
    }

    fn authority(&self) -> Option<&[u8]> {
        let (scheme, rest) = self.target.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        (!scheme.contains('/')).then_some(authority.as_bytes())
    }

    fn path(&self) -> Option<&[u8]> {
        // Libraries for HTTP drop a fragment.
        let target = self.target.split(['?', '#']).next().unwrap_or_default();
        let path = match target.split_once("://") {
            // The absolute form. Without a path, it is that of `/`.
            Some((scheme, rest)) if !scheme.contains('/') => {
                let path = rest.find('/').and_then(|at| rest.get(at..));
                path.unwrap_or("/")
            }
            _ if target.starts_with('/') || target == "*" => target,
            // The authority form.
            _ => "",
        };
        Some(path.as_bytes())
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A response.
    Response(RawResponse),
    /// The connection was closed without one.
    Closed,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawResponse {
    /// The status.
    pub status: u16,
    /// The header lines in the order of receipt, names in lower case.
    pub lines: Vec<Line>,
    /// The body, in the pieces in which it was sent: one, or the chunks of a chunked body.
    pub pieces: Vec<Vec<u8>>,
}

impl RawResponse {
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
pub fn send(port: u16, request: &RawRequest) -> io::Result<Answer> {
    send_once(connect_to_port(port)?, request)
}

/// A connection to a server on this machine, with a limit for the time between two bytes.
pub(crate) fn connect_to_port(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// The same to a server that listens on a Unix socket.
///
/// # Errors
///
/// As with [`send`].
#[cfg(unix)]
pub fn send_to_socket(socket: &Path, request: &RawRequest) -> io::Result<Answer> {
    send_once(connect(socket)?, request)
}

/// A connection to a Unix socket, with a limit for the time between two bytes.
#[cfg(unix)]
pub(crate) fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

fn send_once(mut stream: impl io::Read + io::Write, request: &RawRequest) -> io::Result<Answer> {
    // A server can respond and close before it has read all of a hostile request. Only its response
    // counts.
    let written = stream.write_all(&request.to_bytes(b"close"));
    if has_line(&request.lines, "Upgrade") {
        // After 101, the connection stays open, and after another response it can.
        let response = Connection::new(stream).response(request.method == "HEAD")?;
        return Ok(response.map_or(Answer::Closed, Answer::Response));
    }
    let mut bytes = Vec::new();
    let read = stream.take(MAX_RESPONSE).read_to_end(&mut bytes);
    if bytes.is_empty() {
        return match written.and(read) {
            Ok(_) => Ok(Answer::Closed),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(Answer::Closed),
            Err(error) => Err(error),
        };
    }
    parse(&bytes, request.method == "HEAD").map(Answer::Response)
}

/// A connection to a server, on which one request follows another.
#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    /// Bytes that were read and belong to the next response.
    bytes: Vec<u8>,
}

impl<S> Connection<S> {
    /// Sends requests on a new stream.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            bytes: Vec::new(),
        }
    }
}

impl<S: io::Read + io::Write> Connection<S> {
    /// Sends a request and reads its answer. After an error nothing more can be sent.
    ///
    /// # Errors
    ///
    /// As with [`Connection::receive`].
    pub fn exchange(&mut self, request: &RawRequest) -> io::Result<RawResponse> {
        self.send([request])?;
        self.receive(request)
    }

    /// Sends requests in one piece, and does not wait for their answers.
    ///
    /// # Errors
    ///
    /// If the connection is closed.
    pub fn send<'a>(
        &mut self,
        requests: impl IntoIterator<Item = &'a RawRequest>,
    ) -> io::Result<()> {
        let bytes = requests.into_iter();
        let bytes: Vec<_> = bytes
            .map(|request| request.to_bytes(b"keep-alive"))
            .collect();
        self.stream.write_all(&bytes.concat())
    }

    /// Sends bytes as they are: the body of a request whose head says how it is sent.
    ///
    /// # Errors
    ///
    /// If the connection is closed.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads the next response, which can be an interim one, to a request that was sent.
    ///
    /// # Errors
    ///
    /// If the connection is closed before the response is complete, or if the response is not HTTP/1.1.
    pub fn receive(&mut self, request: &RawRequest) -> io::Result<RawResponse> {
        let response = self.response(request.method == "HEAD")?;
        response.ok_or_else(|| invalid("the connection is closed before the answer ends"))
    }
}

impl<S: io::Read> Connection<S> {
    /// Reads the next response; `None` if the connection is closed before it begins.
    fn response(&mut self, head_only: bool) -> io::Result<Option<RawResponse>> {
        let mut block = [0; 16 * 1024];
        loop {
            if let Some((response, len)) = parse_one(&self.bytes, head_only)? {
                self.bytes.drain(..len);
                return Ok(Some(response));
            }
            let read = self.stream.read(&mut block)?;
            if read == 0 && self.bytes.is_empty() {
                return Ok(None);
            }
            if read == 0 {
                return Err(invalid("the connection is closed before the answer ends"));
            }
            self.bytes
                .extend_from_slice(block.get(..read).unwrap_or_default());
        }
    }
}

/// Reads a response from everything that came until the connection was closed.
fn parse(bytes: &[u8], head_only: bool) -> io::Result<RawResponse> {
    let Some((mut response, len)) = parse_head(bytes)? else {
        return Err(invalid("the response ends in its head"));
    };
    let body = bytes.get(len..).unwrap_or_default();
    if is_chunked(&response) && !head_only {
        let Some((chunks, _)) = chunks(body)? else {
            return Err(invalid("a chunked body is cut short"));
        };
        response.pieces = chunks;
    } else if !body.is_empty() {
        response.pieces = vec![body.to_vec()];
    }
    Ok(response)
}

/// The first response of those on a connection, and its length; `None` if there is more to come.
fn parse_one(bytes: &[u8], head_only: bool) -> io::Result<Option<(RawResponse, usize)>> {
    let Some((mut response, head)) = parse_head(bytes)? else {
        return Ok(None);
    };
    let body = bytes.get(head..).unwrap_or_default();
    if head_only || matches!(response.status, 100..200 | 204 | 304) {
        return Ok(Some((response, head)));
    }
    if is_chunked(&response) {
        return Ok(chunks(body)?.map(|(chunks, len)| {
            response.pieces = chunks;
            (response, head + len)
        }));
    }
    let len = response.lines("content-length").next();
    let len = len.and_then(|len| std::str::from_utf8(len).ok()?.parse().ok());
    let len: usize = len.ok_or_else(|| invalid("nothing says where the response ends"))?;
    Ok(body.get(..len).map(|body| {
        if !body.is_empty() {
            response.pieces = vec![body.to_vec()];
        }
        (response, head.saturating_add(len))
    }))
}

/// A response without its body, and the length of its head; `None` if the head is not complete.
fn parse_head(bytes: &[u8]) -> io::Result<Option<(RawResponse, usize)>> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let parsed = head.parse(bytes).map_err(invalid)?;
    let (httparse::Status::Complete(len), Some(status)) = (parsed, head.code) else {
        return Ok(None);
    };
    let lines = head
        .headers
        .iter()
        .map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec()))
        .collect();
    let response = RawResponse {
        status,
        lines,
        pieces: Vec::new(),
    };
    Ok(Some((response, len)))
}

fn is_chunked(response: &RawResponse) -> bool {
    response
        .lines("transfer-encoding")
        .any(|value| value.eq_ignore_ascii_case(b"chunked"))
}

/// The chunks of a [chunked](https://www.rfc-editor.org/rfc/rfc9112#section-7.1) body without trailers, and
/// its length; `None` if there is more to come.
fn chunks(body: &[u8]) -> io::Result<Option<(Vec<Vec<u8>>, usize)>> {
    let mut chunks = Vec::new();
    let mut at = 0_usize;
    loop {
        let rest = body.get(at..).unwrap_or_default();
        match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((start, size))) => {
                let end = start.saturating_add(usize::try_from(size).map_err(invalid)?);
                let next = end.saturating_add(2);
                // With the end of the line after it.
                let Some(chunk) = rest.get(..next).and_then(|_| rest.get(start..end)) else {
                    return Ok(None);
                };
                at += next;
                if size == 0 {
                    return Ok(Some((chunks, at)));
                }
                chunks.push(chunk.to_vec());
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(invalid("a chunked body has a wrong size")),
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

    /// A server that sends everything in blocks of some length, and ignores requests.
    struct Said(&'static [u8], usize);

    impl io::Read for Said {
        fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
            let len = block.len().min(self.1);
            self.0.read(&mut block[..len])
        }
    }

    impl io::Write for Said {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn paths() {
        #[track_caller]
        fn check(target: &str, path: &str) {
            let request = RawRequest {
                target: target.to_owned(),
                ..bare("GET")
            };
            assert_eq!(request.path(), Some(path.as_bytes()), "{target}");
        }
        for (target, path) in crate::path::TARGETS {
            check(target, path);
        }
        check("/a?b://c/d", "/a");
        check("/a://b", "/a://b");
        check("/a#b", "/a");
    }

    fn bare(method: &str) -> RawRequest {
        RawRequest {
            method: method.into(),
            target: "/".into(),
            lines: Vec::new(),
            body: Vec::new(),
        }
    }

    #[test]
    fn responses_on_one_connection() {
        fn check(mut connection: Connection<Said>) {
            let mut next = |method: &str, status: u16, pieces: &[&[u8]]| {
                let response = connection.exchange(&bare(method)).unwrap();
                assert_eq!(response.status, status);
                assert_eq!(response.pieces, pieces);
            };
            next("GET", 200, &[b"abc"]);
            next("HEAD", 200, &[]);
            next("GET", 404, &[b"abc", b"d"]);
            next("GET", 304, &[]);
            next("GET", 200, &[]);
            let error = connection.exchange(&bare("GET")).unwrap_err();
            assert!(error.to_string().contains("before the answer ends"));
        }
        const ALL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\
              HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\
              HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n\
              HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n\
              HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\
              HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab";
        for len in [1, 50, ALL.len()] {
            check(Connection::new(Said(ALL, len)));
        }
    }

    #[test]
    fn requests() {
        let request = RawRequest {
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
            request.to_bytes(b"close"),
            b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 2\r\n\
              origin:  a\xff \r\nOrigin: b\r\n\r\n{}"
        );
    }
}
