//! Names of which anybody can register a part, by the [public suffix list](https://publicsuffix.org).

use std::fmt;
use std::iter;

use psl::Psl as _;

/// A public suffix whose registrable domains a pattern covers. Made by
/// [`OriginPattern::public_suffix`](crate::OriginPattern::public_suffix).
///
/// [`Display`](fmt::Display) gives the words for a sentence: ``the public suffix `github.io` ``.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicSuffix<'a> {
    /// The domain after the `*.`, such as `github.io`.
    Domain(&'a str),
    /// One or more below the domain after the `*.`, such as `s3.amazonaws.com` below `amazonaws.com`.
    #[non_exhaustive]
    Below {
        /// The domain after the `*.`.
        domain: &'a str,
        /// The name of one of them, if one is known.
        example: Option<String>,
    },
}

impl<'a> PublicSuffix<'a> {
    /// What `*.` before `domain` covers.
    pub(crate) fn of(domain: &'a str) -> Option<Self> {
        let name = domain.trim_end_matches('.');
        if is_listed(name) {
            return Some(Self::Domain(domain));
        }
        // The second look shows that `psl` still asks for labels as it did.
        let is_above = goes_on_below(name) && !goes_on_below("invalid");
        is_above.then(|| Self::Below {
            domain,
            example: example_below(name, MAX_LABELS),
        })
    }

    /// Its name, or that of an example, if one is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::OriginPattern;
    ///
    /// let suffix = OriginPattern::parse("https://*.amazonaws.com")?.public_suffix();
    /// assert_eq!(suffix.as_ref().and_then(|suffix| suffix.name()), Some("s3.amazonaws.com"));
    /// # Ok::<(), cors_core::PatternError>(())
    /// ```
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Domain(name) => Some(name),
            Self::Below { example, .. } => example.as_deref(),
        }
    }
}

impl fmt::Display for PublicSuffix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.name()) {
            (_, Some(name)) => write!(f, "the public suffix `{name}`"),
            (Self::Domain(domain) | Self::Below { domain, .. }, None) => {
                write!(f, "a public suffix below `{domain}`")
            }
        }
    }
}

/// Whether a name is a public suffix, or all names one label longer are.
fn is_listed(name: &str) -> bool {
    let listed = |name: &str| {
        psl::suffix(name.as_bytes())
            .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == name.as_bytes())
    };
    // The list has names such as `github.io` and rules such as `*.ck`, for all names below `ck`. No
    // rule is about the label that stands in for those.
    listed(name) || listed(&format!("cors-.{name}"))
}

/// Whether the list has a rule for any name below this one. `psl` tells of no rules, only of names. But it
/// asks for a name's labels one by one from the right, and for none more than its rules have: where it
/// asks for one beyond the first of the name, rules go on below.
fn goes_on_below(name: &str) -> bool {
    let mut asked = false;
    let beyond = iter::from_fn(|| {
        asked = true;
        None
    });
    psl::List.find(name.rsplit('.').map(str::as_bytes).chain(beyond));
    asked
}

/// How many labels a rule has at most below a domain that is not a public suffix itself.
const MAX_LABELS: usize = 4;

/// A public suffix that has up to `labels` labels more than `name`: the shortest that is found.
fn example_below(name: &str, labels: usize) -> Option<String> {
    let inner = LABELS.iter().map(|label| format!("{label}.{name}"));
    let deeper = labels.checked_sub(1)?;
    inner.clone().find(|inner| is_listed(inner)).or_else(|| {
        let mut inner = inner.filter(|inner| goes_on_below(inner));
        inner.find_map(|inner| example_below(&inner, deeper))
    })
}

/// Labels that lead from every domain with rules below it to one of those, in the list of psl 2.1.247. They
/// are for the text alone: each name made of them is looked up in the list, and a domain from which none of
/// them leads on is found all the same.
const LABELS: [&str; 120] = [
    "001",
    "a",
    "accesspoint",
    "ae",
    "alp1",
    "app",
    "apps",
    "at",
    "auth",
    "auth-fips",
    "aws-gov",
    "bedrock-agentcore",
    "bo",
    "builder",
    "cdn",
    "client",
    "cloud",
    "cn-north-1",
    "code-builder-stg",
    "consent-portal",
    "core",
    "cust",
    "customer",
    "de",
    "demo",
    "dev",
    "devices",
    "direct",
    "dyn",
    "dyndns",
    "es-1",
    "eu",
    "eur",
    "eusc-de-east-1",
    "ex",
    "ezproxy",
    "fi",
    "forgot",
    "gcp",
    "git-pages",
    "hb",
    "id",
    "instances",
    "io",
    "ip",
    "ipfs",
    "isk02",
    "it",
    "it1",
    "j",
    "jc",
    "jcloud",
    "jelastic",
    "jls-sto3",
    "jp",
    "kr",
    "mel",
    "members",
    "mrap",
    "my",
    "nes",
    "nl-ams-1",
    "notebook",
    "object",
    "objects",
    "objectstorage",
    "on",
    "origin",
    "os",
    "p",
    "paas",
    "pages",
    "phx",
    "platform",
    "preview",
    "private",
    "pro",
    "prod",
    "pub",
    "r",
    "rag-cloud",
    "relay",
    "ric",
    "rma",
    "rsc",
    "runs",
    "ryd",
    "s3",
    "sande",
    "sekd1",
    "seprox",
    "services",
    "sg-1",
    "shop",
    "site",
    "sn",
    "srvrless",
    "ssl",
    "stage",
    "static",
    "t3",
    "test",
    "transfer-webapp",
    "ui",
    "up",
    "us",
    "us-4",
    "us-west-2",
    "user",
    "usr",
    "valer",
    "vfs",
    "vip",
    "vps",
    "web",
    "webpaas",
    "webview-assets",
    "wien",
    "xen",
    "xn--vler-qoa",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Finding 8 of the red team: domains below which anybody can get a name.
    #[test]
    fn domains_above_public_suffixes() {
        #[track_caller]
        fn check(domain: &str, example: &str) {
            let suffix = PublicSuffix::of(domain).unwrap();
            assert!(matches!(suffix, PublicSuffix::Below { .. }), "{suffix:?}");
            assert_eq!(suffix.name(), Some(example), "{domain}");
            assert_eq!(suffix.to_string(), format!("the public suffix `{example}`"));
            // It is one.
            assert_eq!(
                PublicSuffix::of(example),
                Some(PublicSuffix::Domain(example))
            );
            assert!(example.ends_with(&format!(".{domain}")));
        }
        check("amazonaws.com", "s3.amazonaws.com");
        check("windows.net", "web.core.windows.net");
        check("core.windows.net", "web.core.windows.net");
        check("on.aws", "transfer-webapp.us-west-2.on.aws");
        check("platform.sh", "eu.platform.sh");
        check("fastly.net", "a.prod.fastly.net");
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
        // Which has others below it, too.
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

    #[test]
    fn an_example_without_a_known_label() {
        let suffix = PublicSuffix::Below {
            domain: "example.com",
            example: None,
        };
        assert_eq!(suffix.name(), None);
        assert_eq!(suffix.to_string(), "a public suffix below `example.com`");
    }
}
