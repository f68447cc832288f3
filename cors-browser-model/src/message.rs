//! The messages in the consoles.
//!
//! The texts are the engines' own, word for word. [`ConsoleLine::measured`] marks the texts that were seen in
//! a browser; the others are from the engines' sources (`cors_error_string.cc`,
//! `security.properties` with `nsCORSListenerProxy.cpp`, `CrossOriginAccessControl.cpp` with
//! `NetworkLoadChecker.cpp`).

mod chromium;
mod firefox;
mod webkit;

use url::Url;

use crate::engine::Engine;
use crate::exchange::Response;
use crate::network_error::NetworkError;
use crate::outcome::Blocked;

/// A line in the console of a page that uses `fetch()` or a WebSocket. `XMLHttpRequest` and elements have other texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsoleLine {
    /// Chromium: the `corsError` of `Network.loadingFailed`. Firefox: the key of the text, which is the
    /// category of the `nsIScriptError`. WebKit: none.
    pub code: Option<&'static str>,
    /// Chromium: the `failedParameter`.
    pub parameter: Option<String>,
    /// The text.
    pub text: String,
    /// Whether the engine was seen to print it. Otherwise the text is from its source.
    pub measured: bool,
}

/// The lines that an engine's console shows for a failure: the reason first. The standard has no console.
///
/// Empty if the engine prints only a connection error, and nothing about CORS.
pub fn console(engine: Engine, failure: &Blocked) -> Vec<ConsoleLine> {
    if failure.error == NetworkError::WebSocketStatus {
        return websocket(engine, failure).into_iter().collect();
    }
    match engine {
        Engine::Standard => Vec::new(),
        Engine::Chromium => chromium::console(failure),
        Engine::Firefox => firefox::console(failure),
        Engine::WebKit => webkit::console(failure),
    }
}

/// The line that Chromium and WebKit print for every response with a status of 400 or more.
pub(crate) fn status(engine: Engine, response: &Response) -> Option<ConsoleLine> {
    let says_so = matches!(engine, Engine::Chromium | Engine::WebKit) && response.status >= 400;
    says_so.then(|| {
        let (status, reason) = (response.status, &response.reason);
        let resource = "Failed to load resource: the server responded with a status of";
        line(format!("{resource} {status} ({reason})"))
    })
}

/// The line about a WebSocket that the server did not open.
fn websocket(engine: Engine, failure: &Blocked) -> Option<ConsoleLine> {
    let url = failure.url.as_str();
    // The handshake is sent with the scheme `http` or `https`: `ws` and `wss` differ in the first letters only.
    let url = format!("ws{}", url.strip_prefix("http").unwrap_or(url));
    let status = failure.status.unwrap_or_default();
    let text = match engine {
        Engine::Standard => return None,
        Engine::Chromium => format!(
            "WebSocket connection to '{url}' failed: Error during WebSocket handshake: Unexpected response code: {status}"
        ),
        Engine::Firefox => {
            format!("Firefox can’t establish a connection to the server at {url}.")
        }
        Engine::WebKit => format!(
            "WebSocket connection to '{url}' failed: The server did not accept the WebSocket handshake."
        ),
    };
    Some(line(text))
}

/// The warning that Firefox prints if only `*` covers `Authorization`.
pub(crate) fn authorization_warning(engine: Engine, url: &Url) -> Option<ConsoleLine> {
    (engine == Engine::Firefox).then(|| firefox::authorization_warning(url))
}

fn line(text: impl Into<String>) -> ConsoleLine {
    ConsoleLine {
        code: None,
        parameter: None,
        text: text.into(),
        measured: true,
    }
}
