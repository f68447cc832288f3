//! A text that is pasted for `cors explain --from-console`.

use cors_core::text::{Printable, is_printable};
use cors_explain::console::{Advice, Message, messages};

/// Runs the target.
///
/// # Panics
///
/// If an answer cannot be printed.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let found = match messages(&text) {
        Ok(found) => found,
        Err(error) => {
            let error = error.to_string();
            assert!(
                error.chars().all(|char| char == '\n' || is_printable(char)),
                "{error:?}"
            );
            return;
        }
    };
    assert!(!found.is_empty());
    // Every message needs a text of its own.
    assert!(
        found.len() <= text.len().div_ceil(4),
        "{} of {}",
        found.len(),
        text.len()
    );
    for message in &found {
        check(message, &text);
    }
}

fn check(message: &Message, text: &str) {
    let advice = Advice::new(message);
    assert!(!advice.summary.is_empty() && !advice.causes.is_empty());
    assert!(advice.repeats(&Advice::new(message)));

    // What the command writes without `Printable`.
    let remedies = advice.remedies.iter();
    let remedies =
        remedies.flat_map(|remedy| remedy.code.iter().chain([&remedy.place, &remedy.text]));
    let written = advice.causes.iter().chain(&advice.commands).chain(remedies);
    let mut len = 0;
    for written in written.chain([&advice.summary]) {
        assert!(
            written
                .chars()
                .all(|char| char == '\n' || is_printable(char)),
            "{written:?}"
        );
        len += written.len();
    }
    // A fact can be in several texts, and each of its characters may be written as a number.
    let most = 64 * 1024 + 256 * text.len();
    assert!(len <= most, "{len} bytes of {}", text.len());

    // The facts are printed through `Printable`, and are parts of the text.
    let facts = serde_json::to_value(&message.facts).expect("facts are texts and numbers");
    let facts = facts.as_object().expect("facts have names");
    for fact in facts.values().filter_map(serde_json::Value::as_str) {
        assert!(fact.len() <= 4 * text.len().max(16), "{fact:?}");
        let printed = Printable(fact).to_string();
        assert!(printed.chars().all(is_printable), "{printed:?}");
    }
}
