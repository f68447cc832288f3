//! The programs of `src/bin`.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::str::FromStr;

use crate::measure::Row;

/// One of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Program {
    /// The engine alone.
    Engine,
    /// axum
    Axum,
    /// actix-web
    Actix,
    /// Rocket
    Rocket,
    /// warp
    Warp,
}

impl Program {
    /// All of them, in the order of every table.
    pub const ALL: [Self; 5] = [
        Self::Engine,
        Self::Axum,
        Self::Actix,
        Self::Rocket,
        Self::Warp,
    ];

    /// Its short name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Axum => "axum",
            Self::Actix => "actix",
            Self::Rocket => "rocket",
            Self::Warp => "warp",
        }
    }

    /// The executable, which is built together with this one.
    ///
    /// # Errors
    ///
    /// If it does not exist.
    pub fn path(self) -> Result<PathBuf, String> {
        let here = std::env::current_exe()
            .map_err(|error| format!("cannot find this program: {error}"))?;
        let path = here.with_file_name(format!("bench-{self}"));
        match path.exists() {
            true => Ok(path),
            false => Err(format!(
                "`bench-{self}` is not built; run `cargo xtask bench`"
            )),
        }
    }

    /// Measures `what`, in cases with at most `largest` origins.
    ///
    /// # Errors
    ///
    /// When the program cannot be run, or fails.
    pub fn measure(self, what: &str, largest: usize) -> Result<Vec<Row>, String> {
        let mut command = Command::new(self.path()?);
        rows(command.args([what, &largest.to_string()]))
    }

    /// The same with a build of the program that has the counting allocator. It is a debug build, so it does not
    /// replace the release builds. Ours allocates the same in a release build.
    ///
    /// # Errors
    ///
    /// When it cannot be built or run, or fails.
    pub fn measure_memory(self, what: &str, largest: usize) -> Result<Vec<Row>, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.args(["run", "--quiet", "--package", "cors-bench"]);
        command.args(["--features", "count-allocations"]);
        command.args(["--bin", &format!("bench-{self}"), "--"]);
        rows(command.args([what, &largest.to_string()]))
    }
}

/// Runs a program and reads what it prints.
///
/// # Errors
///
/// If it cannot be run, fails, or prints something else.
pub fn rows(command: &mut Command) -> Result<Vec<Row>, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let name = command.get_program().display();
        return Err(format!("{name}: {}\n{errors}", output.status));
    }
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("`{line}`: {error}")))
        .collect()
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Program {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|program| program.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join("`, `");
            format!("`{name}` is not measured; use one of `{names}`")
        })
    }
}
