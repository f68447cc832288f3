//! Texts that are about CORS, but are none of the known messages.

use super::message::{Facts, Message};
use super::text::Compact;
use crate::failure_code::FailureCode;

/// The headers, as the causes in `codes/browsers.md` begin with them.
pub(super) const HEADERS: &[&str] = &[
    "`Access-Control-Allow-Origin`",
    "`Access-Control-Allow-Credentials`",
    "`Access-Control-Allow-Methods`",
    "`Access-Control-Allow-Headers`",
    "`Access-Control-Expose-Headers`",
    "`Access-Control-Max-Age`",
    "`Access-Control-Request-Method`",
    "`Access-Control-Request-Headers`",
    "`Access-Control-Allow-Private-Network`",
];

/// A message that says what the mentioned header does; `None` if the text mentions neither a header nor CORS.
pub(super) fn find(pasted: &str, text: &Compact) -> Option<Message> {
    let text = text.as_str();
    let names = HEADERS.iter().map(|header| header.trim_matches('`'));
    let named = names.filter_map(|name| Some((text.find(&name.to_ascii_lowercase())?, name)));
    let first = named.min_by_key(|(at, _)| *at);
    let is_about = ["access-control-", "cross-origin", "crossorigin"];
    let is_about = is_about.iter().any(|words| text.contains(words));
    if first.is_none() && !is_about && !pasted.split(is_between_words).any(is_cors) {
        return None;
    }
    Some(Message {
        failure: FailureCode::CorsMentioned,
        engine: None,
        facts: Facts {
            header: first.map(|(_, name)| name.to_owned()),
            ..Facts::default()
        },
    })
}

fn is_between_words(char: char) -> bool {
    !char.is_ascii_alphanumeric()
}

/// Whether a word is about CORS: `cors`, `CORSResponse` and `CorsFilter` are, `scores` and `corset` are not.
fn is_cors(word: &str) -> bool {
    let goes_on = |start: &str| {
        let rest = word.split_once(start).map(|(_, rest)| rest);
        rest.is_some_and(|rest| !rest.starts_with(|char: char| char.is_ascii_lowercase()))
    };
    word.eq_ignore_ascii_case("cors") || word.contains("CORS") || goes_on("Cors")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_cors() {
        #[track_caller]
        fn check(text: &str, expected: Option<Option<&str>>) {
            let found = find(text, &Compact::new(text));
            let header = found.map(|message| message.facts.header);
            let header = header.as_ref().map(Option::as_deref);
            assert_eq!(header, expected, "{text}");
        }
        check("a CORS error", Some(None));
        check("cors: true", Some(None));
        check("CORSResponse, CorsFilter", Some(None));
        check("cross origin frame", Some(None));
        check("Cross-\nOrigin", Some(None));
        check("scores, corset, Corsair, encorse", None);
        check(
            "no access-control-max-age in access-control-allow-origin",
            Some(Some("Access-Control-Max-Age")),
        );
        check("Access-Control-Foo", Some(None));
        check("an origin", None);
    }
}
