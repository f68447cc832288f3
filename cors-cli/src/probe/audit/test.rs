//! The tests of an audit, as data.

use super::plan::Target;

/// A test: a request with an origin that looks like the allowed one, or with another special origin.
#[derive(Debug)]
pub(super) struct Test {
    /// The code of the test, and of the finding if the server accepts it. Several tests with the same code are
    /// different forms of the same error.
    pub(super) code: &'static str,
    /// The sender of the request, as a text after `a request from`.
    pub(super) from: &'static str,
    /// For the URL of a WebSocket, every test asks for that.
    pub(super) asks: Asks,
    pub(super) origin: fn(&Target) -> Result<Option<String>, &'static str>,
}

/// The kind of request of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// The resource.
    Resource,
    /// A preflight.
    Preflight,
    /// A WebSocket.
    WebSocket,
}

pub(super) const ALLOWED: &str = "allowed-origin";
pub(super) const NO_ORIGIN: &str = "static-allow-origin";
pub(super) const REFLECTED: &str = "reflected-origin";
pub(super) const NULL: &str = "null-accepted";
pub(super) const SUBDOMAIN: &str = "any-subdomain-accepted";
pub(super) const PREFIX: &str = "prefix-match";
pub(super) const SUFFIX: &str = "suffix-match";
pub(super) const DOT: &str = "unescaped-dot";
pub(super) const SPECIAL: &str = "special-characters";
pub(super) const HTTP: &str = "plain-http-accepted";
pub(super) const PORT: &str = "any-port-accepted";
pub(super) const SHARED: &str = "shared-host-accepted";
pub(super) const LOCALHOST: &str = "localhost-accepted";
pub(super) const PREFLIGHT: &str = "preflight-reflects";
pub(super) const WEBSOCKET: &str = "websocket-any-origin";

