//! Runs the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use expect_test::{ExpectFile, expect_file};
use serde_json::Value;

/// The command in a folder, without environment variables that change its output.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cors"));
    command.current_dir(folder).stdin(Stdio::null());
    for variable in ["CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "NO_COLOR"] {
        command.env_remove(variable);
    }
    for proxy in ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
        command.env_remove(proxy).env_remove(proxy.to_lowercase());
    }
    command
}

/// The result of the command.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Done {
    #[track_caller]
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
        let done = Self {
            status: output.status.code().expect("the command exits"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!done.stderr.contains("panicked"), "{done:#?}");
        done
    }
}

/// Runs the command in a folder.
#[track_caller]
pub(crate) fn cors(folder: &Path, args: &[&str]) -> Done {
    command(folder)
        .args(args)
        .output()
        .expect("the command runs")
        .into()
}

/// A folder of the suite's data.
pub(crate) fn data(folder: &str) -> PathBuf {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    suite.join(folder)
}

/// The expected output, in a file of the suite's data.
pub(crate) fn snapshot(file: &str) -> ExpectFile {
    expect_file![data(file)]
}

/// `code line:column` for each finding of `cors check --json`.
pub(crate) fn findings(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            let code = finding["code"].as_str().unwrap();
            format!("{code} {}:{}", finding["line"], finding["column"])
        })
        .collect()
}
