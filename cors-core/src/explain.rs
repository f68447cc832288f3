//! The reason for a decision: for logs, tests and people, never for the client.

use std::fmt;

use crate::decide::{RequestHead, SingleLine};
use crate::decision::{Decision, Verdict};
use crate::grant_id::GrantId;
use crate::header::RequestHeader;
use crate::origin::{Origin, OriginError};
use crate::path::PathError;
use crate::pattern::{HostWildcard, OriginPattern, PatternError, Shape};
use crate::policy::{CompiledPart, Policy};
use crate::refuse::RefusalReason;
use crate::suggest;
use crate::text::Excerpt;

/// A [`Decision`] with its reason. [`Display`](fmt::Display) writes it as a sentence.
///
/// # Examples
///
/// ```
/// use cors_core::{Difference, Grant, Policy, Reason};
/// # use cors_core::adapter::{RequestHead, RequestHeader};
/// # struct Get(&'static str);
/// # impl RequestHead for Get {
/// #     fn method(&self) -> &[u8] { b"GET" }
/// #     fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
/// #         (name == RequestHeader::Origin).then_some(self.0.as_bytes()).into_iter()
/// #     }
/// # }
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
///
/// // `Get` is a `RequestHead` with this `Origin`.
/// let explanation = policy.explain(&Get("http://app.example.com"));
/// assert_eq!(explanation.reason(), Reason::NotAllowed);
/// let near_miss = explanation.near_miss().unwrap();
/// assert_eq!(near_miss.pattern, "https://app.example.com");
/// assert_eq!(near_miss.difference, Difference::Scheme);
/// assert_eq!(
///     explanation.to_string(),
///     "origin `http://app.example.com` is in no grant; \
///      it differs from `https://app.example.com` by the scheme",
/// );
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    decision: Decision,
    reason: Reason,
    /// Where the policy has routes.
    path: Option<PathExplanation>,
    origin: Option<String>,
    near_miss: Option<NearMiss>,
    granted_elsewhere: Option<GrantId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PathExplanation {
    /// The request's path.
    path: String,
    part: PathPart,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PathPart {
    /// The index of the route, and its path.
    Route(usize, String),
    Top,
    /// The path has no grant.
    None,
}

impl Explanation {
    /// The decision that is explained.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// The step that decided.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The index of the route that the request belongs to, counted from 0; `None` for the top, and for a path
    /// that [has no grant](Reason::AbnormalPath) in a policy with routes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Config, Grant, Policy};
    /// # use cors_core::adapter::{RequestHead, RequestHeader};
    /// # struct Get(&'static str, &'static str);
    /// # impl RequestHead for Get {
    /// #     fn method(&self) -> &[u8] { b"GET" }
    /// #     fn path(&self) -> Option<&[u8]> { Some(self.0.as_bytes()) }
    /// #     fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
    /// #         (name == RequestHeader::Origin).then_some(self.1.as_bytes()).into_iter()
    /// #     }
    /// # }
    ///
    /// let app = Grant::new(["https://app.example.com"]);
    /// let policy = Policy::new(Config::new([app]).route("/public", Grant::new(["*"])))?;
    ///
    /// // `Get` is a `RequestHead` with this path and this `Origin`.
    /// let explanation = policy.explain(&Get("/public/logo", "https://other.example"));
    /// assert_eq!(explanation.route(), Some(0));
    ///
    /// let explanation = policy.explain(&Get("/private", "https://other.example"));
    /// assert_eq!(explanation.route(), None);
    /// assert_eq!(
    ///     explanation.to_string(),
    ///     "no route is for the path `/private`; origin `https://other.example` is in no grant at the top; \
    ///      for other paths it has route[0].grant[0]",
    /// );
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn route(&self) -> Option<usize> {
        match self.path.as_ref()?.part {
            PathPart::Route(route, _) => Some(route),
            PathPart::Top | PathPart::None => None,
        }
    }

    /// Why the request is refused, or would be refused if the policy did not only report.
    pub fn refusal(&self) -> Option<RefusalReason> {
        self.decision.refusal()
    }

    /// The first grant of another part of the policy that matches the origin, if this part has none, and no
    /// [near miss](Self::near_miss): the page may be right, and the path wrong.
    pub fn granted_elsewhere(&self) -> Option<GrantId> {
        self.granted_elsewhere
    }

    /// The pattern that the origin nearly matches, if there is one.
    pub fn near_miss(&self) -> Option<&NearMiss> {
        self.near_miss.as_ref()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = Excerpt(self.origin.as_deref().unwrap_or_default());
        let path = Excerpt(self.path.as_ref().map_or("", |path| &path.path));
        let part = self.path.as_ref().map(|path| &path.part);
        match part {
            Some(PathPart::Route(route, text)) => {
                write!(f, "route[{route}] (`{}`) decides; ", Excerpt(text))?;
            }
            Some(PathPart::Top) => write!(f, "no route is for the path `{path}`; ")?,
            Some(PathPart::None) | None => {}
        }
        match self.reason {
            Reason::Granted(grant) => write!(f, "origin `{origin}` is in {grant}")?,
            Reason::SameForAll => f.write_str(match part {
                None => "the policy allows any origin",
                Some(_) => "any origin is allowed",
            })?,
            Reason::NoOrigin => {
                f.write_str("the request has no `Origin`, so it is not a CORS request")?
            }
            Reason::SeveralOrigins => f.write_str("the request has several `Origin` lines")?,
            Reason::NotAnOrigin(error) => write!(f, "origin `{origin}` {error}")?,
            Reason::NotAllowed => {
                write!(f, "origin `{origin}` is in no grant")?;
                match part {
                    Some(PathPart::Route(..)) => f.write_str(" of the route")?,
                    Some(PathPart::Top) => f.write_str(" at the top")?,
                    Some(PathPart::None) | None => {}
                }
            }
            Reason::NoPart => f.write_str("the top has no grants")?,
            Reason::AbnormalPath(error) => write!(
                f,
                "the path `{path}` {error}, so it has no grant: servers may read it in several ways"
            )?,
            Reason::UnknownPath => f.write_str(
                "the path as the client sent it is not known, so it has no grant in a policy with routes",
            )?,
        }
        if let Some(near_miss) = &self.near_miss {
            write!(f, "; it {near_miss}")?;
        }
        if let Some(grant) = self.granted_elsewhere {
            write!(f, "; for other paths it has {grant}")?;
        }
        match (self.decision, self.refusal()) {
            (_, None) => Ok(()),
            (Decision::Refuse(_), Some(reason)) => {
                write!(
                    f,
                    "; refused by `{}`: the request {reason}",
                    reason.as_str()
                )
            }
            (_, Some(reason)) => write!(
                f,
                "; `{}` only reports it: the request {reason}",
                reason.as_str()
            ),
        }
    }
}

/// The step at which a request was decided, in the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The path cannot have a grant in a policy with routes.
    AbnormalPath(PathError),
    /// The policy has routes, and the adapter does not know the path as the client sent it.
    UnknownPath,
    /// No route is for the path, and the policy has no grants at the top.
    NoPart,
    /// The part of the policy is one `*` grant, and the request is not a preflight: every response gets the same
    /// headers.
    SameForAll,
    /// The request has no `Origin`.
    NoOrigin,
    /// The request has several `Origin` lines.
    SeveralOrigins,
    /// The origin is not in serialised form.
    NotAnOrigin(OriginError),
    /// The origin is in no grant.
    NotAllowed,
    /// The origin is in this grant.
    Granted(GrantId),
}

