//! Sets of origins, in one file.

use std::collections::{BTreeMap, BTreeSet};

use super::syntax::{self, Text};
use crate::table::{Part, SetRow, Table};

/// The sets of a policy.
pub(super) struct Sets<'a>(Vec<Set<'a>>);

/// A set, and how it is used.
pub(super) struct Set<'a> {
    number: usize,
    name: &'a str,
    /// Where a path has the key: the segments, counted from 0. `None` for the origins without a key.
    segments: BTreeSet<Option<usize>>,
    /// The grants that name it.
    grants: BTreeSet<String>,
    without_key: BTreeSet<String>,
    /// The texts `ORIGIN KEY`, and the keys in their case.
    with_key: BTreeMap<String, Vec<String>>,
}

impl<'a> Sets<'a> {
    pub(super) fn new(table: &'a Table<'a>) -> Self {
        let mut sets: Vec<Set<'a>> = Vec::new();
        let rows = table.parts.iter().flat_map(|part| &part.sets);
        for row in rows {
            let grant = table.outcomes.get(row.outcome);
            let grant = grant.map_or_else(String::new, |outcome| outcome.name.clone());
            let position = sets.iter().position(|set| set.name == row.set.name);
            let index = position.unwrap_or(sets.len());
            if position.is_none() {
                sets.push(Set::new(index, row));
            }
            if let Some(set) = sets.get_mut(index) {
                set.segments.insert(row.set.key_segment);
                set.grants.insert(grant);
            }
        }
        Self(sets)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = &Set<'a>> {
        self.0.iter()
    }

    /// What is in the sets.
    ///
    /// One file has all of them. With a file each, that of a set which the policy names no more could remain in the folder,
    /// and nginx would read it: its number is then that of another set.
    pub(super) fn write(&self, text: &mut Text<'_>) {
        text.comment(
            "Context: http. After a change of a set, export the policy again and reload nginx.",
        );
        if let Some(size) = self.bucket_size() {
            text.comment(&format!(
                "It needs `map_hash_bucket_size {size};`, or more, before the first map."
            ));
        }
        text.blank();
        for set in self.iter() {
            set.write(text);
        }
    }

    /// The segments of paths that are keys.
    pub(super) fn segments(&self) -> BTreeSet<usize> {
        let segments = self.iter().flat_map(|set| &set.segments);
        segments.filter_map(|segment| *segment).collect()
    }

    pub(super) fn bucket_size(&self) -> Option<usize> {
        self.iter().filter_map(Set::bucket_size).max()
    }

    /// The numbers of texts in the maps.
    pub(super) fn lengths(&self) -> impl Iterator<Item = usize> {
        self.iter()
            .flat_map(|set| [set.without_key.len(), set.with_key.len()])
    }

    /// The grants that name a set with an entry that is too long.
    pub(super) fn too_long(&self, longest: usize) -> Vec<String> {
        let long = self.iter().filter(|set| {
            let mut entries = set.without_key.iter().chain(set.with_key.keys());
            // As a regular expression, each byte may be escaped.
            entries.any(|entry| entry.len() * 2 > longest)
        });
        let grants = long.flat_map(|set| &set.grants);
        grants.cloned().collect()
    }

