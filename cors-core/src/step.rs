//! Where a thread sees what other threads do.

#[cfg(test)]
pub(crate) mod orders;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A step of a thread: the next statement reads or writes what threads share. It does nothing, except in
/// `orders::all`, which tries every order of the steps of several threads.
#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn step() {}

#[cfg(test)]
pub(crate) use orders::step;

/// Waits for a lock. It is not a step: other threads see what is done with the lock, not that it is taken. A panic of another thread does not matter: what it protects is always valid.
#[cfg(not(test))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same for `orders::all`, where only one thread runs: the one that has the lock may be another.
#[cfg(test)]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    use std::sync::TryLockError;

    if !orders::is_ordered() {
        return mutex.lock().unwrap_or_else(PoisonError::into_inner);
    }
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(error)) => return error.into_inner(),
            Err(TryLockError::WouldBlock) => orders::wait_for_another(),
        }
    }
}
