//! The observer that writes the inspector's record.

use super::counts::{Call, Counts};
use super::kernel::Observer;
use super::pages::may_name_a_page;
use super::place::{Moved, Place};
use super::record::Shared;
use super::snapshot;
use super::stamp::Stamp;
use crate::conn::Wait;
use crate::conn::event::{Event, Step};
use crate::reactor::kernel::Ready;
use std::time::{Duration, Instant};

/// What writes the notes of a connection, or of the loop. While a connection is driven, its notes have its place in the record,
/// and write to that without a lock: to lock the record for each event would cost more than all else.
pub struct Notes {
    shared: Shared,
    /// The place of the connection, where it is taken out of the record.
    place: Option<Box<Place>>,
    /// A read ahead of the drive, which is written down when the place is taken out.
    ahead: Option<(Moved, Stamp)>,
    is_driven: bool,
    /// Whether the last request may ask for the record. Then each note is written down at once, so that the answer has all of
    /// the connection.
    asks_for_it: bool,
}

impl Notes {
    pub fn new(shared: Shared) -> Notes {
        Notes { shared, place: None, ahead: None, is_driven: false, asks_for_it: false }
    }

    /// Takes the place of the connection at `key` out of the record. It has none, if it could not be told of.
    #[inline(never)]
    fn take_out(&mut self, key: usize) {
        self.place = self.shared.lock().take_place(key);
        let ahead = self.ahead.take();
        if let (Some(place), Some((moved, stamp))) = (&mut self.place, ahead) {
            place.note_call(Call::Recv, moved, stamp, &self.shared.counts);
        }
    }

    #[inline(never)]
    fn put_back(&mut self) {
        if let Some(place) = self.place.take() {
            self.shared.lock().put_place(place);
        }
    }

    /// The drive of the connection at `key` ends.
    #[inline(never)]
    fn end_drive(&mut self, key: usize, wait: Option<Wait>, stamp: Stamp) {
        self.is_driven = false;
        let mut record = self.shared.lock();
        let place = self.place.take().or_else(|| record.take_place(key));
        place.into_iter().for_each(|place| record.end_drive(place, wait, stamp));
    }

    /// The place of the connection at `key`, and the counters.
    #[inline(always)]
    fn place(&mut self, key: usize) -> Option<(&mut Place, &Counts)> {
        if self.place.is_none() {
            self.take_out(key);
        }
        Some((self.place.as_deref_mut()?, &self.shared.counts))
    }

    /// A note is written.
    #[inline(always)]
    fn written(&mut self) {
        if !self.is_driven || self.asks_for_it {
            self.put_back();
        }
    }

    // It is kept out of the way of the steps of a connection, each of which ends with one.
    #[inline(never)]
    fn change_state(&mut self, key: usize, event: Event<'_>, stamp: Stamp) {
        if self.place.as_ref().is_some_and(|place| place.must_tell()) {
            self.put_back();
        }
        if let Some((place, counts)) = self.place(key) {
            place.note(event, stamp, counts);
        }
        self.written();
    }

    /// When an event happened: now, where the time since the last look at the clock went into something. All else has the time of
    /// the last look: so a drive ends with the last call on its socket.
    #[inline(always)]
    fn stamp(&self, event: &Event<'_>) -> Stamp {
        match event {
            Event::Step(Step::Gate | Step::Disk) | Event::Spent(_) | Event::Answered { .. } => {
                self.shared.clock.look()
            }
            _ => self.shared.clock.last(),
        }
    }
}

impl Clone for Notes {
    fn clone(&self) -> Notes {
        Notes::new(self.shared.clone())
    }
}

impl Observer for Notes {
    fn called(&mut self, call: Call, key: Option<usize>, moved: Moved) {
        let clock = &self.shared.clock;
        let stamp = if matches!(call, Call::Shutdown | Call::Close) { clock.last() } else { clock.look() };
        match (call, key) {
            (Call::Recv, Some(_)) if !self.is_driven && self.ahead.is_none() => {
                self.ahead = Some((moved, stamp));
            }
            (Call::Recv | Call::Send | Call::SendFile | Call::Shutdown, Some(key)) => {
                if let Some((place, counts)) = self.place(key) {
                    place.note_call(call, moved, stamp, counts);
                }
                self.written();
            }
            _ => {
                self.put_back();
                self.shared.lock().called(call, key, moved, stamp);
            }
        }
    }

    #[inline(always)]
    fn told(&mut self, key: usize, event: Event<'_>) {
        let stamp = self.stamp(&event);
        match event {
            Event::Accepted { id, peer, .. } => return self.shared.lock().accept(key, id, peer),
            Event::DriveBegins => self.is_driven = true,
            Event::DriveEnds(wait) => return self.end_drive(key, wait, stamp),
            Event::Requested(line) => self.asks_for_it = may_name_a_page(line),
            Event::StateChanged { .. } => return self.change_state(key, event, stamp),
            Event::Panicked => {
                self.shared.counts.panics.add(1);
                self.is_driven = false;
            }
            _ => {}
        }
        if let Some((place, counts)) = self.place(key) {
            place.note(event, stamp, counts);
        }
        self.written();
    }

    fn stale(&mut self) {
        self.shared.counts.stale.add(1);
    }

    fn waits(&mut self, now: Instant, timeout: Option<Duration>) -> Option<Duration> {
        let stamp = self.shared.clock.set(now);
        self.shared.lock().end_turn(now, stamp, timeout)
    }

    /// Clients that read the events are woken from here, when it is time to tell more: without any readiness.
    fn woke(&mut self, now: Instant, ready: &mut Vec<Ready>) {
        let stamp = self.shared.clock.set(now);
        let mut record = self.shared.lock();
        if let Some(mut room) = record.begin_turn(now, stamp, ready) {
            snapshot::batch(&mut room, &record);
            record.hand_out(room, ready);
            record.note_batch(self.shared.clock.look());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conn::Id;
    use crate::os::peer::Peer;

    /// They are more than are kept of one connection.
    #[test]
    fn every_change_of_state_in_one_drive_is_told_of() {
        const CHANGES: u64 = 100;
        let shared = Shared::new(Instant::now());
        let [mut notes, mut reader] = [(); 2].map(|()| Notes::new(shared.clone()));
        notes.told(0, Event::Accepted { key: 0, id: Id(0), peer: Peer::Unix });
        reader.told(1, Event::Accepted { key: 1, id: Id(1), peer: Peer::Unix });
        shared.lock().add_reader(Id(1));
        notes.told(0, Event::DriveBegins);
        (0..CHANGES).for_each(|_| notes.told(0, Event::StateChanged { from: "here", to: "there" }));
        notes.told(0, Event::DriveEnds(None));
        let record = shared.lock();
        assert_eq!(record.batches.transitions.len() as u64, CHANGES);
        assert!(record.places[0].is_some(), "the place is put back");
    }
}
