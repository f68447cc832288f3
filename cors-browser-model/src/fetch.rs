//! A whole fetch, from a page's request to its result.

use std::time::Duration;

use crate::cache::PreflightCache;
use crate::engine::Engine;
use crate::exchange::{Exchange, Kind, Response, SentRequest};
use crate::grant::{self, Refused};
use crate::in_flight::InFlight;
use crate::message;
use crate::network_error::NetworkError;
use crate::outcome::{Blocked, FetchOutcome, Readable, Run, Tainting};
use crate::preflight::{self, Cause};
use crate::profile::CacheClearing;
use crate::receive;
use crate::redirect;
use crate::request::{Destination, RedirectMode, Request};
use crate::step::{Checks, Step};

/// A server that responds to requests. Every closure from `&SentRequest` to `Option<Response>` is a
/// server.
pub trait Server {
    /// Responds to a request. `None`: the connection fails.
    fn respond(&mut self, request: &SentRequest) -> Option<Response>;
}

impl<F: FnMut(&SentRequest) -> Option<Response>> Server for F {
    fn respond(&mut self, request: &SentRequest) -> Option<Response> {
        self(request)
    }
}

/// [Fetches](https://fetch.spec.whatwg.org/#fetching): computes what a script's `fetch()` sends, what the script
/// gets, and what the console prints.
///
/// The preflight, redirects with preflights of their own, and the preflight cache are simulated as in the
/// engine. `now` is the time, as a duration since any fixed moment.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use cors_browser_model::{Engine, Kind, Origin, PreflightCache, Request, Response, Url, FetchOutcome, fetch};
/// use cors_browser_model::{NetworkError, SentRequest};
///
/// let mut server = |sent: &SentRequest| {
///     let allow_origin = ("Access-Control-Allow-Origin", "https://app.example.com");
///     Some(match sent.method.as_str() {
///         "OPTIONS" => Response::new(204, [allow_origin, ("Access-Control-Allow-Methods", "PUT")]),
///         _ => Response::new(200, [allow_origin]),
///     })
/// };
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let put = Request::new(Url::parse("https://api.example.com/")?, page).method("PUT");
/// let mut cache = PreflightCache::new();
///
/// let run = fetch(Engine::Firefox, &put, &mut cache, Duration::ZERO, &mut server);
/// assert!(matches!(run.outcome, FetchOutcome::Response(response) if response.status == 200));
/// let kinds: Vec<_> = run.exchanges.iter().map(|exchange| exchange.kind).collect();
/// assert_eq!(kinds, [Kind::Preflight, Kind::Actual]);
///
/// // Within five seconds, the cache makes the preflight unnecessary.
/// let run = fetch(Engine::Firefox, &put, &mut cache, Duration::from_secs(4), &mut server);
/// assert_eq!(run.exchanges.len(), 1);
///
/// let delete = put.method("DELETE");
/// let run = fetch(Engine::Firefox, &delete, &mut cache, Duration::from_secs(4), &mut server);
/// let FetchOutcome::Blocked(failure) = run.outcome else { return Err("readable".into()) };
/// assert_eq!(failure.error, NetworkError::MethodNotAllowed);
/// assert_eq!(run.console[0].code, Some("CORSMethodNotFound"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fetch(
    engine: Engine,
    request: &Request,
    cache: &mut PreflightCache,
    now: Duration,
    server: &mut impl Server,
) -> Run {
    let mut run = Run {
        checks: Vec::new(),
        exchanges: Vec::new(),
        outcome: FetchOutcome::Response(Box::new(Readable::nothing(request))),
        console: Vec::new(),
    };
    let mut checks = Checks::default();
    let constructed = checks.note(Step::Construct, request.constructed(engine));
    run.checks = checks.0;
    let ended = match constructed {
        Err(error) => Err(InFlight::new(engine, request.clone()).failure(error, None, None)),
        Ok(request) => Fetching {
            flight: InFlight::new(engine, request),
            cache,
            now,
            server,
            run: &mut run,
            preflighted: false,
        }
        .main_fetch(),
    };
    run.outcome = match ended {
        Ok(readable) => {
            let response = run
                .exchanges
                .last()
                .and_then(|exchange| exchange.response.as_ref());
            // Another document takes the place of the page, with a console of its own.
            let response = response.filter(|_| request.destination != Destination::Document);
            let status = response.map(|response| message::status(engine, response));
            run.console.extend(status.into_iter().flatten());
            FetchOutcome::Response(Box::new(readable))
        }
        Err(failure) => {
            run.console.extend(message::console(engine, &failure));
            FetchOutcome::Blocked(failure)
        }
    };
    run
}

struct Fetching<'a, S> {
    flight: InFlight,
    cache: &'a mut PreflightCache,
    now: Duration,
    server: &'a mut S,
    run: &'a mut Run,
    /// A preflight was necessary at some hop, whether it was sent or not.
    preflighted: bool,
}

