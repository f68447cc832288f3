//! Which requests are refused.

use super::Writer;
use super::syntax::Text;
use crate::table::Part;

impl Writer<'_> {
    /// Facts about the request in a few words; then rules, of which the first one that matches decides.
    pub(super) fn refused(&self, text: &mut Text<'_>) {
        host(text);
        if !self.table.hosts.is_empty() {
            self.own_host(text);
        }
        facts(text);
        self.grant(text);
        let variable = |name| text.variable(name);
        let part = match self.table.has_routes() {
            true => variable("part"),
            false => "0".to_owned(),
        };
        let own_host = match self.table.hosts.is_empty() {
            true => "listed".to_owned(),
            false => variable("hosts"),
        };
        let [kind, page, upgrade, method, link, grant] =
            ["kind", "page", "upgrade", "method", "link", "grant"].map(variable);
        text.comment(
            "Whether the request is refused: `no-store`, which is the `Cache-Control` of the response. The text is: the kind, the \
             part of the policy, the host, the page, the upgrade, the method, the link, and the grant.",
        );
        text.map(
            &format!(r#""{kind} {part} {own_host} {page} {upgrade} {method} {link} {grant}""#),
            "refused",
            r#""""#,
        );
        text.row_comment("a preflight is never refused");
        text.regex("^preflight ", r#""""#);
        self.rules(text);
        text.end();
    }

    fn own_host(&self, text: &mut Text<'_>) {
        text.comment("Whether the request is for a host in `hosts`.");
        let host = text.variable("host");
        text.map(&host, "hosts", "foreign");
        text.row_comment("too long");
        text.regex(r"^[^:\[]{255}|^[^:\[]{253}[^.:]", "foreign");
        for regex in &self.table.hosts {
            text.regex_without_case(regex, "listed");
        }
        text.end();
    }

    /// What a grant says about refusing.
    fn grant(&self, text: &mut Text<'_>) {
        text.comment("Whether the grant lists the origin, and whether it allows credentials.");
        let outcome = text.variable("outcome");
        text.map(&outcome, "grant", "unlisted");
        for (index, outcome) in self.table.outcomes.iter().enumerate() {
            // `*` has no credentials.
            let value = match (outcome.is_listed, outcome.allows_credentials) {
                (false, _) => continue,
                (true, false) => "listed",
                (true, true) => "credentials",
            };
            text.row(&index.to_string(), value);
        }
        text.end();
    }

    fn rules(&self, text: &mut Text<'_>) {
        let parts = self.table.parts.iter().enumerate();
        let parts = parts.filter(|(_, part)| part.refuses());
        if !self.table.hosts.is_empty() {
            for (index, part) in parts.clone() {
                let rule = match (part.refuse.unlisted_origins, part.refuse.websocket) {
                    (true, _) => format!("^actual {index} foreign "),
                    (false, true) => format!("^actual {index} foreign [a-z]+ websocket "),
                    (false, false) => continue,
                };
                text.row_comment(&format!("hosts: {}", part.name));
                text.regex(&rule, NO_STORE);
            }
        }
        text.row_comment("from a page of the server's own origin, or from no page");
        text.regex("^actual [0-9]+ [a-z]+ own ", r#""""#);
        for (index, part) in parts {
            rules_of_part(text, part, index);
        }
    }
}

fn rules_of_part(text: &mut Text<'_>, part: &Part<'_>, index: usize) {
    let rules = [
        (
            part.refuse.websocket,
            "websocket",
            "websocket [a-z]+ [a-z]+ unlisted",
        ),
        (
            part.refuse.cross_site_writes,
            "cross-site-writes",
            "[a-z]+ write [a-z]+ (?:unlisted|listed)",
        ),
        (
            part.refuse.unlisted_origins,
            "unlisted-origins",
            "[a-z]+ [a-z]+ load unlisted",
        ),
    ];
    for (_, name, facts) in rules.into_iter().filter(|rule| rule.0) {
        text.row_comment(&format!("{name}: {}", part.name));
        text.regex(&format!("^actual {index} [a-z]+ other {facts}$"), NO_STORE);
    }
}

const NO_STORE: &str = "no-store";

fn host(text: &mut Text<'_>) {
    text.comment(
        "The host and port of the request: a host in the request line takes the place of `Host`. In HTTP/3, nginx has no \
         `$http_host`.",
    );
    text.map("$request", "host", "$http_host");
    text.regex(r"^\S+ [^/\s]+://([^/?\s]+)", "$1");
    text.regex(r" HTTP/3\.0$", r#""$host:$server_port""#);
    text.end();
}

fn facts(text: &mut Text<'_>) {
    let host = text.variable("host");
    let origin_is_host = text.variable("same");
    text.comment("Whether `Origin` is absent, or has the host and port of the request. Browsers leave out default ports.");
    text.map(&format!(r#""$http_origin {host}""#), "same", "other");
    text.regex("^ ", "own");
    for (scheme, port) in [("https", "443"), ("http", "80")] {
        let regex = format!(r"^\s*{scheme}://(?i)(\S+)\s* \1(?::{port}|(?<!:{port}))$");
        text.regex(&regex, "own");
    }
    text.end();
    text.comment("Whether the request is from a page of another origin.");
    text.map("$http_sec_fetch_site", "page", "other");
    text.row("", &origin_is_host);
    text.regex(r"^\s*(?:same-origin|none)\s*$", "own");
    text.end();
    text.comment("Whether it asks for a WebSocket.");
    text.map("$http_upgrade", "upgrade", "none");
    text.regex_without_case(r"(?:^|,)\s*websocket\s*(?:[/,]|$)", "websocket");
    text.end();
    text.comment("Whether it may change something.");
    text.map("$request_method", "method", "write");
    text.regex("^(?:GET|HEAD|OPTIONS)$", "read");
    text.end();
    text.comment(
        "Whether it is a followed link: a page of another site is opened, and reads nothing.",
    );
    text.map(
        r#""$request_method $http_sec_fetch_mode $http_sec_fetch_dest $http_origin""#,
        "link",
        "load",
    );
    text.regex("^(?:GET|HEAD) navigate document $", "link");
    text.end();
}
