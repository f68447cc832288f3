//! Envoy: a Lua filter, or routes.

mod lua;
mod routes;

use std::fmt::Write as _;

use cors_core::text::{Printable, is_printable};

pub(crate) use lua::export;
pub(crate) use routes::export_routes;

use crate::table::Table;
use crate::{Difference, Options, Refusal};

/// Which paths the routes of a policy are compared with.
const PATHS: &str = "
The paths are those before a route rewrites them. Where `normalize_path`, `merge_slashes` or
`path_with_escaped_slashes_action` of the connection manager changes a path, they are the changed ones.";

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
        let made_by = format!(
            "Made by `cors export {command}` {version} from {policy}. Do not edit: export the policy again."
        );
        self.write(out, &made_by);
        for line in &options.made_from {
            self.write(out, &format!("Made from {}", in_line(line)));
        }
        self.write(out, &format!("\n{usage}"));
    }
}

/// Where both shapes differ from the libraries.
const COMMON: [Difference; 4] = [
    Difference {
        requests: "requests with a method that Envoy does not know: browsers send them if a script asks for it",
        answer: "Envoy responds with 400 itself, to `QUERY` always, to others without \
                 `http_protocol_options: { allow_custom_methods: true }`",
    },
    Difference {
        requests: "an `Upgrade` that `Connection` does not name",
        answer: "Envoy removes it, so no WebSocket is opened and no policy refuses one",
    },
    Difference {
        requests: "two lines of `Origin`, of which one is empty",
        answer: "Envoy drops the empty line, so the other one decides",
    },
    Difference {
        requests: "several lines of `Access-Control-Request-Method` or `Access-Control-Request-Headers`",
        answer: "where the policy echoes them, Envoy sends one line, joined by commas",
    },
];

fn write_differences(out: &mut String, comment: Comment, differences: &[Difference]) {
    comment.write(out, "\nWhere Envoy differs from the libraries:");
    for Difference { requests, answer } in differences {
        comment.write(out, &format!("- {requests}:\n  {answer}."));
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

/// A text as a string of JSON, which is one of YAML, too.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
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
