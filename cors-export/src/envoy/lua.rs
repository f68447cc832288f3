//! A Lua filter for Envoy: the policy's tables, and code that is the same for every policy.

use std::fmt::Write as _;

use cors_core::Refuse;
use cors_core::adapter::{Header, HeaderSource};

use super::{COMMON, Comment, PATHS, check_sets, write_differences};
use crate::table::{Outcome, Part, Table};
use crate::{Difference, Export, File, Options, Refusal};

/// The code that looks a request up in the tables.
const FILTER: &str = include_str!("filter.lua");

/// The type of the filter.
const LUA: &str = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";

/// Where this shape differs from the libraries.
const OWN: &[Difference] = &[
    Difference {
        requests: "requests to which the upstream responds with several lines of `Vary`",
        answer: "Envoy joins the lines without a space after the comma",
    },
    Difference {
        requests: "requests that Envoy refuses before a filter sees them: 400, 431, 501, and 404 for `OPTIONS *`",
        answer: "the response has no grant",
    },
];

fn differences() -> Vec<Difference> {
    [&COMMON, OWN].concat()
}

pub(crate) fn export(table: &Table<'_>, options: &Options) -> Result<Export, Vec<Refusal>> {
    check_sets(table)?;
    let prefix = &options.prefix;
    let file = |name: &str, text| File {
        name: format!("{prefix}.{name}"),
        text,
    };
    Ok(Export {
        files: vec![
            file("lua", script(table, options)),
            file("filter.yaml", filter(options)),
        ],
        differences: differences(),
    })
}

/// The entry of `http_filters`.
fn filter(options: &Options) -> String {
    let prefix = &options.prefix;
    let mut out = String::new();
    let usage = format!(
        "Copy this entry into `http_filters` of the HTTP connection manager, as the first one: a filter before it could respond\n\
         without the policy. Put {prefix}.lua where `filename` says, or change that line of your copy. Envoy reads the file\n\
         when it starts.\n\
         An entry of `upgrade_configs` that has `filters` of its own needs this one, too. Without `upgrade_configs` for\n\
         `websocket`, Envoy refuses WebSockets itself.\n\
         \n\
         Several policies in one listener: give each an entry, by `--prefix`, and disable it in the virtual hosts of the others:\n\
         \x20 typed_per_filter_config:\n\
         \x20   {prefix}: {{ \"@type\": {LUA}PerRoute, disabled: true }}"
    );
    Comment::YAML.write_head(&mut out, options, "envoy", &usage);
    let _ = write!(
        out,
        "\n- name: {prefix}\n  \
           typed_config:\n    \
             \"@type\": {LUA}\n    \
             default_source_code:\n      \
               filename: /etc/envoy/{prefix}.lua\n"
    );
    out
}

fn script(table: &Table<'_>, options: &Options) -> String {
    let prefix = &options.prefix;
    let mut out = String::new();
    let usage = format!(
        "A Lua filter for Envoy. {prefix}.filter.yaml is its entry in `http_filters`, where it must be the first one.\n\
         Envoy reads this file when it starts. With an error in it, Envoy does not start. Tested with Envoy 1.40.\n\
         The filter responds to preflights itself, and writes the fields of the policy on every other response, Envoy's own\n\
         ones included."
    );
    Comment::LUA.write_head(&mut out, options, "envoy", &usage);
    if table.has_routes() {
        Comment::LUA.write(&mut out, PATHS);
    }
    write_differences(&mut out, Comment::LUA, &differences());
    write_constants(&mut out, table, options);
    write_outcomes(&mut out, &table.outcomes);
    write_parts(&mut out, &table.parts);
    write_routes(&mut out, table);
    write_hosts(&mut out, &table.host_patterns);
    out.push('\n');
    out.push_str(FILTER);
    out
}

fn write_constants(out: &mut String, table: &Table<'_>, options: &Options) {
    out.push_str("\n-- The status of the response to a preflight with a grant.\n");
    let status = table.preflight_status.to_string();
    let _ = writeln!(out, "local PREFLIGHT_STATUS = {}", quote(&status));
    out.push_str("\n-- The namespace of the dynamic metadata.\n");
    let _ = writeln!(out, "local METADATA = {}", quote(&options.prefix));
    // Envoy responds to some requests before the filter sees them. Then neither path nor origin is known.
    let unknown = table.parts.last().map_or(0, |part| part.unmatched);
    out.push_str(
        "\n-- The outcome of a request that the filter has not seen: a number of the next table.\n",
    );
    let _ = writeln!(out, "local DEFAULT_OUTCOME = {}", number(unknown));
}

