//! Firefox, over its own WebDriver BiDi.

use std::collections::VecDeque;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::{About, Driver, Note};
use crate::process::Process;
use crate::socket::{Socket, text};
use crate::{Error, Message, Settings};

#[derive(Debug)]
pub(crate) struct Firefox {
    socket: Socket,
    /// The tab.
    page: String,
    /// The browser's own window, in which a script listens to the console.
    window: String,
    notes: VecDeque<Note>,
    _process: Process,
}

impl Firefox {
    pub(crate) fn start(
        program: &Path,
        proxy: u16,
        settings: Settings,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let directory =
            TempDir::with_prefix("cors-firefox-").map_err(Error::io("make a profile"))?;
        let profile = directory.path().join("profile");
        let user_js = profile.join("user.js");
        std::fs::create_dir(&profile)
            .and_then(|()| std::fs::write(user_js, preferences(proxy, settings)))
            .map_err(Error::io("make a profile"))?;
        let mut process = Process::spawn(program, directory, |command| {
            command
                .args(["--headless", "--no-remote", "--remote-debugging-port=0"])
                // For scripts in the browser's own window.
                .arg("--remote-allow-system-access")
                .arg("--profile")
                .arg(&profile)
                .arg("about:blank");
        })?;
        let port = process.wait_for("where it listens", deadline, |_| {
            let file = std::fs::read(profile.join("WebDriverBiDiServer.json")).ok()?;
            let said: Value = serde_json::from_slice(&file).ok()?;
            u16::try_from(said.get("ws_port")?.as_u64()?).ok()
        })?;
        let mut firefox = Self {
            socket: Socket::connect(port, "/session")?,
            page: String::new(),
            window: String::new(),
            notes: VecDeque::new(),
            _process: process,
        };
        let capabilities = json!({ "alwaysMatch": { "acceptInsecureCerts": true } });
        firefox.call(
            "session.new",
            json!({ "capabilities": capabilities }),
            deadline,
        )?;
        let tabs = firefox.call("browsingContext.getTree", json!({}), deadline)?;
        firefox.page = text(&tabs, "/contexts/0/context");
        let scope = json!({ "moz:scope": "chrome" });
        let windows = firefox.call("browsingContext.getTree", scope, deadline)?;
        firefox.window = text(&windows, "/contexts/0/context");
        firefox.evaluate_in(firefox.window.clone(), LISTEN, deadline)?;
        Ok(firefox)
    }

    fn evaluate_in(
        &mut self,
        context: String,
        expression: &str,
        deadline: Instant,
    ) -> Result<String, Error> {
        let params = json!({
            "expression": expression,
            "target": { "context": context },
            "awaitPromise": true,
        });
        let answer = self.call("script.evaluate", params, deadline)?;
        match answer.pointer("/result/value").and_then(Value::as_str) {
            Some(value) => Ok(value.to_owned()),
            None => Err(Error::new(format!("the script failed: {answer}"))),
        }
    }

    /// Reads the new lines of the console.
    fn listen(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + Duration::from_secs(20);
        let heard = self.evaluate_in(self.window.clone(), HEARD, deadline)?;
        let heard: Vec<(String, String)> = serde_json::from_str(&heard)
            .map_err(|error| Error::new(format!("the console is `{heard}`: {error}")))?;
        self.notes.extend(heard.into_iter().filter_map(note));
        Ok(())
    }

    fn call(&mut self, method: &str, params: Value, deadline: Instant) -> Result<Value, Error> {
        let id = self.socket.next_id();
        self.socket
            .send(&json!({ "id": id, "method": method, "params": params }))?;
        let answer = self.socket.wait_for(method, deadline, |message| {
            (message.get("id") == Some(&json!(id))).then(|| message.clone())
        })?;
        match answer.get("result") {
            Some(result) => Ok(result.clone()),
            None => Err(Error::new(format!(
                "{method}: {}",
                text(&answer, "/message")
            ))),
        }
    }
}

impl Driver for Firefox {
    fn navigate(&mut self, url: &str, deadline: Instant) -> Result<(), Error> {
        let params = json!({ "context": self.page, "url": url, "wait": "none" });
        self.call("browsingContext.navigate", params, deadline)?;
        Ok(())
    }

