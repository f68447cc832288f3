//! What a page does without `fetch()`.

use std::fmt;

/// A way in which a page sends a request without `fetch()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It submits a form with POST, and is left.
    Form,
    /// It follows a link, and is left.
    Link,
    /// It contains a frame.
    Frame,
    /// It contains an image.
    Image,
    /// It contains a module script.
    ModuleScript,
    /// It contains a module script with `crossorigin="use-credentials"`.
    ModuleScriptWithCredentials,
    /// It loads a font.
    Font,
    /// It opens an `EventSource`.
    EventSource,
    /// It opens an `EventSource` with `withCredentials`.
    EventSourceWithCredentials,
    /// It opens an `EventSource`, and waits until that has connected a second time.
    EventSourceAgain,
    /// It opens a WebSocket.
    WebSocket,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Form,
        Self::Link,
        Self::Frame,
        Self::Image,
        Self::ModuleScript,
        Self::ModuleScriptWithCredentials,
        Self::Font,
        Self::EventSource,
        Self::EventSourceWithCredentials,
        Self::EventSourceAgain,
        Self::WebSocket,
    ];

    /// Whether another document takes the place of the page.
    pub const fn leaves_page(self) -> bool {
        matches!(self, Self::Form | Self::Link)
    }

    /// The name of its function in `action.js`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Link => "link",
            Self::Frame => "frame",
            Self::Image => "image",
            Self::ModuleScript => "module",
            Self::ModuleScriptWithCredentials => "moduleWithCredentials",
            Self::Font => "font",
            Self::EventSource => "eventSource",
            Self::EventSourceWithCredentials => "eventSourceWithCredentials",
            Self::EventSourceAgain => "eventSourceAgain",
            Self::WebSocket => "websocket",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
