//! `cargo xtask dependencies`: compares the tables of `docs/dependencies.md` with the manifests and `Cargo.lock`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::ExitCode;

use serde_json::Value;

use crate::release::{failed, metadata};
use crate::{Error, cargo, root};

const PAGE: &str = "docs/dependencies.md";

/// The platforms whose dependencies are counted. `--target all` also counts crates that no platform builds.
const PLATFORMS: [&str; 3] = [
    "x86_64-unknown-linux-gnu",
    "x86_64-pc-windows-msvc",
    "aarch64-apple-darwin",
];

/// Sets of features: the name in the tables, and the argument to cargo.
const SETS: [(&str, Option<&str>); 3] = [
    ("none", Some("--no-default-features")),
    ("default", None),
    ("all", Some("--all-features")),
];

/// The folder of the crate whose whole tree is listed.
const CORE: &str = "cors-core";
const NUMBERS: &str = "Numbers";
const REST: &str = "The rest of the tree of cors-core";
const CODE: &str = "Code that runs while cors-core is built";

/// What a row without a reason has in its place.
const NO_REASON: &str = "?";

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let mut record = false;
    crate::options(args, |name, _| {
        record |= name == "record";
        Ok(name == "record")
    })?;
    let file = root().join(PAGE);
    let page = fs::read_to_string(&file).map_err(failed)?;
    let tables = tables()?;
    let written = written(&page, &tables);
    if record {
        fs::write(&file, &written).map_err(failed)?;
    }
    let mut problems = Vec::new();
    for table in &tables {
        let (found, expected) = (rows(&page, &table.heading), rows(&written, &table.heading));
        if !record {
            let sides = [('-', &found, &expected), ('+', &expected, &found)];
            for (sign, one, other) in sides {
                let only = one.iter().filter(|row| !other.contains(row));
                problems.extend(only.map(|row| format!("{}: {sign} {row}", table.heading)));
            }
        }
        let without = expected.iter().filter(|row| reason(row) == NO_REASON);
        problems.extend(
            without
                .filter(|_| table.has_reasons)
                .map(|row| format!("{}: write the reason: {row}", table.heading)),
        );
    }
    if !record && problems.is_empty() && page != written {
        problems.push("a table is missing, or its rows are in another order".to_owned());
    }
    if problems.is_empty() {
        let rows: usize = tables.iter().map(|table| table.rows.len()).sum();
        println!("dependencies: {PAGE} has the {rows} rows of the tree");
        return Ok(ExitCode::SUCCESS);
    }
    Err(Error::Failed(format!(
        "{}\n{PAGE} differs from the dependencies: `cargo xtask dependencies --record` writes the rows; \
         replace each `{NO_REASON}` by the reason for the dependency",
        problems.join("\n")
    )))
}

/// A table of the page.
struct Table {
    /// The heading before it.
    heading: String,
    head: &'static [&'static str],
    /// Whether the last column is a reason, which is written by hand.
    has_reasons: bool,
    /// Its cells, without the reasons.
    rows: Vec<Vec<String>>,
}

