//! What to write, with the values of a message.

use cors_browser_model::Origin;

use super::evidence;
use super::message::{Facts, Message};
use crate::failure_code::FailureCode;

/// Lines that correct it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Example {
    /// Of `cors.toml`.
    pub(super) policy: Vec<String>,
    /// Of a response.
    pub(super) header: Vec<String>,
    /// Of a script.
    pub(super) page: Vec<String>,
}

/// A pasted value gets into a line only if it is valid there, so that the line is safe to copy.
pub(super) fn example(message: &Message) -> Example {
    let facts = &message.facts;
    let example = match message.failure {
        _ if evidence::has_two_writers(message) => None,
        FailureCode::AllowOriginMissing
        | FailureCode::AllowOriginMultiple
        | FailureCode::AllowOriginInvalid
        | FailureCode::AllowOriginMismatch => origin(facts).map(|origin| allow_origin(&origin)),
        FailureCode::AllowOriginWildcard => Some(allow_with_credentials(origin(facts))),
        FailureCode::AllowCredentials => Some(Example::new(
            ["allow_credentials = true"],
            ["Access-Control-Allow-Credentials: true"],
        )),
        FailureCode::AllowMethodsSyntax => repaired("Access-Control-Allow-Methods", facts),
        FailureCode::AllowHeadersSyntax => repaired("Access-Control-Allow-Headers", facts),
        FailureCode::MethodNotAllowed => token(facts.method.as_ref()).map(allow_method),
        FailureCode::HeaderNotAllowed => token(facts.header.as_ref()).and_then(allow_header),
        FailureCode::HeaderNotExposed => token(facts.header.as_ref()).map(expose_header),
        FailureCode::AuthorizationNotListed => Some(Example::new(
            [r#"allow_headers = ["*", "authorization"]"#],
            ["Access-Control-Allow-Headers: *, authorization"],
        )),
        _ => None,
    };
    example.unwrap_or_default()
}

impl Example {
    fn new<P: Into<String>, H: Into<String>>(
        policy: impl IntoIterator<Item = P>,
        header: impl IntoIterator<Item = H>,
    ) -> Self {
        Self {
            policy: policy.into_iter().map(Into::into).collect(),
            header: header.into_iter().map(Into::into).collect(),
            page: Vec::new(),
        }
    }
}

fn allow_origin(origin: &str) -> Example {
    Example::new(
        [format!(r#"allow_origins = [..., "{origin}"]"#)],
        [
            format!("Access-Control-Allow-Origin: {origin}"),
            "Vary: Origin".to_owned(),
        ],
    )
}

fn allow_with_credentials(origin: Option<String>) -> Example {
    let remark = match origin {
        Some(_) => "",
        None => "  # your page's origin",
    };
    let origin = origin.unwrap_or_else(|| "https://app.example.com".to_owned());
    let mut example = allow_origin(&origin);
    // Instead of `*`, which must be the only entry.
    example.policy = vec![
        format!(r#"allow_origins = ["{origin}"]{remark}"#),
        "allow_credentials = true".to_owned(),
    ];
    let credentials = "Access-Control-Allow-Credentials: true".to_owned();
    example.header.push(credentials);
    example
}

fn allow_method(method: &str) -> Example {
    // `patch` is probably an error: for browsers it is not the method `PATCH`.
    let is_patch = method.eq_ignore_ascii_case("PATCH");
    let meant = if is_patch { "PATCH" } else { method };
    let page = (meant != method).then(|| format!(r#"fetch(url, {{method: "{meant}"}})"#));
    Example {
        page: page.into_iter().collect(),
        ..Example::new(
            [format!(r#"allow_methods = [..., "{meant}"]"#)],
            [format!("Access-Control-Allow-Methods: ..., {meant}")],
        )
    }
}

fn allow_header(name: &str) -> Option<Example> {
    let name = name.to_ascii_lowercase();
    // A page that sends a response header has to be corrected itself.
    let is_request_header = !name.starts_with("access-control-");
    is_request_header.then(|| {
        Example::new(
            [format!(r#"allow_headers = [..., "{name}"]"#)],
            [format!("Access-Control-Allow-Headers: ..., {name}")],
        )
    })
}

fn expose_header(name: &str) -> Example {
    let listed = name.to_ascii_lowercase();
    Example::new(
        [format!(r#"expose_headers = [..., "{listed}"]"#)],
        [format!("Access-Control-Expose-Headers: ..., {name}")],
    )
}

/// The list that was probably intended.
fn repaired(name: &str, facts: &Facts) -> Option<Example> {
    let value = facts.value.as_deref()?;
    let tokens: Vec<_> = value
        .split(|char: char| !is_token_char(char) || char == '\'' || char == '|')
        .filter(|token| !token.is_empty())
        .collect();
    let line = format!("{name}: {}", tokens.join(", "));
    (!tokens.is_empty()).then(|| Example::new([""; 0], [line]))
}

/// The page's origin, if it is one that a policy can list.
fn origin(facts: &Facts) -> Option<String> {
    match Origin::parse(facts.origin.as_deref()?)? {
        Origin::Opaque => None,
        origin @ Origin::Tuple(_) => Some(origin.to_string()),
    }
}

/// What is a [token](https://www.rfc-editor.org/rfc/rfc9110#name-tokens), as methods and header names are.
pub(super) fn token(text: Option<&String>) -> Option<&str> {
    let text = text.map(String::as_str);
    text.filter(|text| !text.is_empty() && text.chars().all(is_token_char))
}

fn is_token_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_stand_there_gets_into_a_line() {
        #[track_caller]
        fn check(failure: FailureCode, facts: Facts, policy: &str, header: &str) {
            let engine = None;
            let example = example(&Message {
                failure,
                engine,
                facts,
            });
            assert_eq!(example.policy.join("; "), policy);
            assert_eq!(example.header.join("; "), header);
        }
        let origin = |origin: &str| Facts {
            origin: Some(origin.to_owned()),
            ..Facts::default()
        };
        check(
            FailureCode::AllowOriginMissing,
            origin("http://localhost:3000"),
            r#"allow_origins = [..., "http://localhost:3000"]"#,
            "Access-Control-Allow-Origin: http://localhost:3000; Vary: Origin",
        );
        for impossible in ["null", "", "https://a.example/", "https://a.example\"]"] {
            check(FailureCode::AllowOriginMissing, origin(impossible), "", "");
        }
        let method = |method: &str| Facts {
            method: Some(method.to_owned()),
            ..Facts::default()
        };
        for (sent, listed) in [("PUT", "PUT"), ("patch", "PATCH"), ("report", "report")] {
            check(
                FailureCode::MethodNotAllowed,
                method(sent),
                &format!(r#"allow_methods = [..., "{listed}"]"#),
                &format!("Access-Control-Allow-Methods: ..., {listed}"),
            );
        }
        check(FailureCode::MethodNotAllowed, method("A\"B"), "", "");
        let header = |header: &str| Facts {
            header: Some(header.to_owned()),
            ..Facts::default()
        };
        check(
            FailureCode::HeaderNotAllowed,
            header("X-Custom"),
            r#"allow_headers = [..., "x-custom"]"#,
            "Access-Control-Allow-Headers: ..., x-custom",
        );
        for impossible in ["Access-Control-Allow-Origin", "x custom", ""] {
            check(FailureCode::HeaderNotAllowed, header(impossible), "", "");
        }
        check(
            FailureCode::HeaderNotExposed,
            header("Mcp-Session-Id"),
            r#"expose_headers = [..., "mcp-session-id"]"#,
            "Access-Control-Expose-Headers: ..., Mcp-Session-Id",
        );
        let value = |value: &str| Facts {
            value: Some(value.to_owned()),
            ..Facts::default()
        };
        for list in ["GET POST", "['GET', 'POST']", "GET|POST", "\"GET\";POST,"] {
            let header = "Access-Control-Allow-Methods: GET, POST";
            check(FailureCode::AllowMethodsSyntax, value(list), "", header);
        }
        check(FailureCode::AllowMethodsSyntax, value("[\"\"]"), "", "");
    }
}
