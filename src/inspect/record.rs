//! What the inspector knows of the reactor: its counters, its places and its last turns. Everything here has a limit: the
//! number of places in the slab, or a constant. How it is shown is decided elsewhere.

use super::batches::{Batches, Room};
use super::counts::{Call, Counts};
use super::place::{Moved, Place, SinceEvent, kind_of};
use super::queue::Queue;
use super::stamp::{Clock, Nanos, Stamp};
use super::turn::{Kind, Spent, Turn};
use super::turns::Turns;
use crate::conn::{Id, Wait};
use crate::os::peer::Peer;
use crate::reactor::kernel::{Ready, Token};
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The whole record of the inspector.
pub struct Record {
    /// The number of this server, for clients that meet another one at its address: when it began, in milliseconds since 1970.
    pub server: u64,
    /// When the loop last began or ended to wait.
    pub now: Nanos,
    pub counts: Arc<Counts>,
    pub places: Vec<Option<Box<Place>>>,
    pub turns: Turns,
    pub batches: Batches,
    /// The place that was taken out last.
    taken: usize,
}

impl Record {
    /// An empty record.
    pub fn new(counts: Arc<Counts>) -> Record {
        let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Record {
            server: began.as_millis() as u64,
            now: 0,
            counts,
            places: Vec::new(),
            turns: Turns::new(),
            batches: Batches::default(),
            taken: 0,
        }
    }
}

/// The loop.
impl Record {
    /// Records that the loop begins to wait, for `timeout` at most. Gives the time that it shall wait at most: no longer
    /// than until the next batch is due.
    pub fn end_turn(&mut self, now: Instant, stamp: Stamp, timeout: Option<Duration>) -> Option<Duration> {
        self.counts.call(Call::EpollWait);
        self.now = stamp.at;
        if let Some(is_lost) = self.turns.end(stamp) {
            self.counts.turns.add(1);
            if is_lost && self.batches.are_read() {
                self.batches.lost.turns += 1;
                self.counts.omitted.add(1);
            }
        }
        self.batches.wait(now, timeout)
    }

    /// The wait is over. Gives room for the next batch of events, and what that tells, where it is time for it.
    pub fn begin_turn(&mut self, now: Instant, stamp: Stamp, ready: &[Ready]) -> Option<Room> {
        let slept = stamp.at - std::mem::replace(&mut self.now, stamp.at);
        let mut turn = Turn::new(stamp.at, slept, ready.len());
        for event in ready.iter() {
            match event {
                Ready::Socket(token, _) => {
                    if let Some(place) = self.place(token.key).filter(|place| place.id == token.id) {
                        place.since_event = SinceEvent::Nothing;
                        turn.matters |= !place.is_reader;
                    }
                }
                Ready::Listener(_) | Ready::Signal | Ready::Changes => turn.matters = true,
            }
        }
        self.turns.running = Some(turn);
        self.batches.begin(now)
    }

    /// Queues a batch for all clients that read the events, and wakes their connections.
    pub fn hand_out(&mut self, room: Room, ready: &mut Vec<Ready>) {
        self.turns.clear();
        for key in &room.news.keys {
            self.place(*key).into_iter().for_each(|place| _ = place.requests.note_told());
        }
        let missed = self.batches.hand_out(room, ready);
        self.counts.missed.add(missed);
    }

    /// The batch that was made has taken so much time.
    pub fn note_batch(&mut self, stamp: Stamp) {
        self.turns.spend(Kind::Watch, stamp.spent);
    }

    /// The loop made a system call, on the socket of the connection at `key` where there is one.
    pub fn called(&mut self, call: Call, key: Option<usize>, moved: Moved, stamp: Stamp) {
        self.counts.call(call);
        self.counts.would_block.add(u64::from(moved == Err(ErrorKind::WouldBlock)));
        // The call is made beside the drives, and a connection keeps what it spends for the turn in which it is driven next.
        self.turns.spend(kind_of(call), stamp.spent);
        if let (Call::Close, Some(key)) = (call, key) {
            self.close(key);
        }
    }
}

/// The places.
impl Record {
    fn place(&mut self, key: usize) -> Option<&mut Place> {
        self.places.get_mut(key)?.as_deref_mut()
    }

