//! A policy that follows its file.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::config_file::LoadError;
use crate::live::{LivePolicy, Shared};
use crate::policy::Policy;

/// How often the file is looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a file must stay as it is before it is read: many programs write in several steps.
const SETTLED: Duration = Duration::from_millis(100);

impl LivePolicy {
    /// Reads a policy from a TOML file, and again whenever the file changes. It takes at most about a
    /// second until a change is in force.
    ///
    /// A file that then cannot be read or has mistakes changes nothing. Either is an event of `tracing`:
    /// at level info what is in force now, at level error what is wrong and what stays in force; each with
    /// the fields `version` and `path`.
    ///
    /// The file may be written in place, replaced by renaming another one, as editors do, or be reached
    /// through symbolic links that are replaced, as those of a Kubernetes ConfigMap are. A thread looks at
    /// it until the last handle is dropped, those in adapters included.
    ///
    /// # Errors
    ///
    /// As [`Policy::from_file`], or if no thread can be started.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cors_core::LivePolicy;
    ///
    /// let policy = LivePolicy::watch("cors.toml")?;
    /// // `Cors::new(policy)` in the adapter of your framework.
    /// # Ok::<(), cors_core::LoadError>(())
    /// ```
    pub fn watch(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let (live, mut watch) = Watch::new(path)?;
        thread::Builder::new()
            .name("cors-watch".to_owned())
            .spawn(move || {
                while let Some(pause) = watch.look() {
                    thread::sleep(pause);
                }
            })
            .map_err(|error| LoadError::unwatched(path, error))?;
        Ok(live)
    }
}

/// It is tempting to be told of changes by the system. It tells of none on network file systems, in
/// folders that are shared with a virtual machine, and of files that a container has mounted one by one;
/// to look costs some microseconds a second.
struct Watch {
    path: PathBuf,
    /// Of what is in force, or was found wrong.
    read: Stamp,
    /// Of what was there at the last look.
    seen: Stamp,
    /// Why it cannot be read, once that is reported.
    unreadable: Option<String>,
    policy: Weak<Shared>,
    load: fn(&Path) -> Result<Policy, LoadError>,
}

impl Watch {
    /// Reads the file for the first time.
    fn new(path: &Path) -> Result<(LivePolicy, Self), LoadError> {
        // Before it is read, so that a change in between is one.
        let read = Stamp::of(path);
        let load = |path: &Path| Policy::from_file(path);
        let live = LivePolicy::new(load(path)?);
        let watch = Self {
            // The working directory may change.
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            read,
            seen: read,
            unreadable: None,
            policy: Arc::downgrade(&live.0),
            load,
        };
        watch.report_version(live.version());
        Ok((live, watch))
    }

    /// Looks at the file, and says how long to wait until the next look; `None` when nobody has the
    /// policy any more.
    fn look(&mut self) -> Option<Duration> {
        let policy = self.policy.upgrade()?;
        let stamp = Stamp::of(&self.path);
        let is_settled = stamp == self.seen;
        self.seen = stamp;
        if stamp == self.read {
            return Some(INTERVAL);
        }
        if !is_settled {
            return Some(SETTLED);
        }
        let loaded = (self.load)(&self.path);
        // What cannot be read may be readable at the next look, though the file is the same: when there
        // are file descriptors again, say. It is reported once.
        let unreadable = match &loaded {
            Err(error) if error.is_unreadable() => Some(error.to_string()),
            _ => None,
        };
        if unreadable.is_none() {
            self.read = stamp;
        }
        let is_known = unreadable.is_some() && unreadable == self.unreadable;
        self.unreadable = unreadable;
        match loaded {
            Ok(new) => self.report_version(policy.replace(new)),
            Err(_) if is_known => {}
            Err(error) => tracing::error!(
                version = policy.version(),
                path = %self.path.display(),
                %error,
                "CORS policy not replaced",
            ),
        }
        Some(INTERVAL)
    }

    fn report_version(&self, version: u64) {
        tracing::info!(version, path = %self.path.display(), "CORS policy in force");
    }
}

/// What tells a file from what was there before, symbolic links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    File {
        len: u64,
        modified: Option<SystemTime>,
        identity: Identity,
    },
    None(io::ErrorKind),
}

impl Stamp {
    fn of(path: &Path) -> Self {
        match fs::metadata(path) {
            Ok(metadata) => Self::File {
                len: metadata.len(),
                modified: metadata.modified().ok(),
                identity: identity(&metadata),
            },
            Err(error) => Self::None(error.kind()),
        }
    }
}

