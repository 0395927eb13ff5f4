//! The inspector's clock. To look at a clock takes time, too: so it is looked at once for each system call and each longer piece
//! of work, and what happens between two looks has the time of the first.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Nanoseconds since the record began, or of a duration.
pub type Nanos = u64;

/// The clock of one loop. It never goes back.
pub struct Clock {
    began: Instant,
    last: AtomicU64,
}

/// A look at the clock.
#[derive(Clone, Copy, Default)]
pub struct Stamp {
    pub at: Nanos,
    /// The time since the look before.
    pub spent: Nanos,
}

impl Clock {
    pub fn new(began: Instant) -> Clock {
        Clock { began, last: AtomicU64::new(0) }
    }

    /// Looks at the clock.
    pub fn look(&self) -> Stamp {
        self.set(Instant::now())
    }

    /// The clock is at `now`: the loop has looked.
    pub fn set(&self, now: Instant) -> Stamp {
        // Only one thread at a time turns the loop, so no look is lost between the two.
        let last = self.last.load(Ordering::Relaxed);
        let at = (now.saturating_duration_since(self.began).as_nanos() as Nanos).max(last);
        self.last.store(at, Ordering::Relaxed);
        Stamp { at, spent: at - last }
    }

    /// The last look.
    pub fn last(&self) -> Stamp {
        Stamp { at: self.last.load(Ordering::Relaxed), spent: 0 }
    }
}
