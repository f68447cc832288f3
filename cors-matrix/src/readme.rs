//! What the workspace's README shows, to compare it with what there is.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::server::Framework;

/// The policy whose errors are in the README's block `errors`.
pub const POLICY_WITH_ERRORS: &str = r#"allow_origins = ["https://app.example.com/"]
allow_methods = ["put"]
"#;

/// How long an example may take to end. A busy machine takes its time; a server that has started never ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// The block of the README that is headed by a comment with this text; empty if there is none.
pub fn block(heading: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    block_of(&fs::read_to_string(readme).unwrap_or_default(), heading)
}

/// The same of another document.
pub fn block_of(document: &str, heading: &str) -> String {
    let after = document.split_once(&format!("<!-- {heading} -->\n```"));
    let block = after.and_then(|(_, block)| block.split_once("```\n"));
    let lines = block.and_then(|(block, _)| block.split_once('\n'));
    lines.map(|(_, lines)| lines.to_owned()).unwrap_or_default()
}

/// Runs the example `hello` of a framework with [`POLICY_WITH_ERRORS`] as its `cors.toml`, and returns what it
/// prints on its standard error.
///
/// To be called from a test of that framework's adapter. `cargo test` has built the examples of the same package
/// then; but not with the name of a test, nor with `--tests` or another kind of target.
///
/// # Errors
///
/// When the example is not there or older than its sources, cannot be run, does not end, or ends without an error.
pub fn run_hello_with_errors(framework: Framework) -> Result<String, String> {
    let path = example(&format!("hello-{framework}"))?;
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let folder = tempfile::tempdir().map_err(failed)?;
    fs::write(folder.path().join("cors.toml"), POLICY_WITH_ERRORS).map_err(failed)?;
    let mut child = Command::new(&path)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (sender, printed) = mpsc::channel();
    if let Some(mut stderr) = child.stderr.take() {
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = sender.send(stderr.read_to_string(&mut text).map(|_| text));
        });
    }
    let Ok(text) = printed.recv_timeout(PATIENCE) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{} does not end", path.display()));
    };
    let (text, status) = (text.map_err(failed)?, child.wait().map_err(failed)?);
    match status.success() {
        true => Err(format!("{} ends without an error: {text}", path.display())),
        false => Ok(text),
    }
}

/// An example of the package whose test this process is.
fn example(name: &str) -> Result<PathBuf, String> {
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    // The test is `deps/suite-HASH`, next to which there is `examples`.
    let target = test.ancestors().nth(2).unwrap_or(&test);
    let path = target.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    match is_up_to_date(&path) {
        true => Ok(path),
        false => Err(format!(
            "{} is not there or older than its sources: `cargo test` builds it, but not with the name of a test, `--tests` \
             or another kind of target",
            path.display()
        )),
    }
}

/// Whether an executable is as new as all the sources of the workspace that went into it.
fn is_up_to_date(executable: &Path) -> bool {
    let modified = |path: &Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let Some(built) = modified(executable) else {
        return false;
    };
    // cargo lists the sources in there, after the executable's own name.
    let list = fs::read_to_string(executable.with_extension("d")).unwrap_or_default();
    let sources = list.split_ascii_whitespace().skip(1);
    let mut changes = sources.filter_map(|source| modified(Path::new(source)));
    changes.all(|change| change <= built)
}
