//! WebKit: WebKitGTK's MiniBrowser, over the Web Inspector's protocol.
//!
//! Not over WebDriver, which cannot see the console.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::{About, Driver, Note};
use crate::process::Process;
use crate::socket::{Socket, text};
use crate::{Error, Message};

#[derive(Debug)]
pub(crate) struct Webkit {
    socket: Socket,
    /// The page's current target: another process, so another target, for each new site.
    target: String,
    /// A console line without URL or id. It belongs to the next line.
    unplaced: Option<String>,
    _process: Process,
    _display: Process,
}

impl Webkit {
    pub(crate) fn start(program: &Path, proxy: u16, deadline: Instant) -> Result<Self, Error> {
        let (display, number) = display(deadline)?;
        let mut started = None;
        for _ in 0..TRIES {
            // It needs an address, and does not report the port that it chose for port 0.
            let port = free_port().map_err(Error::io("find a free port"))?;
            started = launch(program, proxy, number, port, deadline)?;
            if started.is_some() {
                break;
            }
        }
        let started =
            started.ok_or_else(|| Error::new("each of its ports was taken by another program"));
        let Launched {
            process,
            port,
            path,
        } = started?;
        let mut socket = Socket::connect(port, &path)?;
        let target = socket.wait_for("which page it has", deadline, |message| {
            (text(message, "/method") == "Target.targetCreated")
                .then(|| text(message, "/params/targetInfo/targetId"))
        })?;
        let mut webkit = Self {
            socket,
            target,
            unplaced: None,
            _process: process,
            _display: display,
        };
        webkit.enable(deadline)?;
        Ok(webkit)
    }

    fn enable(&mut self, deadline: Instant) -> Result<(), Error> {
        self.call("Network.enable", json!({}), deadline)?;
        self.call("Console.enable", json!({}), deadline)?;
        Ok(())
    }

    /// Calls the page: a message within a message, there and back.
    fn call(&mut self, method: &str, params: Value, deadline: Instant) -> Result<Value, Error> {
        let id = self.socket.next_id();
        let inner = json!({ "id": id, "method": method, "params": params }).to_string();
        let params = json!({ "targetId": self.target, "message": inner });
        let method_outside = "Target.sendMessageToTarget";
        self.socket
            .send(&json!({ "id": id, "method": method_outside, "params": params }))?;
        let mut moved = None;
        let answer = self.socket.wait_for(method, deadline, |message| {
            moved = committed(message);
            if moved.is_some() {
                return Some(Value::Null);
            }
            let message = unwrap(message)?;
            (message.get("id") == Some(&json!(id))).then_some(message)
        })?;
        if let Some(target) = moved {
            // The old target does not respond any more.
            self.target = target;
            self.enable(deadline)?;
            return Err(Error::new("the page moved to another process"));
        }
        match answer.get("result") {
            Some(result) => Ok(result.clone()),
            None => Err(Error::new(format!(
                "{method}: {}",
                text(&answer, "/error/message")
            ))),
        }
    }
}

impl Driver for Webkit {
    fn navigate(&mut self, url: &str, deadline: Instant) -> Result<(), Error> {
        let params = json!({ "expression": format!("location.href = {}", json!(url)) });
        // The page can be gone before it responds. The caller checks where it is.
        drop(self.call("Runtime.evaluate", params, deadline));
        Ok(())
    }

    fn evaluate(&mut self, expression: &str, deadline: Instant) -> Result<String, Error> {
        let params = json!({ "expression": expression });
        let promise = self.call("Runtime.evaluate", params, deadline)?;
        let id = text(&promise, "/result/objectId");
        let params = json!({ "promiseObjectId": id, "returnByValue": true });
        let answer = self.call("Runtime.awaitPromise", params, deadline)?;
        match answer.pointer("/result/value").and_then(Value::as_str) {
            Some(value) => Ok(value.to_owned()),
            None => Err(Error::new(format!("the script failed: {promise} {answer}"))),
        }
    }

    fn note(&mut self, deadline: Instant) -> Result<Option<Note>, Error> {
        let Some(event) = self.socket.event(deadline)? else {
            return Ok(None);
        };
        if let Some(target) = committed(&event) {
            self.target = target;
            self.enable(deadline)?;
        }
        Ok(Some(unwrap(&event).map_or(Note::Other, |event| {
            note(&event, &mut self.unplaced)
        })))
    }

    fn forget(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        while self.note(now)?.is_some() {}
        Ok(())
    }
}

/// The new target, when a page moves to another process.
fn committed(message: &Value) -> Option<String> {
    let moved = text(message, "/method") == "Target.didCommitProvisionalTarget";
    moved.then(|| text(message, "/params/newTargetId"))
}

