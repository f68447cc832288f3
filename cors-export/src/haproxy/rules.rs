//! The file with the rules.

use std::collections::{BTreeMap, BTreeSet};

use cors_core::adapter::{Header, HeaderSource, RequestHeader, ResponseHeader};

use super::text::{Text, quoted};
use super::{FOLDER, Writer};
use crate::table::{Outcome, Part, SetRow};
use crate::{Difference, File};

/// What HAProxy keeps free in its buffer for the fields that rules add to a response, in bytes, and the size of the
/// buffer: the defaults.
const MAX_REWRITE: usize = 1024;
const BUFFER_SIZE: usize = 16384;

/// How much of that a field takes in addition to its name and value, and the longest origin that a policy can grant.
const FIELD_OVERHEAD: usize = 16;
const LONGEST_ORIGIN: usize = 512;

/// What a set takes, as far as browsers send it: no `null`, no `file` URL, and plain http only from the user's own machine.
const SET_ORIGIN: &str = r"^(?!http:|file:)[a-z0-9+.-]+://|^http://(?:(?:[^:/]*\.)?localhost\.?|127\.[0-9.]+|\[::1\])(?::|$)";

/// Headers of a preflight that its response may echo, and their variables.
const ECHOED: [(RequestHeader, &str); 2] = [
    (RequestHeader::AccessControlRequestMethod, "asked_method"),
    (RequestHeader::AccessControlRequestHeaders, "asked_headers"),
];

impl<'a> Writer<'a> {
    pub(super) fn rules(&self, differences: &[Difference]) -> File {
        let mut text = self.start("the rules");
        self.usage(&mut text, differences);
        self.global(&mut text);
        let prefix = self.prefix;
        text.line(&format!("defaults {prefix} from base"));
        self.origin(&mut text);
        self.parts(&mut text);
        self.grants(&mut text);
        self.preflights(&mut text);
        self.refusals(&mut text);
        self.responses(&mut text);
        self.vary(&mut text);
        text.blank();
        text.comment("For the sections after this file that name no section `defaults`.");
        text.line("defaults from base");
        self.file("cfg", text)
    }