/// The device, the number of the file on it, and when anything about it changed last, which unlike the
/// time of modification nobody can set.
#[cfg(unix)]
type Identity = (u64, u64, i64, i64);

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;

    let changed = (metadata.ctime(), metadata.ctime_nsec());
    (metadata.dev(), metadata.ino(), changed.0, changed.1)
}

/// When it was created.
#[cfg(not(unix))]
type Identity = Option<SystemTime>;

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    metadata.created().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "allow_origins = ['https://first.example']";
    const SECOND: &str = "allow_origins = ['https://second.example']";
    const WRONG: &str = "allow_origins = ['https://wrong.example/']";

    struct Case {
        folder: tempfile::TempDir,
        live: LivePolicy,
        watch: Watch,
    }

    impl Case {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("cors.toml");
            fs::write(&path, FIRST).unwrap();
            let (live, watch) = Watch::new(&path).unwrap();
            Self {
                folder,
                live,
                watch,
            }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        /// Looks until there is nothing new.
        #[track_caller]
        fn check(&mut self, version: u64, allowed: &str) {
            while self.watch.look().unwrap() == SETTLED {}
            let (policy, in_force) = self.live.current();
            assert_eq!(in_force, version);
            let mut patterns = policy.compiled().allowlist.patterns();
            assert!(patterns.all(|(_, pattern)| pattern == allowed));
        }
    }

    #[test]
    fn written_in_place() {
        let mut case = Case::new();
        case.check(1, "https://first.example");
        fs::write(case.path("cors.toml"), SECOND).unwrap();
        case.check(2, "https://second.example");
        case.check(2, "https://second.example");
    }

    #[test]
    fn replaced_by_renaming() {
        let mut case = Case::new();
        // The same length: it is another file all the same.
        fs::write(case.path("new"), FIRST.replace("first", "other")).unwrap();
        fs::rename(case.path("new"), case.path("cors.toml")).unwrap();
        case.check(2, "https://other.example");
    }

    #[test]
    fn written_in_several_steps() {
        let mut case = Case::new();
        let path = case.path("cors.toml");
        let (half, rest) = SECOND.split_at(30);
        fs::write(&path, half).unwrap();
        assert_eq!(case.watch.look(), Some(SETTLED));
        fs::write(&path, format!("{half}{rest}")).unwrap();
        assert_eq!(case.watch.look(), Some(SETTLED));
        case.check(2, "https://second.example");
    }

    #[test]
    fn mistakes_and_missing_files_change_nothing() {
        let mut case = Case::new();
        let path = case.path("cors.toml");
        fs::write(&path, WRONG).unwrap();
        case.check(1, "https://first.example");
        fs::remove_file(&path).unwrap();
        case.check(1, "https://first.example");
        fs::write(&path, SECOND).unwrap();
        case.check(2, "https://second.example");
    }

    #[test]
    fn tries_again_to_read_what_it_could_not() {
        let mut case = Case::new();
        fs::write(case.path("cors.toml"), SECOND).unwrap();
        let load = case.watch.load;
        case.watch.load = |_| Policy::from_file("nowhere");
        case.check(1, "https://first.example");
        case.check(1, "https://first.example");
        case.watch.load = load;
        // The file is the same as at the last look.
        case.check(2, "https://second.example");
    }

    #[test]
    fn written_in_place_with_the_same_length() {
        let mut case = Case::new();
        let path = case.path("cors.toml");
        fs::write(&path, FIRST.replace("first", "other")).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        case.check(2, "https://other.example");
    }

    #[cfg(unix)]
    #[test]
    fn a_config_map() {
        use std::os::unix::fs::symlink;

        let mut case = Case::new();
        let link = |target: &str, name: &str| symlink(target, case.path(name)).unwrap();
        for (folder, text) in [("..1", FIRST), ("..2", SECOND)] {
            fs::create_dir(case.path(folder)).unwrap();
            fs::write(case.path(folder).join("cors.toml"), text).unwrap();
        }
        fs::remove_file(case.path("cors.toml")).unwrap();
        link("..1", "..data");
        link("..data/cors.toml", "cors.toml");
        case.check(2, "https://first.example");
        // As the kubelet does it: the links stay, what they lead to is another folder.
        symlink("..2", case.path("..data_tmp")).unwrap();
        fs::rename(case.path("..data_tmp"), case.path("..data")).unwrap();
        case.check(3, "https://second.example");
    }

    #[test]
    fn ends_with_the_last_handle() {
        let Case {
            live, mut watch, ..
        } = Case::new();
        let in_adapter = live.clone();
        drop(live);
        assert!(watch.look().is_some());
        drop(in_adapter);
        assert_eq!(watch.look(), None);
    }
}
