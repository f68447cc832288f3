//! What must hold before a release: `cargo xtask package`, `features`, `minimal-versions`, `api` and `advisories`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::{Error, cargo, root};

/// A package that is published.
struct Published {
    folder: PathBuf,
    name: String,
    features: Vec<String>,
}

/// The packages of `cargo metadata`.
pub(crate) fn metadata(args: &[&str]) -> Result<Vec<Value>, Error> {
    let mut command = cargo(&["metadata", "--format-version", "1", "--locked"]);
    let output = command.args(args).output().map_err(failed)?;
    let unreadable = || {
        let message = String::from_utf8_lossy(&output.stderr);
        Error::Failed(format!("cannot read `cargo metadata`: {message}"))
    };
    let mut metadata: Value = serde_json::from_slice(&output.stdout).map_err(|_| unreadable())?;
    match metadata.get_mut("packages").map(Value::take) {
        Some(Value::Array(packages)) => Ok(packages),
        _ => Err(unreadable()),
    }
}

/// All of them, in the order of their folders.
fn published() -> Result<Vec<Published>, Error> {
    let packages = metadata(&["--no-deps"])?;
    let published = packages
        .iter()
        .filter(|package| package["publish"].is_null());
    let published = published.map(|package| {
        let features = package["features"].as_object()?;
        Some(Published {
            folder: Path::new(package["manifest_path"].as_str()?)
                .parent()?
                .to_owned(),
            name: package["name"].as_str()?.to_owned(),
            features: features.keys().cloned().collect(),
        })
    });
    let published: Option<Vec<_>> = published.collect();
    let unreadable = || Error::Failed("cannot read `cargo metadata`".to_owned());
    let mut published = published.ok_or_else(unreadable)?;
    published.sort_by(|one, other| one.folder.cmp(&other.folder));
    Ok(published)
}