/// What the tables must have.
fn tables() -> Result<Vec<Table>, Error> {
    let packages = metadata(&["--offline"])?;
    let unreadable = || Error::Failed("cannot read `cargo metadata`".to_owned());
    let (mut runs_code, mut with_default) = (BTreeMap::new(), BTreeSet::new());
    for package in &packages {
        let key = key(package).ok_or_else(unreadable)?;
        runs_code.insert(key.clone(), code(package));
        let default = package
            .pointer("/features/default")
            .and_then(Value::as_array);
        if default.is_some_and(|features| !features.is_empty()) {
            with_default.insert(key);
        }
    }
    let published: BTreeMap<_, _> = packages
        .iter()
        .filter(|package| package["source"].is_null() && package["publish"].is_null())
        .filter_map(|package| Some((folder(package)?, package)))
        .collect();
    let own: BTreeSet<_> = published
        .values()
        .filter_map(|package| key(package))
        .collect();

    let mut numbers = Vec::new();
    let mut tables = Vec::new();
    for (folder, package) in &published {
        let name = package["name"].as_str().ok_or_else(unreadable)?;
        let mut trees = Vec::new();
        for (_, features) in SETS {
            trees.push(Tree::of(name, features, &own)?);
        }
        let [_, _, all] = &*trees else {
            return Err(unreadable());
        };
        let direct = direct(package, all, &with_default).ok_or_else(unreadable)?;
        let mut row = vec![quoted(folder), direct.len().to_string()];
        row.extend(trees.iter().map(|tree| tree.packages.len().to_string()));
        row.extend(CODES.map(|(_, what)| {
            let runs = |key: &&String| runs_code.get(*key).is_some_and(|it| it.contains(&what));
            all.packages.keys().filter(runs).count().to_string()
        }));
        numbers.push(row);
        let names: BTreeSet<_> = direct
            .iter()
            .filter_map(|row| row.first())
            .cloned()
            .collect();
        tables.push(Table {
            heading: folder.clone(),
            head: &[
                "Dependency",
                "With",
                "Features",
                "Licence",
                "Brings",
                "Reason",
            ],
            has_reasons: true,
            rows: direct,
        });
        if folder != CORE {
            continue;
        }
        let (mut rest, mut codes) = (Vec::new(), Vec::new());
        for (key, package) in &all.packages {
            let name = quoted(name_of(key));
            let with = SETS.iter().zip(&trees);
            let mut with = with.filter(|(_, tree)| tree.packages.contains_key(key));
            let with = with.next().map_or("", |((set, _), _)| set).to_owned();
            let code = runs_code.get(key).cloned().unwrap_or_default();
            if !code.is_empty() {
                codes.push(vec![name.clone(), code.join(", "), with.clone()]);
            }
            if !names.contains(&name) {
                let needed_by = all.packages.iter();
                let needed_by = needed_by.filter(|(_, other)| other.needs.contains(key));
                let needed_by: Vec<_> = needed_by.map(|(key, _)| quoted(name_of(key))).collect();
                rest.push(vec![
                    name,
                    with,
                    package.licence.clone(),
                    needed_by.join(", "),
                ]);
            }
        }
        for (heading, head, rows) in [
            (
                REST,
                &["Crate", "With", "Licence", "Needed by", "Reason"][..],
                rest,
            ),
            (CODE, &["Crate", "What", "With", "Reason"], codes),
        ] {
            tables.push(Table {
                heading: heading.to_owned(),
                head,
                has_reasons: true,
                rows,
            });
        }
    }
    let numbers = Table {
        heading: NUMBERS.to_owned(),
        head: &[
            "Crate",
            "Direct",
            "No features",
            "Default",
            "All features",
            "Build scripts",
            "Proc macros",
        ],
        has_reasons: false,
        rows: numbers,
    };
    tables.insert(0, numbers);
    Ok(tables)
}

/// Kinds of targets that run while a crate is built.
const CODES: [(&str, &str); 2] = [
    ("custom-build", "build script"),
    ("proc-macro", "proc macro"),
];

