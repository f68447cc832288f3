//! A request while it is fetched.

use url::Url;

use crate::engine::Engine;
use crate::exchange::{Kind, Response, SentRequest};
use crate::metadata::{self, Relation};
use crate::network_error::NetworkError;
use crate::origin::Origin;
use crate::outcome::{Blocked, Tainting};
use crate::profile::Profile;
use crate::redirect;
use crate::request::{Credentials, Destination, Mode, RedirectMode, Request};
use crate::safelist::is_cors_non_wildcard_request_header_name;
use crate::step::{Checks, Step};

/// The parts of a [request](https://fetch.spec.whatwg.org/#concept-request) that change.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) engine: Engine,
    /// Its URL is the current URL.
    pub(crate) request: Request,
    pub(crate) first_url: Url,
    pub(crate) tainting: Tainting,
    /// Its [redirect-taint](https://fetch.spec.whatwg.org/#concept-request-tainted-origin) is not
    /// `same-origin`.
    pub(crate) tainted: bool,
    /// It was redirected to another origin.
    pub(crate) has_left: bool,
    /// Of the farthest URL so far.
    pub(crate) relation: Relation,
    pub(crate) redirects: u32,
    pub(crate) timing_failed: bool,
}

impl InFlight {
    pub(crate) fn new(engine: Engine, request: Request) -> Self {
        Self {
            engine,
            first_url: request.url.clone(),
            request,
            tainting: Tainting::Basic,
            tainted: false,
            has_left: false,
            relation: Relation::default(),
            redirects: 0,
            timing_failed: false,
        }
    }

    pub(crate) fn profile(&self) -> &'static Profile {
        self.engine.profile()
    }

    /// [Byte-serialises](https://fetch.spec.whatwg.org/#byte-serializing-a-request-origin) the origin.
    pub(crate) fn origin(&self) -> String {
        match self.tainted {
            true => Origin::Opaque.to_string(),
            false => self.request.origin.to_string(),
        }
    }

    /// The origin of a preflight.
    pub(crate) fn preflight_origin(&self) -> String {
        match self.profile().preflight_of_page_after_redirects {
            true => self.request.origin.to_string(),
            false => self.origin(),
        }
    }

    pub(crate) fn includes_credentials(&self) -> bool {
        self.request.credentials == Credentials::Include
    }

    /// The switch of [main fetch](https://fetch.spec.whatwg.org/#main-fetch), step 12.
    pub(crate) fn route(&mut self, checks: &mut Checks) -> Result<(), NetworkError> {
        let request = &self.request;
        let same_origin = request.origin.is_same_origin(&request.url);
        self.relation = self
            .relation
            .max(Relation::of(&request.origin, &request.url));
        // A tainting is never removed: a redirect to the page's own origin does not avoid CORS.
        if !same_origin {
            self.tainting = match request.mode {
                Mode::SameOrigin => {
                    return checks.fail(NetworkError::SameOriginMode);
                }
                // A font is used although nothing else of it can be read.
                Mode::NoCors if request.destination == Destination::Font => Tainting::Basic,
                Mode::NoCors => {
                    let follows = request.redirect == RedirectMode::Follow;
                    let error = || NetworkError::NoCorsRedirectMode;
                    checks.require(Step::NoCorsRedirectMode, follows, error)?;
                    Tainting::Opaque
                }
                Mode::Cors => Tainting::Cors,
                Mode::Navigate | Mode::WebSocket => Tainting::Basic,
            };
        }
        let is_http = matches!(request.url.scheme(), "http" | "https");
        checks.require(Step::Scheme, is_http, || NetworkError::Scheme)
    }

    /// What [HTTP-network-or-cache fetch](https://fetch.spec.whatwg.org/#http-network-or-cache-fetch)
    /// sends.
    pub(crate) fn sent(&self) -> SentRequest {
        let request = &self.request;
        let mut headers = request.headers.clone();
        if self.has_left {
            // Where `redirect::follow` has not removed them.
            let is_kept = |name: &[u8]| !is_cors_non_wildcard_request_header_name(name);
            headers.retain(|header| is_kept(&header.name));
        }
        if !headers.contains("Accept") {
            headers.append("Accept", request.destination.accept());
        }
        let is_always = self.tainting == Tainting::Cors
            || request.mode == Mode::WebSocket
            || self
                .profile()
                .same_origin_origin
                .contains(&request.destination);
        if is_always || !matches!(&*request.method, "GET" | "HEAD") {
            headers.append("Origin", self.origin_header());
        }
        metadata::append(self, &mut headers);
        SentRequest {
            method: request.method.clone(),
            url: request.url.clone(),
            headers,
            credentials: match request.credentials {
                Credentials::Omit => false,
                Credentials::SameOrigin => self.tainting == Tainting::Basic,
                Credentials::Include => true,
            },
        }
    }

    /// [Appends a request `Origin` header](https://fetch.spec.whatwg.org/#append-a-request-origin-header),
    /// with the default referrer policy.
    fn origin_header(&self) -> String {
        let downgrade = self.request.origin.is_https() && self.request.url.scheme() != "https";
        let is_exempt = matches!(self.request.mode, Mode::Cors | Mode::WebSocket);
        match downgrade && !is_exempt {
            true => Origin::Opaque.to_string(),
            false => self.origin(),
        }
    }

    pub(crate) fn failure(
        &self,
        error: NetworkError,
        kind: Option<Kind>,
        response: Option<&Response>,
    ) -> Box<Blocked> {
        let location = response.and_then(|response| redirect::location(self, response));
        Box::new(Blocked {
            error,
            kind,
            url: self.request.url.clone(),
            first_url: self.first_url.clone(),
            page: self.request.origin.to_string(),
            origin: self.origin(),
            method: self.request.method.clone(),
            status: response.map(|response| response.status),
            location: location.and_then(Result::ok),
        })
    }
}
