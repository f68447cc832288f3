//! How the table is read, and how a set takes what it has.

use std::collections::HashSet;

use cors_core::{OriginSet, OriginSetSnapshot};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::bad_rows::BadRows;

/// The queries. Each row of their results is a key with all of its origins.
#[derive(Debug)]
pub(crate) struct Queries {
    pub(crate) all: String,
    pub(crate) some: String,
}

impl Queries {
    pub(crate) fn new(schema: Option<&str>, table: &str) -> Self {
        let schema = schema.map(|schema| format!("{}.", quoted(schema)));
        let table = format!("{}{}", schema.unwrap_or_default(), quoted(table));
        // Two keys are never equal unless their bytes are, whatever the collation of the column is: one tenant would get
        // the other's origins.
        let query = |condition: &str| {
            format!(
                "select key::text collate \"C\", array_agg(origin::text) from {table} {condition} group by 1"
            )
        };
        Self {
            all: query(""),
            some: query("where key::text collate \"C\" = any($1)"),
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A read of the table, made to a copy of the set.
pub(crate) struct Read<'a> {
    before: OriginSetSnapshot,
    copy: OriginSet,
    bad_rows: &'a mut BadRows,
    /// The keys that the table has.
    keys: HashSet<String>,
    changed: usize,
}

impl<'a> Read<'a> {
    pub(crate) fn new(set: &OriginSet, bad_rows: &'a mut BadRows) -> Self {
        let (before, copy) = (set.snapshot(), OriginSet::new());
        copy.restore(&before);
        bad_rows.begin();
        Self {
            before,
            copy,
            bad_rows,
            keys: HashSet::new(),
            changed: 0,
        }
    }

    /// Takes a key and its origins.
    pub(crate) fn take(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        let key: String = row.try_get(0)?;
        self.replace(&key, &row.try_get::<Vec<String>, _>(1)?);
        self.keys.insert(key);
        Ok(())
    }

    fn replace(&mut self, key: &str, origins: &[String]) {
        let had = match key {
            "" => self.before.origins().count(),
            key => self.before.origins_for(key).count(),
        };
        let contains = |origin: &&String| match key {
            "" => self.copy.contains(origin),
            key => self.copy.contains_for(key, origin),
        };
        let stay = origins.iter().filter(contains).count();
        // What is the same is not replaced, so that it is not in memory twice.
        if stay == had && stay == origins.len() {
            self.bad_rows.update(key, origins, &[]);
            return;
        }
        let errors = match key {
            "" => self.copy.replace_without_key(origins),
            key => self.copy.replace_for(key, origins),
        };
        let taken = match errors.iter().any(|error| error.key().is_some()) {
            true => 0,
            false => origins.len() - errors.len(),
        };
        self.changed += usize::from(stay != had || stay != taken);
        self.bad_rows.update(key, origins, &errors);
    }

    /// All of the table was read. Returns how many keys have changed.
    pub(crate) fn finish_all(mut self, set: &OriginSet) -> usize {
        let before = self.before.clone();
        let mut last = None;
        for (key, _) in before.iter() {
            let key = key.unwrap_or_default();
            // The origins of a key come one after the other.
            if last.replace(key) != Some(key) && !self.keys.contains(key) {
                self.replace(key, &[]);
            }
        }
        self.bad_rows.retain(&self.keys);
        self.finish(set)
    }

    /// Some keys were read. Those that the table does not have any more have no origins.
    pub(crate) fn finish_some(mut self, keys: &[String], set: &OriginSet) -> usize {
        for key in keys {
            if !self.keys.contains(key) {
                self.replace(key, &[]);
            }
        }
        self.finish(set)
    }

    fn finish(self, set: &OriginSet) -> usize {
        set.restore(&self.copy.snapshot());
        self.changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        #[track_caller]
        fn check(schema: Option<&str>, table: &str, expected: &str) {
            let queries = Queries::new(schema, table);
            for query in [queries.all, queries.some] {
                let (_, from) = query.split_once(" from ").unwrap();
                assert!(from.starts_with(expected), "{query}");
            }
        }
        check(None, "cors_origins", "\"cors_origins\" ");
        check(Some("app"), "Origins", "\"app\".\"Origins\" ");
        check(Some("a\"b"), "c\"; drop", "\"a\"\"b\".\"c\"\"; drop\" ");
    }
}
