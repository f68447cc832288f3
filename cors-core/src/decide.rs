//! Decides what to do with a request, in the order of the Fetch standard.

use crate::decision::{Decision, Preflight, Refusal, Verdict};
use crate::header::RequestHeader;
use crate::policy::{CompiledPart, Policy};

/// What a policy reads of a request. Adapters implement it on a newtype.
///
/// # Examples
///
/// ```
/// use cors_core::adapter::{RequestHead, RequestHeader, SingleLine};
///
/// struct Head<'a>(&'a str, &'a [(&'a str, &'a str)]);
///
/// impl RequestHead for Head<'_> {
///     fn method(&self) -> &[u8] {
///         self.0.as_bytes()
///     }
///     fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
///         let named = move |line: &&(&str, &str)| line.0.eq_ignore_ascii_case(name.name());
///         self.1.iter().filter(named).map(|line| line.1.as_bytes())
///     }
/// }
///
/// let head = Head("GET", &[("Origin", "https://app.example.com")]);
/// assert!(head.lines(RequestHeader::Origin).eq([b"https://app.example.com"]));
/// assert_eq!(head.single_line(RequestHeader::Origin), SingleLine::One(b"https://app.example.com"));
/// ```
pub trait RequestHead {
    /// The method, case-sensitive.
    fn method(&self) -> &[u8];
    /// The value of every line of the header `name`, in order of receipt
    /// ([RFC 9110, section 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)), without white
    /// space around it.
    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]>;

    /// The path as the client sent it, byte by byte, without the query: not decoded, and with what a router has
    /// stripped from its beginning. It is empty for the authority form, and `*` for the asterisk form
    /// ([RFC 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)).
    ///
    /// `None` if the adapter does not know it: then a policy with routes grants nothing. That is the default.
    fn path(&self) -> Option<&[u8]> {
        None
    }

    /// The host and port of the request's target, if it names them: in the absolute form, or as `:authority` in HTTP/2.
    /// They take the place of `Host` ([RFC 9112, section 3.2.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2)).
    fn authority(&self) -> Option<&[u8]> {
        None
    }

    /// The pseudo-header `:protocol` of an extended CONNECT of HTTP/2
    /// ([RFC 8441](https://www.rfc-editor.org/rfc/rfc8441#section-4)).
    fn protocol(&self) -> Option<&[u8]> {
        None
    }

    /// The [`lines`](Self::lines) of a header that may have only one. Implement it in adapters that can
    /// find this out faster than by asking for a second line.
    fn single_line(&self, name: RequestHeader) -> SingleLine<'_> {
        SingleLine::of(self.lines(name))
    }
}

/// The lines of a header. Created by [`RequestHead::single_line`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SingleLine<'a> {
    /// There is no line.
    Absent,
    /// There is one line, with this value.
    One(&'a [u8]),
    /// There are several lines.
    Repeated,
}

