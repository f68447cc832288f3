//! The same exchanges through `cors-test`, in this process, and through a real browser: whether the pages of both get the
//! same.

mod visits;

use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use cors_real_browsers::{
    Action, Browser, Credentials, Front, Mode, Outcome, ReceivedRequest, RedirectMode, Reply,
    Script, ScriptedServer, Via,
};
use cors_test::{Application, Page, Seen};

use crate::compare::{Agreement, Tally, profile};
use crate::own_page;
use visits::{Exchange, HOSTS, Sending, Visit};

/// Lets pages send all exchanges, in the browser and through `cors-test`.
pub(crate) fn run(browser: &mut Browser) -> Result<Tally, String> {
    let server = ScriptedServer::start().map_err(|error| error.to_string())?;
    let [plain, tls] = [Front::plain(server.port()), Front::tls(server.port())];
    let mut visitor = Visitor {
        plain: plain.map_err(|error| error.to_string())?,
        tls: tls.map_err(|error| error.to_string())?,
        browser,
        server,
    };
    let mut tally = Tally::default();
    for (number, visit) in (1..).zip(visits::all()) {
        visitor.visit(number, &visit, &mut tally)?;
    }
    Ok(tally)
}

struct Visitor<'a> {
    browser: &'a mut Browser,
    server: ScriptedServer,
    plain: Front,
    tls: Front,
}

impl Visitor<'_> {
    fn visit(&mut self, number: usize, visit: &Visit, tally: &mut Tally) -> Result<(), String> {
        let fill = |text: &str| {
            text.replace("PAGE", visit.page)
                .replace('#', &number.to_string())
        };
        let origin = fill(visit.page);
        let uses_own_server = visit.uses_own_server();
        let mut hosts = Vec::from(HOSTS.map(&fill));
        hosts.retain(|host| uses_own_server || *host != origin);
        let mut is_open = false;
        let page = Page::at(&origin).engines([profile(self.browser.engine())]);
        for exchange in &visit.exchanges {
            if !is_open {
                self.open(&origin, &hosts)?;
            }
            is_open = !exchange.leaves_page();
            let mut application = Scripts::default();
            for (path, script) in &exchange.scripts {
                let script = filled(script, &fill);
                self.server
                    .script(path.trim_start_matches('/'), script.clone());
                application.scripts.insert((*path).to_owned(), script);
            }
            let url = fill(&exchange.url);
            let request = in_process(&page, &exchange.sending, &url);
            let seen = now(request.send(&mut application))?;
            self.server.take_requests();
            let observed = self.send(&exchange.sending, &url, application.locations())?;
            // The document to which a form leads asks for its icon.
            let mut received = self.server.take_requests();
            received.retain(|request| request.target != "/favicon.ico");
            let compared = compare_sent(&received, &application.received)
                .and_then(|()| compare_seen(&seen, &observed, exchange));
            tally.add(format!("{}: {}", origin, exchange.name), compared);
        }
        Ok(())
    }

    /// Opens a page, and lets all names lead to the application.
    fn open(&mut self, origin: &str, hosts: &[String]) -> Result<(), String> {
        let opened = self.browser.open(origin);
        opened.map_err(|error| error.to_string())?;
        for host in hosts {
            let front = match host.starts_with("https:") {
                true => &self.tls,
                false => &self.plain,
            };
            let routed = self.browser.route(host, front.port());
            routed.map_err(|error| error.to_string())?;
        }
        match hosts.iter().any(|host| *host == origin) {
            true => own_page::wait(self.browser, origin, || {
                !self.server.take_requests().is_empty()
            }),
            false => Ok(()),
        }
    }

    fn send(
        &mut self,
        sending: &Sending,
        url: &str,
        locations: Vec<String>,
    ) -> Result<Observed, String> {
        let observed = match sending {
            Sending::Fetch(fetch) => {
                let mut fetch = fetch.clone();
                url.clone_into(&mut fetch.url);
                fetch.redirects = locations;
                let observed = self.browser.fetch_all(&[fetch]);
                observed.map(|mut observed| match observed.pop() {
                    Some(observed) => Observed::Fetch(observed.outcome),
                    None => Observed::Action(None),
                })
            }
            Sending::Action(action) => {
                let url = match action {
                    // `ws` for `http`, and `wss` for `https`.
                    Action::WebSocket => url.replacen("http", "ws", 1),
                    _ => url.to_owned(),
                };
                self.browser.act(*action, &url).map(Observed::Action)
            }
        };
        observed.map_err(|error| error.to_string())
    }
}

