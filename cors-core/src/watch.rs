//! A policy, or a set of origins, that follows its file.

use std::fs::{self, File, Metadata};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::config_file::{LoadError, LoadOptions, read_opened};
use crate::live::{LivePolicy, State};
use crate::origin_lines::OriginLineError;
use crate::origin_set::{OriginSet, Shared};
use crate::text::Printable;

/// How often the file is checked.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a file must stay unchanged before it is read: many programs write in several steps.
const SETTLED: Duration = Duration::from_millis(100);
/// How many checks in a row may find a changed file until it is read nevertheless.
const PATIENCE: u32 = 5;

impl LivePolicy {
    /// Reads a policy from a TOML file, and again whenever the file changes.
    ///
    /// A change takes effect about a second later, once the file has stayed unchanged for a tenth of a
    /// second. A file that is written again and again is read about two seconds after the first change, and
    /// then every one or two seconds. It may be half written at that moment; to avoid this, write another
    /// file and rename it. A file with a new time of modification (`touch`) is a new version, even if its
    /// text is the same.
    ///
    /// If the new file cannot be read or has errors, the current policy stays active. Each reload is a
    /// `tracing` event at level info, each failure one at level error; both have the fields `version` (the
    /// active version) and `file`. A file that cannot be read is reported once. Errors in a file that is
    /// still being written are also reported once.
    ///
    /// The file may be written in place, or replaced by renaming another one, as editors do. The path may
    /// lead through symbolic links that are replaced, as in a Kubernetes ConfigMap. Only a regular file is
    /// read. Anything else, such as a FIFO, a socket, a device or a directory, is an error, and is never
    /// waited for. A thread checks the path until the last handle is dropped, including those in adapters.
    ///
    /// # Errors
    ///
    /// The errors of [`Policy::from_file`](crate::Policy::from_file), and if `path` does not lead to a regular file or no thread can be started.
    /// (A FIFO, such as a shell's `<(...)`, can be read only once, so it cannot be watched.)
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
        LoadOptions::default().watch(path)
    }
}

impl LoadOptions {
    /// Reads a policy from a TOML file, and again whenever the file changes: [`LivePolicy::watch`]. Every version is read
    /// with these options. The environment variables of the process are those of that moment.
    ///
    /// # Errors
    ///
    /// As [`LivePolicy::watch`], and if the file has no such table.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cors_core::LoadOptions;
    ///
    /// let policy = LoadOptions::default().table("cors").watch("app.toml")?;
    /// # Ok::<(), cors_core::LoadError>(())
    /// ```
    pub fn watch(&self, path: impl AsRef<Path>) -> Result<LivePolicy, LoadError> {
        let path = path.as_ref();
        let (live, watch) = Watch::policy(path, self.clone())?;
        watch.start()?;
        Ok(live)
    }
}

impl OriginSet {
    /// A set that follows a text file: `ORIGIN` or `KEY ORIGIN` in each line, as
    /// [`replace_by_lines`](Self::replace_by_lines) has it.
    ///
    /// A change takes effect as that of a policy does: see [`LivePolicy::watch`]. The file is all that is in the set: what was
    /// inserted otherwise is removed with the next change. A line that is wrong is left out, also at the start, and is a
    /// `tracing` event at level warn with the fields `file` and `line`; of more than 20, the others are counted. If the file
    /// cannot be read later, the set stays as it is.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is larger than 256 MiB or is not UTF-8, and if no thread can be started.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cors_core::{LoadError, LoadOptions, OriginSet, Policy};
    ///
    /// fn policy() -> Result<Policy, LoadError> {
    ///     let customers = OriginSet::watch("customers.txt")?;
    ///     LoadOptions::default().origin_set("customers", &customers).from_file("cors.toml")
    /// }
    /// ```
    pub fn watch(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let (set, watch) = Watch::set(path.as_ref())?;
        watch.start()?;
        Ok(set)
    }
}

/// Do not use the system's notifications of changes: there are none for network file systems, for folders
/// that are shared with a virtual machine, and for files that are mounted one by one into a container.
/// Checking takes some microseconds a second.
struct Watch<F> {
    path: PathBuf,
    follower: F,
    /// The stamp of the file that was read last, valid or not.
    read: Stamp,
    /// The stamp at the last check.
    seen: Stamp,
    /// How many checks in a row have found a change.
    restless: u32,
    /// Why the file cannot be read, if that was reported.
    unreadable: Option<String>,
    /// Whether errors in a file that is still being written were reported.
    half_written: bool,
    open: fn(&Path) -> io::Result<File>,
}

