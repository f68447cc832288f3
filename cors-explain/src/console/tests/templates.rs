//! Each text of the table.

use std::collections::BTreeSet;

use crate::codes;
use crate::console::messages;
use crate::console::page::{MESSAGES, items};
use crate::console::read::matches;
use crate::console::templates::all;
use crate::console::text::Compact;
use crate::failure_code::FailureCode;

#[test]
fn every_template_is_found_where_it_stands() {
    let holes = [
        ("{kind}", "CSS stylesheet"),
        ("{url}", "https://api.example.com/users?q=a"),
        ("{redirected_from}", "http://api.example.com/users"),
        ("{location}", "https://user:pass@api.example.com/"),
        ("{origin}", "https://app.example.com"),
        ("{method}", "PUT"),
        ("{header}", "x-custom"),
        ("{value}", "a, b"),
        ("{status}", "404"),
        ("{address_space}", "loopback"),
        ("{ignored}", "Window"),
    ];
    let mut texts = BTreeSet::new();
    for template in all() {
        // What a text implies is not in it.
        let implied = template.text.match_indices('{').find(|(at, _)| {
            let hole = template
                .text
                .get(*at..)
                .and_then(|rest| rest.split('}').next());
            hole.is_some_and(|hole| hole.contains('='))
        });
        let text = implied
            .and_then(|(at, _)| template.text.get(..at))
            .unwrap_or(template.text);
        let fill = |text: String, (hole, content): &(&str, &str)| text.replace(hole, content);
        let text = holes.iter().fold(text.to_owned(), fill);
        assert!(!text.contains('{'), "{text}");
        let compact = Compact::new(&text);
        let found = template.matches(&compact);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].range, 0..compact.as_str().len(), "{text}");
        assert!(texts.insert(template.text), "listed twice: {text}");
    }
}

/// A text that no test covers may be wrong or superfluous.
#[test]
fn every_template_is_seen_in_a_message() {
    let files = [
        include_str!("../../../tests/console/measured.txt"),
        include_str!("../../../tests/console/messages.txt"),
        include_str!("../../../tests/console/pasted.txt"),
        include_str!("../../../tests/console/real.txt"),
    ];
    let blocks = files.into_iter().flat_map(|file| file.split("\n## "));
    let seen: BTreeSet<_> = blocks
        .flat_map(|block| matches(&Compact::new(block)))
        .map(|found| found.template.text)
        .collect();
    let all = all().map(|template| template.text);
    let unseen: Vec<_> = all.filter(|text| !seen.contains(text)).collect();
    assert!(unseen.is_empty(), "{unseen:#?}");
}

/// The messages on the page, and the failures that they are recognized as.
const AMBIGUOUS: [(FailureCode, FailureCode); 5] = [
    (
        FailureCode::AllowOriginInvalid,
        FailureCode::AllowOriginMissing,
    ),
    (
        FailureCode::AllowOriginMismatch,
        FailureCode::AllowOriginMissing,
    ),
    (FailureCode::PreflightRedirect, FailureCode::PreflightNotOk),
    (FailureCode::RedirectLocation, FailureCode::NoResponse),
    (FailureCode::RedirectScheme, FailureCode::SchemeNotSupported),
];

#[test]
fn what_the_page_quotes_is_understood() {
    let mut ambiguous = BTreeSet::new();
    for failure in FailureCode::ALL.iter().copied() {
        let code = codes::find(failure.as_str()).unwrap();
        for item in items(code.body(), MESSAGES) {
            let mark = if item.contains("``") { "``" } else { "`" };
            for quoted in item.split(mark).skip(1).step_by(2) {
                let messages = messages(quoted).unwrap_or_default();
                assert_eq!(messages.len(), 1, "{quoted}: {messages:?}");
                let found = messages[0].failure;
                let exception = AMBIGUOUS
                    .iter()
                    .position(|known| *known == (failure, found));
                ambiguous.extend(exception);
                assert!(
                    found == failure || exception.is_some(),
                    "{quoted}: {found:?}"
                );
            }
        }
    }
    assert_eq!(ambiguous.len(), AMBIGUOUS.len(), "not needed any more");
}
