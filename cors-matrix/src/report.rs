//! The result of a run, as a table, JSON or HTML.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::column::Column;
use crate::difference::{Columns, Differences};
use crate::judge::JUDGES;

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The columns, in their order.
    pub columns: Vec<Column>,
    /// The groups of cases, in the order of the rows.
    pub groups: Vec<Group>,
    /// What is wrong.
    pub failures: Vec<CaseFailure>,
    /// How many exchanges each known difference was found in.
    pub known: Vec<usize>,
    /// The policies that were not exported.
    pub refused: Vec<RefusedPolicy>,
    /// How many exchanges passed each of [`JUDGES`].
    pub judged: [usize; JUDGES.len()],
}

/// A row: a group of cases.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The result in each column.
    pub cells: Vec<Cell>,
}

/// The result of a group in a column, in exchanges.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cell {
    /// All of them.
    pub exchanges: usize,
    /// Those with a known difference.
    pub known: usize,
    /// Those with something wrong.
    pub failed: usize,
    /// The cases without an exchange: their policy cannot be exported.
    pub refused: usize,
}

/// A policy that cannot be exported to a gateway, although it has cases.
#[derive(Clone, Debug)]
pub struct RefusedPolicy {
    /// The gateway.
    pub column: Column,
    /// The name of the policy.
    pub policy: String,
    /// How many cases it has.
    pub cases: usize,
    /// The [`KnownRefusal`](crate::difference::KnownRefusal) that lists it, by its index.
    pub known: Option<usize>,
}

/// Something wrong with an exchange.
#[derive(Clone, Debug, Serialize)]
pub struct CaseFailure {
    /// Where.
    #[serde(rename = "framework", serialize_with = "name_of")]
    pub column: Column,
    /// The name of the case.
    pub case: String,
    /// The check that failed.
    pub judge: String,
    /// How it failed.
    pub message: String,
}

impl Report {
    /// A report without results.
    pub fn new(columns: Vec<Column>, differences: &Differences) -> Self {
        Self {
            columns,
            groups: Vec::new(),
            failures: Vec::new(),
            known: vec![0; differences.known.len()],
            refused: Vec::new(),
            judged: [0; JUDGES.len()],
        }
    }

    /// Adds the result of an exchange in a column: the index of a known difference and what is wrong.
    pub fn add(
        &mut self,
        column: usize,
        group: &str,
        known: Option<usize>,
        failures: Vec<CaseFailure>,
    ) {
        if let Some(cell) = self.cell(column, group) {
            cell.exchanges += 1;
            cell.known += usize::from(known.is_some());
            cell.failed += usize::from(!failures.is_empty());
        }
        if let Some(count) = known.and_then(|known| self.known.get_mut(known)) {
            *count += 1;
        }
        self.failures.extend(failures);
    }

    /// Adds a case in a column whose gateway cannot apply the policy.
    pub fn add_refused(&mut self, column: usize, group: &str) {
        if let Some(cell) = self.cell(column, group) {
            cell.refused += 1;
        }
    }

    fn cell(&mut self, column: usize, group: &str) -> Option<&mut Cell> {
        if self.groups.last().is_none_or(|last| last.name != group) {
            self.groups.push(Group {
                name: group.to_owned(),
                cells: vec![Cell::default(); self.columns.len()],
            });
        }
        self.groups.last_mut()?.cells.get_mut(column)
    }

    /// Counts every known difference and every known refusal that was not found as a failure. Call it only after a
    /// run of all cases.
    pub fn reject_unused(&mut self, differences: &Differences) {
        let unused = differences.known.iter().zip(&self.known);
        let unused = unused.filter(|(_, count)| **count == 0);
        let unused = unused.map(|(known, _)| (&known.columns, known.cases(), "difference", "case"));
        let is_found = |index| self.refused.iter().any(|found| found.known == Some(index));
        let unused_refusals = (0..).zip(&differences.refused);
        let unused_refusals = unused_refusals.filter(|(index, _)| !is_found(*index));
        let unused_refusals = unused_refusals.map(|(_, known)| {
            (
                &known.columns,
                known.policies(),
                "refusal",
                "refused policy",
            )
        });
        let mut failures = Vec::new();
        for (columns, names, entry, what) in unused.chain(unused_refusals) {
            let column = self.columns.iter().find(|column| columns.has(**column));
            failures.extend(column.map(|column| CaseFailure {
                column: *column,
                case: names.to_owned(),
                judge: format!("known {entry}"),
                message: format!("no {what} has this name: remove it from the list"),
            }));
        }
        self.failures.extend(failures);
    }

    /// All exchanges in all columns together.
    pub fn total(&self) -> Cell {
        sum(self.groups.iter().flat_map(|group| &group.cells))
    }

    /// All exchanges in a column.
    fn of_column(&self, column: usize) -> Cell {
        sum(self
            .groups
            .iter()
            .filter_map(|group| group.cells.get(column)))
    }

