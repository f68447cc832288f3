//! What the consoles say.
//!
//! Each engine's texts are its own, word for word. Those of the cases that were measured are
//! marked so; the others were read in the engines' sources (`cors_error_string.cc`,
//! `security.properties` with `nsCORSListenerProxy.cpp`, `CrossOriginAccessControl.cpp` with
//! `NetworkLoadChecker.cpp`).

mod chromium;
mod firefox;
mod webkit;

use url::Url;

use crate::engine::Engine;
use crate::exchange::Response;
use crate::outcome::Blocked;

/// A line in a console, of a page that uses `fetch()`; `XMLHttpRequest` and elements have other words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsoleLine {
    /// Chromium: the `corsError` of `Network.loadingFailed`. Firefox: the key of the text, which is the
    /// category of the `nsIScriptError`. WebKit: none.
    pub code: Option<&'static str>,
    /// Chromium: the `failedParameter`.
    pub parameter: Option<String>,
    /// The text.
    pub text: String,
    /// Whether the engine was seen to say it, as opposed to what its source says.
    pub measured: bool,
}

/// What an engine's console says of a failure: the reason first. The standard has no console.
///
/// Empty where the engine says nothing of CORS, but only what went wrong with the connection.
pub fn console(engine: Engine, failure: &Blocked) -> Vec<ConsoleLine> {
    match engine {
        Engine::Standard => Vec::new(),
        Engine::Chromium => chromium::console(failure),
        Engine::Firefox => firefox::console(failure),
        Engine::WebKit => webkit::console(failure),
    }
}

/// The line that Chromium and WebKit have for every response of status 400 and up.
pub(crate) fn status(engine: Engine, response: &Response) -> Option<ConsoleLine> {
    let says_so = matches!(engine, Engine::Chromium | Engine::WebKit) && response.status >= 400;
    says_so.then(|| {
        let (status, reason) = (response.status, &response.reason);
        let resource = "Failed to load resource: the server responded with a status of";
        line(format!("{resource} {status} ({reason})"))
    })
}

/// The warning that Firefox gives where only `*` covers `Authorization`.
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
