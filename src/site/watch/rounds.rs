//! Looks that are taken once a second, where the kernel tells nothing: which place is next. This file does not look at the disk.

use super::place::Place;
use super::uses::Uses;
use std::time::{Duration, Instant};

/// How often it is looked: a second is not long for a user, and a look costs little.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Places that are looked at in one second. If there are more, the others have their turn in the next seconds.
const LOOKS_A_SECOND: usize = 1024;

/// The rounds of looks.
#[derive(Default)]
pub struct Rounds {
    /// When the next round begins; `None` while there is nothing to look at.
    next: Option<Instant>,
    /// The last place that was looked at.
    at: Option<Place>,
    /// How many places are left to the round that goes on.
    left: usize,
}

impl Rounds {
    /// When the next place is to be looked at.
    pub fn due(&self) -> Option<Instant> {
        self.next
    }

    /// The place that is to be looked at now.
    pub fn next_place(&mut self, uses: &Uses, now: Instant) -> Option<Place> {
        if !uses.are_looked_at() {
            *self = Rounds::default();
            return None;
        }
        if *self.next.get_or_insert(now + LOOK_EVERY) > now {
            return None;
        }
        if self.left == 0 {
            self.left = LOOKS_A_SECOND;
        }
        self.at = uses.looked_at_after(self.at.as_ref());
        self.left = if self.at.is_some() { self.left - 1 } else { 0 };
        if self.left == 0 {
            self.next = Some(now + LOOK_EVERY);
        }
        self.at.clone()
    }
}