impl<'a> SingleLine<'a> {
    pub(crate) fn of(mut lines: impl Iterator<Item = &'a [u8]>) -> Self {
        match (lines.next(), lines.next()) {
            (None, _) => Self::Absent,
            (Some(line), None) => Self::One(line),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }
}

impl Policy {
    /// Decides a request. There is a decision for every request. Allocates nothing. Its cost does not grow
    /// with the number of origins, nor with the length of an `Origin` that is too long to match.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::adapter::{Decision, Verdict};
    /// use cors_core::{Grant, Policy};
    /// # use cors_core::adapter::{RequestHead, RequestHeader};
    /// # struct Head<'a>(&'a str, &'a [(&'a str, &'a str)]);
    /// # impl RequestHead for Head<'_> {
    /// #     fn method(&self) -> &[u8] {
    /// #         self.0.as_bytes()
    /// #     }
    /// #     fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
    /// #         let named = move |line: &&(&str, &str)| line.0.eq_ignore_ascii_case(name.name());
    /// #         self.1.iter().filter(named).map(|line| line.1.as_bytes())
    /// #     }
    /// # }
    ///
    /// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
    ///
    /// // `Head` is from the example of `RequestHead`.
    /// let get = Head("GET", &[("Origin", "https://app.example.com")]);
    /// assert!(matches!(policy.decide(&get).verdict(), Verdict::Granted(grant) if grant.index() == 0));
    ///
    /// let preflight = Head("OPTIONS", &[
    ///     ("Origin", "https://evil.example"),
    ///     ("Access-Control-Request-Method", "PUT"),
    /// ]);
    /// let Decision::Respond(answer) = policy.decide(&preflight) else { panic!() };
    /// assert_eq!(answer.status(), 403);
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    #[inline]
    pub fn decide(&self, head: &impl RequestHead) -> Decision {
        let policy = self.compiled();
        let part = policy.part(head);
        let may_be_preflight = asks_for_method(head);
        if let Some(grant) = part.same_for_all
            && !may_be_preflight
            && !part.refuse.is_something()
        {
            // <https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches>: the same headers on all
            // responses, with `Origin` or without, so that caches need not distinguish them.
            return Decision::Forward(part.headers(Verdict::Granted(grant)));
        }
        let verdict = part.verdict(head);
        if may_be_preflight && verdict != Verdict::NoOrigin {
            // <https://fetch.spec.whatwg.org/#cors-preflight-request>. Whether the requested method and
            // headers are among those sent is checked by the browser:
            // <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, step 7.
            return Decision::Respond(Preflight {
                status: match verdict {
                    Verdict::Granted(_) => policy.preflight_status,
                    Verdict::NoGrant | Verdict::NoOrigin => 403,
                },
                headers: part.headers(verdict),
            });
        }
        let headers = part.headers(part.same_for_all.map_or(verdict, Verdict::Granted));
        if !part.refuse.is_something() {
            // Do not refuse an actual request without a grant: browsers also send `Origin` with same-origin
            // POSTs, so refusing would break the site's own forms, and would not protect from clients other
            // than browsers.
            return Decision::Forward(headers);
        }
        match policy.refusal(part, head, verdict) {
            Some(reason) if !part.refuse.report_only => {
                Decision::Refuse(Refusal { reason, headers })
            }
            reported => Decision::Forward(headers.reporting(reported)),
        }
    }
}

impl CompiledPart {
    fn verdict(&self, head: &impl RequestHead) -> Verdict {
        match head.single_line(RequestHeader::Origin) {
            SingleLine::Absent => Verdict::NoOrigin,
            SingleLine::One(origin) => self
                .grant_of(head, origin)
                .map_or(Verdict::NoGrant, Verdict::Granted),
            // Do not use the first line: a proxy or an application may use the last one.
            SingleLine::Repeated => Verdict::NoGrant,
        }
    }
}

/// Whether a request is a
/// [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request): `OPTIONS` with
/// `Origin` and `Access-Control-Request-Method`. For middleware of your own that must let
/// preflights pass, such as authentication outside of the CORS middleware.
///
/// # Examples
///
/// ```
/// use cors_core::adapter::is_preflight;
/// # use cors_core::adapter::{RequestHead, RequestHeader};
/// # struct Options;
/// # impl RequestHead for Options {
/// #     fn method(&self) -> &[u8] { b"OPTIONS" }
/// #     fn lines(&self, _: RequestHeader) -> impl Iterator<Item = &[u8]> { [].into_iter() }
/// # }
///
/// assert!(!is_preflight(&Options), "a plain OPTIONS request is the application's");
/// ```
pub fn is_preflight(head: &impl RequestHead) -> bool {
    asks_for_method(head) && head.lines(RequestHeader::Origin).next().is_some()
}

/// Whether a request is a preflight if it has an `Origin`.
fn asks_for_method(head: &impl RequestHead) -> bool {
    head.method() == b"OPTIONS"
        && head
            .lines(RequestHeader::AccessControlRequestMethod)
            .next()
            .is_some()
}
