//! The observer that writes the inspector's record.

use super::counts::Call;
use super::kernel::Observer;
use super::record::Shared;
use super::snapshot;
use crate::conn::event::Event;
use crate::reactor::kernel::Ready;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

impl Observer for Shared {
    fn called(&mut self, call: Call, key: Option<usize>, moved: Result<usize, ErrorKind>) {
        self.lock().called(call, key, moved);
    }

    fn told(&mut self, key: usize, event: Event<'_>) {
        self.lock().take_note(key, event);
    }

    fn stale(&mut self) {
        self.lock().counts.stale += 1;
    }

    fn waits(&mut self, now: Instant, timeout: Option<Duration>) -> Option<Duration> {
        self.lock().end_turn(now, timeout)
    }

    /// Clients that read the events are woken from here, when it is time to tell more: without any readiness.
    fn woke(&mut self, now: Instant, ready: &mut Vec<Ready>) {
        let mut record = self.lock();
        if let Some(news) = record.begin_turn(now, ready) {
            let batch = snapshot::batch(&record, &news);
            record.hand_out(&batch, ready);
        }
    }
}
