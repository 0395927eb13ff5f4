//! The turns of the loop: the one that runs, and the last ones. This file does not know the connections.

use super::stamp::{Nanos, Stamp};
use super::turn::{Kind, Turn};
use std::collections::VecDeque;

/// Turns that are kept; no batch has more.
const KEPT_MAX: usize = 256;

/// The last turns.
pub struct Turns {
    pub kept: VecDeque<Turn>,
    /// How many of them ended before the first reader of the events came. It misses nothing when they go.
    old: usize,
    /// The turn that runs.
    pub running: Option<Turn>,
    /// Time spent in turns that are left out. It counts as waiting of the next turn.
    idle: Nanos,
}

impl Turns {
    pub fn new() -> Turns {
        Turns { kept: VecDeque::with_capacity(KEPT_MAX), old: 0, running: None, idle: 0 }
    }

    pub fn spend(&mut self, kind: Kind, time: Nanos) {
        self.running.iter_mut().for_each(|turn| turn.spend(kind, time));
    }

    /// The loop begins to wait. `None` if no turn ended that matters; else whether a turn was dropped for it of which a
    /// reader, where there is one, was not told.
    pub fn end(&mut self, stamp: Stamp) -> Option<bool> {
        let mut turn = self.running.take()?;
        turn.end(stamp.at);
        turn.wait += std::mem::take(&mut self.idle);
        if !turn.matters {
            self.idle = turn.wait + turn.busy;
            return None;
        }
        let is_lost = self.kept.len() == KEPT_MAX && {
            self.kept.pop_front();
            let was_old = self.old > 0;
            self.old -= usize::from(was_old);
            !was_old
        };
        self.kept.push_back(turn);
        Some(is_lost)
    }

    /// The first reader of the events comes.
    pub fn note_first_reader(&mut self) {
        self.old = self.kept.len();
    }

    /// All readers were told of all turns.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.old = 0;
    }
}
