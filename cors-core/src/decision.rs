//! The decision for a request: symbols, no header values.

use crate::grant_id::GrantId;
use crate::header::{RequestHeader, ResponseHeader};
use crate::refuse::RefusalReason;

/// What to do with a request. An adapter applies it.
///
/// It is exhaustive on purpose: an adapter that does not handle a kind of decision must not compile.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The request is a CORS-preflight request: send this response now, without a body, and run nothing else.
    Respond(Preflight),
    /// The request is [refused](crate::Refuse): send this response now, without a body, and run nothing else.
    Refuse(Refusal),
    /// The request is any other: run the application, then write these headers to its response.
    Forward(HeaderSet),
}

impl Decision {
    /// The headers to write.
    pub fn headers(self) -> HeaderSet {
        match self {
            Self::Respond(preflight) => preflight.headers,
            Self::Refuse(refusal) => refusal.headers,
            Self::Forward(headers) => headers,
        }
    }

    /// Why the request is refused, or why it [would be](crate::Refuse::report_only).
    pub fn refusal(self) -> Option<RefusalReason> {
        match self {
            Self::Respond(_) => None,
            Self::Refuse(refusal) => Some(refusal.reason),
            Self::Forward(headers) => headers.reported,
        }
    }

    /// Whether the origin has a grant.
    pub fn verdict(self) -> Verdict {
        self.headers().verdict
    }
}

/// The response to a CORS-preflight request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Preflight {
    pub(crate) status: u16,
    pub(crate) headers: HeaderSet,
}

impl Preflight {
    /// The status: 204 (or 200, if so configured), or 403 without a grant.
    pub fn status(self) -> u16 {
        self.status
    }

    /// The headers to write.
    pub fn headers(self) -> HeaderSet {
        self.headers
    }
}

/// The response to a request that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    pub(crate) reason: RefusalReason,
    pub(crate) headers: HeaderSet,
}

impl Refusal {
    /// The status: 403.
    pub fn status(self) -> u16 {
        403
    }

    /// Why the request is refused.
    pub fn reason(self) -> RefusalReason {
        self.reason
    }

    /// The headers to write: those of a response of the application, and `Cache-Control: no-store`.
    pub fn headers(self) -> HeaderSet {
        self.headers
    }
}

/// Which headers to write: a key for [`PerResponse`].
///
/// It is valid only for the policy that made it and for what was prepared from that policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeaderSet {
    verdict: Verdict,
    row: u32,
    /// Why the request would be refused, if the policy did not only report.
    reported: Option<RefusalReason>,
}

impl HeaderSet {
    /// The row is that of [`PerResponse`].
    pub(crate) fn new(verdict: Verdict, row: u32) -> Self {
        Self {
            verdict,
            row,
            reported: None,
        }
    }

    pub(crate) fn reporting(self, reported: Option<RefusalReason>) -> Self {
        Self { reported, ..self }
    }

    /// Whether the request's origin has a grant. If not, no header echoes anything, and an
    /// adapter need not keep the request's values.
    pub fn is_granted(self) -> bool {
        matches!(self.verdict, Verdict::Granted(_))
    }
}

/// Whether a request's origin has a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The origin has this grant.
    Granted(GrantId),
    /// The request has an `Origin` that no grant matches. An actual request still reaches the
    /// application.
    NoGrant,
    /// The request has no `Origin`, so it is not a
    /// [CORS request](https://fetch.spec.whatwg.org/#cors-request).
    NoOrigin,
}

/// A header to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Header<V> {
    /// Its name. [`Vary`](ResponseHeader::Vary) is [merged](super::adapter::merge_vary) with the existing lines; all others
    /// replace them.
    pub name: ResponseHeader,
    /// Its value.
    pub value: HeaderSource<V>,
}

/// Where the value of a header comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeaderSource<V> {
    /// The policy: the value is always this one.
    Constant(V),
    /// The request: one line for each of its lines of this header that is not empty.
    Echo(RequestHeader),
}

impl<V> Header<V> {
    pub(crate) fn new(name: ResponseHeader, value: HeaderSource<V>) -> Self {
        Self { name, value }
    }

    /// Converts a constant value into a framework's own type.
    ///
    /// # Errors
    ///
    /// The error of `convert`.
    pub fn try_map<W, E>(&self, convert: impl FnOnce(&V) -> Result<W, E>) -> Result<Header<W>, E> {
        Ok(Header {
            name: self.name,
            value: match &self.value {
                HeaderSource::Constant(value) => HeaderSource::Constant(convert(value)?),
                HeaderSource::Echo(header) => HeaderSource::Echo(*header),
            },
        })
    }
}

/// A prepared value for each kind of response of a policy. Created by
/// [`Policy::prepare`](crate::Policy::prepare), once, at start-up.
///
/// `A` is for the responses of the application and those to refused requests, `P` for the responses to preflights.
#[derive(Clone, Debug)]
pub struct PerResponse<A, P = A> {
    actual: Box<[A]>,
    preflight: Box<[P]>,
    /// None if nothing is refused.
    refused: Box<[A]>,
}

impl<A, P> PerResponse<A, P> {
    /// The value for a response of the application.
    #[inline]
    pub fn actual(&self, headers: HeaderSet) -> Option<&A> {
        self.actual.get(headers.row as usize)
    }

    /// The value for the response to a preflight.
    #[inline]
    pub fn preflight(&self, preflight: Preflight) -> Option<&P> {
        self.preflight.get(preflight.headers.row as usize)
    }

    /// The value for the response to a request that is refused.
    #[inline]
    pub fn refused(&self, refusal: Refusal) -> Option<&A> {
        self.refused.get(refusal.headers.row as usize)
    }

    /// All lists have the same rows.
    pub(crate) fn new(actual: Vec<A>, preflight: Vec<P>, refused: Vec<A>) -> Self {
        Self {
            actual: actual.into(),
            preflight: preflight.into(),
            refused: refused.into(),
        }
    }

    pub(crate) fn try_map<B, Q, E>(
        &self,
        mut actual: impl FnMut(&A) -> Result<B, E>,
        preflight: impl FnMut(&P) -> Result<Q, E>,
    ) -> Result<PerResponse<B, Q>, E> {
        let preflights = self.preflight.iter().map(preflight);
        Ok(PerResponse {
            actual: self
                .actual
                .iter()
                .map(&mut actual)
                .collect::<Result<_, E>>()?,
            preflight: preflights.collect::<Result<_, E>>()?,
            refused: self.refused.iter().map(actual).collect::<Result<_, E>>()?,
        })
    }
}
