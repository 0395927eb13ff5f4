//! Which names changed lately, and when. A page says what it uses only when it has loaded: what changed meanwhile is found
//! here. This file does not look at the disk.

use std::collections::HashMap;
use std::time::Instant;

/// Names of one generation. Two are kept, so the last 4,096 names that changed are known at least, and twice as many at most.
const GENERATION: usize = 4096;

/// The names that changed lately. A name that changes again and again is kept once.
pub struct Memory {
    young: HashMap<Box<[u8]>, Instant>,
    old: HashMap<Box<[u8]>, Instant>,
    /// When the younger generation began.
    young_since: Instant,
    /// What changed before is forgotten.
    since: Instant,
}

impl Memory {
    /// Nothing is known of the time before `now`.
    pub fn new(now: Instant) -> Memory {
        Memory { young: HashMap::new(), old: HashMap::new(), young_since: now, since: now }
    }

    /// `name` changed at `now`, or shortly before.
    pub fn note(&mut self, name: &[u8], now: Instant) {
        if let Some(time) = self.young.get_mut(name) {
            *time = now;
            return;
        }
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.since = self.young_since;
            self.young_since = now;
        }
        self.young.insert(name.into(), now);
    }

    /// Anything may have changed before `now`.
    pub fn forget(&mut self, now: Instant) {
        *self = Memory::new(now);
    }

    /// Whether all that changed since `time` is known.
    pub fn reaches(&self, time: Instant) -> bool {
        self.since <= time
    }

    /// Whether `name` is known to have changed since `time`.
    pub fn has_changed(&self, name: &[u8], time: Instant) -> bool {
        let last = self.young.get(name).or_else(|| self.old.get(name));
        last.is_some_and(|last| *last >= time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_last_names_are_known_and_older_ones_make_the_memory_shorter() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut memory = Memory::new(start);
        for millis in 0..3 * GENERATION as u64 {
            memory.note(format!("/{millis}").as_bytes(), at(millis));
            // This one changes all the time, and takes the place of no other.
            memory.note(b"/log", at(millis));
            let first = millis.saturating_sub(GENERATION as u64 - 2);
            assert!(
                memory.reaches(at(first)) && memory.has_changed(format!("/{first}").as_bytes(), at(first))
            );
        }
        assert!(!memory.reaches(start));
        assert!(!memory.has_changed(b"/log", at(3 * GENERATION as u64)));
        memory.forget(at(20_000));
        assert!(!memory.reaches(at(19_999)) && memory.reaches(at(20_000)));
        assert!(!memory.has_changed(b"/log", start));
    }
}
