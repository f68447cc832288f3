//! Finds the fetch that an event of the browser is about.

use std::collections::{HashMap, HashSet};

use crate::Reason;
use crate::driver::{About, Note};

/// Sorts the events of a browser by fetch.
#[derive(Debug)]
pub(crate) struct Matcher {
    reasons: Vec<Reason>,
    by_id: HashMap<String, usize>,
    by_url: HashMap<String, usize>,
    unexplained: HashSet<usize>,
}

impl Matcher {
    /// Starts without any information about the fetches.
    pub(crate) fn new(fetches: usize) -> Self {
        Self {
            reasons: vec![Reason::default(); fetches],
            by_id: HashMap::new(),
            by_url: HashMap::new(),
            unexplained: HashSet::new(),
        }
    }

    /// Adds another URL of a fetch.
    pub(crate) fn known_by(&mut self, index: usize, url: &str) {
        self.by_url.entry(bare(url).to_owned()).or_insert(index);
    }

    /// Notes that the engine must still explain a fetch, which ended in a network error.
    pub(crate) fn owes(&mut self, index: usize) {
        self.unexplained.insert(index);
    }

    pub(crate) fn hear(&mut self, note: Note) {
        match note {
            Note::Sent { id, url } => {
                let known = self.by_id.get(&id).or_else(|| self.by_url.get(bare(&url)));
                let Some(&index) = known else { return };
                self.by_id.insert(id, index);
                // A redirect brings a new URL.
                self.known_by(index, &url);
            }
            Note::Failed {
                id,
                network_error,
                cors_error,
            } => {
                if let Some(reason) = self.reason(&About::Id(id)) {
                    reason.network_error = Some(network_error);
                    reason.cors_error = cors_error;
                }
            }
            Note::Said { about, messages } => {
                if let Some(reason) = self.reason(&about) {
                    reason.console.extend(messages);
                }
            }
            Note::Other => {}
        }
    }

    /// Whether an explanation is missing.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.unexplained.is_empty()
    }

    pub(crate) fn into_reasons(self) -> Vec<Reason> {
        self.reasons
    }

    fn reason(&mut self, about: &About) -> Option<&mut Reason> {
        let &index = match about {
            About::Id(id) => self.by_id.get(id),
            About::Url(url) => self.by_url.get(bare(url)),
        }?;
        self.unexplained.remove(&index);
        self.reasons.get_mut(index)
    }
}

/// A URL without its fragment: some consoles show it, but requests do not have it.
fn bare(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}
