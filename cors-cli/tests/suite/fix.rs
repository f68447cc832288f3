//! `cors explain --fix`: how the file is changed. Red team, finding 2.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{Done, command, cors};

const POLICY: &str = "allow_origins = [\"https://app.example.com\"]\nallow_methods = [\"GET\"]\n";
const FIXED: &str =
    "allow_origins = [\"https://app.example.com\"]\nallow_methods = [\"GET\", \"PATCH\"]\n";

fn policy(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cors.toml"), text).unwrap();
    folder
}

fn arguments(file: &str) -> [&str; 8] {
    [
        "explain",
        file,
        "--fix",
        "-X",
        "PATCH",
        "--origin",
        "https://app.example.com",
        "https://api.example.com/",
    ]
}

fn fix(folder: &Path) -> Done {
    cors(folder, &arguments("cors.toml"))
}

fn text(folder: &Path) -> String {
    fs::read_to_string(folder.join("cors.toml")).unwrap()
}

/// The names in a folder. No temporary file may be left.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The change could not be made: the file is unchanged, and the change is printed.
#[track_caller]
fn check_failed(done: &Done, folder: &Path, file: &str, why: &str) {
    assert_eq!(done.status, 2, "{done:#?}");
    assert!(
        done.stdout
            .contains("+allow_methods = [\"GET\", \"PATCH\"]"),
        "{done:#?}"
    );
    assert!(done.stdout.contains("it could not be written"), "{done:#?}");
    assert!(!done.stdout.contains("was written to"), "{done:#?}");
    let expected = format!("cors: {file}: {why}");
    assert!(done.stderr.starts_with(&expected), "{done:#?}");
    assert!(done.stderr.contains("; the file is unchanged"), "{done:#?}");
    assert!(!done.stderr.contains(".cors-"), "{done:#?}");
    assert_eq!(text(folder), POLICY);
}

