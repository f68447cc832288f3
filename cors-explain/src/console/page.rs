//! The parts of the section of `codes/browsers.md` about a failure.

use crate::codes;
use crate::failure_code::FailureCode;

#[cfg(test)]
pub(super) const MESSAGES: &str = "### What the browsers print";
const CAUSES: &str = "### Why";
const REMEDIES: &str = "### What to do";

/// The parts of a section.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) summary: String,
    /// The causes, most likely first.
    pub(super) causes: Vec<String>,
    /// What to do, and where: `In the policy`.
    pub(super) remedies: Vec<(String, String)>,
}

impl Section {
    pub(super) fn of(failure: FailureCode) -> Self {
        let code = codes::find(failure.as_str());
        let body = code.map_or("", |code| code.body());
        Self {
            summary: code.map_or_else(String::new, |code| code.summary()),
            causes: items(body, CAUSES),
            remedies: remedies(body),
        }
    }
}

fn remedies(body: &str) -> Vec<(String, String)> {
    let items = items(body, REMEDIES).into_iter();
    let placed = items.filter_map(|item| {
        let (place, remedy) = item.split_once(": ")?;
        Some((place.to_owned(), remedy.to_owned()))
    });
    placed.collect()
}

/// The items of the list below a heading.
pub(super) fn items(body: &str, heading: &str) -> Vec<String> {
    let lines = body.lines().skip_while(|line| *line != heading).skip(1);
    let mut items: Vec<String> = Vec::new();
    for line in lines.take_while(|line| !line.starts_with('#')) {
        match (line.strip_prefix("- "), items.last_mut()) {
            (Some(item), _) => items.push(item.to_owned()),
            // A paragraph below the list is not indented.
            (None, Some(item)) if line.starts_with("  ") => {
                item.push(' ');
                item.push_str(line.trim());
            }
            (None, _) => {}
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_says_why_and_what_to_do() {
        for failure in FailureCode::ALL.iter().copied() {
            let section = Section::of(failure);
            assert!(section.summary.ends_with('.'), "{failure:?}: {section:?}");
            assert!(!section.causes.is_empty(), "{failure:?}");
            assert!(!section.remedies.is_empty(), "{failure:?}");
            for (place, remedy) in section.remedies {
                let places = [
                    "In the policy",
                    "On the server",
                    "In the page",
                    "In the browser",
                ];
                assert!(places.contains(&&*place), "{failure:?}: {place}: {remedy}");
            }
        }
    }
}
