//! What the inspector knows of the reactor: its counters, its places and its last turns. Everything here has a limit: the
//! number of places in the slab, or a constant. How it is shown is decided elsewhere.

use super::changed::Changed;
use super::counts::{Call, Counts};
use super::place::{Place, SinceEvent, Transition};
use super::queue::Queue;
use super::turn::Turn;
use crate::conn::event::{Event, Reason};
use crate::conn::transport::Readiness;
use crate::conn::{Id, Wait};
use crate::os::peer::Peer;
use crate::reactor::kernel::{Ready, Token};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the readers of the events get a batch.
const BATCH_EVERY: Duration = Duration::from_millis(100);

/// Turns that are kept; no batch has more.
const TURNS_MAX: usize = 256;

/// Changes of state in one batch, and places in one batch, at most.
const BATCH_ITEMS_MAX: usize = 1024;

/// The whole record of the inspector.
pub struct Record {
    pub began: Instant,
    pub now: Instant,
    pub counts: Counts,
    pub places: Vec<Option<Box<Place>>>,
    pub turns: VecDeque<Turn>,
    /// Changes of state for the next batch, if there is a reader.
    pub transitions: Vec<Transition>,
    /// Places that changed since the last batch, if there is a reader.
    changed: Changed,
    turn: Option<Turn>,
    /// Time spent in turns that are left out of the events. It counts as waiting of the next turn.
    idle: Duration,
    next_batch: Instant,
    batches: u64,
    queues: Vec<Queue>,
}

impl Record {
    /// An empty record that begins at `now`.
    pub fn new(now: Instant) -> Record {
        Record {
            began: now,
            now,
            counts: Counts::default(),
            places: Vec::new(),
            turns: VecDeque::new(),
            transitions: Vec::new(),
            changed: Changed::default(),
            turn: None,
            idle: Duration::ZERO,
            next_batch: now,
            batches: 0,
            queues: Vec::new(),
        }
    }
}

/// The turns.
impl Record {
    /// Records that the loop begins to wait, for `timeout` at most. Gives the time that it shall wait at most: no longer
    /// than until the next batch is due.
    pub fn end_turn(&mut self, now: Instant, timeout: Option<Duration>) -> Option<Duration> {
        self.counts.call(Call::EpollWait);
        self.now = now;
        if let Some(mut turn) = self.turn.take() {
            turn.busy = now - turn.woke;
            turn.wait += std::mem::take(&mut self.idle);
            if turn.matters {
                self.counts.turns += 1;
                self.remember(turn);
            } else {
                self.idle = turn.wait + turn.busy;
            }
        }
        if self.queues.is_empty() {
            return timeout;
        }
        let next = self.next_batch.saturating_duration_since(now);
        Some(timeout.map_or(next, |timeout| timeout.min(next)))
    }

    fn remember(&mut self, turn: Turn) {
        if self.turns.len() == TURNS_MAX {
            self.turns.pop_front();
            self.counts.omitted += u64::from(!self.queues.is_empty());
        }
        self.turns.push_back(turn);
    }

    /// The wait is over. Gives what the next batch of events tells, where it is time for it.
    pub fn begin_turn(&mut self, now: Instant, ready: &[Ready]) -> Option<News> {
        let slept = std::mem::replace(&mut self.now, now);
        let mut turn = Turn::new(now, now - slept, ready.len());
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
        self.turn = Some(turn);
        let is_time = !self.queues.is_empty() && self.next_batch <= now;
        is_time.then(|| {
            self.next_batch = now + BATCH_EVERY;
            self.batches += 1;
            News { number: self.batches, keys: self.changed.take(BATCH_ITEMS_MAX) }
        })
    }
}

/// The places.
impl Record {
    fn place(&mut self, key: usize) -> Option<&mut Place> {
        self.places.get_mut(key)?.as_deref_mut()
    }

    fn accept(&mut self, key: usize, id: Id, peer: Peer) {
        self.counts.accepted += 1;
        if self.places.len() <= key {
            self.places.resize_with(key + 1, || None);
        }
        self.places[key] = Some(Box::new(Place::new(id, peer, self.now)));
        // Counted together with the place, not before, since `close` counts down when it removes the place.
        self.counts.open += 1;
        self.change(key);
    }

    /// A system call was made, on the socket of the connection at `key` where it has one.
    pub fn called(&mut self, call: Call, key: Option<usize>, moved: Result<usize, ErrorKind>) {
        self.counts.call(call);
        match (call, key, moved) {
            (_, _, Err(error)) => self.counts.would_block += u64::from(error == ErrorKind::WouldBlock),
            (Call::Recv, Some(key), Ok(count)) => self.move_bytes(key, count, 0),
            (Call::Send | Call::SendFile, Some(key), Ok(count)) => self.move_bytes(key, 0, count),
            (Call::Close, Some(key), _) => self.close(key),
            _ => {}
        }
    }

