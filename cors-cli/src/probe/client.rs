//! Sends requests to a server.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cors_browser_model::{Headers, Origin, Response, SentRequest, Server, Url};
use cors_explain::masked_url;
use ureq::Agent;
use ureq::http::{self, Request};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::cli::Probe;
use crate::error::Error;
use crate::output::Printable;
use crate::probe::{browser, handshake};

/// The maximum length of the headers of a response, from the status line to the empty line.
const MAX_HEADER: usize = 64 * 1024;
/// Enough for the certificates of all authorities.
const MAX_CERTIFICATES: u64 = 16 * 1024 * 1024;
const USER_AGENT: &str = concat!("cors/", env!("CARGO_PKG_VERSION"));

/// Sends each request once; a repeated request is answered from memory. So a server sees one request, although each
/// engine uses the response.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    timeout: Duration,
    sender: Sender,
    sent: Vec<(SentRequest, Result<Response, SendError>)>,
}

/// What sends the requests.
#[derive(Debug, Default)]
pub(crate) struct Sender {
    /// The origin of the page. `None`: that of each request's `Origin`.
    pub(crate) page: Option<Origin>,
    /// The body of the actual requests whose method has one.
    pub(crate) body: Option<String>,
    /// What replaces the browser's own values, see [`browser::OWN`].
    pub(crate) own: Headers,
}

/// What went wrong when the server did not respond.
#[derive(Clone, Debug)]
pub(crate) struct SendError {
    /// What went wrong, and where.
    pub(crate) message: String,
    /// Whether a browser would not get one either. A browser has more time, accepts longer headers, and has a proxy
    /// of its own.
    fails_in_browsers: bool,
}

impl Client {
    /// A client with the options of the command line.
    pub(crate) fn new(args: &Probe, sender: Sender) -> Result<Self, Error> {
        let timeout = seconds("--timeout", args.timeout)?;
        if timeout.is_zero() {
            return Err(Error::new("`--timeout` must be more than 0 seconds"));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = match &args.cacert {
            Some(file) => certificates(file)?,
            // No certificate is checked, or needed.
            None if args.insecure => Vec::new(),
            // A certificate of the system that cannot be read is not trusted; that is not an error.
            None => rustls_native_certs::load_native_certs()
                .certs
                .iter()
                .map(|certificate| Certificate::from_der(certificate).to_owned())
                .collect(),
        };
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::from(roots))
            .disable_verification(args.insecure)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            // The browser model follows redirects, by the rules of Fetch.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            // A kept connection may be closed by the server while an audit waits.
            .max_idle_connections(0)
            .max_response_header_size(MAX_HEADER)
            .timeout_global(Some(timeout))
            .user_agent(USER_AGENT)
            .accept("")
            .accept_encoding("")
            .build();
        Ok(Self {
            agent: config.into(),
            timeout,
            sender,
            sent: Vec::new(),
        })
    }

    /// Sends a request, or returns the earlier result.
    pub(crate) fn send(&mut self, request: &SentRequest) -> Result<Response, SendError> {
        let known = self.sent.iter().find(|(sent, _)| is_same(sent, request));
        if let Some((_, answer)) = known {
            return answer.clone();
        }
        let answer = self.exchange(request);
        self.sent.push((request.clone(), answer.clone()));
        answer
    }

    /// The requests that were sent, in order.
    pub(crate) fn sent(&self) -> impl Iterator<Item = &SentRequest> {
        self.sent.iter().map(|(request, _)| request)
    }

    /// What went wrong, if the server did not respond.
    pub(crate) fn send_error(&self) -> Option<&SendError> {
        self.sent
            .iter()
            .find_map(|(_, answer)| answer.as_ref().err())
    }

    /// The header lines of a request in addition to those of the model.
    pub(crate) fn added(&self, request: &SentRequest) -> Headers {
        let mut headers = Headers::new();
        let url = &request.url;
        let host = url.host_str().unwrap_or_default();
        match url.port() {
            Some(port) => headers.append("host", format!("{host}:{port}")),
            None => headers.append("host", host),
        }
        if !request.headers.contains("User-Agent") {
            headers.append("user-agent", USER_AGENT);
        }
        for header in self.of_browser(request).iter() {
            headers.append(header.name.to_ascii_lowercase(), &header.value);
        }
        if let Some(body) = self.body_of(request) {
            headers.append("content-length", body.len().to_string());
        }
        headers
    }

