//! HTTP/1.1 as far as browsers use it on loopback: a thread for each connection.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// A header line: the name as it was sent, and the value.
pub type Line = (String, Vec<u8>);

/// No browser sends more here.
const MAX_HEAD: usize = 1024 * 1024;

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// The method.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// The header lines, in order.
    pub lines: Vec<Line>,
}

impl ReceivedRequest {
    /// The first line of a header.
    ///
    /// ```
    /// use cors_real_browsers::ReceivedRequest;
    ///
    /// let request = ReceivedRequest::parse(b"GET /a?b HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    /// assert_eq!(request.target, "/a?b");
    /// assert_eq!(request.header("host"), Some(&b"localhost"[..]));
    /// ```
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.lines.iter();
        lines
            .find(|line| line.0.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// Whether it is a CORS-preflight request.
    pub fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.header("access-control-request-method").is_some()
    }

    /// Reads a head, up to and with the empty line.
    pub fn parse(head: &[u8]) -> Option<Self> {
        let mut rows = head
            .split(|&byte| byte == b'\n')
            .map(|row| row.trim_ascii_end());
        let start = String::from_utf8_lossy(rows.next()?).into_owned();
        let mut words = start.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut lines = Vec::new();
        for row in rows.take_while(|row| !row.is_empty()) {
            let colon = row.iter().position(|&byte| byte == b':')?;
            let (name, value) = row.split_at_checked(colon)?;
            let value = value.strip_prefix(b":")?.trim_ascii();
            lines.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
        }
        Some(Self {
            method,
            target,
            lines,
        })
    }

    fn content_length(&self) -> usize {
        let value = self.header("content-length").unwrap_or_default();
        let digits = str::from_utf8(value).ok();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }
}

/// A server that listens on a port of loopback until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    port: u16,
    stopped: Arc<AtomicBool>,
}

impl Listener {
    /// Runs `connection` in a thread of its own for each connection.
    pub(crate) fn start(
        connection: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let connection = Arc::new(connection);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let connection = Arc::clone(&connection);
                // A browser that closes the connection early is not reported.
                thread::spawn(move || stream.set_nodelay(true).and_then(|()| connection(stream)));
            }
        });
        Ok(Self { port, stopped })
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

/// Answers the requests of one connection with complete responses until the client closes it.
pub(crate) fn serve(
    mut stream: TcpStream,
    answer: impl Fn(ReceivedRequest) -> Vec<u8>,
) -> io::Result<()> {
    let mut read = Vec::new();
    while let Some(request) = receive(&mut stream, &mut read)? {
        stream.write_all(&answer(request))?;
    }
    Ok(())
}

/// Answers one request, and closes the connection.
pub(crate) fn serve_one(
    mut stream: TcpStream,
    answer: impl Fn(ReceivedRequest) -> Vec<u8>,
) -> io::Result<()> {
    match receive(&mut stream, &mut Vec::new())? {
        Some(request) => stream.write_all(&answer(request)),
        None => Ok(()),
    }
}

/// The next request of a connection; `None` if the client closes it. `read` is what was read and is not used yet.
fn receive(stream: &mut TcpStream, read: &mut Vec<u8>) -> io::Result<Option<ReceivedRequest>> {
    let mut buffer = [0; 16 * 1024];
    let end = loop {
        if let Some(end) = end_of_head(read) {
            break end;
        }
        let count = stream.read(&mut buffer)?;
        if count == 0 || read.len() > MAX_HEAD {
            return Ok(None);
        }
        read.extend_from_slice(buffer.get(..count).unwrap_or_default());
    };
    let head: Vec<u8> = read.drain(..end).collect();
    let Some(request) = ReceivedRequest::parse(&head) else {
        return Ok(None);
    };
    let mut body = request.content_length();
    loop {
        let here = body.min(read.len());
        read.drain(..here);
        body -= here;
        if body == 0 {
            break;
        }
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(None);
        }
        read.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    Ok(Some(request))
}

/// The length of a head with its empty line, if it is complete.
pub(crate) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

/// A complete response. It has `Content-Length` if a response may have one.
pub(crate) fn response(
    request: &ReceivedRequest,
    status: u16,
    phrase: &str,
    lines: &[Line],
    body: &[u8],
) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} {phrase}\r\n").into_bytes();
    for (name, value) in lines {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    let bodiless = matches!(status, 204 | 304);
    if !bodiless {
        let length = format!("Content-Length: {}\r\n", body.len());
        bytes.extend_from_slice(length.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    if !bodiless && request.method != "HEAD" {
        bytes.extend_from_slice(body);
    }
    bytes
}
