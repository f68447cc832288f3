//! A proxy for a server: forwards bytes, and records the exchanges.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::{mem, thread};

use rustls::ServerConfig;

use crate::Error;
use crate::http::{Listener, ReceivedRequest, end_of_head};
use crate::tls::{self, Session};

/// A request and its response, as a [`Front`] recorded them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedExchange {
    /// The request's head: start line, header lines and the empty line.
    pub request: Vec<u8>,
    /// The response's head; empty when the connection was closed without one.
    pub response: Vec<u8>,
}

impl RecordedExchange {
    /// The request.
    pub fn request(&self) -> Option<ReceivedRequest> {
        ReceivedRequest::parse(&self.request)
    }
}

/// A proxy on loopback for a plain http server on loopback.
///
/// It forwards all bytes unchanged, with TLS to the browser if wanted, and records the head of each request and
/// response: what the engine sent (for example a preflight), and what it got.
#[derive(Debug)]
pub struct Front {
    listener: Listener,
    tls: bool,
    record: Arc<Mutex<Vec<RecordedExchange>>>,
}

impl Front {
    /// A proxy for `upstream`, with plain http.
    ///
    /// ```
    /// use std::io::{Read as _, Write as _};
    ///
    /// use cors_real_browsers::{Front, ScriptedServer};
    ///
    /// let server = ScriptedServer::start()?;
    /// let front = Front::plain(server.port())?;
    /// let mut stream = std::net::TcpStream::connect(("127.0.0.1", front.port()))?;
    /// stream.write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")?;
    /// stream.read_exact(&mut [0; 12])?;
    ///
    /// let exchanges = front.take();
    /// assert_eq!(exchanges[0].request, b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    /// assert!(exchanges[0].response.starts_with(b"HTTP/1.1 404"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it cannot listen.
    pub fn plain(upstream: u16) -> Result<Self, Error> {
        Self::start(upstream, None)
    }

    /// A proxy for `upstream`, with TLS: for https origins, and because WebKit lets an https page send requests
    /// only to https, even on loopback.
    ///
    /// # Errors
    ///
    /// When it cannot listen or make a certificate.
    pub fn tls(upstream: u16) -> Result<Self, Error> {
        Self::start(upstream, Some(tls::config()?))
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Its origin, `http://127.0.0.1:PORT` or https.
    pub fn origin(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port())
    }

    /// Returns the exchanges so far, in the order in which the requests began, and forgets them.
    pub fn take(&self) -> Vec<RecordedExchange> {
        mem::take(&mut *self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn start(upstream: u16, config: Option<Arc<ServerConfig>>) -> Result<Self, Error> {
        let record = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&record);
        let tls = config.is_some();
        let listener = Listener::start(move |stream| {
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
            server.set_nodelay(true)?;
            let client = Client::new(stream, config.as_ref())?;
            let recorder = Recorder::new(Arc::clone(&shared));
            pass(&client, &server, &Mutex::new(recorder));
            Ok(())
        })
        .map_err(Error::io("start a front"))?;
        Ok(Self {
            listener,
            tls,
            record,
        })
    }
}

/// The connection to the browser.
enum Client {
    Plain(TcpStream),
    Tls(Session),
}

impl Client {
    fn new(stream: TcpStream, config: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        match config {
            Some(config) => Session::new(Arc::new(stream), config).map(Self::Tls),
            None => Ok(Self::Plain(stream)),
        }
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(stream) => read(stream),
            Self::Tls(session) => session.read(),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => write(stream, bytes),
            Self::Tls(session) => session.write(bytes),
        }
    }

    fn close(&self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.shutdown(Shutdown::Write),
            Self::Tls(session) => session.close(),
        }
    }
}

/// Forwards bytes in both directions until both are closed.
fn pass(client: &Client, server: &TcpStream, recorder: &Mutex<Recorder>) {
    let lock = || recorder.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        scope.spawn(|| -> io::Result<()> {
            while let Ok(bytes) = read(server)
                && !bytes.is_empty()
            {
                lock().response(&bytes);
                client.write(&bytes)?;
            }
            client.close()
        });
        let sent = || -> io::Result<()> {
            while let Ok(bytes) = client.read()
                && !bytes.is_empty()
            {
                lock().request(&bytes);
                write(server, &bytes)?;
            }
            server.shutdown(Shutdown::Write)
        };
        // An error means that one side is closed; the other side notices that itself.
        drop(sent());
    });
}

fn read(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; 16 * 1024];
    let count = stream.read(&mut buffer)?;
    buffer.truncate(count);
    Ok(buffer)
}

fn write(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)
}

/// Cuts the two directions of one connection into exchanges.
///
/// Browsers do not pipeline, so a byte in the other direction ends a message. Lengths need not be
/// parsed.
struct Recorder {
    record: Arc<Mutex<Vec<RecordedExchange>>>,
    /// The index of this connection's current exchange in the record.
    current: Option<usize>,
    /// The direction of the last bytes.
    responding: bool,
    /// The head in that direction, until it is complete and recorded.
    head: Vec<u8>,
    in_head: bool,
}

impl Recorder {
    const fn new(record: Arc<Mutex<Vec<RecordedExchange>>>) -> Self {
        Self {
            record,
            current: None,
            responding: true,
            head: Vec::new(),
            in_head: false,
        }
    }

    fn request(&mut self, bytes: &[u8]) {
        self.turn(false);
        let Some(request) = self.complete_head(bytes) else {
            return;
        };
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        self.current = Some(record.len());
        record.push(RecordedExchange {
            request,
            response: Vec::new(),
        });
    }

    fn response(&mut self, bytes: &[u8]) {
        self.turn(true);
        let Some(response) = self.complete_head(bytes) else {
            return;
        };
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        // If it was taken in the meantime, nothing is recorded.
        if let Some(exchange) = self.current.and_then(|index| record.get_mut(index)) {
            exchange.response = response;
        }
    }

    fn turn(&mut self, responding: bool) {
        if self.responding != responding {
            self.responding = responding;
            self.in_head = true;
            self.head.clear();
        }
    }

    fn complete_head(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !self.in_head {
            return None;
        }
        self.head.extend_from_slice(bytes);
        let end = end_of_head(&self.head)?;
        self.in_head = false;
        self.head.truncate(end);
        Some(mem::take(&mut self.head))
    }
}
