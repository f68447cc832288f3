//! The rules for `refuse` and `hosts`.

use super::Writer;
use super::text::{Text, quoted};
use crate::table::{Outcome, Part};

/// A token of `Upgrade` that is for WebSocket.
const WEBSOCKET: &str = r"(?:^|,)[ \t]*websocket[ \t]*(?:/|,|$)";

impl Writer<'_> {
    /// What `refuse` and `hosts` refuse, in the order of the library.
    pub(super) fn refusals(&self, text: &mut Text) {
        let prefix = self.prefix;
        text.section("Every other request: what its response has.");
        text.rule(&format!(
            "http-request set-var(txn.{prefix}_actual) var(txn.{prefix}_grant)"
        ));
        let parts = &self.table.parts;
        if !parts.iter().any(Part::refuses) {
            return;
        }
        let those = |refuses: fn(&Part<'_>) -> bool| -> Vec<usize> {
            let those = parts.iter().enumerate().filter(|(_, part)| refuses(part));
            those.map(|(index, _)| index).collect()
        };
        let websocket = those(|part| part.refuse.websocket);
        let writes = those(|part| part.refuse.cross_site_writes);
        let unlisted = those(|part| part.refuse.unlisted_origins);
        self.own_pages(text);
        if !websocket.is_empty() {
            text.rule(&format!(
                "acl {prefix}_is_websocket req.fhdr(upgrade) -m reg -i {}",
                quoted(WEBSOCKET)
            ));
        }
        let listed = |outcome: &Outcome<'_>| outcome.is_listed;
        let credentials = |outcome: &Outcome<'_>| outcome.allows_credentials;
        self.outcome_acl(text, "is_listed", listed);
        self.outcome_acl(text, "has_credentials", credentials);
        let mut refuse = |what: &str, part_acl: &str, parts: &[usize], condition: &str| {
            if parts.is_empty() {
                return;
            }
            text.section(what);
            let is_part = match parts.len() == self.table.parts.len() {
                true => String::new(),
                false => {
                    let name = format!("{prefix}_{part_acl}");
                    let ids: Vec<_> = parts.iter().map(|part| self.part_id(*part)).collect();
                    self.acl(text, &name, "part", &ids);
                    format!("{name} ")
                }
            };
            text.rule(&format!(
                "http-request return status 403 hdr cache-control no-store if {is_part}{condition}"
            ));
        };
        if !self.table.hosts.is_empty() {
            let file = self.path("hosts.acl");
            let is_other = format!("!{{ var(txn.{prefix}_host) -m reg -f {file} }}");
            refuse(
                "`hosts`, for `websocket`",
                "host_for_websocket",
                &websocket,
                &format!("{prefix}_is_websocket {is_other}"),
            );
            refuse(
                "`hosts`, for `unlisted-origins`",
                "host_for_all",
                &unlisted,
                &is_other,
            );
        }
        let is_foreign = format!("!{{ var(txn.{prefix}_own) -m bool }}");
        refuse(
            "`refuse`: `websocket`",
            "refuses_websocket",
            &websocket,
            &format!("{is_foreign} {prefix}_is_websocket !{prefix}_is_listed"),
        );
        refuse(
            "`refuse`: `cross-site-writes`",
            "refuses_writes",
            &writes,
            &format!("{is_foreign} !{{ method GET HEAD OPTIONS }} !{prefix}_has_credentials"),
        );
        refuse(
            "`refuse`: `unlisted-origins`, but not a followed link",
            "refuses_unlisted",
            &unlisted,
            &format!("{is_foreign} !{prefix}_is_listed !{{ var(txn.{prefix}_link) -m bool }}"),
        );
    }

    /// Whether a request is from a page of the server's own origin, or from no page.
    fn own_pages(&self, text: &mut Text) {
        let prefix = self.prefix;
        text.section("Requests from a page of this server, or from no page, are not refused.");
        let own = format!("http-request set-var(txn.{prefix}_own) bool(true) if");
        text.rule(&format!(
            "{own} {{ req.fhdr_cnt(sec-fetch-site) eq 1 }} {{ req.fhdr(sec-fetch-site) -m str same-origin none }}"
        ));
        let is_old = "{ req.fhdr_cnt(sec-fetch-site) eq 0 }";
        text.rule(&format!("{own} {is_old} {{ req.fhdr_cnt(origin) eq 0 }}"));
        text.detail("Without Sec-Fetch-Site: `Origin` is compared with `Host`, which may have the default port.");
        text.rule(&format!(
            "http-request set-var(txn.{prefix}_host) req.fhdr(host),lower if {{ req.fhdr_cnt(host) eq 1 }}"
        ));
        for (scheme, port) in [("https", 443), ("http", 80)] {
            let is_scheme = format!("{is_old} {{ var(txn.{prefix}_origin) -m reg ^{scheme}://. }}");
            text.rule(&format!(
                "http-request set-var(txn.{prefix}_origin_host) 'var(txn.{prefix}_origin),lower,regsub(\"^{scheme}://\",\"\")' if {is_scheme}"
            ));
            text.rule(&format!(
                "http-request set-var(txn.{prefix}_own_host) 'var(txn.{prefix}_host),regsub(\":{port}$\",\"\")' if {is_scheme}"
            ));
        }
        text.rule(&format!(
            "{own} {{ var(txn.{prefix}_origin_host),strcmp(txn.{prefix}_own_host) eq 0 }}"
        ));
        if self
            .table
            .parts
            .iter()
            .any(|part| part.refuse.unlisted_origins)
        {
            let only = |name: &str, value: &str| {
                format!("{{ req.fhdr_cnt({name}) eq 1 }} {{ req.fhdr({name}) -m str {value} }}")
            };
            text.rule(&format!(
                "http-request set-var(txn.{prefix}_link) bool(true) if {{ method GET HEAD }} {{ req.fhdr_cnt(origin) eq 0 }} {} {}",
                only("sec-fetch-mode", "navigate"),
                only("sec-fetch-dest", "document")
            ));
        }
    }

    fn outcome_acl(&self, text: &mut Text, name: &str, is_in: fn(&Outcome<'_>) -> bool) {
        let name = format!("{}_{name}", self.prefix);
        let outcomes = self.table.outcomes.iter().enumerate();
        let outcomes: Vec<_> = outcomes
            .filter(|(_, outcome)| is_in(outcome))
            .map(|(index, _)| index)
            .collect();
        match outcomes.is_empty() {
            true => text.rule(&format!("acl {name} always_false")),
            false => self.acl(text, &name, "grant", outcomes),
        }
    }
}
