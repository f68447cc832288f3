//! A hash table of texts that is made once.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use crate::bytes;

/// Texts, each with a value: their bytes in one piece, and a hash table into it.
///
/// It is tempting to take one from a library. Those can grow and shrink and be nearly full, and what
/// they take for that is a third of a decision.
#[derive(Debug)]
pub(crate) struct Table<V> {
    bytes: Box<[u8]>,
    /// A text is in its home or, where others are, behind it, with no empty slot between. There are
    /// two and a half times as many as texts, and some, so that those of a short list seldom meet.
    slots: Box<[Slot<V>]>,
    /// The number of slots that are a home to any.
    homes: u64,
    hasher: Hasher,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<V> {
    start: usize,
    value: V,
    mark: Mark,
}

/// The length of a text and a part of its hash: one in many thousand of other texts has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark(u32);

impl Mark {
    /// The mark of a slot without a text. No text has it, not even an empty one that is looked up: the
    /// length is one more.
    const EMPTY: Self = Self(0);

    fn new(text: &[u8], hash: u64) -> Self {
        Self((hash as u32) << 16 | (text.len() as u32).wrapping_add(1))
    }

    /// The length of a text in the table.
    fn len(self) -> usize {
        usize::from(self.0 as u16).saturating_sub(1)
    }
}

impl<V: Copy> Table<V> {
    /// `merge` adds what is new to a text that is known already. `nothing` is the value of no text.
    pub(crate) fn new<'a>(
        texts: impl Iterator<Item = (V, &'a str)> + Clone,
        nothing: V,
        merge: impl Fn(&mut V, V),
    ) -> Self {
        Self::with_hasher(Hasher::new(), texts, nothing, merge)
    }

    fn with_hasher<'a>(
        hasher: Hasher,
        texts: impl Iterator<Item = (V, &'a str)> + Clone,
        nothing: V,
        merge: impl Fn(&mut V, V),
    ) -> Self {
        let (count, len) = texts.clone().fold((0, 0), |(count, len), (_, text)| {
            (count + 1, len + text.len())
        });
        let (homes, behind) = match count {
            0 => (0, 0),
            _ => (count / 2 * 5 + 64, 32),
        };
        let mut table = Self {
            bytes: Box::default(),
            slots: Box::default(),
            // Only 32 bits of a hash choose the home.
            homes: u64::from(u32::try_from(homes).unwrap_or(u32::MAX)),
            hasher,
        };
        let empty = Slot {
            start: 0,
            value: nothing,
            mark: Mark::EMPTY,
        };
        let mut bytes = Vec::with_capacity(len);
        let mut slots = vec![empty; homes + behind];
        for (value, text) in texts {
            let text = text.as_bytes();
            // A pattern is at most 327 bytes long.
            if u16::try_from(text.len() + 1).is_err() {
                continue;
            }
            let hash = table.hasher.hash(text);
            let mark = Mark::new(text, hash);
            let mut at = table.home(hash);
            loop {
                match slots.get_mut(at) {
                    Some(slot) if slot.mark == Mark::EMPTY => {
                        let start = bytes.len();
                        bytes.extend_from_slice(text);
                        *slot = Slot { start, value, mark };
                        break;
                    }
                    Some(slot) if slot.mark == mark && slot.text(&bytes) == Some(text) => {
                        merge(&mut slot.value, value);
                        break;
                    }
                    Some(_) => at += 1,
                    None => slots.push(empty),
                }
            }
        }
        table.bytes = bytes.into();
        table.slots = slots.into();
        table
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline(never)]
    pub(crate) fn get(&self, text: &[u8]) -> Option<&V> {
        self.value(self.candidate(text)?, text)
    }

    /// The first half of [`get`](Self::get), which is where it ends for nearly all texts that are not
    /// known.
    #[inline(always)]
    pub(crate) fn candidate(&self, text: &[u8]) -> Option<&Slot<V>> {
        let hash = self.hasher.hash(text);
        let mark = Mark::new(text, hash);
        for slot in self.slots.get(self.home(hash)..)? {
            if slot.mark == mark {
                return Some(slot);
            }
            if slot.mark == Mark::EMPTY {
                break;
            }
        }
        None
    }

