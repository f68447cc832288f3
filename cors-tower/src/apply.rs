//! Applies a decision to a response.

use cors_core::adapter::{Header, HeaderSource, RequestHeader, ResponseHeader, merge_vary};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL, InvalidHeaderValue, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::head::header_name;

/// The headers of one kind of response, split so that constant ones are written without cloning. Nearly
/// all begin with the same one or two headers and end with the same one.
#[derive(Debug)]
pub(crate) struct ActualHeaders {
    /// All of them. `None` stands for the request's origin.
    headers: Box<[(HeaderName, Option<HeaderValue>)]>,
    /// Whether the first is `Access-Control-Allow-Origin` with the request's origin.
    echoes_origin: bool,
    /// Whether `Access-Control-Allow-Credentials: true` is next.
    credentials: bool,
    /// The headers between these and the last.
    others: Box<[(HeaderName, HeaderValue)]>,
    /// Whether the last is `Vary: Origin`.
    varies: bool,
    /// Whether `Timing-Allow-Origin` is among them. It replaces another, and may echo the origin a
    /// second time.
    times: bool,
}

impl ActualHeaders {
    pub(crate) fn new(headers: &[Header<Box<str>>]) -> Result<Self, InvalidHeaderValue> {
        let headers = headers.iter().map(|header| {
            let value = match &header.value {
                HeaderSource::Constant(value) => Some(header_value(value)?),
                // An actual response echoes only the origin.
                HeaderSource::Echo(_) => None,
            };
            Ok((response_header_name(header.name), value))
        });
        let headers: Box<[_]> = headers.collect::<Result<_, InvalidHeaderValue>>()?;
        let is = |header: &(HeaderName, Option<HeaderValue>), name, value| {
            header.0 == name && header.1 == value
        };
        let (echoes_origin, rest) = match &*headers {
            [first, rest @ ..] if is(first, ACCESS_CONTROL_ALLOW_ORIGIN, None) => (true, rest),
            rest => (false, rest),
        };
        let (credentials, rest) = match rest {
            [next, rest @ ..] if is(next, ACCESS_CONTROL_ALLOW_CREDENTIALS, Some(TRUE)) => {
                (true, rest)
            }
            rest => (false, rest),
        };
        let (varies, rest) = match rest {
            [rest @ .., last] if is(last, VARY, Some(ORIGIN)) => (true, rest),
            rest => (false, rest),
        };
        let others = rest.iter();
        let others = others.filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        Ok(Self {
            echoes_origin,
            credentials,
            others: others.collect(),
            varies,
            times: headers.iter().any(|(name, _)| *name == TIMING_ALLOW_ORIGIN),
            headers,
        })
    }

