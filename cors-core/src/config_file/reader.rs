//! Reads a configuration from a tree of items: keys and types.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::time::Duration;

use super::document::{Item, Key, Node};
use super::guess::{as_list, did_you_mean, in_seconds};
use super::location_without_line;
use super::variables::{Replacement, Variables};
use crate::config::{Config, DangerouslyAllow, Grant, OriginSetUse, Part, Refuse, Route};
use crate::environment::{self, InvalidReference, Reference};
use crate::error::{ConfigError, ErrorCode, Place};
use crate::grant_id::GrantId;
use crate::text::Excerpt;
use crate::validate;

pub(super) const FILE_KEYS: [&str; 7] = [
    "preflight_status",
    "dangerously_allow",
    "refuse",
    "refuse_report_only",
    "hosts",
    "grant",
    "route",
];
pub(super) const ROUTE_KEYS: [&str; 5] = [
    "path",
    "dangerously_allow",
    "refuse",
    "refuse_report_only",
    "grant",
];
pub(super) const DANGERS: [&str; 4] = [
    "insecure-origins",
    "public-suffixes",
    "null-origin",
    "any-host",
];
pub(super) const REFUSALS: [&str; 3] = ["websocket", "cross-site-writes", "unlisted-origins"];
/// How many bytes variables may put into lists: as much as the largest file has.
const MAX_REPLACED: usize = 256 * 1024 * 1024;
/// The sets in `allow_origins` are in a list of their own in the configuration.
pub(super) const ORIGIN_SETS: &str = "origin_sets";
const SECONDS: &str = "an integer (seconds)";

/// A configuration as it was read. It is not checked.
#[derive(Default)]
pub(super) struct Unchecked {
    pub(super) config: Config,
    /// The grants whose origins are not all known.
    pub(super) incomplete: HashSet<GrantId>,
    /// The values that are not as in the file.
    pub(super) sources: Sources,
}

/// By the place of a value: its route, its grant and its key.
pub(super) type Sources = HashMap<(Option<usize>, Option<usize>, &'static str), Source>;

/// Where a value of the configuration comes from.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    /// Why it was not read completely is in the errors.
    pub(super) is_reported: bool,
    /// The indices in the file of the items of a list.
    pub(super) items: Vec<usize>,
    /// The names of the variables that hold no item of it.
    pub(super) empty: Vec<String>,
}

/// Reads a file. Does not check the configuration in it.
///
/// Without `variables`, items such as `${NAME}` stay as they are.
pub(super) fn read_config(
    root: &Item,
    variables: Option<&Variables>,
    errors: &mut Vec<ConfigError>,
) -> Unchecked {
    let mut reader = Reader {
        errors,
        variables,
        left: Some(MAX_REPLACED),
        unchecked: Unchecked::default(),
    };
    reader.file(root);
    reader.unchecked
}

struct Reader<'e> {
    errors: &'e mut Vec<ConfigError>,
    variables: Option<&'e Variables>,
    /// How many bytes variables may still put into lists; `None` after an error.
    left: Option<usize>,
    unchecked: Unchecked,
}

impl<'e> Reader<'e> {
    fn file(&mut self, root: &Item) {
        let Node::Table(entries) = &root.node else {
            self.wrong_type(Place::default(), root, "a table");
            self.skip(None, None, "allow_origins");
            return;
        };
        let part = self.part(root, entries, None);
        let config = &mut self.unchecked.config;
        config.grants = part.grants;
        config.dangerously_allow = part.dangerously_allow;
        config.refuse = part.refuse.unwrap_or_default();
    }