    /// The second half: the value of a text with this candidate.
    #[inline(always)]
    pub(crate) fn value<'a>(&'a self, candidate: &'a Slot<V>, text: &[u8]) -> Option<&'a V> {
        match bytes::is_equal(candidate.text(&self.bytes)?, text) {
            true => Some(&candidate.value),
            false => self.search(text),
        }
    }

    /// Compares with each text that could be it, as another has the same mark.
    #[cold]
    #[inline(never)]
    fn search(&self, text: &[u8]) -> Option<&V> {
        let slots = self.slots.get(self.home(self.hasher.hash(text))..)?;
        let mut taken = slots.iter().take_while(|slot| slot.mark != Mark::EMPTY);
        let slot = taken.find(|slot| slot.text(&self.bytes) == Some(text))?;
        Some(&slot.value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&V, &str)> {
        let taken = self.slots.iter().filter(|slot| slot.mark != Mark::EMPTY);
        taken.filter_map(|slot| {
            let text = str::from_utf8(slot.text(&self.bytes)?).ok()?;
            Some((&slot.value, text))
        })
    }

    /// The upper half of the hash, brought down to what there is.
    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        (((hash >> 32) * self.homes) >> 32) as usize
    }
}

impl<V> Slot<V> {
    #[inline(always)]
    fn text<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.start..)?.get(..self.mark.len())
    }
}

/// Multiplies and folds the product, as wyhash and its like do. Seeded at random, so that nobody can
/// prepare texts that collide: who can add some to a list, such as the users of a service, cannot
/// make it slow.
struct Hasher {
    seed: u64,
    key: u64,
}

impl fmt::Debug for Hasher {
    /// Without the seeds: they are a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}

impl Hasher {
    fn new() -> Self {
        let random = || RandomState::new().hash_one(());
        Self {
            seed: random(),
            key: random(),
        }
    }

    #[inline(always)]
    fn hash(&self, text: &[u8]) -> u64 {
        let mut hash = self.seed;
        if let Some((first, rest)) = text.split_first_chunk() {
            hash = self.fold(hash, u128::from_le_bytes(*first));
            if rest.len() > 16 {
                for block in rest.as_chunks().0 {
                    hash = self.fold(hash, u128::from_le_bytes(*block));
                }
            }
        }
        // Some of its bytes may have been in a block before.
        let end = if let Some(last) = text.last_chunk() {
            u128::from_le_bytes(*last)
        } else if let Some(first) = text.first_chunk()
            && let Some(last) = text.last_chunk()
        {
            u128::from(u64::from_le_bytes(*first)) << 64 | u128::from(u64::from_le_bytes(*last))
        } else {
            text.iter()
                .fold(0, |end, byte| end << 8 | u128::from(*byte))
        };
        let hash = self.fold(hash, end);
        // Once more: texts that differ in half a block only are else multiples of one number, and with
        // some seeds those meet again and again.
        self.fold(hash, 0)
    }

