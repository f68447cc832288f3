//! Chromium, over the Chrome DevTools Protocol.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::{About, Driver, Note};
use crate::process::Process;
use crate::socket::{Socket, text};
use crate::{Error, Message, Settings};

#[derive(Debug)]
pub(crate) struct Chromium {
    socket: Socket,
    session: String,
    _process: Process,
}

impl Chromium {
    pub(crate) fn start(
        program: &Path,
        proxy: u16,
        settings: Settings,
        deadline: Instant,
    ) -> Result<Self, Error> {
        // Not in `TMPDIR`: there is a socket in it, whose path is at most 107 bytes long.
        let directory = TempDir::with_prefix_in("cors-chromium-", "/tmp")
            .map_err(Error::io("make a profile"))?;
        let profile = directory.path().join("profile");
        let settings_folder = profile.join("Default");
        std::fs::create_dir_all(&settings_folder)
            .and_then(|()| std::fs::write(settings_folder.join("Preferences"), PREFERENCES))
            .map_err(Error::io("write Chromium's preferences"))?;
        // Removes the socket together with the browser.
        let sockets = directory.path().to_owned();
        let mut process = Process::spawn(program, directory, |command| {
            command
                .args(FLAGS)
                .env("TMPDIR", sockets)
                .arg(format!("--user-data-dir={}", profile.display()))
                .arg(format!("--proxy-server=socks5://127.0.0.1:{proxy}"));
            if settings.authorization_needs_naming {
                command.arg("--enable-features=CorsNonWildcardRequestHeadersSupport");
            }
            command.arg("about:blank");
        })?;
        let (port, path) = process.wait_for("where it listens", deadline, |_| {
            let file = std::fs::read_to_string(profile.join("DevToolsActivePort")).ok()?;
            let (port, path) = file.split_once('\n')?;
            Some((port.parse().ok()?, path.trim().to_owned()))
        })?;
        let mut chromium = Self {
            socket: Socket::connect(port, &path)?,
            session: String::new(),
            _process: process,
        };
        let targets = chromium.call("Target.getTargets", json!({}), deadline)?;
        let targets = targets.pointer("/targetInfos").and_then(Value::as_array);
        let page = targets.and_then(|targets| {
            let page = targets
                .iter()
                .find(|target| text(target, "/type") == "page");
            page.map(|page| text(page, "/targetId"))
        });
        let page = page.ok_or_else(|| Error::new("it has no page"))?;
        let attach = json!({ "targetId": page, "flatten": true });
        let attached = chromium.call("Target.attachToTarget", attach, deadline)?;
        chromium.session = text(&attached, "/sessionId");
        for domain in ["Network", "Log"] {
            chromium.call(&format!("{domain}.enable"), json!({}), deadline)?;
        }
        Ok(chromium)
    }

    /// Sends a command, and waits for its result.
    pub(crate) fn call(
        &mut self,
        method: &str,
        params: Value,
        deadline: Instant,
    ) -> Result<Value, Error> {
        let id = self.socket.next_id();
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty()
            && let Some(message) = message.as_object_mut()
        {
            message.insert("sessionId".to_owned(), json!(self.session));
        }
        self.socket.send(&message)?;
        let answer = self.socket.wait_for(method, deadline, |message| {
            (message.get("id") == Some(&json!(id))).then(|| message.clone())
        })?;
        match answer.get("result") {
            Some(result) => Ok(result.clone()),
            None => Err(Error::new(format!(
                "{method}: {}",
                text(&answer, "/error/message")
            ))),
        }
    }

    /// The next event, if there is one before the deadline.
    pub(crate) fn event(&mut self, deadline: Instant) -> Result<Option<Value>, Error> {
        self.socket.event(deadline)
    }
}

impl Driver for Chromium {
    fn navigate(&mut self, url: &str, deadline: Instant) -> Result<(), Error> {
        let answer = self.call("Page.navigate", json!({ "url": url }), deadline)?;
        let error = text(&answer, "/errorText");
        if error.is_empty() {
            Ok(())
        } else {
            Err(Error::new(error))
        }
    }