    /// Reads what is at the top of the file, or in a route.
    fn part(&mut self, part: &Item, entries: &[(Key, Item)], route: Option<usize>) -> Part {
        let several = part.get("grant").is_some();
        let of_part = Place {
            route,
            ..Place::default()
        };
        let mut read = Part::default();
        let mut grant = Grant::default();
        let mut has_grant = false;
        for (key, item) in entries {
            let place = at(of_part.clone(), &key.name);
            match (key.name.as_str(), route) {
                ("grant", _) => read.grants = self.grants(item, route),
                ("dangerously_allow", _) => read.dangerously_allow = self.dangers(place, item),
                ("refuse", _) => read.refuse = Some(self.refuse(place, item, part)),
                ("refuse_report_only", _) => {
                    if part.get("refuse").is_none() {
                        let message =
                            "has no effect without `refuse` next to it; add `refuse`, or remove it";
                        let error = ConfigError::new(ErrorCode::ReportOnly, place, message);
                        self.push_at(error, &key.span);
                    } else {
                        self.boolean(place, item);
                    }
                }
                ("hosts", None) => self.unchecked.config.hosts = self.hosts(place, item),
                ("preflight_status", None) => self.preflight_status(place, item),
                ("route", None) => self.routes(item),
                ("path", Some(_)) => {}
                (name, _) if Grant::KEYS.contains(&name) && several => {
                    let header = match route {
                        None => "[[grant]]",
                        Some(_) => "[[route.grant]]",
                    };
                    let level = match route {
                        None => "at the top level",
                        Some(_) => "in a route",
                    };
                    let message =
                        format!("cannot be {level} together with `{header}`; move it into a grant");
                    let error = ConfigError::new(ErrorCode::MixedForms, place, message);
                    self.push_at(error, &key.span);
                }
                (name, _) if Grant::KEYS.contains(&name) => {
                    let place = Place {
                        grant: Some(0),
                        ..of_part.clone()
                    };
                    has_grant = true;
                    self.grant_key(place, key, item, &mut grant);
                }
                (name, _) => {
                    let known = match route {
                        None => [Grant::KEYS, &FILE_KEYS].concat(),
                        Some(_) => [Grant::KEYS, &ROUTE_KEYS].concat(),
                    };
                    let message = match (name, route) {
                        ("path", None) => Some(OF_A_ROUTE),
                        ("preflight_status" | "hosts", Some(_)) => Some(OF_THE_FILE),
                        ("route", Some(_)) => Some(
                            "cannot be in another route; write `[[route]]` again, with the whole path",
                        ),
                        _ => None,
                    };
                    // A part without `[[grant]]` is one grant.
                    let grant = (!several).then_some(0);
                    self.unknown_key(place, grant, key, &known, message);
                }
            }
        }
        if has_grant {
            read.grants.push(grant);
        }
        read
    }

    fn preflight_status(&mut self, place: Place, item: &Item) {
        if let Some(value) = self.integer(place, item) {
            match u16::try_from(value) {
                Ok(status) => self.unchecked.config.preflight_status = status,
                Err(_) => self.push(validate::preflight_status(value), item),
            }
        }
    }

    fn routes(&mut self, item: &Item) {
        let Node::List(items) = &item.node else {
            let expected = "a list of tables, each with the header `[[route]]`";
            self.wrong_type(at(Place::default(), "route"), item, expected);
            self.skip(None, None, "allow_origins");
            return;
        };
        for (index, item) in items.iter().enumerate() {
            let route = self.route(index, item);
            self.unchecked.config.routes.push(route);
        }
    }

    fn route(&mut self, index: usize, item: &Item) -> Route {
        let place = Place {
            route: Some(index),
            ..Place::default()
        };
        let mut route = Route {
            path: String::new(),
            part: Part::default(),
        };
        let Node::Table(entries) = &item.node else {
            self.wrong_type(place, item, "a table");
            self.skip(Some(index), None, "path");
            return route;
        };
        let path = at(place.clone(), "path");
        match item.get("path") {
            Some(item) if item.text().is_some_and(|text| text.contains("${")) => {
                self.takes_no_variable(path, item);
                self.skip(Some(index), None, "path");
            }
            Some(Item {
                node: Node::Text(text),
                ..
            }) => route.path.clone_from(text),
            Some(item) => {
                self.wrong_type(path, item, "a string");
                self.skip(Some(index), None, "path");
            }
            None => {
                let message = "has no `path`; write the path that the route is for, such as `path = \"/public\"`";
                self.push(
                    ConfigError::new(ErrorCode::InvalidPath, place, message),
                    item,
                );
                self.skip(Some(index), None, "path");
            }
        }
        route.part = self.part(item, entries, Some(index));
        self.origins_of_route(index, item, &mut route.part);
        route
    }

