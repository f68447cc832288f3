//! The explanations of all codes. The texts are pages in `codes/`.
//!
//! # Examples
//!
//! ```
//! use cors_explain::codes;
//!
//! let code = codes::find("method-not-allowed").ok_or("no such code")?;
//! assert!(code.summary().ends_with('.'));
//! assert!(code.body().contains("### Why"));
//! assert_eq!(codes::near("method_not_alowed").map(|code| code.name), Some("method-not-allowed"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use cors_core::ErrorCode;

/// A code and its explanation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Code {
    /// Its name: `method-not-allowed`.
    pub name: &'static str,
    /// The section about it, in Markdown, with its heading.
    text: &'static str,
}

/// A page, with a section for each code.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Page {
    /// What its codes are about.
    pub title: &'static str,
    text: &'static str,
}

/// The pages: errors in a policy, lints, messages of browsers, and findings about servers.
pub const PAGES: &[Page] = &[
    Page {
        title: "errors in a policy",
        text: ERRORS,
    },
    Page {
        title: "warnings and notes about a valid policy",
        text: LINTS,
    },
    Page {
        title: "messages of browsers",
        text: BROWSERS,
    },
    Page {
        title: "findings about a server",
        text: SERVERS,
    },
];
const ERRORS: &str = include_str!("../codes/errors.md");
const LINTS: &str = include_str!("../codes/lints.md");
const BROWSERS: &str = include_str!("../codes/browsers.md");
const SERVERS: &str = include_str!("../codes/servers.md");

/// Every code, in the order of the pages.
pub fn all() -> impl Iterator<Item = Code> {
    PAGES.iter().flat_map(Page::codes)
}

/// The code of this name.
pub fn find(name: &str) -> Option<Code> {
    all().find(|code| code.name == name)
}

/// The code with the most similar name, if any is similar.
pub fn near(name: &str) -> Option<Code> {
    /// Below this [Jaro-Winkler similarity](strsim::jaro_winkler) names have little in common.
    const SIMILAR: f64 = 0.85;
    // A longer name is not a misspelling, and the comparison takes quadratic time.
    if name.len() > 64 {
        return None;
    }
    let name = name.to_ascii_lowercase().replace(['_', ' '], "-");
    let codes = all().map(|code| (strsim::jaro_winkler(&name, code.name), code));
    let similar = codes.filter(|(similarity, _)| *similarity >= SIMILAR);
    let best = similar.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, code)| code)
}

/// What a code means, in a sentence; `None` if there is no such code. `cors check --explain CODE` prints more.
///
/// # Examples
///
/// ```
/// assert!(cors_explain::summary("method-not-allowed").is_some_and(|text| text.ends_with('.')));
/// assert_eq!(cors_explain::summary("colour"), None);
/// ```
pub fn summary(code: &str) -> Option<String> {
    find(code).map(Code::summary)
}

/// Whether a code is that of an error, with which a file is not a valid policy.
pub fn is_error(name: &str) -> bool {
    ErrorCode::ALL.iter().any(|code| code.as_str() == name)
}

impl Page {
    /// The codes on the page.
    pub fn codes(&self) -> impl Iterator<Item = Code> + use<> {
        // The text before the first heading is about the page.
        let sections = self.text.split("\n## ").skip(1);
        sections.filter_map(|text| {
            let name = text.lines().next()?;
            Some(Code { name, text })
        })
    }
}

impl Code {
    /// The paragraphs below the heading, in Markdown.
    pub fn body(self) -> &'static str {
        self.text
            .split_once('\n')
            .map_or("", |(_, body)| body.trim())
    }

    /// The first paragraph, which is one sentence.
    pub fn summary(self) -> String {
        let paragraph = self.body().split("\n\n").next().unwrap_or_default();
        paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure_code::FailureCode;

    /// A page has exactly one section for each code that exists, in the same order.
    #[track_caller]
    fn check(page: usize, existing: impl Iterator<Item = &'static str>) {
        let page = &PAGES[page];
        let documented: Vec<_> = page.codes().map(|code| code.name).collect();
        assert_eq!(documented, existing.collect::<Vec<_>>());
        for code in page.codes() {
            assert!(code.summary().ends_with('.'), "{}", code.name);
        }
    }

    #[test]
    fn every_mistake_is_documented() {
        check(0, ErrorCode::ALL.iter().map(|code| code.as_str()));
    }

    #[test]
    fn every_lint_is_documented() {
        check(1, crate::check::lint_codes());
    }

    #[test]
    fn every_failure_is_documented() {
        check(2, FailureCode::ALL.iter().map(|code| code.as_str()));
    }

    #[test]
    fn every_finding_about_a_server_is_documented() {
        check(3, crate::server::CODES.iter().copied());
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
