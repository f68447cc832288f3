//! Patterns of a label, such as `pr-*` and `*-team`, looked up by a label.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::pattern::{LabelPattern, label_matches};

/// Label patterns, with something for each.
///
/// The patterns are looked up by what they begin and end with. So a label takes one look-up for each
/// length of these texts that there is, and not a comparison with each pattern.
#[derive(Debug)]
pub(crate) struct LabelPatterns<T>(ByLength<ByLength<T>>);

impl<T: Default> LabelPatterns<T> {
    /// What belongs to a pattern, which is added if it is new.
    pub(crate) fn entry(&mut self, pattern: &LabelPattern<'_>) -> &mut T {
        let with_before = self.0.entry(pattern.before.as_bytes());
        with_before.entry(pattern.after.as_bytes())
    }

    /// What belongs to each pattern that matches a label. See [`LabelPattern::matches`].
    pub(crate) fn matching<'a>(&'a self, label: &'a [u8]) -> impl Iterator<Item = &'a T> {
        let befores = self.0.with(move |len| label.get(..len));
        befores.flat_map(move |(before, afters)| {
            let afters = afters.with(move |len| label.get(label.len().checked_sub(len)?..));
            let matching = afters.filter(move |(after, _)| label_matches(before, after, label));
            matching.map(|(_, value)| value)
        })
    }

    /// All patterns, as `(before, after, value)`, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8], &T)> {
        self.0.entries.iter().flat_map(|(before, afters)| {
            let afters = afters.entries.iter();
            afters.map(move |(after, value)| (&**before, &**after, value))
        })
    }
}

impl<T> Default for LabelPatterns<T> {
    fn default() -> Self {
        Self(ByLength::default())
    }
}

/// Texts of at most 63 bytes, which is the longest label.
#[derive(Debug)]
struct ByLength<T> {
    entries: HashMap<Box<[u8]>, T, RandomState>,
    /// Bit *n* is set if there is a text of *n* bytes.
    lengths: u64,
}

impl<T> ByLength<T> {
    fn entry(&mut self, text: &[u8]) -> &mut T
    where
        T: Default,
    {
        self.lengths |= 1 << text.len().min(63);
        self.entries.entry(text.into()).or_default()
    }

    /// The entries for the texts that `part` gives for each length.
    fn with<'a>(
        &'a self,
        part: impl Fn(usize) -> Option<&'a [u8]> + 'a,
    ) -> impl Iterator<Item = (&'a [u8], &'a T)> {
        let mut lengths = self.lengths;
        let lengths = std::iter::from_fn(move || {
            let shortest = lengths.trailing_zeros();
            // Clears that bit; there is none without a bit.
            lengths &= lengths.checked_sub(1)?;
            Some(shortest)
        });
        lengths.filter_map(move |len| {
            let text = part(usize::try_from(len).ok()?)?;
            Some((text, self.entries.get(text)?))
        })
    }
}

impl<T> Default for ByLength<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::default(),
            lengths: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::{HostWildcard, OriginPattern, Shape};

    fn parse(label: &str) -> LabelPattern<'_> {
        let text: &'static str = format!("https://{label}.example.com").leak();
        match OriginPattern::parse(text).unwrap().shape() {
            Shape::Tuple(tuple) => match tuple.wildcard {
                HostWildcard::Label(pattern) => pattern,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn check(patterns: &[&str], label: &str, expected: &[&str]) {
        let mut list = LabelPatterns::<Vec<&str>>::default();
        for pattern in patterns {
            list.entry(&parse(pattern)).push(pattern);
        }
        let mut found: Vec<&str> = list.matching(label.as_bytes()).flatten().copied().collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{label:?} in {patterns:?}");
        let each = patterns.iter().copied();
        let mut each: Vec<&str> = each
            .filter(|pattern| parse(pattern).matches(label.as_bytes()))
            .collect();
        each.sort_unstable();
        assert_eq!(each, expected, "{label:?} with each of {patterns:?}");
    }

    #[test]
    fn labels() {
        let patterns = [
            "*-team",
            "deploy-*--site",
            "pr-*",
            "pr-*-team",
            "xn--*",
            "x*",
        ];
        check(&patterns, "pr-7", &["pr-*"]);
        check(&patterns, "pr-", &[]);
        check(&patterns, "pr", &[]);
        check(&patterns, "", &[]);
        check(&patterns, "pr-team", &["*-team", "pr-*"]);
        check(&patterns, "pr--team", &["*-team", "pr-*"]);
        check(&patterns, "pr-7-team", &["*-team", "pr-*", "pr-*-team"]);
        check(&patterns, "-team", &[]);
        check(&patterns, "a_b-team", &[]);
        check(&patterns, "deploy--site", &[]);
        check(&patterns, "deploy---site", &[]);
        check(&patterns, "deploy-1--site", &["deploy-*--site"]);
        check(&patterns, "deploy-1--site1", &[]);
        check(&patterns, "xa", &["x*"]);
        check(&patterns, "xn--a", &["xn--*"]);
        check(&patterns, "xn--a-team", &["xn--*"]);
        check(&["*_b", "a_*"], "a_b", &["*_b", "a_*"]);
        check(&["*_b", "a_*"], "a_b_b", &[]);
    }

    #[test]
    fn the_longest_labels() {
        let (before, after) = ("a".repeat(31), "b".repeat(31));
        let pattern = format!("{before}*{after}");
        check(&[&pattern], &format!("{before}-{after}"), &[&pattern]);
        check(&[&pattern], &format!("{before}{after}"), &[]);
        let pattern = format!("{}*", "a".repeat(62));
        check(&[&pattern], &"a".repeat(63), &[&pattern]);
        check(&[&pattern], &"a".repeat(62), &[]);
    }
}