impl Reason {
    /// A short, stable name for logs and metrics.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cors_core::Reason::NotAllowed.as_str(), "origin-not-allowed");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AbnormalPath(_) => "abnormal-path",
            Self::UnknownPath => "unknown-path",
            Self::NoPart => "no-part",
            Self::SameForAll => "everyone",
            Self::NoOrigin => "no-origin",
            Self::SeveralOrigins => "several-origins",
            Self::NotAnOrigin(_) => "not-an-origin",
            Self::NotAllowed => "origin-not-allowed",
            Self::Granted(_) => "granted",
        }
    }
}

/// A pattern of the policy that an origin nearly matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NearMiss {
    /// The pattern's grant.
    pub grant: GrantId,
    /// The pattern.
    pub pattern: String,
    /// Why the origin does not match it.
    pub difference: Difference,
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = &self.pattern;
        match self.difference {
            Difference::TrailingSlash => write!(f, "differs from `{pattern}` by a trailing slash"),
            Difference::Case => write!(f, "differs from `{pattern}` by an upper-case letter"),
            Difference::DefaultPort => {
                write!(f, "differs from `{pattern}` by the default port")
            }
            Difference::Form => write!(f, "is not in the form in which browsers send `{pattern}`"),
            Difference::Scheme => write!(f, "differs from `{pattern}` by the scheme"),
            Difference::Port => write!(f, "differs from `{pattern}` by the port"),
            Difference::Subdomain => {
                write!(
                    f,
                    "is a subdomain of `{pattern}`, which matches only that host"
                )
            }
            Difference::BareDomain => {
                write!(
                    f,
                    "is the domain of `{pattern}`, which matches only its subdomains"
                )
            }
            Difference::Label => write!(f, "differs from `{pattern}` in the first label"),
        }
    }
}

