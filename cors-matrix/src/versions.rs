//! Policies that say in every field of a response which version they are, for tests that replace a policy while requests
//! are answered.

use std::ops::RangeInclusive;

use crate::message::{RawRequest, RawResponse};

/// The origin that [`policy`] allows in two of three versions.
pub const ORIGIN: &str = "https://app.example.com";

/// A policy as a file. Of three versions in a row one allows [`ORIGIN`] alone, one everybody, and one somebody else.
pub fn policy(version: u64) -> String {
    let (origins, credentials) = match version % 3 {
        0 => ("https://elsewhere.example", true),
        1 => (ORIGIN, true),
        _ => ("*", false),
    };
    format!(
        "allow_origins = ['{origins}']
         allow_credentials = {credentials}
         allow_methods = ['M{version}']
         allow_headers = ['h{version}']
         expose_headers = ['e{version}']
         max_age = {}\n",
        max_age(version)
    )
}

fn max_age(version: u64) -> u64 {
    version % 86_400
}

/// A GET from [`ORIGIN`].
pub fn get(target: &str) -> RawRequest {
    request("GET", target, &[("Origin", ORIGIN)])
}

/// A preflight from [`ORIGIN`].
pub fn preflight(target: &str) -> RawRequest {
    let lines = [("Origin", ORIGIN), ("Access-Control-Request-Method", "PUT")];
    request("OPTIONS", target, &lines)
}

/// A request without a body.
pub fn request(method: &str, target: &str, lines: &[(&str, &str)]) -> RawRequest {
    let lines = lines.iter();
    RawRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        lines: lines
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body: Vec::new(),
    }
}

/// Whether a response to a request from [`ORIGIN`] is what one of the versions makes of it.
///
/// # Errors
///
/// Says that it is not, with its fields.
pub fn agree(
    request: &RawRequest,
    response: &RawResponse,
    versions: RangeInclusive<u64>,
) -> Result<(), String> {
    let found = fields(response);
    let is_of = |version| {
        let (status, expected) = expected(request, version);
        found == expected && status.is_none_or(|status| status == response.status)
    };
    match versions.clone().any(is_of) {
        true => Ok(()),
        false => Err(format!(
            "{} {}: {} {found:?} is of no version of {versions:?}",
            request.method, request.target, response.status
        )),
    }
}

/// The fields that a policy writes, sorted.
pub fn fields(response: &RawResponse) -> Vec<String> {
    let fields = response.lines.iter();
    let fields = fields.filter(|(name, _)| name == "vary" || name.starts_with("access-control-"));
    let mut fields: Vec<_> = fields
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
        .collect();
    fields.sort();
    fields
}

/// What a version of the policy adds to a response.
fn expected(request: &RawRequest, version: u64) -> (Option<u16>, Vec<String>) {
    let is_preflight = request.method == "OPTIONS";
    let mut lines = match version % 3 {
        0 => vec!["vary: Origin".to_owned()],
        1 => vec![
            "access-control-allow-credentials: true".to_owned(),
            format!("access-control-allow-origin: {ORIGIN}"),
            "vary: Origin".to_owned(),
        ],
        _ => vec!["access-control-allow-origin: *".to_owned()],
    };
    match (version % 3, is_preflight) {
        (0, _) => {}
        (_, true) => lines.extend([
            format!("access-control-allow-headers: h{version}"),
            format!("access-control-allow-methods: M{version}"),
            format!("access-control-max-age: {}", max_age(version)),
        ]),
        (_, false) => lines.push(format!("access-control-expose-headers: e{version}")),
    }
    lines.sort();
    let status = match version % 3 {
        0 => 403,
        _ => 204,
    };
    (is_preflight.then_some(status), lines)
}
