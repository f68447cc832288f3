//! Messages of other people, with the cause that a specialist would name.

use std::collections::BTreeSet;

use crate::console::{Advice, messages};

/// A message of `real.txt`.
#[derive(Debug)]
struct Row<'a> {
    code: &'a str,
    cause: &'a str,
    by: &'a str,
    from: &'a str,
    text: String,
}

fn rows() -> Vec<Row<'static>> {
    let file = include_str!("../../../tests/console/real.txt");
    let mut rows: Vec<Row<'_>> = Vec::new();
    for line in file.lines().filter(|line| !line.starts_with("# ")) {
        if let Some(code) = line.strip_prefix("## ") {
            rows.push(Row {
                code,
                cause: "",
                by: "",
                from: "",
                text: String::new(),
            });
        }
        let Some(row) = rows.last_mut() else { continue };
        match line
            .strip_prefix("= ")
            .and_then(|fact| fact.split_once(": "))
        {
            Some(("cause", cause)) => row.cause = cause,
            Some(("by", by)) => row.by = by,
            Some(("from", from)) => row.from = from,
            Some(fact) => panic!("{fact:?}"),
            None if line.starts_with("## ") => {}
            None => {
                row.text.push_str(line);
                row.text.push('\n');
            }
        }
    }
    rows
}

#[test]
fn real_messages_get_the_cause_that_a_specialist_names() {
    let mut wrong = Vec::new();
    for row in rows() {
        let found: Vec<_> = match messages(&row.text) {
            Ok(messages) => {
                let causes = messages.iter().map(|message| {
                    let cause = Advice::new(message).causes.swap_remove(0);
                    (message.failure.as_str(), cause)
                });
                causes.collect()
            }
            Err(error) => {
                let error = error.to_string();
                let what = error.strip_prefix("this is not a CORS error: ");
                vec![("not-cors", what.unwrap_or_default().to_owned())]
            }
        };
        let is_right =
            |(code, cause): &(&str, String)| *code == row.code && cause.starts_with(row.cause);
        if !(found.len() == 1 && found.iter().all(is_right)) {
            wrong.push((row, found));
        }
    }
    assert!(wrong.is_empty(), "{} rows: {wrong:#?}", wrong.len());
}

#[test]
fn real_messages_are_distinct_and_have_sources() {
    let rows = rows();
    assert!(rows.len() >= 150, "{} rows", rows.len());
    let texts: BTreeSet<_> = rows.iter().map(|row| row.text.trim()).collect();
    assert_eq!(texts.len(), rows.len());
    for row in rows {
        assert!(!row.by.is_empty() && !row.cause.is_empty(), "{row:#?}");
        let (repository, place) = row.from.split_once(['#', ' ']).unwrap_or((row.from, ""));
        let is_file = repository.split('/').count() == 2 && !place.is_empty();
        assert!(is_file || row.from.starts_with("https://"), "{row:#?}");
    }
}
