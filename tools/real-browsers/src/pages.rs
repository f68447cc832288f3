//! The server of the blank pages.

use crate::http::{self, Line, Listener};
use crate::{Error, Front};

/// Serves the same blank page at every name and path, with http and https.
#[derive(Debug)]
pub(crate) struct Pages {
    http: Listener,
    https: Front,
}

impl Pages {
    /// A path whose page has an opaque origin, which browsers send as `null`.
    pub(crate) const OPAQUE: &str = "/opaque/";

    pub(crate) fn start() -> Result<Self, Error> {
        let http = Listener::start(|stream| {
            http::serve_one(stream, |request| {
                let line = |name: &str, value: &str| -> Line { (name.into(), value.into()) };
                // After that, the name may lead to another server.
                let mut lines = vec![
                    line("Content-Type", "text/html; charset=utf-8"),
                    line("Connection", "close"),
                ];
                if request.target.starts_with(Self::OPAQUE) {
                    lines.push(line("Content-Security-Policy", "sandbox allow-scripts"));
                }
                http::response(&request, 200, "OK", &lines, PAGE)
            })
        })
        .map_err(Error::io("start the page server"))?;
        let https = Front::tls(http.port())?;
        Ok(Self { http, https })
    }

    pub(crate) const fn http(&self) -> u16 {
        self.http.port()
    }

    pub(crate) const fn https(&self) -> u16 {
        self.https.port()
    }
}

/// With the empty icon, browsers do not request `/favicon.ico`.
const PAGE: &[u8] = b"<!doctype html><title>blank</title><link rel=icon href='data:,'>";