impl<S: Server> Fetching<'_, S> {
    /// [Main fetch](https://fetch.spec.whatwg.org/#main-fetch), once for each hop.
    fn main_fetch(&mut self) -> Result<Readable, Box<Blocked>> {
        loop {
            let mut checks = Checks::default();
            let routed = self.flight.route(&mut checks);
            // The checks before the next hop belong to the redirect that led there.
            match self.run.exchanges.last_mut() {
                None => self.run.checks.append(&mut checks.0),
                Some(redirect) => redirect.checks.append(&mut checks.0),
            }
            let routed = routed.map_err(|error| self.flight.failure(error, None, None));
            let fetched = routed.and_then(|()| self.http_fetch());
            match fetched {
                Ok(None) => {}
                Ok(Some(readable)) => return Ok(readable),
                Err(failure) => {
                    self.clear_cache(&failure);
                    return Err(failure);
                }
            }
        }
    }

    /// [HTTP fetch](https://fetch.spec.whatwg.org/#http-fetch): `None` where it was redirected.
    fn http_fetch(&mut self) -> Result<Option<Readable>, Box<Blocked>> {
        let causes = match self.flight.tainting {
            Tainting::Cors => preflight::preflight_causes(self.flight.engine, &self.flight.request),
            _ => Vec::new(),
        };
        self.preflighted |= !causes.is_empty();
        let cached = !causes.is_empty() && self.cache.covers(&self.flight, self.now);
        if !causes.is_empty() && !cached {
            self.preflight_fetch(causes.clone())?;
        }
        let mut checks = Checks::default();
        let sent = self.flight.sent();
        let response = self.respond(&sent);
        let before = self.flight_context();
        let result = self.receive(response.as_ref(), &mut checks);
        let result =
            result.map_err(|error| before.failure(error, Some(Kind::Actual), response.as_ref()));
        self.run.exchanges.push(Exchange {
            kind: Kind::Actual,
            causes,
            preflight_cached: cached,
            sent,
            response,
            checks: checks.0,
        });
        result
    }

    /// Sends a request.
    fn respond(&mut self, sent: &SentRequest) -> Option<Response> {
        self.server.respond(sent).filter(Response::is_http)
    }

    /// A copy of the request as it was sent, for messages, because a redirect changes it.
    fn flight_context(&self) -> InFlight {
        InFlight {
            request: self.flight.request.clone(),
            first_url: self.flight.first_url.clone(),
            ..self.flight
        }
    }

    /// [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch).
    fn preflight_fetch(&mut self, causes: Vec<Cause>) -> Result<(), Box<Blocked>> {
        let mut checks = Checks::default();
        let sent = preflight::preflight_request(&self.flight);
        let response = self.respond(&sent);
        let connected = response.as_ref().ok_or(NetworkError::Connection);
        let judged = match checks.note(Step::Connection, connected) {
            Err(error) => Err(Refused::from(error)),
            Ok(response) => grant::judge(&self.flight, response, &mut checks),
        };
        let flight = &self.flight;
        let result = match judged {
            Ok(grant) => {
                self.cache.store(flight, &grant, self.now);
                if grant::is_authorization_covered_by_wildcard(flight, &grant) {
                    let warning =
                        message::authorization_warning(flight.engine, &flight.request.url);
                    self.run.console.extend(warning);
                }
                Ok(())
            }
            Err(Refused { error, grant }) => {
                if let Some(grant) = grant.filter(|_| flight.profile().cache.keeps_refused) {
                    self.cache.store(flight, &grant, self.now);
                }
                Err(flight.failure(error, Some(Kind::Preflight), response.as_ref()))
            }
        };
        self.run.exchanges.push(Exchange {
            kind: Kind::Preflight,
            causes,
            preflight_cached: false,
            sent,
            response,
            checks: checks.0,
        });
        result
    }

    /// What HTTP fetch does with a response.
    fn receive(
        &mut self,
        response: Option<&Response>,
        checks: &mut Checks,
    ) -> Result<Option<Readable>, NetworkError> {
        let response = checks.note(Step::Connection, response.ok_or(NetworkError::Connection))?;
        let readable = receive::receive(&mut self.flight, response, checks)?;
        let Some(location) = redirect::location(&self.flight, response) else {
            return Ok(Some(readable));
        };
        match self.flight.request.redirect {
            RedirectMode::Follow => {}
            RedirectMode::Manual => return Ok(Some(readable.hidden(Tainting::OpaqueRedirect))),
            RedirectMode::Error => return checks.fail(NetworkError::RedirectMode),
        }
        redirect::follow(&mut self.flight, location, response.status, checks).map(|()| None)
    }

    fn clear_cache(&mut self, failure: &Blocked) {
        let clears = match self.flight.profile().cache.cleared_by {
            CacheClearing::NetworkError => self.preflighted,
            CacheClearing::CorsCheck => {
                let is_check = matches!(
                    failure.error.step(),
                    Step::Connection
                        | Step::AllowOriginPresent
                        | Step::AllowOriginMatches
                        | Step::AllowCredentials
                );
                is_check || failure.kind == Some(Kind::Preflight)
            }
            CacheClearing::Miss => false,
        };
        if clears {
            self.cache.clear(&self.flight);
        }
    }
}
