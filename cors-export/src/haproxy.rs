//! HAProxy: a section `defaults` with rules, and the files that they look things up in.
//!
//! HAProxy includes no files, so rules for a frontend would have to be copied, and to the right place, after each export. A
//! frontend takes the rules of a `defaults` section before its own, wherever it is, and one `from` names the section. It
//! can be in a file of its own. Several frontends can share it. HAProxy does not start where the order of the files is
//! wrong.

mod refuse;
mod rules;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use crate::table::{Part, PatternRow, Table};
use crate::{Difference, Export, File, Options, Refusal};

use self::text::Text;

/// The folder of the files, where the environment does not name another one.
const FOLDER: &str = "/etc/haproxy/cors";

pub(crate) fn export(table: &Table<'_>, options: &Options) -> Result<Export, Vec<Refusal>> {
    let differences = differences(table);
    let writer = Writer {
        table,
        options,
        prefix: &options.prefix,
        sets: set_files(table),
    };
    let mut files = vec![writer.rules(&differences)];
    files.extend(writer.paths());
    for part in 0..table.parts.len() {
        files.extend(writer.exact(part));
        files.extend(writer.patterns(part));
    }
    files.extend(writer.hosts());
    files.extend(writer.set_files());
    Ok(Export { files, differences })
}

struct Writer<'a> {
    table: &'a Table<'a>,
    options: &'a Options,
    prefix: &'a str,
    /// The part of the name of its file that stands for each set.
    sets: BTreeMap<&'a str, String>,
}

impl<'a> Writer<'a> {
    /// The lines at the top of each file.
    fn start(&self, what: &str) -> Text {
        let mut text = Text::default();
        text.comment(&format!(
            "Made by `cors export haproxy` {} from {}: {what}",
            env!("CARGO_PKG_VERSION"),
            self.options.policy
        ));
        text.comment("Do not edit: export the policy again.");
        for line in &self.options.made_from {
            text.comment(&format!("Made from {line}"));
        }
        text
    }

    fn paths(&self) -> Option<File> {
        if !self.table.has_routes() {
            return None;
        }
        let mut text = self.start("the paths");
        text.comment(
            "The first expression that matches a path says which part of the policy it belongs to.",
        );
        for row in &self.table.paths {
            let case = if row.ignores_case { "(?i)" } else { "" };
            text.line(&format!("{case}{} {}", row.regex, self.part_id(row.part)));
        }
        Some(self.file("paths.map", text))
    }

    fn exact(&self, index: usize) -> Option<File> {
        let part = self.table.parts.get(index)?;
        if part.exact.is_empty() {
            return None;
        }
        let mut text = self.start(&format!("origins of {}", part.name));
        self.outcome_names(&mut text, part.exact.iter().map(|(_, outcome)| *outcome));
        for (origin, outcome) in &part.exact {
            text.line(&format!("{origin} {outcome}"));
        }
        Some(self.file(&self.part_file(index, "exact.map"), text))
    }

    fn patterns(&self, index: usize) -> Option<File> {
        let part = self.table.parts.get(index)?;
        if part.patterns.is_empty() {
            return None;
        }
        let mut text = self.start(&format!("origins with wildcards of {}", part.name));
        text.comment("The first expression that matches an origin decides.");
        self.outcome_names(&mut text, part.patterns.iter().map(|row| row.outcome));
        for PatternRow {
            text: pattern,
            regex,
            outcome,
        } in &part.patterns
        {
            text.comment(pattern);
            text.line(&format!("{regex} {outcome}"));
        }
        Some(self.file(&self.part_file(index, "patterns.map"), text))
    }

    fn hosts(&self) -> Option<File> {
        let hosts = &self.table.hosts;
        if hosts.is_empty() || !self.table.parts.iter().any(Part::refuses) {
            return None;
        }
        let mut text = self.start("the hosts");
        text.comment("Expressions for each `Host`, in lower case, that is not refused.");
        for host in hosts {
            text.line(host);
        }
        Some(self.file("hosts.acl", text))
    }

    fn set_files(&self) -> Vec<File> {
        let rows = self.table.parts.iter().flat_map(|part| &part.sets);
        let sets: BTreeMap<_, _> = rows.map(|row| (row.set.name, row.set.set)).collect();
        let sets = sets.into_iter().filter_map(|(name, set)| {
            let file = format!("set.{}.acl", self.sets.get(name)?);
            let path = format!("{FOLDER}/{}.{file}", self.prefix);
            let mut text = self.start(&format!("the set {name}"));
            text.comments(&format!(
                "
A line is ORIGIN, or KEY ORIGIN, with one space. While HAProxy runs, commands of its socket (`stats socket`) change the set at once:

    add acl {path} https://acme.example
    add acl {path} acme\\ https://acme.example
    del acl {path} https://acme.example

or replace all of it (`prepare` prints the VERSION):

    prepare acl {path}
    add acl @VERSION {path} https://acme.example
    commit acl @VERSION {path}

They do not change this file, which HAProxy reads again when it is reloaded. So write the change here, too.
"
            ));
            let snapshot = set.snapshot();
            let lines: BTreeSet<_> = snapshot.iter().collect();
            for (key, origin) in lines {
                match key {
                    Some(key) => text.line(&format!("{key} {origin}")),
                    None => text.line(origin),
                }
            }
            Some(self.file(&file, text))
        });
        sets.collect()
    }

