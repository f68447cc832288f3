//! The state of the program: the addresses, the current policy, and what is in its set of origins.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cors_core::OriginSet;
use cors_explain::{OriginFile, Source, ValidPolicy};
use cors_matrix::server::{Framework, ORIGIN_SET};

use crate::servers::{ORIGINS, Servers};

/// The demo's state, which both pages share.
pub(crate) struct Demo {
    /// The origin that the policy allows, and the one that it does not.
    pub(crate) origins: [String; 2],
    /// The URL of each framework's server.
    pub(crate) urls: Vec<(Framework, String)>,
    /// The policy's text at the start.
    pub(crate) original: String,
    policy: RwLock<Arc<CurrentPolicy>>,
    servers: Mutex<Box<dyn Servers>>,
}

/// The policy that all servers have.
#[derive(Debug)]
pub(crate) struct CurrentPolicy {
    pub(crate) source: Source,
    pub(crate) valid: ValidPolicy,
    /// What is in the set of origins, in alphabetical order.
    pub(crate) origins: BTreeSet<String>,
    /// Counted from 1. A change of the set counts, too.
    pub(crate) version: u64,
}

/// How many origins the set takes: they are shown as a list.
const MAX_ORIGINS: usize = 20;

/// Why the set was not changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotChanged {
    /// The set does not take the origin.
    Origin(String),
    /// A server did not follow.
    Servers(String),
}

impl Demo {
    /// `source` must be the policy that `servers` were started with.
    pub(crate) fn new(
        origins: [String; 2],
        urls: Vec<(Framework, String)>,
        source: Source,
        servers: Box<dyn Servers>,
    ) -> Result<Self, String> {
        let original = source.text.clone();
        let policy = CurrentPolicy::new(source, BTreeSet::new(), 1)?;
        Ok(Self {
            origins,
            urls,
            original,
            policy: RwLock::new(Arc::new(policy)),
            servers: Mutex::new(servers),
        })
    }

    pub(crate) fn policy(&self) -> Arc<CurrentPolicy> {
        // The policy is consistent at any time, so a poisoned lock can be ignored.
        let policy = self.policy.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&policy)
    }

    /// Replaces the policy, and returns the new version.
    ///
    /// # Errors
    ///
    /// If it is not valid, or a server could not load the policy. Then the old one stays.
    pub(crate) fn replace(&self, source: Source) -> Result<u64, String> {
        // Held to the end, so that versions have the same order here and in the servers.
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.policy();
        let new = CurrentPolicy::new(source, now.origins.clone(), now.version + 1)?;
        servers.replace(&new.source.text)?;
        Ok(self.set(new))
    }

    /// Adds an origin to the set, or removes it. Returns the new version.
    ///
    /// # Errors
    ///
    /// If the set does not take it, or a server does not follow. Then the set is as before, except in a server that fails.
    pub(crate) fn change_set(&self, origin: &str, add: bool) -> Result<u64, NotChanged> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.policy();
        let mut origins = now.origins.clone();
        match add {
            true => {
                let tried = OriginSet::new().insert(origin);
                tried.map_err(|error| NotChanged::Origin(error.to_string()))?;
                origins.insert(origin.to_owned())
            }
            false => origins.remove(origin),
        };
        if origins.len() > MAX_ORIGINS {
            let message = format!("the list here is for at most {MAX_ORIGINS} origins");
            return Err(NotChanged::Origin(message));
        }
        if origins == now.origins {
            return Ok(now.version);
        }
        let (text, source) = (lines(&origins), now.source.clone());
        let new =
            CurrentPolicy::new(source, origins, now.version + 1).map_err(NotChanged::Servers)?;
        servers
            .set_origins(&text, origin, &new.valid.policy)
            .map_err(NotChanged::Servers)?;
        Ok(self.set(new))
    }

    fn set(&self, new: CurrentPolicy) -> u64 {
        let mut policy = self.policy.write().unwrap_or_else(PoisonError::into_inner);
        let version = new.version;
        *policy = Arc::new(new);
        version
    }
}

impl CurrentPolicy {
    /// Another policy, with the set as it is now.
    pub(crate) fn with_set(&self, source: Source) -> Source {
        with_set(source, &self.origins)
    }

    fn new(source: Source, origins: BTreeSet<String>, version: u64) -> Result<Self, String> {
        let source = with_set(source, &origins);
        Ok(Self {
            valid: source.load().map_err(|errors| errors.to_string())?,
            source,
            origins,
            version,
        })
    }
}

/// The servers have no other set.
fn with_set(source: Source, origins: &BTreeSet<String>) -> Source {
    let file = OriginFile::new(ORIGINS, lines(origins));
    source.origins(ORIGIN_SET, file).without_other_sets()
}

/// The text of a file with these origins.
fn lines(origins: &BTreeSet<String>) -> String {
    origins.iter().map(|origin| format!("{origin}\n")).collect()
}

/// A demo without servers, for tests.
#[cfg(test)]
pub(crate) mod tests {
    use cors_core::Policy;

    use super::*;

    /// What is in `cors.toml`.
    pub(crate) const POLICY: &str = include_str!("../cors.toml");
    pub(crate) const ALLOWED: &str = "http://localhost:8090";
    pub(crate) const REFUSED: &str = "http://127.0.0.1:8091";

    /// Servers that accept every policy, or none.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Fake {
        pub(crate) text: Arc<Mutex<String>>,
        pub(crate) origins: Arc<Mutex<String>>,
        pub(crate) refuses: bool,
    }

    impl Servers for Fake {
        fn replace(&mut self, text: &str) -> Result<(), String> {
            if self.refuses {
                return Err("no".to_owned());
            }
            text.clone_into(&mut self.text.lock().unwrap());
            Ok(())
        }

        fn set_origins(&mut self, text: &str, _: &str, _: &Policy) -> Result<(), String> {
            if self.refuses {
                return Err("no".to_owned());
            }
            text.clone_into(&mut self.origins.lock().unwrap());
            Ok(())
        }
    }

    pub(crate) fn demo(servers: Fake) -> Demo {
        let urls = Framework::ALL.into_iter().zip(40_001..);
        let urls = urls.map(|(framework, port)| (framework, format!("http://127.0.0.1:{port}")));
        let origins = [ALLOWED, REFUSED].map(str::to_owned);
        let source = Source::new("cors.toml", POLICY);
        Demo::new(origins, urls.collect(), source, Box::new(servers)).unwrap()
    }
}
