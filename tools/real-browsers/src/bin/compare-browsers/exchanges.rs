//! What a browser sent for one request of a page, and what it received.

use std::time::Duration;

use cors_browser_model::{
    Headers, PreflightCache, Request, Response, Run, SentRequest, Url, fetch,
};
use cors_real_browsers::{BrowserName, ReceivedRequest, RecordedExchange};

use crate::compare::profile;

/// The exchanges of one URL, with their requests.
pub(crate) struct Exchanges<'a>(Vec<(ReceivedRequest, &'a RecordedExchange)>);

impl<'a> Exchanges<'a> {
    /// Those of a URL that no other request has.
    pub(crate) fn of(url: &Url, recorded: &'a [RecordedExchange]) -> Self {
        let target = url.as_str().get(url.origin().ascii_serialization().len()..);
        let exchanges = recorded
            .iter()
            .filter_map(|exchange| Some((exchange.request()?, exchange)));
        Self(
            exchanges
                .filter(|(request, _)| Some(&*request.target) == target)
                .collect(),
        )
    }

    /// The requests, in order.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.0.iter().map(|(request, _)| request.clone()).collect()
    }

    /// The last request, and the response to it.
    pub(crate) fn last(&self) -> Option<(&ReceivedRequest, Option<Response>)> {
        let (request, exchange) = self.0.last()?;
        Some((request, response(&exchange.response)))
    }

    /// The result in the model, with these responses. If the browser did not send a request of the model, there is
    /// no response, and the model has another outcome.
    pub(crate) fn modelled(&self, engine: BrowserName, request: &Request) -> Run {
        let mut rest: Vec<_> = self.0.iter().collect();
        let mut server = |sent: &SentRequest| {
            let preflight = sent.headers.contains("access-control-request-method");
            let at = rest.iter().position(|(request, _)| {
                request.method == sent.method && request.is_preflight() == preflight
            })?;
            response(&rest.remove(at).1.response)
        };
        let mut cache = PreflightCache::new();
        fetch(
            profile(engine),
            request,
            &mut cache,
            Duration::ZERO,
            &mut server,
        )
    }
}

fn response(head: &[u8]) -> Option<Response> {
    let mut rows = head
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end);
    let start = String::from_utf8_lossy(rows.next()?).into_owned();
    let mut words = start.splitn(3, ' ').skip(1);
    let status = words.next()?.parse().ok()?;
    let mut headers = Headers::new();
    for row in rows.take_while(|row| !row.is_empty()) {
        let colon = row.iter().position(|byte| *byte == b':')?;
        headers.append(row.get(..colon)?, row.get(colon + 1..)?);
    }
    let mut response = Response::new(status, headers);
    response.reason = words.next().unwrap_or_default().to_owned();
    Some(response)
}