    /// A connection was accepted and has its place at `key`.
    pub fn accept(&mut self, key: usize, id: Id, peer: Peer) {
        self.counts.accepted.add(1);
        if self.places.len() <= key {
            self.places.resize_with(key + 1, || None);
        }
        self.places[key] = Some(Box::new(Place::new(key, id, peer, self.now)));
        // Counted together with the place, not before, since `close` counts down when it removes the place.
        self.counts.open.add(1);
        self.batches.note_change(key);
    }

    /// Takes out the place at `key`, while its connection writes to it.
    pub fn take_place(&mut self, key: usize) -> Option<Box<Place>> {
        self.taken = key;
        self.places.get_mut(key)?.take()
    }

    /// Puts it back.
    pub fn put_place(&mut self, mut place: Box<Place>) {
        self.counts.omitted.add(self.batches.note_steps(&mut place));
        let key = place.key;
        self.places[key] = Some(place);
    }

    /// The drive of the connection ends, which has `place` and waits for `wait`: puts the place back.
    pub fn end_drive(&mut self, mut place: Box<Place>, wait: Option<Wait>, stamp: Stamp) {
        if let Some(began) = place.driven.take() {
            if place.since_event == SinceEvent::Nothing && !place.is_reader {
                self.counts.spurious.add(1);
            }
            place.since_event = SinceEvent::NoEvent;
            place.wait = wait;
            if wait == Some(Wait::Idle) {
                place.requests.forget_arrival();
            }
            if let Some(turn) = &mut self.turns.running {
                turn.drove(place.key, stamp.at - began);
                turn.spend_all(&place.spent, place.is_reader || place.watches);
                turn.matters |= !place.is_reader;
            }
            place.spent = Spent::default();
            if !place.is_reader {
                self.batches.note_change(place.key);
            }
        }
        self.put_place(place);
    }

    fn close(&mut self, key: usize) {
        let Some(mut place) = self.places.get_mut(key).and_then(Option::take) else { return };
        self.counts.open.remove_one();
        // Readers are told of a reader that is gone.
        self.batches.note_change(key);
        if let Some(turn) = &mut self.turns.running {
            turn.spend_all(&place.spent, place.is_reader || place.watches);
        }
        self.batches.note_end(&mut place);
    }
}

/// The clients that read the events, and the clients that ask for other pages of the inspector.
impl Record {
    /// The connection `id` asks for a page of the inspector.
    pub fn note_watching(&mut self, id: Id) {
        self.find(id).into_iter().for_each(|(_, place)| place.watches = true);
    }

    /// From now on the connection `id` reads the events.
    pub fn add_reader(&mut self, id: Id) {
        let Some((key, _)) = self.find(id) else { return };
        // Other readers learn that it is one from now on, and nothing of it after that.
        self.batches.note_change(key);
        self.place(key).into_iter().for_each(|place| place.is_reader = true);
        if !self.batches.are_read() {
            self.turns.note_first_reader();
        }
        self.batches.add_reader(Token { key, id });
    }

    /// The connection `id`, and where it is. O(n) in the connections, unless it is the one that is driven.
    fn find(&mut self, id: Id) -> Option<(usize, &mut Place)> {
        let is_it = |place: &Option<Box<Place>>| place.as_ref().is_some_and(|place| place.id == id);
        let driven = Some(self.taken).filter(|key| self.places.get(*key).is_some_and(is_it));
        let key = driven.or_else(|| self.places.iter().position(is_it))?;
        Some((key, self.place(key)?))
    }

    pub fn queue(&mut self, reader: Id) -> Option<&mut Queue> {
        self.batches.queue(reader)
    }

    pub fn remove_reader(&mut self, reader: Id) {
        self.batches.remove_reader(reader);
    }
}

/// The record, shared by the kernel, its sockets and the handler. All of them run in one thread, so the lock is never
/// waited for. It is there because a reactor may be moved to another thread.
#[derive(Clone)]
pub struct Shared {
    record: Arc<Mutex<Record>>,
    pub counts: Arc<Counts>,
    pub clock: Arc<Clock>,
}

impl Shared {
    /// An empty record that begins at `now`.
    pub fn new(now: Instant) -> Shared {
        let counts = Arc::<Counts>::default();
        let record = Arc::new(Mutex::new(Record::new(counts.clone())));
        Shared { record, counts, clock: Arc::new(Clock::new(now)) }
    }

    pub fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