/// All tests. The order matters: findings of the first ones explain those of the others.
pub(super) const TESTS: &[Test] = &[
    Test {
        code: ALLOWED,
        from: "the allowed origin itself",
        asks: Asks::Resource,
        origin: |target| Ok(Some(target.origin.clone())),
    },
    Test {
        code: NO_ORIGIN,
        from: "no origin, like a program that is not a browser",
        asks: Asks::Resource,
        origin: |_| Ok(None),
    },
    Test {
        code: REFLECTED,
        from: "an unrelated origin",
        asks: Asks::Resource,
        origin: |_| Ok(Some(format!("https://{UNRELATED}"))),
    },
    Test {
        code: PREFLIGHT,
        from: "an unrelated origin, as a preflight",
        asks: Asks::Preflight,
        origin: |_| Ok(Some(format!("https://{UNRELATED}"))),
    },
    Test {
        code: WEBSOCKET,
        from: "an unrelated origin, with a WebSocket",
        asks: Asks::WebSocket,
        origin: |_| Ok(Some(format!("https://{UNRELATED}"))),
    },
    Test {
        code: NULL,
        from: "a sandboxed frame or a file",
        asks: Asks::Resource,
        origin: |_| Ok(Some("null".to_owned())),
    },
    Test {
        code: SHARED,
        from: "another customer of the same hosting service",
        asks: Asks::Resource,
        origin: |target| target.neighbour(),
    },
    Test {
        code: SHARED,
        from: "a page of a hosting service",
        asks: Asks::Resource,
        origin: |_| Ok(Some("https://cors-audit.github.io".to_owned())),
    },
    Test {
        code: SHARED,
        from: "a page of a hosting service",
        asks: Asks::Resource,
        origin: |_| Ok(Some("https://cors-audit.netlify.app".to_owned())),
    },
    Test {
        code: SHARED,
        from: "a page of a hosting service",
        asks: Asks::Resource,
        origin: |_| Ok(Some("https://cors-audit.pages.dev".to_owned())),
    },
    Test {
        code: SHARED,
        from: "a page of a hosting service",
        asks: Asks::Resource,
        origin: |_| Ok(Some("https://cors-audit.vercel.app".to_owned())),
    },
    Test {
        code: SHARED,
        from: "a page of a code editor",
        asks: Asks::Resource,
        origin: |_| Ok(Some("https://codepen.io".to_owned())),
    },
    Test {
        code: SHARED,
        from: "a page of a code editor",
        asks: Asks::Resource,
        origin: |_| Ok(Some("https://cdpn.io".to_owned())),
    },
    Test {
        code: SHARED,
        from: "a page of a code editor",
        asks: Asks::Resource,
        origin: |_| Ok(Some("https://jsfiddle.net".to_owned())),
    },
    Test {
        code: SHARED,
        from: "a page of a code editor",
        asks: Asks::Resource,
        origin: |_| Ok(Some("https://fiddle.jshell.net".to_owned())),
    },
    Test {
        code: PREFIX,
        from: "a host that begins like the allowed one, up to its first dot",
        asks: Asks::Resource,
        origin: |target| target.beginning(0).map(|origin| Some(origin.whole)),
    },
    Test {
        code: PREFIX,
        from: "a host that begins like the allowed one, up to its second dot",
        asks: Asks::Resource,
        origin: |target| target.beginning(1).map(|origin| Some(origin.whole)),
    },
    Test {
        code: PREFIX,
        from: "a host that begins like the allowed one",
        asks: Asks::Resource,
        origin: |target| target.at(&format!("{}.{UNRELATED}", target.host)),
    },
    Test {
        code: SPECIAL,
        from: "the allowed host, then an underscore",
        asks: Asks::Resource,
        origin: |target| target.at(&format!("{}_.{UNRELATED}", target.host)),
    },
    Test {
        code: SUFFIX,
        from: "a host that ends like the site",
        asks: Asks::Resource,
        origin: |target| {
            let site = target.site()?;
            target.at(&format!("corsaudit{site}"))
        },
    },
    Test {
        code: SUBDOMAIN,
        from: "another subdomain of the site",
        asks: Asks::Resource,
        origin: |target| {
            let site = target.site()?;
            target.at(&format!("{LABEL}.{site}"))
        },
    },
    Test {
        code: SUFFIX,
        from: "a host that ends like the allowed one",
        asks: Asks::Resource,
        origin: |target| {
            target.site()?;
            target.at(&format!("corsaudit{}", target.host))
        },
    },
    Test {
        code: SUBDOMAIN,
        from: "a subdomain of the host",
        asks: Asks::Resource,
        origin: |target| {
            target.site()?;
            target.at(&format!("{LABEL}.{}", target.host))
        },
    },
    Test {
        code: DOT,
        from: "a host with a letter instead of its first dot",
        asks: Asks::Resource,
        origin: |target| target.without_dot(0),
    },
    Test {
        code: DOT,
        from: "a host with a letter instead of its second dot",
        asks: Asks::Resource,
        origin: |target| target.without_dot(1),
    },
    Test {
        code: HTTP,
        from: "the same host with plain http",
        asks: Asks::Resource,
        origin: |target| target.next_to_https(&target.origin.replacen("https://", "http://", 1)),
    },
    Test {
        code: PORT,
        from: "another port of the same host",
        asks: Asks::Resource,
        origin: |target| {
            let port = if target.url.port() == Some(8444) {
                8445
            } else {
                8444
            };
            Ok(Some(format!(
                "{}://{}:{port}",
                target.url.scheme(),
                target.host
            )))
        },
    },
    Test {
        code: LOCALHOST,
        from: "a page on the user's own machine",
        asks: Asks::Resource,
        origin: |target| target.next_to_https("http://localhost"),
    },
    Test {
        code: LOCALHOST,
        from: "a page on the user's own machine",
        asks: Asks::Resource,
        origin: |target| target.next_to_https("http://localhost:3000"),
    },
    Test {
        code: LOCALHOST,
        from: "a page on the user's own machine",
        asks: Asks::Resource,
        origin: |target| target.next_to_https("http://localhost:5173"),
    },
    Test {
        code: LOCALHOST,
        from: "a page on the user's own machine",
        asks: Asks::Resource,
        origin: |target| target.next_to_https("http://localhost:8080"),
    },
];

/// A host that no one owns: <https://www.rfc-editor.org/rfc/rfc2606>.
pub(super) const UNRELATED: &str = "cors-audit.example";
/// A subdomain that hardly any site has.
pub(super) const LABEL: &str = "cors-audit";
