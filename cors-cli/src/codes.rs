//! Every code that the command prints, explained at length. The texts are in `codes/`, where people read
//! them as pages; the command has them built in.

use cors_core::ErrorCode;

use crate::Error;
use crate::output::Short;

/// A code, and what it means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code {
    pub(crate) name: &'static str,
    /// The section about it, in Markdown, with its heading.
    pub(crate) text: &'static str,
}

/// A page, with a section for each code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}

pub(crate) const PAGES: [Page; 4] = [
    Page {
        title: "mistakes in a policy",
        text: MISTAKES,
    },
    Page {
        title: "findings about a sound policy",
        text: LINTS,
    },
    Page {
        title: "what browsers report",
        text: BROWSERS,
    },
    Page {
        title: "findings about a server",
        text: SERVERS,
    },
];
const MISTAKES: &str = include_str!("../codes/mistakes.md");
const LINTS: &str = include_str!("../codes/lints.md");
const BROWSERS: &str = include_str!("../codes/browsers.md");
const SERVERS: &str = include_str!("../codes/servers.md");

/// Every code, in the order of the pages.
pub(crate) fn all() -> impl Iterator<Item = Code> {
    PAGES.into_iter().flat_map(|page| on(page.text))
}

/// The codes on a page.
pub(crate) fn on(page: &'static str) -> impl Iterator<Item = Code> {
    // What stands before the first heading is about the page.
    let sections = page.split("\n## ").skip(1);
    sections.filter_map(|text| {
        let name = text.lines().next()?;
        Some(Code { name, text })
    })
}

/// The code of this name.
pub(crate) fn find(name: &str) -> Option<Code> {
    all().find(|code| code.name == name)
}

/// The code whose name is most like this one, if any is.
pub(crate) fn near(name: &str) -> Option<Code> {
    /// Below this [Jaro-Winkler similarity](strsim::jaro_winkler) names have little in common.
    const SIMILAR: f64 = 0.85;
    // A longer name is no misspelling, and the comparison takes quadratic time.
    if name.len() > 64 {
        return None;
    }
    let name = name.to_ascii_lowercase().replace(['_', ' '], "-");
    let codes = all().map(|code| (strsim::jaro_winkler(&name, code.name), code));
    let similar = codes.filter(|(similarity, _)| *similarity >= SIMILAR);
    let best = similar.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, code)| code)
}

/// What a code means, in a sentence; `None` if there is no such code. `cors check --explain CODE` says more.
///
/// # Examples
///
/// ```
/// assert!(cors_cli::summary("method-not-allowed").is_some_and(|text| text.ends_with('.')));
/// assert_eq!(cors_cli::summary("colour"), None);
/// ```
pub fn summary(code: &str) -> Option<String> {
    find(code).map(Code::summary)
}

/// What is wrong with a name that is no code.
pub(crate) fn unknown(name: &str) -> Error {
    let near = near(name).map(|code| format!("; did you mean `{}`?", code.name));
    Error::new(format!(
        "`{}` is no code{}\n`cors check --explain all` lists the codes",
        Short(name),
        near.unwrap_or_default()
    ))
}

/// Whether a code is that of a mistake.
pub(crate) fn is_mistake(name: &str) -> bool {
    ErrorCode::ALL.iter().any(|code| code.as_str() == name)
}

impl Code {
    /// The paragraphs below the heading.
    pub(crate) fn body(self) -> &'static str {
        self.text
            .split_once('\n')
            .map_or("", |(_, body)| body.trim())
    }

    /// The first paragraph, which says it in a sentence.
    pub(crate) fn summary(self) -> String {
        let paragraph = self.body().split("\n\n").next().unwrap_or_default();
        paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure_code::FailureCode;

    /// A page has a section for each code that exists, in the same order, and no other.
    #[track_caller]
    fn check(page: &'static str, existing: impl Iterator<Item = &'static str>) {
        let documented: Vec<_> = on(page).map(|code| code.name).collect();
        assert_eq!(documented, existing.collect::<Vec<_>>());
        for code in on(page) {
            assert!(code.summary().ends_with('.'), "{}", code.name);
        }
    }

    #[test]
    fn every_mistake_is_documented() {
        check(MISTAKES, ErrorCode::ALL.iter().map(|code| code.as_str()));
    }

    #[test]
    fn every_lint_is_documented() {
        check(LINTS, crate::check::lint_codes());
    }

    #[test]
    fn every_failure_is_documented() {
        check(
            BROWSERS,
            FailureCode::ALL.into_iter().map(FailureCode::code),
        );
    }

    #[test]
    fn every_finding_about_a_server_is_documented() {
        check(SERVERS, crate::probe::finding::CODES.into_iter());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = all().map(|code| code.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn near_names() {
        let near = |name| near(name).map(|code| code.name);
        assert_eq!(near("lowercase-method"), Some("lower-case-method"));
        assert_eq!(near("PLAIN_HTTP_ORIGIN"), Some("plain-http-origin"));
        assert_eq!(near("colour"), None);
        assert_eq!(near(&"any-port".repeat(100)), None);
    }
}
