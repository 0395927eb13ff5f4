//! The observer that writes the inspector's record.

use super::counts::Call;
use super::kernel::Observer;
use super::record::Shared;
use super::snapshot;
use super::stamp::Stamp;
use crate::conn::event::{Event, Step};
use crate::reactor::kernel::Ready;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

impl Observer for Shared {
    fn called(&mut self, call: Call, key: Option<usize>, moved: Result<usize, ErrorKind>) {
        let stamp = match call {
            Call::Shutdown | Call::Close => self.clock().last(),
            _ => self.clock().look(),
        };
        self.lock().called(call, key, moved, stamp);
    }

    fn told(&mut self, key: usize, event: Event<'_>) {
        let stamp = self.stamp(&event);
        self.lock().take_note(key, event, stamp);
    }

    fn stale(&mut self) {
        self.lock().counts.stale += 1;
    }

    fn waits(&mut self, now: Instant, timeout: Option<Duration>) -> Option<Duration> {
        let stamp = self.clock().set(now);
        self.lock().end_turn(now, stamp, timeout)
    }

    /// Clients that read the events are woken from here, when it is time to tell more: without any readiness.
    fn woke(&mut self, now: Instant, ready: &mut Vec<Ready>) {
        let stamp = self.clock().set(now);
        let mut record = self.lock();
        if let Some(mut room) = record.begin_turn(now, stamp, ready) {
            snapshot::batch(&mut room.batch, &record, &room.news);
            record.hand_out(room, ready);
            record.note_batch(self.clock().look());
        }
    }
}

impl Shared {
    /// When an event happened: now, where the time since the last look at the clock went into something.
    fn stamp(&self, event: &Event<'_>) -> Stamp {
        match event {
            Event::Step(Step::Gate | Step::Disk)
            | Event::Spent(_)
            | Event::Answered { .. }
            | Event::DriveEnds(_) => self.clock().look(),
            _ => self.clock().last(),
        }
    }
}