/// The page's message within a message.
fn unwrap(message: &Value) -> Option<Value> {
    if text(message, "/method") != "Target.dispatchMessageFromTarget" {
        return None;
    }
    serde_json::from_str(message.pointer("/params/message")?.as_str()?).ok()
}

/// Sorts an event. `unplaced` is a line of the previous event that does not name its request.
fn note(event: &Value, unplaced: &mut Option<String>) -> Note {
    let at = |pointer: &str| text(event, pointer);
    match at("/method").as_str() {
        "Network.requestWillBeSent" => Note::Sent {
            id: at("/params/requestId"),
            url: at("/params/request/url"),
        },
        // `Network.loadingFailed` is not needed: its text is one of these.
        "Console.messageAdded" => {
            let line = at("/params/message/text");
            let id = at("/params/message/networkRequestId");
            let url = line.strip_prefix("Fetch API cannot load ");
            let url = url.and_then(|rest| Some(rest.rsplit_once(" due to ")?.0.to_owned()));
            let about = match url {
                Some(url) => About::Url(url),
                None if id.is_empty() => {
                    *unplaced = Some(line);
                    return Note::Other;
                }
                None => About::Id(id),
            };
            let lines = unplaced.take().into_iter().chain([line]);
            let messages = lines.map(Message::new).collect();
            Note::Said { about, messages }
        }
        _ => Note::Other,
    }
}

/// How many ports are tried.
const TRIES: usize = 5;

/// MiniBrowser with a page that can be inspected.
struct Launched {
    process: Process,
    /// The port of the inspector.
    port: u16,
    /// The page's path there.
    path: String,
}

/// Starts MiniBrowser on a screen; `None` if another program took the port in the meantime.
fn launch(
    program: &Path,
    proxy: u16,
    screen: u32,
    port: u16,
    deadline: Instant,
) -> Result<Option<Launched>, Error> {
    let directory = TempDir::with_prefix("cors-webkit-").map_err(Error::io("make a profile"))?;
    let mut process = Process::spawn(program, directory, |command| {
        command
            .args(["--private", "--ignore-tls-errors"])
            .arg("--enable-developer-extras=true")
            .arg(format!("--proxy=socks5://127.0.0.1:{proxy}"))
            .arg("about:blank")
            .env("DISPLAY", format!(":{screen}"))
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("WEBKIT_INSPECTOR_HTTP_SERVER", format!("127.0.0.1:{port}"));
    })?;
    // It listens before it has a page, and crashes on a request for a missing page.
    let path = process.wait_for("where its page is", deadline, |process| {
        // It continues without an inspector.
        if process.output().contains("Address already in use") {
            return Some(None);
        }
        let list = inspectable(port).ok()?;
        let (_, path) = list.split_once("/socket/")?;
        let (path, _) = path.split_once('\'')?;
        Some(Some(format!("/socket/{path}")))
    })?;
    Ok(path.map(|path| Launched {
        process,
        port,
        path,
    }))
}

/// A virtual screen: MiniBrowser has no headless mode.
fn display(deadline: Instant) -> Result<(Process, u32), Error> {
    let directory = TempDir::with_prefix("cors-xvfb-").map_err(Error::io("make a directory"))?;
    let program = Path::new("Xvfb");
    let mut process = Process::spawn(program, directory, |command| {
        // It takes the first free number, and prints it when it is ready.
        command
            .args(["-displayfd", "1", "-nolisten", "tcp"])
            .args(["-screen", "0", "800x600x24"]);
    })?;
    let number = process.wait_for("its display", deadline, |process| {
        let output = process.output();
        let lines = output
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        lines.filter_map(|line| line.trim().parse().ok()).next()
    })?;
    Ok((process, number))
}

/// The HTML page that lists what can be inspected.
fn inspectable(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut list = String::new();
    let mut buffer = [0; 4096];
    // It never closes the connection.
    while !list.contains("</html>") {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        list.push_str(&String::from_utf8_lossy(
            buffer.get(..count).unwrap_or_default(),
        ));
    }
    Ok(list)
}

fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BrowserName;
    use cors_matrix::skip::skip;

    #[test]
    fn a_port_that_somebody_else_has() {
        if let Err(missing) = BrowserName::Webkit.available() {
            skip("a port of WebKit's driver", &missing).unwrap();
            return;
        }
        let program = BrowserName::Webkit.program().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let (_display, screen) = display(deadline).unwrap();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        // Nothing listens there, so only the browser's output ends the wait.
        let launched = launch(&program, 1, screen, port, deadline).unwrap();
        assert!(launched.is_none());
    }
}
