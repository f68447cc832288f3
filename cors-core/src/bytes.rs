//! Short texts, many bytes at a time: an origin is some thirty bytes long, and to look at each of
//! them, or to call the C library, takes as long as the rest of a decision.

use std::iter;

/// As `==`.
#[inline(always)]
pub(crate) fn is_equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if let Some(end_a) = a.last_chunk::<16>()
        && let Some(end_b) = b.last_chunk::<16>()
    {
        let mut blocks = iter::zip(a.as_chunks::<16>().0, b.as_chunks().0);
        return end_a == end_b && blocks.all(|(a, b)| a == b);
    }
    if let Some(end_a) = a.last_chunk::<8>()
        && let Some(end_b) = b.last_chunk::<8>()
    {
        return end_a == end_b && a.first_chunk::<8>() == b.first_chunk::<8>();
    }
    iter::zip(a, b).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_counts() {
        for length in 0..70 {
            let text = vec![b'a'; length];
            assert!(is_equal(&text, &text.clone()), "{length}");
            for at in 0..length {
                let mut other = text.clone();
                other[at] = b'b';
                assert!(!is_equal(&text, &other), "{at} of {length}");
            }
            assert!(!is_equal(&text, &[b'a'].repeat(length + 1)), "{length}");
        }
    }
}
