//! The events for requests: why a page cannot read a response.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::decide::{RequestHead, SingleLine};
use crate::decision::{Decision, HeaderSource, Verdict};
use crate::explain::Explanation;
use crate::grant_id::GrantId;
use crate::header::{RequestHeader, ResponseHeader, names};
use crate::policy::Policy;
use crate::refuse::{RefusalReason, host, is_of_own_page};
use crate::text::Excerpt;

/// Whether a subscriber of `tracing`, or without one a logger of `log`, wants the events of a level.
macro_rules! is_wanted {
    ($tracing:ident, $log:ident) => {
        tracing::enabled!(tracing::Level::$tracing) || log::log_enabled!(log::Level::$log)
    };
}

/// Whether a subscriber or a logger may want an event of a request.
fn is_anything_wanted() -> bool {
    tracing::level_filters::LevelFilter::current() >= tracing::Level::WARN
        || log::max_level() >= log::Level::Warn
}

impl Policy {
    /// Emits the event for a request, if it needs one. For adapters.
    ///
    /// | level | request |
    /// |---|---|
    /// | info | its origin has no grant, and it is not from the server's own page |
    /// | info | a preflight that a browser will fail: its method or one of its headers is not allowed |
    /// | warn | it is refused, or would be if the policy did not only report |
    ///
    /// The message is a sentence that names the nearest pattern and how it differs. The fields:
    ///
    /// - `reason`: a short, stable name, such as `origin-not-allowed` ([`Reason::as_str`](crate::Reason::as_str)),
    ///   `method-not-allowed`, `header-not-allowed`, or `websocket` ([`RefusalReason::as_str`]).
    /// - `method`: of a preflight, the method that the page asks for. `preflight`: true or false.
    /// - `path`, without the query, if the adapter knows it. `route`: the path of the route, if there is one.
    /// - `origin`, if there is one. `host`, where the reason is `hosts`.
    /// - `nearest`: the pattern that the origin nearly matches, if there is one.
    /// - `left_out`: how many events of the same reason and route were left out before this one, if any.
    ///
    /// Texts of the client are cut at 128 characters, and characters that are not printable are escaped.
    ///
    /// For each reason and route, 20 events are emitted at once, and after that one in 10 seconds, so that a hostile
    /// client cannot fill a disk: the message of the last one says so. On `wasm32-unknown-unknown`, which has no clock, it is those 20.
    ///
    /// The events go to the subscriber of `tracing`, or without one to the logger of the crate `log`. Without either,
    /// nothing is done.
    ///
    /// With the feature `metrics`, the request is also counted, in `cors_requests_total` of the crate `metrics`, if it has an
    /// `Origin` that is not the server's own. The label `outcome` is `granted`, `no-grant`, `preflight-granted`,
    /// `preflight-no-grant`, `preflight-not-allowed` (a browser fails it because of its method or a header), `refused` or
    /// `reported`. Requests that the policy does not see, such as those that a proxy answers, are not counted.
    #[inline]
    pub fn log(&self, head: &impl RequestHead, decision: Decision) {
        #[cfg(feature = "metrics")]
        self.count(head, decision);
        match decision {
            Decision::Forward(headers)
                if decision.refusal().is_none()
                    && (headers.is_granted() || decision.verdict() == Verdict::NoOrigin) => {}
            // Without a reader of events, this takes fewer instructions than the call.
            _ if is_anything_wanted() => self.emit(head, decision),
            _ => {}
        }
    }

    #[cold]
    fn emit(&self, head: &impl RequestHead, decision: Decision) {
        let is_wanted = match decision.refusal() {
            Some(_) => is_wanted!(WARN, Warn),
            None => is_wanted!(INFO, Info),
        };
        if !is_wanted {
            return;
        }
        let Some(cause) = self.cause(head, decision) else {
            return;
        };
        let route = (self.compiled().routed.as_ref())
            .and_then(|routed| Some((routed.find(head).ok()??.0, routed)));
        let limits = &self.compiled().event_limits;
        let key = (cause.as_str(), route.map(|(route, _)| route));
        let Some(permit) = limits.take(key, time_since_start()) else {
            return;
        };
        let explanation = self.explain(head);
        let preflight = matches!(decision, Decision::Respond(_));
        let method = match head.single_line(RequestHeader::AccessControlRequestMethod) {
            SingleLine::One(asked) if preflight => asked,
            _ => head.method(),
        };
        let origin = match head.single_line(RequestHeader::Origin) {
            SingleLine::One(origin) => Some(origin),
            SingleLine::Absent | SingleLine::Repeated => None,
        };
        let host = matches!(cause, Cause::Refusal(RefusalReason::Host)).then(|| host(head));
        let message = Message(&cause, &explanation, permit);
        macro_rules! event {
            ($level:ident) => {
                tracing::$level!(
                    reason = cause.as_str(),
                    method = %Bytes(method),
                    path = head.path().map(|path| tracing::field::display(Bytes(path))),
                    preflight,
                    route = route.and_then(|(route, routed)| routed.path(route)),
                    origin = origin.map(|origin| tracing::field::display(Bytes(origin))),
                    host = host.flatten().map(|host| tracing::field::display(Bytes(host))),
                    nearest = explanation.near_miss().map(|near_miss| &*near_miss.pattern),
                    left_out = (permit.left_out > 0).then_some(permit.left_out),
                    "CORS: {message}"
                )
            };
        }
        match cause {
            Cause::Refusal(_) => event!(warn),
            Cause::NoGrant(_) | Cause::Preflight(..) => event!(info),
        }
    }

