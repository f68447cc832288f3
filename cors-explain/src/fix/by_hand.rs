//! Changes of files in other formats than TOML. They are tested in TOML, and described for the user, who makes them.

use cors_core::document::{self, Item, Node};
use cors_core::{Grant, GrantId};
use toml_edit::{
    Array, ArrayOfTables, DocumentMut, InlineTable, Item as TomlItem, Table, Value, value,
};

use super::edit::{self, Edit};
use crate::source::{Source, ValidPolicy};
use crate::text::Printable;

/// The policy of a file in TOML: of a TOML file, the file itself.
pub(super) fn in_toml(source: &Source) -> Option<Source> {
    if source.is_toml() {
        return Some(source.clone());
    }
    let root = source.format().parse(&source.text).ok()?;
    let policy = match &source.table {
        Some(table) => document::table(&root, table)?,
        None => &root,
    };
    let document = DocumentMut::from(table(policy)?);
    Some(source.in_toml(document.to_string()))
}

fn table(item: &Item) -> Option<Table> {
    let Node::Table(entries) = &item.node else {
        return None;
    };
    let mut toml = Table::new();
    for (key, item) in entries {
        let item = match (key.name.as_str(), &item.node) {
            ("grant" | "route", Node::List(items)) => {
                let tables = items.iter().map(table).collect::<Option<ArrayOfTables>>()?;
                TomlItem::ArrayOfTables(tables)
            }
            _ => value(value_of(item)?),
        };
        toml.insert(&key.name, item);
    }
    Some(toml)
}

fn value_of(item: &Item) -> Option<Value> {
    Some(match &item.node {
        Node::Text(text) => text.into(),
        Node::Integer(integer) => i64::try_from(*integer).ok()?.into(),
        Node::Boolean(boolean) => (*boolean).into(),
        Node::List(items) => {
            let items = items.iter().map(value_of);
            Value::Array(items.collect::<Option<Array>>()?)
        }
        // A set of origins.
        Node::Table(entries) => {
            let entries = entries
                .iter()
                .map(|(key, item)| Some((&*key.name, value_of(item)?)));
            Value::InlineTable(entries.collect::<Option<InlineTable>>()?)
        }
        // No key of a policy has it.
        Node::Other(_) => return None,
    })
}

/// What to do in the file, as a sentence without its beginning and end.
pub(super) fn describe(edit: &Edit, valid: &ValidPolicy) -> String {
    match edit {
        Edit::Add { grant, key, items } => {
            format!("add {} to `{}`", quoted(items), place(valid, *grant, key))
        }
        Edit::Remove { grant, key, item } => {
            let item = std::slice::from_ref(item);
            format!(
                "remove {} from `{}`",
                quoted(item),
                place(valid, *grant, key)
            )
        }
        Edit::AllowCredentials { grant } => {
            let place = place(valid, *grant, "allow_credentials");
            format!("set `{place}` to `true`")
        }
        Edit::Prepend { route, grant } => insert(valid, *route, grant, "before"),
        Edit::Append { route, grant } => insert(valid, *route, grant, "after"),
        Edit::AllowDanger { route, danger } => {
            format!(
                "add `\"{danger}\"` to `{}`",
                place_in(*route, "dangerously_allow")
            )
        }
    }
}

fn insert(valid: &ValidPolicy, route: Option<usize>, grant: &Grant, side: &str) -> String {
    let list = place_in(route, "grant");
    let table = edit::table(grant);
    let keys = table
        .iter()
        .map(|(key, item)| format!("\"{key}\": {}", item.to_string().trim()));
    let keys: Vec<_> = keys.collect();
    let keys = keys.join(", ");
    let grant = Printable(&keys);
    let part = valid.places.parts.get(route.map_or(0, |route| route + 1));
    let is_list = part.is_some_and(|part| !part.grants.is_empty());
    match (is_list, valid.grants_of(route).is_empty()) {
        (true, _) => format!("add `{{{grant}}}` to the list `{list}`, {side} the other grants"),
        (false, true) => format!("add a list `{list}` with `{{{grant}}}`"),
        (false, false) => format!(
            "move the keys of the grant into a list `{list}`, and add `{{{grant}}}` {side} it"
        ),
    }
}

fn quoted(items: &[String]) -> String {
    let items: Vec<_> = items
        .iter()
        .map(|item| format!("`\"{}\"`", Printable(item)))
        .collect();
    crate::text::enumerate(&items)
}

/// A place as errors have it: `route[0].grant[1].allow_origins`.
fn place(valid: &ValidPolicy, grant: GrantId, key: &str) -> String {
    match valid.grants_of(grant.route()).len() {
        0 | 1 => place_in(grant.route(), key),
        _ => place_in(grant.route(), &format!("grant[{}].{key}", grant.index())),
    }
}

fn place_in(route: Option<usize>, key: &str) -> String {
    match route {
        None => key.to_owned(),
        Some(route) => format!("route[{route}].{key}"),
    }
}