    /// The report as text: a table, the known differences, what is wrong, and a closing line.
    pub fn text(&self, differences: &Differences) -> String {
        let head = ["group".to_owned()].into_iter();
        let mut rows = vec![
            head.chain(self.columns.iter().map(ToString::to_string))
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
        for (index, (columns, count, reason)) in self.found(differences).enumerate() {
            if index == 0 {
                text.push_str("\nknown differences:\n");
            }
            let _ = writeln!(text, "  {columns}, {count}: {reason}");
        }
        for (index, (columns, count, reason)) in self.refusals(differences).enumerate() {
            if index == 0 {
                text.push_str("\npolicies that are not exported:\n");
            }
            let _ = writeln!(text, "  {columns}, {count}: {reason}");
        }
        if !self.failures.is_empty() {
            text.push_str("\nfailed:\n");
        }
        for CaseFailure {
            column,
            case,
            judge,
            message,
        } in &self.failures
        {
            let _ = writeln!(text, "  {column} {case}\n    {judge}: {message}");
        }
        let Cell {
            exchanges: all,
            known,
            failed,
            ..
        } = self.total();
        let _ = match self.failures.is_empty() {
            true => writeln!(
                text,
                "\n{} ({}): all passed{}",
                exchanges(all),
                (0..)
                    .zip(&self.columns)
                    .map(|(index, column)| {
                        format!("{} on {column}", self.of_column(index).exchanges)
                    })
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

    /// The known differences that were found: the columns, in how many exchanges, and the reason.
    fn found<'a>(
        &self,
        differences: &'a Differences,
    ) -> impl Iterator<Item = (&'a Columns, String, &'a str)> {
        let found = differences.known.iter().zip(&self.known);
        let found = found.filter(|(_, count)| **count > 0);
        found.map(|(known, count)| (&known.columns, exchanges(*count), &*known.reason))
    }

    /// The listed policies that are refused: the columns, how many policies and cases, and the reason.
    fn refusals<'a>(
        &self,
        differences: &'a Differences,
    ) -> impl Iterator<Item = (&'a Columns, String, &'a str)> {
        (0..)
            .zip(&differences.refused)
            .filter_map(|(index, known)| {
                let found = self.refused.iter().filter(|it| it.known == Some(index));
                let found: Vec<_> = found.collect();
                let cases: usize = found.iter().map(|policy| policy.cases).sum();
                let mut names: Vec<_> = found.iter().map(|policy| &*policy.policy).collect();
                names.sort_unstable();
                names.dedup();
                let count = format!("{cases} cases of {}", names.join(", "));
                (!found.is_empty()).then_some((&known.columns, count, &*known.reason))
            })
    }

    /// The report as JSON. A column is a `framework` there, also that of a gateway.
    pub fn json(&self, differences: &Differences) -> String {
        let groups = self.groups.iter().map(|group| {
            let cells = self.columns.iter().zip(&group.cells);
            let cells = cells.map(|(column, cell)| {
                let cell = serde_json::json!({
                    "exchanges": cell.exchanges,
                    "known_differences": cell.known,
                    "failed": cell.failed,
                    "refused": cell.refused,
                });
                (column.to_string(), cell)
            });
            serde_json::json!({
                "name": group.name,
                "frameworks": cells.collect::<serde_json::Map<_, _>>(),
            })
        });
        let known = differences.known.iter().zip(&self.known);
        let known = known.map(|(difference, count)| {
            serde_json::json!({
                "framework": difference.columns.to_string(),
                "cases": difference.cases(),
                "reason": difference.reason,
                "exchanges": count,
            })
        });
        let refused = self.refused.iter().map(|refused| {
            let known = refused
                .known
                .and_then(|known| differences.refused.get(known));
            serde_json::json!({
                "framework": refused.column.to_string(),
                "policy": refused.policy,
                "cases": refused.cases,
                "reason": known.map(|known| &known.reason),
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
            "refused_policies": refused.collect::<Vec<_>>(),
            "failures": self.failures,
        });
        format!("{json:#}\n")
    }

    /// The report as a page that loads no other file.
    pub fn html(&self, differences: &Differences) -> String {
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
        for column in &self.columns {
            let _ = write!(page, "<th scope=\"col\">{column}");
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
        for (columns, count, reason) in self.found(differences) {
            let _ = writeln!(page, "<li>{columns}, {count}: {}", escape(reason));
        }
        page.push_str("</ul>\n");
        if !self.refused.is_empty() {
            page.push_str("<h2>Policies that are not exported</h2>\n<ul>\n");
            for (columns, count, reason) in self.refusals(differences) {
                let (count, reason) = (escape(&count), escape(reason));
                let _ = writeln!(page, "<li>{columns}, {count}: {reason}");
            }
            page.push_str("</ul>\n");
        }
        if !self.failures.is_empty() {
            page.push_str("<h2>Failed</h2>\n<ul>\n");
        }
        for failure in &self.failures {
            let (case, message) = (escape(&failure.case), escape(&failure.message));
            let CaseFailure { column, judge, .. } = failure;
            let _ = writeln!(page, "<li>{column} {case}<br>{judge}: {message}");
        }
        if !self.failures.is_empty() {
            page.push_str("</ul>\n");
        }
        page
    }
}

fn sum<'a>(cells: impl Iterator<Item = &'a Cell>) -> Cell {
    cells.fold(Cell::default(), |sum, cell| Cell {
        exchanges: sum.exchanges + cell.exchanges,
        known: sum.known + cell.known,
        failed: sum.failed + cell.failed,
        refused: sum.refused + cell.refused,
    })
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            exchanges,
            known,
            failed,
            refused,
        } = self;
        match (failed, known) {
            (0, 0) => write!(f, "{exchanges} passed"),
            (0, _) => write!(f, "{} passed, {known} known", exchanges - known),
            _ => write!(f, "{failed} of {exchanges} FAILED"),
        }?;
        match refused {
            0 => Ok(()),
            _ => write!(f, ", {refused} refused"),
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

fn name_of<S: serde::Serializer>(column: &Column, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(column)
}
