//! What Linux says about a process.

use std::fs;
use std::path::Path;

/// Descriptors that this process and a server need for other things than idle connections.
const OTHERS: usize = 200;

/// A process, by its number.
#[derive(Debug)]
pub(super) struct Process(pub(super) u32);

impl Process {
    pub(super) fn can_be_measured() -> bool {
        Path::new("/proc/self/fd").is_dir()
    }

    /// Its resident memory in KiB.
    pub(super) fn memory(&self) -> Result<u64, String> {
        let status = read(&format!("/proc/{}/status", self.0))?;
        let size = number(&status, "VmRSS:");
        size.ok_or_else(|| format!("process {} has no memory", self.0))
    }

    /// How many file descriptors it has.
    pub(super) fn descriptors(&self) -> Result<usize, String> {
        let path = format!("/proc/{}/fd", self.0);
        let entries = fs::read_dir(&path).map_err(|error| format!("{path}: {error}"))?;
        Ok(entries.count())
    }
}

/// How many idle connections this process can open. A server that it starts has the same limit.
pub(super) fn descriptors_left() -> Result<usize, String> {
    let limits = read("/proc/self/limits")?;
    let limit: Option<usize> = number(&limits, "Max open files");
    // Otherwise it is `unlimited`.
    Ok(limit.unwrap_or(usize::MAX).saturating_sub(OTHERS))
}

/// The number after a word at the beginning of a line.
fn number<T: std::str::FromStr>(text: &str, name: &str) -> Option<T> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
    lines.next()?.split_whitespace().next()?.parse().ok()
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}