/// The targets of a package of `cargo metadata` that run while it is built.
fn code(package: &Value) -> Vec<&'static str> {
    let targets = package["targets"].as_array();
    let kinds = targets.into_iter().flatten();
    let kinds: Vec<_> = kinds
        .filter_map(|target| target["kind"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let codes = CODES.iter().filter(|(kind, _)| kinds.contains(kind));
    codes.map(|(_, what)| *what).collect()
}

/// The name and version of a package of `cargo metadata`, as `cargo tree` writes them.
fn key(package: &Value) -> Option<String> {
    let (name, version) = (package["name"].as_str()?, package["version"].as_str()?);
    Some(format!("{name} v{version}"))
}

fn name_of(key: &str) -> &str {
    key.split(' ').next().unwrap_or(key)
}

fn folder(package: &Value) -> Option<String> {
    let folder = std::path::Path::new(package["manifest_path"].as_str()?).parent()?;
    Some(folder.file_name()?.to_string_lossy().into_owned())
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

/// The rows of what a manifest names, without the crates of this workspace. `with_default` are the packages whose default
/// features are not empty.
fn direct(
    package: &Value,
    tree: &Tree,
    with_default: &BTreeSet<String>,
) -> Option<Vec<Vec<String>>> {
    let ours = package["features"].as_object()?;
    // The features of ours that have an entry which begins so, and the ends of these entries.
    let entries = |start: String| {
        let entries = ours.iter().flat_map(|(ours, entries)| {
            let entries = entries.as_array().into_iter().flatten();
            entries.filter_map(move |entry| Some((ours, entry.as_str()?)))
        });
        let entries =
            entries.filter_map(|(ours, entry)| Some((ours, entry.strip_prefix(&*start)?)));
        entries
            .map(|(ours, end)| (quoted(ours), quoted(end)))
            .collect::<Vec<_>>()
    };
    let mut rows = Vec::new();
    for dependency in package["dependencies"].as_array()? {
        if dependency["kind"] == "dev" || !dependency["path"].is_null() {
            continue;
        }
        let name = dependency["name"].as_str()?;
        let enabled = entries(format!("dep:{name}"));
        let enabled = enabled.into_iter().filter(|(_, end)| end == "``");
        let mut with: Vec<_> = enabled.map(|(ours, _)| ours).collect();
        if with.is_empty() {
            with.push("always".to_owned());
        }
        with.extend(dependency["target"].as_str().map(quoted));
        let named = dependency["features"].as_array()?.iter();
        let mut features: BTreeSet<_> = named.filter_map(Value::as_str).map(quoted).collect();
        features.extend(entries(format!("{name}/")).into_iter().map(|(_, end)| end));
        let key = tree
            .packages
            .keys()
            .find(|key| name_of(key) == name && tree.direct.contains(*key));
        let package = key.and_then(|key| tree.packages.get(key));
        if dependency["uses_default_features"] == true
            && key.is_some_and(|key| with_default.contains(key))
        {
            features.insert(quoted("default"));
        }
        if features.is_empty() {
            features.insert("none".to_owned());
        }
        rows.push(vec![
            quoted(name),
            with.join(", "),
            Vec::from_iter(features).join(", "),
            package.map_or_else(String::new, |package| package.licence.clone()),
            key.map_or(0, |key| tree.below(key)).to_string(),
        ]);
    }
    // Without the quotes, `clap` is before `clap_complete`.
    rows.sort_by(|one, other| {
        let name = |row: &[String]| row.first().map(|name| name.trim_matches('`').to_owned());
        name(one).cmp(&name(other))
    });
    Some(rows)
}

/// The packages that a package needs, on any of [`PLATFORMS`], without those of this workspace.
#[derive(Debug, Default)]
struct Tree {
    /// By name and version.
    packages: BTreeMap<String, Needed>,
    /// Those that a package of this workspace names.
    direct: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Needed {
    licence: String,
    needs: BTreeSet<String>,
}

impl Tree {
    fn of(package: &str, features: Option<&str>, own: &BTreeSet<String>) -> Result<Self, Error> {
        let mut command = cargo(&["tree", "--offline", "--locked", "--package", package]);
        command.args(["--edges", "normal,build", "--charset", "ascii"]);
        command.args(["--prefix", "depth", "--format", "|{p}|{l}|"]);
        command.args(PLATFORMS.iter().flat_map(|platform| ["--target", platform]));
        let output = command.args(features).output().map_err(failed)?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Failed(format!("{command:?} failed:\n{message}")));
        }
        Ok(Self::parse(&String::from_utf8_lossy(&output.stdout), own))
    }

    /// Reads lines of a depth, a package and its licence, which `|` separate. A package that came before has no lines
    /// below it.
    fn parse(text: &str, own: &BTreeSet<String>) -> Self {
        let mut tree = Self::default();
        let mut above: Vec<String> = Vec::new();
        for line in text.lines() {
            let mut parts = line.split('|');
            let (Some(depth), Some(package), Some(licence)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            // After the version, `cargo tree` writes a path or the kind.
            let key = package.split(' ').take(2).collect::<Vec<_>>().join(" ");
            above.truncate(depth.parse().unwrap_or_default());
            if !own.contains(&key) {
                match above.last() {
                    Some(parent) if !own.contains(parent) => {
                        let parent = tree.packages.entry(parent.clone()).or_default();
                        parent.needs.insert(key.clone());
                    }
                    _ => drop(tree.direct.insert(key.clone())),
                }
                let needed = tree.packages.entry(key.clone()).or_default();
                licence.clone_into(&mut needed.licence);
            }
            above.push(key);
        }
        tree
    }

    /// The number of packages that a package needs, directly or not.
    fn below(&self, key: &str) -> usize {
        let mut seen = BTreeSet::new();
        let mut next = vec![key];
        while let Some(key) = next.pop() {
            let needs = self.packages.get(key).map(|needed| &needed.needs);
            let needs = needs.into_iter().flatten();
            next.extend(needs.filter(|key| seen.insert(*key)).map(String::as_str));
        }
        seen.len()
    }
}

/// The page with the rows of the tables. Reasons that it has are kept. Tables that it does not have are added at its end.
fn written(page: &str, tables: &[Table]) -> String {
    let mut written = String::new();
    let mut push = |line: &str| {
        written.push_str(line);
        written.push('\n');
    };
    let mut table = None;
    for line in page.lines() {
        if let Some(heading) = heading(line) {
            table = tables.iter().find(|table| table.heading == heading);
        }
        match table {
            Some(_) if is_row(line) => {}
            Some(table) if line.starts_with("|--") => {
                push(line);
                new_rows(table, page).iter().for_each(|row| push(row));
            }
            _ => push(line),
        }
    }
    for table in tables {
        let mut headings = page.lines().filter_map(heading);
        if headings.all(|heading| heading != table.heading) {
            push(&format!("\n## {}\n", table.heading));
            push(&format!("| {} |", table.head.join(" | ")));
            push(&format!("|{}", "---|".repeat(table.head.len())));
            new_rows(table, page).iter().for_each(|row| push(row));
        }
    }
    written
}

/// The rows of a table, with the reasons that the page has.
fn new_rows(table: &Table, page: &str) -> Vec<String> {
    let old = rows(page, &table.heading);
    let row = |cells: &Vec<String>| {
        let mut row = format!("| {} |", cells.join(" | "));
        if table.has_reasons {
            let key = cells.first().map_or("", String::as_str);
            let mut old = old
                .iter()
                .filter(|row| row.starts_with(&format!("| {key} |")));
            row = format!(
                "{row} {} |",
                old.next().map_or(NO_REASON, |row| reason(row))
            );
        }
        row
    };
    table.rows.iter().map(row).collect()
}

/// The rows after a heading of the page.
fn rows<'a>(page: &'a str, wanted: &str) -> Vec<&'a str> {
    let mut is_here = false;
    let mut rows = Vec::new();
    for line in page.lines() {
        is_here = heading(line).map_or(is_here, |heading| heading == wanted);
        if is_here && is_row(line) {
            rows.push(line);
        }
    }
    rows
}