/// Why an origin does not match a pattern. The smallest difference comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Difference {
    /// The origin ends with a slash; browsers never send one.
    TrailingSlash,
    /// The origin has an upper-case letter; browsers never send one.
    Case,
    /// The origin has the scheme's default port, which browsers leave out.
    DefaultPort,
    /// The origin is not in the form that browsers send, for another reason.
    Form,
    /// Another scheme, mostly `http` for `https`.
    Scheme,
    /// Another port, or one where the pattern has none.
    Port,
    /// The pattern matches the domain itself and not its subdomains.
    Subdomain,
    /// The pattern matches subdomains and not the domain itself.
    BareDomain,
    /// Another first label than the pattern's, such as `https://pr-.example.com` for
    /// `https://pr-*.example.com`.
    Label,
}

impl Policy {
    /// Explains the decision for a request. The decision is that of [`decide`](Self::decide).
    ///
    /// For people: unlike `decide`, it allocates, and compares every pattern to find a near miss.
    pub fn explain(&self, head: &impl RequestHead) -> Explanation {
        let decision = self.decide(head);
        let part = self.compiled().part(head);
        let (reason, origin) = self.reason(head, decision);
        let near_miss = match reason {
            Reason::NotAnOrigin(_) | Reason::NotAllowed => origin
                .as_deref()
                .and_then(|origin| part.near_miss(head, origin)),
            _ => None,
        };
        let granted_elsewhere = match reason {
            Reason::NotAllowed | Reason::NoPart if near_miss.is_none() => {
                origin.as_deref().and_then(|origin| {
                    let mut parts = self.compiled().parts();
                    parts.find_map(|part| part.allowlist.grant(origin.as_bytes()))
                })
            }
            _ => None,
        };
        Explanation {
            decision,
            reason,
            path: self.explain_path(head),
            origin,
            near_miss,
            granted_elsewhere,
        }
    }

    fn explain_path(&self, head: &impl RequestHead) -> Option<PathExplanation> {
        let routed = self.compiled().routed.as_ref()?;
        let path = head.path().unwrap_or_default();
        let part = match routed.find(head) {
            Ok(Some((route, _))) => PathPart::Route(route, routed.path(route)?.to_owned()),
            Ok(None) => PathPart::Top,
            Err(_) => PathPart::None,
        };
        let path = String::from_utf8_lossy(path).into_owned();
        Some(PathExplanation { path, part })
    }

    /// The reason, and the text of `Origin`.
    pub(crate) fn reason(
        &self,
        head: &impl RequestHead,
        decision: Decision,
    ) -> (Reason, Option<String>) {
        let policy = self.compiled();
        let part = policy.part(head);
        if part.same_for_all.is_some() && !matches!(decision, Decision::Respond(_)) {
            return (Reason::SameForAll, None);
        }
        let origin = match head.single_line(RequestHeader::Origin) {
            SingleLine::Absent => return (Reason::NoOrigin, None),
            SingleLine::Repeated => return (Reason::SeveralOrigins, None),
            SingleLine::One(origin) => origin,
        };
        let text = String::from_utf8_lossy(origin).into_owned();
        let reason = match decision.verdict() {
            Verdict::Granted(grant) => Reason::Granted(grant),
            Verdict::NoGrant | Verdict::NoOrigin => match Origin::parse(&text) {
                Err(error) if error != OriginError::Null => Reason::NotAnOrigin(error),
                _ => match policy.routed.as_ref().map(|routed| routed.find(head)) {
                    Some(Err(Some(error))) => Reason::AbnormalPath(error),
                    Some(Err(None)) => Reason::UnknownPath,
                    Some(Ok(None)) if !part.has_grants() => Reason::NoPart,
                    _ => Reason::NotAllowed,
                },
            },
        };
        (reason, Some(text))
    }
}

impl CompiledPart {
    fn near_miss(&self, head: &impl RequestHead, origin: &str) -> Option<NearMiss> {
        if let Some(near_miss) = self.misspelling(head, origin) {
            return Some(near_miss);
        }
        let origin = Origin::parse(origin).ok()?;
        let near = |(grant, pattern): (GrantId, String)| {
            let difference = difference(&origin, &OriginPattern::parse(&pattern).ok()?)?;
            Some((difference, grant, pattern))
        };
        let (difference, grant, pattern) = self.allowlist.patterns().filter_map(near).min()?;
        Some(NearMiss {
            grant,
            pattern,
            difference,
        })
    }

