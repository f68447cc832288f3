//! Exports that are changed by hand: the cases must fail with each of them. Otherwise a column that passes would not show
//! that the export is right.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::Path;
use std::slice;
use std::sync::Arc;

use super::InFront;
use crate::case::Suite;
use crate::column::{Column, Gateway};
use crate::difference::Differences;
use crate::report::CaseFailure;
use crate::run::{self, Started, Subject};

/// A change of what was exported to each gateway.
struct Change {
    name: &'static str,
    /// The policy whose cases must fail.
    policy: &'static str,
    nginx: Edit,
    haproxy: Edit,
    envoy: Edit,
    /// Envoy without Lua. A field can be written in two files.
    routes: &'static [Edit],
}

/// A text in an exported file, and what is written instead of it wherever it is.
#[derive(Clone, Copy)]
struct Edit {
    file: &'static str,
    text: &'static str,
    instead: &'static str,
}

const fn edit(file: &'static str, text: &'static str, instead: &'static str) -> Edit {
    Edit {
        file,
        text,
        instead,
    }
}

const CHANGES: [Change; 12] = [
    Change {
        name: "a response without Access-Control-Allow-Credentials",
        policy: "actual/cookies",
        nginx: edit(
            "cors.headers.conf",
            "add_header Access-Control-Allow-Credentials $cors_credentials always;\n",
            "",
        ),
        haproxy: edit(
            "cors.cfg",
            "    http-after-response set-header access-control-allow-credentials \"true\" if { var(txn.cors_actual) -m str 1 }\n",
            "",
        ),
        envoy: edit(
            "cors.lua",
            "      { \"access-control-allow-credentials\", \"true\" },\n",
            "",
        ),
        routes: &[edit(
            "cors.routes.yaml",
            "        - append:
            header: { key: access-control-allow-credentials, value: \"true\" }
            append_action: OVERWRITE_IF_EXISTS_OR_ADD\n",
            "",
        )],
    },
    Change {
        name: "a preflight response without Access-Control-Allow-Credentials",
        policy: "preflight/cookies",
        nginx: edit("cors.http.conf", "    \"preflight-1\" \"true\";\n", ""),
        haproxy: edit(
            "cors.cfg",
            " hdr access-control-allow-credentials \"true\"",
            "",
        ),
        envoy: edit(
            "cors.lua",
            "      { \"access-control-allow-credentials\", \"true\" },\n",
            "",
        ),
        routes: &[edit(
            "cors.routes.yaml",
            "  - header: { key: access-control-allow-credentials, value: \"true\" }\n",
            "",
        )],
    },
    Change {
        name: "a response without Vary",
        policy: "actual/cookies",
        nginx: edit(
            "cors.headers.conf",
            "add_header Vary $cors_vary always;\n",
            "",
        ),
        haproxy: edit(
            "cors.cfg",
            "    http-after-response set-header vary Origin if cors_varies !{ res.fhdr(vary) -m len gt 0 }\n",
            "",
        ),
        envoy: edit("cors.lua", "      { \"vary\", \"Origin\" },\n", ""),
        // The filter writes it as well.
        routes: &[
            edit("cors.routes.yaml", "? '' : 'Origin')", "? '' : '')"),
            edit("cors.filter.yaml", "? '' : 'Origin')", "? '' : '')"),
        ],
    },
    Change {
        name: "a preflight response without Vary",
        policy: "preflight/cookies",
        nginx: edit("cors.http.conf", "    \"preflight-1\" \"Origin\";\n", ""),
        haproxy: edit("cors.cfg", " hdr vary \"Origin\"", ""),
        envoy: edit("cors.lua", "      { \"vary\", \"Origin\" },\n", ""),
        routes: &[
            edit(
                "cors.routes.yaml",
                "  - header: { key: vary, value: \"Origin\" }\n",
                "",
            ),
            edit("cors.filter.yaml", "? '' : 'Origin')", "? '' : '')"),
        ],
    },
    Change {
        name: "one more origin",
        policy: "origins/patterns",
        nginx: edit(
            "cors.http.conf",
            "    \"https://foo.com\" 1;\n",
            "    \"https://foo.com\" 1;\n    \"http://foo.com\" 1;\n",
        ),
        haproxy: edit(
            "cors.exact.map",
            "https://foo.com 1\n",
            "https://foo.com 1\nhttp://foo.com 1\n",
        ),
        envoy: edit(
            "cors.lua",
            "[\"https://foo.com\"] = 2,",
            "[\"https://foo.com\"] = 2, [\"http://foo.com\"] = 2,",
        ),
        routes: &[edit(
            "cors.routes.yaml",
            r"|https://foo\.com|",
            r"|https://foo\.com|http://foo\.com|",
        )],
    },
    Change {
        name: "another origin instead of one",
        policy: "origins/patterns",
        nginx: edit(
            "cors.http.conf",
            "    \"https://foo.com\" 1;\n",
            "    \"https://foo.org\" 1;\n",
        ),
        haproxy: edit(
            "cors.exact.map",
            "https://foo.com 1\n",
            "https://foo.org 1\n",
        ),
        envoy: edit(
            "cors.lua",
            "[\"https://foo.com\"] = 2,",
            "[\"https://foo.org\"] = 2,",
        ),
        routes: &[edit(
            "cors.routes.yaml",
            r"|https://foo\.com|",
            r"|https://foo\.org|",
        )],
    },
    Change {
        name: "a wider pattern",
        policy: "origins/patterns",
        // A dot that is not escaped: `https://evilexample.com` matches.
        nginx: edit(
            "cors.http.conf",
            r"{1,63}\.)+example\.com$",
            "{1,63}.)+example.com$",
        ),
        haproxy: edit(
            "cors.patterns.map",
            r"{1,63}\.)+example\.com$",
            "{1,63}.)+example.com$",
        ),
        // `https://a.pr-7.example.dev` matches.
        envoy: edit(
            "cors.lua",
            "\"https://pr-*.example.dev\"",
            "\"https://*.example.dev\"",
        ),
        routes: &[edit(
            "cors.routes.yaml",
            r"{1,63}\.)+example\.com$",
            "{1,63}.)+example.com$",
        )],
    },
    Change {
        name: "another status of a preflight response",
        policy: "preflight/cookies",
        nginx: edit("cors.server.conf", "{ return 204; }", "{ return 200; }"),
        haproxy: edit("cors.cfg", "return status 204", "return status 200"),
        envoy: edit(
            "cors.lua",
            "PREFLIGHT_STATUS = \"204\"",
            "PREFLIGHT_STATUS = \"200\"",
        ),
        routes: &[edit(
            "cors.routes.yaml",
            "{ status: 204 }",
            "{ status: 200 }",
        )],
    },
    Change {
        name: "another status of a preflight response without a grant",
        policy: "preflight/cookies",
        nginx: edit(
            "cors.http.conf",
            "\"preflight-0\" 403;",
            "\"preflight-0\" 204;",
        ),
        haproxy: edit("cors.cfg", "return status 403", "return status 204"),
        envoy: edit(
            "cors.lua",
            "PREFLIGHT_STATUS or \"403\"",
            "PREFLIGHT_STATUS or \"204\"",
        ),
        routes: &[edit(
            "cors.routes.yaml",
            "{ status: 403 }",
            "{ status: 204 }",
        )],
    },
    Change {
        name: "another Access-Control-Max-Age",
        policy: "preflight/cookies",
        nginx: edit("cors.http.conf", "\"86400\"", "\"86401\""),
        haproxy: edit("cors.cfg", "\"86400\"", "\"86401\""),
        envoy: edit("cors.lua", "\"86400\"", "\"86401\""),
        routes: &[edit("cors.routes.yaml", "\"86400\"", "\"86401\"")],
    },
    Change {
        name: "one more method",
        policy: "preflight/cookies",
        nginx: edit("cors.http.conf", "PUT, DELETE\"", "PUT, DELETE, PATCH\""),
        haproxy: edit("cors.cfg", "PUT, DELETE\"", "PUT, DELETE, PATCH\""),
        envoy: edit("cors.lua", "PUT, DELETE\"", "PUT, DELETE, PATCH\""),
        routes: &[edit(
            "cors.routes.yaml",
            "PUT, DELETE\"",
            "PUT, DELETE, PATCH\"",
        )],
    },
    Change {
        name: "the application's Access-Control-Allow-Origin stays",
        policy: "actual/cookies",
        nginx: edit(
            "cors.headers.conf",
            "proxy_hide_header Access-Control-Allow-Origin;\n",
            "",
        ),
        haproxy: edit(
            "cors.cfg",
            "    http-after-response del-header access-control-allow-origin if !cors_is_preflight\n",
            "",
        ),
        envoy: edit(
            "cors.lua",
            "local OWNED = {\n  \"access-control-allow-origin\",\n",
            "local OWNED = {\n",
        ),
        routes: &[edit(
            "cors.routes.yaml",
            "        - remove: access-control-allow-origin\n",
            "",
        )],
    },
];

impl Change {
    const fn to(&self, gateway: Gateway) -> &[Edit] {
        match gateway {
            Gateway::Nginx => slice::from_ref(&self.nginx),
            Gateway::Haproxy => slice::from_ref(&self.haproxy),
            Gateway::Envoy => slice::from_ref(&self.envoy),
            Gateway::EnvoyRoutes => self.routes,
        }
    }
}

impl Edit {
    /// Changes a file in the folder of an export.
    fn apply(self, exported: &Path) -> Result<(), String> {
        let Self {
            file,
            text,
            instead,
        } = self;
        let path = exported.join(file);
        let failed = |error| format!("{file}: {error}");
        let before = fs::read_to_string(&path).map_err(failed)?;
        if !before.contains(text) {
            return Err(format!("{file} does not contain `{text}`"));
        }
        fs::write(&path, before.replace(text, instead)).map_err(failed)
    }
}

/// A gateway with a changed export.
struct Changed<'a> {
    gateway: InFront<'a>,
    edits: &'a [Edit],
}