    /// A route has origins, or says that it has none.
    fn origins_of_route(&mut self, index: usize, item: &Item, part: &mut Part) {
        let is_empty = |item: &Item| matches!(&item.node, Node::List(items) if items.is_empty());
        let is_reported = [None, Some(0)]
            .into_iter()
            .filter_map(|grant| {
                self.unchecked
                    .sources
                    .get(&(Some(index), grant, "allow_origins"))
            })
            .any(|source| source.is_reported);
        match (item.get("grant"), item.get("allow_origins")) {
            (None, Some(origins)) if is_empty(origins) => part.grants.clear(),
            (None, Some(_)) => {}
            (Some(grants), _) if !is_empty(grants) => {}
            (None, None) if item.get("refuse").is_some() && part.grants.is_empty() => {}
            _ if is_reported => {}
            _ => {
                let place = Place {
                    route: Some(index),
                    key: "allow_origins".to_owned(),
                    ..Place::default()
                };
                let message =
                    "has no origins; list the allowed origins, or write `[]` to allow none";
                self.push(
                    ConfigError::new(ErrorCode::MissingOrigins, place, message),
                    item,
                );
                self.skip(Some(index), Some(0), "allow_origins");
            }
        }
    }

    fn grants(&mut self, item: &Item, route: Option<usize>) -> Vec<Grant> {
        let Node::List(items) = &item.node else {
            let (place, expected) = match route {
                None => (
                    Place::default(),
                    "a list of tables, each with the header `[[grant]]`",
                ),
                Some(_) => (
                    Place {
                        route,
                        ..Place::default()
                    },
                    "a list of tables, each with the header `[[route.grant]]`",
                ),
            };
            self.wrong_type(at(place, "grant"), item, expected);
            self.skip(route, None, "allow_origins");
            return Vec::new();
        };
        let numbered = items.len() > 1;
        let mut grants = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = Place {
                route,
                grant: Some(index),
                numbered,
                ..Place::default()
            };
            let mut grant = Grant::default();
            match &item.node {
                Node::Table(entries) => {
                    for (key, item) in entries {
                        self.grant_key(place.clone(), key, item, &mut grant);
                    }
                }
                _ => {
                    self.wrong_type(place, item, "a table");
                    self.skip(route, Some(index), "allow_origins");
                }
            }
            grants.push(grant);
        }
        grants
    }

    /// Reads a key of a grant; `place` is the grant's.
    fn grant_key(&mut self, place: Place, key: &Key, item: &Item, grant: &mut Grant) {
        let place = at(place, &key.name);
        match key.name.as_str() {
            "allow_origins" => {
                (grant.allow_origins, grant.origin_sets) = self.origins(place, item);
            }
            "allow_methods" => grant.allow_methods = self.texts(place, "allow_methods", item),
            "allow_headers" => grant.allow_headers = self.texts(place, "allow_headers", item),
            "expose_headers" => grant.expose_headers = self.texts(place, "expose_headers", item),
            "allow_credentials" => grant.allow_credentials = self.boolean(place, item),
            "expose_timing" => grant.expose_timing = self.boolean(place, item),
            "max_age" => {
                if let Some(value) = self.seconds(place.clone(), item) {
                    match u64::try_from(value) {
                        Ok(seconds) => grant.max_age = Duration::from_secs(seconds),
                        Err(_) => self.push(validate::max_age(place, value), item),
                    }
                }
            }
            name => {
                let message = match (name, place.route) {
                    ("path", None) => Some(OF_A_ROUTE),
                    ("path" | "dangerously_allow" | "refuse" | "refuse_report_only", Some(_)) => {
                        Some(
                            "applies to the whole route; write it before the first `[[route.grant]]`",
                        )
                    }
                    ("grant", Some(_)) => {
                        Some("cannot be in another grant; write `[[route.grant]]` again")
                    }
                    (name, _) if FILE_KEYS.contains(&name) => Some(OF_THE_FILE),
                    _ => None,
                };
                self.unknown_key(place.clone(), place.grant, key, Grant::KEYS, message);
            }
        }
    }

    fn dangers(&mut self, place: Place, item: &Item) -> DangerouslyAllow {
        let mut allow = DangerouslyAllow::default();
        let code = ErrorCode::UnknownDanger;
        for name in self.names(&place, item, "dangerously_allow", &DANGERS, code) {
            match name {
                "insecure-origins" => allow.insecure_origins = true,
                "public-suffixes" => allow.public_suffixes = true,
                "null-origin" => allow.null_origin = true,
                _ => allow.any_host = true,
            }
        }
        allow
    }

    /// `refuse`, with the `refuse_report_only` next to it.
    fn refuse(&mut self, place: Place, item: &Item, part: &Item) -> Refuse {
        let mut refuse = Refuse::default();
        let report_only = part.get("refuse_report_only").map(|item| &item.node);
        refuse.report_only = matches!(report_only, Some(Node::Boolean(true)));
        for name in self.names(&place, item, "refuse", &REFUSALS, ErrorCode::UnknownRefusal) {
            match name {
                "websocket" => refuse.websocket = true,
                "cross-site-writes" => refuse.cross_site_writes = true,
                _ => refuse.unlisted_origins = true,
            }
        }
        refuse
    }

    /// The items of a list of known names.
    fn names(
        &mut self,
        place: &Place,
        item: &Item,
        key: &'static str,
        known: &[&'static str],
        code: ErrorCode,
    ) -> Vec<&'static str> {
        let items = self.list(place, item, key).unwrap_or_default();
        let mut names = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let place = item_at(place, index);
            let Some(text) = self.text(&place, item) else {
                continue;
            };
            if let Some(name) = known.iter().find(|name| **name == text) {
                names.push(*name);
            } else if text.contains("${") {
                self.takes_no_variable(place, item);
            } else {
                let message = format!("is not one of `{}`", known.join("`, `"));
                let error = ConfigError::new(code, place, message)
                    .value_of(text)
                    .suggest(did_you_mean(text, known));
                self.push(error, item);
            }
        }
        names
    }

    fn hosts(&mut self, place: Place, item: &Item) -> Vec<String> {
        let Some(items) = self.list(&place, item, "hosts") else {
            return Vec::new();
        };
        let mut hosts = Vec::with_capacity(items.len());
        let mut source = Source::default();
        for (index, item) in items.iter().enumerate() {
            let place = item_at(&place, index);
            match self.text(&place, item) {
                Some(text) if text.contains("${") => self.takes_no_variable(place, item),
                Some(text) => {
                    hosts.push(text.to_owned());
                    source.items.push(index);
                }
                None => {}
            }
        }
        self.source(None, None, "hosts", source);
        hosts
    }

    fn texts(&mut self, place: Place, key: &'static str, item: &Item) -> Vec<String> {
        self.texts_and_sets(place, key, item).0
    }

    fn origins(&mut self, place: Place, item: &Item) -> (Vec<String>, Vec<OriginSetUse>) {
        self.texts_and_sets(place, "allow_origins", item)
    }

    /// Reads a list of texts; one of origins may have sets, too.
    fn texts_and_sets(
        &mut self,
        place: Place,
        key: &'static str,
        item: &Item,
    ) -> (Vec<String>, Vec<OriginSetUse>) {
        let Some(items) = self.list(&place, item, key) else {
            return Default::default();
        };
        let (mut sets, mut sets_source) = (Vec::new(), Source::default());
        let mut texts = Vec::with_capacity(items.len());
        let mut source = Source::default();
        let mut listed = self.variables.and_then(|_| Listed::new(key, items));
        for (index, item) in items.iter().enumerate() {
            let place = item_at(&place, index);
            if let ("allow_origins", Node::Table(entries)) = (key, &item.node) {
                match self.origin_set(&place, item, entries) {
                    Some(set) => {
                        sets.push(set);
                        sets_source.items.push(index);
                    }
                    None => source.is_reported = true,
                }
                continue;
            }
            let Some(text) = self.text(&place, item) else {
                source.is_reported = true;
                continue;
            };
            let Some((listed, reference)) = listed.as_mut().zip(Reference::parse(text)) else {
                texts.push(text.to_owned());
                source.items.push(index);
                continue;
            };
            match self.variable(&place, item, text, reference, listed) {
                Replaced::Items(value) => {
                    let new = environment::split(&value).filter(|item| listed.insert(item));
                    texts.extend(new.map(str::to_owned));
                    source.items.resize(texts.len(), index);
                }
                Replaced::AtRunTime if key == "allow_origins" => {
                    let grant = GrantId::new(place.route, place.grant.unwrap_or_default());
                    self.unchecked.incomplete.insert(grant);
                }
                Replaced::AtRunTime | Replaced::Before => {}
                Replaced::Error => source.is_reported = true,
            }
        }
        let is_as_in_file = listed.is_none() && texts.len() == items.len();
        if texts.is_empty()
            && let Some(listed) = listed
        {
            source.empty = listed.variables.into_keys().map(str::to_owned).collect();
        }
        if !is_as_in_file {
            self.source(place.route, place.grant, key, source);
        }
        if !sets.is_empty() {
            self.source(place.route, place.grant, ORIGIN_SETS, sets_source);
        }
        (texts, sets)
    }

    /// Reads `{ set = "customers", key = "{realm}" }`.
    fn origin_set(
        &mut self,
        place: &Place,
        item: &Item,
        entries: &[(Key, Item)],
    ) -> Option<OriginSetUse> {
        let (mut name, mut capture, mut is_valid) = (None, None, true);
        for (key, item) in entries {
            let value = match key.name.as_str() {
                "set" => &mut name,
                "key" => &mut capture,
                other => {
                    let message = format!(
                        "`{}` is not a key of a set of origins; it has `set` and `key`",
                        Excerpt(other)
                    );
                    let error = ConfigError::new(ErrorCode::UnknownKey, place.clone(), message);
                    self.push_at(error, &key.span);
                    is_valid = false;
                    continue;
                }
            };
            match self.text(place, item) {
                Some(text) if text.contains("${") => {
                    self.takes_no_variable(place.clone(), item);
                    is_valid = false;
                }
                Some(text) => *value = Some(text.to_owned()),
                None => is_valid = false,
            }
        }
        if name.is_none() && is_valid {
            let message = "names no set; write `{ set = \"NAME\" }`, or an origin as a string";
            let error = ConfigError::new(ErrorCode::InvalidOriginSet, place.clone(), message);
            self.push(error, item);
        }
        let name = name.filter(|_| is_valid)?;
        Some(OriginSetUse { name, key: capture })
    }

    /// The text that stands for an item that names a variable.
    fn variable<'t>(
        &mut self,
        place: &Place,
        item: &Item,
        text: &'t str,
        reference: Result<Reference<'t>, InvalidReference>,
        listed: &mut Listed<'t>,
    ) -> Replaced<'t>
    where
        'e: 't,
    {
        let reference = match reference {
            Ok(reference) => reference,
            Err(invalid) => {
                let error =
                    ConfigError::new(ErrorCode::InvalidVariable, place.clone(), invalid.message);
                self.push(error.value_of(text).suggest(invalid.suggestion), item);
                return Replaced::Error;
            }
        };
        let Some(variables) = self.variables else {
            return Replaced::Before;
        };
        // What follows takes time for each use of a long value.
        let Some(left) = self.left else {
            return Replaced::Error;
        };
        let has_its_value = listed.variables.entry(reference.name).or_default();
        if *has_its_value {
            return Replaced::Before;
        }
        let error = match variables.get(reference) {
            Ok(Replacement::AtRunTime) => return Replaced::AtRunTime,
            Ok(Replacement::Default(default)) => return Replaced::Items(default.into()),
            Ok(Replacement::Value(value)) => {
                // An empty value gives way to the default of the next item.
                *has_its_value = !value.is_empty();
                self.left = left.checked_sub(value.len());
                if self.left.is_some() {
                    return Replaced::Items(value);
                }
                let message = format!(
                    "and the variables before it hold more than {} MiB",
                    MAX_REPLACED >> 20
                );
                (ErrorCode::InvalidVariable, message)
            }
            Err(error) => error,
        };
        let (code, message) = error;
        let message = format!("`${{{}}}` {message}", Excerpt(reference.name));
        let mut error = ConfigError::new(code, place.clone(), message);
        error.variable = Some(reference.name.to_owned());
        self.push(error, item);
        Replaced::Error
    }

    fn list<'i>(&mut self, place: &Place, item: &'i Item, key: &'static str) -> Option<&'i [Item]> {
        if let Node::List(items) = &item.node {
            return Some(items);
        }
        let mut error = wrong_type(place.clone(), item, "a list of strings");
        if let Node::Text(text) = &item.node {
            error = error.suggest(as_list(key, text, self.variables.is_some()));
        }
        self.push(error, item);
        self.skip(place.route, place.grant, key);
        None
    }

    fn text<'i>(&mut self, place: &Place, item: &'i Item) -> Option<&'i str> {
        match &item.node {
            Node::Text(text) => Some(text),
            _ => {
                self.wrong_type(place.clone(), item, "a string");
                None
            }
        }
    }

    fn takes_no_variable(&mut self, place: Place, item: &Item) {
        let message = "is not replaced here: only the items of `allow_origins`, `allow_methods`, `allow_headers` and `expose_headers` can be variables";
        let mut error = ConfigError::new(ErrorCode::InvalidVariable, place, message);
        error.value = item.text().map(str::to_owned);
        self.push(error, item);
    }

    fn boolean(&mut self, place: Place, item: &Item) -> bool {
        match &item.node {
            Node::Boolean(value) => *value,
            Node::Text(text) if matches!(text.as_str(), "true" | "false") => {
                let error = wrong_type(place, item, "`true` or `false`");
                self.push(error.suggest(Some(text)), item);
                false
            }
            Node::Text(text) if text.contains("${") => {
                self.takes_no_variable(place, item);
                false
            }
            _ => {
                self.wrong_type(place, item, "`true` or `false`");
                false
            }
        }
    }

    fn integer(&mut self, place: Place, item: &Item) -> Option<i128> {
        let error = match &item.node {
            Node::Integer(value) => return Some(*value),
            Node::Text(text) if text.parse::<u64>().is_ok() => {
                wrong_type(place, item, "an integer").suggest(Some(text))
            }
            Node::Text(text) if text.contains("${") => {
                self.takes_no_variable(place, item);
                return None;
            }
            _ => wrong_type(place, item, "an integer"),
        };
        self.push(error, item);
        None
    }

    fn seconds(&mut self, place: Place, item: &Item) -> Option<i128> {
        let error = match &item.node {
            Node::Integer(value) => return Some(*value),
            Node::Text(text) if text.contains("${") => {
                self.takes_no_variable(place, item);
                return None;
            }
            Node::Text(text) => wrong_type(place, item, SECONDS).suggest(in_seconds(text)),
            _ => wrong_type(place, item, SECONDS),
        };
        self.push(error, item);
        None
    }

    fn wrong_type(&mut self, place: Place, item: &Item, expected: &str) {
        self.push(wrong_type(place, item, expected), item);
    }

    /// Reports an unknown key, and suggests the most similar one of `known`, unless there is a `message` of its own.
    fn unknown_key(
        &mut self,
        place: Place,
        grant: Option<usize>,
        key: &Key,
        known: &[&'static str],
        message: Option<&str>,
    ) {
        let suggestion = match message {
            None => did_you_mean(&key.name, known),
            Some(_) => None,
        };
        if suggestion == Some("allow_origins") {
            // The key is misspelt, not missing.
            self.skip(place.route, None, "allow_origins");
            if grant.is_some() {
                self.skip(place.route, grant, "allow_origins");
            }
        }
        let message = message.unwrap_or("is not a key of a CORS policy");
        let error = ConfigError::new(ErrorCode::UnknownKey, place, message).suggest(suggestion);
        self.push_at(error, &key.span);
    }

    /// Notes that a value was reported, so that it is not missing.
    fn skip(&mut self, route: Option<usize>, grant: Option<usize>, key: &'static str) {
        let source = Source {
            is_reported: true,
            ..Source::default()
        };
        self.source(route, grant, key, source);
    }

    fn source(
        &mut self,
        route: Option<usize>,
        grant: Option<usize>,
        key: &'static str,
        source: Source,
    ) {
        if let (true, "allow_origins", Some(grant)) = (source.is_reported, key, grant) {
            self.unchecked.incomplete.insert(GrantId::new(route, grant));
        }
        // A key may be misspelt in several ways; the first one counts.
        self.unchecked
            .sources
            .entry((route, grant, key))
            .or_insert(source);
    }

    fn push(&mut self, error: ConfigError, item: &Item) {
        self.push_at(error, &item.span);
    }

    fn push_at(&mut self, mut error: ConfigError, span: &Option<Range<usize>>) {
        error.location = span.clone().map(location_without_line);
        self.errors.push(error);
    }
}

