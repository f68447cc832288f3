//! The engines, and whether they are installed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A browser engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BrowserName {
    /// Chromium
    Chromium,
    /// Firefox
    Firefox,
    /// WebKit, by way of WebKitGTK's MiniBrowser
    Webkit,
}

impl BrowserName {
    /// All of them, in the order of every table.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Webkit];

    /// Its short name.
    ///
    /// ```
    /// use cors_real_browsers::BrowserName;
    ///
    /// assert_eq!(BrowserName::Webkit.name(), "webkit");
    /// assert_eq!("webkit".parse(), Ok(BrowserName::Webkit));
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Webkit => "webkit",
        }
    }

    /// Whether all programs that it needs are installed.
    ///
    /// # Errors
    ///
    /// Says which program is missing, and which Debian package has it.
    pub fn available(self) -> Result<(), String> {
        let missing = |what: &str, package: &str| {
            Err(format!(
                "{what} is missing; Debian's package `{package}` has it"
            ))
        };
        if self.program().is_none() {
            return match self {
                Self::Chromium => missing("`chromium`", "chromium"),
                Self::Firefox => missing("`firefox-esr`", "firefox-esr"),
                // It has no package of its own: it comes with the library, on which the driver depends.
                Self::Webkit => missing("WebKitGTK's `MiniBrowser`", "webkit2gtk-driver"),
            };
        }
        if in_path("setpriv").is_none() {
            return missing("`setpriv`", "util-linux");
        }
        if self == Self::Webkit && in_path("Xvfb").is_none() {
            return missing("`Xvfb`", "xvfb");
        }
        Ok(())
    }

    pub(crate) fn program(self) -> Option<PathBuf> {
        match self {
            Self::Chromium => in_path("chromium").or_else(|| in_path("chromium-browser")),
            Self::Firefox => in_path("firefox-esr").or_else(|| in_path("firefox")),
            Self::Webkit => mini_browser(),
        }
    }
}

impl fmt::Display for BrowserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for BrowserName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|engine| engine.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join("`, `");
            format!("`{name}` is not a browser; use one of `{names}`")
        })
    }
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut paths = std::env::split_paths(&path).map(|directory| directory.join(program));
    paths.find(|path| path.is_file())
}

/// It is not in `PATH`, but with the library's other programs: `/usr/lib/<machine>/webkit2gtk-4.1/`.
fn mini_browser() -> Option<PathBuf> {
    let machines = std::fs::read_dir("/usr/lib").ok()?;
    let directories = machines.flatten().map(|entry| entry.path());
    let directories = directories.chain([Path::new("/usr/libexec").to_owned()]);
    directories
        .map(|directory| directory.join("webkit2gtk-4.1/MiniBrowser"))
        .find(|path| path.is_file())
}
