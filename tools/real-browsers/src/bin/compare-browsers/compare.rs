//! Compares what a real browser did with what the model computes.

use std::fmt;

use cors_browser_model::{FetchOutcome, Kind, NetworkError, Run};
use cors_real_browsers::{BrowserName, Observed, Outcome, ReceivedRequest};

/// The result of a number of fetches.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How many ended as in the model.
    pub(crate) agreements: usize,
    /// In how many of these the page could read the response.
    pub(crate) readable: usize,
    /// In how many of these the reason was compared, too.
    pub(crate) reasons: usize,
    /// The other fetches.
    pub(crate) disagreements: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, name: impl fmt::Display, compared: Result<Agreement, String>) {
        match compared {
            Ok(agreement) => {
                self.agreements += 1;
                self.readable += usize::from(agreement == Agreement::Readable);
                self.reasons += usize::from(agreement == Agreement::Reason);
            }
            Err(how) => self.disagreements.push(format!("{name}\n    {how}")),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.agreements + self.disagreements.len();
        let Self {
            agreements,
            readable,
            reasons,
            ..
        } = self;
        write!(
            f,
            "{agreements} of {all} fetches agree ({readable} read, {reasons} blocked for the same reason)"
        )?;
        let mut disagreements = self.disagreements.iter();
        disagreements.try_for_each(|disagreement| write!(f, "\n  {disagreement}"))
    }
}

/// What browser and model agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// The page could read the response, with the same headers.
    Readable,
    /// It was blocked, and the reason is the same.
    Reason,
    /// It was blocked, and the engine did not say why, or gave a reason that is not modelled.
    Blocked,
    /// It was sent as in the model, and the page reads nothing of a form, a link, a frame or an image.
    Sent,
}

/// The engine's profile in the model.
pub(crate) fn profile(engine: BrowserName) -> cors_browser_model::Engine {
    match engine {
        BrowserName::Chromium => cors_browser_model::Engine::Chromium,
        BrowserName::Firefox => cors_browser_model::Engine::Firefox,
        BrowserName::Webkit => cors_browser_model::Engine::WebKit,
    }
}

/// Compares a fetch: what was sent, whether it succeeded, what could be read, and why it was blocked.
pub(crate) fn compare(
    engine: BrowserName,
    run: &Run,
    observed: &Observed,
    received: &[ReceivedRequest],
) -> Result<Agreement, String> {
    compare_sent(run, received)?;
    match (&run.outcome, &observed.outcome) {
        (
            FetchOutcome::Response(readable),
            Outcome::Read {
                status, headers, ..
            },
        ) => {
            if readable.status != *status {
                return Err(format!("status {status}, {} in the model", readable.status));
            }
            let mut seen = headers.clone();
            seen.sort();
            let mut modelled: Vec<(String, String)> = readable
                .headers
                .iter()
                .map(|header| (latin1(&header.name), latin1(&header.value)))
                .collect();
            modelled.sort();
            match seen == modelled {
                true => Ok(Agreement::Readable),
                false => Err(format!(
                    "the page reads {seen:?}, in the model {modelled:?}"
                )),
            }
        }
        (FetchOutcome::Blocked(failure), Outcome::Blocked { .. }) => {
            reason(engine, run, &failure.error, observed)
        }
        (FetchOutcome::Blocked(failure), Outcome::Read { .. }) => Err(format!(
            "the page reads it; in the model: {:?}",
            failure.error
        )),
        (FetchOutcome::Response(_), Outcome::Blocked { error }) => Err(format!(
            "blocked ({error}; {:?}), but readable in the model",
            observed.reason
        )),
    }
}

/// Compares the requests: which of them are preflights, and what they say about the page.
pub(crate) fn compare_sent(run: &Run, received: &[ReceivedRequest]) -> Result<(), String> {
    let describe = |is_preflight: bool, value: &dyn Fn(&str) -> Option<Vec<u8>>| {
        let names = [
            "Origin",
            "Sec-Fetch-Dest",
            "Sec-Fetch-Mode",
            "Sec-Fetch-Site",
        ];
        let values = names.map(|name| value(name).map_or("-".to_owned(), |value| latin1(&value)));
        let kind = if is_preflight { "preflight" } else { "request" };
        format!("{kind} {}", values.join(" "))
    };
    let mut seen: Vec<_> = received
        .iter()
        .map(|request| {
            let described = describe(request.is_preflight(), &|name| {
                request.header(name).map(<[u8]>::to_vec)
            });
            (&request.target, described)
        })
        .collect();
    // A browser sends a request again if the server closes the connection without a response.
    seen.dedup();
    let seen: Vec<_> = seen.into_iter().map(|(_, described)| described).collect();
    let modelled: Vec<_> = run
        .exchanges
        .iter()
        .map(|exchange| {
            describe(exchange.kind == Kind::Preflight, &|name| {
                exchange.sent.headers.get(name)
            })
        })
        .collect();
    match seen == modelled {
        true => Ok(()),
        false => Err(format!("sent {seen:?}, in the model {modelled:?}")),
    }
}

fn reason(
    engine: BrowserName,
    run: &Run,
    error: &NetworkError,
    observed: &Observed,
) -> Result<Agreement, String> {
    let modelled = run.console.first();
    match engine {
        BrowserName::Chromium => {
            let seen = observed.reason.cors_error.as_ref();
            let (Some(seen), Some(modelled)) = (seen, modelled) else {
                return absent(
                    seen.map(|seen| &*seen.code),
                    modelled.and_then(|line| line.code),
                );
            };
            // The order of a hash table decides which of several headers is reported.
            let any_of = match error {
                NetworkError::HeadersNotAllowed { names } => names.contains(&seen.parameter),
                _ => false,
            };
            let parameter = modelled.parameter.as_deref().unwrap_or_default();
            let same =
                Some(&*seen.code) == modelled.code && (any_of || seen.parameter == parameter);
            agree(
                same,
                format!("{seen:?}"),
                format!("{:?} {parameter:?}", modelled.code),
            )
        }
        // The message about a connection that ends without a response is not about CORS, even if it says so:
        // Firefox 153 mostly reports several `Access-Control-Allow-Origin` lines.
        _ if *error == NetworkError::Connection => Ok(Agreement::Blocked),
        BrowserName::Firefox | BrowserName::Webkit => {
            let seen = observed.reason.console.first();
            let (Some(seen), Some(modelled)) = (seen, modelled) else {
                return absent(
                    seen.map(|seen| &*seen.text),
                    modelled.map(|line| &*line.text),
                );
            };
            agree(
                seen.text == modelled.text,
                seen.text.clone(),
                modelled.text.clone(),
            )
        }
    }
}

fn absent(seen: Option<&str>, modelled: Option<&str>) -> Result<Agreement, String> {
    match (seen, modelled) {
        (None, _) => Ok(Agreement::Blocked),
        (Some(seen), _) => Err(format!(
            "blocked for {seen:?}, in the model for {modelled:?}"
        )),
    }
}

fn agree(same: bool, seen: String, modelled: String) -> Result<Agreement, String> {
    match same {
        true => Ok(Agreement::Reason),
        false => Err(format!("blocked for {seen}, in the model for {modelled}")),
    }
}

/// One character for each byte.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