impl Subject for Changed<'_> {
    fn column(&self) -> Column {
        self.gateway.column()
    }

    fn start(&self, policy: Option<&Path>) -> Result<Started, String> {
        let edit = |exported: &Path| {
            let mut edits = self.edits.iter();
            edits.try_for_each(|edit| edit.apply(exported))
        };
        self.gateway.start_edited(policy, &edit)
    }
}

/// Changes the export to each gateway in each way, and prints whether cases fail. Returns whether some did with each change.
///
/// # Errors
///
/// If a gateway without a policy does not start.
pub fn run(
    columns: &[InFront<'_>],
    suite: &Suite,
    differences: &Differences,
) -> Result<bool, String> {
    let results = std::thread::scope(|scope| {
        let threads: Vec<_> = columns
            .iter()
            .map(|gateway| scope.spawn(|| unnoticed(*gateway, suite, differences)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                let panicked = || Err("a thread panicked".to_owned());
                thread.join().unwrap_or_else(|_| panicked())
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    for (column, unnoticed) in columns.iter().zip(&results) {
        let (column, all) = (column.column(), CHANGES.len());
        println!(
            "{column}: cases fail with {} of {all} changed exports",
            all - unnoticed.len()
        );
        for line in unnoticed {
            println!("    {line}");
        }
    }
    Ok(results.iter().all(Vec::is_empty))
}

/// The changes with which no case fails, and why.
fn unnoticed(
    gateway: InFront<'_>,
    suite: &Suite,
    differences: &Differences,
) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    // What fails with the unchanged export of each policy. It says nothing about a changed one.
    let mut unchanged: BTreeMap<&str, Vec<CaseFailure>> = BTreeMap::new();
    for change in &CHANGES {
        let suite = of_policy(suite, change.policy);
        let before = match unchanged.entry(change.policy) {
            Entry::Occupied(before) => before.into_mut(),
            Entry::Vacant(entry) => {
                let report = run::run(&[gateway], &suite, differences, &|| ())?;
                entry.insert(report.failures)
            }
        };
        let changed = Changed {
            gateway,
            edits: change.to(gateway.installed.version.gateway),
        };
        let report = run::run(&[changed], &suite, differences, &|| ())?;
        let exchanges = report.total().exchanges;
        if let Err(why) = check(before, &report.failures, exchanges) {
            lines.push(format!("{} ({}): {why}", change.name, change.policy));
        }
    }
    Ok(lines)
}

/// Whether other cases fail than before, because of what a gateway responds.
fn check(before: &[CaseFailure], after: &[CaseFailure], exchanges: usize) -> Result<(), String> {
    // A gateway that does not start shows nothing.
    let mut all = before.iter().chain(after);
    if let Some(failure) = all.find(|failure| failure.judge == "connection") {
        return Err(failure.message.clone());
    }
    let failed_before = |case: &str| before.iter().any(|failure| failure.case == case);
    match after.iter().any(|failure| !failed_before(&failure.case)) {
        true => Ok(()),
        false if exchanges == 0 => Err("no case was run".to_owned()),
        false => Err(format!("none of {exchanges} cases fails because of it")),
    }
}

/// The cases of one policy.
fn of_policy(suite: &Suite, policy: &str) -> Suite {
    let policies = suite.policies.iter().filter(|it| it.name == policy);
    let cases = suite.cases.iter().filter(|it| it.policy.name == policy);
    Suite {
        policies: policies.map(Arc::clone).collect(),
        cases: cases.cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Framework;

    #[test]
    fn a_text_that_is_missing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "a b a").unwrap();
        let apply = |file, text| edit(file, text, "c").apply(folder.path());
        assert_eq!(apply("file", "a"), Ok(()));
        assert_eq!(fs::read_to_string(&file).unwrap(), "c b c");
        assert_eq!(
            apply("file", "a"),
            Err("file does not contain `a`".to_owned())
        );
        assert!(apply("other", "a").unwrap_err().starts_with("other: "));
    }

    #[test]
    fn a_change_is_noticed_by_a_response() {
        let failure = |case: &str, judge: &str| CaseFailure {
            column: Column {
                framework: Framework::Axum,
                gateway: None,
            },
            case: case.to_owned(),
            judge: judge.to_owned(),
            message: "why".to_owned(),
        };
        let check = |before: &[(&str, &str)], after: &[(&str, &str)], exchanges| {
            let [before, after] = [before, after].map(|rows| {
                let rows = rows.iter().map(|(case, judge)| failure(case, judge));
                rows.collect::<Vec<_>>()
            });
            check(&before, &after, exchanges)
        };
        let error = |message: &str| Err(message.to_owned());
        let (a, b) = (("a", "case"), ("b", "engine"));
        let closed = ("b", "connection");
        assert_eq!(check(&[], &[a], 2), Ok(()));
        assert_eq!(check(&[a], &[a, b], 2), Ok(()));
        let same = error("none of 2 cases fails because of it");
        assert_eq!(check(&[], &[], 2), same);
        assert_eq!(check(&[a], &[a], 2), same);
        assert_eq!(check(&[a], &[("a", "engine")], 2), same);
        assert_eq!(check(&[], &[a, closed], 2), error("why"));
        assert_eq!(check(&[closed], &[a], 2), error("why"));
        assert_eq!(check(&[], &[], 0), error("no case was run"));
    }
}
