//! The result of a run, as a table, JSON or HTML.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::difference::KnownDifference;
use crate::judge::JUDGES;
use crate::server::Framework;

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The frameworks, in the order of the columns.
    pub frameworks: Vec<Framework>,
    /// The groups of cases, in the order of the rows.
    pub groups: Vec<Group>,
    /// What is wrong.
    pub failures: Vec<CaseFailure>,
    /// How many exchanges each known difference was found in.
    pub known: Vec<usize>,
    /// How many exchanges passed each of [`JUDGES`].
    pub judged: [usize; JUDGES.len()],
}

/// A row: a group of cases.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The result on each framework.
    pub cells: Vec<Cell>,
}

/// The result of a group on a framework, in exchanges.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cell {
    /// All of them.
    pub exchanges: usize,
    /// Those with a known difference.
    pub known: usize,
    /// Those with something wrong.
    pub failed: usize,
}

/// Something wrong with an exchange.
#[derive(Clone, Debug, Serialize)]
pub struct CaseFailure {
    /// Where.
    #[serde(serialize_with = "name_of")]
    pub framework: Framework,
    /// The name of the case.
    pub case: String,
    /// The check that failed.
    pub judge: String,
    /// How it failed.
    pub message: String,
}

impl Report {
    /// A report without results.
    pub fn new(frameworks: Vec<Framework>, differences: usize) -> Self {
        Self {
            frameworks,
            groups: Vec::new(),
            failures: Vec::new(),
            known: vec![0; differences],
            judged: [0; JUDGES.len()],
        }
    }

    /// Adds the result of an exchange on the framework of a column: the index of a known difference
    /// and what is wrong.
    pub fn add(
        &mut self,
        column: usize,
        group: &str,
        known: Option<usize>,
        failures: Vec<CaseFailure>,
    ) {
        if self.groups.last().is_none_or(|last| last.name != group) {
            self.groups.push(Group {
                name: group.to_owned(),
                cells: vec![Cell::default(); self.frameworks.len()],
            });
        }
        let row = self.groups.last_mut();
        if let Some(cell) = row.and_then(|row| row.cells.get_mut(column)) {
            cell.exchanges += 1;
            cell.known += usize::from(known.is_some());
            cell.failed += usize::from(!failures.is_empty());
        }
        if let Some(count) = known.and_then(|known| self.known.get_mut(known)) {
            *count += 1;
        }
        self.failures.extend(failures);
    }

    /// Counts every known difference that was not found as a failure. Call it only after a run of all
    /// cases.
    pub fn reject_unused(&mut self, differences: &[KnownDifference]) {
        for (difference, count) in differences.iter().zip(&self.known) {
            if *count == 0 && self.frameworks.contains(&difference.framework) {
                self.failures.push(CaseFailure {
                    framework: difference.framework,
                    case: difference.cases().to_owned(),
                    judge: "known difference".to_owned(),
                    message: "no case has this name: remove it from the list".to_owned(),
                });
            }
        }
    }

    /// All exchanges on all frameworks together.
    pub fn total(&self) -> Cell {
        self.groups
            .iter()
            .flat_map(|group| &group.cells)
            .fold(Cell::default(), |sum, cell| Cell {
                exchanges: sum.exchanges + cell.exchanges,
                known: sum.known + cell.known,
                failed: sum.failed + cell.failed,
            })
    }

    /// The report as text: a table, the known differences, what is wrong, and a closing line.
    pub fn text(&self, differences: &[KnownDifference]) -> String {
        let head = ["group".to_owned()].into_iter();
        let mut rows = vec![
            head.chain(self.frameworks.iter().map(ToString::to_string))
                .collect(),
        ];
        for group in &self.groups {
            let cells = group.cells.iter().map(ToString::to_string);
            rows.push([group.name.clone()].into_iter().chain(cells).collect());
        }
        let mut text = table(&rows);
        let judged = JUDGES.iter().zip(self.judged);
        let judged = judged.map(|(judge, count)| format!("{} {count}", judge.name));
        let judged: Vec<_> = judged.collect();
        let _ = writeln!(
            text,
            "\nexchanges that passed each check: {}",
            judged.join(", ")
        );
        let found = differences
            .iter()
            .zip(&self.known)
            .filter(|(_, count)| **count > 0);
        for (index, (difference, count)) in found.enumerate() {
            if index == 0 {
                text.push_str("\nknown differences:\n");
            }
            let KnownDifference {
                framework, reason, ..
            } = difference;
            let _ = writeln!(text, "  {framework}, {}: {reason}", exchanges(*count));
        }
        if !self.failures.is_empty() {
            text.push_str("\nfailed:\n");
        }
        for CaseFailure {
            framework,
            case,
            judge,
            message,
        } in &self.failures
        {
            let _ = writeln!(text, "  {framework} {case}\n    {judge}: {message}");
        }
        let Cell {
            exchanges: all,
            known,
            failed,
        } = self.total();
        let _ = match self.failures.is_empty() {
            true => writeln!(
                text,
                "\n{} ({}): all passed{}",
                exchanges(all),
                self.frameworks
                    .iter()
                    .map(|framework| format!("{} on {framework}", all / self.frameworks.len()))
                    .collect::<Vec<_>>()
                    .join(", "),
                match known {
                    0 => String::new(),
                    _ => format!(", {known} with a known difference"),
                },
            ),
            false => writeln!(text, "\n{failed} of {} failed", exchanges(all)),
        };
        text
    }

