//! Values from the bytes of an input.

/// Reads an input from its beginning. After its end, every value is the first one.
///
/// Each choice takes one byte, so that a change of one byte changes one choice.
#[derive(Debug)]
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `count`, or 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()).checked_rem(count).unwrap_or(0)
    }

    /// True for one byte in `times`.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 1
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.one_in(2)
    }

    /// An item. The list must have one.
    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        let item = items.get(self.below(items.len()));
        item.expect("a list of choices is not empty").clone()
    }

    /// At most as many bytes.
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A text of at most as many bytes.
    pub(crate) fn text(&mut self, longest: usize) -> String {
        let len = self.below(longest + 1);
        String::from_utf8_lossy(self.take(len)).into_owned()
    }

    /// A few values.
    pub(crate) fn several<T>(
        &mut self,
        most: usize,
        mut next: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| next(self)).collect()
    }
}
