//! When a look at the disk is fresh enough for a request: if the request was read before the look began.
//!
//! So one look at a folder or a file serves all requests that a turn of the loop has read. And no request is answered by a look
//! that is older than the request: a change made before the client asked is always seen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// A place in the order of all reads from sockets: the number of the read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

/// The time of a request.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time by the clock when it is answered.
    pub time: SystemTime,
    /// When its last byte was read, see [`Site::tick`](super::Site::tick).
    pub read: Tick,
}

/// Counts the reads from sockets.
#[derive(Default)]
pub struct Clock(AtomicU64);

impl Clock {
    /// Counts a read. A look at the disk that begins after this call is fresh enough for the bytes that were read.
    pub fn tick(&self) -> Tick {
        Tick(self.0.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// The number of the last read.
    pub fn now(&self) -> Tick {
        Tick(self.0.load(Ordering::Acquire))
    }
}

/// When a file was last looked at and found unchanged, or when a folder was last looked at.
#[derive(Default)]
pub struct Seen(AtomicU64);

impl Clone for Seen {
    fn clone(&self) -> Seen {
        Seen(self.0.load(Ordering::Acquire).into())
    }
}

impl Seen {
    /// The file was found unchanged, or the folder was looked at, by a look that began after the read at this tick.
    pub fn set(&self, Tick(count): Tick) {
        self.0.fetch_max(count, Ordering::AcqRel);
    }

    /// When the last look began.
    pub fn get(&self) -> Tick {
        Tick(self.0.load(Ordering::Acquire))
    }

    /// Whether the last look began after the read at this tick, so that it is fresh enough for what was read then.
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