    /// The report as JSON.
    pub fn json(&self, differences: &[KnownDifference]) -> String {
        let groups = self.groups.iter().map(|group| {
            let cells = self
                .frameworks
                .iter()
                .zip(&group.cells)
                .map(|(framework, cell)| {
                    let cell = serde_json::json!({
                        "exchanges": cell.exchanges,
                        "known_differences": cell.known,
                        "failed": cell.failed,
                    });
                    (framework.to_string(), cell)
                });
            serde_json::json!({
                "name": group.name,
                "frameworks": cells.collect::<serde_json::Map<_, _>>(),
            })
        });
        let known = differences
            .iter()
            .zip(&self.known)
            .map(|(difference, count)| {
                serde_json::json!({
                    "framework": difference.framework.name(),
                    "cases": difference.cases(),
                    "reason": difference.reason,
                    "exchanges": count,
                })
            });
        let judged = JUDGES.iter().zip(self.judged);
        let judged = judged.map(|(judge, count)| (judge.name.to_owned(), count.into()));
        let total = self.total();
        let json = serde_json::json!({
            "exchanges": total.exchanges,
            "found_right_by": judged.collect::<serde_json::Map<_, _>>(),
            "failed": total.failed,
            "groups": groups.collect::<Vec<_>>(),
            "known_differences": known.collect::<Vec<_>>(),
            "failures": self.failures,
        });
        format!("{json:#}\n")
    }

    /// The report as a page that loads no other file.
    pub fn html(&self, differences: &[KnownDifference]) -> String {
        let mut page = String::from(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>CORS test matrix</title>\n\
             <style>\n:root { color-scheme: light dark }\n\
             body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }\n\
             table { border-collapse: collapse }\nth, td { padding: .2rem .8rem; text-align: left; border-bottom: 1px solid #8886 }\n\
             .wrong { color: light-dark(#b00020, #ff8a8a); font-weight: bold }\n</style>\n<h1>CORS test matrix</h1>\n",
        );
        let total = self.total();
        let _ = match self.failures.is_empty() {
            true => writeln!(page, "<p>{}, all passed.</p>", exchanges(total.exchanges)),
            false => writeln!(
                page,
                "<p class=\"wrong\">{} of {} failed.</p>",
                total.failed,
                exchanges(total.exchanges)
            ),
        };
        page.push_str("<table>\n<tr><th scope=\"col\">group");
        for framework in &self.frameworks {
            let _ = write!(page, "<th scope=\"col\">{framework}");
        }
        for group in &self.groups {
            let _ = write!(page, "\n<tr><th scope=\"row\">{}", escape(&group.name));
            for cell in &group.cells {
                let class = if cell.failed > 0 {
                    " class=\"wrong\""
                } else {
                    ""
                };
                let _ = write!(page, "<td{class}>{cell}");
            }
        }
        page.push_str("\n</table>\n<h2>Known differences</h2>\n<ul>\n");
        for (difference, count) in differences.iter().zip(&self.known).filter(|(_, c)| **c > 0) {
            let (framework, reason) = (difference.framework, escape(&difference.reason));
            let _ = writeln!(page, "<li>{framework}, {}: {reason}", exchanges(*count));
        }
        page.push_str("</ul>\n");
        if !self.failures.is_empty() {
            page.push_str("<h2>Failed</h2>\n<ul>\n");
        }
        for failure in &self.failures {
            let (case, message) = (escape(&failure.case), escape(&failure.message));
            let CaseFailure {
                framework, judge, ..
            } = failure;
            let _ = writeln!(page, "<li>{framework} {case}<br>{judge}: {message}");
        }
        if !self.failures.is_empty() {
            page.push_str("</ul>\n");
        }
        page
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            exchanges,
            known,
            failed,
        } = self;
        match (failed, known) {
            (0, 0) => write!(f, "{exchanges} passed"),
            (0, _) => write!(f, "{} passed, {known} known", exchanges - known),
            _ => write!(f, "{failed} of {exchanges} FAILED"),
        }
    }
}

/// Columns of text under a heading, aligned.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
        if index == 0 {
            let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
            let _ = writeln!(text, "{}", rule.join("  "));
        }
    }
    text
}

fn exchanges(count: usize) -> String {
    match count {
        1 => "1 exchange".to_owned(),
        _ => format!("{count} exchanges"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn name_of<S: serde::Serializer>(framework: &Framework, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(framework.name())
}