#[test]
fn line_ends_and_the_byte_order_mark_are_kept() {
    #[track_caller]
    fn check(before: &str, after: &str, shown: &str) {
        let folder = policy(before);
        let done = fix(folder.path());
        assert_eq!(done.status, 0, "{done:#?}");
        assert_eq!(text(folder.path()), after);
        assert!(done.stdout.contains(shown), "{done:#?}");
        assert_eq!(names(folder.path()), ["cors.toml"]);
    }
    let diff = "
-allow_methods = [\"GET\"]
+allow_methods = [\"GET\", \"PATCH\"]
";
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let mark = |text: &str| format!("\u{feff}{text}");
    check(POLICY, FIXED, diff);
    check(&crlf(POLICY), &crlf(FIXED), diff);
    check(&mark(POLICY), &mark(FIXED), diff);
    check(&mark(&crlf(POLICY)), &mark(&crlf(FIXED)), diff);
    // Mixed line ends: here the diff shows them.
    let mixed = |text: &str| text.replacen('\n', "\r\n", 1);
    check(
        &mixed(POLICY),
        &mixed(FIXED),
        &format!("example.com\"]\\r{diff}"),
    );
    // A new key, in a file that does not end with a line end.
    check(
        "# one\r\nallow_origins = [\"https://app.example.com\"]",
        "# one\r\nallow_origins = [\"https://app.example.com\"]\r\nallow_methods = [\"PATCH\"]\r\n",
        "+allow_methods = [\"PATCH\"]",
    );
}

#[test]
fn a_full_disk_leaves_the_file_unchanged() {
    let folder = policy(POLICY);
    // A limit for the size of files is like a full disk, and also applies to root.
    let mut shell = std::process::Command::new("sh");
    let limited = shell
        .args(["-c", "ulimit -f 0; trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_cors"))
        .args(arguments("cors.toml"))
        .current_dir(folder.path())
        .output();
    let done = Done::from(limited.unwrap());
    check_failed(
        &done,
        folder.path(),
        "cors.toml",
        "cannot be written: File too large",
    );
    assert_eq!(names(folder.path()), ["cors.toml"]);
}

#[cfg(unix)]
mod unix {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    use std::os::unix::process::CommandExt as _;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn is_root() -> bool {
        // The owner of a new file is the user who runs this.
        let folder = tempfile::tempdir().unwrap();
        fs::metadata(folder.path()).unwrap().uid() == 0
    }

    const NOBODY: u32 = 65534;

    /// Runs the command as a user to whom modes apply: root becomes `nobody`.
    fn fix_unprivileged(folder: &Path) -> Done {
        fix_unprivileged_of(folder, NOBODY)
    }

    /// The same with a file of `owner`, if root runs this.
    fn fix_unprivileged_of(folder: &Path, owner: u32) -> Done {
        let mut command = command(folder);
        command.args(arguments("cors.toml"));
        if is_root() {
            std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
            let file = folder.join("cors.toml");
            std::os::unix::fs::chown(file, Some(owner), Some(NOBODY)).unwrap();
            let program = folder.join("cors");
            let mut own = std::process::Command::new(&program);
            own.args(arguments("cors.toml")).current_dir(folder);
            own.uid(NOBODY).gid(NOBODY);
            return own.output().unwrap().into();
        }
        command.output().unwrap().into()
    }

    #[test]
    fn files_without_permission_to_write_are_not_written() {
        let folder = policy(POLICY);
        // The file can be written, but cannot be replaced by another.
        let path = folder.path();
        if is_root() {
            copy_command(path);
        }
        set_mode(path, 0o555);
        let done = fix_unprivileged(path);
        set_mode(path, 0o755);
        check_failed(
            &done,
            path,
            "cors.toml",
            "cannot create a new file in its folder: permission denied",
        );

        // The file could be replaced by another, but its mode forbids writing.
        set_mode(&path.join("cors.toml"), 0o444);
        let done = fix_unprivileged(path);
        check_failed(
            &done,
            path,
            "cors.toml",
            "cannot be written: Permission denied",
        );
    }

    /// The command for users other than root.
    fn copy_command(folder: &Path) {
        // Its folder may be closed to other users. Do not use `fs::copy`: a program that another test starts would
        // have the copy open for writing, and then it cannot be run.
        let mut copy = std::process::Command::new("cp");
        copy.arg(env!("CARGO_BIN_EXE_cors")).arg(folder);
        assert!(copy.status().unwrap().success());
    }

    #[test]
    fn the_file_of_another_owner_is_not_replaced() {
        // Only root can create one.
        if !is_root() {
            return;
        }
        let folder = policy(POLICY);
        copy_command(folder.path());
        // The group may write, but cannot keep the owner of the file.
        set_mode(&folder.path().join("cors.toml"), 0o660);
        let done = fix_unprivileged_of(folder.path(), 12);
        check_failed(
            &done,
            folder.path(),
            "cors.toml",
            "cannot be replaced: its owner cannot be kept: ",
        );
    }

    #[test]
    fn mode_and_owner_are_kept() {
        #[track_caller]
        fn check(mode: u32) {
            let folder = policy(POLICY);
            let file = folder.path().join("cors.toml");
            if is_root() {
                std::os::unix::fs::chown(&file, Some(12), Some(34)).unwrap();
            }
            set_mode(&file, mode);
            let before = fs::metadata(&file).unwrap();
            assert_eq!(fix(folder.path()).status, 0);
            let after = fs::metadata(&file).unwrap();
            assert_eq!(text(folder.path()), FIXED);
            assert_ne!(after.ino(), before.ino(), "it is another file");
            assert_eq!(after.mode() & 0o7777, mode);
            assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
        }
        check(0o600);
        check(0o644);
        check(0o664);
        check(0o640);
    }

    #[test]
    fn links_lead_to_the_file() {
        let folder = policy(POLICY);
        let path = folder.path();
        fs::create_dir(path.join("conf")).unwrap();
        fs::rename(path.join("cors.toml"), path.join("conf/real.toml")).unwrap();
        // As in a ConfigMap: a link to a link.
        symlink("conf/real.toml", path.join("data")).unwrap();
        symlink("data", path.join("cors.toml")).unwrap();
        let done = fix(path);
        assert_eq!(done.status, 0, "{done:#?}");
        let link = fs::read_link(path.join("cors.toml")).unwrap();
        assert_eq!(link, Path::new("data"));
        assert_eq!(
            fs::read_to_string(path.join("conf/real.toml")).unwrap(),
            FIXED
        );
        assert_eq!(names(&path.join("conf")), ["real.toml"]);
        assert_eq!(names(path), ["conf", "cors.toml", "data"]);
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let folder = policy(POLICY);
        let path = folder.path();
        let mut shell = std::process::Command::new("sh");
        let piped = shell
            .args(["-c", "cat cors.toml | \"$0\" \"$@\""])
            .arg(env!("CARGO_BIN_EXE_cors"))
            .args(arguments("/dev/stdin"))
            .current_dir(path)
            .output();
        let done = Done::from(piped.unwrap());
        check_failed(&done, path, "/dev/stdin", "cannot be written: ");
    }
}
