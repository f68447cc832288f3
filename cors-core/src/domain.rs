//! The labels of a domain.

/// The longest label of a domain, in bytes.
pub(crate) const MAX_LABEL: usize = 63;
/// The longest host, in bytes: a domain of 253 and the dot of a fully qualified name.
pub(crate) const MAX_HOST: usize = 254;

/// Why a text is not a sequence of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LabelError {
    /// A label is empty.
    Empty,
    /// A label is too long.
    TooLong,
    /// No label has this byte.
    Unexpected(u8),
}

/// Checks the labels of a domain, or of the front of one up to a dot.
pub(crate) fn check_labels(domain: &[u8]) -> Result<(), LabelError> {
    let mut rest = domain;
    loop {
        let end = rest.iter().position(|&byte| !is_label_byte(byte));
        let len = end.unwrap_or(rest.len());
        match rest.get(len) {
            Some(b'.') if len == 0 => return Err(LabelError::Empty),
            None | Some(b'.') if len > MAX_LABEL => return Err(LabelError::TooLong),
            None => return Ok(()),
            Some(b'.') => rest = rest.get(len + 1..).unwrap_or_default(),
            Some(byte) => return Err(LabelError::Unexpected(*byte)),
        }
    }
}

fn is_label_byte(byte: u8) -> bool {
    LABEL_BYTES
        .get(usize::from(byte))
        .copied()
        .unwrap_or_default()
}

/// A look-up takes a third of the time of four comparisons, and this runs for each byte of an origin.
const LABEL_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        #[expect(clippy::indexing_slicing, reason = "this runs in the compiler only")]
        #[expect(clippy::cast_possible_truncation, reason = "there are 256 bytes")]
        {
            table[byte] = matches!(byte as u8, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        }
        byte += 1;
    }
    table
};

/// Whether a domain is longer than any can be.
pub(crate) fn is_too_long(domain: &[u8]) -> bool {
    domain.len() >= MAX_HOST && (domain.len() > MAX_HOST || !domain.ends_with(b"."))
}

/// Whether a host is a domain, and not an address.
pub(crate) fn is_domain(host: &[u8]) -> bool {
    !host.is_empty() && check_labels(host).is_ok() && !is_too_long(host) && !ends_in_number(host)
}

/// The [ends-in-a-number checker](https://url.spec.whatwg.org/#ends-in-a-number-checker).
pub(crate) fn ends_in_number(host: &[u8]) -> bool {
    let host = host.strip_suffix(b".").unwrap_or(host);
    // Most domains end in a letter that no number has: then there is no need to find the last label.
    if !matches!(host, [.., b'0'..=b'9' | b'a'..=b'f' | b'x']) {
        return false;
    }
    let label = host.rsplit(|&byte| byte == b'.').next().unwrap_or(host);
    match label.strip_prefix(b"0x") {
        Some(digits) => digits.iter().all(u8::is_ascii_hexdigit),
        None => label.iter().all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        #[track_caller]
        fn check(text: &str, expected: Result<(), LabelError>) {
            assert_eq!(check_labels(text.as_bytes()), expected, "{text:?}");
        }
        let (longest, too_long) = ("a".repeat(63), "a".repeat(64));
        check("", Ok(()));
        check("a", Ok(()));
        check("a-b_0.z9", Ok(()));
        check("a.", Ok(()));
        check(&longest, Ok(()));
        check(&format!("a.{longest}.a"), Ok(()));
        check(&too_long, Err(LabelError::TooLong));
        check(&format!("a.{too_long}.a"), Err(LabelError::TooLong));
        check(".", Err(LabelError::Empty));
        check(".a", Err(LabelError::Empty));
        check("a..b", Err(LabelError::Empty));
        for byte in (0..128_u8).filter(|&byte| byte != b'.' && !is_label_byte(byte)) {
            let text = format!("a.b{}", char::from(byte));
            check(&text, Err(LabelError::Unexpected(byte)));
        }
        check("\u{e4}", Err(LabelError::Unexpected(0xc3)));
    }

    #[test]
    fn domains() {
        #[track_caller]
        fn check(host: &str, expected: bool) {
            assert_eq!(is_domain(host.as_bytes()), expected, "{host:?}");
        }
        check("example.com", true);
        check("example.com.", true);
        check("localhost", true);
        check("1.2.3.4.example", true);
        check("example.0x1g", true);
        check("", false);
        check("example..com", false);
        check("example.com/", false);
        check("1.2.3.4", false);
        check("example.1", false);
        check("example.1.", false);
        check("example.0x1f", false);
        check("[::1]", false);
    }
}
