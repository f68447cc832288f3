//! What notifications ask for.

use std::collections::BTreeSet;
use std::mem;

/// What has to be read again. Several notifications for a key are one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pending {
    keys: BTreeSet<String>,
    all: bool,
}

impl Pending {
    /// Takes the payload of a notification: `key:` and a key. Anything else means all keys, so `NOTIFY cors_origins` by
    /// hand does.
    pub(crate) fn add(&mut self, payload: &str) {
        match payload.strip_prefix("key:") {
            Some(key) => _ = self.keys.insert(key.to_owned()),
            None => self.all = true,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.all && self.keys.is_empty()
    }

    /// Takes out everything. `None`: all keys.
    pub(crate) fn take(&mut self) -> Option<Vec<String>> {
        let Self { keys, all } = mem::take(self);
        (!all).then(|| keys.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_are_merged() {
        #[track_caller]
        fn check(payloads: &[&str], expected: Option<&[&str]>) {
            let mut pending = Pending::default();
            assert!(pending.is_empty());
            for payload in payloads {
                pending.add(payload);
                assert!(!pending.is_empty());
            }
            let keys = pending.take();
            assert_eq!(keys.is_some(), expected.is_some());
            assert_eq!(keys.unwrap_or_default(), expected.unwrap_or_default());
            assert!(pending.is_empty());
        }
        check(&[], Some(&[]));
        check(&["key:b", "key:a", "key:b"], Some(&["a", "b"]));
        check(&["key:"], Some(&[""]));
        check(&["key:all"], Some(&["all"]));
        check(&["key:key:"], Some(&["key:"]));
        check(&["key:a", "all"], None);
        check(&["all", "key:a"], None);
        check(&[""], None);
        check(&["something new"], None);
    }
}
