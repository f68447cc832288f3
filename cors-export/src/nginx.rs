//! nginx: maps, and a few lines for the `server` block.

mod refuse;
mod set;
mod syntax;

use std::collections::HashSet;

use cors_core::adapter::{Header, HeaderSource, RequestHeader, ResponseHeader};

use self::set::Sets;
use self::syntax::Text;
use crate::table::{Outcome, Part, PatternRow, Table};
use crate::{Difference, Export, File, Options, Refusal};

pub(crate) fn export(table: &Table<'_>, options: &Options) -> Result<Export, Vec<Refusal>> {
    let sets = Sets::new(table);
    let refusals = too_long(table, &sets);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let differences = differences(table);
    let writer = Writer {
        table,
        sets,
        options,
    };
    let mut files = vec![writer.http(&differences), writer.server(), writer.headers()];
    files.extend(writer.sets());
    let refusals = long_lines(&files);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(Export { files, differences })
}

/// nginx reads at most 4,096 bytes of a parameter.
const LONGEST: usize = 4000;

const TOO_LONG: &str = "nginx reads at most 4,096 bytes of a text; make it shorter";

/// What does not fit into a parameter.
fn too_long(table: &Table<'_>, sets: &Sets<'_>) -> Vec<Refusal> {
    let paths = table.paths.iter().filter(|row| !row.ignores_case);
    let long = paths.filter(|row| row.regex.len() > LONGEST);
    let paths = long.map(|row| format!("route[{}].path", row.part.saturating_sub(1)));
    let places = paths.chain(sets.too_long(LONGEST));
    let refusal = |place| Refusal {
        place,
        message: TOO_LONG.to_owned(),
    };
    places.map(refusal).collect()
}

/// What else does not fit: a list of tens of thousands of bytes, or a thousand grants with sets.
fn long_lines(files: &[File]) -> Vec<Refusal> {
    let lines = files.iter().flat_map(|file| file.text.lines());
    let long = lines.filter(|line| line.len() > LONGEST);
    let refusal = |line: &str| Refusal {
        place: line.chars().take(40).collect::<String>() + "...",
        message: TOO_LONG.to_owned(),
    };
    long.map(refusal).collect()
}

fn differences(table: &Table<'_>) -> Vec<Difference> {
    let mut differences = vec![
        Difference {
            requests: "several lines of `Origin`, or of another request header, to nginx before 1.23",
            answer: "the first line counts. The library grants nothing for several lines of `Origin`",
        },
        Difference {
            requests: "an empty `Origin`, `Access-Control-Request-Method` or `Sec-Fetch-Site`",
            answer: "as without this header",
        },
        Difference {
            requests: "what nginx rejects itself: wrong syntax, several lines of `Host`, `OPTIONS *`, a head that is too large",
            answer: "nginx's own response, without a grant if nginx has not read `Origin` yet",
        },
        Difference {
            requests: "any request, if the response of the server behind nginx has a `Vary` without `Origin`",
            answer: "two lines of `Vary`, which mean the same as one",
        },
        Difference {
            requests: "any request, if the server behind nginx sends several lines of `Vary` or `Timing-Allow-Origin`, to nginx before 1.23",
            answer: "nginx looks at one of them: `Origin` may be in `Vary` twice, and a line of `Timing-Allow-Origin` is lost",
        },
        Difference {
            requests: "any request, if the server behind nginx sends an interim response 103, to nginx before 1.29",
            answer: "nginx sends the headers with the interim response only",
        },
    ];
    let has_ipv6 = |part: &Part<'_>| {
        let mut patterns = part.patterns.iter();
        patterns.any(|row| row.text.ends_with('*') && !row.text.ends_with(":*"))
    };
    if table.parts.iter().any(has_ipv6) {
        differences.push(Difference {
            requests: "an `Origin` with an IPv6 address that is not in its shortest form, where `*` allows any host",
            answer: "nginx grants it",
        });
    }
    if table.parts.iter().any(Part::refuses) {
        differences.push(Difference {
            requests: "any request over HTTP/3, which is not tested",
            answer: "the port that nginx listens on counts, because nginx does not tell the port of the request",
        });
    }
    differences
}

