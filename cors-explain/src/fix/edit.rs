//! Changes to a policy file that keep the rest of it unchanged.

use cors_core::{Grant, GrantId};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value, value};

use super::line_ends;

/// A change.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// Adds items to a list of a grant.
    Add {
        grant: GrantId,
        key: &'static str,
        items: Vec<String>,
    },
    /// Removes an item from a list of a grant.
    Remove {
        grant: GrantId,
        key: &'static str,
        item: String,
    },
    /// Sets `allow_credentials` of a grant.
    AllowCredentials { grant: GrantId },
    /// Adds a grant before all others of a route, or of the top.
    Prepend {
        route: Option<usize>,
        grant: Box<Grant>,
    },
    /// Adds a grant after all others of a route, or of the top.
    Append {
        route: Option<usize>,
        grant: Box<Grant>,
    },
    /// Adds an item to `dangerously_allow` of a route, or of the top.
    AllowDanger {
        route: Option<usize>,
        danger: &'static str,
    },
}

/// The text with the changes, one after the other; `None` if one is impossible.
///
/// `table` is the table with the policy, or it is the whole text.
pub(super) fn apply(text: &str, table: Option<&str>, edits: &[Edit]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    // It may be an inline table.
    let mut policy: &mut dyn TableLike = document.as_table_mut();
    for name in table.iter().flat_map(|table| table.split('.')) {
        policy = policy.get_mut(name)?.as_table_like_mut()?;
    }
    for edit in edits {
        apply_one(policy, edit)?;
    }
    separate(policy);
    Some(line_ends::kept(text, &document.to_string()))
}

/// Puts an empty line between the first keys of a file and its first header, if the keys are new.
fn separate(policy: &mut dyn TableLike) {
    let has_keys = policy.iter().any(|(_, item)| item.is_value());
    let tables = policy.iter_mut().filter_map(|(_, item)| match item {
        Item::ArrayOfTables(tables) => tables.get_mut(0),
        _ => None,
    });
    let first = tables.min_by_key(|table| table.position());
    if let Some(first) = first.filter(|_| has_keys)
        && first
            .decor()
            .prefix()
            .is_none_or(|prefix| prefix.as_str() == Some(""))
    {
        first.decor_mut().set_prefix("\n");
    }
}

fn apply_one(policy: &mut dyn TableLike, edit: &Edit) -> Option<()> {
    match edit {
        Edit::Add { grant, key, items } => {
            let list = list(grant_mut(policy, *grant)?, key)?;
            items.iter().for_each(|item| push(list, item));
        }
        Edit::Remove { grant, key, item } => {
            let list = list(grant_mut(policy, *grant)?, key)?;
            // No item is listed twice.
            let index = list.iter().position(|value| value.as_str() == Some(item));
            if let Some(index) = index {
                remove(list, index);
            }
        }
        Edit::AllowCredentials { grant } => {
            set(grant_mut(policy, *grant)?, "allow_credentials", true);
        }
        Edit::Prepend { route, grant } => {
            grants(part_mut(policy, *route)?)?.insert_first(table(grant));
        }
        Edit::Append { route, grant } => grants(part_mut(policy, *route)?)?.push(table(grant)),
        Edit::AllowDanger { route, danger } => push(
            list(part_mut(policy, *route)?, "dangerously_allow")?,
            danger,
        ),
    }
    Some(())
}

/// The table of a route, or of the top.
fn part_mut(policy: &mut dyn TableLike, route: Option<usize>) -> Option<&mut dyn TableLike> {
    match route {
        None => Some(policy),
        Some(route) => nth(policy.get_mut("route")?, route),
    }
}

/// The table with the keys of a grant: that of the part if they are among its own.
fn grant_mut(policy: &mut dyn TableLike, grant: GrantId) -> Option<&mut dyn TableLike> {
    let part = part_mut(policy, grant.route())?;
    match part.contains_key("grant") {
        true => nth(part.get_mut("grant")?, grant.index()),
        false => Some(part),
    }
}

