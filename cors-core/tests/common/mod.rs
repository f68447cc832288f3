//! Requests written as text, for the tests of decisions.

use cors_core::adapter::{RequestHead, RequestHeader};

/// A request: a line with the method and, if it is known, the path; then header lines.
pub(crate) struct Request<'a>(pub(crate) &'a [u8]);

impl Request<'_> {
    fn first_line(&self) -> &[u8] {
        let mut lines = self.0.split(|&byte| byte == b'\n');
        lines.next().unwrap_or_default()
    }
}

impl RequestHead for Request<'_> {
    fn method(&self) -> &[u8] {
        let mut words = self.first_line().splitn(2, |&byte| byte == b' ');
        words.next().unwrap_or_default()
    }

    fn path(&self) -> Option<&[u8]> {
        self.first_line().splitn(2, |&byte| byte == b' ').nth(1)
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'\n').filter_map(move |line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let (head, value) = (line.get(..colon)?, line.get(colon + 1..)?);
            head.eq_ignore_ascii_case(name.name().as_bytes())
                .then(|| value.trim_ascii())
        })
    }
}
