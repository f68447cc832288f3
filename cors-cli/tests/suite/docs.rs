//! What the guides show is what there is: each of their blocks is run, loaded, parsed or compared, by its kind.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::probe::server::Scripted;
use crate::support::{Done, cors};

/// A block of a guide.
struct Block {
    /// The words after the fence.
    kind: String,
    text: String,
    /// For messages.
    place: String,
}

#[test]
fn every_block() {
    let mut checked = 0;
    for path in guides() {
        // The policy that is shown last is that of the commands below it.
        let folder = TempDir::new().unwrap();
        for block in blocks(&path) {
            let Block { kind, text, place } = &block;
            let kind = match kind.split_once(" gateways/") {
                None => kind,
                // The tests of `gateways.rs` run these files.
                Some((kind, file)) => {
                    let file = path.with_file_name("gateways").join(file);
                    assert_eq!(*text, fs::read_to_string(file).unwrap(), "{place}");
                    match kind {
                        "toml" => kind,
                        _ => continue,
                    }
                }
            };
            match kind {
                "toml" => check(folder.path(), text, &["--deny", "notes"], place),
                // With notes.
                "toml loads" => check(folder.path(), text, &[], place),
                "toml wrong" => is_rejected(text, place),
                // Compared with what is compiled and printed, by the tests of the package in `examples/migrating`.
                "rust" | "text log" => {}
                // Compared by the tests of `cors-matrix`.
                "text errors" => {}
                "sh" => names_commands(text, place),
                "console" => run(folder.path(), text, place),
                "text browser" => is_known(text, place),
                "nginx" => parse_nginx(text, place),
                "yaml" => parse_config_map(text, place),
                _ => panic!("{place}: no test knows the kind `{kind}`"),
            }
            checked += 1;
        }
    }
    assert!(checked > 0);
}

/// Each line is a command of cargo, or one that the tests of `gateways.rs` run.
#[track_caller]
fn names_commands(text: &str, place: &str) {
    let known = [
        "cargo add ",
        "cargo install --path cors-cli",
        "cargo xtask demo",
        "cargo xtask ci",
        // Those of `docs/gateways`.
        "curl -si ",
        "python3 docs/gateways/server.py",
        "haproxy -f haproxy.cfg -f /etc/haproxy/cors/cors.cfg -f sites.cfg",
    ];
    for line in text.lines() {
        let is_known = known.iter().any(|known| line.starts_with(known));
        assert!(is_known, "{place}: {line}");
    }
}

/// `cors check` accepts the policy, which the commands below it use.
#[track_caller]
fn check(folder: &Path, policy: &str, options: &[&str], place: &str) {
    fs::write(folder.join("cors.toml"), policy).unwrap();
    let done = cors(folder, &[&["check"], options].concat());
    assert_eq!(done.status, 0, "{place}\n{}", done.stdout);
}

#[track_caller]
fn is_rejected(policy: &str, place: &str) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("cors.toml"), policy).unwrap();
    let done = cors(folder.path(), &["check"]);
    assert_eq!(done.status, 1, "{place}\n{}", done.stdout);
}

/// Runs the commands after `$`. What they print has the lines below them; `...` stands for lines that are left out.
#[track_caller]
fn run(folder: &Path, text: &str, place: &str) {
    assert!(
        text.starts_with("$ "),
        "{place}: the first line is a command"
    );
    for part in text.split("$ ").skip(1) {
        let (command, shown) = part.split_once('\n').unwrap();
        let words = words(command);
        assert_eq!(words.first().map(String::as_str), Some("cors"), "{place}");
        // A server without CORS headers, where the guide has one at a fixed port.
        let server = Scripted::new(|_| (200, vec!["Content-Type: application/json"]));
        let address = format!("127.0.0.1:{}", server.port);
        let words = words
            .iter()
            .skip(1)
            .map(|word| word.replace(ADDRESS, &address));
        let words: Vec<_> = words.collect();
        let args: Vec<_> = words.iter().map(String::as_str).collect();
        let Done {
            status,
            stdout,
            stderr,
        } = cors(folder, &args);
        let printed = format!("{stdout}{stderr}").replace(&address, ADDRESS);
        assert!(!shown.is_empty() || status == 0, "{place}: {printed}");
        // Parts without a line that is left out.
        let mut rest = &*printed;
        let lines: Vec<_> = shown.lines().collect();
        for part in lines.split(|line| *line == "...") {
            let part: String = part.iter().flat_map(|line| [line, "\n"]).collect();
            let Some((_, after)) = rest.split_once(&part) else {
                panic!("{place}: `{command}` does not print\n{part}but\n{printed}");
            };
            rest = after;
        }
    }
}