    /// The headers that a browser adds by itself.
    fn of_browser(&self, request: &SentRequest) -> Headers {
        let Sender { page, own, .. } = &self.sender;
        let of_request = || {
            let origin = request.headers.get("Origin")?;
            Origin::parse(str::from_utf8(&origin).ok()?)
        };
        let page = page.clone().or_else(of_request);
        browser::headers(request, page.as_ref(), own)
    }

    fn exchange(&self, request: &SentRequest) -> Result<Response, SendError> {
        let url = without_fragment(&request.url);
        let shown = masked_url(url.as_str());
        let send_error = |why: &dyn std::fmt::Display, fails_in_browsers| SendError {
            message: Printable(&format!("`{shown}`: {why}")).to_string(),
            fails_in_browsers,
        };
        let mut builder = Request::builder()
            .method(request.method.as_bytes())
            .uri(handshake::http_url(url.as_str()).unwrap_or_else(|| url.to_string()));
        for header in request
            .headers
            .iter()
            .chain(self.of_browser(request).iter())
        {
            builder = builder.header(&*header.name, &*header.value);
        }
        let unsendable =
            |error: http::Error| send_error(&format_args!("cannot be sent: {error}"), false);
        let answer = match self.body_of(request) {
            Some(body) => self.agent.run(builder.body(body).map_err(unsendable)?),
            None => self.agent.run(builder.body(()).map_err(unsendable)?),
        };
        // The body is not read: it may be endless, and CORS is in the headers.
        let answer = answer.map_err(|error| {
            let is_ours = match &error {
                ureq::Error::Timeout(_)
                | ureq::Error::LargeResponseHeader(..)
                | ureq::Error::ConnectProxyFailed(_) => true,
                ureq::Error::Protocol(error) => is_too_long(&error.to_string()),
                _ => false,
            };
            send_error(&self.explained(&error, &url), !is_ours)
        })?;
        let status = answer.status();
        if status == http::StatusCode::SWITCHING_PROTOCOLS && !handshake::is_handshake(request) {
            let why = "the server answers 101 and changes to another protocol, such as WebSocket; then `fetch()` has \
                       no response to read, and WebSockets do not use CORS";
            return Err(send_error(&why, false));
        }
        let lines = answer.headers().iter();
        Ok(Response {
            status: status.as_u16(),
            reason: status.canonical_reason().unwrap_or_default().to_owned(),
            headers: lines
                .map(|(name, value)| (name.as_str(), value.as_bytes()))
                .collect(),
        })
    }

    /// The body of a request. Only a preflight has a header with a method.
    fn body_of(&self, request: &SentRequest) -> Option<&str> {
        let is_preflight = request.headers.contains("Access-Control-Request-Method");
        match request.method.as_str() {
            "GET" | "HEAD" => None,
            _ if is_preflight => None,
            // In Fetch, the first two have `Content-Length: 0` if they have no body. For the third, the library would
            // otherwise send a `chunked` one.
            "POST" | "PUT" | "PATCH" => Some(self.sender.body.as_deref().unwrap_or_default()),
            _ => self.sender.body.as_deref(),
        }
    }

    fn explained(&self, error: &ureq::Error, url: &Url) -> String {
        use ureq::Error as Ureq;
        let host = url.host_str().unwrap_or_default();
        match error {
            Ureq::Timeout(_) => format!("no response within {} s", self.timeout.as_secs_f64()),
            Ureq::HostNotFound => format!("the host `{host}` is unknown"),
            Ureq::Protocol(error) => match error.to_string() {
                error if is_too_long(&error) => {
                    "the response has more than 128 header lines".to_owned()
                }
                error => format!("the response is not valid HTTP: {error}"),
            },
            Ureq::LargeResponseHeader(..) => {
                format!(
                    "the headers of the response are larger than {} KiB",
                    MAX_HEADER / 1024
                )
            }
            Ureq::Io(error) => explained_io(error, host),
            Ureq::ConnectProxyFailed(error) => format!("the proxy cannot connect: {error}"),
            Ureq::Rustls(error) => format!("TLS: {}", explained_tls(&error.to_string())),
            error => error.to_string(),
        }
    }
}

