//! The fields of actual responses, prepared and written.

use cors_core::{Field, ResponseHeader, Value, merge_vary};
use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::cors::response_header_name;

/// A row of fields, apart where that takes less time to write them. Nearly all rows begin with the
/// same one or two fields and end with the same one, and a name and a value that the compiler knows
/// are written without being copied first.
#[derive(Debug)]
pub(crate) struct Actual {
    /// All of them. What has no value has the request's origin.
    fields: Box<[(HeaderName, Option<HeaderValue>)]>,
    /// Whether the first is `Access-Control-Allow-Origin` with the request's origin.
    echoes_origin: bool,
    /// Whether `Access-Control-Allow-Credentials: true` is next.
    credentials: bool,
    /// What is between these and the last.
    others: Box<[(HeaderName, HeaderValue)]>,
    /// Whether the last is `Vary: Origin`.
    varies: bool,
    /// Whether `Timing-Allow-Origin` is among them. It replaces another, and may echo the origin a
    /// second time.
    times: bool,
}

impl Actual {
    pub(crate) fn new(row: &[Field<HeaderValue>]) -> Self {
        let fields = row.iter().map(|field| {
            let value = match &field.value {
                Value::Fixed(value) => Some(value.clone()),
                Value::Echo(_) => None,
            };
            (response_header_name(field.name), value)
        });
        let fields: Box<[_]> = fields.collect();
        let is = |field: &(HeaderName, Option<HeaderValue>), name, value| {
            field.0 == name && field.1 == value
        };
        let (echoes_origin, rest) = match &*fields {
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
        Self {
            echoes_origin,
            credentials,
            others: others.collect(),
            varies,
            times: fields.iter().any(|(name, _)| *name == TIMING_ALLOW_ORIGIN),
            fields,
        }
    }

    /// Writes the fields. The origin is moved where that will do.
    pub(crate) fn write(&self, origin: &mut Option<HeaderValue>, headers: &mut HeaderMap) {
        // It is tempting to just remove and merge. But hardly any response has one of these, and a
        // look-up costs more than one look at each name.
        let is_plain = !self.times
            && !headers
                .keys()
                .any(|name| *name == VARY || OWNED.contains(name));
        if !is_plain {
            return self.merge(origin.as_ref(), headers);
        }
        // It is tempting to write all of this as one loop. It took a fifth more.
        //
        // To append cannot fail before there are some 24,000 header fields. The names are borrowed
        // because only then is their hash computed in place.
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

    /// The same for a response that may have some of these fields already.
    #[cold]
    fn merge(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        for name in &OWNED {
            headers.remove(name);
        }
        if self.times {
            headers.remove(TIMING_ALLOW_ORIGIN);
        }
        for (name, value) in &self.fields {
            // What is not fixed is the origin: an actual response echoes nothing else.
            match value.as_ref().or(origin) {
                Some(_) if *name == VARY => vary_by_origin(headers),
                Some(value) => drop(headers.try_append(name, value.clone())),
                None => {}
            }
        }
    }
}

/// Makes one line of the application's `Vary` and ours.
fn vary_by_origin(headers: &mut HeaderMap) {
    let lines = headers.get_all(VARY).iter().map(HeaderValue::as_bytes);
    // Lines that are values give a value when they are joined.
    if let Some(Ok(line)) = merge_vary(lines).map(HeaderValue::try_from) {
        let _ = headers.try_insert(VARY, line);
    }
}

const OWNED: [HeaderName; 3] = {
    let [origin, credentials, exposed] = ResponseHeader::OWNED;
    [
        response_header_name(origin),
        response_header_name(credentials),
        response_header_name(exposed),
    ]
};

const TIMING_ALLOW_ORIGIN: HeaderName = response_header_name(ResponseHeader::TimingAllowOrigin);

// Constants, as a `static` one would have to be cloned.
const TRUE: HeaderValue = HeaderValue::from_static("true");
const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
