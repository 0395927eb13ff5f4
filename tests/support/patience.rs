//! Waiting with a limit: what does not come in time fails the test, which then says what it saw instead.

use super::watch::watch;
use std::fmt::Display;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than anything a test waits for on a busy machine: reaching it means failure, never success.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks. A look may cost the program that is looked at, and the machine has other things to do.
const NAP: Duration = Duration::from_millis(2);

/// Looks again and again for `what`, which nothing announces. A look that is in vain gives what it saw.
pub fn until<T, S: Display>(what: impl Display, look: impl FnMut() -> Result<T, S>) -> T {
    within(PATIENCE, what, look)
}

/// The same with another limit.
pub fn within<T, S: Display>(
    limit: Duration,
    what: impl Display,
    mut look: impl FnMut() -> Result<T, S>,
) -> T {
    watch();
    let began = Instant::now();
    loop {
        let asked = Instant::now();
        match look() {
            Ok(found) => return found,
            Err(seen) if asked - began >= limit => panic!("waited {limit:?} for {what}, and saw {seen}"),
            Err(_) => std::thread::sleep(NAP),
        }
    }
}

/// What a thread gives at its end; its panic is the test's.
pub fn joined<T>(what: impl Display, thread: JoinHandle<T>) -> T {
    joined_within(PATIENCE, what, thread)
}

/// The same with another limit.
pub fn joined_within<T>(limit: Duration, what: impl Display, thread: JoinHandle<T>) -> T {
    let look = || if thread.is_finished() { Ok(()) } else { Err("that it still runs") };
    within(limit, format_args!("the end of {what}"), look);
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// Sets a flag when it is dropped, also by a panic: a scope waits for its threads, and those that go on until they are
/// told would go on for ever when the test fails.
pub struct Ends<'a>(pub &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