    /// Whether the method and the headers that a preflight asks for are allowed.
    #[cfg(feature = "metrics")]
    pub(crate) fn allows_asked(&self, head: &impl RequestHead, decision: Decision) -> bool {
        self.not_allowed(head, decision).is_none()
    }

    fn cause<'h>(&'h self, head: &'h impl RequestHead, decision: Decision) -> Option<Cause<'h>> {
        if let Some(refusal) = decision.refusal() {
            return Some(Cause::Refusal(refusal));
        }
        match (decision.verdict(), decision) {
            (Verdict::Granted(grant), Decision::Respond(_)) => {
                Some(Cause::Preflight(self.not_allowed(head, decision)?, grant))
            }
            // Not a cross-origin request: browsers send `Origin` with each POST.
            (Verdict::NoGrant, Decision::Forward(_)) if is_of_own_page(head) => None,
            (Verdict::NoGrant, _) => Some(Cause::NoGrant(self.reason(head, decision).0.as_str())),
            (Verdict::Granted(_) | Verdict::NoOrigin, _) => None,
        }
    }

    /// What a browser finds missing in the response to a preflight whose origin has a grant:
    /// [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch), step 7.
    fn not_allowed<'h>(
        &'h self,
        head: &'h impl RequestHead,
        decision: Decision,
    ) -> Option<NotAllowed<'h>> {
        /// Browsers send each name once. So many names fill a header line only for a hostile client.
        const MAX_NAMES: usize = 64;
        // The list; `None` if what is asked for is echoed.
        let list = |name| {
            let mut headers = self.headers(decision).iter();
            match headers
                .find(|header| header.name == name)
                .map(|header| &header.value)
            {
                Some(HeaderSource::Echo(_)) => None,
                Some(HeaderSource::Constant(list)) => Some(&**list),
                None => Some(""),
            }
        };
        if let Some(methods) = list(ResponseHeader::AccessControlAllowMethods)
            && let SingleLine::One(asked) =
                head.single_line(RequestHeader::AccessControlRequestMethod)
            && !matches!(asked, b"GET" | b"HEAD" | b"POST")
            && !names(methods.as_bytes()).any(|name| name == asked || name == b"*")
        {
            return Some(NotAllowed::Method {
                asked,
                other_case: names(methods.as_bytes()).find(|name| name.eq_ignore_ascii_case(asked)),
            });
        }
        let headers = list(ResponseHeader::AccessControlAllowHeaders)?;
        let is_allowed = |asked: &[u8]| {
            names(headers.as_bytes()).any(|name| {
                name.eq_ignore_ascii_case(asked)
                    || (name == b"*" && !asked.eq_ignore_ascii_case(b"authorization"))
            })
        };
        let asked = head
            .lines(RequestHeader::AccessControlRequestHeaders)
            .flat_map(names);
        let mut asked = asked.filter(|name| !name.is_empty()).take(MAX_NAMES);
        Some(NotAllowed::Header {
            asked: asked.find(|name| !is_allowed(name))?,
            has_wildcard: names(headers.as_bytes()).any(|name| name == b"*"),
        })
    }
}

/// Why a request has an event.
enum Cause<'h> {
    /// The name of its [`Reason`](crate::Reason).
    NoGrant(&'static str),
    Preflight(NotAllowed<'h>, GrantId),
    Refusal(RefusalReason),
}

impl Cause<'_> {
    fn as_str(&self) -> &'static str {
        match self {
            Self::NoGrant(reason) => reason,
            Self::Preflight(NotAllowed::Method { .. }, _) => "method-not-allowed",
            Self::Preflight(NotAllowed::Header { .. }, _) => "header-not-allowed",
            Self::Refusal(reason) => reason.as_str(),
        }
    }
}

/// What a preflight asks for, and its grant does not allow.
enum NotAllowed<'h> {
    Method {
        asked: &'h [u8],
        /// The same method, written otherwise in the list.
        other_case: Option<&'h [u8]>,
    },
    Header {
        asked: &'h [u8],
        has_wildcard: bool,
    },
}

