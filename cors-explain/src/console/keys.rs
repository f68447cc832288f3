//! The browsers' names for their messages, as developer tools and the URLs of MDN have them.

use cors_browser_model::Engine;

use super::message::{Facts, Message};
use crate::failure_code::FailureCode as F;

const CHROMIUM: Option<Engine> = Some(Engine::Chromium);
const FIREFOX: Option<Engine> = Some(Engine::Firefox);

/// The messages whose names are in a text.
pub(super) fn read(text: &str) -> Vec<Message> {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric());
    let found = words.filter_map(|word| {
        // Firefox adds a number when it changes a text.
        let name = word.trim_end_matches(|char: char| char.is_ascii_digit());
        // One of MDN's URLs has an additional upper-case letter.
        let mut keys = KEYS.iter();
        let (name, engine, failure) = keys.find(|(key, ..)| key.eq_ignore_ascii_case(name))?;
        let mut facts = Facts::default();
        if name.starts_with("Preflight") {
            facts.preflight = Some(true);
        }
        Some(Message {
            failure: *failure,
            engine: *engine,
            facts,
        })
    });
    found.take(MAX_NAMES).collect()
}

const MAX_NAMES: usize = 20;

/// The browsers' names for their messages: in Chromium the codes of `CorsError`,
/// in Firefox the keys of the texts.
const KEYS: &[(&str, Option<Engine>, F)] = &[
    ("MissingAllowOriginHeader", CHROMIUM, F::AllowOriginMissing),
    ("WildcardOriginNotAllowed", CHROMIUM, F::AllowOriginWildcard),
    (
        "MultipleAllowOriginValues",
        CHROMIUM,
        F::AllowOriginMultiple,
    ),
    ("InvalidAllowOriginValue", CHROMIUM, F::AllowOriginInvalid),
    ("AllowOriginMismatch", CHROMIUM, F::AllowOriginMismatch),
    ("InvalidAllowCredentials", CHROMIUM, F::AllowCredentials),
    (
        "PreflightMissingAllowOriginHeader",
        CHROMIUM,
        F::AllowOriginMissing,
    ),
    (
        "PreflightWildcardOriginNotAllowed",
        CHROMIUM,
        F::AllowOriginWildcard,
    ),
    (
        "PreflightMultipleAllowOriginValues",
        CHROMIUM,
        F::AllowOriginMultiple,
    ),
    (
        "PreflightInvalidAllowOriginValue",
        CHROMIUM,
        F::AllowOriginInvalid,
    ),
    (
        "PreflightAllowOriginMismatch",
        CHROMIUM,
        F::AllowOriginMismatch,
    ),
    (
        "PreflightInvalidAllowCredentials",
        CHROMIUM,
        F::AllowCredentials,
    ),
    ("PreflightInvalidStatus", CHROMIUM, F::PreflightNotOk),
    (
        "PreflightDisallowedRedirect",
        CHROMIUM,
        F::PreflightRedirect,
    ),
    (
        "InvalidAllowMethodsPreflightResponse",
        CHROMIUM,
        F::AllowMethodsSyntax,
    ),
    (
        "InvalidAllowHeadersPreflightResponse",
        CHROMIUM,
        F::AllowHeadersSyntax,
    ),
    (
        "MethodDisallowedByPreflightResponse",
        CHROMIUM,
        F::MethodNotAllowed,
    ),
    (
        "HeaderDisallowedByPreflightResponse",
        CHROMIUM,
        F::HeaderNotAllowed,
    ),
    (
        "RedirectContainsCredentials",
        CHROMIUM,
        F::RedirectCredentials,
    ),
    ("CorsDisabledScheme", CHROMIUM, F::SchemeNotSupported),
    ("DisallowedByMode", CHROMIUM, F::SameOriginMode),
    (
        "NoCorsRedirectModeNotFollow",
        CHROMIUM,
        F::NoCorsRedirectMode,
    ),
    ("InvalidResponse", CHROMIUM, F::NoResponse),
    (
        "LocalNetworkAccessPermissionDenied",
        CHROMIUM,
        F::LocalNetworkAccess,
    ),
    ("InsecureLocalNetwork", CHROMIUM, F::LocalNetworkAccess),
    ("InvalidLocalNetworkAccess", CHROMIUM, F::LocalNetworkAccess),
    ("CORSMissingAllowOrigin", FIREFOX, F::AllowOriginMissing),
    (
        "CORSNotSupportingCredentials",
        FIREFOX,
        F::AllowOriginWildcard,
    ),
    (
        "CORSMultipleAllowOriginNotAllowed",
        FIREFOX,
        F::AllowOriginMultiple,
    ),
    (
        "CORSAllowOriginNotMatchingOrigin",
        FIREFOX,
        F::AllowOriginMismatch,
    ),
    ("CORSMissingAllowCredentials", FIREFOX, F::AllowCredentials),
    ("CORSPreflightDidNotSucceed", FIREFOX, F::PreflightNotOk),
    (
        "CORSExternalRedirectNotAllowed",
        FIREFOX,
        F::PreflightRedirect,
    ),
    ("CORSInvalidAllowMethod", FIREFOX, F::AllowMethodsSyntax),
    ("CORSInvalidAllowHeader", FIREFOX, F::AllowHeadersSyntax),
    ("CORSMethodNotFound", FIREFOX, F::MethodNotAllowed),
    (
        "CORSMissingAllowHeaderFromPreflight",
        FIREFOX,
        F::HeaderNotAllowed,
    ),
    (
        "CORSAllowHeaderFromPreflightDeprecation",
        FIREFOX,
        F::AuthorizationNotListed,
    ),
    ("CORSRequestNotHttp", FIREFOX, F::SchemeNotSupported),
    ("CORSDidNotSucceed", FIREFOX, F::NoResponse),
    ("CORSDisabled", FIREFOX, F::CorsDisabled),
    ("CORSOriginHeaderNotAdded", FIREFOX, F::OriginNotAdded),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known() {
        for (key, engine, failure) in KEYS {
            for text in [format!("[{key}2]"), format!("https://example.com/{key}")] {
                let messages = read(&text);
                let found: Vec<_> = messages
                    .iter()
                    .map(|message| (message.engine, message.failure))
                    .collect();
                assert_eq!(found, [(*engine, *failure)], "{text}");
            }
        }
        assert_eq!(
            read("XMissingAllowOriginHeader, CORSDisabled_not"),
            read("CORSDisabled")
        );
    }
}
