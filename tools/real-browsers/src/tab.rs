//! A tab of Chromium with a page of a server, for tests that use it like a person.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::gate::Gate;
use crate::socket::text;
use crate::{BrowserName, Error, Settings};

/// A tab of a Chromium without a window. Unlike a [`Browser`](crate::Browser), which opens blank pages of any
/// origin, it opens the pages of servers on loopback. Dropping it stops the browser.
///
/// ```no_run
/// use cors_real_browsers::Tab;
///
/// let mut tab = Tab::start()?;
/// tab.open("http://localhost:8080/")?;
/// tab.wait_until("document.readyState === 'complete'")?;
/// let title: String = tab.evaluate("document.title")?;
/// tab.press("Tab")?;
/// std::fs::write("page.png", tab.screenshot()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Tab {
    chromium: Chromium,
    console: Vec<String>,
    _gate: Gate,
}

impl Tab {
    /// Starts a Chromium.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not start.
    pub fn start() -> Result<Self, Error> {
        let engine = BrowserName::Chromium;
        engine.available().map_err(Error::new)?;
        let program = engine.program().unwrap_or_default();
        let gate = Gate::start()?;
        let deadline = Instant::now() + PATIENCE;
        let chromium = Chromium::start(&program, gate.port(), Settings::default(), deadline)?;
        let mut tab = Self {
            chromium,
            console: Vec::new(),
            _gate: gate,
        };
        for domain in ["Page", "Runtime"] {
            tab.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(tab)
    }

    /// Opens a page, and forgets the console's lines so far. The page may still be loading.
    ///
    /// # Errors
    ///
    /// If nothing responds there.
    pub fn open(&mut self, url: &str) -> Result<(), Error> {
        self.listen()?;
        self.console.clear();
        let answer = self.call("Page.navigate", json!({ "url": url }))?;
        let error = text(&answer, "/errorText");
        if error.is_empty() {
            Ok(())
        } else {
            Err(Error::new(error).while_doing(&format!("open `{url}`")))
        }
    }

    /// The value of an expression, or of the promise that it is.
    ///
    /// # Errors
    ///
    /// If it throws, or its value is not a `T`.
    pub fn evaluate<T: DeserializeOwned>(&mut self, expression: &str) -> Result<T, Error> {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", params)?;
        if let Some(exception) = answer.get("exceptionDetails") {
            let said = text(exception, "/exception/description");
            return Err(Error::new(format!("`{expression}` throws {said}")));
        }
        let value = answer.pointer("/result/value").cloned();
        serde_json::from_value(value.unwrap_or_default())
            .map_err(|error| Error::new(format!("`{expression}` is {answer}: {error}")))
    }

    /// Waits until an expression is true. The page evaluates it whenever its document changes.
    ///
    /// # Errors
    ///
    /// When that takes longer than a minute, or the expression throws.
    pub fn wait_until(&mut self, condition: &str) -> Result<(), Error> {
        let limit = PATIENCE.as_millis();
        let script = format!("({WAIT})(() => ({condition}), {limit})");
        if self.evaluate(&script)? {
            return Ok(());
        }
        let here: String = self.evaluate("location.href")?;
        let text = format!("`{condition}` does not become true at `{here}`");
        Err(Error::new(text))
    }

    /// Presses and releases a key, by its [name](https://www.w3.org/TR/uievents-key/): `Tab`, `Enter`, `Escape`,
    /// or a letter; `Control+` or `Shift+` before it hold that key.
    ///
    /// # Errors
    ///
    /// When the browser does not answer, or knows no such key.
    pub fn press(&mut self, key: &str) -> Result<(), Error> {
        let (modifiers, name) = match key.split_once('+') {
            Some(("Control", name)) => (2, name),
            Some(("Shift", name)) => (8, name),
            _ => (0, key),
        };
        let (number, typed) = match name {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            _ => match name.as_bytes() {
                [letter @ b'a'..=b'z'] => (letter.to_ascii_uppercase(), name),
                _ => return Err(Error::new(format!("there is no key `{key}` here"))),
            },
        };
        let text = if modifiers == 0 { typed } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({
                "type": kind,
                "key": name,
                "modifiers": modifiers,
                "windowsVirtualKeyCode": number,
            });
            if kind == "keyDown"
                && !text.is_empty()
                && let Some(event) = event.as_object_mut()
            {
                event.insert("text".to_owned(), json!(text));
            }
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// Inserts a text at once, where the focus is.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub fn type_text(&mut self, text: &str) -> Result<(), Error> {
        self.call("Input.insertText", json!({ "text": text }))?;
        Ok(())
    }

    /// Sets the size of the viewport, in CSS pixels.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub fn resize(&mut self, width: u32, height: u32) -> Result<(), Error> {
        let params = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", params)?;
        Ok(())
    }

    /// Sets what the user prefers, by [media features](https://drafts.csswg.org/mediaqueries-5/#mf-user-preferences)
    /// such as `("prefers-color-scheme", "dark")`. Other features get the browser's default.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub fn prefer(&mut self, features: &[(&str, &str)]) -> Result<(), Error> {
        let features = features
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }));
        let params = json!({ "features": features.collect::<Vec<_>>() });
        self.call("Emulation.setEmulatedMedia", params)?;
        Ok(())
    }

    /// What the viewport shows, as a PNG file.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub fn screenshot(&mut self) -> Result<Vec<u8>, Error> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" }))?;
        from_base64(&text(&answer, "/data"))
            .ok_or_else(|| Error::new("the screenshot is not base64"))
    }

    /// The console's lines since the page was opened: errors and warnings of the browser and of scripts, and
    /// uncaught exceptions.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub fn console(&mut self) -> Result<&[String], Error> {
        self.listen()?;
        Ok(&self.console)
    }

    fn call(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        // Longer than a script waits, so that the script can report what it waited for.
        let deadline = Instant::now() + PATIENCE.saturating_mul(2);
        self.chromium.call(method, params, deadline)
    }

    fn listen(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        while let Some(event) = self.chromium.event(now)? {
            let line = match text(&event, "/method").as_str() {
                "Log.entryAdded" => {
                    let url = text(&event, "/params/entry/url");
                    let said = text(&event, "/params/entry/text");
                    format!("{said} ({url})")
                }
                "Runtime.exceptionThrown" => {
                    text(&event, "/params/exceptionDetails/exception/description")
                }
                "Runtime.consoleAPICalled" => {
                    let kind = text(&event, "/params/type");
                    if kind != "error" && kind != "warning" {
                        continue;
                    }
                    format!(
                        "console.{kind}: {}",
                        event.pointer("/params/args").unwrap_or_default()
                    )
                }
                _ => continue,
            };
            self.console.push(line);
        }
        Ok(())
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

/// Resolves to whether the condition became true in time.
const WAIT: &str = include_str!("wait.js");

/// See <https://www.rfc-editor.org/rfc/rfc4648#section-4>.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').bytes();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut width) = (0_u32, 0);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push((bits >> width) as u8);
            bits &= (1 << width) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::from_base64;

    #[test]
    fn base64() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("Zg==", Some(b"f")),
            ("Zm8=", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("Zm9vYmFy", Some(b"foobar")),
            ("+/+/", Some(&[0xfb, 0xff, 0xbf])),
            ("Zm9v\n", None),
        ] {
            assert_eq!(from_base64(text).as_deref(), bytes, "{text}");
        }
    }
}
