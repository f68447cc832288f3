//! Routes for Envoy, without Lua: for each origin or pattern a route for preflights, and one to the upstream.

use std::fmt::Write as _;

use cors_core::adapter::{Header, HeaderSource, ResponseHeader};

use super::{COMMON, Comment, PATHS, check_sets, quote, write_differences};
use crate::origin_regex::escape;
use crate::table::{Outcome, Part, Table};
use crate::{Difference, Export, File, Options, Refusal};

/// More routes than for so many origins make every request slow: Envoy compares them one after the other.
const MAX_ORIGINS: usize = 1000;

/// The filter that changes headers.
const MUTATION: &str =
    "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";

/// `Origin`, or nothing if the response's `Vary` has it or `*`. A field without a value is not added.
const ORIGIN_IF_ABSENT: &str = r"%CEL('vary' in response.headers && response.headers['vary'].matches('(?i)(?:^|,)[ \t]*(?:origin|[*])[ \t]*(?:$|,)') ? '' : 'Origin')%";

const APPEND: &str = "APPEND_IF_EXISTS_OR_ADD";

const COMMAND: &str = "envoy --no-lua";

/// How long an expression may be that is for several origins.
const MAX_REGEX: usize = 2048;

/// Where this shape differs from the libraries.
const OWN: &[Difference] = &[
    Difference {
        requests: "requests to which the upstream responds with `Vary`",
        answer: "Envoy adds `Origin` without a space after the comma",
    },
    Difference {
        requests: "requests for which Envoy looks for no route: 400, 431, 501, and 404 for `OPTIONS *` and CONNECT",
        answer: "the response has no grant",
    },
    Difference {
        requests: "an `Origin` with an IPv6 address that is not in its canonical form",
        answer: "`*`, and a pattern such as `moz-extension://*`, match it",
    },
];

fn differences() -> Vec<Difference> {
    [&COMMON, OWN].concat()
}

pub(crate) fn export_routes(table: &Table<'_>, options: &Options) -> Result<Export, Vec<Refusal>> {
    check_sets(table)?;
    check(table)?;
    let prefix = &options.prefix;
    let file = |name: &str, text| File {
        name: format!("{prefix}.{name}"),
        text,
    };
    Ok(Export {
        files: vec![
            file("routes.yaml", routes(table, options)),
            file("filter.yaml", filter(table, options)),
        ],
        differences: differences(),
    })
}

/// What routes cannot do, but Lua can.
fn check(table: &Table<'_>) -> Result<(), Vec<Refusal>> {
    let mut refusals = Vec::new();
    for (index, part) in table.parts.iter().enumerate() {
        // What is refused for a path in another form is refused elsewhere, too.
        let is_abnormal = table.has_routes() && index + 1 == table.parts.len();
        if part.refuses() && !is_abnormal {
            let place = match index.checked_sub(1) {
                Some(route) => format!("route[{route}].refuse"),
                None => "refuse".to_owned(),
            };
            refusals.push(Refusal {
                place,
                message: "routes of Envoy cannot compare `Origin` with `Host`; leave out `--no-lua`, or refuse in the application".to_owned(),
            });
        }
    }
    let origins = table
        .parts
        .iter()
        .map(|part| part.exact.len() + part.patterns.len());
    let origins: usize = origins.sum();
    if origins > MAX_ORIGINS {
        refusals.push(Refusal {
            place: "allow_origins".to_owned(),
            message: format!(
                "Envoy compares the routes of {origins} origins one after the other, and more than {MAX_ORIGINS} are too slow; leave out `--no-lua`"
            ),
        });
    }
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(refusals),
    }
}

/// Requests with the same outcome. The first case that matches decides.
struct Case {
    /// For comments: the path, the grants and the origins.
    comment: String,
    /// An expression for the whole path. Every path if there is none.
    path: Option<String>,
    /// An expression for the whole of `Origin`. Every request if there is none.
    origin: Option<String>,
    outcome: usize,
}