fn write_outcomes(out: &mut String, outcomes: &[Outcome<'_>]) {
    out.push_str(
        "\n-- What goes on the responses to a request. `actual` are the fields of an actual response, `preflight` those of the\n\
         -- response to a preflight. A field with `echo` has the value of that request header.\n\
         -- `is_listed`: the grant is for listed origins. `allows_credentials`: the grant is one with credentials.\n\
         local outcomes = {\n",
    );
    for (index, outcome) in outcomes.iter().enumerate() {
        let _ = writeln!(out, "  -- {}: {}", number(index), outcome.name);
        let _ = writeln!(
            out,
            "  {{\n    is_granted = {}, is_listed = {}, allows_credentials = {},",
            outcome.is_granted, outcome.is_listed, outcome.allows_credentials
        );
        write_fields(out, "actual", outcome.actual);
        write_fields(out, "preflight", outcome.preflight);
        out.push_str("  },\n");
    }
    out.push_str("}\n");
}

fn write_fields(out: &mut String, name: &str, fields: &[Header<Box<str>>]) {
    let _ = writeln!(out, "    {name} = {{");
    for field in fields {
        let name = quote(field.name.name());
        let _ = match &field.value {
            HeaderSource::Constant(value) => writeln!(out, "      {{ {name}, {} }},", quote(value)),
            HeaderSource::Echo(header) => {
                writeln!(out, "      {{ {name}, echo = {} }},", quote(header.name()))
            }
        };
    }
    out.push_str("    },\n");
}

fn write_parts(out: &mut String, parts: &[Part<'_>]) {
    out.push_str(
        "\n-- The parts of the policy: what is at the top, then each route. `origins` and `patterns` have the outcomes of origins;\n\
         -- the first pattern that matches decides. Other origins have the outcome `unmatched`.\n\
         local parts = {\n",
    );
    for (index, part) in parts.iter().enumerate() {
        out.push_str("  ");
        Comment::LUA.write(out, &format!("{}: {}", number(index), part.name));
        let _ = writeln!(out, "  {{\n    unmatched = {},", number(part.unmatched));
        write_refuse(out, part.refuse);
        let origins = part.exact.iter().map(|(text, outcome)| (&**text, *outcome));
        write_origins(out, "    ", origins);
        // The others are for gateways with regular expressions.
        let patterns = part.patterns.iter().filter(|row| row.text.contains('*'));
        write_patterns(out, "    ", patterns.map(|row| (&*row.text, row.outcome)));
        out.push_str("  },\n");
    }
    out.push_str("}\n");
}

fn write_refuse(out: &mut String, refuse: Refuse) {
    let rows = [
        ("websocket", refuse.websocket),
        ("cross_site_writes", refuse.cross_site_writes),
        ("unlisted_origins", refuse.unlisted_origins),
    ];
    let refused = rows.into_iter().filter(|(_, is_refused)| *is_refused);
    let refused: Vec<_> = refused.map(|(name, _)| format!("{name} = true")).collect();
    if !refused.is_empty() {
        let _ = writeln!(out, "    refuse = {{ {} }},", refused.join(", "));
    }
}

fn write_origins<'a>(out: &mut String, indent: &str, rows: impl Iterator<Item = (&'a str, usize)>) {
    let _ = writeln!(out, "{indent}origins = {{");
    for (text, outcome) in rows {
        let _ = writeln!(out, "{indent}  [{}] = {},", quote(text), number(outcome));
    }
    let _ = writeln!(out, "{indent}}},");
}

fn write_patterns<'a>(
    out: &mut String,
    indent: &str,
    rows: impl Iterator<Item = (&'a str, usize)>,
) {
    let _ = writeln!(out, "{indent}patterns = {{");
    for (text, outcome) in rows {
        let _ = writeln!(out, "{indent}  {{ {}, {} }},", quote(text), number(outcome));
    }
    let _ = writeln!(out, "{indent}}},");
}

fn write_routes(out: &mut String, table: &Table<'_>) {
    out.push_str("\n-- The paths of the routes, each with its part. The last part is for paths that servers read in several ways.\n");
    out.push_str("local routes = {\n");
    if table.has_routes() {
        let routes = table.parts.iter().enumerate();
        let last = table.parts.len().saturating_sub(1);
        for (index, part) in routes.take(last).skip(1) {
            let path = quote(&part.name);
            let _ = writeln!(out, "  {{ path = {path}, part = {} }},", number(index));
        }
    }
    out.push_str("}\n");
}

fn write_hosts(out: &mut String, hosts: &[String]) {
    out.push_str("\n-- The hosts that requests may be for, as origins of a scheme without a default port; nil if the host does not matter.\n");
    if hosts.is_empty() {
        out.push_str("local hosts = nil\n");
        return;
    }
    let origins: Vec<_> = hosts.iter().map(|host| format!("host://{host}")).collect();
    let (patterns, exact): (Vec<_>, Vec<_>) = origins
        .iter()
        .map(|text| (&**text, 0))
        .partition(|(text, _)| text.contains('*'));
    out.push_str("local hosts = {\n");
    write_origins(out, "  ", exact.into_iter());
    write_patterns(out, "  ", patterns.into_iter());
    out.push_str("}\n");
}

/// Lua counts from 1.
fn number(index: usize) -> usize {
    index + 1
}

/// A text as a string of Lua.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => {
                let _ = write!(quoted, "\\{byte:03}");
            }
        }
    }
    quoted.push('"');
    quoted
}
