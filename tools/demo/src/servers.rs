//! The four fixture servers, whose policy and set of origins can be replaced while they run.

use std::io::{self, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cors_browser_model::{SentRequest, Url};
use cors_core::Policy;
use cors_explain::PolicyAnswer;
use cors_matrix::message::{self, Answer, RawRequest};
use cors_matrix::server::{FixtureBinary, FixtureServer, Framework};
use tempfile::{NamedTempFile, TempDir};

/// The servers to which the page sends requests. They share a policy.
pub(crate) trait Servers: Send {
    /// Replaces the policy in all servers, or in none.
    ///
    /// # Errors
    ///
    /// If a server could not load it.
    fn replace(&mut self, text: &str) -> Result<(), String>;

    /// Replaces what is in the set of origins. Returns when all servers decide about requests of `origin` as `policy`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or a server does not follow it.
    fn set_origins(&mut self, text: &str, origin: &str, policy: &Policy) -> Result<(), String>;
}

/// The fixture servers. Dropping this stops them.
#[derive(Debug)]
pub(crate) struct Fixtures {
    servers: Vec<FixtureServer>,
    frameworks: Vec<Framework>,
    /// The policy that all of them have.
    text: String,
    /// The folder of the file with the origins.
    folder: TempDir,
}

/// The name of the set's file.
pub(crate) const ORIGINS: &str = "customers.txt";

/// How long a server may take to follow the file.
const PATIENCE: Duration = Duration::from_secs(10);

impl Fixtures {
    pub(crate) fn start(fixtures: &[FixtureBinary], text: &str) -> Result<Self, String> {
        let file = file(text)?;
        let folder = tempfile::tempdir().map_err(|error| not_written(&error))?;
        write_origins(&folder, "")?;
        let origins = folder.path().join(ORIGINS);
        let servers = fixtures.iter();
        let servers =
            servers.map(|fixture| fixture.start_with_origins(Some(file.path()), &origins));
        Ok(Self {
            servers: servers.collect::<Result<_, _>>()?,
            frameworks: fixtures.iter().map(|fixture| fixture.framework).collect(),
            text: text.to_owned(),
            folder,
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

    fn set_origins(&mut self, text: &str, origin: &str, policy: &Policy) -> Result<(), String> {
        write_origins(&self.folder, text)?;
        let request = RawRequest {
            method: "GET".to_owned(),
            target: "/echo".to_owned(),
            lines: vec![("Origin".to_owned(), origin.into())],
            body: Vec::new(),
        };
        let expected = is_granted(policy, origin);
        let start = Instant::now();
        for server in &self.servers {
            while is_allowed(server.port(), &request)? != expected {
                if start.elapsed() > PATIENCE {
                    return Err("a server does not follow the file of the set".to_owned());
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }
}

/// By renaming, so that no half of it is read.
fn write_origins(folder: &TempDir, text: &str) -> Result<(), String> {
    let [new, file] = ["new", ORIGINS].map(|name| folder.path().join(name));
    std::fs::write(&new, text)
        .and_then(|()| std::fs::rename(new, file))
        .map_err(|error| not_written(&error))
}

/// Whether the policy allows an origin on `/echo`.
fn is_granted(policy: &Policy, origin: &str) -> bool {
    let Ok(url) = Url::parse("http://127.0.0.1/echo") else {
        return false;
    };
    let sent = SentRequest {
        method: "GET".to_owned(),
        url,
        headers: [("Origin", origin)].into(),
        credentials: false,
    };
    let answer = PolicyAnswer::new(policy, &sent);
    answer.headers.contains("Access-Control-Allow-Origin")
}

fn is_allowed(port: u16, request: &RawRequest) -> Result<bool, String> {
    match message::send(port, request) {
        Ok(Answer::Response(response)) => Ok(response
            .lines("access-control-allow-origin")
            .next()
            .is_some()),
        Ok(Answer::Closed) => Err("a server closed the connection".to_owned()),
        Err(error) => Err(format!("a server does not respond: {error}")),
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
    written.map_err(|error| not_written(&error))
}

fn not_written(error: &io::Error) -> String {
    format!("cannot write a temporary file: {error}")
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