    /// A near miss by spelling only. Looks up the correct spelling, so its cost does not grow with
    /// the number of origins.
    fn misspelling(&self, head: &impl RequestHead, origin: &str) -> Option<NearMiss> {
        let difference = match OriginPattern::parse(origin) {
            Ok(_) => return None,
            Err(PatternError::Origin(OriginError::TrailingSlash)) => Difference::TrailingSlash,
            Err(PatternError::Origin(OriginError::UpperCase)) => Difference::Case,
            Err(PatternError::Origin(OriginError::DefaultPort)) => Difference::DefaultPort,
            Err(_) => Difference::Form,
        };
        let pattern = suggest::suggest(origin)?;
        let grant = self.grant_of(head, pattern.as_bytes())?;
        Some(NearMiss {
            grant,
            pattern,
            difference,
        })
    }
}

/// How an origin differs from a pattern, if by one thing only.
fn difference(origin: &Origin<'_>, pattern: &OriginPattern<'_>) -> Option<Difference> {
    let Shape::Tuple(tuple) = pattern.shape() else {
        return None;
    };
    let scheme = tuple.scheme == origin.scheme();
    let host = tuple.matches_host(origin.host());
    let port = tuple.matches_port(origin.port());
    match (scheme, host, port) {
        (false, true, true) => Some(Difference::Scheme),
        (true, true, false) => Some(Difference::Port),
        (true, false, true) => match tuple.wildcard {
            HostWildcard::Subdomains if tuple.host == origin.host() => Some(Difference::BareDomain),
            HostWildcard::None if is_subdomain(origin.host(), tuple.host) => {
                Some(Difference::Subdomain)
            }
            HostWildcard::Label(_) => {
                let (_, parent) = origin.host().split_once('.')?;
                (parent == tuple.host).then_some(Difference::Label)
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_subdomain(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Grant;

    struct Head(&'static str, &'static [&'static str]);

    impl RequestHead for Head {
        fn method(&self) -> &[u8] {
            self.0.as_bytes()
        }
        fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
            let lines: &[&str] = match name {
                RequestHeader::Origin => self.1,
                _ => &["x"],
            };
            lines.iter().map(|line| line.as_bytes())
        }
    }

    #[test]
    fn sentences() {
        let policy = Policy::new(
            Grant::new([
                "https://app.example.com",
                "https://*.example.org",
                "https://pr-*.example.net",
                "http://localhost:3000",
            ])
            .max_age(std::time::Duration::from_secs(60)),
        )
        .unwrap();
        let check = |origins: &'static [&'static str], expected: &str| {
            for method in ["GET", "OPTIONS"] {
                let head = Head(method, origins);
                let explanation = policy.explain(&head);
                assert_eq!(explanation.to_string(), expected);
                assert_eq!(explanation.decision(), policy.decide(&head));
            }
        };
        check(
            &["https://app.example.com"],
            "origin `https://app.example.com` is in grant[0]",
        );
        check(
            &["https://x.example.org"],
            "origin `https://x.example.org` is in grant[0]",
        );
        check(
            &[],
            "the request has no `Origin`, so it is not a CORS request",
        );
        check(
            &["https://app.example.com"; 2],
            "the request has several `Origin` lines",
        );
        check(&["null"], "origin `null` is in no grant");
        check(
            &["https://other.example"],
            "origin `https://other.example` is in no grant",
        );
        check(
            &["https://app.example.com/"],
            "origin `https://app.example.com/` ends with a slash; browsers send origins without it; \
             it differs from `https://app.example.com` by a trailing slash",
        );
        check(
            &["https://APP.example.com"],
            "origin `https://APP.example.com` has an upper-case letter; browsers send origins in lower case; \
             it differs from `https://app.example.com` by an upper-case letter",
        );
        check(
            &["https://app.example.com:443"],
            "origin `https://app.example.com:443` has the scheme's default port, which browsers leave out; \
             it differs from `https://app.example.com` by the default port",
        );
        check(
            &["https://app.example.com/login?x"],
            "origin `https://app.example.com/login?x` has a path, query or fragment; an origin ends after the host and port; \
             it is not in the form in which browsers send `https://app.example.com`",
        );
        check(
            &["http://app.example.com"],
            "origin `http://app.example.com` is in no grant; \
             it differs from `https://app.example.com` by the scheme",
        );
        check(
            &["http://localhost:5173"],
            "origin `http://localhost:5173` is in no grant; \
             it differs from `http://localhost:3000` by the port",
        );
        check(
            &["https://x.app.example.com"],
            "origin `https://x.app.example.com` is in no grant; \
             it is a subdomain of `https://app.example.com`, which matches only that host",
        );
        check(
            &["https://example.org"],
            "origin `https://example.org` is in no grant; \
             it is the domain of `https://*.example.org`, which matches only its subdomains",
        );
        check(
            &["https://preview-7.example.net"],
            "origin `https://preview-7.example.net` is in no grant; \
             it differs from `https://pr-*.example.net` in the first label",
        );
        check(&["\u{1b}[31m"], "origin `\\u{1b}[31m` has no scheme");
    }
}
