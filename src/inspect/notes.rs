//! The observer that writes the inspector's record.

use super::counts::Call;
use super::kernel::Observer;
use super::record::{Record, Shared};
use super::request::Line;
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
    /// The request line of the note [`Note::Requested`], if that is kept.
    line: Line,
    has_line: bool,
    /// Whether the last request may ask for the record: then nothing is kept, so that the answer has all of the connection.
    asks_for_it: bool,
}

/// A note.
enum Note {
    Called(Call, Result<usize, ErrorKind>),
    Told(Event<'static>),
    Requested,
}

/// Whether a request with this line may ask for the record: no other path has a name that begins with a dot. See `pages.rs`.
fn may_ask_for_it(line: &[u8]) -> bool {
    // Without an early end, the compiler looks at many bytes at once.
    let pairs = line.iter().zip(line.get(1..).unwrap_or_default());
    pairs.fold(false, |may, (one, next)| may | (*one == b'%') | (*one == b'/') & (*next == b'.'))
}

impl Notes {
    pub fn new(shared: Shared) -> Notes {
        let (kept, line) = (Vec::new(), Line::default());
        Notes { shared, kept, key: 0, line, has_line: false, asks_for_it: false }
    }

    // What an event is is known where it is told, so all that depends on it is decided when the program is compiled.
    #[inline(always)]
    fn keep(&mut self, key: usize, note: Note, stamp: Stamp) {
        self.key = key;
        if self.kept.len() == self.kept.capacity() {
            self.make_room();
        }
        self.kept.push((note, stamp));
        if self.asks_for_it {
            drop(self.write_down());
        }
    }

    /// A valid head came. One line is kept at a time.
    fn keep_request(&mut self, key: usize, line: &[u8], stamp: Stamp) {
        if self.has_line {
            drop(self.write_down());
        }
        self.line.set(line);
        self.has_line = true;
        self.asks_for_it = may_ask_for_it(line);
        self.keep(key, Note::Requested, stamp);
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
        if self.kept.is_empty() {
            return record;
        }
        self.has_line = false;
        // It is out of the record meanwhile: so it is looked up once, and not for each note.
        match record.take_place(self.key) {
            Some(mut place) => {
                for (note, stamp) in self.kept.drain(..) {
                    match note {
                        Note::Called(call, moved) => record.note_call(&mut place, call, moved, stamp),
                        Note::Told(event) => record.note_event(&mut place, self.key, event, stamp),
                        Note::Requested => record.note_request(&mut place, self.line.bytes()),
                    }
                }
                record.put_place(self.key, place);
            }
            None => self.kept.clear(),
        }
        record
    }

    /// When an event happened: now, where the time since the last look at the clock went into something. A drive ends with the
    /// last look: to look once more would say little.
    #[inline(always)]
    fn stamp(&self, event: &Event<'_>) -> Stamp {
        match event {
            Event::Step(Step::Gate | Step::Disk) | Event::Spent(_) | Event::Answered { .. } => {
                self.shared.clock().look()
            }
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

    #[inline(always)]
    fn told(&mut self, key: usize, event: Event<'_>) {
        let stamp = self.stamp(&event);
        let is_last = matches!(event, Event::Accepted { .. } | Event::DriveEnds(_) | Event::Panicked);
        match (event, event.lasting()) {
            (Event::Requested(line), _) => self.keep_request(key, line, stamp),
            (_, Some(event)) if !is_last => self.keep(key, Note::Told(event), stamp),
            _ => self.write_down().take_note(key, event, stamp),
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
