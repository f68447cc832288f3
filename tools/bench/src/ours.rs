//! Our policies, the same for every framework.

use std::cell::RefCell;
use std::time::Duration;

use cors_core::{Config, ConfigErrors, Grant, LivePolicy, OriginSet, Policy, PolicySource, Refuse};

use crate::case::{
    self, ALLOWED, EXPOSED, HEADERS, HOST, MAX_AGE, METHODS, Origins, PER_KEY, WILDCARD_DOMAIN,
};

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
    let top = grant(vec!["https://top.example.com".to_owned()]);
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
        Origins::Routes(count) => (0..count).fold(Config::new([top]), |config, number| {
            let path = format!("/tenants/tenant-{number:05}");
            config.route(path, grant(vec![ALLOWED.to_owned()]))
        }),
        Origins::Set(count) => {
            let set = OriginSet::new();
            set.replace(case::exact(count));
            let grant = grant(Vec::new()).allow_origin_set("customers");
            Config::new([grant]).origin_set("customers", &set)
        }
        Origins::Keys(_) | Origins::Changing => {
            let set = OriginSet::new();
            set.replace(entries(origins.count()));
            if origins == Origins::Changing {
                CHANGING.with_borrow_mut(|sets| sets.push(set.clone()));
            }
            let grant = grant(Vec::new()).allow_origin_set_for("customers", "{tenant}");
            Config::new([top])
                .route("/tenants/{tenant}", grant)
                .origin_set("customers", &set)
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

/// This many origins with keys, [`PER_KEY`] under each.
pub fn entries(count: usize) -> impl Iterator<Item = (String, String)> {
    let keys = (0..count / PER_KEY).map(|number| format!("tenant-{number:05}"));
    keys.flat_map(|key| {
        let origins = case::exact(PER_KEY).into_iter();
        origins.map(move |origin| (key.clone(), origin))
    })
}

thread_local! {
    /// The sets of [`Origins::Changing`], of the policies that are measured now.
    static CHANGING: RefCell<Vec<OriginSet>> = const { RefCell::new(Vec::new()) };
}

/// Changes the sets of [`Origins::Changing`]: adds an origin under the key of the requests, or removes it.
pub fn change_sets() {
    CHANGING.with_borrow(|sets| {
        for set in sets {
            let (key, origin) = ("tenant-00000", "https://changes.example");
            if !set.remove_for(key, origin) {
                let _ = set.insert_for(key, origin);
            }
        }
    });
}

/// Forgets these sets: other policies are measured.
pub fn forget_sets() {
    CHANGING.with_borrow_mut(Vec::clear);
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
        | Origins::Set(_)
        | Origins::Keys(_)
        | Origins::Changing
        | Origins::Writes
        | Origins::Hosts
        | Origins::Grants => policy.into(),
    })
}