/// A script whose values have no placeholders.
fn filled(script: &Script, fill: &impl Fn(&str) -> String) -> Script {
    let mut script = script.clone();
    for reply in [&mut script.preflight, &mut script.actual] {
        for (_, value) in &mut reply.lines {
            *value = fill(&String::from_utf8_lossy(value)).into_bytes();
        }
    }
    script
}

/// What a page of the browser gets.
enum Observed {
    Fetch(Outcome),
    /// Whether the page learns that it succeeded.
    Action(Option<bool>),
}

/// The request through `cors-test`.
fn in_process<'p>(page: &'p Page, sending: &Sending, url: &str) -> cors_test::Request<'p> {
    let fetch = match sending {
        Sending::Fetch(fetch) => fetch,
        Sending::Action(action) => {
            return match action {
                Action::Form => page.submit(url),
                Action::ModuleScript => page.module_script(url),
                Action::ModuleScriptWithCredentials => page.module_script(url).credentials(),
                Action::Font => page.font(url),
                Action::EventSource => page.event_source(url),
                Action::EventSourceWithCredentials => page.event_source(url).credentials(),
                Action::WebSocket => page.websocket(url),
                Action::Link | Action::Frame | Action::Image | Action::EventSourceAgain => {
                    unreachable!("`cors-test` does not have {action}")
                }
            };
        }
    };
    let mut request = page.fetch(&fetch.method, url);
    let mut content_type = "text/plain;charset=UTF-8";
    for (name, value) in &fetch.headers {
        match name.eq_ignore_ascii_case("content-type") && fetch.body.is_some() {
            true => content_type = value,
            false => request = request.header(name, value),
        }
    }
    if let Some(body) = &fetch.body {
        request = request.body(content_type, body.clone());
    }
    request = request.credentials_mode(match fetch.credentials {
        Credentials::Omit => cors_test::Credentials::Omit,
        Credentials::SameOrigin => cors_test::Credentials::SameOrigin,
        Credentials::Include => cors_test::Credentials::Include,
    });
    request = request.redirect(match fetch.redirect {
        RedirectMode::Follow => cors_test::RedirectMode::Follow,
        RedirectMode::Error => cors_test::RedirectMode::Error,
        RedirectMode::Manual => cors_test::RedirectMode::Manual,
    });
    if fetch.mode == Mode::NoCors {
        request = request.no_cors();
    }
    match fetch.via {
        Via::Upload => request.upload_listener(),
        Via::Fetch | Via::Xhr => request,
    }
}

/// The application in this process: the same responses as the scripted server's, and a record of the requests.
#[derive(Debug, Default)]
struct Scripts {
    scripts: HashMap<String, Script>,
    received: Vec<ReceivedRequest>,
}

impl Scripts {
    /// To where it redirects.
    fn locations(&self) -> Vec<String> {
        let replies = self.scripts.values().map(|script| &script.actual);
        let lines = replies.flat_map(|reply| &reply.lines);
        let locations = lines.filter(|(name, _)| name == "Location");
        locations
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }
}

/// The driver of [`Scripts`].
enum Scripted {}

impl Application<Scripted> for Scripts {
    async fn respond(
        &mut self,
        request: http::Request<Bytes>,
        _: usize,
    ) -> Result<http::Response<Bytes>, String> {
        let (head, _) = request.into_parts();
        let lines = head.headers.iter();
        let received = ReceivedRequest {
            method: head.method.to_string(),
            target: head.uri.to_string(),
            lines: lines
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
        };
        let absent = Reply::new(404);
        let reply = match self.scripts.get(head.uri.path()) {
            Some(script) if received.is_preflight() => &script.preflight,
            Some(script) => &script.actual,
            None => &absent,
        };
        self.received.push(received);
        let mut response = http::Response::builder().status(reply.status);
        for (name, value) in &reply.lines {
            response = response.header(name, value.as_slice());
        }
        if reply.status != 204 {
            response = response.header("Content-Length", reply.body.len());
        }
        let body = Bytes::from(reply.body.clone());
        response.body(body).map_err(|error| error.to_string())
    }
}

