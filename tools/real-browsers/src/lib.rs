//! Chromium, Firefox and WebKit, driven to see what a page may read.
//!
//! A [`Browser`] is a real browser without a window. It opens a blank page of any origin, makes
//! that page `fetch()` a list of URLs, and reports for each what the script got ([`Outcome`]) and
//! what the engine said about it ([`Reason`]).
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
//! # How a browser reaches us
//!
//! Each browser sends all its connections to a SOCKS proxy of ours on loopback, which knows where
//! each name and port leads: to the page server for the origins of opened pages, to where
//! [`Browser::route`] says, and for other loopback names to the port itself. Everything else is
//! refused, so a browser never talks to the outside. Nothing needs port 443, a name server, a
//! changed `/etc/hosts` or root, and any number of browsers run side by side. The
//! proxy passes bytes on: what a browser sends, and what it makes of the answer, is its own.
//!
//! # Parts
//!
//! - [`BrowserName`], [`Browser`], [`Settings`]: the browsers.
//! - [`Tab`]: a Chromium that opens a server's own pages, and is used as a person would.
//! - [`Fetch`], [`Observed`]: what a page does, and what becomes of it.
//! - [`ScriptedServer`]: answers as told, byte for byte, and remembers what it was asked.
//! - [`Front`]: stands before another server, adds TLS, and remembers the exchanges.

mod browser;
mod browser_name;
mod chromium;
mod driver;
mod error;
mod fetch;
mod firefox;
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

pub use browser::{Browser, Settings};
pub use browser_name::BrowserName;
pub use error::Error;
pub use fetch::{Cache, CorsError, Credentials, Fetch, Message, Observed, Outcome, Reason};
pub use front::{Front, RecordedExchange};
pub use http::{Line, ReceivedRequest};
pub use scripted::{Reply, Script, ScriptedServer};
pub use tab::Tab;
