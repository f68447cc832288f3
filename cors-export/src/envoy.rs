//! Envoy: a Lua filter, or routes.

mod lua;
mod routes;

use std::fmt::Write as _;

use cors_core::adapter::HeaderSource;
use cors_core::text::{Printable, is_printable};

pub(crate) use lua::export;
pub(crate) use routes::export_routes;

use crate::table::Table;
use crate::{Options, Refusal};

/// What a line of a comment begins with.
#[derive(Clone, Copy)]
struct Comment(&'static str);

impl Comment {
    const LUA: Self = Self("--");
    const YAML: Self = Self("#");

    /// Writes a comment, a line for each line of `text`. What is not printable in a line is escaped.
    fn write(self, out: &mut String, text: &str) {
        for line in text.split('\n') {
            let space = if line.is_empty() { "" } else { " " };
            let _ = writeln!(out, "{}{space}{}", self.0, Printable(line));
        }
    }

    /// Writes what every file begins with. `usage` says how the file is used.
    fn write_head(self, out: &mut String, options: &Options, command: &str, usage: &str) {
        // A name with a line break stays in its line.
        let in_line = |text: &str| Printable(text).to_string();
        let policy = in_line(&options.policy);
        let version = env!("CARGO_PKG_VERSION");
        let made_by =
            format!("Made by `cors export {command}` {version} from {policy}. Do not edit.");
        self.write(out, &made_by);
        for line in &options.made_from {
            self.write(out, &in_line(line));
        }
        self.write(out, &format!("\n{usage}"));
    }
}

/// Envoy has nothing that could hold a set and be changed while it runs.
fn check_sets(table: &Table<'_>) -> Result<(), Vec<Refusal>> {
    let sets = table.parts.iter().flat_map(|part| &part.sets);
    let refusals = sets.map(|row| Refusal {
        place: row.place.clone(),
        message: format!(
            "Envoy cannot follow the set `{}` while it runs; list its origins in the policy, decide in the application, or \
             use nginx or HAProxy",
            row.set.name
        ),
    });
    let refusals: Vec<_> = refusals.collect();
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(refusals),
    }
}

/// A part of `local_reply_config`, for responses that no filter sees: the fields of a request about which nothing is known.
fn local_replies(table: &Table<'_>, options: &Options) -> String {
    let mut out = String::new();
    let usage = "Optional: a part of the HTTP connection manager, for the responses that Envoy sends before it has read a request's\n\
        headers, such as 400 and 431. The Lua filter does not see them. So caches know that responses differ by origin.";
    Comment::YAML.write_head(&mut out, options, "envoy", usage);
    let _ = write!(
        out,
        "\nlocal_reply_config:\n  \
           mappers:\n  \
           # Responses for which the filter has not stored anything.\n  \
           - filter:\n      \
               metadata_filter:\n        \
                 matcher:\n          \
                   filter: {}\n          \
                   path: [{{ key: outcome }}]\n          \
                   value: {{ bool_match: true }}\n        \
                 match_if_key_not_found: true\n    \
             headers_to_add:\n",
        options.prefix
    );
    let unknown = table.parts.last().map(|part| part.unmatched);
    let unknown = unknown.and_then(|outcome| table.outcomes.get(outcome));
    for field in unknown.map_or(&[][..], |outcome| outcome.actual) {
        let HeaderSource::Constant(value) = &field.value else {
            continue;
        };
        let _ = write!(
            out,
            "    - header:\n        key: {}\n        value: {}\n      append_action: ADD_IF_ABSENT\n",
            quote(field.name.name()),
            quote(value)
        );
    }
    out
}

/// A text as a string of JSON, which is one of YAML, too. Envoy substitutes what is between two `%`.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '%' => quoted.push_str("%%"),
            char if is_printable(char) => quoted.push(char),
            char => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let _ = write!(quoted, "\\u{unit:04x}");
                }
            }
        }
    }
    quoted.push('"');
    quoted
}