/// Writes the files.
struct Writer<'a> {
    table: &'a Table<'a>,
    sets: Sets<'a>,
    options: &'a Options,
}

/// What a row of a map is for: the kind of the request, and the outcome of its origin.
fn row_key(kind: &str, outcome: usize) -> String {
    format!("{kind}-{outcome}")
}

impl Writer<'_> {
    fn file(&self, name: &str, text: Text<'_>) -> File {
        File {
            name: format!("{}.{name}.conf", self.options.prefix),
            text: text.finish(),
        }
    }

    /// A file with its first lines.
    fn text(&self) -> Text<'_> {
        let mut text = Text::new(&self.options.prefix);
        text.comment(&format!(
            "Made by `cors export nginx` {} from {}. Do not edit: export the policy again.",
            env!("CARGO_PKG_VERSION"),
            self.options.policy
        ));
        for line in &self.options.made_from {
            text.comment(&format!("Made from {line}"));
        }
        text.blank_comment();
        text
    }

    fn refuses(&self) -> bool {
        self.table.parts.iter().any(Part::refuses)
    }

    /// The maps. They are the whole policy.
    fn http(&self, differences: &[Difference]) -> File {
        let mut text = self.text();
        self.usage(&mut text, differences);
        self.origin(&mut text);
        self.kind(&mut text);
        self.part(&mut text);
        self.outcome(&mut text);
        if self.refuses() {
            self.refused(&mut text);
        }
        self.answer(&mut text);
        self.fields(&mut text);
        self.vary(&mut text);
        self.file("http", text)
    }

    /// What the operator writes.
    fn usage(&self, text: &mut Text<'_>, differences: &[Difference]) {
        let prefix = &self.options.prefix;
        text.comment(
            "Context: http. What nginx.conf needs, if the files are in /etc/nginx/cors (a relative path begins at the folder of nginx.conf):",
        );
        text.blank_comment();
        text.verbatim("  http {");
        if let Some(size) = self.bucket_size() {
            text.verbatim(&format!(
                "      map_hash_bucket_size {size};   # or more; the origins are too long for nginx's default"
            ));
        }
        if let Some(size) = self.max_size() {
            text.verbatim(&format!(
                "      map_hash_max_size {size};   # or more; with less, nginx may not start with so many origins"
            ));
        }
        text.verbatim(&format!(
            "      include /etc/nginx/cors/{prefix}.http.conf;"
        ));
        if !self.sets.is_empty() {
            text.verbatim(&format!(
                "      include /etc/nginx/cors/{prefix}.sets.conf;   # the sets of origins"
            ));
        }
        for line in [
            "      server {".to_owned(),
            format!("          include /etc/nginx/cors/{prefix}.server.conf;    # before any `return`, `rewrite`, `if` and `location`"),
            format!("          include /etc/nginx/cors/{prefix}.headers.conf;"),
            "          location / { proxy_pass http://127.0.0.1:3000; }".to_owned(),
            "          location /own/ {".to_owned(),
            "              add_header X-Own 1;             # drops every `add_header` of the server, so:".to_owned(),
            format!("              include /etc/nginx/cors/{prefix}.headers.conf;"),
            "              proxy_pass http://127.0.0.1:3000;".to_owned(),
            "          }".to_owned(),
            "      }".to_owned(),
            "  }".to_owned(),
        ] {
            text.verbatim(&line);
        }
        text.blank_comment();
        text.comment(&format!(
            "For the same reason, {prefix}.headers.conf drops every `add_header` and `proxy_hide_header` of the block `http` in this \
             server: write them into the server, too, such as `Strict-Transport-Security`."
        ));
        text.comment(
            "`map_hash_bucket_size` and `map_hash_max_size`, if there are any, must be before the first map, so before this file. \
             nginx may warn that it \"could not build optimal\" a hash; it works as well.",
        );
        text.comment("`underscores_in_headers` must be off, which is the default: `sec_fetch_site` must not count as `Sec-Fetch-Site`.");
        text.blank_comment();
        text.comment("Where nginx differs from the libraries:");
        for difference in differences {
            text.item(&format!("{}: {}.", difference.requests, difference.answer));
        }
        text.blank();
    }

    /// The size that the texts of the maps need, if nginx's default is too small.
    fn bucket_size(&self) -> Option<usize> {
        let parts = self.table.parts.iter();
        let exact = parts.filter_map(|part| {
            let keys: Vec<&str> = part.exact.iter().map(|(origin, _)| &**origin).collect();
            syntax::bucket_size(&keys)
        });
        exact.chain(self.sets.bucket_size()).max()
    }

    /// The size that the number of texts needs.
    fn max_size(&self) -> Option<usize> {
        let lists = self.table.parts.iter().map(|part| part.exact.len());
        let most = lists.chain(self.sets.lengths()).max()?;
        syntax::max_size(most)
    }

    fn origin(&self, text: &mut Text<'_>) {
        text.comment(
            "The origin, or `-` if it cannot have a grant: several lines, or upper-case letters, because a map ignores the case \
             of texts.",
        );
        text.map("$http_origin", "origin", r#""-""#);
        text.regex("[A-Z]", r#""-""#);
        text.regex(r"^\s*(\S+)\s*$", "$1");
        text.end();
    }

    fn kind(&self, text: &mut Text<'_>) {
        text.comment("A preflight is OPTIONS with `Origin` and `Access-Control-Request-Method`. Everything else is actual.");
        let asked = text.variable("asked");
        text.map(
            "$http_origin",
            "asked",
            "$http_access_control_request_method",
        );
        text.row("", r#""""#);
        text.end();
        text.map(&format!(r#""$request_method {asked}""#), "kind", "actual");
        text.regex("^OPTIONS .", "preflight");
        text.end();
    }

    /// Which part of the policy a path belongs to.
    fn part(&self, text: &mut Text<'_>) {
        if !self.table.has_routes() {
            return;
        }
        text.comment("The path as it was sent, without the query.");
        let path = text.variable("path");
        text.map("$request_uri", "path", r#""""#);
        text.regex(r"^([^?]*)", "$1");
        text.end();
        text.comment("The part of the policy that the path belongs to: what is at the top is 0, and route[0] is 1.");
        text.map(&path, "part", "0");
        // nginx knows no path when it rejects the request line, and compares no expression with an empty text.
        text.row("", &self.table.parts.len().saturating_sub(1).to_string());
        for row in &self.table.paths {
            let name = self.table.parts.get(row.part).map_or("", |part| &part.name);
            match row.ignores_case {
                false => {
                    text.row_comment(name);
                    text.regex(&row.regex, &row.part.to_string());
                }
                true => text.regex_without_case(&row.regex, &row.part.to_string()),
            }
        }
        text.end();
        for segment in self.sets.segments() {
            text.comment(&format!(
                "The path's segment {segment}, counted from 0: a key of a set of origins."
            ));
            text.map(&path, &format!("segment{segment}"), r#""""#);
            let before = "/[^/]+".repeat(segment);
            text.regex(&format!("^{before}/([^/]+)"), "$1");
            text.end();
        }
        self.sets.write_keys(text);
    }

    /// Which outcome the origin has.
    fn outcome(&self, text: &mut Text<'_>) {
        text.comment("What an origin gets:");
        for (index, outcome) in self.table.outcomes.iter().enumerate() {
            text.comment(&format!("{index}: {}", outcome.name));
        }
        let [part] = &*self.table.parts else {
            return self.outcomes_of_parts(text);
        };
        self.outcome_of_part(text, part, "");
    }

    fn outcomes_of_parts(&self, text: &mut Text<'_>) {
        let (part, unmatched) = (text.variable("part"), text.variable("outcome"));
        text.map(&part, "outcome", "0");
        for (index, part) in self.table.parts.iter().enumerate() {
            let value = match part.is_constant() {
                true => part.unmatched.to_string(),
                false => format!("{unmatched}{index}"),
            };
            text.row_comment(&part.name);
            text.row(&index.to_string(), &value);
        }
        text.end();
        for (index, part) in self.table.parts.iter().enumerate() {
            if !part.is_constant() {
                text.comment(&format!("{}:", part.name));
                self.outcome_of_part(text, part, &index.to_string());
            }
        }
    }

    fn outcome_of_part(&self, text: &mut Text<'_>, part: &Part<'_>, suffix: &str) {
        let name = match part.sets.is_empty() {
            true => format!("outcome{suffix}"),
            false => format!("listed{suffix}"),
        };
        let origin = text.variable("origin");
        text.map(&origin, &name, &part.unmatched.to_string());
        let mut seen = HashSet::new();
        let exact = part.exact.iter().filter(|(origin, _)| seen.insert(origin));
        let rows = exact.map(|(origin, outcome)| (&**origin, outcome.to_string()));
        text.rows(&rows.collect::<Vec<_>>());
        for PatternRow {
            text: pattern,
            regex,
            outcome,
        } in &part.patterns
        {
            text.row_comment(pattern);
            text.regex(regex, &outcome.to_string());
        }
        text.end();
        if !part.sets.is_empty() {
            self.sets
                .write_outcome(text, part, &name, &format!("outcome{suffix}"));
        }
    }

    /// How a preflight is answered.
    fn answer(&self, text: &mut Text<'_>) {
        text.comment("The status of the response to a preflight. Nothing for other requests.");
        let source = self.kind_and_outcome(text);
        text.map(&source, "answer", r#""""#);
        for (index, outcome) in self.table.outcomes.iter().enumerate() {
            let status = match outcome.is_granted {
                true => self.table.preflight_status,
                false => 403,
            };
            text.row(&row_key("preflight", index), &status.to_string());
        }
        text.end();
        text.comment("The empty body of a response 403. (`return 403 \"\"` sends nginx's page.)");
        text.map("''", "nothing", r#""""#);
        text.end();
    }

    fn kind_and_outcome(&self, text: &Text<'_>) -> String {
        let (kind, outcome) = (text.variable("kind"), text.variable("outcome"));
        format!(r#""{kind}-{outcome}""#)
    }

    /// A map for each header.
    fn fields(&self, text: &mut Text<'_>) {
        for (name, short) in FIELDS {
            if !self.sends(name) {
                continue;
            }
            text.comment(&format!("{}:", title(name)));
            let source = self.kind_and_outcome(text);
            let is_replaced = name == ResponseHeader::TimingAllowOrigin;
            text.map(
                &source,
                short,
                match is_replaced {
                    // What the server behind nginx sent.
                    true => "$upstream_http_timing_allow_origin",
                    false => r#""""#,
                },
            );
            for (key, headers) in self.responses() {
                for header in headers.iter().filter(|header| header.name == name) {
                    let value = value(text, header);
                    text.row(&key, &value);
                }
            }
            if is_replaced {
                text.regex("^preflight", r#""""#);
            }
            text.end();
        }
    }

    fn vary(&self, text: &mut Text<'_>) {
        if !self.sends(ResponseHeader::Vary) {
            return;
        }
        text.comment("`Origin`, where the server behind nginx does not name it in `Vary`.");
        let added = text.variable("vary_added");
        text.map("$upstream_http_vary", "vary_added", "Origin");
        text.regex_without_case(r"(?:^|,)\s*(?:origin|\*)\s*(?:,|$)", r#""""#);
        text.end();
        text.comment("Vary:");
        let source = self.kind_and_outcome(text);
        text.map(&source, "vary", r#""""#);
        for (key, headers) in self.responses() {
            for header in headers
                .iter()
                .filter(|header| header.name == ResponseHeader::Vary)
            {
                let value = match key.starts_with("actual") {
                    true => added.clone(),
                    false => value(text, header),
                };
                text.row(&key, &value);
            }
        }
        text.end();
    }

    /// The headers of each kind of response.
    fn responses(&self) -> impl Iterator<Item = (String, &[Header<Box<str>>])> {
        let outcomes = self.table.outcomes.iter().enumerate();
        outcomes.flat_map(|(index, outcome): (usize, &Outcome<'_>)| {
            [
                (row_key("preflight", index), outcome.preflight),
                (row_key("actual", index), outcome.actual),
            ]
        })
    }

    fn sends(&self, name: ResponseHeader) -> bool {
        let mut headers = self.responses().flat_map(|(_, headers)| headers);
        headers.any(|header| header.name == name)
    }

    /// Preflights and refused requests are answered.
    fn server(&self) -> File {
        let mut text = self.text();
        text.comment("Context: server, once, before any `return`, `rewrite`, `if` and `location`.");
        text.blank();
        text.comment("Preflights. They reach no location, no authentication and no limit.");
        let (answer, nothing) = (text.variable("answer"), text.variable("nothing"));
        let status = self.table.preflight_status;
        let body = match status {
            200 => format!(" {nothing}"),
            _ => String::new(),
        };
        text.line(&format!(
            "if ({answer} = {status}) {{ return {status}{body}; }}"
        ));
        text.line(&format!("if ({answer} = 403) {{ return 403 {nothing}; }}"));
        if self.refuses() {
            text.blank();
            text.comment("Requests that the policy refuses.");
            let refused = text.variable("refused");
            text.line(&format!("if ({refused}) {{ return 403 {nothing}; }}"));
        }
        self.file("server", text)
    }

    /// What goes on every response.
    fn headers(&self) -> File {
        let mut text = self.text();
        text.comment(
            "Context: server; and each location that has an `add_header`, a `proxy_hide_header` or a `proxy_pass_header` of its \
             own, after them: nginx drops those of the server there. An `if` with an `add_header` drops them, too: copy the lines \
             `add_header` of this file into it.",
        );
        text.comment(
            "In the server, nginx drops those of the block `http`: write them into the server, too.",
        );
        text.comment(
            "This is for `proxy_pass`. If the server behind nginx sends CORS headers through `fastcgi_pass`, `uwsgi_pass`, \
             `scgi_pass` or `grpc_pass`, remove them with `fastcgi_hide_header` and so on.",
        );
        text.blank();
        text.comment("Only the policy sends these.");
        for name in ResponseHeader::OWNED {
            text.line(&format!("proxy_hide_header {};", title(*name)));
        }
        if self.sends(ResponseHeader::TimingAllowOrigin) {
            text.line(&format!(
                "proxy_hide_header {};",
                title(ResponseHeader::TimingAllowOrigin)
            ));
        }
        text.blank();
        text.comment("A header with an empty value is not sent.");
        let vary = (ResponseHeader::Vary, "vary");
        for (name, short) in FIELDS.into_iter().chain([vary]) {
            if self.sends(name) {
                let variable = text.variable(short);
                text.line(&format!("add_header {} {variable} always;", title(name)));
            }
        }
        if self.refuses() {
            let refused = text.variable("refused");
            text.line(&format!("add_header Cache-Control {refused} always;"));
        }
        self.file("headers", text)
    }

    fn sets(&self) -> Option<File> {
        if self.sets.is_empty() {
            return None;
        }
        let mut text = self.text().with_pieces("setpiece");
        self.sets.write(&mut text);
        Some(self.file("sets", text))
    }
}

/// The headers but `Vary`, and the names of their variables. With the longest prefix, a name has 46 bytes: that is what
/// fits into nginx's `variables_hash_bucket_size`.
const FIELDS: [(ResponseHeader, &str); 7] = [
    (ResponseHeader::AccessControlAllowOrigin, "allowed"),
    (ResponseHeader::AccessControlAllowCredentials, "credentials"),
    (ResponseHeader::AccessControlAllowMethods, "methods"),
    (ResponseHeader::AccessControlAllowHeaders, "allow_headers"),
    (ResponseHeader::AccessControlMaxAge, "max_age"),
    (ResponseHeader::AccessControlExposeHeaders, "expose"),
    (ResponseHeader::TimingAllowOrigin, "timing"),
];

/// The value of a header, as nginx writes it.
fn value(text: &mut Text<'_>, header: &Header<Box<str>>) -> String {
    match &header.value {
        HeaderSource::Constant(value) => text.constant(value),
        HeaderSource::Echo(RequestHeader::Origin) => text.variable("origin"),
        HeaderSource::Echo(header) => format!("$http_{}", header.name().replace('-', "_")),
    }
}

/// A header's name as most people write it.
fn title(name: ResponseHeader) -> String {
    let words = name.name().split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}

impl Part<'_> {
    /// Whether each origin has the same outcome.
    fn is_constant(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty() && self.sets.is_empty()
    }
}