    /// Whether a key of an origin is that of the request, case-sensitive.
    pub(super) fn write_keys(&self, text: &mut Text<'_>) {
        for set in self.iter() {
            for segment in set.segments.iter().flatten() {
                let (path, keys) = (
                    text.variable(&format!("segment{segment}")),
                    text.variable(&format!("keys{}_{segment}", set.number)),
                );
                text.comment(&format!(
                    "Whether the set {} has the origin under the key, case-sensitive.",
                    set.name
                ));
                text.map(
                    &format!(r#""{path} {keys}""#),
                    &format!("in{}_{segment}", set.number),
                    r#""-""#,
                );
                text.regex(r"^([^ ]+) (?:[^ ]+ )*\1(?: |$)", "in");
                text.end();
            }
        }
    }

    /// The outcome of an origin, from that of the lists and from the sets.
    pub(super) fn write_outcome(
        &self,
        text: &mut Text<'_>,
        part: &Part<'_>,
        listed: &str,
        name: &str,
    ) {
        let listed = text.variable(listed);
        let variables = part.sets.iter().map(|row| {
            let name = self.variable(row);
            text.variable(&name)
        });
        let facts: String = variables.map(|variable| format!(" {variable}")).collect();
        text.comment("The first grant decides: a set comes before a list of a later grant.");
        text.map(&format!(r#""{listed}{facts}""#), name, &listed);
        for (index, row) in part.sets.iter().enumerate() {
            let later: Vec<String> = part
                .listed_outcomes()
                .into_iter()
                .filter(|outcome| part.is_before(row.outcome, *outcome))
                .map(|outcome| outcome.to_string())
                .collect();
            let before = " (?:in|-)".repeat(index);
            text.row_comment(&format!("the set {}", row.set.name));
            text.regex(
                &format!("^(?:{}){before} in(?: |$)", later.join("|")),
                &row.outcome.to_string(),
            );
        }
        text.end();
    }

    /// The variable that says whether an origin is in the set.
    fn variable(&self, row: &SetRow<'_>) -> String {
        let set = self.iter().find(|set| set.name == row.set.name);
        let number = set.map_or(0, |set| set.number);
        match row.set.key_segment {
            None => format!("in{number}"),
            Some(segment) => format!("in{number}_{segment}"),
        }
    }
}

impl<'a> Set<'a> {
    fn new(number: usize, row: &SetRow<'a>) -> Self {
        let mut set = Self {
            number,
            name: row.set.name,
            segments: BTreeSet::new(),
            grants: BTreeSet::new(),
            without_key: BTreeSet::new(),
            with_key: BTreeMap::new(),
        };
        for (key, origin) in row.set.set.snapshot().iter() {
            match key {
                None => _ = set.without_key.insert(origin.to_owned()),
                Some(key) => {
                    // A map ignores the case of texts.
                    let text = format!("{origin} {}", key.to_ascii_lowercase());
                    set.with_key.entry(text).or_default().push(key.to_owned());
                }
            }
        }
        for keys in set.with_key.values_mut() {
            keys.sort_unstable();
        }
        set
    }

    fn write(&self, text: &mut Text<'_>) {
        text.comment(&format!("The set of origins {}:", self.name));
        let origin = text.variable("origin");
        for segment in &self.segments {
            match segment {
                None => {
                    text.map(&origin, &format!("in{}", self.number), r#""-""#);
                    let keys = self.without_key.iter();
                    let rows = keys.map(|key| (&**key, "in".to_owned()));
                    text.rows(&rows.collect::<Vec<_>>());
                }
                Some(segment) => {
                    text.comment("An origin and a key in lower case; then the key.");
                    let key = text.variable(&format!("segment{segment}"));
                    text.map(
                        &format!(r#""{origin} {key}""#),
                        &format!("keys{}_{segment}", self.number),
                        r#""""#,
                    );
                    let mut rows = Vec::new();
                    for (entry, keys) in &self.with_key {
                        rows.push((&**entry, text.constant(&keys.join(" "))));
                    }
                    text.rows(&rows);
                }
            }
            text.end();
        }
    }

    fn bucket_size(&self) -> Option<usize> {
        let keyed = self.with_key.keys().map(|key| &**key);
        let without = self.without_key.iter().map(|key| &**key);
        let sizes = [keyed.collect::<Vec<_>>(), without.collect()];
        sizes
            .iter()
            .filter_map(|keys| syntax::bucket_size(keys))
            .max()
    }
}

impl Part<'_> {
    /// What the lists can say.
    fn listed_outcomes(&self) -> BTreeSet<usize> {
        let exact = self.exact.iter().map(|(_, outcome)| *outcome);
        let patterns = self.patterns.iter().map(|row| row.outcome);
        exact.chain(patterns).chain([self.unmatched]).collect()
    }
}
