//! The mutants that no test notices, with the reasons why they are not faults: `xtask/mutants.txt`.

use std::collections::BTreeMap;
use std::fs;

use crate::{Error, root};

pub(super) const FILE: &str = "xtask/mutants.txt";

/// The list, and how it differs from what was found.
#[derive(Debug)]
pub(crate) struct List {
    /// Each is `FILE: CHANGE`. One can be there several times.
    listed: Vec<String>,
    pub(crate) problems: Vec<String>,
}

impl List {
    pub(crate) fn read() -> Result<Self, Error> {
        let text = fs::read_to_string(root().join(FILE));
        let text = text.map_err(|error| Error::Failed(format!("{FILE}: {error}")))?;
        Self::parse(&text)
    }

    /// Reads paragraphs: lines that start with `#` have the reason for the mutants in the other lines.
    fn parse(text: &str) -> Result<Self, Error> {
        let mut listed = Vec::new();
        let mut has_reason = false;
        for (number, line) in text.lines().enumerate() {
            match line {
                "" => has_reason = false,
                _ if line.starts_with('#') => has_reason = true,
                _ if has_reason => listed.push(line.to_owned()),
                _ => {
                    return Err(Error::Failed(format!(
                        "{FILE}:{}: a reason is missing: write it in a line that starts with `#`, before this one",
                        number + 1
                    )));
                }
            }
        }
        Ok(Self {
            listed,
            problems: Vec::new(),
        })
    }

    /// Compares what no test noticed in a file. If these are not all mutants of the file, others are not missing.
    pub(crate) fn compare(&mut self, file: &str, survivors: &[String], are_all: bool) {
        let mut listed: Vec<_> = self.listed.iter().filter(|it| is_in(file, it)).collect();
        for survivor in survivors {
            let name = without_place(survivor);
            match listed.iter().position(|listed| **listed == name) {
                Some(index) => drop(listed.swap_remove(index)),
                None => self.problems.push(format!("no test notices {survivor}")),
            }
        }
        if are_all {
            let gone = |name: &&String| format!("{FILE}: a test notices this one now: {name}");
            self.problems.extend(listed.iter().map(gone));
        }
    }

    /// Finds what is listed for a package, and is not among its mutants.
    pub(crate) fn check_existence(&mut self, folder: &str, all: &BTreeMap<String, Vec<String>>) {
        let mut all: Vec<_> = all.values().flatten().map(|it| without_place(it)).collect();
        for listed in &self.listed {
            if !listed.starts_with(&format!("{folder}/")) {
                continue;
            }
            match all.iter().position(|name| name == listed) {
                Some(index) => drop(all.swap_remove(index)),
                None => {
                    let gone = format!("{FILE}: the code does not have this one: {listed}");
                    self.problems.push(gone);
                }
            }
        }
    }
}

fn is_in(file: &str, name: &str) -> bool {
    name.strip_prefix(file)
        .is_some_and(|rest| rest.starts_with(": "))
}

/// `FILE: CHANGE` of the name `FILE:LINE:COLUMN: CHANGE`. Lines change more often than code.
fn without_place(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    match (parts.next(), parts.nth(2)) {
        (Some(file), Some(change)) => format!("{file}:{change}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::List;

    const TEXT: &str = "# What a reason is.\n# Two lines.\na/src/x.rs: replace | with ^ in f\n\
        a/src/x.rs: replace | with ^ in f\n\n# Another.\na/src/y.rs: replace g -> u8 with 0\n";

    #[track_caller]
    fn check(file: &str, survivors: &[&str], are_all: bool, expected: &[&str]) {
        let mut list = List::parse(TEXT).unwrap_or_else(|_| panic!("{TEXT}"));
        let survivors: Vec<_> = survivors.iter().map(|it| (*it).to_owned()).collect();
        list.compare(file, &survivors, are_all);
        assert_eq!(list.problems, expected);
    }

    #[test]
    fn survivors_are_compared_with_the_list() {
        const TWO: [&str; 2] = [
            "a/src/x.rs:1:2: replace | with ^ in f",
            "a/src/x.rs:3:4: replace | with ^ in f",
        ];
        let [one, other] = TWO;
        let third = "a/src/x.rs:5:6: replace | with ^ in f";
        let now =
            "xtask/mutants.txt: a test notices this one now: a/src/x.rs: replace | with ^ in f";
        check("a/src/x.rs", &TWO, true, &[]);
        check(
            "a/src/x.rs",
            &[one, other, third],
            true,
            &[&format!("no test notices {third}")],
        );
        check("a/src/x.rs", &[one], true, &[now]);
        check("a/src/x.rs", &[one], false, &[]);
        check("a/src/z.rs", &[], true, &[]);
    }

    #[test]
    fn what_is_listed_must_exist() {
        let mut list = List::parse(TEXT).unwrap_or_else(|_| panic!("{TEXT}"));
        let names = ["a/src/x.rs:1:2: replace | with ^ in f".to_owned()];
        let all = BTreeMap::from([("a/src/x.rs".to_owned(), names.to_vec())]);
        list.check_existence("b", &all);
        assert_eq!(list.problems, [""; 0]);
        list.check_existence("a", &all);
        assert_eq!(
            list.problems,
            [
                "xtask/mutants.txt: the code does not have this one: a/src/x.rs: replace | with ^ in f",
                "xtask/mutants.txt: the code does not have this one: a/src/y.rs: replace g -> u8 with 0",
            ]
        );
    }

    #[test]
    fn each_mutant_has_a_reason() {
        assert!(List::parse("a/src/x.rs: replace g -> u8 with 0\n").is_err());
        assert!(List::parse("# Why.\n\na/src/x.rs: replace g -> u8 with 0\n").is_err());
    }
}
