//! A file that is replaced whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Writes another text to a file. A program that reads it meanwhile gets the old text or the new one, and if anything
/// fails, the file is as it was. Symbolic links lead to the file that is replaced, and stay.
///
/// Do not write to the file itself: on a full disk half of it would be left. Its owner, group and mode stay. Hard
/// links, access control lists and extended attributes do not.
///
/// # Errors
///
/// Why it could not be replaced, as a clause without the file's name.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), String> {
    let path = fs::canonicalize(path).map_err(unwritable)?;
    let old = fs::metadata(&path).map_err(unwritable)?;
    if !old.is_file() {
        return Err("cannot be written: it is not a regular file".to_owned());
    }
    // Who may not write to a file may often replace it, and that is not what its mode says.
    OpenOptions::new()
        .write(true)
        .open(&path)
        .map_err(unwritable)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    // In the same folder, for a file cannot be moved to another file system and be there at once.
    let mut new = tempfile::Builder::new()
        .prefix(".cors-")
        .tempfile_in(folder)
        // Its text would name the new file, which nobody knows.
        .map_err(|error| format!("a new file cannot be made in its folder: {}", error.kind()))?;
    new.as_file_mut()
        .write_all(text.as_bytes())
        .map_err(unwritable)?;
    keep_owner_and_mode(new.as_file(), &old)?;
    // Else a crash could leave the new name with an empty file.
    new.as_file().sync_all().map_err(unwritable)?;
    new.persist(&path)
        .map_err(|error| irreplaceable(error.error))?;
    // The text is there; that the folder is not written to the disk yet undoes nothing.
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
            "; a file that is mounted by itself, as in a container, can only be changed where it comes from"
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
        // Do not go on without: a service that runs as the owner might not be able to read its policy then.
        fchown(new, Some(old.uid()), Some(old.gid()))
            .map_err(|error| format!("cannot be replaced: its owner cannot be kept: {error}"))?;
    }
    // After the owner, for a change of that takes bits of the mode away.
    new.set_permissions(old.permissions()).map_err(unwritable)
}

#[cfg(not(unix))]
fn keep_owner_and_mode(_: &File, _: &Metadata) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mount needs root; what the system says of one does not.
    #[test]
    fn a_file_that_is_a_mount_point_is_named_as_such() {
        for kind in [io::ErrorKind::ResourceBusy, io::ErrorKind::CrossesDevices] {
            let why = irreplaceable(kind.into());
            assert!(why.starts_with("cannot be replaced: "), "{why}");
            assert!(why.contains("mounted by itself"), "{why}");
        }
        let why = irreplaceable(io::ErrorKind::PermissionDenied.into());
        assert!(!why.contains("mounted"), "{why}");
    }
}
