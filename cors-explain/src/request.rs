//! A page and its request: one of the browser model, with notes.

use std::net::IpAddr;

use cors_browser_model::{
    Body, Credentials, Destination, Engine, Headers, Mode, Origin, Request, Url,
    is_forbidden_request_header,
};

use crate::cookie::is_same_site;
use crate::mask::{masked, masked_url};
use crate::text::Printable;

/// A page's request, with notes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PageRequest {
    /// The request.
    pub request: Request,
    /// The body, for requests that are really sent.
    pub body: Option<String>,
    /// Where a browser would not do what the user asked for.
    pub notes: Vec<String>,
    /// Why browsers block the request before CORS, if they do.
    pub mixed_content: Option<String>,
}

impl PageRequest {
    /// A request of the browser model with this text as its body. What a browser would change is changed, and
    /// noted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Origin, Request, Url};
    /// use cors_explain::PageRequest;
    ///
    /// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
    /// let get = Request::new(Url::parse("https://api.example.com/?key=1")?, page);
    /// let page = PageRequest::new(get.header("Host", "x"), None);
    /// assert_eq!(page.call(), "fetch(\"https://api.example.com/?key=****\")");
    /// assert_eq!(page.notes, ["no script can set `Host`; a browser sends its own value"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(mut request: Request, body: Option<String>) -> Self {
        if !is_fetch(&request) {
            return Self {
                body: None,
                notes: other_notes(&request),
                mixed_content: mixed_content(&request),
                request,
            };
        }
        let mut notes = Vec::new();
        for header in std::mem::take(&mut request.headers).iter() {
            let forbids = |engine| is_forbidden_request_header(engine, &header.name, &header.value);
            let name = String::from_utf8_lossy(&header.name);
            let name = Printable(&name);
            if forbids(Engine::Standard) {
                let instead = match is_of_browser(&header.name) {
                    true => "a browser sends its own value",
                    false => "a browser leaves it out",
                };
                notes.push(format!("no script can set `{name}`; {instead}"));
                continue;
            }
            for engine in Engine::BROWSERS
                .into_iter()
                .filter(|engine| forbids(*engine))
            {
                notes.push(format!(
                    "no script can set `{name}` in {}, which leaves it out and needs no preflight for it",
                    engine.name()
                ));
            }
            if is_cors_response_header(&header.name) {
                notes.push(format!(
                    "`{name}` is a response header: in a request it has no effect, and it needs a preflight; remove it from the page"
                ));
            }
            request = request.header(&header.name, &header.value);
        }
        if request.headers.contains("Last-Event-ID") && !request.origin.is_same_origin(&request.url)
        {
            notes.push(
                "a script that sets `Last-Event-ID` needs a preflight; an `EventSource` that connects again needs none"
                    .to_owned(),
            );
        }
        if body.is_some() {
            if !request.headers.contains("Content-Type") {
                request = request.header("Content-Type", "text/plain;charset=UTF-8");
            }
            request = request.body(Body::Source);
        }
        notes.extend(other_notes(&request));
        Self {
            body,
            notes,
            mixed_content: mixed_content(&request),
            request,
        }
    }

    /// The call of `fetch()`, or what the page has instead, with secrets masked.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Origin, Request, Url};
    /// use cors_explain::PageRequest;
    ///
    /// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
    /// let socket = Request::websocket(Url::parse("wss://api.example.com/ws")?, page);
    /// assert_eq!(PageRequest::new(socket, None).call(), "new WebSocket(\"wss://api.example.com/ws\")");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn call(&self) -> String {
        let request = &self.request;
        let url = quoted(&masked_url(request.url.as_str()));
        match (request.mode, request.destination) {
            (Mode::WebSocket, _) => {
                // `ws` for `http`, and `wss` for `https`.
                return format!("new WebSocket({})", url.replacen("http", "ws", 1));
            }
            // Its result may be for a frame, too.
            (Mode::Navigate, _) if request.method == "POST" => {
                return format!("<form method=\"post\" action={url}>");
            }
            (Mode::Navigate, Destination::Iframe) => return format!("<iframe src={url}>"),
            (Mode::Navigate, _) => return format!("<a href={url}>"),
            (_, Destination::Image) => return format!("<img src={url}>"),
            (_, Destination::Script) => return format!("<script type=\"module\" src={url}>"),
            (_, Destination::Font) => return format!("@font-face {{ src: url({url}) }}"),
            _ => {}
        }
        let mut members = Vec::new();
        if request.method != "GET" {
            members.push(format!("method: {}", quoted(&request.method)));
        }
        let headers: Vec<_> = header_lines(&request.headers)
            .map(|(name, value)| format!("{}: {}", quoted(&name), quoted(&value)))
            .collect();
        if !headers.is_empty() {
            members.push(format!("headers: {{{}}}", headers.join(", ")));
        }
        if self.body.is_some() {
            members.push("body: \"…\"".to_owned());
        }
        match request.credentials {
            Credentials::SameOrigin => {}
            Credentials::Omit => members.push("credentials: \"omit\"".to_owned()),
            Credentials::Include => members.push("credentials: \"include\"".to_owned()),
        }
        match members.is_empty() {
            true => format!("fetch({url})"),
            false => format!("fetch({url}, {{{}}})", members.join(", ")),
        }
    }
}

