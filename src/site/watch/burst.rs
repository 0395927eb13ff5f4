//! A burst of changes: what was touched, and when it is time to look at it. This file does not look at the disk.

use super::place::Place;
use std::collections::BTreeMap;
use std::mem::take;
use std::time::{Duration, Instant};

/// A burst is over when nothing was touched for so long. An editor makes its two or three steps within a few milliseconds, and a
/// compiler that writes many files pauses for some ten between them; a user does not notice so short a wait.
pub const QUIET: Duration = Duration::from_millis(100);

/// A burst is told when it has lasted so long, even if it goes on, or if a file is still missing: a program may write into the
/// folder all the time, such as a log.
pub const BURST_MAX: Duration = Duration::from_secs(2);

/// Changes that come close together, and are told together.
pub struct Burst {
    first: Instant,
    last: Instant,
    touched: BTreeMap<Place, Touch>,
    /// What is missing since the burst began. It may come back.
    missing: BTreeMap<Place, Touch>,
    changed: Vec<Place>,
}

/// What is known of a place that was touched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Touch {
    /// It has changed, whatever a comparison says: the change may have come before the look with which it is compared.
    pub is_change: bool,
    /// What is shown beside the place's own file has changed: the names in a listing, or the page for what is missing.
    pub is_of_names: bool,
}

/// What is to be done for a burst.
pub enum Step {
    /// A place that was touched is to be compared with what was there before.
    Compare(Place, Touch),
    /// All is compared, and these places have changed.
    Tell(Vec<Place>),
    /// Nothing yet.
    Wait,
}

impl Burst {
    /// A burst that begins at `now`.
    pub fn new(now: Instant) -> Burst {
        let (touched, missing, changed) = Default::default();
        Burst { first: now, last: now, touched, missing, changed }
    }

    /// Something happened at `now`.
    pub fn prolong(&mut self, now: Instant) {
        self.last = now;
    }

    /// All begins anew at `now`: until then nothing could be seen.
    pub fn restart(&mut self, now: Instant) {
        (self.first, self.last) = (now, now);
    }

    /// A place was touched.
    pub fn touch(&mut self, place: Place, touch: Touch) {
        let before = self.touched.entry(place).or_default();
        before.is_change |= touch.is_change;
        before.is_of_names |= touch.is_of_names;
    }

    /// Whether the place was touched, and is not compared yet: then it counts as a change in any case.
    pub fn keeps(&mut self, place: &Place) -> bool {
        let kept = self.touched.get_mut(place).or_else(|| self.missing.get_mut(place));
        kept.map(|touch| touch.is_change = true).is_some()
    }

    /// What is to be done at `now`.
    pub fn step(&mut self, now: Instant) -> Step {
        if now < self.due() {
            return Step::Wait;
        }
        if let Some((place, touch)) = self.touched.pop_first() {
            return Step::Compare(place, touch);
        }
        if !self.missing.is_empty() {
            self.touched = take(&mut self.missing);
            self.last = now;
            return Step::Wait;
        }
        Step::Tell(take(&mut self.changed))
    }

    /// The place has changed.
    pub fn note_changed(&mut self, place: Place) {
        self.changed.push(place);
    }

    /// The place is missing by now. Says whether it is to be looked at once more.
    pub fn waits_for(&mut self, place: &Place, touch: Touch, now: Instant) -> bool {
        let waits = now < self.first + BURST_MAX;
        if waits {
            self.missing.insert(place.clone(), touch);
        }
        waits
    }

    /// When something is to be done.
    pub fn due(&self) -> Instant {
        (self.last + QUIET).min(self.first + BURST_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_ends_when_it_is_quiet_or_has_lasted_long_enough() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut burst = Burst::new(start);
        burst.touch(b"/a"[..].into(), Touch::default());
        for millis in (0..2000).step_by(90) {
            burst.prolong(at(millis));
            assert!(millis + 89 >= 2000 || matches!(burst.step(at(millis + 89)), Step::Wait), "{millis}");
        }
        assert!(matches!(burst.step(at(2000)), Step::Compare(place, _) if *place == *b"/a"));
        assert!(matches!(burst.step(at(2000)), Step::Tell(changed) if changed.is_empty()));
    }
}
