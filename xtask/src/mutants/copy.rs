//! A copy of the work tree, in which `cargo mutants` changes the code. Its builds are kept from one run to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use cors_matrix::server::{FRAMEWORK, SERVERS};
use regex_lite::escape;
use serde_json::{Value, json};

use super::progress::{Numbers, Progress};
use super::{Package, Stage};
use crate::release::failed;
use crate::{Error, root};

/// Tests are taken for endless after so many times what they need without a change.
const PATIENCE: u32 = 4;

/// They are not taken for endless before that.
const LEAST_PATIENCE: Duration = Duration::from_secs(20);

/// The most kilobytes of address space for a process: a change can make it allocate without end.
const MEMORY: &str = "16000000";

/// The folder of the copy, and of what is known of its mutants.
#[derive(Debug)]
pub(crate) struct Copy {
    folder: PathBuf,
}

/// What is tested, and how.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) package: &'a Package,
    pub(crate) stage: &'a Stage,
    /// How long the tests may take.
    pub(crate) patience: Duration,
    pub(crate) file: &'a str,
    /// A file with the changes of the code to which the mutants belong.
    pub(crate) diff: Option<&'a Path>,
}

impl Copy {
    /// Copies what git does not ignore. A file that is equal is not written, so that cargo does not build it again.
    pub(crate) fn of_work_tree() -> Result<Self, Error> {
        let copy = Self {
            folder: root().join("target/mutants"),
        };
        let names = git(&[
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])?;
        let names = String::from_utf8_lossy(&names.stdout).into_owned();
        let names: BTreeSet<_> = names.split_terminator('\0').map(PathBuf::from).collect();
        let tree = copy.tree();
        for name in &names {
            // One that is deleted, and not committed, is listed, too.
            let Ok(bytes) = fs::read(root().join(name)) else {
                continue;
            };
            let to = tree.join(name);
            if fs::read(&to).is_ok_and(|there| there == bytes) {
                continue;
            }
            fs::create_dir_all(to.parent().unwrap_or(&tree)).map_err(failed)?;
            fs::write(&to, bytes).map_err(failed)?;
        }
        remove_others(&tree, &tree, &names)?;
        Ok(copy)
    }

    fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Writes the code that differs from a commit to a file.
    pub(crate) fn diff(&self, since: &str) -> Result<PathBuf, Error> {
        let diff = git(&["diff", "--no-color", "--no-ext-diff", since, "--", "*.rs"])?;
        let file = self.folder.join("changes.diff");
        fs::write(&file, diff.stdout).map_err(failed)?;
        Ok(file)
    }

