//! The cases whose common response a framework makes impossible, and why: `differences.toml`.

use std::path::Path;

use regex_lite::Regex;
use serde::Deserialize;

use crate::case::{Case, Expected};
use crate::server::Framework;

/// A known difference. In its cases, the response must be the one that it describes. A response that the case
/// expects is an error then, because the difference no longer exists.
#[derive(Debug)]
pub struct KnownDifference {
    /// The framework.
    pub framework: Framework,
    /// The names of the cases that it applies to.
    cases: Regex,
    instead: Instead,
    /// Why the framework cannot do better.
    pub reason: String,
}

#[derive(Debug)]
enum Instead {
    /// The same headers with another status.
    Status(u16),
    /// Another response.
    Answer(Expected),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "difference")]
    differences: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    framework: String,
    cases: String,
    status: Option<u16>,
    answer: Option<String>,
    reason: String,
}

impl KnownDifference {
    /// Reads all of a file.
    ///
    /// # Errors
    ///
    /// The first error.
    pub fn read(file: &Path) -> Result<Vec<Self>, String> {
        let source = std::fs::read_to_string(file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let entries: File =
            toml::from_str(&source).map_err(|error| format!("{}: {error}", file.display()))?;
        let differences = entries.differences.into_iter().map(Self::parse);
        differences
            .collect::<Result<_, _>>()
            .map_err(|message| format!("{}: {message}", file.display()))
    }

    fn parse(entry: Entry) -> Result<Self, String> {
        let instead = match (entry.status, &entry.answer) {
            (Some(status), None) => Instead::Status(status),
            (None, Some(answer)) => Instead::Answer(Expected::parse(answer.as_bytes())?),
            _ => return Err(format!("`{}` needs `status` or `answer`", entry.cases)),
        };
        Ok(Self {
            framework: entry.framework.parse()?,
            cases: Regex::new(&entry.cases).map_err(|error| error.to_string())?,
            instead,
            reason: entry.reason.trim().to_owned(),
        })
    }

    /// Whether it is about this case on this framework.
    pub fn applies(&self, framework: Framework, case: &Case) -> bool {
        self.framework == framework && self.cases.is_match(&case.name)
    }

    /// The response instead of the expected one.
    pub fn instead(&self, expected: &Expected) -> Expected {
        match (&self.instead, expected) {
            (Instead::Status(status), Expected::Response { lines, .. }) => Expected::Response {
                status: Some(*status),
                lines: lines.clone(),
            },
            (Instead::Status(_), Expected::Closed) => Expected::Closed,
            (Instead::Answer(answer), _) => answer.clone(),
        }
    }

    /// The pattern of case names, as it is written in the file.
    pub fn cases(&self) -> &str {
        self.cases.as_str()
    }
}
