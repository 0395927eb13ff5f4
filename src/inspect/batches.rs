//! The readers of the events, and what the next batch tells them. While no client reads, nothing is kept for a batch.

use super::changed::Changed;
use super::place::{Place, Transition};
use super::queue::Queue;
use super::request::Request;
use crate::conn::Id;
use crate::conn::transport::Readiness;
use crate::reactor::kernel::{Ready, Token};
use std::time::{Duration, Instant};

/// How often the readers of the events get a batch.
const EVERY: Duration = Duration::from_millis(100);

/// Changes of state in one batch, places in one batch, and requests in one batch, at most.
pub const BATCH_ITEMS_MAX: usize = 1024;

/// The batches of events.
#[derive(Default)]
pub struct Batches {
    queues: Vec<Queue>,
    /// When the next batch is due, and the number of the last.
    due: Option<Instant>,
    number: u64,
    changed: Changed,
    pub transitions: Vec<Transition>,
    /// Requests of connections that are over.
    pub ended: Vec<Request>,
    /// What the next batch has no room for.
    pub lost: Lost,
    /// Room for the next batch.
    room: Room,
}

/// Items that the events leave out.
#[derive(Clone, Copy, Default)]
pub struct Lost {
    pub turns: u64,
    pub moves: u64,
    pub requests: u64,
}

/// What a batch is made in.
#[derive(Default)]
pub struct Room {
    pub news: News,
    pub batch: Vec<u8>,
    /// For a line that is escaped.
    pub line: Vec<u8>,
}

/// What the next batch of events is about.
#[derive(Default)]
pub struct News {
    /// The number of the batch.
    pub number: u64,
    /// The keys of the places that changed.
    pub keys: Vec<usize>,
    /// How many more have changed, which the next batch tells of.
    pub later: usize,
}

impl Batches {
    /// Whether a client reads the events.
    pub fn are_read(&self) -> bool {
        !self.queues.is_empty()
    }

    /// From now on the connection at `token` reads the events.
    pub fn add_reader(&mut self, token: Token) {
        self.queues.push(Queue::new(token));
    }

    pub fn queue(&mut self, reader: Id) -> Option<&mut Queue> {
        self.queues.iter_mut().find(|queue| queue.reader.id == reader)
    }

    pub fn remove_reader(&mut self, reader: Id) {
        self.queues.retain(|queue| queue.reader.id != reader);
        if !self.are_read() {
            self.changed = Changed::default();
            self.clear();
        }
    }

    /// How long the loop may wait, where it would wait for `timeout` at most: no longer than until the next batch is due.
    pub fn wait(&self, now: Instant, timeout: Option<Duration>) -> Option<Duration> {
        if !self.are_read() {
            return timeout;
        }
        let next = self.due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        Some(timeout.map_or(next, |timeout| timeout.min(next)))
    }

    /// Gives room for the next batch, and what that tells, where it is due.
    pub fn begin(&mut self, now: Instant) -> Option<Room> {
        if !self.are_read() || self.due.is_some_and(|due| now < due) {
            return None;
        }
        self.due = Some(now + EVERY);
        self.number += 1;
        let mut room = std::mem::take(&mut self.room);
        room.news.number = self.number;
        self.changed.take(BATCH_ITEMS_MAX, &mut room.news.keys);
        room.news.later = self.changed.count();
        Some(room)
    }

    /// Queues a batch for all readers, and wakes their connections by events without any readiness. Gives how many readers had
    /// no room for it.
    pub fn hand_out(&mut self, mut room: Room, ready: &mut Vec<Ready>) -> u64 {
        let mut missed = 0;
        for queue in &mut self.queues {
            missed += u64::from(!queue.add(&room.batch));
            ready.push(Ready::Socket(queue.reader, Readiness::default()));
        }
        self.clear();
        room.news.keys.clear();
        room.batch.clear();
        self.room = room;
        missed
    }

    fn clear(&mut self) {
        self.transitions.clear();
        self.ended.clear();
        self.lost = Lost::default();
    }

    /// The place at `key` has changed, since its connection was accepted, driven or closed.
    pub fn note_change(&mut self, key: usize) {
        if self.are_read() {
            self.changed.add(key);
        }
    }

    /// Takes note of the changes of state that were not told of yet, and of requests that are not kept any longer. Gives how
    /// many of the changes find no room.
    pub fn note_steps(&mut self, place: &mut Place) -> u64 {
        let forgotten = place.requests.take_forgotten();
        let (is_told, moves) = (self.are_read() && !place.is_reader, place.tell());
        if !is_told {
            return 0;
        }
        let room = BATCH_ITEMS_MAX - self.transitions.len();
        let omitted = moves.len().saturating_sub(room) as u64;
        self.transitions.extend(moves.take(room));
        self.lost.moves += omitted;
        self.lost.requests += forgotten;
        omitted
    }

    /// The connection of `place` is over.
    pub fn note_end(&mut self, place: &mut Place) {
        if self.are_read() && !place.is_reader {
            let room = BATCH_ITEMS_MAX - self.ended.len();
            self.ended.extend(place.requests.iter().filter(|request| request.is_new).take(room));
            self.lost.requests += place.requests.note_told().saturating_sub(room) as u64;
        }
    }
}