    fn evaluate(&mut self, expression: &str, deadline: Instant) -> Result<String, Error> {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", params, deadline)?;
        match answer.pointer("/result/value").and_then(Value::as_str) {
            Some(value) => Ok(value.to_owned()),
            None => Err(Error::new(format!("the script failed: {answer}"))),
        }
    }

    fn note(&mut self, deadline: Instant) -> Result<Option<Note>, Error> {
        Ok(self.event(deadline)?.as_ref().map(note))
    }

    fn forget(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        while self.note(now)?.is_some() {}
        Ok(())
    }
}

fn note(event: &Value) -> Note {
    let at = |pointer: &str| text(event, pointer);
    match at("/method").as_str() {
        "Network.requestWillBeSent" if at("/params/type") != "Preflight" => Note::Sent {
            id: at("/params/requestId"),
            url: at("/params/request/url"),
        },
        // A preflight has an id of its own, and a redirected one fails on its own, without a CORS
        // error. The request that it was for fails with the reason, before or after that: the two
        // events come from different processes.
        "Network.loadingFailed" if at("/params/type") != "Preflight" => {
            let blocked = at("/params/blockedReason");
            let cors_error = event.pointer("/params/corsErrorStatus");
            Note::Failed {
                id: at("/params/requestId"),
                network_error: if blocked.is_empty() {
                    at("/params/errorText")
                } else {
                    blocked
                },
                cors_error: cors_error.and_then(|it| serde_json::from_value(it.clone()).ok()),
            }
        }
        "Log.entryAdded" => {
            let line = at("/params/entry/text");
            // "Access to fetch at '<URL>' from origin" has no id, "Failed to load resource" has.
            let quoted = line.strip_prefix("Access to fetch at '");
            let about = match quoted.and_then(|quoted| quoted.split_once('\'')) {
                Some((url, _)) => About::Url(url.to_owned()),
                None => About::Id(at("/params/entry/networkRequestId")),
            };
            Note::Said {
                about,
                messages: vec![Message::new(line)],
            }
        }
        _ => Note::Other,
    }
}

/// As few flags as possible: no window, no sandbox (with it, Chromium does not run as root), no requests to
/// its vendor. Requests from loopback to loopback need no flag for Local Network Access.
const FLAGS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--ignore-certificate-errors",
    // Otherwise it opens the page with https if the name has led to a server with https before.
    "--disable-features=HttpsUpgrades",
    "--remote-debugging-port=0",
    // By default, Chromium bypasses the proxy for loopback. Then no page could have the origin
    // `http://localhost:3000`.
    "--proxy-bypass-list=<-loopback>",
];

/// Cookies of other sites are sent, as in Chrome. Debian's Chromium has another default.
const PREFERENCES: &str = r#"{"profile": {"cookie_controls_mode": 0}}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::Matcher;

    /// Chromium's events for a preflight that is redirected.
    #[test]
    fn a_preflight_and_its_request_fail_in_any_order() {
        let url = "http://127.0.0.1:8080/case";
        let sent = |id: &str, kind: &str| {
            let request = json!({ "url": url });
            let params = json!({ "requestId": id, "type": kind, "request": request });
            json!({ "method": "Network.requestWillBeSent", "params": params })
        };
        let preflight = json!({ "method": "Network.loadingFailed", "params": {
            "requestId": "2", "type": "Preflight", "errorText": "net::ERR_INVALID_REDIRECT",
        } });
        let request = json!({ "method": "Network.loadingFailed", "params": {
            "requestId": "1", "type": "Fetch", "errorText": "net::ERR_FAILED",
            "corsErrorStatus": { "corsError": "PreflightDisallowedRedirect", "failedParameter": "" },
        } });
        for failed in [[&preflight, &request], [&request, &preflight]] {
            let mut matcher = Matcher::new(1);
            matcher.known_by(0, url);
            matcher.owes(0);
            for event in [&sent("1", "Fetch"), &sent("2", "Other")] {
                matcher.hear(note(event));
            }
            for event in failed {
                matcher.hear(note(event));
            }
            let reason = matcher.into_reasons().pop().unwrap();
            assert_eq!(reason.network_error.as_deref(), Some("net::ERR_FAILED"));
            assert_eq!(
                reason.cors_error.unwrap().code,
                "PreflightDisallowedRedirect"
            );
        }
    }
}
