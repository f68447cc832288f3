//! `cargo xtask tidy`: finds words that are hard to read, and prints what to write instead.

use std::fs;
use std::io;
use std::process::{Command, ExitCode};

use regex_lite::Regex;

use crate::{Error, root};

/// A word that is not written here.
struct Word {
    /// A regular expression; case does not matter.
    pattern: &'static str,
    /// What each match contains, in lower case. A search for it is much faster than the expression.
    part: &'static str,
    /// Contexts in which it is right: after a text that matches, or before one.
    unless_after: Option<&'static str>,
    unless_before: Option<&'static str>,
    /// What to write instead.
    instead: &'static str,
}

const WORDS: [Word; 9] = [
    Word {
        pattern: r"\b(?:is|are|was|were) no [a-z]",
        part: " no ",
        unless_after: Some(r"\bthere $"),
        unless_before: Some("^onger"),
        instead: "`is not a`, `are not`",
    },
    Word {
        pattern: r"\bbeside\b",
        part: "beside",
        unless_after: None,
        unless_before: None,
        instead: "`next to`, `with`",
    },
    Word {
        pattern: r"\bbehind\b",
        part: "behind",
        unless_after: None,
        unless_before: Some(concat!(
            // A hyphen is in the anchor of a heading.
            r"^[ -](?:(?:a|an|another|its|one|our|that|the|this|your)[ -])?(?:[a-z]+ )?",
            r"(?:cache|CDN|Envoy|firewall|gateway|HAProxy|ingress|load balancer|nginx|prox(?:y|ies)|Varnish)",
        )),
        instead: "`after`, `following`; `behind` is for a proxy, a CDN, a cache",
    },
    Word {
        pattern: "it is tempting",
        part: "tempting",
        unless_after: None,
        unless_before: None,
        instead: "`Do not ...: ` and the reason",
    },
    Word {
        pattern: r"\bwhoever\b",
        part: "whoever",
        unless_after: None,
        unless_before: None,
        instead: "who it is: `the client`, `the process that`, `a page that`",
    },
    Word {
        pattern: r"\bof no use\b",
        part: "of no use",
        unless_after: None,
        unless_before: None,
        instead: "`redundant`, `without effect`",
    },
    Word {
        pattern: r"\bstands\b",
        part: "stands",
        unless_after: None,
        unless_before: Some("^ for"),
        instead: "`is`; `stands for` is right",
    },
    Word {
        pattern: r"\bmistakes?\b",
        part: "mistake",
        unless_after: None,
        // The name of a file.
        unless_before: Some(r"^\.md\b"),
        instead: "`error`",
    },
    Word {
        pattern: r"\bin force\b",
        part: "in force",
        unless_after: None,
        unless_before: None,
        instead: "`active`, `current`",
    },
];

/// Files with texts of others, and this one, which has the list.
const EXCEPT: [&str; 3] = [
    "xtask/src/tidy.rs",
    // What browsers print.
    "cors-explain/src/console/templates.rs",
    // What browsers did.
    "cors-browser-model/tests/suite/measured/measured.toml",
];

const ENDINGS: [&str; 8] = [
    ".css", ".html", ".js", ".md", ".rs", ".sh", ".toml", ".ci/run",
];

/// A line with this mark is not searched.
const QUOTED: &str = "tidy: quoted";

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    crate::options(args, |_, _| Ok(false))?;
    let words = Words::new().map_err(|error| Error::Failed(error.to_string()))?;
    let mut count = 0;
    for name in tracked_files().map_err(|error| Error::Failed(format!("git: {error}")))? {
        if EXCEPT.contains(&&*name) || !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        let text = match fs::read_to_string(root().join(&name)) {
            Ok(text) => text,
            // Removed, and not committed yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::Failed(format!("{name}: {error}"))),
        };
        for (line, word, instead) in words.find(&text) {
            println!("{name}:{line}: `{word}`; write {instead}");
            count += 1;
        }
    }
    match count {
        0 => {
            println!("tidy: no word of the list is used");
            Ok(ExitCode::SUCCESS)
        }
        1 => Err(Error::Failed("tidy: 1 word to replace".to_owned())),
        _ => Err(Error::Failed(format!("tidy: {count} words to replace"))),
    }
}

fn tracked_files() -> io::Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ));
    }
    let names = String::from_utf8_lossy(&output.stdout);
    Ok(names
        .split_terminator('\0')
        .map(ToOwned::to_owned)
        .collect())
}

/// [`WORDS`], compiled.
struct Words(Vec<Compiled>);