/// The result of a future that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> Result<T, String> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Ok(result),
        Poll::Pending => Err("the application in this process waits".to_owned()),
    }
}

/// Compares the requests: how many there are, and what each says about itself and about the page.
fn compare_sent(browser: &[ReceivedRequest], in_process: &[ReceivedRequest]) -> Result<(), String> {
    let describe =
        |requests: &[ReceivedRequest]| -> Vec<String> { requests.iter().map(described).collect() };
    let [browser, in_process] = [describe(browser), describe(in_process)];
    match browser == in_process {
        true => Ok(()),
        false => Err(format!(
            "the browser sent\n      {}\n    and cors-test\n      {}",
            browser.join("\n      "),
            in_process.join("\n      ")
        )),
    }
}

/// The headers by which CORS and cookies work, and those that scripts set here.
const COMPARED: [&str; 11] = [
    "Host",
    "Origin",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
    "Content-Type",
    "Authorization",
    "X-A",
    "Cookie",
];

fn described(request: &ReceivedRequest) -> String {
    let mut text = format!("{} {}", request.method, request.target);
    for name in COMPARED {
        let Some(value) = request.header(name) else {
            continue;
        };
        let mut value = String::from_utf8_lossy(value).into_owned();
        if name == "Cookie" {
            // Cookies with the same path are in the order of their creation, which is not compared.
            let mut cookies: Vec<_> = value.split("; ").collect();
            cookies.sort_unstable();
            value = cookies.join("; ");
        }
        text += &format!(" | {name}: {value}");
    }
    // A browser sends `Content-Length: 0` with some methods.
    let length = request.header("Content-Length").unwrap_or_default();
    if !matches!(length, b"" | b"0") {
        text += &format!(" | {} bytes", String::from_utf8_lossy(length));
    }
    text
}

/// Asserts through `cors-test` what the page in the browser got.
fn compare_seen(
    seen: &Seen,
    observed: &Observed,
    exchange: &Exchange,
) -> Result<Agreement, String> {
    let (status, headers) = match observed {
        Observed::Fetch(Outcome::Read { kind, .. })
            if matches!(&**kind, "opaque" | "opaqueredirect") =>
        {
            let readable = holds(|| _ = seen.assert_readable()).is_ok();
            let blocked = holds(|| _ = seen.assert_blocked()).is_ok();
            return match readable || blocked {
                true => Err("opaque in the browser only".to_owned()),
                false => Ok(Agreement::Sent),
            };
        }
        Observed::Fetch(Outcome::Read {
            status, headers, ..
        }) => (*status, headers),
        Observed::Action(Some(true)) => {
            return holds(|| _ = seen.assert_readable()).map(|()| Agreement::Readable);
        }
        Observed::Fetch(Outcome::Blocked { .. }) | Observed::Action(Some(false)) => {
            return holds(|| _ = seen.assert_blocked()).map(|()| Agreement::Blocked);
        }
        Observed::Action(None) => {
            let Sending::Action(action) = exchange.sending else {
                return Err("the fetch has no result".to_owned());
            };
            return match action.leaves_page() {
                true => Ok(Agreement::Sent),
                false => Err("no event in the browser".to_owned()),
            };
        }
    };
    holds(|| _ = seen.status(status))?;
    for name in exchange.header_names() {
        let found = headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(&name))
            .map(|(_, value)| value.clone());
        holds(|| match found {
            Some(_) => _ = seen.header(&name),
            None => _ = seen.no_header(&name),
        })?;
        let value = seen.header_value(&name);
        if value != found {
            return Err(format!(
                "{name}: the page reads {found:?}, and in cors-test {value:?}"
            ));
        }
    }
    Ok(Agreement::Readable)
}

/// Whether an assertion holds; otherwise its message.
fn holds(assertion: impl FnOnce()) -> Result<(), String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(assertion));
    panic::set_hook(hook);
    result.map_err(|message| match message.downcast::<String>() {
        Ok(message) => message.replace('\n', "\n    "),
        Err(_) => "the assertion failed".to_owned(),
    })
}
