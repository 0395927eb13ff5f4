//! When the bytes in an inbox came, for the lines of the log that say how long an answer took. Where no line says it, the
//! connection does not look at the clock, and nothing is noted here.

use std::time::Instant;

/// The most times that are noted of bytes that came while an answer was waited for. Of a client that sends more pieces
/// meanwhile, the last note stands for all that follow.
const NOTES_MAX: usize = 64;

/// When bytes came that were just read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Before this turn began: their event woke the loop.
    BeforeTheTurn,
    /// At any time until now.
    UntilNow,
}

/// When the bytes came that are in the inbox.
#[derive(Default)]
pub(super) struct Arrivals {
    /// Bytes of this connection that came so far.
    received: u64,
    /// How many had come then, from the oldest time that counts to the newest. Usually all of an inbox came at one time.
    notes: Vec<(u64, Instant)>,
}

impl Arrivals {
    /// So many bytes came just now. In the inbox there were `waiting` bytes before.
    pub fn note(&mut self, count: usize, waiting: usize, now: Instant) {
        if waiting == 0 {
            self.notes.clear();
        }
        self.received += count as u64;
        if self.notes.len() == NOTES_MAX {
            self.notes.pop();
        }
        self.notes.push((self.received, now));
    }

    /// When the byte came that has `behind` bytes behind it, which is in the inbox as they are. The bytes before it are not asked
    /// for again.
    pub fn of(&mut self, behind: usize) -> Option<Instant> {
        let end = self.received - behind as u64;
        let at = self.notes.iter().position(|(received, _)| *received >= end)?;
        self.notes.drain(..at);
        self.notes.first().map(|(_, time)| *time)
    }

    /// When the last byte came.
    pub fn last(&self) -> Option<Instant> {
        self.notes.last().map(|(_, time)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_byte_has_its_own_time() {
        let begin = Instant::now();
        let at = |second| begin + Duration::from_secs(second);
        let mut arrivals = Arrivals::default();
        assert_eq!((arrivals.of(0), arrivals.last()), (None, None));
        arrivals.note(10, 0, at(0));
        arrivals.note(10, 10, at(1));
        arrivals.note(10, 20, at(2));
        for (behind, second) in [(29, 0), (20, 0), (19, 1), (15, 1), (10, 1), (9, 2), (0, 2)] {
            assert_eq!(arrivals.of(behind), Some(at(second)), "{behind} bytes from the end");
        }
        assert_eq!(arrivals.last(), Some(at(2)));
        arrivals.note(1, 0, at(3));
        assert_eq!((arrivals.of(0), arrivals.notes.len()), (Some(at(3)), 1), "an empty inbox has no past");
    }

    #[test]
    fn a_client_that_sends_byte_by_byte_fills_no_memory() {
        let begin = Instant::now();
        let mut arrivals = Arrivals::default();
        for byte in 0..1000 {
            arrivals.note(1, byte, begin + Duration::from_secs(byte as u64));
        }
        assert_eq!(arrivals.notes.len(), NOTES_MAX);
        assert_eq!(arrivals.of(999), Some(begin));
        assert_eq!(arrivals.of(0), Some(begin + Duration::from_secs(999)));
    }
}