struct Compiled {
    word: &'static Word,
    pattern: Regex,
    unless_after: Option<Regex>,
    unless_before: Option<Regex>,
}

impl Words {
    fn new() -> Result<Self, regex_lite::Error> {
        let compile = |pattern: &str| Regex::new(&format!("(?i){pattern}"));
        let words = WORDS.iter().map(|word| {
            Ok(Compiled {
                word,
                pattern: compile(word.pattern)?,
                unless_after: word.unless_after.map(compile).transpose()?,
                unless_before: word.unless_before.map(compile).transpose()?,
            })
        });
        Ok(Self(words.collect::<Result<_, _>>()?))
    }

    /// The words in a text, with the number of their line and what to write instead. A line is read together with
    /// those before and after it, because sentences continue in the next line.
    fn find(&self, text: &str) -> Vec<(usize, String, &'static str)> {
        let lines: Vec<&str> = text.lines().map(without_margin).collect();
        let line_of = |number: Option<usize>| {
            let line = number.and_then(|number| lines.get(number));
            line.copied().unwrap_or_default()
        };
        let mut found = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            if line.contains(QUOTED) {
                continue;
            }
            let start = format!("{} ", line_of(number.checked_sub(1)));
            let all = format!("{start}{line} {}", line_of(number.checked_add(1)));
            let lower = all.to_ascii_lowercase();
            let own = start.len()..start.len() + line.len();
            for compiled in &self.0 {
                if !lower.contains(compiled.word.part) {
                    continue;
                }
                let matches = compiled.pattern.find_iter(&all);
                for word in matches.filter(|word| own.contains(&word.start())) {
                    let (before, after) = (all.get(..word.start()), all.get(word.end()..));
                    if !is_in(compiled.unless_after.as_ref(), before)
                        && !is_in(compiled.unless_before.as_ref(), after)
                    {
                        found.push((number + 1, word.as_str().to_owned(), compiled.word.instead));
                    }
                }
            }
        }
        found
    }
}

/// A line without indentation and the mark of a comment, and without the backslash of a string that continues.
fn without_margin(line: &str) -> &str {
    let line = line.trim();
    let marks = ["///", "//!", "//", "#", "*", ">", "-"];
    let text = marks.iter().find_map(|mark| line.strip_prefix(mark));
    let text = text.unwrap_or(line).trim_start();
    text.strip_suffix('\\').map_or(text, str::trim_end)
}

fn is_in(context: Option<&Regex>, text: Option<&str>) -> bool {
    context
        .zip(text)
        .is_some_and(|(context, text)| context.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::Words;

    /// `expected`: the line and the word of each match.
    #[track_caller]
    fn check(text: &str, expected: &[(usize, &str)]) {
        let found = Words::new().map(|words| words.find(text));
        let found = found.unwrap_or_default();
        let found: Vec<_> = found
            .iter()
            .map(|(line, word, _)| (*line, word.as_str()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn words() {
        check("this is no token", &[(1, "is no t")]);
        check(
            "Whoever\nIs no token, or a list",
            &[(1, "Whoever"), (2, "Is no t")],
        );
        check(
            "these are no tokens; it was no URL",
            &[(1, "are no t"), (1, "was no U")],
        );
        check("next\nbeside it", &[(2, "beside")]);
        check("the text behind it", &[(1, "behind")]);
        check("It is tempting to", &[(1, "It is tempting")]);
        check("this is of no use", &[(1, "of no use")]);
        check("it stands\nthere", &[(1, "stands")]);
        check(
            "a mistake, two mistakes",
            &[(1, "mistake"), (1, "mistakes")],
        );
        check("the policy in force", &[(1, "in force")]);
    }

    #[test]
    fn contexts() {
        for text in [
            "there is no token; There was no URL",
            "it is no longer there",
            "besides",
            "behind a proxy, behind nginx, behind the reverse proxy, behind your CDN",
            "behind a load balancer",
            "[nginx](deploying.md#behind-nginx), [gateways](#behind-a-gateway)",
            "`*` stands for any label",
            "codes/mistakes.md",
            "let in_force = behind_it;",
            "we write \"beside\" <!-- tidy: quoted -->",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn sentences_go_on_in_the_next_line() {
        check("/// This is\n/// no token.", &[(1, "is no t")]);
        check("    // There\n    // is no token.", &[]);
        check("//! behind\n//! a proxy", &[]);
        check("\"it is of no \\\n     use\"", &[(1, "of no use")]);
        check("- a letter stands\n  for a word", &[]);
    }
}