    /// The mutants of a package by file; with a diff, only those of its lines.
    pub(crate) fn mutants(
        &self,
        package: &Package,
        diff: Option<&Path>,
    ) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let mut files = BTreeMap::<_, Vec<_>>::new();
        if let Some(diff) = diff
            && fs::metadata(diff).is_ok_and(|diff| diff.len() == 0)
        {
            return Ok(files);
        }
        let mut command = self.cargo_mutants();
        command.args(["--list", "--package", package.name]);
        if let Some(diff) = diff {
            command.arg("--in-diff").arg(diff);
        }
        let output = output(&mut command)?;
        if !output.status.success() {
            let text = printed(&output);
            return Err(Error::Failed(format!(
                "{text}\nthis task needs `cargo install cargo-mutants --locked`"
            )));
        }
        for name in String::from_utf8_lossy(&output.stdout).lines() {
            let file = name.split(':').next().unwrap_or_default();
            files
                .entry(file.to_owned())
                .or_default()
                .push(name.to_owned());
        }
        Ok(files)
    }

    /// What is stored of the mutants of a file, if its code is the same.
    pub(crate) fn progress(&self, file: &str, mutants: Vec<String>, stages: usize) -> Progress {
        let stored = fs::read_to_string(self.stored(file));
        let stored: Option<Value> = stored.ok().and_then(|it| serde_json::from_str(&it).ok());
        let code = fs::read_to_string(root().join(file)).ok();
        let stored = stored.filter(|stored| stored["code"].as_str() == code.as_deref());
        stored
            .and_then(|stored| Progress::from_json(stored.get("progress")?, stages))
            .unwrap_or_else(|| Progress::new(mutants, stages))
    }

    pub(crate) fn store(&self, file: &str, progress: &Progress) -> Result<(), Error> {
        let code = fs::read_to_string(root().join(file)).map_err(failed)?;
        let stored = json!({ "code": code, "progress": progress.to_json() });
        let to = self.stored(file);
        fs::create_dir_all(to.parent().unwrap_or(&self.folder)).map_err(failed)?;
        fs::write(to, stored.to_string()).map_err(failed)
    }

    fn stored(&self, file: &str) -> PathBuf {
        self.folder.join("progress").join(format!("{file}.json"))
    }

    /// Runs the tests of a stage without a change, which must pass. Returns how long they may take with one.
    pub(crate) fn patience(&self, stage: &Stage) -> Result<Duration, Error> {
        let test = |more: &[&str]| {
            let mut command = self.command();
            command.args(["test", "--all-features"]).args(stage.targets);
            let packages = stage.packages.iter();
            command.args(packages.flat_map(|package| ["--package", package]));
            command.args(more);
            let output = output(self.with_server(&mut command, stage))?;
            match output.status.success() {
                true => Ok(()),
                false => Err(Error::Failed(printed(&output))),
            }
        };
        test(&["--no-run"])?;
        let start = Instant::now();
        test(&[&["--"], stage.tests].concat())?;
        Ok(LEAST_PATIENCE.max(PATIENCE * start.elapsed()))
    }

    /// Runs the tests of a stage with each of some mutants of a file. Returns the numbers, and those that no test noticed.
    pub(crate) fn test(
        &self,
        run: &Run<'_>,
        mutants: &[String],
    ) -> Result<(Numbers, Vec<String>), Error> {
        let stage = run.stage;
        let mut command = self.cargo_mutants();
        // cargo builds less in the same folder than in a new one.
        command.args(["--in-place", "--all-features"]);
        command.args(["--package", run.package.name, "--file", run.file]);
        if let Some(diff) = run.diff {
            command.arg("--in-diff").arg(diff);
        }
        for mutant in mutants {
            command.arg("--re").arg(format!("^{}$", escape(mutant)));
        }
        command.arg("--test-package").arg(stage.packages.join(","));
        // It would run the tests of the package, and not those of the stage.
        command.args(["--baseline", "skip"]);
        let patience = run.patience.as_secs().to_string();
        command.args(["--timeout", &patience]);
        command.arg("--output").arg(&self.folder);
        // cargo mutants adds what is after `--` to the command that runs the tests, and these also to the one that builds them.
        let targets = stage.targets.iter();
        command.args(targets.map(|target| format!("--cargo-arg={target}")));
        command.args(["--", "--"]).args(stage.tests);
        let output = output(self.with_server(&mut command, stage))?;
        // 2: a mutant was missed, 3: a test did not end.
        if !matches!(output.status.code(), Some(0 | 2 | 3)) {
            return Err(Error::Failed(printed(&output)));
        }
        let names = |kind: &str| -> Result<Vec<String>, Error> {
            let file = self.folder.join("mutants.out").join(kind);
            let names = fs::read_to_string(file).map_err(failed)?;
            let names = names.lines().map(str::to_owned);
            // cargo mutants 27.1 deletes fields that `--re` does not name, too.
            Ok(names.filter(|name| mutants.contains(name)).collect())
        };
        let numbers = Numbers {
            caught: names("caught.txt")?.len(),
            endless: names("timeout.txt")?.len(),
            unviable: names("unviable.txt")?.len(),
            ..Numbers::default()
        };
        Ok((numbers, names("missed.txt")?))
    }

    /// Says where the fixture server of a stage is.
    fn with_server<'c>(&self, command: &'c mut Command, stage: &Stage) -> &'c mut Command {
        if let Some(framework) = stage.server {
            command.env(SERVERS, self.target().join("debug/examples"));
            command.env(FRAMEWORK, framework.name());
        }
        command
    }

    fn cargo_mutants(&self) -> Command {
        let mut command = self.command();
        command.args(["mutants", "--colors", "never"]);
        command
    }

    /// cargo in the copy.
    fn command(&self) -> Command {
        let mut command = if cfg!(unix) {
            let mut shell = Command::new("sh");
            shell.args([
                "-c",
                &format!("ulimit -v {MEMORY} && exec \"$@\""),
                "sh",
                "cargo",
            ]);
            shell
        } else {
            Command::new("cargo")
        };
        command
            .current_dir(self.tree())
            .env("CARGO_TARGET_DIR", self.target())
            // Programs without it are linked sooner.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            // The same values with each mutant.
            .env("PROPTEST_RNG_SEED", "1");
        command
    }
}

/// Removes the files of a folder that are not in the work tree.
fn remove_others(tree: &Path, folder: &Path, names: &BTreeSet<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.strip_prefix(tree).unwrap_or(&path);
        if path.is_dir() {
            remove_others(tree, &path, names)?;
        } else if !names.contains(name) {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

fn git(args: &[&str]) -> Result<Output, Error> {
    let output = output(Command::new("git").args(args).current_dir(root()))?;
    match output.status.success() {
        true => Ok(output),
        false => Err(Error::Failed(printed(&output))),
    }
}

fn output(command: &mut Command) -> Result<Output, Error> {
    let program = command.get_program().to_owned();
    let failed = |error| Error::Failed(format!("{}: {error}", program.display()));
    command.output().map_err(failed)
}

fn printed(output: &Output) -> String {
    let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    texts.concat()
}
