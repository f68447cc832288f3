//! Properties for any pasted text.

use proptest::prelude::*;

use crate::console::advice::Advice;
use crate::console::message::Facts;
use crate::console::messages;
use crate::console::read::read;
use crate::console::templates;
use crate::failure_code::FailureCode;

/// Messages of Chromium, in which the end of every part is known.
const MESSAGES: [(&str, FailureCode); 3] = [
    (
        "Access to fetch at 'https://api.example.com/a?b=c' from origin 'https://app.example.com' has been \
         blocked by CORS policy: Response to preflight request doesn't pass access control check: The \
         'Access-Control-Allow-Origin' header has a value 'https://www.example.com' that is not equal to the \
         supplied origin. Have the server send the header with a valid value.",
        FailureCode::AllowOriginMismatch,
    ),
    (
        "Access to XMLHttpRequest at 'https://b.example.com/' (redirected from 'https://a.example.com/') from \
         origin 'null' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on \
         the requested resource.",
        FailureCode::AllowOriginMissing,
    ),
    (
        "Access to fetch at 'http://localhost:8080/' from origin 'http://localhost:3000' has been blocked by \
         CORS policy: Request header field x-custom is not allowed by Access-Control-Allow-Headers in preflight \
         response.",
        FailureCode::HeaderNotAllowed,
    ),
];

const ABOUT_CORS: [&str; 9] = [
    "CORS",
    "cors",
    "CORSResponse:",
    "cross-origin",
    "Cross origin",
    "crossOrigin",
    "Access-Control-Allow-Origin",
    "access-control-expose-headers:",
    "`Access-Control-Max-Age`",
];

fn any_message() -> impl Strategy<Value = (&'static str, FailureCode)> {
    proptest::sample::select(&MESSAGES[..])
}

/// Pieces of messages and other characters, in any order.
fn any_text() -> impl Strategy<Value = String> {
    let piece =
        proptest::sample::select(Vec::from_iter(templates::all())).prop_flat_map(|template| {
            let length = template.text.chars().count();
            (0..=length).prop_map(move |length| template.text.chars().take(length).collect())
        });
    let piece: BoxedStrategy<String> = piece.boxed();
    proptest::collection::vec(prop_oneof![piece, any::<String>(), ".{0,20}"], 0..12)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_too_odd(text in any_text()) {
        for message in read(&text) {
            prop_assert!(!Advice::new(&message).causes.is_empty());
        }
    }

    /// A text about CORS gets an answer: at least what the header does, or what the message is about instead.
    #[test]
    fn no_text_about_cors_is_unknown(
        about in proptest::sample::select(&ABOUT_CORS[..]),
        before in any_text(),
        after in any_text(),
    ) {
        let text = format!("{before} {about} {after}");
        match messages(&text) {
            Ok(messages) => prop_assert!(!messages.is_empty()),
            Err(error) => {
                let error = error.to_string();
                prop_assert!(error.starts_with("this is not a CORS error: "), "{error}");
            }
        }
    }

    #[test]
    fn a_message_is_found_in_noise(
        (message, failure) in any_message(),
        before in "[ -~\n]{0,300}",
        after in "[ -~\n]{0,300}",
    ) {
        let text = format!("{before}\n{message}\n{after}");
        let found = read(&text);
        prop_assert!(found.iter().any(|found| found.failure == failure), "{found:?}");
    }

    #[test]
    fn line_breaks_change_nothing(
        (message, failure) in any_message(),
        width in 1..120_usize,
        quotation in any::<bool>(),
    ) {
        let line_break = if quotation { "\n> " } else { "\r\n    " };
        let mut wrapped = String::new();
        for (index, char) in message.chars().enumerate() {
            if index % width == 0 {
                wrapped.push_str(line_break);
            }
            wrapped.push(char);
        }
        let found = read(&wrapped);
        let expected = read(message);
        prop_assert_eq!(expected.len(), 1);
        prop_assert_eq!(expected[0].failure, failure);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].failure, failure);
        // Spaces in it belong to it.
        let without_kind = |facts: &Facts| Facts { kind: None, ..facts.clone() };
        let (found, expected) = (&found[0].facts, &expected[0].facts);
        prop_assert_eq!(without_kind(found), without_kind(expected));
    }
}