fn cases(table: &Table<'_>) -> Vec<Case> {
    let mut cases = Vec::new();
    let [top, .., abnormal] = &*table.parts else {
        // A policy without routes.
        if let Some(part) = table.parts.first() {
            add_cases(&mut cases, table, part, None);
        }
        return cases;
    };
    for row in &table.paths {
        let flags = if row.ignores_case { "(?i)" } else { "" };
        let path = format!("{ASCII}(?:{flags}{}){ASCII}", row.regex);
        if let Some(part) = table.parts.get(row.part) {
            add_cases(&mut cases, table, part, Some(&path));
        }
    }
    add_cases(&mut cases, table, top, Some(ASCII));
    add_cases(&mut cases, table, abnormal, None);
    cases
}

fn add_cases(cases: &mut Vec<Case>, table: &Table<'_>, part: &Part<'_>, path: Option<&str>) {
    let exact = part
        .exact
        .iter()
        .map(|(text, outcome)| (&**text, escape(text), *outcome));
    let patterns = part.patterns.iter().map(|row| {
        let is_whole = row.text.contains('*');
        let regex = if is_whole {
            row.regex.clone()
        } else {
            anywhere(&row.regex)
        };
        (&*row.text, regex, row.outcome)
    });
    let mut rows = exact.chain(patterns).peekable();
    while let Some((text, mut regex, outcome)) = rows.next() {
        let mut texts = vec![text];
        while let Some((text, more, _)) = rows
            .next_if(|(_, more, other)| *other == outcome && regex.len() + more.len() < MAX_REGEX)
        {
            texts.push(text);
            regex.push('|');
            regex.push_str(&more);
        }
        cases.push(Case {
            comment: comment(table, part, outcome, &texts),
            path: path.map(str::to_owned),
            origin: Some(regex),
            outcome,
        });
    }
    cases.push(Case {
        comment: comment(table, part, part.unmatched, &["other requests"]),
        path: path.map(str::to_owned),
        origin: None,
        outcome: part.unmatched,
    });
}

fn comment(table: &Table<'_>, part: &Part<'_>, outcome: usize, texts: &[&str]) -> String {
    let grants = table
        .outcomes
        .get(outcome)
        .map_or("", |outcome| &outcome.name);
    let shown: Vec<_> = texts.iter().take(3).copied().collect();
    let more = match texts.len().checked_sub(shown.len()) {
        Some(0) | None => String::new(),
        Some(more) => format!(", and {more} more"),
    };
    format!("{}: {}{more}: {grants}", part.name, shown.join(", "))
}

/// What is in a path in normal form. An expression of Envoy is for characters, so another one could be any byte.
const ASCII: &str = "[ -~]*";

/// An expression for a whole text, from one that is found anywhere in it. `\C` is any byte.
fn anywhere(regex: &str) -> String {
    format!(r"\C*(?:{regex})\C*")
}

/// The entry of `http_filters`.
fn filter(table: &Table<'_>, options: &Options) -> String {
    let mut out = String::new();
    let usage = format!(
        "Copy this entry into `http_filters` of the HTTP connection manager, as the first one. It does what the routes in\n\
         {}.routes.yaml say, also where another filter or Envoy itself responds.\n\
         An entry of `upgrade_configs` that has `filters` of its own needs this one, too.",
        options.prefix
    );
    Comment::YAML.write_head(&mut out, options, COMMAND, &usage);
    let _ = write!(
        out,
        "\n- name: {}\n  \
           typed_config:\n    \
             \"@type\": {MUTATION}\n",
        options.prefix
    );
    let varies = |fields: &[Header<Box<str>>]| {
        fields
            .iter()
            .any(|field| field.name == ResponseHeader::Vary)
    };
    let mut outcomes = table.outcomes.iter();
    if outcomes.all(|outcome| varies(outcome.actual) && varies(outcome.preflight)) {
        // Envoy also writes it on a response without a route then.
        out.push_str("    mutations:\n      response_mutations:\n");
        write_append(
            &mut out,
            "      ",
            ResponseHeader::Vary,
            ORIGIN_IF_ABSENT,
            APPEND,
        );
    }
    out
}

