//! Which requests a look at the disk is fresh enough for: those that were read before it. So one look serves all the
//! requests that a turn has read, and none is ever answered by a look that is older than itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// A place in the order of all reads from sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

/// Counts the reads.
#[derive(Default)]
pub struct Clock(AtomicU64);

impl Clock {
    /// Something was read. Whoever looks from now on looks after it.
    pub fn tick(&self) -> Tick {
        Tick(self.0.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// The last read.
    pub fn now(&self) -> Tick {
        Tick(self.0.load(Ordering::Acquire))
    }
}

/// When something was last found to be as it was.
#[derive(Default)]
pub struct Seen(AtomicU64);

impl Clone for Seen {
    fn clone(&self) -> Seen {
        Seen(self.0.load(Ordering::Acquire).into())
    }
}

impl Seen {
    /// It was, by a look that began at `tick`.
    pub fn set(&self, Tick(count): Tick) {
        self.0.fetch_max(count, Ordering::AcqRel);
    }

    /// Whether that was after the read at `tick`.
    pub fn is_fresh_for(&self, Tick(count): Tick) -> bool {
        self.0.load(Ordering::Acquire) >= count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_serves_what_was_read_before_it_and_nothing_else() {
        let (clock, seen) = (Clock::default(), Seen::default());
        let [first, second] = [clock.tick(), clock.tick()];
        assert!(!seen.is_fresh_for(first));
        let look = clock.now();
        let third = clock.tick();
        seen.set(look);
        assert_eq!([first, second, third].map(|read| seen.is_fresh_for(read)), [true, true, false]);
        seen.set(first);
        assert!(seen.is_fresh_for(second), "an older look takes nothing back");
    }
}
