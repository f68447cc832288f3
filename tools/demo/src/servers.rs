//! The four fixture servers, whose policy can be replaced while they run.

use std::io::Write as _;
use std::path::Path;

use cors_matrix::server::{FixtureBinary, FixtureServer, Framework};
use tempfile::NamedTempFile;

/// The servers to which the page sends requests. They share a policy.
pub(crate) trait Servers: Send {
    /// Replaces the policy in all servers, or in none.
    ///
    /// # Errors
    ///
    /// If a server could not load it.
    fn replace(&mut self, text: &str) -> Result<(), String>;
}

/// The fixture servers. Dropping this stops them.
#[derive(Debug)]
pub(crate) struct Fixtures {
    servers: Vec<FixtureServer>,
    frameworks: Vec<Framework>,
    /// The policy that all of them have.
    text: String,
}

impl Fixtures {
    pub(crate) fn start(fixtures: &[FixtureBinary], text: &str) -> Result<Self, String> {
        let file = file(text)?;
        let servers = fixtures.iter();
        let servers = servers.map(|fixture| fixture.start(Some(file.path())));
        Ok(Self {
            servers: servers.collect::<Result<_, _>>()?,
            frameworks: fixtures.iter().map(|fixture| fixture.framework).collect(),
            text: text.to_owned(),
        })
    }

    /// The URL of each of them.
    pub(crate) fn urls(&self) -> Vec<(Framework, String)> {
        let urls = self.servers.iter();
        let urls = urls.map(|server| format!("http://127.0.0.1:{}", server.port()));
        self.frameworks.iter().copied().zip(urls).collect()
    }
}

impl Servers for Fixtures {
    fn replace(&mut self, text: &str) -> Result<(), String> {
        replace_all(&mut self.servers, &file(text)?, || file(&self.text))?;
        text.clone_into(&mut self.text);
        Ok(())
    }
}

/// A server whose policy can be replaced.
trait Replaceable {
    fn replace(&mut self, policy: &Path) -> Result<(), String>;
}

impl Replaceable for FixtureServer {
    fn replace(&mut self, policy: &Path) -> Result<(), String> {
        self.replace_policy(policy).map(|_version| ())
    }
}

/// Replaces the policy of all servers. If one fails, the others get the old policy again.
fn replace_all<S: Replaceable>(
    servers: &mut [S],
    new: &NamedTempFile,
    old: impl FnOnce() -> Result<NamedTempFile, String>,
) -> Result<(), String> {
    let mut changed = Vec::new();
    let mut failure = None;
    for server in servers {
        match server.replace(new.path()) {
            Ok(()) => changed.push(server),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let Some(failure) = failure else {
        return Ok(());
    };
    let old = old().map_err(|error| format!("{failure}; and {error}"))?;
    let kept = changed
        .into_iter()
        .filter_map(|server| server.replace(old.path()).err());
    let kept = kept.map(|error| format!("; and another server kept the new policy: {error}"));
    Err(format!("{failure}{}", kept.collect::<String>()))
}

/// A policy in a temporary file.
fn file(text: &str) -> Result<NamedTempFile, String> {
    let written = tempfile::Builder::new()
        .prefix("cors-demo-")
        .suffix(".toml")
        .tempfile()
        .and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file));
    written.map_err(|error| format!("cannot write a temporary file: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads what is in the file, unless it must refuse that.
    #[derive(Debug)]
    struct Fake {
        text: String,
        refuses: &'static [&'static str],
    }

    impl Replaceable for Fake {
        fn replace(&mut self, policy: &Path) -> Result<(), String> {
            let text = std::fs::read_to_string(policy).unwrap();
            match self.refuses.contains(&text.as_str()) {
                true => Err(format!("cannot take {text}")),
                false => {
                    self.text = text;
                    Ok(())
                }
            }
        }
    }

    #[track_caller]
    fn check(refusals: [&'static [&'static str]; 3], error: Option<&str>, texts: [&str; 3]) {
        let mut servers = refusals.map(|refuses| Fake {
            text: "old".to_owned(),
            refuses,
        });
        let replaced = replace_all(&mut servers, &file("new").unwrap(), || file("old"));
        assert_eq!(replaced.err().as_deref(), error);
        assert_eq!(servers.each_ref().map(|server| server.text.as_str()), texts);
    }

    #[test]
    fn all_servers_or_none() {
        check([&[], &[], &[]], None, ["new", "new", "new"]);
        check(
            [&[], &[], &["new"]],
            Some("cannot take new"),
            ["old", "old", "old"],
        );
        check(
            [&["new"], &[], &[]],
            Some("cannot take new"),
            ["old", "old", "old"],
        );
        // If even that fails, the error says so.
        check(
            [&["old"], &["new"], &[]],
            Some("cannot take new; and another server kept the new policy: cannot take old"),
            ["new", "old", "old"],
        );
    }
}
