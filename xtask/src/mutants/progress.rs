//! How far the tests of the mutants of a file are.

use std::fmt;

use serde_json::{Value, json};

/// The mutants of a file, by the names that `cargo mutants` gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The number of stages.
    stages: usize,
    /// The stage whose tests run. After the last one, the number of stages.
    stage: usize,
    /// Those that this stage has not tested.
    untested: Vec<String>,
    /// Those that the tests of this stage did not notice.
    missed: Vec<String>,
    /// Of the others.
    numbers: Numbers,
}

/// Numbers of mutants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) caught: usize,
    /// Those with which a test does not end.
    pub(crate) endless: usize,
    /// Those that do not compile.
    pub(crate) unviable: usize,
    /// Those that no test noticed.
    pub(crate) missed: usize,
    /// Those that some tests have not seen.
    pub(crate) unfinished: usize,
}

impl Progress {
    pub(crate) fn new(mutants: Vec<String>, stages: usize) -> Self {
        Self {
            stages,
            stage: 0,
            untested: mutants,
            missed: Vec::new(),
            numbers: Numbers::default(),
        }
    }

    /// The stage whose tests run next; `None` when all have run.
    pub(crate) fn stage(&self) -> Option<usize> {
        (self.stage < self.stages).then_some(self.stage)
    }

    /// The mutants that are tested next: at most `most`.
    pub(crate) fn next(&self, most: usize) -> &[String] {
        self.untested.get(..most).unwrap_or(&self.untested)
    }

    /// Adds the result of the first `count` mutants: the numbers, and those that the tests did not notice.
    pub(crate) fn add(&mut self, count: usize, numbers: Numbers, missed: Vec<String>) {
        self.untested.drain(..count.min(self.untested.len()));
        self.missed.extend(missed);
        self.numbers = self.numbers.plus(numbers);
        if !self.untested.is_empty() {
            return;
        }
        self.stage += 1;
        if self.missed.is_empty() {
            self.stage = self.stages;
        }
        if self.stage < self.stages {
            self.untested = std::mem::take(&mut self.missed);
        }
    }

    /// Those that no test noticed; `None` while tests are left.
    pub(crate) fn survivors(&self) -> Option<&[String]> {
        (self.stage >= self.stages).then_some(&self.missed)
    }

    pub(crate) fn numbers(&self) -> Numbers {
        let mut numbers = self.numbers;
        let left = self.untested.len() + self.missed.len();
        match self.survivors() {
            Some(_) => numbers.missed = left,
            None => numbers.unfinished = left,
        }
        numbers
    }

    pub(crate) fn to_json(&self) -> Value {
        let Numbers {
            caught,
            endless,
            unviable,
            ..
        } = self.numbers;
        json!({
            "stages": self.stages,
            "stage": self.stage,
            "untested": self.untested,
            "missed": self.missed,
            "caught": caught,
            "endless": endless,
            "unviable": unviable,
        })
    }

    /// `None` if it is not what [`Progress::to_json`] makes, or if there are other stages now.
    pub(crate) fn from_json(value: &Value, stages: usize) -> Option<Self> {
        let number = |name: &str| usize::try_from(value[name].as_u64()?).ok();
        let names = |name: &str| -> Option<Vec<_>> {
            let names = value[name].as_array()?.iter();
            names.map(|name| Some(name.as_str()?.to_owned())).collect()
        };
        Some(Self {
            stages: number("stages").filter(|stored| *stored == stages)?,
            stage: number("stage")?,
            untested: names("untested")?,
            missed: names("missed")?,
            numbers: Numbers {
                caught: number("caught")?,
                endless: number("endless")?,
                unviable: number("unviable")?,
                ..Numbers::default()
            },
        })
    }
}

impl Numbers {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            caught: self.caught + other.caught,
            endless: self.endless + other.endless,
            unviable: self.unviable + other.unviable,
            missed: self.missed + other.missed,
            unfinished: self.unfinished + other.unfinished,
        }
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            caught,
            endless,
            unviable,
            missed,
            unfinished,
        } = self;
        write!(
            f,
            "{caught:>5} caught {endless:>4} endless {missed:>4} missed {unviable:>4} do not compile {unfinished:>5} left"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Numbers, Progress};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn caught(caught: usize) -> Numbers {
        Numbers {
            caught,
            ..Numbers::default()
        }
    }

    #[test]
    fn each_stage_gets_what_the_one_before_has_missed() {
        let mut progress = Progress::new(names(&["a", "b", "c"]), 2);
        assert_eq!(progress.next(2), ["a", "b"]);
        progress.add(2, caught(1), names(&["b"]));
        assert_eq!(
            (progress.stage(), progress.next(2)),
            (Some(0), &*names(&["c"]))
        );
        // It goes on from what is stored.
        let stored = Progress::from_json(&progress.to_json(), 2);
        assert_eq!(stored.as_ref(), Some(&progress));
        assert_eq!(Progress::from_json(&progress.to_json(), 3), None);
        assert_eq!(progress.numbers().unfinished, 2);

        progress.add(1, caught(0), names(&["c"]));
        assert_eq!(
            (progress.stage(), progress.next(9)),
            (Some(1), &*names(&["b", "c"]))
        );
        assert_eq!(progress.survivors(), None);
        progress.add(2, caught(1), names(&["c"]));
        assert_eq!(progress.stage(), None);
        assert_eq!(progress.survivors(), Some(&*names(&["c"])));
        let numbers = progress.numbers();
        assert_eq!(
            (numbers.caught, numbers.missed, numbers.unfinished),
            (2, 1, 0)
        );
    }

    #[test]
    fn stages_without_mutants_are_left_out() {
        let mut progress = Progress::new(names(&["a"]), 3);
        progress.add(1, caught(1), Vec::new());
        assert_eq!(progress.stage(), None);
        assert_eq!(progress.survivors(), Some(&[][..]));
    }
}
