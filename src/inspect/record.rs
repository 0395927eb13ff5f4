//! What the inspector knows of the reactor: its counters, its places and its last turns. Everything here has a limit: the
//! number of places in the slab, or a constant. How it is shown is decided elsewhere.

use super::changed::Changed;
use super::counts::{Call, Counts};
use super::place::{Place, SinceEvent, Transition};
use super::queue::Queue;
use super::request::Request;
use super::stamp::{Clock, Nanos, Stamp};
use super::turn::{Kind, Spent, Turn};
use crate::conn::event::{Event, On, Reason, Step};
use crate::conn::transport::Readiness;
use crate::conn::{Id, Wait};
use crate::os::peer::Peer;
use crate::reactor::kernel::{Ready, Token};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How often the readers of the events get a batch.
const BATCH_EVERY: Duration = Duration::from_millis(100);

/// Turns that are kept; no batch has more.
const TURNS_MAX: usize = 256;

/// Changes of state in one batch, places in one batch, and requests in one batch, at most.
pub const BATCH_ITEMS_MAX: usize = 1024;

/// The whole record of the inspector.
pub struct Record {
    /// The number of this server, for clients that meet another one at its address: when it began, in milliseconds since 1970.
    pub server: u64,
    /// When the loop last began or ended to wait.
    pub now: Nanos,
    pub counts: Counts,
    pub places: Vec<Option<Box<Place>>>,
    pub turns: VecDeque<Turn>,
    /// How many of the turns ended before the first reader came. It misses nothing when they go.
    old_turns: usize,
    /// Changes of state for the next batch, if there is a reader.
    pub transitions: Vec<Transition>,
    /// Requests of connections that are over, for the next batch, if there is a reader.
    pub ended: Vec<Request>,
    /// What the next batch has no room for.
    pub lost: Lost,
    /// How many requests there were, the refused among them.
    begun: u64,
    /// Places that changed since the last batch, if there is a reader.
    changed: Changed,
    turn: Option<Turn>,
    /// The connection that is driven.
    driven: Option<usize>,
    /// Time spent in turns that are left out of the events. It counts as waiting of the next turn.
    idle: Nanos,
    next_batch: Option<Instant>,
    batches: u64,
    queues: Vec<Queue>,
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

impl Record {
    /// An empty record.
    pub fn new() -> Record {
        let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Record {
            server: began.as_millis() as u64,
            now: 0,
            counts: Counts::default(),
            places: Vec::new(),
            turns: VecDeque::new(),
            old_turns: 0,
            transitions: Vec::new(),
            ended: Vec::new(),
            lost: Lost::default(),
            begun: 0,
            changed: Changed::default(),
            turn: None,
            driven: None,
            idle: 0,
            next_batch: None,
            batches: 0,
            queues: Vec::new(),
            room: Room::default(),
        }
    }
}

/// The turns.
impl Record {
    /// Records that the loop begins to wait, for `timeout` at most. Gives the time that it shall wait at most: no longer
    /// than until the next batch is due.
    pub fn end_turn(&mut self, now: Instant, stamp: Stamp, timeout: Option<Duration>) -> Option<Duration> {
        self.counts.call(Call::EpollWait);
        self.now = stamp.at;
        if let Some(mut turn) = self.turn.take() {
            turn.end(stamp.at);
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
        let next = self.next_batch.map_or(Duration::ZERO, |next| next.saturating_duration_since(now));
        Some(timeout.map_or(next, |timeout| timeout.min(next)))
    }

    fn remember(&mut self, turn: Turn) {
        if self.turns.len() == TURNS_MAX {
            self.turns.pop_front();
            let was_old = self.old_turns > 0;
            self.old_turns -= usize::from(was_old);
            if !self.queues.is_empty() && !was_old {
                self.lost.turns += 1;
                self.counts.omitted += 1;
            }
        }
        self.turns.push_back(turn);
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
        self.turn = Some(turn);
        let is_time = !self.queues.is_empty() && self.next_batch.is_none_or(|next| next <= now);
        is_time.then(|| {
            self.next_batch = Some(now + BATCH_EVERY);
            self.batches += 1;
            let mut room = std::mem::take(&mut self.room);
            room.news.number = self.batches;
            self.changed.take(BATCH_ITEMS_MAX, &mut room.news.keys);
            room.news.later = self.changed.count();
            room
        })
    }

    fn spend(&mut self, kind: Kind, time: Nanos) {
        self.turn.iter_mut().for_each(|turn| turn.spend(kind, time));
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
        self.change(key, false);
    }

    /// Takes a place out, while notes of its connection are written down.
    pub fn take_place(&mut self, key: usize) -> Option<Box<Place>> {
        self.places.get_mut(key)?.take()
    }

    /// Puts it back.
    pub fn put_place(&mut self, key: usize, place: Box<Place>) {
        self.places[key] = Some(place);
    }

    /// A system call was made that moves no bytes, on the socket of the connection at `key` where it has one.
    pub fn called(&mut self, call: Call, key: Option<usize>, moved: Result<usize, ErrorKind>, stamp: Stamp) {
        self.count(call, moved);
        match key.and_then(|key| self.place(key)) {
            Some(place) => place.spend(kind_of(call), stamp),
            None => self.spend(kind_of(call), stamp.spent),
        }
        if let (Call::Close, Some(key)) = (call, key) {
            self.close(key);
        }
    }

    /// A system call was made on the socket of the connection that has `place`.
    pub fn note_call(
        &mut self,
        place: &mut Place,
        call: Call,
        moved: Result<usize, ErrorKind>,
        stamp: Stamp,
    ) {
        self.count(call, moved);
        place.spend(kind_of(call), stamp);
        let count = moved.unwrap_or(0) as u64;
        match (call, moved) {
            (Call::Recv, Ok(_)) => {
                self.counts.bytes_in += count;
                place.move_bytes(count, 0, stamp.at);
            }
            (Call::Send | Call::SendFile, Ok(_)) => {
                self.counts.bytes_out += count;
                place.move_bytes(0, count, stamp.at);
            }
            _ => {}
        }
    }

    fn count(&mut self, call: Call, moved: Result<usize, ErrorKind>) {
        self.counts.call(call);
        self.counts.would_block += u64::from(moved == Err(ErrorKind::WouldBlock));
    }

    fn close(&mut self, key: usize) {
        let Some(mut place) = self.places.get_mut(key).and_then(Option::take) else { return };
        self.counts.open -= 1;
        // Readers are told of a reader that is gone.
        self.change(key, false);
        self.turn.iter_mut().for_each(|turn| turn.spend_all(&place.spent, place.is_reader || place.watches));
        if !self.queues.is_empty() && !place.is_reader {
            let room = BATCH_ITEMS_MAX - self.ended.len();
            self.ended.extend(place.requests.iter().filter(|request| request.is_new).take(room));
            self.lost.requests += place.requests.note_told().saturating_sub(room) as u64;
        }
    }

    /// What the connection at `key` tells.
    pub fn take_note(&mut self, key: usize, event: Event<'_>, stamp: Stamp) {
        if let Event::Accepted { id, peer, .. } = event {
            return self.accept(key, id, peer);
        }
        match self.take_place(key) {
            Some(mut place) => {
                self.note_event(&mut place, key, event, stamp);
                self.put_place(key, place);
            }
            None => self.counts.panics += u64::from(matches!(event, Event::Panicked)),
        }
    }

    /// A valid head came, with this line.
    pub fn note_request(&mut self, place: &mut Place, line: &[u8]) {
        self.counts.requests += 1;
        place.ask(line);
    }

    /// What the connection at `key` tells, which has `place`.
    pub fn note_event(&mut self, place: &mut Place, key: usize, event: Event<'_>, stamp: Stamp) {
        match event {
            Event::Accepted { .. } => {}
            Event::TimedOut => self.counts.timeouts += 1,
            Event::Panicked => self.counts.panics += 1,
            Event::Requested(line) => self.note_request(place, line),
            Event::Refused(line) => self.refuse(place, key, line),
            Event::Reason(reason) => {
                self.counts.refused += u64::from(matches!(reason, Reason::Refused(..)));
                place.because(reason);
            }
            Event::DriveBegins => {
                self.driven = Some(key);
                place.driven = Some(stamp.at);
            }
            Event::DriveEnds(wait) => self.end_drive(place, key, wait, stamp),
            Event::Step(Step::HeadHere) => self.begin_request(place, key, stamp.at),
            Event::Step(step) => {
                place.spend(if step == Step::Disk { Kind::Disk } else { Kind::Answer }, stamp);
                place.requests.make(step, stamp.at);
            }
            Event::Spent(on) => place.spend(if on == On::Disk { Kind::Disk } else { Kind::Answer }, stamp),
            Event::Answered { status, unsent, follows, ahead } => {
                place.because(Reason::Answered(status));
                place.spend(Kind::Answer, stamp);
                place.requests.answer(status.code, (unsent as u64, follows), ahead, stamp.at);
            }
            Event::Sent { more } => place.requests.send(more),
            Event::Logged(lines) => place.requests.log(lines, stamp.at),
            Event::StateChanged { from, to } => self.change_state(place, key, (from, to), stamp.at),
        }
    }

    fn begin_request(&mut self, place: &mut Place, key: usize, at: Nanos) {
        place.watches = false;
        let is_lost = place.requests.begin(self.begun, key, place.id) && !place.is_reader;
        place.requests.make(Step::HeadHere, at);
        self.begun += 1;
        self.lost.requests += u64::from(is_lost && !self.queues.is_empty());
    }

    /// What came is refused. It may be no request that has begun.
    fn refuse(&mut self, place: &mut Place, key: usize, line: &[u8]) {
        if !place.requests.has_open() {
            place.requests.begin(self.begun, key, place.id);
            self.begun += 1;
        }
        place.requests.set_line(line);
    }

    fn change_state(
        &mut self,
        place: &mut Place,
        key: usize,
        (from, to): (&'static str, &'static str),
        at: Nanos,
    ) {
        let made = place.enter(key, from, to, at);
        if place.is_reader || self.queues.is_empty() {
            return;
        }
        if self.transitions.len() < BATCH_ITEMS_MAX {
            self.transitions.push(made);
        } else {
            self.lost.moves += 1;
            self.counts.omitted += 1;
        }
    }

    fn end_drive(&mut self, place: &mut Place, key: usize, wait: Option<Wait>, stamp: Stamp) {
        self.driven = None;
        let Some(began) = place.driven.take() else { return };
        if place.since_event == SinceEvent::Nothing && !place.is_reader {
            self.counts.spurious += 1;
        }
        place.since_event = SinceEvent::NoEvent;
        place.wait = wait;
        if wait == Some(Wait::Idle) {
            place.requests.forget_arrival();
        }
        if let Some(turn) = &mut self.turn {
            turn.drove(key, stamp.at - began);
            turn.spend_all(&place.spent, place.is_reader || place.watches);
            turn.matters |= !place.is_reader;
        }
        place.spent = Spent::default();
        self.change(key, place.is_reader);
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
        self.change(key, false);
        self.place(key).into_iter().for_each(|place| place.is_reader = true);
        if self.queues.is_empty() {
            self.old_turns = self.turns.len();
        }
        self.queues.push(Queue::new(Token { key, id }));
    }

    /// The connection `id`, and where it is. O(n) in the connections, unless it is the one of which is known that it is driven.
    fn find(&mut self, id: Id) -> Option<(usize, &mut Place)> {
        let is_it = |place: &Option<Box<Place>>| place.as_ref().is_some_and(|place| place.id == id);
        let driven = self.driven.filter(|key| self.places.get(*key).is_some_and(is_it));
        let key = driven.or_else(|| self.places.iter().position(is_it))?;
        Some((key, self.place(key)?))
    }

    pub fn queue(&mut self, reader: Id) -> Option<&mut Queue> {
        self.queues.iter_mut().find(|queue| queue.reader.id == reader)
    }

    pub fn remove_reader(&mut self, reader: Id) {
        self.queues.retain(|queue| queue.reader.id != reader);
        if self.queues.is_empty() {
            self.changed = Changed::default();
            self.transitions.clear();
            self.ended.clear();
            self.lost = Lost::default();
        }
    }

    /// Notes that the place at `key` has changed, since its connection was accepted, driven or closed.
    fn change(&mut self, key: usize, is_reader: bool) {
        // While no client reads the events, no batch is made, and the list would only grow.
        if !self.queues.is_empty() && !is_reader {
            self.changed.add(key);
        }
    }

    /// Queues a batch for all clients that read the events, and wakes their connections by events without any readiness.
    pub fn hand_out(&mut self, mut room: Room, ready: &mut Vec<Ready>) {
        self.turns.clear();
        self.old_turns = 0;
        self.transitions.clear();
        self.ended.clear();
        self.lost = Lost::default();
        for key in &room.news.keys {
            self.place(*key).into_iter().for_each(|place| _ = place.requests.note_told());
        }
        for queue in &mut self.queues {
            self.counts.missed += u64::from(!queue.add(&room.batch));
            ready.push(Ready::Socket(queue.reader, Readiness::default()));
        }
        room.news.keys.clear();
        room.batch.clear();
        self.room = room;
    }

    /// The batch that was made has taken so much time.
    pub fn note_batch(&mut self, stamp: Stamp) {
        self.spend(Kind::Watch, stamp.spent);
    }
}

/// What the time of a call counts as.
fn kind_of(call: Call) -> Kind {
    match call {
        Call::Accept => Kind::Accept,
        Call::Recv => Kind::Read,
        Call::Send => Kind::Send,
        Call::SendFile => Kind::File,
        Call::EpollWait | Call::EpollCtl | Call::Shutdown | Call::Close => Kind::Rest,
    }
}

/// The record, shared by the kernel, its sockets and the handler. All of them run in one thread, so the lock is never
/// waited for. It is there because a reactor may be moved to another thread.
#[derive(Clone)]
pub struct Shared(Arc<Kept>);

struct Kept {
    record: Mutex<Record>,
    clock: Clock,
}

impl Shared {
    /// An empty record that begins at `now`.
    pub fn new(now: Instant) -> Shared {
        Shared(Arc::new(Kept { record: Mutex::new(Record::new()), clock: Clock::new(now) }))
    }

    pub fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
}
