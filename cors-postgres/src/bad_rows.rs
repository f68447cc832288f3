//! The rows that a set does not take.

use std::collections::{BTreeSet, HashMap, HashSet};

use cors_core::OriginSetError;
use cors_core::text::Excerpt;

/// How many rows a read reports one by one.
const REPORTED: usize = 100;

/// The bad rows of the table, each of which is reported once.
#[derive(Debug, Default)]
pub(crate) struct BadRows {
    /// The origins by their keys. A key that is wrong itself has all of its origins here.
    keys: HashMap<String, BTreeSet<String>>,
    /// How many rows this read may still report.
    left: usize,
}

impl BadRows {
    /// Begins a read of the table.
    pub(crate) fn begin(&mut self) {
        self.left = REPORTED;
    }

    /// Takes what is wrong with the rows of a key, and reports what is new.
    pub(crate) fn update(&mut self, key: &str, origins: &[String], errors: &[OriginSetError]) {
        let known = self.keys.remove(key).unwrap_or_default();
        if errors.is_empty() {
            return;
        }
        let is_key_wrong = errors.iter().any(|error| error.key().is_some());
        for error in errors {
            let is_known = match is_key_wrong {
                true => !known.is_empty(),
                false => known.contains(error.origin()),
            };
            if !is_known && self.left > 0 {
                self.left -= 1;
                tracing::error!(
                    key = %Excerpt(key),
                    %error,
                    "CORS origins: a row of the table is left out",
                );
            }
        }
        let bad = match is_key_wrong {
            true => origins.iter().cloned().collect(),
            false => errors
                .iter()
                .map(|error| error.origin().to_owned())
                .collect(),
        };
        self.keys.insert(key.to_owned(), bad);
    }

    /// Forgets the keys that the table does not have.
    pub(crate) fn retain(&mut self, keys: &HashSet<String>) {
        self.keys.retain(|key, _| keys.contains(key));
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.values().map(BTreeSet::len).sum()
    }
}