/// A table of a list, in either form.
fn nth(list: &mut Item, index: usize) -> Option<&mut dyn TableLike> {
    match list {
        Item::ArrayOfTables(tables) => Some(tables.get_mut(index)?),
        Item::Value(Value::Array(tables)) => Some(tables.get_mut(index)?.as_inline_table_mut()?),
        _ => None,
    }
}

/// The list of a key, added if it is not there.
fn list<'a>(table: &'a mut dyn TableLike, key: &str) -> Option<&'a mut Array> {
    if !table.contains_key(key) {
        table.insert(key, value(Array::new()));
    }
    table.get_mut(key)?.as_array_mut()
}

/// Adds an item in the style of those before it: on a line of its own, or after a comma.
fn push(list: &mut Array, item: &str) {
    let mut value = Value::from(item);
    let before = list
        .iter()
        .last()
        .and_then(|last| last.decor().prefix()?.as_str());
    match before {
        Some(before) if list.len() > 1 || before.contains('\n') => {
            // A comment above the last item belongs to that item.
            let line = before
                .rfind('\n')
                .and_then(|at| before.get(at..))
                .unwrap_or(before);
            value.decor_mut().set_prefix(line.to_owned());
        }
        Some(_) => value.decor_mut().set_prefix(" "),
        None => {}
    }
    keep_last_comment(list, &mut value);
    list.push_formatted(value);
}

/// Removes an item. A comment at the end of the line before it is not about it, and stays.
fn remove(list: &mut Array, index: usize) {
    let removed = list.remove(index);
    let before = removed.decor().prefix().and_then(|prefix| prefix.as_str());
    let comment = before.and_then(|before| before.split_once('\n'));
    let Some((comment, _)) = comment.filter(|(comment, _)| comment.contains('#')) else {
        return;
    };
    let after = |text: &str| {
        let line = text.find('\n').and_then(|at| text.get(at..));
        format!("{comment}{}", line.unwrap_or("\n"))
    };
    match list.get_mut(index) {
        Some(next) => {
            let prefix = next.decor().prefix().and_then(|prefix| prefix.as_str());
            let prefix = after(prefix.unwrap_or_default());
            next.decor_mut().set_prefix(prefix);
        }
        None => {
            let trailing = after(list.trailing().as_str().unwrap_or_default());
            list.set_trailing(trailing);
        }
    }
}

/// A comment at the end of the last item's line stays there when an item comes after it.
fn keep_last_comment(list: &mut Array, added: &mut Value) {
    let trailing = list.trailing().as_str().unwrap_or_default().to_owned();
    let Some((comment, rest)) = trailing.split_once('\n') else {
        return;
    };
    let prefix = added.decor().prefix().and_then(|prefix| prefix.as_str());
    let prefix = prefix.unwrap_or_default().to_owned();
    if list.trailing_comma() && comment.contains('#') && prefix.starts_with('\n') {
        added.decor_mut().set_prefix(format!("{comment}{prefix}"));
        list.set_trailing(format!("\n{rest}"));
    }
}

fn set(table: &mut dyn TableLike, key: &str, to: bool) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = Value::from(to);
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(to));
        }
    }
}

/// The `[[grant]]` of a part. If the keys of its only grant are among its own, they are moved below such a header.
fn grants(part: &mut dyn TableLike) -> Option<&mut ArrayOfTables> {
    if !part.contains_key("grant") {
        let mut grant = Table::new();
        let keys = part.iter().map(|(key, _)| key.to_owned());
        for key in keys.collect::<Vec<_>>() {
            if !Grant::KEYS.contains(&key.as_str()) {
                continue;
            }
            let mut key = part.key(&key)?.clone();
            let item = part.remove(key.get())?;
            if grant.is_empty() {
                // Move the comments above the first key to the header.
                let above = key.leaf_decor().prefix().and_then(|prefix| prefix.as_str());
                let above = above.unwrap_or_default();
                let line = if part.contains_key("path") { "\n" } else { "" };
                grant.decor_mut().set_prefix(format!("{line}{above}"));
                key.leaf_decor_mut().set_prefix("");
            }
            grant.insert_formatted(&key, item);
        }
        let mut grants = ArrayOfTables::new();
        if !grant.is_empty() {
            grants.push(grant);
        }
        part.insert("grant", Item::ArrayOfTables(grants));
    }
    part.get_mut("grant")?.as_array_of_tables_mut()
}