    fn evaluate(&mut self, expression: &str, deadline: Instant) -> Result<String, Error> {
        self.evaluate_in(self.page.clone(), expression, deadline)
    }

    fn note(&mut self, deadline: Instant) -> Result<Option<Note>, Error> {
        loop {
            if let Some(note) = self.notes.pop_front() {
                return Ok(Some(note));
            }
            self.listen()?;
            if self.notes.is_empty() {
                if Instant::now() >= deadline {
                    return Ok(None);
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
    }

    fn forget(&mut self) -> Result<(), Error> {
        self.listen()?;
        self.notes.clear();
        Ok(())
    }
}

/// Collects the console's lines about CORS.
///
/// Do not subscribe to `log.entryAdded` instead: it needs no access to the browser's own window, but has neither
/// categories nor warnings. Network events would report redirects, but they double the run time.
const LISTEN: &str = r"(() => {
  globalThis.corsMessages = [];
  Services.console.registerListener({
    observe(message) {
      if (message instanceof Ci.nsIScriptError && message.category.startsWith('CORS')) {
        corsMessages.push([message.category, message.errorMessage]);
      }
    },
  });
  return '';
})()";

const HEARD: &str = "JSON.stringify(corsMessages.splice(0))";

fn note((category, text): (String, String)) -> Option<Note> {
    let about = About::Url(url_in(&text)?);
    let code = Some(category);
    let messages = vec![Message { code, text }];
    Some(Note::Said { about, messages })
}

/// The URL in a text about a cross-origin request. One of the texts puts it in quotation marks.
fn url_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(" the remote resource at ")?;
    let (url, _) = rest.split_once(". (Reason")?;
    // From a warning: "will disallow reading the remote resource at <URL> soon."
    let url = url.strip_suffix(" soon").unwrap_or(url);
    Some(url.trim_start_matches('‘').trim_end_matches('’').to_owned())
}

/// Uses the proxy for everything, loopback too. Turns off requests to the vendor, delays, and upgrades from http to https.
/// Firefox itself sets the other preferences for automation.
fn preferences(proxy: u16, settings: Settings) -> String {
    let mut preferences = vec![
        ("network.proxy.type", json!(1)),
        ("network.proxy.socks", json!("127.0.0.1")),
        ("network.proxy.socks_port", json!(proxy)),
        ("network.proxy.socks_version", json!(5)),
        ("network.proxy.socks5_remote_dns", json!(true)),
        ("network.proxy.socks_remote_dns", json!(true)),
        ("network.proxy.no_proxies_on", json!("")),
        ("network.proxy.allow_hijacking_localhost", json!(true)),
        ("network.proxy.failover_direct", json!(false)),
        ("dom.security.https_first", json!(false)),
        ("dom.security.https_only_mode", json!(false)),
        ("app.normandy.enabled", json!(false)),
        ("app.update.disabledForTesting", json!(true)),
        ("browser.safebrowsing.downloads.enabled", json!(false)),
        ("browser.safebrowsing.malware.enabled", json!(false)),
        ("browser.safebrowsing.phishing.enabled", json!(false)),
        ("datareporting.policy.dataSubmissionEnabled", json!(false)),
        ("media.gmp-manager.updateEnabled", json!(false)),
        ("network.captive-portal-service.enabled", json!(false)),
        ("network.connectivity-service.enabled", json!(false)),
        ("services.settings.server", json!("data:,")),
        ("toolkit.telemetry.enabled", json!(false)),
    ];
    if settings.authorization_needs_naming {
        let name = "network.cors_preflight.authorization_covered_by_wildcard";
        preferences.push((name, json!(false)));
    }
    let lines = preferences.iter();
    lines
        .map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::url_in;

    #[test]
    fn urls() {
        for (text, url) in [
            (
                "disallows reading the remote resource at http://a/b?c. (Reason: d). Status",
                Some("http://a/b?c"),
            ),
            (
                "disallows reading the remote resource at ‘http://a/’. (Reason: d).",
                Some("http://a/"),
            ),
            (
                "will disallow reading the remote resource at http://a/ soon. (Reason: d).",
                Some("http://a/"),
            ),
            ("something else", None),
        ] {
            assert_eq!(url_in(text).as_deref(), url, "{text}");
        }
    }
}