/// What follows a file.
trait Follower {
    /// Whether someone still uses it.
    fn is_used(&self) -> bool;

    /// Reads the file, and uses what is in it. `is_settled` is whether no one is writing it.
    ///
    /// # Errors
    ///
    /// If it cannot be used. Then nothing changes.
    fn read(&self, path: &Path, file: io::Result<File>, is_settled: bool) -> Result<(), LoadError>;

    /// Reports that the file could not be used.
    fn report(&self, path: &Path, error: &LoadError);
}

impl Watch<PolicyFollower> {
    /// Reads the file for the first time.
    fn policy(path: &Path, options: LoadOptions) -> Result<(LivePolicy, Self), LoadError> {
        // Before it is read, so that a change in between is noticed.
        let stamp = Stamp::of(path);
        let live = LivePolicy::new(options.load_opened(path, open_regular(path))?);
        let policy = Arc::downgrade(&live.0);
        let watch = Self::new(path, stamp, PolicyFollower { options, policy });
        report_version(&watch.path, live.version());
        Ok((live, watch))
    }
}

impl Watch<SetFollower> {
    /// Reads the file for the first time.
    fn set(path: &Path) -> Result<(OriginSet, Self), LoadError> {
        let stamp = Stamp::of(path);
        let set = OriginSet::new();
        let follower = SetFollower(Arc::downgrade(&set.0));
        follower.read(path, open_regular(path), true)?;
        Ok((set, Self::new(path, stamp, follower)))
    }
}

impl<F: Follower + Send + 'static> Watch<F> {
    fn start(mut self) -> Result<(), LoadError> {
        let path = self.path.clone();
        let watching = thread::Builder::new()
            .name("cors-watch".to_owned())
            .spawn(move || {
                while let Some(pause) = self.look() {
                    thread::sleep(pause);
                }
            });
        match watching {
            Ok(_) => Ok(()),
            Err(error) => Err(LoadError::unwatched(&path, error)),
        }
    }
}

impl<F: Follower> Watch<F> {
    fn new(path: &Path, read: Stamp, follower: F) -> Self {
        Self {
            // The working directory may change.
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            follower,
            read,
            seen: read,
            restless: 0,
            unreadable: None,
            half_written: false,
            open: open_regular,
        }
    }

    /// Checks the file. Returns how long to wait until the next check; `None` when the last handle to the
    /// policy or the set is dropped.
    fn look(&mut self) -> Option<Duration> {
        if !self.follower.is_used() {
            return None;
        }
        let stamp = Stamp::of(&self.path);
        let is_settled = stamp == self.seen;
        self.seen = stamp;
        if stamp == self.read {
            self.restless = 0;
            // The file is there again, so report its next absence.
            self.unreadable = None;
            self.half_written = false;
            return Some(INTERVAL);
        }
        if !is_settled {
            self.restless += 1;
            if self.restless < PATIENCE {
                return Some(SETTLED);
            }
        }
        self.restless = 0;
        let file = (self.open)(&self.path);
        let read = self.follower.read(&self.path, file, is_settled);
        // A file that cannot be read now may be readable at the next check without a change, for example
        // when there are file descriptors again. Report it once.
        let unreadable = match &read {
            Err(error) if error.is_unreadable() => Some(error.to_string()),
            _ => None,
        };
        // A file that is still being written may have changed after the check without a new stamp, because
        // the clock of file systems is coarse. So it is read once more when it is unchanged.
        if unreadable.is_none() && is_settled {
            self.read = stamp;
        }
        let is_half_written = !is_settled && read.is_err() && unreadable.is_none();
        let was_half_written = mem::replace(&mut self.half_written, is_half_written);
        let is_known = match &unreadable {
            Some(_) => unreadable == self.unreadable,
            None => is_half_written && was_half_written,
        };
        self.unreadable = unreadable;
        match read {
            Err(error) if !is_known => self.follower.report(&self.path, &error),
            Ok(()) | Err(_) => {}
        }
        Some(INTERVAL)
    }
}

struct PolicyFollower {
    options: LoadOptions,
    policy: Weak<State>,
}

