//! The inspector's clock. To look at a clock takes time, too: so it is looked at once for each system call and each longer piece
//! of work, and what happens between two looks has the time of the first. And it counts the ticks of the processor where these are
//! even, since a look at these takes half of the time of a look at the clock of the kernel.

use quanta::Clock as Ticks;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Nanoseconds since the record began, or of a duration.
pub type Nanos = u64;

/// The clock of one loop. It never goes back.
pub struct Clock {
    began: Instant,
    last: AtomicU64,
    ticks: Ticks,
    /// When the loop last looked at the clock of the kernel, and the ticks then. Ticks are counted from there on, so that the two
    /// clocks do not part.
    set_at: AtomicU64,
    set_ticks: AtomicU64,
}

/// A look at the clock.
#[derive(Clone, Copy, Default)]
pub struct Stamp {
    pub at: Nanos,
    /// The time since the look before.
    pub spent: Nanos,
}

// Only one thread at a time turns the loop, so no look is lost between reading a number and writing the next.
impl Clock {
    pub fn new(began: Instant) -> Clock {
        let ticks = Ticks::new();
        let set_ticks = ticks.raw().into();
        Clock { began, last: AtomicU64::new(0), ticks, set_at: AtomicU64::new(0), set_ticks }
    }

    /// Looks at the clock.
    pub fn look(&self) -> Stamp {
        let passed = self.ticks.delta_as_nanos(self.set_ticks.load(Ordering::Relaxed), self.ticks.raw());
        self.advance(self.set_at.load(Ordering::Relaxed) + passed)
    }

    /// The clock is at `now`: the loop has looked.
    pub fn set(&self, now: Instant) -> Stamp {
        let at = now.saturating_duration_since(self.began).as_nanos() as Nanos;
        self.set_at.store(at, Ordering::Relaxed);
        self.set_ticks.store(self.ticks.raw(), Ordering::Relaxed);
        self.advance(at)
    }

    fn advance(&self, to: Nanos) -> Stamp {
        let last = self.last.load(Ordering::Relaxed);
        let at = to.max(last);
        self.last.store(at, Ordering::Relaxed);
        Stamp { at, spent: at - last }
    }

    /// The last look.
    pub fn last(&self) -> Stamp {
        Stamp { at: self.last.load(Ordering::Relaxed), spent: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_ticks_go_on_from_where_the_loop_has_set_the_clock() {
        let began = Instant::now();
        let clock = Clock::new(began);
        for hours in 1..4 {
            let set = clock.set(began + Duration::from_hours(hours));
            assert_eq!(set.at, hours * 3_600_000_000_000);
            let look = clock.look();
            assert!(look.spent > 0 && look.spent < 60_000_000_000, "{} ns", look.spent);
            assert_eq!(look.at, set.at + look.spent);
        }
    }
}