    fn usage(&self, text: &mut Text, differences: &[Difference]) {
        let (prefix, variable) = (self.prefix, self.folder_variable());
        text.comment("");
        text.comments(&format!(
            "\
How to use it, with HAProxy 2.6 or later that is built with PCRE or PCRE2 (`haproxy -vv`):

1. Put the files in {FOLDER}, or set the environment variable {variable} to their folder.
2. Give your own section `defaults` the name `base`, so that this file can take its settings from it:

       defaults base

3. HAProxy reads this file after that section and before your frontends:

       haproxy -f base.cfg -f {FOLDER}/{prefix}.cfg -f sites.cfg

   (Debian's service: base.cfg is /etc/haproxy/haproxy.cfg, and `EXTRAOPTS` in /etc/default/haproxy has the other two.)
   If your configuration must be one file, copy everything after this comment to that place, again after each export.
4. Let your frontend take its settings from the section `{prefix}`:

       frontend www from {prefix}

   Several frontends can. A `listen` section cannot: make a frontend and a backend of it.

HAProxy does not start if the order is wrong. These rules are evaluated before the frontend's own. Remove other rules that
write Access-Control-* fields. `compression` of HAProxy adds a line of `Vary` of its own after them. After an export, reload
HAProxy."
        ));
        for (name, file) in &self.sets {
            text.comment("");
            text.comment(&format!(
                "The set `{name}` can change while HAProxy runs: see {prefix}.set.{file}.acl"
            ));
        }
        text.comment("");
        text.comment("Where HAProxy differs from the libraries:");
        for difference in differences {
            text.comment(&format!("- {}: {}", difference.requests, difference.answer));
        }
        text.blank();
    }

    fn global(&self, text: &mut Text) {
        text.line("global");
        text.detail(
            "The folder of the files. A relative path would depend on where HAProxy is started.",
        );
        text.rule(&format!("presetenv {} {FOLDER}", self.folder_variable()));
        let rewrite = self.size(|outcome| outcome.actual) + MAX_REWRITE / 2;
        // HAProxy limits `tune.maxrewrite` to half of the buffer.
        let buffer = (2 * rewrite).max(self.size(|outcome| outcome.preflight) + BUFFER_SIZE / 2);
        if rewrite > MAX_REWRITE || buffer > BUFFER_SIZE {
            text.detail("Room for the long lists of the policy. If you have larger values, write them after these.");
        }
        if buffer > BUFFER_SIZE {
            text.rule(&format!(
                "tune.bufsize {}",
                buffer.next_multiple_of(BUFFER_SIZE)
            ));
        }
        if rewrite > MAX_REWRITE {
            text.rule(&format!("tune.maxrewrite {rewrite}"));
        }
        text.blank();
    }

    /// The size of the largest head that the outcomes write, in bytes.
    fn size(&self, fields: impl Fn(&Outcome<'a>) -> &'a [Header<Box<str>>]) -> usize {
        let size = |field: &Header<Box<str>>| {
            let value = match &field.value {
                HeaderSource::Constant(value) => value.len(),
                HeaderSource::Echo(_) => LONGEST_ORIGIN,
            };
            field.name.name().len() + value + FIELD_OVERHEAD
        };
        let outcomes = self.table.outcomes.iter();
        let sizes = outcomes.map(|outcome| fields(outcome).iter().map(size).sum());
        sizes.max().unwrap_or_default()
    }

    fn origin(&self, text: &mut Text) {
        let prefix = self.prefix;
        text.section("The origin: the only line of `Origin`.");
        text.rule(&format!(
            "http-request set-var(txn.{prefix}_origin) req.fhdr(origin) if {{ req.fhdr_cnt(origin) eq 1 }} {{ req.fhdr(origin) -m reg ^[!-~]+$ }}"
        ));
        text.section("A preflight is OPTIONS with `Origin` and `Access-Control-Request-Method`.");
        text.rule(&format!(
            "http-request set-var(txn.{prefix}_preflight) bool(true) if {{ method OPTIONS }} {{ req.fhdr_cnt(origin) gt 0 }} {{ req.fhdr_cnt(access-control-request-method) gt 0 }}"
        ));
        text.rule(&format!(
            "acl {prefix}_is_preflight var(txn.{prefix}_preflight) -m bool"
        ));
    }

    /// Which part a path belongs to.
    fn parts(&self, text: &mut Text) {
        if !self.table.has_routes() {
            return;
        }
        let prefix = self.prefix;
        text.section("The part of the policy that the path belongs to: `top`, a route, or `abnormal` for a path that is not in normal form.");
        for (index, part) in self.table.parts.iter().enumerate() {
            text.detail(&format!("{}: {}", self.part_id(index), part.name));
        }
        text.rule(&format!(
            "http-request set-var(txn.{prefix}_part) path,map_reg({},top)",
            self.path("paths.map")
        ));
        text.rule(&format!(
            "http-request set-var(txn.{prefix}_part) str(abnormal) if !{{ var(txn.{prefix}_part) -m found }}"
        ));
    }

    /// Which outcome a request has.
    fn grants(&self, text: &mut Text) {
        let prefix = self.prefix;
        text.section("What the origin may do:");
        for (index, outcome) in self.table.outcomes.iter().enumerate() {
            text.detail(&format!("{index}: {}", outcome.name));
        }
        if !self.sets.is_empty() {
            text.detail(
                "What a set takes. Other lines of its file, such as `null`, grant nothing.",
            );
            text.rule(&format!(
                "acl {prefix}_is_for_sets var(txn.{prefix}_origin) -m reg {}",
                quoted(SET_ORIGIN)
            ));
        }
        let mut before = 0;
        for (index, part) in self.table.parts.iter().enumerate() {
            let is_part = self.is_part(index);
            let condition = |more: &str| {
                let all = format!("{is_part} {more}");
                match all.trim() {
                    "" => String::new(),
                    all => format!(" if {all}"),
                }
            };
            if !part.exact.is_empty() {
                let (file, when) = (
                    self.path(&self.part_file(index, "exact.map")),
                    condition(""),
                );
                text.rule(&format!(
                    "http-request set-var(txn.{prefix}_grant) var(txn.{prefix}_origin),map_str({file}){when}"
                ));
            }
            let is_open = format!("!{{ var(txn.{prefix}_grant) -m found }}");
            if !part.patterns.is_empty() {
                let file = self.path(&self.part_file(index, "patterns.map"));
                let when = match part.exact.is_empty() {
                    true => condition(""),
                    false => condition(&is_open),
                };
                text.rule(&format!(
                    "http-request set-var(txn.{prefix}_grant) var(txn.{prefix}_origin),map_reg({file}){when}"
                ));
            }
            for set in &part.sets {
                before += 1;
                self.set(text, part, set, &condition, before);
            }
            let is_open =
                match part.exact.is_empty() && part.patterns.is_empty() && part.sets.is_empty() {
                    true => "",
                    false => &*is_open,
                };
            text.rule(&format!(
                "http-request set-var(txn.{prefix}_grant) str({}){}",
                part.unmatched,
                condition(is_open)
            ));
        }
    }

    /// The rules for a set. It decides unless a grant before its own one matches.
    fn set(
        &self,
        text: &mut Text,
        part: &Part<'_>,
        set: &SetRow<'_>,
        condition: &dyn Fn(&str) -> String,
        number: usize,
    ) {
        let prefix = self.prefix;
        let name = set.set.name;
        let file = self.sets.get(name).map_or("", |file| file);
        let file = self.path(&format!("set.{file}.acl"));
        text.detail(&format!("The set `{name}`."));
        let entry = match set.set.key_segment {
            None => format!("{prefix}_origin"),
            Some(segment) => {
                // What is before the first slash is the first field.
                text.rule(&format!(
                    "http-request set-var(txn.{prefix}_entry) 'path,field({},/),concat(\" \",txn.{prefix}_origin)'{}",
                    segment + 2,
                    condition("")
                ));
                format!("{prefix}_entry")
            }
        };
        let outcomes = (part.exact.iter().map(|(_, outcome)| *outcome))
            .chain(part.patterns.iter().map(|row| row.outcome))
            .chain(part.sets.iter().map(|row| row.outcome));
        let earlier: BTreeSet<_> = outcomes
            .filter(|outcome| part.is_before(*outcome, set.outcome))
            .collect();
        let mut conditions =
            format!("{prefix}_is_for_sets {{ var(txn.{entry}) -m str -f {file} }}");
        if !earlier.is_empty() {
            let name = format!("{prefix}_before_{number}");
            self.acl(text, &name, "grant", earlier.iter());
            conditions = format!("!{name} {conditions}");
        }
        text.rule(&format!(
            "http-request set-var(txn.{prefix}_grant) str({}){}",
            set.outcome,
            condition(&conditions)
        ));
    }

    /// Preflights are answered before all rules of the frontend.
    fn preflights(&self, text: &mut Text) {
        let prefix = self.prefix;
        text.section("Preflights.");
        for (header, name) in ECHOED {
            if self.echoes(header).next().is_none() {
                continue;
            }
            let field = header.name();
            text.rule(&format!(
                "http-request set-var(txn.{prefix}_{name}) req.fhdr({field}) if {prefix}_is_preflight"
            ));
            text.detail("Several lines are one list.");
            text.rule(&format!(
                "http-request set-var(txn.{prefix}_{name}) {} if {prefix}_is_preflight {{ req.fhdr_cnt({field}) gt 1 }}",
                joined("req.hdrs", field)
            ));
        }
        for (index, outcome) in self.granted() {
            text.detail(&outcome.name);
            text.rule(&format!(
                "http-request return status {}{} if {prefix}_is_preflight {{ var(txn.{prefix}_grant) -m str {index} }}",
                self.table.preflight_status,
                self.fields(outcome.preflight)
            ));
        }
        text.detail("No grant.");
        let mut refused: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let others = self.table.outcomes.iter().enumerate();
        for (index, outcome) in others.filter(|(_, outcome)| !outcome.is_granted) {
            (refused.entry(self.fields(outcome.preflight)).or_default()).push(index);
        }
        let is_only = refused.len() == 1;
        for (number, (fields, outcomes)) in refused.iter().enumerate() {
            let condition = match is_only {
                true => String::new(),
                false => {
                    let name = format!("{prefix}_without_{number}");
                    self.acl(text, &name, "grant", outcomes);
                    format!(" {name}")
                }
            };
            text.rule(&format!(
                "http-request return status 403{fields} if {prefix}_is_preflight{condition}"
            ));
        }
        for (header, name) in ECHOED {
            let outcomes: Vec<_> = self.echoes(header).collect();
            let Some((_, to)) = outcomes.first() else {
                continue;
            };
            text.detail("What is asked for is granted.");
            let acl = format!("{prefix}_grants_{name}");
            self.acl(
                text,
                &acl,
                "grant",
                outcomes.iter().map(|(outcome, _)| outcome),
            );
            text.rule(&format!(
                "http-after-response set-header {} %[var(txn.{prefix}_{name})] if {prefix}_is_preflight {acl} {{ var(txn.{prefix}_{name}) -m len gt 0 }}",
                to.name()
            ));
        }
    }

    /// The fields of every other response, that of an error of HAProxy, too.
    fn responses(&self, text: &mut Text) {
        let prefix = self.prefix;
        text.section(
            "Every response but those to preflights. What the server itself sent is replaced.",
        );
        let unmatched = self.table.parts.first().map_or(0, |part| part.unmatched);
        text.rule(&format!(
            "http-after-response set-var(txn.{prefix}_actual) str({unmatched}) if !{prefix}_is_preflight !{{ var(txn.{prefix}_actual) -m found }}"
        ));
        for header in ResponseHeader::OWNED {
            text.rule(&format!(
                "http-after-response del-header {} if !{prefix}_is_preflight",
                header.name()
            ));
        }
        for (index, outcome) in self.table.outcomes.iter().enumerate() {
            let fields = outcome.actual.iter();
            let mut fields = fields
                .filter(|field| field.name != ResponseHeader::Vary)
                .peekable();
            if fields.peek().is_some() {
                text.detail(&outcome.name);
            }
            for field in fields {
                text.rule(&format!(
                    "http-after-response set-header {} {} if {{ var(txn.{prefix}_actual) -m str {index} }}",
                    field.name.name(),
                    self.value(field)
                ));
            }
        }
    }

    /// One line of `Vary`.
    fn vary(&self, text: &mut Text) {
        let prefix = self.prefix;
        let outcomes = self.table.outcomes.iter().enumerate();
        let varies: Vec<_> = outcomes
            .filter(|(_, outcome)| {
                outcome
                    .actual
                    .iter()
                    .any(|field| field.name == ResponseHeader::Vary)
            })
            .map(|(index, _)| index)
            .collect();
        if varies.is_empty() {
            return;
        }
        text.section("One line of `Vary`, with `Origin`. `*` has everything.");
        self.acl(text, &format!("{prefix}_varies"), "actual", &varies);
        let rule = "http-after-response";
        let when = format!("if {prefix}_varies");
        let is_any = "{ res.hdr(vary) -m str * }";
        let several = "{ res.fhdr_cnt(vary) gt 1 }";
        text.rule(&format!(
            "{rule} set-header vary * {when} {several} {is_any}"
        ));
        text.rule(&format!(
            "{rule} set-var(txn.{prefix}_vary) {} {when} {several}",
            joined("res.hdrs", "vary")
        ));
        text.rule(&format!(
            "{rule} set-header vary %[var(txn.{prefix}_vary)] {when} {several}"
        ));
        text.rule(&format!(
            "{rule} set-header vary \"%[res.fhdr(vary)], Origin\" {when} {{ res.fhdr(vary) -m len gt 0 }} !{{ res.hdr(vary) -m str -i origin }} !{is_any}"
        ));
        text.rule(&format!(
            "{rule} set-header vary Origin {when} !{{ res.fhdr(vary) -m len gt 0 }}"
        ));
    }

    /// The outcomes whose preflight responses echo a header, and in which one.
    fn echoes(&self, header: RequestHeader) -> impl Iterator<Item = (usize, ResponseHeader)> {
        self.granted().flat_map(move |(index, outcome)| {
            let fields = outcome.preflight.iter();
            let fields = fields.filter(move |field| field.value == HeaderSource::Echo(header));
            fields.map(move |field| (index, field.name))
        })
    }

    /// Fields for `http-request return`, but not those that echo what is asked for.
    fn fields(&self, fields: &[Header<Box<str>>]) -> String {
        let fields = fields.iter().filter(|field| !is_asked(field));
        let fields =
            fields.map(|field| format!(" hdr {} {}", field.name.name(), self.value(field)));
        fields.collect()
    }

    fn value(&self, field: &Header<Box<str>>) -> String {
        match &field.value {
            // `%` begins a variable there.
            HeaderSource::Constant(value) => quoted(&value.replace('%', "%%")),
            HeaderSource::Echo(_) => format!("%[var(txn.{}_origin)]", self.prefix),
        }
    }

    fn granted(&self) -> impl Iterator<Item = (usize, &'a Outcome<'a>)> {
        let outcomes = self.table.outcomes.iter().enumerate();
        outcomes.filter(|(_, outcome)| outcome.is_granted)
    }
}

/// All lines of a header as one: HAProxy reads one of them only, or its values. All other headers are removed from the head.
fn joined(head: &str, name: &str) -> String {
    format!(
        "'{head},regsub(\"(^|\\n)(?!{name}:)[^\\n]*\",\"\",g),regsub(\"(\\r?(^|\\n){name}: *)+\",\", \",g),regsub(\"^(, )+|(, )*\\r\",\"\",g)'"
    )
}

/// Whether a field has what a preflight asks for.
pub(super) fn is_asked(field: &Header<Box<str>>) -> bool {
    ECHOED
        .iter()
        .any(|(header, _)| field.value == HeaderSource::Echo(*header))
}