fn heading(line: &str) -> Option<&str> {
    line.starts_with('#')
        .then(|| line.trim_start_matches('#').trim())
}

/// The first cell of a row is code, that of a head is not.
fn is_row(line: &str) -> bool {
    line.starts_with("| `")
}

/// The last cell of a row.
fn reason(row: &str) -> &str {
    let mut cells = row.trim().trim_end_matches('|').rsplit('|');
    let reason = cells.next().unwrap_or_default().trim();
    if reason.is_empty() { NO_REASON } else { reason }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Table, Tree, written};

    /// What `cargo tree` prints for two platforms.
    const TREE: &str = "\
        0|ours v0.1.0 (/a/b)|MIT|\n\
        1|also-ours v0.1.0 (/a/c)|MIT|\n\
        2|one v1.0.0|MIT|\n\
        3|macros v1.0.0 (proc-macro)|Apache-2.0|\n\
        1|two v1.0.0|Zlib|\n\
        2|one v1.0.0|MIT| (*)\n\
        \n\
        0|ours v0.1.0 (/a/b)|MIT|\n\
        1|two v1.0.0|Zlib|\n\
        2|one v2.0.0|MIT|\n";

    #[test]
    fn trees() {
        let own = ["ours v0.1.0", "also-ours v0.1.0"].map(str::to_owned);
        let tree = Tree::parse(TREE, &BTreeSet::from(own));
        let keys: Vec<_> = tree.packages.keys().collect();
        assert_eq!(
            keys,
            ["macros v1.0.0", "one v1.0.0", "one v2.0.0", "two v1.0.0"]
        );
        assert!(tree.direct.iter().eq(["one v1.0.0", "two v1.0.0"]));
        for (key, below) in [("two v1.0.0", 3), ("one v1.0.0", 1), ("macros v1.0.0", 0)] {
            assert_eq!(tree.below(key), below, "{key}");
        }
    }

    #[track_caller]
    fn check(rows: &[&str], expected: &str) {
        const PAGE: &str = "text\n\n## a\n\n| Crate | Reason |\n|---|---|\n| `one` | 1 | why one |\n\n## other\n\n\
            | `two` | stays |\n";
        let cells = |row: &&str| row.split(' ').map(str::to_owned).collect();
        let table = Table {
            heading: "a".to_owned(),
            head: &["Crate", "Reason"],
            has_reasons: true,
            rows: rows.iter().map(cells).collect(),
        };
        let expected = PAGE.replace("| `one` | 1 | why one |\n", expected);
        assert_eq!(written(PAGE, &[table]), expected);
    }

    #[test]
    fn rows_follow_the_tree_and_keep_their_reasons() {
        check(&["`one` 1"], "| `one` | 1 | why one |\n");
        check(&["`one` 2"], "| `one` | 2 | why one |\n");
        check(
            &["`one` 1", "`two` 1"],
            "| `one` | 1 | why one |\n| `two` | 1 | ? |\n",
        );
        check(&["`on` 1"], "| `on` | 1 | ? |\n");
        check(&[], "");
    }

    #[test]
    fn a_table_that_the_page_does_not_have_is_added() {
        let table = Table {
            heading: "b".to_owned(),
            head: &["Crate", "Reason"],
            has_reasons: true,
            rows: vec![vec!["`one`".to_owned()]],
        };
        let added = "\n## b\n\n| Crate | Reason |\n|---|---|\n| `one` | ? |\n";
        assert_eq!(written("text\n", &[table]), format!("text\n{added}"));
    }
}
