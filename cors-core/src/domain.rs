//! The labels of a domain.

use std::iter;

use crate::origin::OriginError;

/// The longest label of a domain, in bytes.
const MAX_LABEL: usize = 63;
/// The longest host, in bytes: a domain of 253 and the dot of a fully qualified name.
pub(crate) const MAX_HOST: usize = 254;
/// The longest text whose labels are checked many bytes at once: the first, and two times sixteen.
const SHORT: usize = 33;

/// Checks the labels of a domain, or of the front of one up to a dot.
pub(crate) fn check_labels(domain: &[u8]) -> Result<(), OriginError> {
    let mut rest = domain;
    loop {
        let end = rest.iter().position(|&byte| !is_label_byte(byte));
        let len = end.unwrap_or(rest.len());
        match rest.get(len) {
            Some(b'.') if len == 0 => return Err(OriginError::InvalidHost),
            None | Some(b'.') if len > MAX_LABEL => return Err(OriginError::TooLong),
            None => return Ok(()),
            Some(b'.') => rest = rest.get(len + 1..).unwrap_or_default(),
            Some(byte) => return Err(unexpected(*byte, domain)),
        }
    }
}

/// Whether [`check_labels`] would pass a text of 1 to 33 bytes, in a fraction of the time. Longer
/// ones it does not pass.
#[inline(always)]
fn are_short_labels(text: &[u8]) -> bool {
    let Some((first, rest)) = text.split_first() else {
        return false;
    };
    let before = text.get(..rest.len()).unwrap_or_default();
    if text.len() > SHORT || !is_label_byte(*first) {
        return false;
    }
    if let Some(start) = rest.first_chunk::<16>()
        && let Some(start_before) = before.first_chunk()
        && let Some(end) = rest.last_chunk::<16>()
        && let Some(end_before) = before.last_chunk()
    {
        can_follow(start_before, start) && can_follow(end_before, end)
    } else if let Some(start) = rest.first_chunk::<8>()
        && let Some(start_before) = before.first_chunk()
        && let Some(end) = rest.last_chunk::<8>()
        && let Some(end_before) = before.last_chunk()
    {
        can_follow(start_before, start) && can_follow(end_before, end)
    } else {
        let mut pairs = iter::zip(before, rest);
        pairs.all(|(&before, &byte)| is_label_byte(byte) || byte == b'.' && before != b'.')
    }
}

/// Whether each byte can stand in a domain behind the one before. Without branches, so that the
/// compiler compares them all at once.
#[inline(always)]
fn can_follow<const N: usize>(before: &[u8; N], bytes: &[u8; N]) -> bool {
    let is_in = |byte: u8, first: u8, last: u8| byte.wrapping_sub(first) <= last - first;
    let mut all = true;
    for (&before, &byte) in iter::zip(before, bytes) {
        let is_letter = is_in(byte, b'a', b'z');
        let is_digit = is_in(byte, b'0', b'9');
        let is_other = (byte == b'-') | (byte == b'_');
        all &= is_letter | is_digit | is_other | (byte == b'.') & (before != b'.');
    }
    all
}

/// Whether a text of 1 to 16 bytes is one label. Others are not.
#[inline(always)]
pub(crate) fn is_short_label(text: &[u8]) -> bool {
    if let Some(start) = text.first_chunk::<8>()
        && let Some(end) = text.last_chunk::<8>()
    {
        text.len() <= 16 && are_of_a_label(start) && are_of_a_label(end)
    } else if let Some(start) = text.first_chunk::<4>()
        && let Some(end) = text.last_chunk::<4>()
    {
        are_of_a_label(start) & are_of_a_label(end)
    } else {
        !text.is_empty() && text.iter().all(|byte| is_label_byte(*byte))
    }
}

#[inline(always)]
fn are_of_a_label<const N: usize>(bytes: &[u8; N]) -> bool {
    bytes
        .iter()
        .fold(true, |all, byte| all & is_label_byte(*byte))
}

fn is_label_byte(byte: u8) -> bool {
    const TABLE: Bytes = Bytes::new(b"abcdefghijklmnopqrstuvwxyz0123456789-_");
    TABLE.contains(byte)
}

/// A set of bytes: a look-up takes less time than comparisons do.
struct Bytes([bool; 256]);

