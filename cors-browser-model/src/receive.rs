//! What the browser does with a response to an actual request.

use crate::cors_check;
use crate::exchange::Response;
use crate::filter;
use crate::header::Headers;
use crate::in_flight::InFlight;
use crate::network_error::NetworkError;
use crate::outcome::{Readable, Tainting};
use crate::request::{Mode, Request};
use crate::step::{Checks, Step};
use crate::timing::tao_check;

/// Checks a response to an actual request, and returns what a script may read of it.
pub(crate) fn receive(
    flight: &mut InFlight,
    response: &Response,
    checks: &mut Checks,
) -> Result<Readable, NetworkError> {
    let (engine, headers) = (flight.engine, &response.headers);
    let mode = flight.request.mode;
    let credentials = flight.request.credentials;
    if flight.tainting == Tainting::Cors {
        // On every hop and for every status: a redirect or an error without the headers also fails.
        cors_check::check(engine, &flight.origin(), credentials, headers, checks)?;
    }
    if mode == Mode::WebSocket {
        let is_open = response.status == 101;
        checks.require(Step::WebSocketStatus, is_open, || {
            NetworkError::WebSocketStatus
        })?;
    }
    let timing_allowed = flight.tainting == Tainting::Basic || tao_check(&flight.origin(), headers);
    flight.timing_failed |= !timing_allowed;
    let readable = Readable {
        tainting: flight.tainting,
        url: flight.request.url.clone(),
        redirected: flight.redirects > 0,
        status: response.status,
        headers: match flight.tainting {
            Tainting::Basic => filter::basic(engine, headers),
            Tainting::Cors => filter::readable_headers(engine, credentials, headers),
            Tainting::Opaque | Tainting::OpaqueRedirect => Headers::new(),
        },
        timing_allowed: !flight.timing_failed,
    };
    Ok(match flight.tainting {
        Tainting::Opaque => readable.hidden(Tainting::Opaque),
        // The document is not the page's own.
        _ if mode == Mode::Navigate => readable.hidden(Tainting::Opaque),
        _ => readable,
    })
}

impl Readable {
    /// An [opaque filtered response](https://fetch.spec.whatwg.org/#concept-filtered-response-opaque).
    pub(crate) fn hidden(self, tainting: Tainting) -> Self {
        Self {
            tainting,
            status: 0,
            headers: Headers::new(),
            ..self
        }
    }

    pub(crate) fn nothing(request: &Request) -> Self {
        Self {
            tainting: Tainting::Opaque,
            url: request.url.clone(),
            redirected: false,
            status: 0,
            headers: Headers::new(),
            timing_allowed: false,
        }
    }
}