impl Follower for PolicyFollower {
    fn is_used(&self) -> bool {
        self.policy.strong_count() > 0
    }

    fn read(&self, path: &Path, file: io::Result<File>, _: bool) -> Result<(), LoadError> {
        let new = self.options.load_opened(path, file)?;
        if let Some(policy) = self.policy.upgrade() {
            report_version(path, policy.replace(new));
        }
        Ok(())
    }

    fn report(&self, path: &Path, error: &LoadError) {
        tracing::error!(
            version = self.policy.upgrade().map(|policy| policy.version()),
            file = %Printable(&path.to_string_lossy()),
            %error,
            "CORS policy not replaced; the current policy stays active",
        );
    }
}

fn report_version(path: &Path, version: u64) {
    let file = path.to_string_lossy();
    tracing::info!(version, file = %Printable(&file), "CORS policy active");
}

struct SetFollower(Weak<Shared>);

impl Follower for SetFollower {
    fn is_used(&self) -> bool {
        self.0.strong_count() > 0
    }

    fn read(&self, path: &Path, file: io::Result<File>, is_settled: bool) -> Result<(), LoadError> {
        let text = match read_opened(path, file) {
            Err(error) if error.is_empty_file() => String::new(),
            text => text?,
        };
        let Some(set) = self.0.upgrade().map(OriginSet) else {
            return Ok(());
        };
        let errors = set.replace_by_lines(&text);
        // The next look reports them, if they are still there.
        if is_settled {
            report_lines(path, &errors);
        }
        let file = path.to_string_lossy();
        tracing::info!(origins = set.len(), file = %Printable(&file), "CORS: set of origins replaced");
        Ok(())
    }

    fn report(&self, path: &Path, error: &LoadError) {
        tracing::error!(
            file = %Printable(&path.to_string_lossy()),
            %error,
            "CORS: set of origins not replaced; the current origins stay",
        );
    }
}

fn report_lines(path: &Path, errors: &[OriginLineError]) {
    const MAX: usize = 20;
    let file = path.to_string_lossy();
    let file = Printable(&file);
    for error in errors.iter().take(MAX) {
        tracing::warn!(%file, line = error.line(), "CORS: origin left out: {error}");
    }
    if errors.len() > MAX {
        tracing::warn!(%file, count = errors.len() - MAX, "CORS: more origins left out");
    }
}

/// Opens a regular file, following symbolic links. Never waits for another program.
fn open_regular(path: &Path) -> io::Result<File> {
    // Checked before it is opened, because opening a device or a FIFO can have an effect.
    check_regular(&fs::metadata(path)?)?;
    open_without_waiting(path)
}

/// Opens a file that was a regular one a moment ago.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    // Without this, opening a FIFO for reading waits for a writer, perhaps forever.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    check_regular(&file.metadata()?)?;
    Ok(file)
}

fn check_regular(metadata: &Metadata) -> io::Result<()> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// What distinguishes a file from the one before. Symbolic links are followed.
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

/// The device, the inode, and the time of the last change of the inode. Unlike the time of modification,
/// no program can set it.
#[cfg(unix)]
type Identity = (u64, u64, i64, i64);

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;

    let changed = (metadata.ctime(), metadata.ctime_nsec());
    (metadata.dev(), metadata.ino(), changed.0, changed.1)
}

