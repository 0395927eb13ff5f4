//! What the inspector knows of one turn of the loop. It takes a fixed amount of memory, however many connections were
//! driven.

use std::time::{Duration, Instant};

/// The connections that were driven first are kept one by one, up to this many; the others are only counted.
const DRIVEN_MAX: usize = 24;

/// A turn of the loop.
#[derive(Clone, Copy)]
pub struct Turn {
    /// When the wait ended.
    pub woke: Instant,
    pub wait: Duration,
    /// The time from the end of the wait to the next wait.
    pub busy: Duration,
    pub events: u32,
    driven: [Driven; DRIVEN_MAX],
    pub driven_count: u32,
    /// Whether the turn did more than send events to clients that read them. Other turns are left out of the events.
    pub matters: bool,
}

/// A connection that was driven, and for how long.
#[derive(Clone, Copy, Default)]
pub struct Driven {
    pub key: u32,
    pub time: Duration,
}

impl Turn {
    pub fn new(woke: Instant, wait: Duration, events: usize) -> Turn {
        Turn {
            woke,
            wait,
            busy: Duration::ZERO,
            events: events as u32,
            driven: [Driven::default(); DRIVEN_MAX],
            driven_count: 0,
            matters: false,
        }
    }

    pub fn drove(&mut self, key: usize, time: Duration) {
        if let Some(driven) = self.driven.get_mut(self.driven_count as usize) {
            *driven = Driven { key: key as u32, time };
        }
        self.driven_count += 1;
    }

    /// The connections that were driven first, in their order.
    pub fn driven(&self) -> &[Driven] {
        &self.driven[..DRIVEN_MAX.min(self.driven_count as usize)]
    }
}