/// Whether a script sets a response header of the CORS protocol. (It cannot set `Access-Control-Request-...`.)
pub(crate) fn is_cors_response_header(name: &[u8]) -> bool {
    const PREFIX: &[u8] = b"access-control-";
    let start = name.get(..PREFIX.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// Whether browsers send a header by themselves, whatever a script sets.
fn is_of_browser(name: &[u8]) -> bool {
    const NAMES: [&str; 4] = ["accept-encoding", "host", "origin", "referer"];
    let name = name.to_ascii_lowercase();
    name.starts_with(b"sec-fetch-") || NAMES.iter().any(|own| own.as_bytes() == name)
}

/// Whether a script makes the request with `fetch()`.
pub(crate) fn is_fetch(request: &Request) -> bool {
    request.destination == Destination::Empty
        && !matches!(request.mode, Mode::Navigate | Mode::WebSocket)
}

/// Whether a script asks for cookies of another site: third-party cookies.
pub(crate) fn asks_for_cookies_of_another_site(request: &Request) -> bool {
    is_fetch(request)
        && request.credentials == Credentials::Include
        && is_of_another_site(&request.origin, &request.url)
}

/// Whether a URL is of another site than a page, in every browser.
pub(crate) fn is_of_another_site(origin: &Origin, url: &Url) -> bool {
    let mut profiles = Engine::BROWSERS.iter().map(|engine| engine.profile());
    profiles.all(|profile| !is_same_site(&profile.cookies, origin, url))
}

/// Header lines in a form that may be shown: without secrets and without control characters.
///
/// # Examples
///
/// ```
/// let headers = [("Authorization", "Bearer abc"), ("X-A", "1")].into();
/// let lines: Vec<_> = cors_explain::header_lines(&headers).collect();
/// assert_eq!(lines[0], ("Authorization".to_owned(), "Bearer ****".to_owned()));
/// assert_eq!(lines[1], ("X-A".to_owned(), "1".to_owned()));
/// ```
pub fn header_lines(headers: &Headers) -> impl Iterator<Item = (String, String)> {
    headers.iter().map(|header| {
        let name = String::from_utf8_lossy(&header.name);
        let value = String::from_utf8_lossy(&header.value);
        let value = masked(&name, &value);
        (Printable(&name).to_string(), Printable(&value).to_string())
    })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

/// The URL that a page fetches, or of a WebSocket.
///
/// # Errors
///
/// Why a text is not such a URL, and what was probably meant.
///
/// # Examples
///
/// ```
/// use cors_explain::parse_url;
///
/// assert!(parse_url("https://api.example.com/users").is_ok());
/// let error = parse_url("localhost:8080/users").err().ok_or("a URL")?;
/// assert_eq!(
///     error,
///     "the URL `localhost:8080/users` has no scheme; did you mean `http://localhost:8080/users`?"
/// );
/// # Ok::<(), &str>(())
/// ```
pub fn parse_url(text: &str) -> Result<Url, String> {
    let impossible = |why: &dyn std::fmt::Display, guess: Option<String>| {
        let guess = guess.map_or(String::new(), |guess| {
            format!("; did you mean `{}`?", Printable(&guess))
        });
        let text = masked_url(text);
        format!("the URL `{}` {why}{guess}", Printable(&text))
    };
    let guess = || {
        let guess = with_scheme(text);
        Url::parse(&guess).ok().map(|_| masked_url(&guess))
    };
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "ws" | "wss") => Ok(url),
        // `localhost:8080/` has the scheme `localhost`.
        Ok(_) if !text.contains("://") => Err(impossible(&"has no scheme", guess())),
        Ok(_) => Err(impossible(&"is neither http nor https", None)),
        Err(url::ParseError::RelativeUrlWithoutBase) if text.starts_with('/') => {
            let url = format!("https://HOST{}", masked_url(text));
            let why = format!(
                "has neither a scheme nor a host; write the whole URL, `{}`",
                Printable(&url)
            );
            Err(impossible(&why, None))
        }
        Err(url::ParseError::RelativeUrlWithoutBase) => Err(impossible(&"has no scheme", guess())),
        Err(error) => Err(impossible(&format_args!("is not valid: {error}"), None)),
    }
}

/// The origin of a page. A user may also give the whole URL of the page: then there is a note about it.
///
/// # Errors
///
/// Why a text is neither, and what was probably meant.
///
/// # Examples
///
/// ```
/// use cors_explain::parse_origin;
///
/// let (origin, note) = parse_origin("https://app.example.com/users")?;
/// assert_eq!(origin.to_string(), "https://app.example.com");
/// assert!(note.is_some());
/// assert!(parse_origin("app.example.com").is_err_and(|error| error.contains("did you mean")));
/// # Ok::<(), String>(())
/// ```
pub fn parse_origin(text: &str) -> Result<(Origin, Option<String>), String> {
    if let Some(origin) = Origin::parse(text) {
        return Ok((origin, None));
    }
    let impossible = |why: &str, guess: Option<String>| {
        let guess = guess.map_or(String::new(), |guess| {
            format!("; did you mean `{}`?", Printable(&guess))
        });
        let text = masked_url(text);
        format!("the origin `{}` {why}{guess}", Printable(&text))
    };
    let guess = || {
        let url = Url::parse(&with_scheme(text)).ok()?;
        Some(Origin::of(&url).to_string())
    };
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() || matches!(url.scheme(), "file" | "data" | "blob") => url,
        _ if !text.contains("://") && !text.is_empty() => {
            return Err(impossible("has no scheme", guess()));
        }
        _ => {
            let why = "is not valid; write a scheme, a host and, if needed, a port, such as `https://app.example.com`";
            return Err(impossible(why, None));
        }
    };
    let origin = Origin::of(&url);
    let shown = masked_url(text);
    let shown = Printable(&shown);
    let why = cors_core::Origin::parse(text).err();
    let note = match (&origin, why) {
        (Origin::Opaque, _) => format!("a page at `{shown}` has the origin `null`"),
        (Origin::Tuple(_), Some(why)) => {
            format!("the origin `{shown}` {why}; this one is sent as `{origin}`")
        }
        (Origin::Tuple(_), None) => format!("the origin of `{shown}` is sent as `{origin}`"),
    };
    Ok((origin, Some(note)))
}