/// The time of creation.
#[cfg(not(unix))]
type Identity = Option<SystemTime>;

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    metadata.created().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config_file::Variables;

    const FIRST: &str = "allow_origins = ['https://first.example']";
    const SECOND: &str = "allow_origins = ['https://second.example']";
    /// Its length differs from the others: with a coarse clock and reused inodes, a file system may distinguish two
    /// files only by their length.
    const WRONG: &str = "allow_origins = ['https://wrong.one.example/']";

    struct Case {
        folder: tempfile::TempDir,
        live: LivePolicy,
        watch: Watch<PolicyFollower>,
    }

    impl Case {
        fn new() -> Self {
            Self::with(LoadOptions::default(), FIRST)
        }

        fn with(options: LoadOptions, first: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("cors.toml");
            fs::write(&path, first).unwrap();
            let (live, watch) = Watch::policy(&path, options).unwrap();
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
            assert_eq!((self.live.version(), &*self.allowed()), (version, allowed));
        }

        /// The only origin that is allowed.
        fn allowed(&self) -> String {
            let (policy, _) = self.live.current();
            let mut patterns = policy
                .compiled()
                .parts()
                .flat_map(|part| part.allowlist.patterns());
            let (_, pattern) = patterns.next().unwrap();
            pattern.to_owned()
        }
    }

    #[test]
    fn a_file_that_cannot_be_watched() {
        let error = LoadError::unwatched(Path::new("cors.toml"), io::Error::other("no thread"));
        assert_eq!(error.to_string(), "cors.toml: cannot be watched: no thread");
        assert!(error.io_error().is_some());
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
    fn every_version_is_read_with_the_same_options() {
        let variables = Variables::of_process().set("ONE", "https://one.example");
        let options = LoadOptions::default().table("cors").variables(variables);
        let file = |list: &str| format!("[server]\n[cors]\nallow_origins = [{list}]");
        let mut case = Case::with(options, &file("'${ONE}'"));
        case.check(1, "https://one.example");
        fs::write(case.path("cors.toml"), file("'https://two.example'")).unwrap();
        case.check(2, "https://two.example");
        // Without the table, and with a variable that is not set.
        for wrong in [SECOND, &file("'${NO_SUCH_VARIABLE}'")] {
            fs::write(case.path("cors.toml"), wrong).unwrap();
            case.check(2, "https://two.example");
        }
        fs::write(
            case.path("cors.toml"),
            file("'${NO_SUCH_VARIABLE:-}', '${ONE}'"),
        )
        .unwrap();
        case.check(3, "https://one.example");
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
        case.watch.open = |_| Err(io::Error::other("too many open files"));
        case.check(1, "https://first.example");
        case.check(1, "https://first.example");
        case.watch.open = open_regular;
        // The file is the same as at the last look.
        case.check(2, "https://second.example");
    }

    #[test]
    fn each_absence_is_reported() {
        let mut case = Case::new();
        let (path, away) = (case.path("cors.toml"), case.path("away"));
        for _ in 0..2 {
            fs::rename(&path, &away).unwrap();
            let errors = count_errors(|| case.check(1, "https://first.example"));
            assert_eq!(errors, 1);
            fs::rename(&away, &path).unwrap();
            // As a folder that is mounted again has it: nothing about the file has changed.
            case.watch.read = Stamp::of(&path);
            case.check(1, "https://first.example");
        }
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

    /// Finding 5 of the red team: a file that never rests was never read.
    #[test]
    fn a_file_that_never_rests_is_read() {
        let mut case = Case::new();
        let path = case.path("cors.toml");
        let mut spaces = String::new();
        let mut look = |case: &mut Case, text: &str| {
            spaces.push(' ');
            fs::write(&path, format!("{text}{spaces}")).unwrap();
            let pause = case.watch.look().unwrap();
            (pause, case.live.version())
        };
        for version in 1..4 {
            for _ in 1..PATIENCE {
                assert_eq!(look(&mut case, SECOND), (SETTLED, version));
            }
            assert_eq!(look(&mut case, SECOND), (INTERVAL, version + 1));
        }
        // Once more when it rests: it may have changed after it was read.
        case.check(5, "https://second.example");
        case.check(5, "https://second.example");
        assert_eq!(look(&mut case, FIRST), (SETTLED, 5));
        case.check(6, "https://first.example");
    }

    /// Finding 5 of the red team: errors in a file that never rests are reported once.
    #[test]
    fn mistakes_in_a_file_that_never_rests_are_reported_once() {
        let mut case = Case::new();
        let path = case.path("cors.toml");
        let mut spaces = String::new();
        let mut read_restless = |case: &mut Case, text: &str| {
            let mut pause = SETTLED;
            while pause == SETTLED {
                spaces.push(' ');
                fs::write(&path, format!("{text}{spaces}")).unwrap();
                pause = case.watch.look().unwrap();
            }
        };
        let errors = count_errors(|| {
            for _ in 0..3 {
                read_restless(&mut case, WRONG);
            }
        });
        assert_eq!(errors, 1, "while it is being written");
        let errors = count_errors(|| case.check(1, "https://first.example"));
        assert_eq!(errors, 1, "when it rests");
        let errors = count_errors(|| {
            read_restless(&mut case, SECOND);
            read_restless(&mut case, WRONG);
        });
        assert_eq!((errors, case.live.version()), (1, 2), "and anew");
    }

    /// Finding 3 of the red team: to open a FIFO waited for a writer, for good.
    #[cfg(unix)]
    #[test]
    fn a_fifo_is_not_waited_for() {
        use std::sync::mpsc::channel;

        let (sender, results) = channel();
        // In a thread, so that waiting is a failure.
        thread::spawn(move || {
            let mut case = Case::new();
            let path = case.path("cors.toml");
            for make in [make_fifo, make_folder, make_socket] {
                fs::remove_file(&path).unwrap();
                make(&path);
                let version = case.live.version();
                let in_force = case.allowed();
                let errors = count_errors(|| {
                    for _ in 0..3 {
                        case.check(version, &in_force);
                    }
                });
                // Reported once, and refused at the start.
                sender
                    .send((
                        errors,
                        Watch::policy(&path, LoadOptions::default()).is_err(),
                    ))
                    .unwrap();
                // What a look has found a file a moment ago may be one no more.
                sender
                    .send((1, open_without_waiting(&path).is_err()))
                    .unwrap();
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
                fs::write(&path, SECOND).unwrap();
                case.check(version + 1, "https://second.example");
            }
        });
        for _ in 0..6 {
            let result = results.recv_timeout(Duration::from_secs(60));
            assert_eq!(result, Ok((1, true)));
        }
        assert!(results.recv().is_err(), "the thread has ended");
    }

    #[cfg(unix)]
    fn make_fifo(path: &Path) {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    }

    #[cfg(unix)]
    fn make_folder(path: &Path) {
        fs::create_dir(path).unwrap();
    }

    #[cfg(unix)]
    fn make_socket(path: &Path) {
        std::os::unix::net::UnixListener::bind(path).unwrap();
    }

    /// How many errors are reported in this thread meanwhile.
    ///
    /// The subscriber is one for all threads. Do not give each test one of its own: `tracing` asks the thread
    /// that first reaches an event, and if that has none, the event is off for all of them.
    fn count_errors(run: impl FnOnce()) -> u64 {
        use std::cell::Cell;
        use std::sync::Once;
        use tracing::span::{Attributes, Id, Record};
        use tracing::{Event, Level, Subscriber};

        struct Counter;

        thread_local! {
            static ERRORS: Cell<u64> = const { Cell::new(0) };
        }

        impl Subscriber for Counter {
            fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
                *metadata.level() == Level::ERROR
            }
            fn event(&self, _: &Event<'_>) {
                ERRORS.set(ERRORS.get() + 1);
            }
            fn new_span(&self, _: &Attributes<'_>) -> Id {
                Id::from_u64(1)
            }
            fn record(&self, _: &Id, _: &Record<'_>) {}
            fn record_follows_from(&self, _: &Id, _: &Id) {}
            fn enter(&self, _: &Id) {}
            fn exit(&self, _: &Id) {}
        }

        static LISTEN: Once = Once::new();
        LISTEN.call_once(|| tracing::subscriber::set_global_default(Counter).unwrap());
        let before = ERRORS.get();
        run();
        ERRORS.get() - before
    }

    #[test]
    fn a_set_follows_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("origins.txt");
        assert!(Watch::set(&path).is_err(), "the file is missing");
        let (a, b) = ("https://a.example", "https://b.example");
        fs::write(&path, format!("{a}\nnonsense\n")).unwrap();
        let (set, mut watch) = Watch::set(&path).unwrap();
        let mut check = |expected: [bool; 2]| {
            while watch.look().unwrap() == SETTLED {}
            assert_eq!([a, b].map(|origin| set.contains(origin)), expected);
        };
        check([true, false]);
        fs::write(&path, format!("{a}\n{b}\n")).unwrap();
        check([true, true]);
        // The last line may be half written.
        fs::write(&path, format!("{b}\n{a}")).unwrap();
        check([false, true]);
        fs::rename(&path, folder.path().join("away")).unwrap();
        check([false, true]);
        fs::write(&path, format!("{a}\n# {b}\n")).unwrap();
        check([true, false]);
        fs::write(&path, [0xff]).unwrap();
        check([true, false]);
        fs::write(&path, "").unwrap();
        check([false, false]);
        assert!(set.is_filled());
        drop(set);
        assert_eq!(watch.look(), None);
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