    /// Writes the headers. The origin is moved if it is needed once. `replaced` is called for each header
    /// of another writer that is replaced or removed.
    pub(crate) fn write(
        &self,
        origin: &mut Option<HeaderValue>,
        headers: &mut HeaderMap,
        replaced: impl Fn(ResponseHeader),
    ) {
        // Few responses have one of these headers, and one pass over the names takes fewer instructions than
        // a lookup of each.
        let is_plain = !self.times
            && !headers
                .keys()
                .any(|name| *name == VARY || OWNED.contains(name));
        if !is_plain {
            return self.merge(origin.as_ref(), headers, replaced);
        }
        // Do not write all headers in one loop: that took a fifth more instructions.
        //
        // Appending cannot fail below about 24,000 headers. The names are borrowed because only then is
        // their hash computed in place.
        if self.echoes_origin
            && let Some(origin) = origin.take()
        {
            let _ = headers.try_append(&ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        if self.credentials {
            let _ = headers.try_append(&ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        for (name, value) in &self.others {
            let _ = headers.try_append(name, value.clone());
        }
        if self.varies {
            let _ = headers.try_append(&VARY, ORIGIN);
        }
    }

    /// The same for a response that may have some of these headers already.
    #[cold]
    fn merge(
        &self,
        origin: Option<&HeaderValue>,
        headers: &mut HeaderMap,
        replaced: impl Fn(ResponseHeader),
    ) {
        for (name, header) in OWNED.iter().zip(ResponseHeader::OWNED) {
            if headers.remove(name).is_some() {
                replaced(*header);
            }
        }
        if self.times {
            headers.remove(TIMING_ALLOW_ORIGIN);
        }
        for (name, value) in &self.headers {
            match value.as_ref().or(origin) {
                Some(_) if *name == VARY => vary_by_origin(headers),
                Some(value) => drop(headers.try_append(name, value.clone())),
                None => {}
            }
        }
    }
}

/// The headers of the response to a preflight, written once as far as possible: copying the map takes
/// half the instructions of writing it.
#[derive(Debug)]
pub(crate) struct PreflightHeaders {
    headers: HeaderMap,
    /// Whether the first header's value is the request's origin.
    echoes_origin: bool,
    /// Headers that echo something else, and what.
    echoes: Box<[(HeaderName, HeaderName)]>,
}

impl PreflightHeaders {
    pub(crate) fn new(all: &[Header<Box<str>>]) -> Result<Self, InvalidHeaderValue> {
        let mut headers = HeaderMap::new();
        let mut echoes_origin = false;
        let mut echoes = Vec::new();
        for header in all {
            let name = response_header_name(header.name);
            match &header.value {
                HeaderSource::Constant(value) => {
                    headers.append(name, header_value(value)?);
                }
                HeaderSource::Echo(RequestHeader::Origin) if headers.is_empty() => {
                    echoes_origin = true;
                    // If it were ever sent, it would grant nothing.
                    headers.append(name, HeaderValue::from_static(""));
                }
                HeaderSource::Echo(echoed) => echoes.push((name, header_name(*echoed))),
            }
        }
        Ok(Self {
            headers,
            echoes_origin,
            echoes: echoes.into_boxed_slice(),
        })
    }

    /// `asked` are the headers of the preflight, and `origin` is its origin.
    pub(crate) fn headers(&self, origin: Option<&HeaderValue>, asked: &HeaderMap) -> HeaderMap {
        let mut headers = self.headers.clone();
        if self.echoes_origin
            && let (Some(value), Some(origin)) = (headers.values_mut().next(), origin)
        {
            // Do not use `insert`: it reserves room for one more header, although this one exists.
            *value = origin.clone();
        }
        for (name, echoed) in &self.echoes {
            for value in asked
                .get_all(echoed)
                .iter()
                .filter(|value| !value.is_empty())
            {
                // Appending cannot fail below about 24,000 headers.
                let _ = headers.try_append(name, value.clone());
            }
        }
        headers
    }
}

/// Merges the application's `Vary` and ours into one line.
fn vary_by_origin(headers: &mut HeaderMap) {
    let lines = headers.get_all(VARY).iter().map(HeaderValue::as_bytes);
    // Valid values are a valid value when they are joined.
    if let Some(Ok(line)) = merge_vary(lines).map(HeaderValue::try_from) {
        let _ = headers.try_insert(VARY, line);
    }
}

/// The names of [`ResponseHeader::OWNED`], in the same order.
const OWNED: [HeaderName; 3] = [
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_EXPOSE_HEADERS,
];

const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

// Constants, because a `static` value would have to be cloned.
const TRUE: HeaderValue = HeaderValue::from_static("true");
const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// A clone of a static value counts no references, and nearly every response has these values.
fn header_value(value: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    match value {
        "*" => Ok(HeaderValue::from_static("*")),
        "true" => Ok(HeaderValue::from_static("true")),
        "Origin" => Ok(HeaderValue::from_static("Origin")),
        value => HeaderValue::from_str(value),
    }
}

fn response_header_name(name: ResponseHeader) -> HeaderName {
    match name {
        ResponseHeader::AccessControlAllowOrigin => ACCESS_CONTROL_ALLOW_ORIGIN,
        ResponseHeader::AccessControlAllowCredentials => ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ResponseHeader::AccessControlAllowMethods => ACCESS_CONTROL_ALLOW_METHODS,
        ResponseHeader::AccessControlAllowHeaders => ACCESS_CONTROL_ALLOW_HEADERS,
        ResponseHeader::AccessControlMaxAge => ACCESS_CONTROL_MAX_AGE,
        ResponseHeader::AccessControlExposeHeaders => ACCESS_CONTROL_EXPOSE_HEADERS,
        ResponseHeader::TimingAllowOrigin => TIMING_ALLOW_ORIGIN,
        ResponseHeader::Vary => VARY,
        ResponseHeader::CacheControl => CACHE_CONTROL,
        other => HeaderName::from_static(other.name()),
    }
}
