//! What is known of the reactor: its counters, its places and its last turns. Everything here is bounded: by the
//! places there are, or by a number.

use super::feed::Queue;
use super::snapshot;
use super::turn::Turn;
use crate::access::Escaped;
use crate::conn::Id;
use crate::conn::Wait;
use crate::conn::told::{Reason, Told};
use crate::conn::transport::Readiness;
use crate::reactor::kernel::{Ready, Token};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How often whoever reads the events is told of more.
const TICK: Duration = Duration::from_millis(100);

/// Turns that are remembered, and told of at a time.
const TURNS_MAX: usize = 256;

/// Changes of state that are told of at a time, and places.
const TOLD_MAX: usize = 1024;

/// Changes of state that are remembered of each connection.
const HISTORY_MAX: usize = 12;

/// Bytes of a request line that are shown.
const LINE_BYTES_MAX: usize = 80;

/// A system call that the loop or a connection makes.
#[derive(Clone, Copy)]
pub enum Call {
    EpollWait,
    EpollCtl,
    Accept,
    Recv,
    Send,
    SendFile,
    Shutdown,
    Close,
}

/// Their names, each at the place of its [`Call`].
pub const CALLS: [&str; 8] =
    ["epoll_wait", "epoll_ctl", "accept", "recv", "send", "sendfile", "shutdown", "close"];

/// What is counted since the start.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub accepted: u64,
    pub open: u64,
    pub requests: u64,
    pub refused: u64,
    pub timeouts: u64,
    pub stale: u64,
    pub spurious: u64,
    pub would_block: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub turns: u64,
    /// Turns and changes of state that were not told of, since there were too many or their reader too slow.
    pub lost: u64,
    pub calls: [u64; CALLS.len()],
}

impl Counts {
    pub fn call(&mut self, call: Call) {
        self.calls[call as usize] += 1;
    }
}