fn routes(table: &Table<'_>, options: &Options) -> String {
    let prefix = &options.prefix;
    let mut out = String::new();
    let usage = format!(
        "The routes of a virtual host that sends all requests to one cluster. Tested with Envoy 1.40.\n\
         1. Make these all of its `routes`: the last one is for every request.\n\
         2. In the first `route`, named `&{prefix}_upstream`, write your own cluster, timeouts and so on. The others repeat it.\n\
         3. Add the entry of {prefix}.filter.yaml to `http_filters`, as the first one.\n\
         4. Envoy does not start with expressions as long as these without this in its bootstrap:\n\
         \x20 layered_runtime:\n\
         \x20   layers:\n\
         \x20   - name: {prefix}\n\
         \x20     static_layer: {{ re2.max_program_size.error_level: 65536 }}"
    );
    Comment::YAML.write_head(&mut out, options, COMMAND, &usage);
    if table.has_routes() {
        Comment::YAML.write(&mut out, PATHS);
    }
    write_differences(&mut out, Comment::YAML, &differences());
    let mut upstream = format!("&{prefix}_upstream\n    cluster: upstream");
    for case in cases(table) {
        let Some(outcome) = table.outcomes.get(case.outcome) else {
            continue;
        };
        out.push('\n');
        Comment::YAML.write(&mut out, &case.comment);
        write_preflight(&mut out, &case, outcome, table.preflight_status);
        write_actual(&mut out, &case, outcome, prefix, &upstream);
        upstream = format!("*{prefix}_upstream");
    }
    out
}

fn write_preflight(out: &mut String, case: &Case, outcome: &Outcome<'_>, granted: u16) {
    let status = if outcome.is_granted { granted } else { 403 };
    write_match(out, case, true);
    let _ = writeln!(out, "  direct_response: {{ status: {status} }}");
    if !outcome.preflight.is_empty() {
        out.push_str("  response_headers_to_add:\n");
    }
    for field in outcome.preflight {
        let _ = writeln!(
            out,
            "  - header: {}",
            key_value(field.name, &field_value(field))
        );
    }
}

fn write_actual(
    out: &mut String,
    case: &Case,
    outcome: &Outcome<'_>,
    prefix: &str,
    upstream: &str,
) {
    write_match(out, case, false);
    let _ = write!(
        out,
        "  route: {upstream}\n  \
           typed_per_filter_config:\n    \
             {prefix}:\n      \
               \"@type\": {MUTATION}PerRoute\n      \
               mutations:\n        \
                 response_mutations:\n"
    );
    for header in ResponseHeader::OWNED {
        let _ = writeln!(out, "        - remove: {}", header.name());
    }
    for field in outcome.actual {
        let (value, action) = match field.name {
            ResponseHeader::Vary => (ORIGIN_IF_ABSENT.to_owned(), APPEND),
            _ => (field_value(field), "OVERWRITE_IF_EXISTS_OR_ADD"),
        };
        write_append(out, "        ", field.name, &value, action);
    }
}

/// An entry of `response_mutations`.
fn write_append(out: &mut String, indent: &str, name: ResponseHeader, value: &str, action: &str) {
    let header = key_value(name, value);
    let _ = write!(
        out,
        "{indent}- append:\n{indent}    header: {header}\n{indent}    append_action: {action}\n"
    );
}

fn key_value(name: ResponseHeader, value: &str) -> String {
    format!("{{ key: {}, value: {} }}", name.name(), quote(value))
}

/// A field's value, in which Envoy substitutes what is between two `%`.
fn field_value(field: &Header<Box<str>>) -> String {
    match &field.value {
        HeaderSource::Constant(value) => value.replace('%', "%%"),
        HeaderSource::Echo(header) => format!("%REQ({})%", header.name()),
    }
}

/// Which requests a route is for.
fn write_match(out: &mut String, case: &Case, is_preflight: bool) {
    out.push_str("- match:\n");
    let _ = match &case.path {
        Some(path) => writeln!(out, "    safe_regex: {{ regex: {} }}", single_quote(path)),
        None => writeln!(out, "    prefix: \"\""),
    };
    if !is_preflight && case.origin.is_none() {
        return;
    }
    out.push_str("    headers:\n");
    if is_preflight {
        out.push_str(
            "    - { name: \":method\", string_match: { exact: OPTIONS } }\n    \
                 - { name: origin, present_match: true }\n    \
                 - { name: access-control-request-method, present_match: true }\n",
        );
    }
    if let Some(origin) = &case.origin {
        let _ = write!(
            out,
            "    - name: origin\n      string_match: {{ safe_regex: {{ regex: {} }} }}\n",
            single_quote(origin)
        );
    }
}

/// A text without control characters as a string of YAML without escapes: readable for an expression.
fn single_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
