//! The observer that writes the inspector's record.

use super::counts::Call;
use super::kernel::Observer;
use super::record::{Record, Shared};
use super::snapshot;
use super::stamp::Stamp;
use crate::conn::event::{Event, Step};
use crate::reactor::kernel::Ready;
use std::io::ErrorKind;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

/// Notes that a connection keeps. With more, they are written down before its drive ends.
const NOTES_MAX: usize = 16;

/// What a connection, or the loop, notes for the record. A connection keeps its notes while it is driven, and writes them down
/// together: to lock the record for each of them would cost more than all else.
pub struct Notes {
    shared: Shared,
    kept: Vec<(Note, Stamp)>,
    /// The connection of the notes.
    key: usize,
}

/// A note.
enum Note {
    Called(Call, Result<usize, ErrorKind>),
    Told(Event<'static>),
}

impl Notes {
    pub fn new(shared: Shared) -> Notes {
        Notes { shared, kept: Vec::new(), key: 0 }
    }

    // What an event is is known where it is told, so all that depends on it is decided when the program is compiled.
    #[inline(always)]
    fn keep(&mut self, key: usize, note: Note, stamp: Stamp) {
        self.key = key;
        if self.kept.len() == self.kept.capacity() {
            self.make_room();
        }
        self.kept.push((note, stamp));
    }

    /// Makes room for more notes: at first, and where so many were kept.
    #[cold]
    fn make_room(&mut self) {
        drop(self.write_down());
        self.kept.reserve_exact(NOTES_MAX);
    }

    /// Writes down the notes, and gives the record for more.
    fn write_down(&mut self) -> MutexGuard<'_, Record> {
        let mut record = self.shared.lock();
        for (note, stamp) in self.kept.drain(..) {
            match note {
                Note::Called(call, moved) => record.called(call, Some(self.key), moved, stamp),
                Note::Told(event) => record.take_note(self.key, event, stamp),
            }
        }
        record
    }

    /// When an event happened: now, where the time since the last look at the clock went into something.
    #[inline(always)]
    fn stamp(&self, event: &Event<'_>) -> Stamp {
        match event {
            Event::Step(Step::Gate | Step::Disk)
            | Event::Spent(_)
            | Event::Answered { .. }
            | Event::DriveEnds(_) => self.shared.clock().look(),
            _ => self.shared.clock().last(),
        }
    }
}

impl Clone for Notes {
    fn clone(&self) -> Notes {
        Notes::new(self.shared.clone())
    }
}

impl Observer for Notes {
    fn called(&mut self, call: Call, key: Option<usize>, moved: Result<usize, ErrorKind>) {
        match (call, key) {
            (Call::Recv | Call::Send | Call::SendFile, Some(key)) => {
                let stamp = self.shared.clock().look();
                self.keep(key, Note::Called(call, moved), stamp);
            }
            (Call::Shutdown, Some(key)) => {
                let stamp = self.shared.clock().last();
                self.keep(key, Note::Called(call, moved), stamp);
            }
            _ => {
                let clock = self.shared.clock();
                let stamp = if call == Call::Close { clock.last() } else { clock.look() };
                self.write_down().called(call, key, moved, stamp);
            }
        }
    }

    /// Before a request is answered, all of its connection is written down: what it asks for may be the record.
    #[inline(always)]
    fn told(&mut self, key: usize, event: Event<'_>) {
        let stamp = self.stamp(&event);
        let is_last = matches!(event, Event::Accepted { .. } | Event::DriveEnds(_) | Event::Panicked);
        match event.lasting().filter(|_| !is_last) {
            Some(event) => self.keep(key, Note::Told(event), stamp),
            None => {
                self.key = key;
                self.write_down().take_note(key, event, stamp);
            }
        }
    }

    fn stale(&mut self) {
        self.shared.lock().counts.stale += 1;
    }

    fn waits(&mut self, now: Instant, timeout: Option<Duration>) -> Option<Duration> {
        let stamp = self.shared.clock().set(now);
        self.shared.lock().end_turn(now, stamp, timeout)
    }

    /// Clients that read the events are woken from here, when it is time to tell more: without any readiness.
    fn woke(&mut self, now: Instant, ready: &mut Vec<Ready>) {
        let stamp = self.shared.clock().set(now);
        let mut record = self.shared.lock();
        if let Some(mut room) = record.begin_turn(now, stamp, ready) {
            snapshot::batch(&mut room, &record);
            record.hand_out(room, ready);
            record.note_batch(self.shared.clock().look());
        }
    }
}
