//! The commands that simulate or send the request of a message.

use cors_browser_model::{Origin, Url};

use super::message::{Facts, Message};
use super::remedy::token;
use crate::failure_code::FailureCode;

/// Commands to paste into a shell; none if the message does not have enough facts.
pub(super) fn commands(message: &Message) -> Vec<String> {
    // These failures do not depend on the policy or the server.
    let is_elsewhere = matches!(
        message.failure,
        FailureCode::LocalNetworkAccess
            | FailureCode::CorsDisabled
            | FailureCode::OriginNotAdded
            | FailureCode::ScriptError
            | FailureCode::SameOriginMode
            | FailureCode::NoCorsRedirectMode
            | FailureCode::HeaderNotExposed
            | FailureCode::ResourcePolicy
            | FailureCode::OpaqueResponseBlocked
            | FailureCode::OpaqueResponse
            | FailureCode::TaintedCanvas
            | FailureCode::CorsMentioned
    );
    if is_elsewhere {
        return Vec::new();
    }
    let Some(arguments) = arguments(message) else {
        return Vec::new();
    };
    let explain = format!("cors explain cors.toml {arguments}");
    let probe = format!("cors probe {arguments}");
    // A probe sends real requests: pasting must not delete anything.
    let method = message.facts.method.as_deref();
    let is_harmless = method.is_none_or(|method| matches!(method, "GET" | "HEAD" | "OPTIONS"));
    let probe = is_harmless.then_some(probe);
    probe.into_iter().chain([explain]).collect()
}

fn arguments(message: &Message) -> Option<String> {
    let facts = &message.facts;
    let origin = Origin::parse(facts.origin.as_deref()?)?.to_string();
    let url = requested_url(facts)?;
    let mut words: Vec<String> = Vec::new();
    if let Some(method) = token(facts.method.as_ref()) {
        words.extend(["-X".to_owned(), quoted(method)]);
    }
    if let Some(header) = token(facts.header.as_ref()) {
        let value = match header.to_ascii_lowercase().as_str() {
            "content-type" => "application/json",
            "authorization" => "Bearer token",
            _ => "1",
        };
        words.extend(["-H".to_owned(), quoted(&format!("{header}: {value}"))]);
    }
    let with_credentials = matches!(
        message.failure,
        FailureCode::AllowOriginWildcard | FailureCode::AllowCredentials
    );
    if with_credentials {
        words.push("--credentials include".to_owned());
    }
    words.extend(["--origin".to_owned(), quoted(&origin), quoted(url.as_str())]);
    Some(words.join(" "))
}

/// The URL that the page requested.
fn requested_url(facts: &Facts) -> Option<Url> {
    let url = facts.redirected_from.as_deref().or(facts.url.as_deref())?;
    Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// A word that a shell takes literally: the pasted text is not trusted.
fn quoted(word: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_./:@%+=,".contains(char);
    match word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