/// Makes the archive of each package, and builds each from its own archive.
pub(crate) fn package(args: lexopt::Parser) -> Result<ExitCode, Error> {
    crate::options(args, |_, _| Ok(false))?;
    let published = published()?;
    let mut command = cargo(&["package", "--locked"]);
    for package in &published {
        command.args(["--package", &package.name]);
    }
    succeed(&mut command)?;
    for package in &published {
        println!("{}: packaged, and built from its archive", package.name);
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks each package with no feature, and with each feature alone.
pub(crate) fn each_feature(args: lexopt::Parser) -> Result<ExitCode, Error> {
    crate::options(args, |_, _| Ok(false))?;
    for package in published()? {
        for feature in package.features.iter().map(Some).chain([None]) {
            let feature = feature.map_or("", String::as_str);
            println!(
                "{}: {}",
                package.name,
                match feature {
                    "" => "no features",
                    feature => feature,
                }
            );
            let mut command = cargo(&["clippy", "--quiet", "--locked", "--no-default-features"]);
            command.args(["--package", &package.name, "--features", feature]);
            succeed(command.args(["--", "--deny", "warnings"]))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks the packages with the lowest version of each direct dependency that their manifests allow.
pub(crate) fn minimal_versions(args: lexopt::Parser) -> Result<ExitCode, Error> {
    crate::options(args, |_, _| Ok(false))?;
    let copy = root().join("target/minimal-versions/workspace");
    if copy.exists() {
        fs::remove_dir_all(&copy).map_err(failed)?;
    }
    let mut members = Vec::new();
    for package in published()? {
        let name = package.folder.file_name().unwrap_or_default();
        copy_folder(&package.folder, &copy.join(name))?;
        let manifest = copy.join(name).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(failed)?;
        // What only tests need does not count, and unpublished packages are not in the copy.
        fs::write(&manifest, without_dev_dependencies(&text)).map_err(failed)?;
        members.push(format!("{name:?}"));
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).map_err(failed)?;
    // All members of the copy are default members.
    let lines = manifest
        .lines()
        .filter(|line| !line.starts_with("default-members = "));
    let lines = lines.map(|line| match line.starts_with("members = ") {
        true => format!("members = [{}]\n", members.join(", ")),
        false => format!("{line}\n"),
    });
    fs::write(copy.join("Cargo.toml"), lines.collect::<String>()).map_err(failed)?;

    // `-Z` is for nightly; with this variable, a stable cargo accepts it.
    let mut generate = cargo(&["-Z", "direct-minimal-versions", "generate-lockfile"]);
    succeed(generate.env("RUSTC_BOOTSTRAP", "1").current_dir(&copy))?;
    let mut check = cargo(&[
        "check",
        "--workspace",
        "--lib",
        "--bins",
        "--all-features",
        "--locked",
    ]);
    check.env(
        "CARGO_TARGET_DIR",
        root().join("target/minimal-versions/target"),
    );
    succeed(check.current_dir(&copy))?;
    println!("the published packages build with the lowest versions of their dependencies");
    Ok(ExitCode::SUCCESS)
}

fn without_dev_dependencies(manifest: &str) -> String {
    let mut kept = String::new();
    let mut skipping = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            skipping = line == "[dev-dependencies]";
        }
        if !skipping {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &to)?,
            false => fs::copy(entry.path(), to).map(drop).map_err(failed)?,
        }
    }
    Ok(())
}

/// Compares the public items of the published libraries with `api.txt` of each, or stores them there.
pub(crate) fn api(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let mut record = false;
    crate::options(args, |name, _| {
        record |= name == "record";
        Ok(name == "record")
    })?;
    let mut changed = Vec::new();
    for package in published()? {
        if !package.folder.join("src/lib.rs").exists() {
            continue;
        }
        let mut command = cargo(&["public-api", "--all-features", "-sss", "--color", "never"]);
        // The format of rustdoc's JSON is unstable.
        command
            .args(["--package", &package.name])
            .env("RUSTC_BOOTSTRAP", "1");
        let output = command.output().map_err(failed)?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Failed(format!("{command:?} failed:\n{message}")));
        }
        let api = String::from_utf8_lossy(&output.stdout);
        let stored = package.folder.join("api.txt");
        if record {
            fs::write(stored, api.as_bytes()).map_err(failed)?;
        } else if fs::read_to_string(&stored).unwrap_or_default() != api {
            print_difference(&stored, &api);
            changed.push(package.name);
        }
    }
    match changed.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(Error::Failed(format!(
            "the public items changed in {}: if that is meant, run `cargo xtask api --record`",
            changed.join(", ")
        ))),
    }
}

/// Prints the lines that only one of both has.
fn print_difference(stored: &Path, api: &str) {
    println!("{}:", stored.display());
    let stored = fs::read_to_string(stored).unwrap_or_default();
    for (sign, one, other) in [('-', stored.as_str(), api), ('+', api, stored.as_str())] {
        for line in one
            .lines()
            .filter(|line| !other.lines().any(|other| other == *line))
        {
            println!("{sign} {line}");
        }
    }
}

/// Compares the dependencies with the database of advisories, if that can be downloaded.
pub(crate) fn advisories(args: lexopt::Parser) -> Result<ExitCode, Error> {
    crate::options(args, |_, _| Ok(false))?;
    let output = cargo(&["deny", "--color", "never", "check", "advisories"]).output();
    let output = output.map_err(failed)?;
    let message = String::from_utf8_lossy(&output.stderr);
    eprint!("{message}");
    if output.status.success() {
        return Ok(ExitCode::SUCCESS);
    }
    if message.contains("failed to fetch advisory database") {
        eprintln!("skipped: the database of advisories cannot be downloaded");
        return Ok(ExitCode::SUCCESS);
    }
    Err(Error::Failed(
        "`cargo deny check advisories` failed; it needs `cargo install cargo-deny --locked`"
            .to_owned(),
    ))
}

fn succeed(command: &mut Command) -> Result<(), Error> {
    let status = command.status().map_err(failed)?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::Failed(format!("{command:?} failed: {status}"))),
    }
}

pub(crate) fn failed(error: std::io::Error) -> Error {
    Error::Failed(error.to_string())
}
