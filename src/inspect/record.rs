//! What is known of the reactor: its counters, its places and its last turns. Everything here is bounded: by the
//! places there are, or by a number.

use super::changed::Changed;
use super::counts::{Call, Counts};
use super::place::{Move, Place, SinceEvent};
use super::queue::Queue;
use super::turn::Turn;
use crate::conn::told::{Reason, Told};
use crate::conn::transport::Readiness;
use crate::conn::{Id, Wait};
use crate::os::peer::Peer;
use crate::reactor::kernel::{Ready, Token};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often whoever reads the events is told of more.
const TICK: Duration = Duration::from_millis(100);

/// Turns that are remembered, and told of in one batch.
const TURNS_MAX: usize = 256;

/// Changes of state that are told of in one batch, and places.
const TOLD_MAX: usize = 1024;

/// All of it.
pub struct Record {
    pub began: Instant,
    pub now: Instant,
    pub counts: Counts,
    pub places: Vec<Option<Box<Place>>>,
    pub turns: VecDeque<Turn>,
    /// Changes of state that are still to be told, where anybody reads.
    pub moves: Vec<Move>,
    /// Places that look different since they were told of, where anybody reads.
    changed: Changed,
    turn: Option<Turn>,
    /// Time waited in turns that were not worth telling of.
    idle: Duration,
    next_tick: Instant,
    batches: u64,
    queues: Vec<Queue>,
}

impl Record {
    /// Nothing has happened yet.
    pub fn new(now: Instant) -> Record {
        Record {
            began: now,
            now,
            counts: Counts::default(),
            places: Vec::new(),
            turns: VecDeque::new(),
            moves: Vec::new(),
            changed: Changed::default(),
            turn: None,
            idle: Duration::ZERO,
            next_tick: now,
            batches: 0,
            queues: Vec::new(),
        }
    }
}

/// The turns.
impl Record {
    /// The loop begins to wait. Gives how long it may: no longer than until there is more to tell.
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
        let tick = self.next_tick.saturating_duration_since(now);
        Some(timeout.map_or(tick, |timeout| timeout.min(tick)))
    }

    fn remember(&mut self, turn: Turn) {
        if self.turns.len() == TURNS_MAX {
            self.turns.pop_front();
            self.counts.omitted += u64::from(!self.queues.is_empty());
        }
        self.turns.push_back(turn);
    }

    /// The wait is over. Gives what the next batch of events tells, where it is time for it.
    pub fn begin_turn(&mut self, slept: Instant, now: Instant, ready: &[Ready]) -> Option<News> {
        self.now = now;
        let mut turn = Turn::new(now, now - slept, ready.len());
        for event in ready.iter() {
            match event {
                Ready::Socket(token, _) => {
                    if let Some(place) = self.place(token.key).filter(|place| place.id == token.id) {
                        place.since_event = SinceEvent::Nothing;
                        turn.matters |= !place.is_reader;
                    }
                }
                Ready::Listener(_) | Ready::Signal => turn.matters = true,
            }
        }
        self.turn = Some(turn);
        let is_time = !self.queues.is_empty() && self.next_tick <= now;
        is_time.then(|| {
            self.next_tick = now + TICK;
            self.batches += 1;
            News { number: self.batches, keys: self.changed.take(TOLD_MAX) }
        })
    }
}

/// The places.
impl Record {
    fn place(&mut self, key: usize) -> Option<&mut Place> {
        self.places.get_mut(key)?.as_deref_mut()
    }

    pub fn accept(&mut self, Token { key, id }: Token, peer: Peer) {
        self.counts.accepted += 1;
        if self.places.len() <= key {
            self.places.resize_with(key + 1, || None);
        }
        self.places[key] = Some(Box::new(Place::new(id, peer, self.now)));
        // With the place and not before: `close` takes both away.
        self.counts.open += 1;
        self.change(key);
    }

    pub fn close(&mut self, key: Option<usize>) {
        self.counts.call(Call::Close);
        let Some(key) = key else { return };
        if self.places.get_mut(key).and_then(Option::take).is_some() {
            self.counts.open -= 1;
            self.change(key);
        }
    }

    pub fn received(&mut self, key: usize, count: usize) {
        self.counts.bytes_in += count as u64;
        if let Some(place) = self.place(key) {
            place.bytes_in += count as u64;
            place.since_event = SinceEvent::Something;
        }
        self.change(key);
    }

    pub fn sent(&mut self, key: usize, count: usize) {
        self.counts.bytes_out += count as u64;
        if let Some(place) = self.place(key) {
            place.bytes_out += count as u64;
            place.since_event = SinceEvent::Something;
        }
        self.change(key);
    }

    /// What the connection at `key` tells.
    pub fn take_note(&mut self, key: usize, told: Told<'_>) {
        match told {
            Told::Late => self.counts.timeouts += 1,
            Told::Panicked => self.counts.panics += 1,
            Told::Asked(line) => {
                self.counts.requests += 1;
                self.place(key).into_iter().for_each(|place| place.ask(line));
            }
            Told::Because(reason) => {
                self.counts.refused += u64::from(matches!(reason, Reason::Refused(..)));
                self.place(key).into_iter().for_each(|place| place.because(reason));
            }
            Told::Moved { from, to } => self.moved(key, from, to),
            Told::Driven => self.place(key).into_iter().for_each(|place| place.driven = Some(Instant::now())),
            Told::Rests(wait) => self.rest(key, wait),
            Told::Accepted { .. } => {}
        }
    }

    fn moved(&mut self, key: usize, from: &'static str, to: &'static str) {
        let Some(place) = self.place(key) else { return };
        let made = place.moves(key, from, to);
        let is_told = !place.is_reader && !self.queues.is_empty();
        self.change(key);
        match self.moves.len() < TOLD_MAX {
            _ if !is_told => {}
            true => self.moves.push(made),
            false => self.counts.omitted += 1,
        }
    }

    fn rest(&mut self, key: usize, wait: Option<Wait>) {
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

/// Those who read the events.
impl Record {
    /// The connection `id` reads them from now on. O(n) in the connections, once for each who does.
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
            self.moves.clear();
        }
    }

    /// The place at `key` looks different.
    fn change(&mut self, key: usize) {
        // Nobody would ever take it off again.
        if self.queues.is_empty() {
            return;
        }
        if !self.place(key).is_some_and(|place| place.is_reader) {
            self.changed.add(key);
        }
    }

    /// Hands a batch to all of them, and wakes their connections, without any readiness.
    pub fn hand_out(&mut self, batch: &[u8], ready: &mut Vec<Ready>) {
        self.turns.clear();
        self.moves.clear();
        for queue in &mut self.queues {
            self.counts.missed += u64::from(!queue.add(batch));
            ready.push(Ready::Socket(queue.reader, Readiness::default()));
        }
    }
}

/// What the next batch of events tells.
pub struct News {
    /// The number of the batch.
    pub number: u64,
    /// The places in the slab that look different.
    pub keys: Vec<usize>,
}

/// The record, and whoever writes to it. One thread does, so nobody ever waits for the lock; it is there because a
/// reactor may be handed to another thread.
#[derive(Clone)]
pub struct Shared(pub Arc<Mutex<Record>>);

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
