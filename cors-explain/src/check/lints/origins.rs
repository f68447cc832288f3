//! Lints about single origins.

use std::collections::{HashMap, HashSet};

use cors_core::{OriginPattern, PublicSuffix};

use super::findings::{Finding, Findings};
use super::subject::{GrantSubject, ORIGINS, Subject};
use crate::text::{Short, listed};

pub(super) fn plain_http_origin(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        for (index, origin) in &grant.origins {
            if !origin.is_insecure() {
                continue;
            }
            let secure = origin.as_str().replacen("http://", "https://", 1);
            let reason = format!(
                "an attacker on the network can inject scripts into its pages, and they get the site's access \
                 to this server{}",
                as_the_user(grant)
            );
            let message = format!("`{}` is plain http", Short(origin.as_str()));
            findings.report(
                Finding::at(grant.item(ORIGINS, *index), message)
                    .because(reason)
                    .help("use https")
                    .change(grant.change_origin(*index, &secure)),
            );
        }
    }
}

pub(super) fn localhost_origin(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    /// That of an application made with Capacitor, on Android.
    const CAPACITOR: &str = "https://localhost";
    for grant in &subject.grants {
        // `tauri://localhost` and similar origins are those of applications, not of developers. On Windows
        // and Android, Tauri has `http://tauri.localhost`, or `https`.
        let is_loopback = |text: &str| {
            text.starts_with("http")
                && !text.ends_with("://tauri.localhost")
                && OriginPattern::parse(text).is_ok_and(|origin| origin.is_loopback())
        };
        // Those of Capacitor's and Ionic's applications on iOS.
        let has_application = grant.origins.iter().any(|(_, origin)| {
            matches!(
                origin.as_str(),
                "capacitor://localhost" | "ionic://localhost"
            )
        });
        let reason = |names: &[&str]| {
            let allows = match names.len() {
                1 => "it allows",
                _ => "they allow",
            };
            format!(
                "in production {allows} any program that serves a page on a visitor's own machine{}",
                as_the_user(grant)
            )
        };
        for items in grant.items(ORIGINS, |text| text != CAPACITOR && is_loopback(text)) {
            let verb = is_or_are(&items.names);
            let message = format!("{} {verb} for development", listed(&items.names));
            findings.report(
                Finding::at(items.place, message)
                    .because(reason(&items.names))
                    .help(
                        "give it by a variable that only developers set, such as `\"${DEV_ORIGINS:-}\"`, or move it into a \
                         policy that only they load",
                    )
                    .change(items.removal),
            );
        }
        for items in grant.items(ORIGINS, |text| text == CAPACITOR && !has_application) {
            let message = format!(
                "`{CAPACITOR}` is for development, or for an application made with Capacitor"
            );
            findings.report(Finding::at(items.place, message).because(reason(&items.names)).help(
                "if it is the application's, add a comment `# cors-allow: localhost-origin`; otherwise move it into a \
                 policy that only developers load",
            ));
        }
    }
}

pub(super) fn any_port(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        for (index, origin) in &grant.origins {
            let Some(host) = origin.as_str().strip_suffix(":*") else {
                continue;
            };
            if origin.is_loopback() {
                continue;
            }
            let message = format!(
                "`{}` matches every port of the host",
                Short(origin.as_str())
            );
            let reason = format!(
                "it allows any program that listens there, and on many machines any user may start \
                 one{}",
                as_the_user(grant)
            );
            findings.report(
                Finding::at(grant.item(ORIGINS, *index), message)
                    .because(reason)
                    .help("list the ports that you need; an origin without a port has the scheme's default")
                    .change(grant.change_origin(*index, host)),
            );
        }
    }
}

pub(super) fn wildcard_subdomains(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.grants.iter().filter(|grant| grant.credentials()) {
        for (index, origin) in &grant.origins {
            // Another lint reports public suffixes.
            if !has_subdomains(origin) || origin.public_suffix().is_some() {
                continue;
            }
            let message = format!(
                "every subdomain that matches `{}` may act as the user",
                Short(origin.as_str())
            );
            findings.report(
                Finding::at(grant.item(ORIGINS, *index), message)
                    .because(
                        "an attacker needs only one forgotten subdomain, or one with a script injection",
                    )
                    .help("list the subdomains that need credentials, or maintain all of them"),
            );
        }
    }
}

