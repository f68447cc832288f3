//! What changes while requests are handled: the policy and the set of origins.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::asked::{REALMS, origin};
use super::{LIMIT, Load};
use crate::server::{FixtureServer, ORIGIN_SET};
use crate::versions;

/// The time between two replacements of the policy.
const INTERVAL: Duration = Duration::from_millis(100);

/// So many other origins are in each policy and set that memory which is not freed is seen.
const OTHERS: u32 = 500;

/// Files that cannot replace a policy.
const WRONG: [&str; 4] = [
    "allow_origins = ['https://app.exam",
    "allow_origins = ['https://app.example.com/']",
    "allow_origins = [{ set = 'nowhere' }]",
    "",
];

/// The files that a server reads.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) policy: PathBuf,
    pub(super) origins: PathBuf,
}

impl Files {
    pub(super) fn new(folder: &Path) -> Result<Self, String> {
        let files = Self {
            policy: folder.join("cors.toml"),
            origins: folder.join("origins.txt"),
        };
        write(&files.policy, &policy(1))?;
        write(&files.origins, &origins(1))?;
        Ok(files)
    }
}

/// Replaces the policy by files with and without errors, and changes the set when a response was of its last state.
pub(super) fn change(load: &Load, server: &mut FixtureServer, files: &Files) -> Result<(), String> {
    let mut written = Instant::now();
    let mut wrong = WRONG.iter().cycle();
    while !load.is_done() {
        let start = Instant::now();
        let version = load.active.load(Ordering::SeqCst) + 1;
        write(&files.policy, &policy(version))?;
        load.begun.store(version, Ordering::SeqCst);
        let replaced = server.replace_policy(&files.policy)?;
        if replaced != version {
            return Err(format!("the policy is version {replaced}, not {version}"));
        }
        load.active.store(version, Ordering::SeqCst);
        rest_of(start);

        let start = Instant::now();
        write(&files.policy, wrong.next().unwrap_or(&""))?;
        if let Ok(version) = server.replace_policy(&files.policy) {
            return Err(format!("a file with errors is version {version}"));
        }
        load.wrong.fetch_add(1, Ordering::SeqCst);

        let state = load.written.load(Ordering::SeqCst);
        if load.seen.load(Ordering::SeqCst) == state {
            load.written.store(state + 1, Ordering::SeqCst);
            // By renaming, so that no half of it is read.
            let new = files.origins.with_extension("new");
            write(&new, &origins(state + 1))?;
            let renamed = fs::rename(&new, &files.origins);
            renamed.map_err(|error| format!("{}: {error}", new.display()))?;
            written = Instant::now();
        } else if written.elapsed() > LIMIT {
            return Err(format!("state {state} of the set does not become active"));
        }
        rest_of(start);
    }
    Ok(())
}

fn rest_of(start: Instant) {
    thread::sleep(INTERVAL.saturating_sub(start.elapsed()));
}

/// A version of the policy.
fn policy(version: u64) -> String {
    let policy = versions::policy(version);
    let others: String = (0..OTHERS)
        .map(|number| format!("'https://{number}.example', "))
        .collect();
    format!(
        "{policy}
        [[route]]
        path           = '/realms/{{realm}}'
        allow_origins  = [{{ set = '{ORIGIN_SET}', key = '{{realm}}' }}]
        expose_headers = ['e{version}']

        [[route]]
        path          = '/others'
        allow_origins = [{others}]\n"
    )
}

/// A state of the set, for all realms at once. Every second one has a line that is wrong.
fn origins(state: u64) -> String {
    let others: String = (0..OTHERS)
        .map(|number| format!("other https://{number}.example\n"))
        .collect();
    let wrong = match state % 2 {
        0 => "acme nonsense\n",
        _ => "",
    };
    let of = |realm| {
        format!(
            "{realm} {}\n{realm} {}\n",
            origin(Some(state)),
            origin(None)
        )
    };
    REALMS.map(of).join(&(others + wrong))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
