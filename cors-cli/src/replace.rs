//! Replaces a file atomically.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Replaces the text of a file that still has the text `read`. A program that reads it at the same time gets the old text
/// or the new one, and if anything fails, the file is unchanged. Symbolic links are followed and kept.
///
/// Do not write to the file itself: on a full disk, only a part of it would be left. Its owner, group and mode are kept.
/// Hard links, access control lists and extended attributes are not.
///
/// # Errors
///
/// Why it could not be replaced, as a clause without the file's name.
pub(crate) fn replace(path: &Path, read: &str, text: &str) -> Result<(), String> {
    let path = fs::canonicalize(path).map_err(unwritable)?;
    let old = fs::metadata(&path).map_err(unwritable)?;
    if !old.is_file() {
        return Err("cannot be written: it is not a regular file".to_owned());
    }
    // A user who may not write to a file may often replace it, but the mode of the file forbids that.
    OpenOptions::new()
        .write(true)
        .open(&path)
        .map_err(unwritable)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    // In the same folder, because moving a file to another file system is not atomic.
    let mut new = tempfile::Builder::new()
        .prefix(".cors-")
        .tempfile_in(folder)
        // The text of the error would name the new file, which the user does not know.
        .map_err(|error| format!("cannot create a new file in its folder: {}", error.kind()))?;
    new.as_file_mut()
        .write_all(text.as_bytes())
        .map_err(unwritable)?;
    keep_owner_and_mode(new.as_file(), &old)?;
    // Otherwise a crash could leave an empty file with the new name.
    new.as_file().sync_all().map_err(unwritable)?;
    // As late as can be. What is written between this and the next statement is lost: no system has a call that
    // compares and replaces.
    if fs::read(&path).map_err(unwritable)? != read.as_bytes() {
        return Err("has changed since it was read, and is not replaced".to_owned());
    }
    new.persist(&path)
        .map_err(|error| irreplaceable(error.error))?;
    // The text is on the disk. An error here does not undo the change.
    #[cfg(unix)]
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn unwritable(error: io::Error) -> String {
    format!("cannot be written: {error}")
}

fn irreplaceable(error: io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices => {
            "; a file that is mounted alone, as in a container, can only be changed at its source"
        }
        _ => "",
    };
    format!("cannot be replaced: {error}{why}")
}

#[cfg(unix)]
fn keep_owner_and_mode(new: &File, old: &Metadata) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let made = new.metadata().map_err(unwritable)?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        // Do not continue without it: a service that runs as the owner might not be able to read its policy.
        fchown(new, Some(old.uid()), Some(old.gid()))
            .map_err(|error| format!("cannot be replaced: its owner cannot be kept: {error}"))?;
    }
    // After the owner, because a change of the owner clears bits of the mode.
    new.set_permissions(old.permissions()).map_err(unwritable)
}

#[cfg(not(unix))]
fn keep_owner_and_mode(_: &File, _: &Metadata) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_since_it_was_read_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cors.toml");
        #[track_caller]
        fn check(path: &Path, there: &str, expected: Result<(), &str>) {
            fs::write(path, there).unwrap();
            let replaced = replace(path, "read", "new");
            assert_eq!(replaced, expected.map_err(ToOwned::to_owned));
            let left = if expected.is_ok() { "new" } else { there };
            assert_eq!(fs::read_to_string(path).unwrap(), left);
            let files = fs::read_dir(path.parent().unwrap()).unwrap();
            assert_eq!(files.count(), 1, "the new file is gone");
        }
        check(&path, "read", Ok(()));
        for changed in ["edited", "read\n", ""] {
            check(
                &path,
                changed,
                Err("has changed since it was read, and is not replaced"),
            );
        }
    }

    /// A mount needs root; the error of the system does not.
    #[test]
    fn a_file_that_is_a_mount_point_is_named_as_such() {
        for kind in [io::ErrorKind::ResourceBusy, io::ErrorKind::CrossesDevices] {
            let why = irreplaceable(kind.into());
            assert!(why.starts_with("cannot be replaced: "), "{why}");
            assert!(why.contains("mounted alone"), "{why}");
        }
        let why = irreplaceable(io::ErrorKind::PermissionDenied.into());
        assert!(!why.contains("mounted"), "{why}");
    }
}