pub(super) fn shared_suffix(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        for (index, origin) in &grant.origins {
            let Some(suffix) = origin.public_suffix() else {
                continue;
            };
            let (below, fact) = match suffix {
                PublicSuffix::Domain(domain) => {
                    let domain = Short(domain);
                    (
                        format!("`{domain}`"),
                        format!("`{domain}` is a public suffix"),
                    )
                }
                PublicSuffix::Below(domain) => (
                    suffix.to_string(),
                    format!("there is a public suffix below `{}`", Short(domain)),
                ),
            };
            let message = format!(
                "`{}` matches any name that someone registers below {below}",
                Short(origin.as_str()),
            );
            let reason = format!(
                "{fact}: the names below it belong to different people{}",
                match grant.credentials() {
                    true => ", and each of them may act as the user",
                    false => "",
                }
            );
            findings.report(
                Finding::at(grant.item(ORIGINS, *index), message)
                    .because(reason)
                    .help("list your own names"),
            );
        }
    }
}

pub(super) fn covered_origin(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        let wide = Wide::new(grant.origins.iter().map(|(_, origin)| origin));
        for (index, origin) in &grant.origins {
            let Some(cover) = wide.cover(origin) else {
                continue;
            };
            let message = format!(
                "`{}` is covered by `{}`",
                Short(origin.as_str()),
                Short(cover.as_str())
            );
            findings.report(
                Finding::at(grant.item(ORIGINS, *index), message)
                    .because("it is redundant next to the wider pattern")
                    .help("remove it, or the wider pattern if that allows too much")
                    .change(grant.removal(ORIGINS, std::iter::once(*index))),
            );
        }
    }
}

/// The patterns of a grant that match several origins.
pub(super) struct Wide<'a> {
    by_text: HashMap<&'a str, &'a OriginPattern<'a>>,
    /// How many bytes their first labels have before and after a `*` next to other text.
    labels: HashSet<(usize, usize)>,
}

impl<'a> Wide<'a> {
    pub(super) fn new(origins: impl Iterator<Item = &'a OriginPattern<'a>>) -> Self {
        let wide = origins.filter(|origin| origin.as_str().contains('*'));
        let by_text: HashMap<_, _> = wide.map(|origin| (origin.as_str(), origin)).collect();
        let labels = by_text.keys().filter_map(|text| {
            let (_, host) = text.split_once("://")?;
            let (before, after) = host.split('.').next()?.split_once('*')?;
            (!before.is_empty() || !after.is_empty()).then_some((before.len(), after.len()))
        });
        let labels = labels.collect();
        Self { by_text, labels }
    }

    /// The pattern that covers another. Do not compare with each pattern: for a long list this would take hours.
    pub(super) fn cover(&self, origin: &OriginPattern<'_>) -> Option<&'a OriginPattern<'a>> {
        if self.by_text.is_empty() {
            return None;
        }
        let (scheme, authority) = origin.as_str().split_once("://")?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, format!(":{port}")),
            _ => (authority, String::new()),
        };
        let mut hosts = vec![host.to_owned(), "*".to_owned()];
        if let Some((label, parent)) = host.split_once('.') {
            let wider = self.labels.iter().filter_map(|&(before, after)| {
                let after = label.get(label.len().checked_sub(after)?..)?;
                Some(format!("{}*{after}.{parent}", label.get(..before)?))
            });
            hosts.extend(wider);
        }
        let mut rest = host.strip_prefix("*.").unwrap_or(host);
        while let Some((_, parent)) = rest.split_once('.') {
            hosts.push(format!("*.{parent}"));
            rest = parent;
        }
        let candidates = hosts
            .iter()
            .flat_map(|host| [&*port, ":*"].map(|port| format!("{scheme}://{host}{port}")));
        candidates
            .filter(|candidate| candidate != origin.as_str())
            .filter_map(|candidate| self.by_text.get(&*candidate).copied())
            .find(|wide| wide.covers(origin))
    }
}

pub(super) fn null_listed(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        for items in grant.items(ORIGINS, |text| text == "null") {
            findings.report(
                Finding::at(
                    items.place,
                    "any page can have the origin `null`",
                )
                .because(
                    "sandboxed frames, `data:` URLs and requests that were redirected between sites \
                     have it, so listing it allows any site",
                )
                .help("give such pages an origin of their own, and list that")
                .change(items.removal),
            );
        }
    }
}