impl Server for Client {
    fn respond(&mut self, request: &SentRequest) -> Option<Response> {
        self.send(request).ok()
    }
}

/// A number of seconds from the command line, with a maximum that every clock supports.
pub(crate) fn seconds(option: &str, seconds: f64) -> Result<Duration, Error> {
    const MAX: Duration = Duration::from_secs(86_400);
    let duration = Duration::try_from_secs_f64(seconds).ok();
    duration.filter(|duration| *duration <= MAX).ok_or_else(|| {
        Error::new(format!(
            "`{option}` must be a number of seconds from 0 to 86400, such as `0.5`, not `{seconds}`"
        ))
    })
}

impl SendError {
    /// The error of a command that needs the response.
    pub(crate) fn into_error(self) -> Error {
        let mut message = format!("no response from {}", self.message);
        if self.fails_in_browsers {
            message += "
      Firefox reports this as `CORS request did not succeed`, but CORS is not the reason";
        }
        Error::new(message)
    }
}

/// Whether a protocol error is about too many header lines. It has no variant that can be matched.
fn is_too_long(error: &str) -> bool {
    error.ends_with("too many headers")
}

fn explained_io(error: &io::Error, host: &str) -> String {
    let text = error.to_string();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "the connection was refused; is the server running, on this port?".to_owned()
        }
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => {
            "the connection was closed before the end of the response headers".to_owned()
        }
        // The standard library has no kind for it.
        _ if text.starts_with("failed to lookup address information") => {
            format!("the host `{host}` is unknown")
        }
        io::ErrorKind::InvalidData => format!("TLS: {}", explained_tls(&text)),
        _ => text,
    }
}

fn explained_tls(text: &str) -> String {
    match text {
        _ if text.contains("UnknownIssuer") => format!(
            "{text}: no known authority has signed the certificate; `--cacert FILE` trusts those in a file, `-k` any"
        ),
        _ if text.contains("CaUsedAsEndEntity") => {
            "the server's certificate is that of an authority (`CA:TRUE`), which is not valid for a server; create one \
             with `CA:FALSE` (with openssl: `-addext basicConstraints=critical,CA:FALSE`), or use `-k`"
                .to_owned()
        }
        _ if text.contains("InvalidContentType") => {
            format!("{text}: does the server use plain http on this port?")
        }
        _ => text.to_owned(),
    }
}

/// Whether two requests are the same on the wire, except for `User-Agent` and `Sec-Fetch-*`: engines differ in them, and
/// that is not a reason to send a POST twice.
pub(crate) fn is_same(one: &SentRequest, other: &SentRequest) -> bool {
    let differs =
        |name: &[u8]| name.eq_ignore_ascii_case(b"user-agent") || name.starts_with(b"Sec-Fetch-");
    let lines = |request: &SentRequest| {
        let lines = request.headers.iter();
        let mut lines: Vec<_> = lines
            .filter(|header| !differs(&header.name))
            .map(|header| (header.name.to_ascii_lowercase(), header.value.clone()))
            .collect();
        lines.sort();
        lines
    };
    one.method == other.method
        && without_fragment(&one.url) == without_fragment(&other.url)
        && lines(one) == lines(other)
}

fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>, Error> {
    let impossible = |why: &dyn std::fmt::Display| {
        let file = file.display().to_string();
        Error::new(format!("the certificates in `{}`: {why}", Printable(&file)))
    };
    let mut pem = Vec::new();
    let read = File::open(file).and_then(|file| file.take(MAX_CERTIFICATES).read_to_end(&mut pem));
    read.map_err(|error| impossible(&error))?;
    let items = parse_pem(&pem).map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Ok(Some(certificate)),
        Ok(_) => Ok(None),
        Err(error) => Err(impossible(&error)),
    });
    let found = items.collect::<Result<Vec<_>, _>>()?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    match found.is_empty() {
        true => Err(impossible(
            &"the file has no certificate; it must be PEM, with the line `BEGIN CERTIFICATE`",
        )),
        false => Ok(found),
    }
}
