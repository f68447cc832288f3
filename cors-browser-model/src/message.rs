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
use crate::outcome::Blocked;

/// A line in the console of a page that uses `fetch()`. `XMLHttpRequest` and elements have other texts.
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