    fn close(&mut self, key: usize) {
        if self.places.get_mut(key).and_then(Option::take).is_some() {
            self.counts.open -= 1;
            self.change(key);
        }
    }

    fn move_bytes(&mut self, key: usize, received: usize, sent: usize) {
        let (received, sent) = (received as u64, sent as u64);
        self.counts.bytes_in += received;
        self.counts.bytes_out += sent;
        if let Some(place) = self.place(key) {
            place.bytes_in += received;
            place.bytes_out += sent;
            place.since_event = SinceEvent::Something;
        }
        self.change(key);
    }

    /// What the connection at `key` tells.
    pub fn take_note(&mut self, key: usize, event: Event<'_>) {
        match event {
            Event::TimedOut => self.counts.timeouts += 1,
            Event::Panicked => self.counts.panics += 1,
            Event::Requested(line) => {
                self.counts.requests += 1;
                self.place(key).into_iter().for_each(|place| place.ask(line));
            }
            Event::Reason(reason) => {
                self.counts.refused += u64::from(matches!(reason, Reason::Refused(..)));
                self.place(key).into_iter().for_each(|place| place.because(reason));
            }
            Event::StateChanged { from, to } => self.change_state(key, from, to),
            Event::DriveBegins => {
                self.place(key).into_iter().for_each(|place| place.driven = Some(Instant::now()))
            }
            Event::DriveEnds(wait) => self.end_drive(key, wait),
            Event::Accepted { id, peer, .. } => self.accept(key, id, peer),
        }
    }

    fn change_state(&mut self, key: usize, from: &'static str, to: &'static str) {
        let Some(place) = self.place(key) else { return };
        let made = place.enter(key, from, to);
        let is_shown = !place.is_reader && !self.queues.is_empty();
        self.change(key);
        match self.transitions.len() < BATCH_ITEMS_MAX {
            _ if !is_shown => {}
            true => self.transitions.push(made),
            false => self.counts.omitted += 1,
        }
    }

    fn end_drive(&mut self, key: usize, wait: Option<Wait>) {
        let now = Instant::now();
        let Some(place) = self.places.get_mut(key).and_then(Option::as_deref_mut) else { return };
        let Some(began) = place.driven.take() else { return };
        if place.since_event == SinceEvent::Nothing && !place.is_reader {
            self.counts.spurious += 1;
        }
        place.since_event = SinceEvent::NoEvent;
        place.wait = wait;
        if let Some(turn) = &mut self.turn {
            turn.drove(key, now - began);
            turn.matters |= !place.is_reader;
        }
        self.change(key);
    }
}

/// The clients that read the events.
impl Record {
    /// From now on the connection `id` reads the events. O(n) in the connections, once for each client that reads them.
    pub fn add_reader(&mut self, id: Id) {
        let taken = self.places.iter_mut().enumerate();
        let mut taken = taken.filter_map(|(key, place)| Some((key, place.as_deref_mut()?)));
        let Some((key, place)) = taken.find(|(_, place)| place.id == id) else { return };
        place.is_reader = true;
        self.queues.push(Queue::new(Token { key, id }));
    }

    pub fn queue(&mut self, reader: Id) -> Option<&mut Queue> {
        self.queues.iter_mut().find(|queue| queue.reader.id == reader)
    }

    pub fn remove_reader(&mut self, reader: Id) {
        self.queues.retain(|queue| queue.reader.id != reader);
        if self.queues.is_empty() {
            self.changed = Changed::default();
            self.transitions.clear();
        }
    }

    /// Notes that the place at `key` has changed.
    fn change(&mut self, key: usize) {
        // While no client reads the events, no batch is made, and the list would only grow.
        if self.queues.is_empty() {
            return;
        }
        if !self.place(key).is_some_and(|place| place.is_reader) {
            self.changed.add(key);
        }
    }

    /// Queues a batch for all clients that read the events, and wakes their connections by events without any readiness.
    pub fn hand_out(&mut self, batch: &[u8], ready: &mut Vec<Ready>) {
        self.turns.clear();
        self.transitions.clear();
        for queue in &mut self.queues {
            self.counts.missed += u64::from(!queue.add(batch));
            ready.push(Ready::Socket(queue.reader, Readiness::default()));
        }
    }
}

/// What the next batch of events is about.
pub struct News {
    /// The number of the batch.
    pub number: u64,
    /// The keys of the places that changed.
    pub keys: Vec<usize>,
}

/// The record, shared by the kernel, its sockets and the handler. All of them run in one thread, so the lock is never
/// waited for. It is there because a reactor may be moved to another thread.
#[derive(Clone)]
pub struct Shared(pub Arc<Mutex<Record>>);

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
