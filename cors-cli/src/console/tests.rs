//! Properties for any pasted text.

use cors_explain::codes;
use cors_explain::console::{Advice, messages};
use proptest::prelude::*;

use super::report;

/// Pieces of messages, as the pages quote them, and other characters, in any order.
fn any_text() -> impl Strategy<Value = String> {
    let lines = codes::all().flat_map(|code| code.body().lines());
    let printed = lines.filter_map(|line| line.strip_prefix("- "));
    let printed: Vec<_> = printed.filter(|line| line.contains('`')).collect();
    let piece = proptest::sample::select(printed).prop_flat_map(|line| {
        let length = line.chars().count();
        (0..=length).prop_map(move |length| line.chars().take(length).collect())
    });
    let piece: BoxedStrategy<String> = piece.boxed();
    proptest::collection::vec(prop_oneof![piece, any::<String>(), ".{0,20}"], 0..12)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_too_odd(text in any_text()) {
        for message in messages(&text).unwrap_or_default() {
            let mut out = Vec::new();
            report::write(&mut out, &message, &Advice::new(&message), false).unwrap();
            report::to_json(&message);
        }
    }
}
