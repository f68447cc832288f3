//! A server that sends prepared responses.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Error;
use crate::http::{self, Line, Listener, ReceivedRequest};

/// A response of a [`ScriptedServer`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The reason phrase, which some consoles show.
    pub phrase: String,
    /// The header lines in the order in which they are sent, with duplicates and any bytes. A line break in a value
    /// would end the line. `Content-Length` is added.
    pub lines: Vec<Line>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A response without header lines.
    ///
    /// ```
    /// use cors_real_browsers::Reply;
    ///
    /// let reply = Reply::new(204).line("Vary", "Origin");
    /// assert_eq!(reply.lines, [("Vary".to_owned(), b"Origin".to_vec())]);
    /// ```
    pub const fn new(status: u16) -> Self {
        Self {
            status,
            phrase: String::new(),
            lines: Vec::new(),
            body: Vec::new(),
        }
    }

    /// With a reason phrase.
    #[must_use]
    pub fn phrase(mut self, phrase: impl Into<String>) -> Self {
        self.phrase = phrase.into();
        self
    }

    /// With one more header line.
    #[must_use]
    pub fn line(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.lines.push((name.into(), value.into()));
        self
    }

    fn to_bytes(&self, request: &ReceivedRequest) -> Vec<u8> {
        http::response(request, self.status, &self.phrase, &self.lines, &self.body)
    }
}

/// The responses of a [`ScriptedServer`] in one case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Script {
    /// The response to a CORS-preflight request.
    pub preflight: Reply,
    /// The response to any other request.
    pub actual: Reply,
}

impl Script {
    /// For a case in which no preflight is expected: a preflight would get a 404 without headers.
    pub const fn actual(actual: Reply) -> Self {
        Self {
            preflight: Reply::new(404),
            actual,
        }
    }
}

/// A plain http server on loopback that sends prepared responses, case by case, and records the requests.
///
/// The path of the URL selects the case. The query is free for other uses.
///
/// ```
/// use std::io::{Read as _, Write as _};
///
/// use cors_real_browsers::{Reply, Script, ScriptedServer};
///
/// let server = ScriptedServer::start()?;
/// server.script("a1", Script::actual(Reply::new(200).line("X-A", &b"\xff"[..])));
/// assert_eq!(server.url("a1"), format!("http://127.0.0.1:{}/a1", server.port()));
///
/// let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port()))?;
/// stream.write_all(b"GET /a1 HTTP/1.1\r\nHost: a\r\n\r\n")?;
/// let mut answer = [0; 28];
/// stream.read_exact(&mut answer)?;
/// assert_eq!(&answer[..], b"HTTP/1.1 200 \r\nX-A: \xff\r\nConte");
/// assert_eq!(server.seen("a1")[0].method, "GET");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ScriptedServer {
    listener: Listener,
    cases: Arc<Mutex<Cases>>,
}

impl ScriptedServer {
    /// Starts one on a free port.
    ///
    /// # Errors
    ///
    /// When it cannot listen.
    pub fn start() -> Result<Self, Error> {
        let cases = Arc::new(Mutex::new(Cases::default()));
        let shared = Arc::clone(&cases);
        let listener = Listener::start(move |stream| {
            http::serve(stream, |request| lock(&shared).answer(request))
        })
        .map_err(Error::io("start the scripted server"))?;
        Ok(Self { listener, cases })
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.listener.port()
    }

    /// The URL of a case. The id may only have characters that are allowed in a path.
    pub fn url(&self, case: &str) -> String {
        format!("http://127.0.0.1:{}/{case}", self.port())
    }

    /// Sets the responses of a case.
    pub fn script(&self, case: impl Into<String>, script: Script) {
        lock(&self.cases).scripts.insert(case.into(), script);
    }

    /// The requests of a case so far, in order.
    pub fn seen(&self, case: &str) -> Vec<ReceivedRequest> {
        let cases = lock(&self.cases);
        let seen = cases.seen.iter().filter(|(of, _)| of == case);
        seen.map(|(_, request)| request.clone()).collect()
    }

    /// Forgets all cases and requests, and returns the requests by case.
    pub fn take(&self) -> HashMap<String, Vec<ReceivedRequest>> {
        let mut by_case: HashMap<_, Vec<_>> = HashMap::new();
        for (case, request) in mem::take(&mut *lock(&self.cases)).seen {
            by_case.entry(case).or_default().push(request);
        }
        by_case
    }

    /// Returns the requests of all cases, in order, and forgets them. The cases stay.
    pub fn take_requests(&self) -> Vec<ReceivedRequest> {
        let seen = mem::take(&mut lock(&self.cases).seen);
        seen.into_iter().map(|(_, request)| request).collect()
    }
}

#[derive(Debug, Default)]
struct Cases {
    scripts: HashMap<String, Script>,
    /// Each with its case, in order.
    seen: Vec<(String, ReceivedRequest)>,
}

impl Cases {
    fn answer(&mut self, request: ReceivedRequest) -> Vec<u8> {
        let path = request.target.split('?').next().unwrap_or_default();
        let case = path.strip_prefix('/').unwrap_or(path);
        let bytes = match self.scripts.get(case) {
            Some(script) if request.is_preflight() => script.preflight.to_bytes(&request),
            Some(script) => script.actual.to_bytes(&request),
            None => http::response(&request, 404, "", &[], b""),
        };
        self.seen.push((case.to_owned(), request));
        bytes
    }
}

fn lock(cases: &Mutex<Cases>) -> MutexGuard<'_, Cases> {
    cases.lock().unwrap_or_else(PoisonError::into_inner)
}
