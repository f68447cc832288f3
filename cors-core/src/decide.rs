//! The engine: what to do with a request, in the order of the Fetch standard.

use crate::decision::{Decision, HeaderSet, Preflight, Verdict};
use crate::grant_id::GrantId;
use crate::header::RequestHeader;
use crate::policy::Policy;

/// What the engine reads of a request. Adapters implement it on a newtype.
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
    /// The value of every line of the header field `name`, in order of receipt
    /// ([RFC 9110, section 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)), without white
    /// space around it.
    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]>;

    /// What [`lines`](Self::lines) of a field come to where only one will do. It is for adapters that can
    /// tell faster than by asking for a second line.
    fn single_line(&self, name: RequestHeader) -> SingleLine<'_> {
        let mut lines = self.lines(name);
        match (lines.next(), lines.next()) {
            (None, _) => SingleLine::Absent,
            (Some(line), None) => SingleLine::One(line),
            (Some(_), Some(_)) => SingleLine::Repeated,
        }
    }
}

/// The lines of a header field. Made by [`RequestHead::single_line`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SingleLine<'a> {
    /// There is none.
    Absent,
    /// There is one, with this value.
    One(&'a [u8]),
    /// There are several.
    Repeated,
}

impl Policy {
    /// Decides a request. Total: every request gets an answer. Allocates nothing, and its cost does
    /// not grow with the number of origins, nor with what the request sends beyond what could match.
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
        let same_for_all = || Decision::Forward(HeaderSet::new(Verdict::Granted(GrantId::FIRST)));
        let may_be_preflight = asks_for_method(head);
        if policy.same_for_all && !may_be_preflight {
            // <https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches>: the same headers on all
            // responses, `Origin` or not, so that caches need not tell them apart.
            return same_for_all();
        }
        match self.verdict(head) {
            Verdict::NoOrigin if policy.same_for_all => same_for_all(),
            // <https://fetch.spec.whatwg.org/#cors-preflight-request>. Whether the asked method and
            // headers are among those sent is for the browser to see:
            // <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, step 7.
            verdict if may_be_preflight && verdict != Verdict::NoOrigin => {
                Decision::Respond(Preflight {
                    status: match verdict {
                        Verdict::Granted(_) => policy.preflight_status,
                        Verdict::NoGrant | Verdict::NoOrigin => 403,
                    },
                    headers: HeaderSet::new(verdict),
                })
            }
            // Do not refuse an actual request without a grant: `Origin` also accompanies same-origin
            // POSTs, so that would break the site's own forms, and protect nothing from clients other
            // than browsers.
            verdict => Decision::Forward(HeaderSet::new(verdict)),
        }
    }

    fn verdict(&self, head: &impl RequestHead) -> Verdict {
        match head.single_line(RequestHeader::Origin) {
            SingleLine::Absent => Verdict::NoOrigin,
            SingleLine::One(origin) => self
                .compiled()
                .allowlist
                .grant(origin)
                .map_or(Verdict::NoGrant, Verdict::Granted),
            // Not the first of them: another party on the way may take the last.
            SingleLine::Repeated => Verdict::NoGrant,
        }
    }
}

/// Whether a request is a
/// [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request): `OPTIONS` with
/// `Origin` and `Access-Control-Request-Method`. For middleware of your own that has to let
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