fn with_scheme(text: &str) -> String {
    let host = text.split([':', '/']).next().unwrap_or_default();
    match host {
        "localhost" | "127.0.0.1" => format!("http://{text}"),
        _ => format!("https://{text}"),
    }
}

/// Notes about mechanisms other than CORS, which the browser model does not have.
fn other_notes(request: &Request) -> Vec<String> {
    let mut notes = Vec::new();
    let url = &request.url;
    if !is_fetch(request) && request.mode != Mode::Cors {
        notes.push(
            "CORS does not apply to this: every browser sends the request, and only the server can refuse it".to_owned(),
        );
    }
    if request.mode == Mode::Cors && request.origin.is_same_origin(url) {
        notes.push("the page and the URL have the same origin, so CORS does not apply".to_owned());
    }
    if asks_for_cookies_of_another_site(request) {
        notes.push(
            "the page and the URL are of different sites: Chromium sends only cookies with `SameSite=None; Secure`, and \
             none if its user blocks third-party cookies; Firefox keeps separate cookies for each site; Safari blocks \
             them"
                .to_owned(),
        );
    }
    let page = Url::parse(&request.origin.to_string()).ok();
    let page_is_public = page.is_some_and(|page| page.has_host() && !is_local(&page));
    if page_is_public && is_local(url) {
        notes.push(
            "the URL is in a private network: Chromium asks the user for permission first, and no header can \
             replace it (Local Network Access)"
                .to_owned(),
        );
    }
    notes
}

/// See <https://w3c.github.io/webappsec-mixed-content/#should-block-fetch>.
fn mixed_content(request: &Request) -> Option<String> {
    let url = &request.url;
    if matches!(
        request.destination,
        Destination::Document | Destination::Image
    ) {
        return None;
    }
    let page = request.origin.to_string();
    let mixed = page.starts_with("https://") && url.scheme() == "http" && !is_loopback(url);
    mixed.then(|| {
        format!(
            "browsers do not let an https page request `{}`, whatever its headers are (mixed content); \
             use https",
            masked_url(url.as_str())
        )
    })
}

/// Whether a URL names the user's own machine.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Url;
/// use cors_explain::is_loopback;
///
/// assert!(is_loopback(&Url::parse("http://localhost:3000")?));
/// assert!(!is_loopback(&Url::parse("http://192.168.0.1")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a URL names a machine of the user's own or of a private network.
fn is_local(url: &Url) -> bool {
    let address: Option<IpAddr> = match url.host() {
        Some(url::Host::Ipv4(address)) => Some(address.into()),
        Some(url::Host::Ipv6(address)) => Some(address.into()),
        _ => None,
    };
    is_loopback(url)
        || match address {
            Some(IpAddr::V4(address)) => address.is_private() || address.is_link_local(),
            Some(IpAddr::V6(address)) => {
                address.is_unique_local() || address.is_unicast_link_local()
            }
            None => url.host_str().is_some_and(|host| host.ends_with(".local")),
        }
}
