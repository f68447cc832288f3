//! A request of a page, and how it is sent.

use bytes::Bytes;
use cors_browser_model::{
    Body, Credentials, Engine, Kind, Mode, RedirectMode, Response, Run, SentRequest, fetch,
};
use cors_explain::PageRequest;

use crate::application::{Application, MAX_BODY};
use crate::page::{Browser, Page};
use crate::seen::{Outcome, Seen};
use crate::wire;

/// A request of a page that is not sent yet.
#[derive(Debug)]
#[must_use = "nothing is sent before `send`"]
pub struct Request<'p> {
    page: &'p Page,
    request: cors_browser_model::Request,
    body: Bytes,
    max_body: usize,
}

impl<'p> Request<'p> {
    pub(crate) fn new(page: &'p Page, request: cors_browser_model::Request) -> Self {
        Self {
            page,
            request,
            body: Bytes::new(),
            max_body: MAX_BODY,
        }
    }

    /// With one more header that the script sets.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// With a body, and its `Content-Type`. The method should be another one than GET.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.request = self.request.body(Body::Source);
        self.header("Content-Type", content_type)
    }

    /// With a body of JSON, which needs a preflight.
    pub fn json(self, json: impl Into<Bytes>) -> Self {
        self.body("application/json", json)
    }

    /// With a body of text, which needs no preflight.
    pub fn text(self, text: impl Into<Bytes>) -> Self {
        self.body("text/plain;charset=UTF-8", text)
    }

    /// With credentials mode `include`: with the cookies that the page has for the URL.
    pub fn credentials(self) -> Self {
        self.credentials_mode(Credentials::Include)
    }

    /// With another credentials mode.
    pub fn credentials_mode(mut self, mode: Credentials) -> Self {
        self.request.credentials = mode;
        self
    }

    /// With mode `no-cors`: the script can send, and read nothing.
    pub fn no_cors(mut self) -> Self {
        self.request.mode = Mode::NoCors;
        self
    }

    /// With another redirect mode.
    pub fn redirect(mut self, mode: RedirectMode) -> Self {
        self.request.redirect = mode;
        self
    }

    /// With a listener on `XMLHttpRequest.upload`, which needs a preflight.
    pub fn upload_listener(mut self) -> Self {
        self.request.use_cors_preflight = true;
        self
    }

    pub(crate) fn max_body(mut self, max_body: usize) -> Self {
        self.max_body = max_body;
        self
    }

    /// What the page has, as its author writes it. Secrets are masked.
    pub fn call(&self) -> String {
        self.described().call()
    }

    fn described(&self) -> PageRequest {
        let body = (!self.body.is_empty()).then(String::new);
        PageRequest::new(self.request.clone(), body)
    }

    /// Sends what a browser sends, and checks the responses as it does.
    pub async fn send<Driver>(self, application: &mut impl Application<Driver>) -> Seen {
        let described = self.described();
        let mut outcomes = Vec::new();
        for (index, engine) in self.page.engines.iter().enumerate() {
            let browser = self.page.state().browsers.get(index).cloned();
            let mut browser = browser.unwrap_or_default();
            outcomes.push(self.send_in(*engine, &mut browser, application).await);
            let browsers = &mut self.page.state().browsers;
            match browsers.get_mut(index) {
                Some(old) => *old = browser,
                None => browsers.push(browser),
            }
        }
        Seen::new(described, outcomes)
    }

    /// The model is not asynchronous. It simulates the whole fetch again after each response, with the responses so far:
    /// it has no state but the cache, so it asks for the same ones.
    async fn send_in<Driver>(
        &self,
        engine: Engine,
        browser: &mut Browser,
        application: &mut impl Application<Driver>,
    ) -> Outcome {
        let mut responses: Vec<Option<Response>> = Vec::new();
        let mut trouble = None;
        let mut body = Bytes::new();
        loop {
            let mut cache = browser.cache.clone();
            let mut asked = 0;
            let mut next: Option<SentRequest> = None;
            let mut server = |sent: &SentRequest| {
                let response = responses.get(asked).cloned();
                asked += 1;
                response.unwrap_or_else(|| {
                    next.get_or_insert_with(|| sent.clone());
                    None
                })
            };
            let now = self.page.state().now;
            let run = fetch(engine, &self.request, &mut cache, now, &mut server);
            let Some(sent) = next else {
                browser.cache = cache;
                return Outcome {
                    engine,
                    run,
                    body,
                    trouble,
                };
            };
            let before = run.exchanges.iter().rev().skip(1);
            let before: Vec<_> = before.map(|exchange| exchange.sent.url.clone()).collect();
            let cookies = sent.credentials.then(|| {
                let cookies = &browser.cookies;
                cookies.header(engine, &self.request, &sent, &before)
            });
            let response = match self.on_the_wire(&sent, kind(&run), cookies.flatten()) {
                Ok(request) => application.respond(request, self.max_body).await,
                Err(error) => Err(error.to_string()),
            };
            match response {
                Ok(response) => {
                    let (head, received) = response.into_parts();
                    let response = wire::response(&head);
                    if sent.credentials {
                        let cookies = &mut browser.cookies;
                        cookies.keep(engine, &self.request, &sent, &response.headers);
                    }
                    responses.push(Some(response));
                    body = received;
                }
                Err(error) => {
                    trouble = Some(error);
                    responses.push(None);
                }
            }
        }
    }

    fn on_the_wire(
        &self,
        sent: &SentRequest,
        kind: Kind,
        cookies: Option<String>,
    ) -> Result<http::Request<Bytes>, http::Error> {
        // A redirect can turn a POST into a GET, which has no body.
        let has_body = kind == Kind::Actual && !matches!(&*sent.method, "GET" | "HEAD");
        let body = match has_body {
            true => self.body.clone(),
            false => Bytes::new(),
        };
        wire::request(sent, body, cookies)
    }
}

/// What the last exchange of a run is for.
fn kind(run: &Run) -> Kind {
    run.exchanges
        .last()
        .map_or(Kind::Actual, |exchange| exchange.kind)
}
