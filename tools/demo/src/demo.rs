//! The state of the program: the addresses, and the current policy.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cors_explain::{Source, ValidPolicy};
use cors_matrix::server::Framework;

use crate::servers::Servers;

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
    /// Counted from 1.
    pub(crate) version: u64,
}

impl Demo {
    /// `source` must be the policy that `servers` were started with.
    pub(crate) fn new(
        origins: [String; 2],
        urls: Vec<(Framework, String)>,
        source: Source,
        servers: Box<dyn Servers>,
    ) -> Result<Self, String> {
        let valid = source.load().map_err(|errors| errors.to_string())?;
        Ok(Self {
            origins,
            urls,
            original: source.text.clone(),
            policy: RwLock::new(Arc::new(CurrentPolicy {
                source,
                valid,
                version: 1,
            })),
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
    /// If a server could not load the policy. Then the old one stays.
    pub(crate) fn replace(&self, source: Source, valid: ValidPolicy) -> Result<u64, String> {
        // Held to the end, so that versions have the same order here and in the servers.
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.replace(&source.text)?;
        let mut policy = self.policy.write().unwrap_or_else(PoisonError::into_inner);
        let version = policy.version + 1;
        *policy = Arc::new(CurrentPolicy {
            source,
            valid,
            version,
        });
        Ok(version)
    }
}

/// A demo without servers, for tests.
#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What is in `cors.toml`.
    pub(crate) const POLICY: &str = include_str!("../cors.toml");
    pub(crate) const ALLOWED: &str = "http://localhost:8090";
    pub(crate) const REFUSED: &str = "http://127.0.0.1:8091";

    /// Servers that accept every policy, or none.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Fake {
        pub(crate) text: Arc<Mutex<String>>,
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
    }

    pub(crate) fn demo(servers: Fake) -> Demo {
        let urls = Framework::ALL.into_iter().zip(40_001..);
        let urls = urls.map(|(framework, port)| (framework, format!("http://127.0.0.1:{port}")));
        let origins = [ALLOWED, REFUSED].map(str::to_owned);
        let source = Source::new("cors.toml", POLICY);
        Demo::new(origins, urls.collect(), source, Box::new(servers)).unwrap()
    }
}