/// A connection.
pub struct Place {
    pub id: Id,
    pub peer: SocketAddr,
    pub born: Instant,
    pub state: &'static str,
    pub wait: Wait,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub requests: u64,
    pub line: Vec<u8>,
    pub history: VecDeque<Move>,
    /// Whether it reads the events: what it does is not told of, or there would be no end to it.
    pub is_reader: bool,
    because: Option<Reason>,
    driven: Option<Instant>,
    /// What has happened since an event came, where one did.
    since_event: SinceEvent,
    is_changed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SinceEvent {
    NoEvent,
    Nothing,
    Something,
}

/// A change of state.
#[derive(Clone, Copy)]
pub struct Move {
    pub key: usize,
    pub id: Id,
    pub at: Instant,
    pub from: &'static str,
    pub to: &'static str,
    pub because: Option<Reason>,
}

/// All of it.
pub struct Record {
    pub began: Instant,
    pub now: Instant,
    pub counts: Counts,
    pub places: Vec<Option<Box<Place>>>,
    pub turns: VecDeque<Turn>,
    pub moves: Vec<Move>,
    pub changed: VecDeque<usize>,
    turn: Option<Turn>,
    /// Time waited in turns that were not worth telling of.
    idle: Duration,
    next_tick: Instant,
    pub queues: Vec<Queue>,
}

impl Default for Record {
    fn default() -> Record {
        let now = Instant::now();
        Record {
            began: now,
            now,
            counts: Counts::default(),
            places: Vec::new(),
            turns: VecDeque::new(),
            moves: Vec::new(),
            changed: VecDeque::new(),
            turn: None,
            idle: Duration::ZERO,
            next_tick: now,
            queues: Vec::new(),
        }
    }
}

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
            self.counts.lost += u64::from(!self.queues.is_empty());
        }
        self.turns.push_back(turn);
    }

    /// The wait is over. Whoever reads the events is woken where it is time.
    pub fn begin_turn(&mut self, slept: Instant, now: Instant, ready: &mut Vec<Ready>) {
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
                Ready::Listener | Ready::Signal => turn.matters = true,
            }
        }
        self.turn = Some(turn);
        if !self.queues.is_empty() && self.next_tick <= now {
            self.next_tick = now + TICK;
            self.tell(ready);
        }
    }

    /// Hands what is new to all who read the events.
    fn tell(&mut self, ready: &mut Vec<Ready>) {
        let changed = self.changed.len().min(TOLD_MAX);
        let keys: Vec<usize> = self.changed.drain(..changed).collect();
        for &key in &keys {
            if let Some(place) = self.place(key) {
                place.is_changed = false;
            }
        }
        let batch = snapshot::batch(self, &keys);
        let count = (self.turns.len() + self.moves.len()) as u64;
        self.turns.clear();
        self.moves.clear();
        for queue in &mut self.queues {
            self.counts.lost += if queue.add(&batch) { 0 } else { count };
            ready.push(Ready::Socket(queue.reader, Readiness::default()));
        }
    }

    fn place(&mut self, key: usize) -> Option<&mut Place> {
        self.places.get_mut(key)?.as_deref_mut()
    }

    fn change(&mut self, key: usize) {
        if let Some(place) = self.places.get_mut(key).and_then(Option::as_deref_mut) {
            if place.is_changed || place.is_reader {
                return;
            }
            place.is_changed = true;
        }
        // With no reader nobody empties this.
        if !self.queues.is_empty() {
            self.changed.push_back(key);
        }
    }

    pub fn accept(&mut self, Token { key, id }: Token, peer: SocketAddr) {
        self.counts.accepted += 1;
        self.counts.open += 1;
        if self.places.len() <= key {
            self.places.resize_with(key + 1, || None);
        }
        self.places[key] = Some(Box::new(Place {
            id,
            peer,
            born: self.now,
            state: "Reading",
            wait: Wait::First,
            bytes_in: 0,
            bytes_out: 0,
            requests: 0,
            line: Vec::new(),
            history: VecDeque::new(),
            is_reader: false,
            because: None,
            driven: None,
            since_event: SinceEvent::NoEvent,
            is_changed: false,
        }));
        self.change(key);
    }

    pub fn close(&mut self, key: Option<usize>) {
        self.counts.call(Call::Close);
        let Some(place) = key.and_then(|key| self.places.get_mut(key)).and_then(Option::take) else { return };
        self.counts.open -= 1;
        if let Some(key) = key
            && !place.is_changed
        {
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
            Told::Asked(line) => self.ask(key, line),
            Told::Because(reason) => self.because(key, reason),
            Told::Moved { from, to } => self.moved(key, from, to),
            Told::Driven => {
                if let Some(place) = self.place(key) {
                    place.driven = Some(Instant::now());
                }
            }
            Told::Rests(wait) => self.rest(key, wait),
            Told::Accepted { .. } => {}
        }
    }

    fn ask(&mut self, key: usize, line: &[u8]) {
        self.counts.requests += 1;
        let Some(place) = self.place(key) else { return };
        place.requests += 1;
        place.line.clear();
        place.line.extend_from_slice(&line[..line.len().min(LINE_BYTES_MAX)]);
    }

    fn because(&mut self, key: usize, reason: Reason) {
        self.counts.refused += u64::from(matches!(reason, Reason::Refused(..)));
        let Some(place) = self.place(key) else { return };
        // That it was answered, with the same status, goes without saying.
        if !matches!(place.because, Some(Reason::Refused(..))) {
            place.because = Some(reason);
        }
    }

    fn moved(&mut self, key: usize, from: &'static str, to: &'static str) {
        let at = Instant::now();
        let Some(place) = self.place(key) else { return };
        let made = Move { key, id: place.id, at, from, to, because: place.because.take() };
        place.state = to;
        place.since_event = SinceEvent::Something;
        if place.history.len() == HISTORY_MAX {
            place.history.pop_front();
        }
        place.history.push_back(made);
        let is_reader = place.is_reader;
        self.change(key);
        if self.queues.is_empty() || is_reader {
            return;
        }
        match self.moves.len() < TOLD_MAX {
            true => self.moves.push(made),
            false => self.counts.lost += 1,
        }
    }

    fn rest(&mut self, key: usize, wait: Wait) {
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

    /// The connection `id` reads the events from now on. O(n) in the connections, once for each who reads them.
    pub fn add_reader(&mut self, id: Id) {
        let mut taken =
            self.places.iter_mut().enumerate().filter_map(|(key, place)| Some((key, place.as_mut()?)));
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
            self.changed.clear();
            self.moves.clear();
            self.places.iter_mut().flatten().for_each(|place| place.is_changed = false);
        }
    }
}

impl Place {
    /// Its last request line, with nothing in it that means anything to a terminal.
    pub fn asked(&self) -> String {
        Escaped(&self.line).to_string()
    }
}
