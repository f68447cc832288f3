//! Every order of the steps of several threads.
//!
//! Do not use loom for this: it needs types of its own in the place of the atomics, and those of arc-swap are not. Here
//! the code is what it is, and one thread runs at a time, from one [`step`] to the next. The orders are those of
//! sequential consistency: a memory ordering that is too weak is not found.

use std::cell::{Cell, RefCell};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

thread_local! {
    /// The run that this thread belongs to, and its number in there.
    static THIS: RefCell<Option<(Arc<Run>, usize)>> = const { RefCell::new(None) };
    /// Whether this thread has its turn for the next step already.
    static HAS_TURN: Cell<bool> = const { Cell::new(false) };
}

/// Runs threads in every order of their steps, and returns the number of orders. `start` makes what a run shares;
/// `threads` are numbered from 0, and each is run with its number; `check` sees what is left of a run, and the numbers
/// of the threads in the order of their steps.
pub(crate) fn all<S: Send + Sync>(
    threads: usize,
    start: impl Fn() -> S,
    thread: impl Fn(usize, &S) + Sync,
    check: impl Fn(&S, &[usize]),
) -> usize {
    thread::scope(|scope| {
        // The threads are made once: that takes longer than a run.
        let runs = Vec::from_iter((0..threads).map(|number| {
            let (sender, runs) = channel::<(Arc<Run>, Arc<S>)>();
            let thread = &thread;
            scope.spawn(move || {
                for (run, shared) in runs {
                    let _end = Turn::begin(run, number);
                    thread(number, &shared);
                }
            });
            sender
        }));
        let mut choices = Vec::new();
        for orders in 1.. {
            let (run, shared) = (Arc::new(Run::new(threads, choices)), Arc::new(start()));
            run.next(None);
            for sender in &runs {
                sender
                    .send((Arc::clone(&run), Arc::clone(&shared)))
                    .unwrap();
            }
            let state = run.state.lock().unwrap();
            let runs =
                |state: &mut State| state.threads.iter().any(|status| *status != Status::Over);
            let state = run.over.wait_while(state, runs).unwrap();
            check(&shared, &state.order);
            choices = state.choices.clone();
            // The last choice that can be another one, is.
            while let Some(Choice { taken, of }) = choices.pop() {
                if taken + 1 < of {
                    let taken = taken + 1;
                    choices.push(Choice { taken, of });
                    break;
                }
            }
            if choices.is_empty() {
                return orders;
            }
        }
        0
    })
}

/// Gives the turn to any thread, and waits for its own.
pub(crate) fn step() {
    if !HAS_TURN.take() {
        pass(Status::Ready);
    }
}

/// Waits for the turn of the next step before that step: what is done in between belongs to it.
pub(crate) fn begin() {
    step();
    HAS_TURN.set(true);
}

/// The same for a thread that cannot go on before another one has made a step.
pub(super) fn wait_for_another() {
    pass(Status::Waiting);
}

pub(super) fn is_ordered() -> bool {
    THIS.with_borrow(Option::is_some)
}

fn pass(status: Status) {
    // A clone: the thread that is next may be this one.
    let this = THIS.with_borrow(Clone::clone);
    if let Some((run, number)) = this {
        run.next(Some((number, status)));
        run.wait(number);
    }
}

struct Run {
    state: Mutex<State>,
    turns: Vec<Condvar>,
    over: Condvar,
}

struct State {
    threads: Vec<Status>,
    turn: usize,
    /// Those to take, and then those that were taken.
    choices: Vec<Choice>,
    order: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Ready,
    Waiting,
    Over,
}

/// Which of the threads that could go on did.
#[derive(Clone, Copy)]
struct Choice {
    taken: usize,
    of: usize,
}

impl Run {
    fn new(threads: usize, choices: Vec<Choice>) -> Self {
        let state = State {
            threads: vec![Status::Ready; threads],
            turn: 0,
            choices,
            order: Vec::new(),
        };
        Self {
            state: Mutex::new(state),
            turns: (0..threads).map(|_| Condvar::new()).collect(),
            over: Condvar::new(),
        }
    }

    /// Chooses the thread that goes on after one has done something.
    fn next(&self, done: Option<(usize, Status)>) {
        let mut state = self.state.lock().unwrap();
        if let Some((number, status)) = done {
            // What it has done may be what the others wait for; but not that it still waits.
            if status != Status::Waiting {
                for other in &mut state.threads {
                    if *other == Status::Waiting {
                        *other = Status::Ready;
                    }
                }
            }
            state.threads[number] = status;
        }
        let ready: Vec<_> = (0..state.threads.len())
            .filter(|&number| state.threads[number] == Status::Ready)
            .collect();
        if ready.is_empty() {
            let waits = |status: &Status| *status == Status::Waiting;
            assert!(!state.threads.iter().any(waits), "all threads wait");
            self.over.notify_one();
            return;
        }
        let depth = state.order.len();
        if depth == state.choices.len() {
            let of = ready.len();
            state.choices.push(Choice { taken: 0, of });
        }
        let Choice { taken, of } = state.choices[depth];
        assert_eq!(of, ready.len(), "a run depends on more than the order");
        state.turn = ready[taken];
        state.order.push(ready[taken]);
        self.turns[ready[taken]].notify_one();
    }

    fn wait(&self, number: usize) {
        let state = self.state.lock().unwrap();
        let is_its_turn = |state: &mut State| state.turn != number;
        let _state = self.turns[number].wait_while(state, is_its_turn).unwrap();
    }
}

/// A thread in a run. When dropped it is over, even by a panic: the others go on, and the panic is seen.
struct Turn(Arc<Run>, usize);

impl Turn {
    fn begin(run: Arc<Run>, number: usize) -> Self {
        THIS.set(Some((Arc::clone(&run), number)));
        run.wait(number);
        HAS_TURN.set(true);
        Self(run, number)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        THIS.take();
        self.0.next(Some((self.1, Status::Over)));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::PoisonError;

    use super::super::lock;
    use super::*;

    /// Each thread makes some steps; each order of them comes once.
    #[track_caller]
    fn check_orders(steps: &[usize], expected: usize) {
        let seen = RefCell::new(BTreeSet::new());
        let thread = |number: usize, log: &Mutex<Vec<usize>>| {
            for _ in 0..steps[number] {
                step();
                log.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(number);
            }
        };
        let count = all(steps.len(), Mutex::default, thread, |log, _| {
            seen.borrow_mut().insert(log.lock().unwrap().clone());
        });
        assert_eq!((seen.borrow().len(), count), (expected, expected));
    }

    #[test]
    fn every_order() {
        check_orders(&[3], 1);
        check_orders(&[1, 1], 2);
        check_orders(&[2, 2], 6);
        check_orders(&[1, 2, 3], 60);
    }

    /// A sum that is read, and then written, loses what another thread adds in between.
    #[test]
    fn a_lost_update_is_found() {
        let sums = |is_locked: bool| {
            let sums = RefCell::new(BTreeSet::new());
            let add = |_: usize, (sum, mutex): &(Mutex<u8>, Mutex<()>)| {
                let _guard = is_locked.then(|| lock(mutex));
                step();
                let before = *sum.lock().unwrap();
                step();
                *sum.lock().unwrap() = before + 1;
            };
            all(2, Default::default, add, |(sum, _), _| {
                sums.borrow_mut().insert(*sum.lock().unwrap());
            });
            sums.into_inner()
        };
        assert_eq!(sums(false), BTreeSet::from([1, 2]));
        assert_eq!(sums(true), BTreeSet::from([2]));
    }
}