struct Message<'a>(&'a Cause<'a>, &'a Explanation, Permit);

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(cause, explanation, permit) = self;
        match cause {
            Cause::Preflight(not_allowed, grant) => {
                write!(
                    f,
                    "a browser fails this preflight: {not_allowed} of {grant}"
                )?;
            }
            Cause::NoGrant(_) | Cause::Refusal(_) => explanation.fmt(f)?,
        }
        match permit.is_last {
            true => {
                f.write_str("; of the next events with this reason, one in 10 seconds is shown")
            }
            false => Ok(()),
        }
    }
}

/// To be followed by the grant.
impl fmt::Display for NotAllowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method { asked, other_case } => {
                write!(f, "method `{}` is not ", Bytes(asked))?;
                if let Some(listed) = other_case {
                    write!(f, "`{}`, which is ", Bytes(listed))?;
                }
                f.write_str("in `allow_methods`")
            }
            Self::Header {
                asked,
                has_wildcard,
            } => {
                write!(f, "header `{}` is not in `allow_headers`", Bytes(asked))?;
                match has_wildcard {
                    true => f.write_str(" (`*` does not stand for it)"),
                    false => Ok(()),
                }
            }
        }
    }
}

/// The beginning of a text of the client.
struct Bytes<'a>(&'a [u8]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// More than an excerpt can show.
        const MAX: usize = 1024;
        let text = self.0.get(..MAX).unwrap_or(self.0);
        Excerpt(&String::from_utf8_lossy(text)).fmt(f)
    }
}

/// A reason, and the index of a route: what a client cannot choose freely, so the number of keys is bounded.
type Key = (&'static str, Option<usize>);

/// How many events may be emitted, by key.
#[derive(Default)]
pub(crate) struct EventLimits(Mutex<HashMap<Key, EventLimit>>);

#[derive(Default)]
struct EventLimit {
    /// When [`BURST`](Self::BURST) events may be emitted at once again.
    full_at: Duration,
    left_out: u64,
}

/// An event may be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Permit {
    /// How many events were left out since the last one.
    left_out: u64,
    /// Whether another event at the same time would be left out.
    is_last: bool,
}

impl EventLimits {
    fn take(&self, key: Key, now: Duration) -> Option<Permit> {
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        limits.entry(key).or_default().take(now)
    }
}

impl EventLimit {
    const BURST: u32 = 20;
    const EVERY: Duration = Duration::from_secs(10);

    fn take(&mut self, now: Duration) -> Option<Permit> {
        let latest = now + Self::EVERY * Self::BURST;
        let full_at = self.full_at.max(now) + Self::EVERY;
        if full_at > latest {
            self.left_out += 1;
            return None;
        }
        self.full_at = full_at;
        Some(Permit {
            left_out: std::mem::take(&mut self.left_out),
            is_last: full_at + Self::EVERY > latest,
        })
    }
}

/// The time since the first call.
fn time_since_start() -> Duration {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    return Duration::ZERO;
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    {
        static START: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        START.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_goes_on() {
        time_since_start();
        let later = std::time::Instant::now();
        while later.elapsed().is_zero() {}
        assert!(time_since_start() > Duration::ZERO);
    }

    #[test]
    fn a_burst_and_then_one_in_ten_seconds() {
        let limits = EventLimits::default();
        let key = ("origin-not-allowed", None);
        let take = |key, seconds| limits.take(key, Duration::from_secs(seconds));
        let permit = |left_out, is_last| Some(Permit { left_out, is_last });
        for index in 0..20 {
            assert_eq!(take(key, 100), permit(0, index == 19));
        }
        for _ in 0..500 {
            assert_eq!(take(key, 100), None);
        }
        assert_eq!(take(key, 109), None);
        assert_eq!(take(key, 110), permit(501, true));
        assert_eq!(take(key, 110), None);
        assert_eq!(take(key, 125), permit(1, true));
        // Another reason, or another route, has its own limit.
        assert_eq!(take(("websocket", None), 125), permit(0, false));
        assert_eq!(take((key.0, Some(0)), 125), permit(0, false));
        // After a quiet time there is a whole burst again, and not more.
        let emitted = (0..100).filter(|_| take(key, 10_000).is_some()).count();
        assert_eq!(emitted, 20);
    }

    #[test]
    fn an_hour_of_a_hostile_client() {
        let mut limit = EventLimit::default();
        let milliseconds = (0..3_600_000).step_by(10).map(Duration::from_millis);
        let emitted: Vec<Permit> = milliseconds.filter_map(|now| limit.take(now)).collect();
        assert_eq!(emitted.len(), 20 + 359);
        let left_out: u64 = emitted.iter().map(|permit| permit.left_out).sum();
        assert_eq!(left_out + limit.left_out, 360_000 - 379);
    }
}
