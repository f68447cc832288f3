//! Domains below which anyone can register names, by the [public suffix list](https://publicsuffix.org).

use std::fmt;
use std::iter;

use psl::Psl as _;

/// A public suffix whose registrable domains a pattern covers. Created by
/// [`OriginPattern::public_suffix`](crate::OriginPattern::public_suffix).
///
/// [`Display`](fmt::Display) writes it as a part of a sentence: ``the public suffix `github.io` ``.
///
/// # Examples
///
/// ```
/// use cors_core::{OriginPattern, PublicSuffix};
///
/// let suffix = OriginPattern::parse("https://*.github.io")?.public_suffix();
/// assert_eq!(suffix, Some(PublicSuffix::Domain("github.io")));
///
/// // `s3.amazonaws.com` is one.
/// let suffix = OriginPattern::parse("https://*.amazonaws.com")?.public_suffix();
/// assert_eq!(suffix, Some(PublicSuffix::Below("amazonaws.com")));
/// assert_eq!(suffix.unwrap().to_string(), "a public suffix below `amazonaws.com`");
/// # Ok::<(), cors_core::PatternError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PublicSuffix<'a> {
    /// The domain after the `*.` is a public suffix.
    Domain(&'a str),
    /// There is a public suffix below the domain after the `*.`.
    Below(&'a str),
}

impl<'a> PublicSuffix<'a> {
    /// What `*.` before `domain` covers.
    pub(crate) fn of(domain: &'a str) -> Option<Self> {
        let name = domain.trim_end_matches('.');
        if is_listed(name) {
            return Some(Self::Domain(domain));
        }
        // The second look-up checks that `psl` still asks for labels in this way.
        let is_above = goes_on_below(name) && !goes_on_below("invalid");
        is_above.then_some(Self::Below(domain))
    }
}

impl fmt::Display for PublicSuffix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => write!(f, "the public suffix `{domain}`"),
            Self::Below(domain) => write!(f, "a public suffix below `{domain}`"),
        }
    }
}

/// Whether a name is a public suffix, or all names one label longer are.
fn is_listed(name: &str) -> bool {
    let listed = |name: &str| {
        psl::suffix(name.as_bytes())
            .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == name.as_bytes())
    };
    // The list has names such as `github.io` and rules such as `*.ck`, for all names below `ck`. No rule
    // has the label that is used here for those.
    listed(name) || listed(&format!("cors-.{name}"))
}

/// Whether the list has a rule for any name below this one. `psl` does not expose its rules. But it asks for
/// a name's labels one by one from the right, and only for as many as its rules have: if it asks for one
/// beyond the first label of the name, there are rules below.
fn goes_on_below(name: &str) -> bool {
    let mut asked = false;
    let beyond = iter::from_fn(|| {
        asked = true;
        None
    });
    psl::List.find(name.rsplit('.').map(str::as_bytes).chain(beyond));
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finding 8 of the red team: domains below which anyone can register a name.
    #[test]
    fn domains_above_public_suffixes() {
        #[track_caller]
        fn check(domain: &str) {
            let suffix = PublicSuffix::of(domain);
            assert_eq!(suffix, Some(PublicSuffix::Below(domain)));
        }
        check("amazonaws.com");
        check("windows.net");
        check("core.windows.net");
        check("on.aws");
        check("platform.sh");
        check("fastly.net");
    }

    #[test]
    fn public_suffixes_themselves() {
        #[track_caller]
        fn check(domain: &str) {
            let suffix = PublicSuffix::of(domain);
            assert_eq!(suffix, Some(PublicSuffix::Domain(domain)));
        }
        check("com");
        check("com.");
        check("github.io");
        check("co.uk");
        check("ck");
        check("kawasaki.jp");
        check("s3.amazonaws.com");
        check("cloudfront.net");
        check("azurewebsites.net");
        // Which has other public suffixes below it, too.
        check("appspot.com");
        check("xn--p1ai");
    }

    #[test]
    fn other_domains() {
        #[track_caller]
        fn check(domain: &str) {
            assert_eq!(PublicSuffix::of(domain), None, "{domain}");
        }
        check("example.com");
        check("example.com.");
        check("example.co.uk");
        check("a.b.c.example.com");
        check("user.github.io");
        check("google.com");
        check("mybucket.s3.amazonaws.com");
        // Exceptions from `*.kawasaki.jp` and `*.ck`.
        check("city.kawasaki.jp");
        check("www.ck");
        // Not in the list.
        check("internal");
        check("corp.internal");
        check("localhost");
        check("invalid");
    }
}
