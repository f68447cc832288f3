//! The table of a larger file that a policy is in.

use std::ops::Range;

use super::document::{self, Item, Key, Node};
use super::guess::did_you_mean;
use super::location_without_line;
use super::reader::FILE_KEYS;
use crate::config::Grant;
use crate::error::{ConfigError, ConfigErrors, ErrorCode, Place};
use crate::text::Excerpt;

/// The table of this name, or the whole file.
pub(super) fn find<'a>(root: &'a Item, name: Option<&str>) -> Result<&'a Item, ConfigErrors> {
    let policy = match name {
        Some(name) => document::table(root, name)
            .ok_or_else(|| ConfigErrors(vec![missing_table(root, name)]))?,
        None => root,
    };
    match larger_file(policy, name) {
        Some(error) => Err(ConfigErrors(vec![error])),
        None => Ok(policy),
    }
}

/// The error of a larger file with a policy in one of its tables. Alone, because all keys would be unknown.
fn larger_file(root: &Item, table: Option<&str>) -> Option<ConfigError> {
    let Node::Table(entries) = &root.node else {
        return None;
    };
    let known = [Grant::KEYS, &FILE_KEYS].concat();
    let is_policy = entries.iter().any(|(key, item)| match &item.node {
        Node::Table(_) => did_you_mean(&key.name, &["grant", "route"]).is_some(),
        _ => did_you_mean(&key.name, &known).is_some(),
    });
    let tables = tables(root);
    let mut policies = tables.iter().filter(|(_, _, item)| has_policy_keys(item));
    let (name, key, _) = policies.next().filter(|_| !is_policy)?;
    let name = match table {
        Some(table) => format!("{table}.{name}"),
        None => name.clone(),
    };
    let also = match policies.count() {
        0 => String::new(),
        more => format!(" (as {more} more)"),
    };
    let shown = Excerpt(&name);
    let message = format!(
        "is a table with the keys of a CORS policy{also}: load it with `Policy::from_file_table(path, \"{shown}\")`, or give the command `--table {shown}`"
    );
    Some(unknown_key(&name, message, key.span.clone()))
}

fn missing_table(root: &Item, name: &str) -> ConfigError {
    const MAX_NAMES: usize = 5;
    let tables = tables(root);
    let mut policies = tables.iter().filter(|(_, _, item)| has_policy_keys(item));
    let suggestion = match (policies.next(), policies.next()) {
        (Some((name, ..)), None) => Some(name),
        _ => None,
    };
    let names = tables.iter().take(MAX_NAMES);
    let names: Vec<_> = names
        .map(|(name, ..)| format!("`{}`", Excerpt(name)))
        .collect();
    let more = match tables.len().saturating_sub(MAX_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = match names.is_empty() {
        true => "is not a table of the file, which has no tables".to_owned(),
        false => format!(
            "is not a table of the file, which has {}{more}",
            names.join(", ")
        ),
    };
    let start = root.span.as_ref().map(|span| span.start..span.start);
    unknown_key(name, message, start).suggest(suggestion)
}

fn unknown_key(name: &str, message: String, span: Option<Range<usize>>) -> ConfigError {
    let place = Place {
        key: name.to_owned(),
        ..Place::default()
    };
    let mut error = ConfigError::new(ErrorCode::UnknownKey, place, message);
    error.location = span.map(location_without_line);
    error
}

/// The tables in a table, and the tables in these. [`document::table`] finds each by its name.
fn tables(root: &Item) -> Vec<(String, &Key, &Item)> {
    let mut tables = Vec::new();
    for (key, item) in direct_tables(root) {
        tables.push((key.name.clone(), key, item));
        let inner = direct_tables(item);
        tables.extend(
            inner.map(|(inner, item)| (format!("{}.{}", key.name, inner.name), inner, item)),
        );
    }
    tables
}

fn direct_tables(table: &Item) -> impl Iterator<Item = (&Key, &Item)> {
    let entries = match &table.node {
        Node::Table(entries) => &**entries,
        _ => &[],
    };
    let entries = entries.iter().map(|(key, item)| (key, item));
    // A name with a dot cannot be a part of a longer one.
    entries.filter(|(key, item)| matches!(item.node, Node::Table(_)) && !key.name.contains('.'))
}

/// Whether a table, alone, looks like a policy.
fn has_policy_keys(table: &Item) -> bool {
    let Node::Table(entries) = &table.node else {
        return false;
    };
    entries.iter().any(|(key, item)| match key.name.as_str() {
        // Other tables have that, too.
        "max_age" => false,
        "grant" | "route" => {
            matches!(&item.node, Node::List(items) if items.iter().any(has_policy_keys))
        }
        name => Grant::KEYS.contains(&name),
    })
}
