//! Fetch's classes of methods.

/// A [forbidden method](https://fetch.spec.whatwg.org/#forbidden-method), in any case.
pub(crate) fn is_forbidden(method: &str) -> bool {
    ["CONNECT", "TRACE", "TRACK"]
        .iter()
        .any(|forbidden| forbidden.eq_ignore_ascii_case(method))
}

/// What a browser sends when a script asks for `method`:
/// [normalize a method](https://fetch.spec.whatwg.org/#concept-method-normalize).
///
/// Only six methods are normalized, so `patch` is sent as it is, and is another method than `PATCH`.
pub(crate) fn normalize(method: &str) -> &str {
    ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(method))
        .unwrap_or(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalization() {
        #[track_caller]
        fn check(method: &str, expected: &str) {
            assert_eq!(normalize(method), expected, "{method:?}");
        }
        check("put", "PUT");
        check("Delete", "DELETE");
        check("GET", "GET");
        check("patch", "patch");
        check("PATCH", "PATCH");
        check("query", "query");
    }
}
