//! Our policies, the same for every framework.

use std::time::Duration;

use cors_core::{Config, ConfigErrors, Grant, LivePolicy, Policy, PolicySource, Refuse};

use crate::case::{ALLOWED, EXPOSED, HEADERS, HOST, MAX_AGE, METHODS, Origins, WILDCARD_DOMAIN};

/// The configuration with these origins.
pub fn config(origins: Origins) -> Config {
    let grant = |origins: Vec<String>| {
        Grant::new(origins)
            .allow_methods(METHODS)
            .allow_headers(HEADERS)
            .expose_headers([EXPOSED])
            .allow_credentials(true)
            .max_age(Duration::from_secs(MAX_AGE))
    };
    match origins {
        Origins::Exact(_) => grant(origins.exact().unwrap_or_default()).into(),
        Origins::Wildcards => grant(vec![
            format!("https://*.{WILDCARD_DOMAIN}"),
            "https://*.example.org:*".to_owned(),
            "http://localhost:*".to_owned(),
        ])
        .into(),
        Origins::Domains => {
            // Of many lengths, like domains of customers.
            let others = (1..100).map(|n| format!("https://*.{}-{n}.com", "x".repeat(n % 24 + 1)));
            let ours = format!("https://*.{WILDCARD_DOMAIN}");
            grant(others.chain([ours]).collect()).into()
        }
        Origins::Names => {
            // Of many lengths before and after the `*`.
            let others = (1..100).map(|n| {
                let (before, after) = ("x".repeat(n % 8 + 1), n / 8);
                format!("https://{before}*-{after}.{WILDCARD_DOMAIN}")
            });
            let ours = format!("https://app-*.{WILDCARD_DOMAIN}");
            grant(others.chain([ours]).collect()).into()
        }
        Origins::Live => grant(vec![ALLOWED.to_owned()]).into(),
        Origins::Routes(count) => {
            let config = Config::new([grant(vec!["https://top.example.com".to_owned()])]);
            (0..count).fold(config, |config, number| {
                let path = format!("/tenants/tenant-{number:05}");
                config.route(path, grant(vec![ALLOWED.to_owned()]))
            })
        }
        Origins::Writes => Config::new([grant(vec![ALLOWED.to_owned()])])
            .refuse(Refuse::default().cross_site_writes(true)),
        Origins::Hosts => {
            let refuse = Refuse::default().websocket(true).unlisted_origins(true);
            Config::new([grant(vec![ALLOWED.to_owned()])])
                .refuse(refuse)
                .hosts([HOST])
        }
        Origins::Grants => {
            let first = grant(vec![ALLOWED.to_owned()]);
            let everybody = grant(vec!["*".to_owned()]).allow_credentials(false);
            vec![first, everybody].into()
        }
    }
}

/// The policy with these origins.
///
/// # Errors
///
/// If a case has an invalid policy.
pub fn policy(origins: Origins) -> Result<PolicySource, ConfigErrors> {
    let policy = Policy::new(config(origins))?;
    Ok(match origins {
        Origins::Live => LivePolicy::new(policy).into(),
        Origins::Exact(_)
        | Origins::Wildcards
        | Origins::Domains
        | Origins::Names
        | Origins::Routes(_)
        | Origins::Writes
        | Origins::Hosts
        | Origins::Grants => policy.into(),
    })
}