/// The address of the server in the guides.
const ADDRESS: &str = "localhost:8080";

/// The words of a command, as a shell has them: split at spaces that are not within quotation marks.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted_by = None;
    for character in command.chars() {
        match (character, quoted_by) {
            ('"' | '\'', None) => quoted_by = Some(character),
            (_, Some(mark)) if mark == character => quoted_by = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words
}

/// Each line is a message that `--from-console` knows.
#[track_caller]
fn is_known(text: &str, place: &str) {
    for message in text.lines() {
        let done = cors(Path::new("."), &["explain", "--from-console", message]);
        assert_ne!(done.status, 2, "{place}: {message}\n{}", done.stderr);
    }
}

/// Every directive ends, every block is closed, and no CORS header is added.
#[track_caller]
fn parse_nginx(text: &str, place: &str) {
    let mut depth = 0;
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        match line.chars().last() {
            None | Some(';') => {}
            Some('{') => depth += 1,
            Some('}') => depth -= 1,
            Some(_) => panic!("{place}: `{line}` does not end"),
        }
    }
    assert_eq!(depth, 0, "{place}");
    assert!(
        !text.contains("add_header"),
        "{place}: the application writes the headers"
    );
}

/// A ConfigMap, whose policy has no findings.
#[track_caller]
fn parse_config_map(text: &str, place: &str) {
    assert!(
        text.contains("kind: ConfigMap\n"),
        "{place}: no test knows this"
    );
    let (_, policy) = text.split_once("\n  cors.toml: |\n").unwrap();
    let lines = policy
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap());
    let policy: String = lines.flat_map(|line| [line, "\n"]).collect();
    let folder = TempDir::new().unwrap();
    check(folder.path(), &policy, &["--deny", "notes"], place);
}

/// The links between guides, and from them into the workspace, lead somewhere.
#[test]
fn links() {
    for path in guides() {
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("](").skip(1) {
            let (target, _) = part.split_once(')').unwrap();
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = match file {
                "" => path.clone(),
                file => path.with_file_name(file),
            };
            assert!(file.exists(), "{}: {target}", path.display());
            let text = if anchor.is_empty() {
                String::new()
            } else {
                fs::read_to_string(file).unwrap()
            };
            let is_there = anchor.is_empty() || headings(&text).any(|heading| heading == anchor);
            assert!(is_there, "{}: {target}", path.display());
        }
    }
}

/// The anchors of a document, as GitHub makes them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    headings.map(|heading| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

/// The README, and all of `docs` but what a program writes.
fn guides() -> Vec<PathBuf> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let entries = fs::read_dir(&docs)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let guides = entries.filter(|path| {
        path.extension().is_some_and(|end| end == "md") && !path.ends_with("benchmarks.md")
    });
    guides.chain([docs.join("../README.md")]).collect()
}

fn blocks(path: &Path) -> Vec<Block> {
    let text = fs::read_to_string(path).unwrap();
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(kind) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let inside = lines.by_ref().map(|(_, line)| line);
        let inside = inside.take_while(|line| *line != "```");
        blocks.push(Block {
            kind: kind.to_owned(),
            text: inside.flat_map(|line| [line, "\n"]).collect(),
            place: format!("{}:{}", path.display(), number + 1),
        });
    }
    blocks
}
