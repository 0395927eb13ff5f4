//! Locks of what the threads of a threaded variant share.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nothing that is done under a lock leaves half a change behind, so a panic elsewhere does not spoil it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