    /// An access control list of one or more values of a variable.
    fn acl<T: ToString>(
        &self,
        text: &mut Text,
        name: &str,
        variable: &str,
        values: impl IntoIterator<Item = T>,
    ) {
        let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
        // HAProxy takes 64 words in a line.
        for values in values.chunks(32) {
            text.rule(&format!(
                "acl {name} var(txn.{}_{variable}) -m str {}",
                self.prefix,
                values.join(" ")
            ));
        }
    }

    fn outcome_names(&self, text: &mut Text, outcomes: impl Iterator<Item = usize>) {
        for index in outcomes.collect::<BTreeSet<_>>() {
            if let Some(outcome) = self.table.outcomes.get(index) {
                text.comment(&format!("{index}: {}", outcome.name));
            }
        }
    }

    /// The name of a part in the rules.
    fn part_id(&self, index: usize) -> String {
        match index.checked_sub(1) {
            None => "top".to_owned(),
            Some(_) if index + 1 == self.table.parts.len() => "abnormal".to_owned(),
            Some(route) => format!("route[{route}]"),
        }
    }

    fn part_file(&self, index: usize, name: &str) -> String {
        match index.checked_sub(1) {
            None => name.to_owned(),
            Some(route) => format!("route{route}.{name}"),
        }
    }

    fn is_part(&self, index: usize) -> String {
        match self.table.has_routes() {
            true => format!(
                "{{ var(txn.{}_part) -m str {} }}",
                self.prefix,
                self.part_id(index)
            ),
            false => String::new(),
        }
    }

    fn folder_variable(&self) -> String {
        format!("{}_DIR", self.prefix.to_ascii_uppercase())
    }

    /// The path of a file, for a rule.
    fn path(&self, name: &str) -> String {
        format!("\"${{{}}}/{}.{name}\"", self.folder_variable(), self.prefix)
    }

    fn file(&self, name: &str, text: Text) -> File {
        File {
            name: format!("{}.{name}", self.prefix),
            text: text.into(),
        }
    }
}

/// The parts of the file names of sets.
fn set_files<'a>(table: &'a Table<'_>) -> BTreeMap<&'a str, String> {
    let names = table.parts.iter().flat_map(|part| &part.sets);
    let names: BTreeSet<_> = names.map(|row| row.set.name).collect();
    let mut files = BTreeMap::new();
    for name in names {
        let plain = |char: char| match char.is_ascii_alphanumeric() || char == '-' {
            true => char,
            false => '_',
        };
        let mut file: String = name.chars().take(64).map(plain).collect();
        if files.values().any(|other| *other == file) {
            file = format!("{file}_{}", files.len());
        }
        files.insert(name, file);
    }
    files
}

fn differences(table: &Table<'_>) -> Vec<Difference> {
    let mut differences = vec![
        Difference {
            requests: "a head that is not valid HTTP (also: a byte outside of ASCII in the target), or too large for HAProxy",
            answer: "a 400 of HAProxy, without `Vary`",
        },
        Difference {
            requests: "several hosts: different lines of `Host`, or a target with another host or with an authority only",
            answer: "a 400 of HAProxy, without `Vary`",
        },
        Difference {
            requests: "a byte 0 in a field",
            answer: "HAProxy lets it pass, but an `Origin` with it has no grant",
        },
    ];
    let mut granted = table.outcomes.iter().flat_map(|outcome| outcome.preflight);
    if granted.any(rules::is_asked) {
        differences.push(Difference {
            requests: "a preflight with several lines of Access-Control-Request-Method or -Headers",
            answer: "the response has them in one line",
        });
    }
    let mut patterns = table.parts.iter().flat_map(|part| &part.patterns);
    if patterns.any(|row| row.text == "*" || row.text.ends_with("://*")) {
        differences.push(Difference {
            requests: "an origin with an IPv6 address that is not in the shortest form",
            answer: "it has the grant of `*`",
        });
    }
    if table.parts.iter().any(Part::refuses) {
        differences.push(Difference {
            requests: "several equal lines of `Host`",
            answer: "they count as one",
        });
        differences.push(Difference {
            requests: "HTTP/1.0 with the host in the target, and no `Host`",
            answer: "the host is not known, so the request is refused as if it were for another host",
        });
    }
    differences
}