    #[inline(always)]
    fn fold(&self, hash: u64, block: u128) -> u64 {
        let low = hash ^ block as u64;
        let high = self.key ^ (block >> 64) as u64;
        let product = u128::from(low) * u128::from(high);
        product as u64 ^ (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Texts of every length up to 400, many of which differ in one byte, or in the length alone.
    fn texts() -> Vec<String> {
        let lengths = (1..400).flat_map(|length| {
            let same = "a".repeat(length);
            let first = format!("b{}", "a".repeat(length - 1));
            let middle = format!(
                "{}c{}",
                "a".repeat(length / 2),
                "a".repeat((length - 1) / 2)
            );
            let last = format!("{}b", "a".repeat(length - 1));
            [same, first, middle, last]
        });
        lengths.collect()
    }

    /// To this one all texts are the same: they have one home, and those of a length one mark.
    const ZERO: Hasher = Hasher { seed: 0, key: 0 };

    #[test]
    fn every_text_has_its_value() {
        let texts = texts();
        for count in [0, 1, 2, 7, 100, texts.len()] {
            let mut expected = BTreeMap::new();
            let list = (0..).zip(texts.iter().take(count).map(String::as_str));
            for (value, text) in list.clone() {
                expected.entry(text).or_insert(value);
            }
            for hasher in [Hasher::new(), ZERO] {
                let table = Table::with_hasher(hasher, list.clone(), u32::MAX, |_, _| {});
                for text in &texts {
                    let found = table.get(text.as_bytes());
                    assert_eq!(found, expected.get(&**text), "{text:?} of {count}");
                }
                let all = table.iter().map(|(value, text)| (text, *value));
                assert_eq!(all.collect::<BTreeMap<_, _>>(), expected);
                assert_eq!(table.is_empty(), count == 0);
            }
        }
    }

    #[test]
    fn values_of_one_text_are_merged() {
        let list = [(1, "a"), (2, "b"), (4, "a")].into_iter();
        let table = Table::new(list, 0, |value, new| *value |= new);
        assert_eq!(table.get(b"a"), Some(&5));
        assert_eq!(table.get(b"b"), Some(&2));
    }

    #[test]
    fn nothing_is_found_for_no_text_and_very_long_ones() {
        for hasher in [Hasher::new(), ZERO] {
            let table = Table::with_hasher(hasher, [(1, "a")].into_iter(), 0, |_, _| {});
            for length in [0, 1 << 16, (1 << 16) + 1] {
                assert_eq!(table.get(&vec![b'a'; length]), None, "{length}");
            }
        }
    }

    #[test]
    fn no_text_has_the_mark_of_an_empty_slot() {
        for length in [0, 1, (1 << 16) - 1, 1 << 16] {
            for hash in 0..1 << 16 {
                assert_ne!(Mark::new(&vec![b'a'; length], hash), Mark::EMPTY);
            }
        }
    }

    #[test]
    fn seeds_are_random() {
        let (one, other) = (Hasher::new(), Hasher::new());
        assert_ne!(one.seed, one.key);
        assert_ne!((one.seed, one.key), (other.seed, other.key));
    }

    #[test]
    fn each_byte_counts() {
        let hasher = Hasher::new();
        for length in 1..70 {
            let text = vec![b'a'; length];
            let hash = hasher.hash(&text);
            for at in 0..length {
                let mut other = text.clone();
                other[at] = b'b';
                assert_ne!(hasher.hash(&other), hash, "{at} of {length}");
            }
        }
    }

    #[test]
    fn texts_are_near_their_home() {
        let forms: [fn(usize) -> String; 3] = [
            |n| format!("{n}"),
            |n| format!("{n:07}"),
            |n| format!("https://tenant-{n:08}.example.com"),
        ];
        // Several tables of the same: some hashes are good with most seeds, and bad with others.
        let tables = [
            (0, 1_000, 50),
            (1, 1_000, 100),
            (2, 1_000, 10),
            (2, 50_000, 1),
        ];
        for (form, count, tables) in tables {
            let texts: Vec<String> = (0..count).map(forms[form]).collect();
            let list = (0..).zip(texts.iter().map(String::as_str));
            for _ in 0..tables {
                let table = Table::new(list.clone(), 0, |_, _| {});
                let (mut sum, mut worst) = (0, 0);
                for (value, text) in list.clone() {
                    let text = text.as_bytes();
                    assert_eq!(table.get(text), Some(&value));
                    let home = table.home(table.hasher.hash(text));
                    let is_it = |slot: &Slot<usize>| slot.text(&table.bytes) == Some(text);
                    let distance = table.slots[home..].iter().position(is_it).unwrap();
                    sum += distance;
                    worst = worst.max(distance);
                }
                // Of independent hashes it is a third of a slot, and some 30.
                assert!(sum < count, "{sum} of {count}");
                assert!(worst < 150, "{worst} of {count}");
            }
        }
    }
}