pub(super) fn trailing_dot(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        for (index, origin) in &grant.origins {
            let (host, port) = match origin.as_str().rsplit_once(".:") {
                Some((host, port)) => (host, format!(":{port}")),
                None => match origin.as_str().strip_suffix('.') {
                    Some(host) => (host, String::new()),
                    None => continue,
                },
            };
            let message = format!(
                "`{}` has a dot at the end of its host",
                Short(origin.as_str())
            );
            findings.report(
                Finding::at(grant.item(ORIGINS, *index), message)
                    .because(
                        "browsers treat it as another origin than the one without the dot, and only pages \
                         that were opened with the dot have it",
                    )
                    .help("remove the dot")
                    .change(grant.change_origin(*index, &format!("{host}{port}"))),
            );
        }
    }
}

pub(super) fn scheme_without_pages(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        for (index, origin) in &grant.origins {
            let Some((scheme, authority)) = origin.as_str().split_once("://") else {
                continue;
            };
            let reason = match scheme {
                "ws" | "wss" => {
                    "a page that opens a WebSocket has the origin from which it was loaded, with http or https, so this \
                     origin never matches"
                }
                "ftp" => "browsers do not load pages with ftp, so this origin never matches",
                _ => continue,
            };
            let pages = match origin.is_loopback() {
                true => format!("http://{}", without_port(authority, ":80")),
                false => format!("https://{}", without_port(authority, ":443")),
            };
            let message = format!("no page has the origin `{}`", Short(origin.as_str()));
            findings.report(
                Finding::at(grant.item(ORIGINS, *index), message)
                    .because(reason)
                    .help("list the origin of the pages")
                    .change(grant.change_origin(*index, &pages)),
            );
        }
    }
}

pub(super) fn installation_origin(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    const SCHEME: &str = "moz-extension://";
    for grant in &subject.grants {
        for (index, origin) in &grant.origins {
            if !origin.as_str().starts_with(SCHEME) || origin.is_any_host() {
                continue;
            }
            let message = format!(
                "`{}` is the origin of one installation",
                Short(origin.as_str())
            );
            let help = match grant.credentials() {
                true => {
                    "to allow all installations, write `moz-extension://*`, which also allows every other extension and \
                         needs `\"any-host\"` in `dangerously_allow`"
                }
                false => {
                    "to allow all installations, write `moz-extension://*`, which also allows every other extension"
                }
            };
            findings.report(
                Finding::at(grant.item(ORIGINS, *index), message)
                    .because("Firefox gives an extension another origin in each installation")
                    .help(help),
            );
        }
    }
}

/// A host without the default port of its new scheme.
fn without_port<'a>(authority: &'a str, port: &str) -> &'a str {
    authority.strip_suffix(port).unwrap_or(authority)
}

fn has_subdomains(origin: &OriginPattern<'_>) -> bool {
    origin.as_str().contains("://*.")
}

fn as_the_user(grant: &GrantSubject<'_>) -> &'static str {
    match grant.credentials() {
        true => ", as the user",
        false => "",
    }
}

fn is_or_are(names: &[&str]) -> &'static str {
    match names.len() {
        1 => "is",
        _ => "are",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search finds a cover exactly if comparing with each pattern does.
    #[test]
    fn covers() {
        let hosts = [
            "a.com",
            "*.a.com",
            "b.a.com",
            "*.b.a.com",
            "c.b.a.com",
            "com",
            "*.com",
            "aa.com",
            "x*.a.com",
            "*x.a.com",
            "x*x.a.com",
            "xx.a.com",
            "xxx.a.com",
            "y*.b.a.com",
        ];
        let ports = ["", ":8080", ":*"];
        let texts = hosts.iter().flat_map(|host| {
            let schemes = ["https", "http"];
            schemes.map(|scheme| ports.map(|port| format!("{scheme}://{host}{port}")))
        });
        let mut texts: Vec<_> = texts.flatten().collect();
        texts.extend(["http://[::1]", "http://[::1]:80", "http://[::1]:81"].map(str::to_owned));
        texts.extend(["http://[::1]:*", "null"].map(str::to_owned));
        let tauri = [
            "localhost",
            "localhost:1",
            "localhost:*",
            "*.a",
            "x*.a",
            "*",
        ];
        texts.extend(tauri.map(|host| format!("tauri://{host}")));
        let patterns = texts
            .iter()
            .filter_map(|text| OriginPattern::parse(text).ok());
        let patterns: Vec<_> = patterns.collect();
        let wide = Wide::new(patterns.iter());
        let mut covered = 0;
        for pattern in &patterns {
            let others = patterns.iter().filter(|other| *other != pattern);
            let expected = others.filter(|other| other.covers(pattern)).count() > 0;
            assert_eq!(wide.cover(pattern).is_some(), expected, "{pattern}");
            covered += usize::from(expected);
        }
        assert!(covered > 20, "{covered}");
    }
}