trait InsertFirst {
    fn insert_first(&mut self, table: Table);
}

impl InsertFirst for ArrayOfTables {
    fn insert_first(&mut self, mut table: Table) {
        let mut rest: Vec<Table> = self.iter().cloned().collect();
        if let Some(first) = rest.first_mut() {
            // Comments at the beginning of the file stay there.
            let head = first.decor().prefix().and_then(|prefix| prefix.as_str());
            table
                .decor_mut()
                .set_prefix(head.unwrap_or_default().to_owned());
            first.decor_mut().set_prefix("\n");
        }
        self.clear();
        for mut table in std::iter::once(table).chain(rest) {
            // Tables are written in the order of their positions, if they have one.
            table.set_position(None);
            self.push(table);
        }
    }
}

/// The table of a grant.
pub(super) fn table(grant: &Grant) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    let lists = [
        ("allow_origins", &grant.allow_origins),
        ("allow_methods", &grant.allow_methods),
        ("allow_headers", &grant.allow_headers),
        ("expose_headers", &grant.expose_headers),
    ];
    for (key, items) in lists {
        if !items.is_empty() {
            table.insert(key, value(items.iter().collect::<Array>()));
        }
    }
    let default = Grant::default();
    if grant.allow_credentials {
        table.insert("allow_credentials", value(true));
    }
    if grant.max_age != default.max_age {
        // At most a day in seconds, in a valid policy.
        let seconds = i64::try_from(grant.max_age.as_secs()).unwrap_or(i64::MAX);
        table.insert("max_age", value(seconds));
    }
    if grant.expose_timing {
        table.insert("expose_timing", value(true));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, edits: &[Edit], expected: &str) {
        assert_eq!(apply(text, None, edits).as_deref(), Some(expected));
    }

    fn add(grant: usize, key: &'static str, item: &str) -> Edit {
        let items = vec![item.to_owned()];
        let grant = GrantId::new(None, grant);
        Edit::Add { grant, key, items }
    }

    #[test]
    fn items_are_added_in_the_style_of_the_list() {
        let edit = [add(0, "allow_methods", "PUT")];
        check("allow_methods = []\n", &edit, "allow_methods = [\"PUT\"]\n");
        check(
            "allow_methods   = [\"GET\"]  # few\nmax_age = 1\n",
            &edit,
            "allow_methods   = [\"GET\", \"PUT\"]  # few\nmax_age = 1\n",
        );
        check(
            "allow_methods = [\"A\",\"B\"]\n",
            &edit,
            "allow_methods = [\"A\",\"B\",\"PUT\"]\n",
        );
        check(
            "allow_methods = [\n  # one\n  \"A\",\n  # two\n  \"B\",\n]\n",
            &edit,
            "allow_methods = [\n  # one\n  \"A\",\n  # two\n  \"B\",\n  \"PUT\",\n]\n",
        );
        // Sets stay as they are.
        let origin = [add(0, "allow_origins", "new")];
        check(
            "allow_origins = [{set='a',key=\"{b}\"}]\n",
            &origin,
            "allow_origins = [{set='a',key=\"{b}\"}, \"new\"]\n",
        );
        check(
            "allow_origins = [\n  'a',\n  # the partners\n  { set = 'b' }, # all\n]\n",
            &origin,
            "allow_origins = [\n  'a',\n  # the partners\n  { set = 'b' }, # all\n  \"new\",\n]\n",
        );
        let removal = |item: &str| Edit::Remove {
            grant: GrantId::new(None, 0),
            key: "allow_origins",
            item: item.to_owned(),
        };
        check(
            "allow_origins = ['a', { set = 'a' }]\n",
            &[removal("a")],
            "allow_origins = [ { set = 'a' }]\n",
        );
        let set = "allow_origins = [\n  { set = 'b' }, # all\n]\n";
        check(set, &[origin[0].clone(), removal("new")], set);
        check(
            "allow_origins = [\n  'a', # one\n  'b', # two\n  'c', # three\n]\n",
            &[removal("b")],
            "allow_origins = [\n  'a', # one\n  'c', # three\n]\n",
        );
        check(
            "max_age = 1\n",
            &edit,
            "max_age = 1\nallow_methods = [\"PUT\"]\n",
        );
        check(
            "[[grant]]\nmax_age = 1\n\n[[grant]]\nallow_methods = ['A']\n",
            &[add(1, "allow_methods", "PUT")],
            "[[grant]]\nmax_age = 1\n\n[[grant]]\nallow_methods = ['A', \"PUT\"]\n",
        );
        check(
            "grant = [{max_age = 1}]\n",
            &edit,
            "grant = [{max_age = 1, allow_methods = [\"PUT\"] }]\n",
        );
    }

    #[test]
    fn credentials() {
        let edit = [Edit::AllowCredentials {
            grant: GrantId::new(None, 0),
        }];
        check(
            "allow_credentials = false # no\n",
            &edit,
            "allow_credentials = true # no\n",
        );
        check(
            "max_age = 1\n",
            &edit,
            "max_age = 1\nallow_credentials = true\n",
        );
    }

    #[test]
    fn grants_are_added() {
        let grant = Box::new(
            Grant::new(["https://a.example"])
                .allow_credentials(true)
                .max_age(std::time::Duration::from_secs(5)),
        );
        let text = "# my policy\npreflight_status = 200\n# all\nallow_origins   = [\"*\"] # yes\nmax_age = 1\n";
        let added = "[[grant]]\nallow_origins = [\"https://a.example\"]\nallow_credentials = true\nmax_age = 5\n";
        let moved = "[[grant]]\nallow_origins   = [\"*\"] # yes\nmax_age = 1\n";
        check(
            text,
            &[Edit::Append {
                route: None,
                grant: grant.clone(),
            }],
            &format!("# my policy\npreflight_status = 200\n# all\n{moved}\n{added}"),
        );
        check(
            text,
            &[Edit::Prepend {
                route: None,
                grant: grant.clone(),
            }],
            &format!("# my policy\npreflight_status = 200\n# all\n{added}\n{moved}"),
        );
        let text = "# head\n[[grant]]\nallow_origins = ['*']\n";
        check(
            text,
            &[Edit::Prepend { route: None, grant }],
            &format!("# head\n{added}\n[[grant]]\nallow_origins = ['*']\n"),
        );
    }

    #[test]
    fn dangers_and_removals() {
        check(
            "allow_origins = [\"a\", \"b\"]\n",
            &[
                Edit::AllowDanger {
                    route: None,
                    danger: "null-origin",
                },
                Edit::Remove {
                    grant: GrantId::new(None, 0),
                    key: "allow_origins",
                    item: "b".to_owned(),
                },
            ],
            "allow_origins = [\"a\"]\ndangerously_allow = [\"null-origin\"]\n",
        );
        // A key of the whole file stays before `[[grant]]`.
        check(
            "[[grant]]\nallow_origins = [\"a\"]\n",
            &[Edit::AllowDanger {
                route: None,
                danger: "null-origin",
            }],
            "dangerously_allow = [\"null-origin\"]\n\n[[grant]]\nallow_origins = [\"a\"]\n",
        );
    }

    #[test]
    fn parts_are_changed_alone() {
        let text = "allow_origins = ['a']\n\n[[route]]\npath = \"/x\"\nallow_origins = ['b'] # b\n\n[[route]]\npath = \"/y\"\n\n[[route.grant]]\nallow_origins = ['c']\n";
        let add = |route, index| Edit::Add {
            grant: GrantId::new(route, index),
            key: "allow_origins",
            items: vec!["new".to_owned()],
        };
        let replaced = |from: &str, to: &str| {
            assert!(text.contains(from));
            text.replace(from, to)
        };
        check(text, &[add(None, 0)], &replaced("['a']", "['a', \"new\"]"));
        check(
            text,
            &[add(Some(0), 0)],
            &replaced("['b']", "['b', \"new\"]"),
        );
        check(
            text,
            &[add(Some(1), 0)],
            &replaced("['c']", "['c', \"new\"]"),
        );
        let grant = Box::new(Grant::new(["new"]));
        let route = Some(0);
        check(
            text,
            &[Edit::Append {
                route,
                grant: grant.clone(),
            }],
            &replaced(
                "allow_origins = ['b'] # b\n",
                "\n[[route.grant]]\nallow_origins = ['b'] # b\n\n[[route.grant]]\nallow_origins = [\"new\"]\n",
            ),
        );
        let route = Some(1);
        check(
            text,
            &[Edit::Prepend {
                route,
                grant: grant.clone(),
            }],
            &replaced(
                "[[route.grant]]\nallow_origins = ['c']\n",
                "[[route.grant]]\nallow_origins = [\"new\"]\n\n[[route.grant]]\nallow_origins = ['c']\n",
            ),
        );
        check(
            text,
            &[Edit::AllowDanger {
                route: Some(0),
                danger: "null-origin",
            }],
            &replaced("# b\n", "# b\ndangerously_allow = [\"null-origin\"]\n"),
        );
        // A policy without grants at the top.
        let text = "[[route]]\npath = \"/x\"\nallow_origins = []\n";
        check(
            text,
            &[add(None, 0)],
            &format!("allow_origins = [\"new\"]\n\n{text}"),
        );
        check(
            text,
            &[add(Some(0), 0)],
            "[[route]]\npath = \"/x\"\nallow_origins = [\"new\"]\n",
        );
        check(
            text,
            &[Edit::Append { route: None, grant }],
            &format!("{text}\n[[grant]]\nallow_origins = [\"new\"]\n"),
        );
    }

    #[test]
    fn a_table_of_a_larger_file_is_changed_alone() {
        #[track_caller]
        fn check(table: &str, text: &str, expected: &str) {
            let grant = Box::new(Grant::new(["new"]));
            let edits = [
                add(0, "allow_methods", "PUT"),
                Edit::Append { route: None, grant },
            ];
            assert_eq!(apply(text, Some(table), &edits).as_deref(), Some(expected));
        }
        check(
            "cors",
            "port = 1\n[cors]\nallow_methods = ['A']\n\n[log]\nlevel = 1\n",
            "port = 1\n[cors]\n[[cors.grant]]\nallow_methods = ['A', \"PUT\"]\n\n[[cors.grant]]\nallow_origins = [\"new\"]\n\n[log]\nlevel = 1\n",
        );
        check(
            "server.cors",
            "[server]\nport = 1\n\n[[server.cors.grant]]\nallow_methods = ['A']\n\n[log]\nlevel = 1\n",
            "[server]\nport = 1\n\n[[server.cors.grant]]\nallow_methods = ['A', \"PUT\"]\n\n[[server.cors.grant]]\nallow_origins = [\"new\"]\n\n[log]\nlevel = 1\n",
        );
        assert_eq!(apply("a = 1", Some("cors"), &[]), None);
        assert_eq!(apply("cors = 1", Some("cors"), &[]), None);
    }

    #[test]
    fn tables_without_a_header_are_changed() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let edits = [add(0, "allow_methods", "PUT")];
            assert_eq!(
                apply(text, Some("a.cors"), &edits).as_deref(),
                Some(expected)
            );
        }
        check(
            "a = { cors = { allow_methods = ['A'] }, b = 1 } # c\n",
            "a = { cors = { allow_methods = ['A', \"PUT\"] }, b = 1 } # c\n",
        );
        check(
            "a.b = 1\na.cors.allow_methods = ['A']\n",
            "a.b = 1\na.cors.allow_methods = ['A', \"PUT\"]\n",
        );
        check(
            "[a]\ncors = { max_age = 1 }\n",
            "[a]\ncors = { max_age = 1 , allow_methods = [\"PUT\"] }\n",
        );
    }
}
