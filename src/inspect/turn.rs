//! One turn of the loop, as it is remembered: a fixed amount of memory, however much went on.

use std::time::{Duration, Instant};

/// Those who were driven first are remembered one by one, the others are counted.
const DRIVEN_MAX: usize = 24;

/// A turn.
#[derive(Clone, Copy)]
pub struct Turn {
    /// When the wait ended.
    pub woke: Instant,
    pub wait: Duration,
    /// From the end of the wait to the next one.
    pub busy: Duration,
    pub events: u32,
    driven: [Driven; DRIVEN_MAX],
    pub driven_count: u32,
    /// Whether anything but telling of other turns was done.
    pub matters: bool,
}

/// Who was driven, and for how long.
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

    /// The first of those who were driven, in their order.
    pub fn driven(&self) -> &[Driven] {
        &self.driven[..DRIVEN_MAX.min(self.driven_count as usize)]
    }
}