impl Bytes {
    #[expect(clippy::indexing_slicing, reason = "this runs in the compiler alone")]
    const fn new(bytes: &[u8]) -> Self {
        let mut table = [false; 256];
        let mut at = 0;
        while at < bytes.len() {
            table[bytes[at] as usize] = true;
            at += 1;
        }
        Self(table)
    }

    fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }
}

/// Whether a domain is longer than any can be.
pub(crate) fn is_too_long(domain: &[u8]) -> bool {
    domain.len() >= MAX_HOST && (domain.len() > MAX_HOST || !domain.ends_with(b"."))
}

/// Whether a host is a domain, and no address.
pub(crate) fn is_domain(host: &[u8]) -> bool {
    !host.is_empty() && check_labels(host).is_ok() && !is_too_long(host) && !ends_in_number(host)
}

/// Whether a host of 1 to 33 bytes is a domain and no address, as its last label shows: all of those
/// with a real top-level domain. Others may be one, too.
#[inline(always)]
pub(crate) fn is_short_domain(host: &[u8]) -> bool {
    const NO_HEX_DIGITS: Bytes = Bytes::new(b"ghijklmnopqrstuvwyz-_");
    let is_no_number = match host.last() {
        Some(last) if NO_HEX_DIGITS.contains(*last) => true,
        Some(b'a'..=b'f' | b'x') => {
            let mut labels = host.rsplit(|&byte| byte == b'.');
            labels.next().is_some_and(|label| !label.starts_with(b"0"))
        }
        _ => false,
    };
    is_no_number && are_short_labels(host)
}

/// The [ends-in-a-number checker](https://url.spec.whatwg.org/#ends-in-a-number-checker).
pub(crate) fn ends_in_number(host: &[u8]) -> bool {
    let host = host.strip_suffix(b".").unwrap_or(host);
    let label = host.rsplit(|&byte| byte == b'.').next().unwrap_or(host);
    match label.strip_prefix(b"0x") {
        Some(digits) => digits.iter().all(u8::is_ascii_hexdigit),
        None => label.iter().all(u8::is_ascii_digit),
    }
}

/// Says what a byte that no host may have most likely is.
fn unexpected(byte: u8, host: &[u8]) -> OriginError {
    match byte {
        b'A'..=b'Z' => OriginError::UpperCase,
        // The last colon before it was taken for the port's; `a:b@c` ends up here as `a`.
        b'@' => OriginError::UserInfo,
        b'/' if host.iter().position(|&byte| byte == b'/') == host.len().checked_sub(1) => {
            OriginError::TrailingSlash
        }
        b'/' | b'?' | b'#' => OriginError::Path,
        0x80.. => OriginError::NotAscii,
        _ => OriginError::InvalidHost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the fast ways with the slow one.
    #[track_caller]
    fn check(text: &[u8]) {
        let (labels, shown) = (check_labels(text).is_ok(), text.escape_ascii());
        let is_short = (1..=SHORT).contains(&text.len());
        assert_eq!(are_short_labels(text), labels && is_short, "{shown}");
        let is_label = labels && (1..=16).contains(&text.len()) && !text.contains(&b'.');
        assert_eq!(is_short_label(text), is_label, "{shown}");
        let (is_domain, is_short_domain) = (is_domain(text), is_short_domain(text));
        assert!(is_domain || !is_short_domain, "{shown}");
        let is_doubtful = matches!(text, [.., b'0'..=b'9' | b'.']) || text.contains(&b'0');
        assert!(
            is_short_domain || !is_domain || is_doubtful || !is_short,
            "{shown}"
        );
    }

    #[test]
    fn each_byte_at_each_place() {
        for length in 0..70 {
            let label = "a".repeat(length);
            let labels = "a.".repeat(length / 2) + if length % 2 == 1 { "b" } else { "" };
            for text in [label, labels] {
                check(text.as_bytes());
                for at in 0..length {
                    for byte in 0..=255 {
                        let mut other = text.clone().into_bytes();
                        other[at] = byte;
                        check(&other);
                    }
                }
            }
        }
    }

    #[test]
    fn all_short_texts() {
        let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
        for _ in 0..6 {
            for text in &texts {
                check(text);
            }
            let longer =
                |text: &Vec<u8>| b"ax09-._A/:`{\x80".map(|byte| [text, &[byte][..]].concat());
            texts = texts.iter().flat_map(longer).take(200_000).collect();
        }
    }
}
