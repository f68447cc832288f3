//! `cors export`: a policy as configuration of a gateway.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use cors_explain::{Source, ValidPolicy};
use cors_export::{Export, File, Gateway, Options, export};

use crate::cli::{self, GatewayName};
use crate::error::{Error, Outcome};
use crate::output::{BOLD, Printable, Styled, hanging, text_width};
use crate::policy;

pub(crate) fn run(args: &cli::Export, out: &mut impl Write) -> Result<Outcome, Error> {
    let gateway = match (args.gateway, args.no_lua) {
        (GatewayName::Envoy, true) => Gateway::EnvoyRoutes,
        (GatewayName::Envoy, false) => Gateway::Envoy,
        (_, true) => return Err(Error::new("`--no-lua` is for Envoy; leave it out")),
        (GatewayName::Nginx, false) => Gateway::Nginx,
        (GatewayName::Haproxy, false) => Gateway::Haproxy,
    };
    let origins = policy::read_origins(&args.load)?;
    let source = policy::read(&args.file, &args.load, &origins)?;
    let valid = policy::load(&source, false, out)?;
    let options = options(args, &source, &valid)?;
    let exported = match export(&valid.policy, gateway, &options) {
        Ok(exported) => exported,
        Err(refusals) => {
            // Standard output is for the files.
            for refusal in refusals {
                let text = format!("cors: {}: {refusal}", source.name);
                writeln!(anstream::stderr(), "{}", Printable(&text))?;
            }
            return Ok(Outcome::Found);
        }
    };
    match (&args.out, &args.check) {
        (Some(folder), _) => write(folder, &exported, out),
        (None, Some(folder)) => compare(folder, &exported, out),
        (None, None) if args.differences => write_differences(args.gateway, &exported, out),
        (None, None) => print(&exported, out),
    }
}

fn options(args: &cli::Export, source: &Source, valid: &ValidPolicy) -> Result<Options, Error> {
    let at_run_time = valid.at_run_time();
    if let Some(variable) = at_run_time.first() {
        let name = Printable(&variable.name);
        return Err(Error::new(format!(
            "the variable `{name}` has no value, and a gateway reads none; give it with `--env {name}=...`, `--env-file FILE` or \
             `--env-from-process`"
        )));
    }
    let mut options = Options::new(&*source.name)
        .prefix(&*args.prefix)
        .map_err(|error| Error::new(format!("`--prefix {}`: {error}", Printable(&args.prefix))))?;
    // Not their values, which may be secrets.
    let variables = valid.variable_names();
    if !variables.is_empty() {
        options = options.made_from(format!("variables: {}", variables.join(", ")));
    }
    for set in valid.origin_sets() {
        if let Some(file) = set.file {
            options = options.made_from(format!("the set {}: {}", set.name, file.name()));
        }
    }
    Ok(options)
}

fn write(folder: &Path, exported: &Export, out: &mut impl Write) -> Result<Outcome, Error> {
    if folder.is_file() {
        let path = folder.display().to_string();
        let path = Printable(&path);
        return Err(Error::new(format!(
            "{path}: is a file; `--out` takes a folder"
        )));
    }
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    for file in &exported.files {
        let path = folder.join(&file.name);
        write_file(&path, file).map_err(|error| unwritable(&path, &error))?;
        let path = path.display().to_string();
        writeln!(out, "{}", Printable(&path))?;
    }
    // Each gateway has its differences in the first file.
    let first = exported.files.first().map_or("", |file| &file.name);
    writeln!(
        out,
        "the first lines of each file say where it belongs; those of {first} list the differences from the libraries ({})",
        exported.differences.len()
    )?;
    Ok(Outcome::Fine)
}

/// A gateway that reads the file at the same time gets the old text or the new one.
fn write_file(path: &Path, file: &File) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new()
        .prefix(".cors-")
        .tempfile_in(folder)?;
    new.write_all(file.text.as_bytes())?;
    readable(new.as_file())?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Temporary files are for their owner only, and a gateway often runs as another user.
#[cfg(unix)]
fn readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &fs::File) -> io::Result<()> {
    Ok(())
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let path = path.display().to_string();
    Error::new(format!("{}: cannot be written: {error}", Printable(&path)))
}

fn compare(folder: &Path, exported: &Export, out: &mut impl Write) -> Result<Outcome, Error> {
    let mut outcome = Outcome::Fine;
    for file in &exported.files {
        let path = folder.join(&file.name);
        let name = path.display().to_string();
        let name = Printable(&name);
        let difference = match fs::read_to_string(&path) {
            Ok(text) => match first_difference(&text, &file.text) {
                None => continue,
                Some(line) => format!("{name}:{line}: differs from the policy; export it again"),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                format!("{name}: is not there; export the policy again")
            }
            Err(error) => return Err(Error::new(format!("{name}: cannot be read: {error}"))),
        };
        outcome = Outcome::Found;
        writeln!(out, "{difference}")?;
    }
    if outcome == Outcome::Fine {
        writeln!(out, "the files are those of the policy")?;
    }
    Ok(outcome)
}

/// The first line that differs, counted from 1. That with the version of this command, the first one, may differ.
fn first_difference(text: &str, expected: &str) -> Option<usize> {
    let mut text = text.split('\n').skip(1);
    let mut expected = expected.split('\n').skip(1);
    for line in 2.. {
        match (text.next(), expected.next()) {
            (None, None) => break,
            (written, exported) if written != exported => return Some(line),
            _ => {}
        }
    }
    None
}

fn write_differences(
    gateway: GatewayName,
    exported: &Export,
    out: &mut impl Write,
) -> Result<Outcome, Error> {
    let name = match gateway {
        GatewayName::Nginx => "nginx",
        GatewayName::Haproxy => "HAProxy",
        GatewayName::Envoy => "Envoy",
    };
    let title = format!("Where {name} differs from the libraries");
    writeln!(out, "{}", Styled(BOLD, title))?;
    for difference in &exported.differences {
        let text = format!("{}: {}", difference.requests, difference.answer);
        writeln!(out, "{}", hanging("- ", &text, text_width()))?;
    }
    Ok(Outcome::Fine)
}

fn print(exported: &Export, out: &mut impl Write) -> Result<Outcome, Error> {
    let mut before = "";
    for file in &exported.files {
        writeln!(
            out,
            "{before}{}",
            Styled(BOLD, format!("==> {} <==", file.name))
        )?;
        out.write_all(file.text.as_bytes())?;
        before = "\n";
    }
    Ok(Outcome::Fine)
}
