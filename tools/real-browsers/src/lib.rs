//! Drives Chromium, Firefox and WebKit to see what a page may read.
//!
//! A [`Browser`] is a real browser without a window. It opens a blank page of any origin, lets the page
//! `fetch()` a list of URLs, and reports for each what the script got ([`Outcome`]) and the engine's messages
//! about it ([`Reason`]).
//!
//! ```no_run
//! use cors_real_browsers::{Browser, BrowserName, Fetch, Outcome, Reply, Script, ScriptedServer};
//!
//! let server = ScriptedServer::start()?;
//! let allowed = Reply::new(200).line("Access-Control-Allow-Origin", "https://app.example.com");
//! server.script("allowed", Script::actual(allowed));
//! server.script("refused", Script::actual(Reply::new(200)));
//!
//! let mut browser = Browser::start(BrowserName::Chromium)?;
//! browser.open("https://app.example.com")?;
//! let seen = browser.fetch_all(&[
//!     Fetch::get(server.url("allowed")),
//!     Fetch::get(server.url("refused")),
//! ])?;
//!
//! assert!(matches!(seen[0].outcome, Outcome::Read { status: 200, .. }));
//! assert_eq!(seen[1].reason.cors_error.clone().unwrap_or_default().code, "MissingAllowOriginHeader");
//! # Ok::<(), cors_real_browsers::Error>(())
//! ```
//!
//! # How a browser reaches our servers
//!
//! Each browser opens all its connections through our SOCKS proxy on loopback. The proxy decides where a name and port
//! lead: to the page server for the origins of opened pages, to the target of [`Browser::route`], and for other
//! loopback names to the port itself. It refuses everything else, so a browser never reaches another machine. This needs
//! neither port 443 nor a name server, a changed `/etc/hosts` or root, and any number of browsers can run at the same
//! time. The proxy forwards bytes unchanged.
//!
//! # Parts
//!
//! - [`BrowserName`], [`Browser`], [`Settings`]: the browsers.
//! - [`Tab`]: a Chromium that opens a server's own pages, for tests of user interfaces.
//! - [`Fetch`], [`Observed`]: the fetches of a page, and their results.
//! - [`Action`]: what a page does without `fetch()`.
//! - [`ScriptedServer`]: sends prepared responses, byte for byte, and records the requests.
//! - [`Front`]: a proxy for another server that adds TLS and records the exchanges.
//! - `Forwarder`: a port in front of a Unix socket, where there are Unix sockets.

mod action;
mod browser;
mod browser_name;
mod chromium;
mod driver;
mod error;
mod fetch;
mod firefox;
#[cfg(unix)]
mod forwarder;
mod front;
mod gate;
mod http;
mod matcher;
mod pages;
mod process;
mod scripted;
mod socket;
mod tab;
mod tls;
mod webkit;

pub use action::Action;
pub use browser::{Browser, Settings};
pub use browser_name::BrowserName;
pub use error::Error;
pub use fetch::{
    Cache, CorsError, Credentials, Fetch, Message, Mode, Observed, Outcome, Reason, RedirectMode,
    Via,
};
#[cfg(unix)]
pub use forwarder::Forwarder;
pub use front::{Front, RecordedExchange};
pub use http::{Line, ReceivedRequest};
pub use scripted::{Reply, Script, ScriptedServer};
pub use tab::Tab;