/// What stands for an item that names a variable.
enum Replaced<'t> {
    /// The items in this text.
    Items(Cow<'t, str>),
    /// Those of an earlier item.
    Before,
    /// What is known at run time only.
    AtRunTime,
    /// Nothing: an error was reported.
    Error,
}

/// The items of a list that has variables. An item of a variable that is also elsewhere in the list is left out.
struct Listed<'t> {
    ignore_case: bool,
    items: HashSet<String>,
    /// The variables, and whether the list has the items of their values.
    variables: BTreeMap<&'t str, bool>,
}

impl<'t> Listed<'t> {
    /// `None` if the list has no variables.
    fn new(key: &str, items: &'t [Item]) -> Option<Self> {
        let texts = || items.iter().filter_map(Item::text);
        texts()
            .any(|text| Reference::parse(text).is_some())
            .then(|| {
                let mut listed = Self {
                    // The names of header fields.
                    ignore_case: matches!(key, "allow_headers" | "expose_headers"),
                    items: HashSet::new(),
                    variables: BTreeMap::new(),
                };
                for text in texts() {
                    listed.insert(text);
                }
                listed
            })
    }

    /// Whether the item was not in the list.
    fn insert(&mut self, item: &str) -> bool {
        self.items.insert(match self.ignore_case {
            true => item.to_ascii_lowercase(),
            false => item.to_owned(),
        })
    }
}

const OF_THE_FILE: &str = "applies to the whole file; move it to the top level";
const OF_A_ROUTE: &str = "is a key of a route; write it after a header `[[route]]`";

fn at(place: Place, key: &str) -> Place {
    Place {
        key: key.to_owned(),
        ..place
    }
}

fn item_at(place: &Place, index: usize) -> Place {
    Place {
        index: Some(index),
        ..place.clone()
    }
}

fn wrong_type(place: Place, item: &Item, expected: &str) -> ConfigError {
    let message = format!("expected {expected}, found {}", item.kind());
    ConfigError::new(ErrorCode::WrongType, place, message)
}
