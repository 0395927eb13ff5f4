//! What the inspector knows of one connection. This file does not know the other connections, nor how they are shown.

use super::counts::{Call, Counts};
use super::request::{Line, Requests};
use super::stamp::{Nanos, Stamp};
use super::turn::{Kind, Spent};
use crate::conn::event::{Event, On, Reason, Step};
use crate::conn::{Id, Wait};
use crate::os::peer::Peer;
use std::collections::VecDeque;
use std::io::ErrorKind;

/// Changes of state that are kept for each connection.
const HISTORY_MAX: usize = 12;

/// What a system call gave that moves bytes.
pub type Moved = Result<usize, ErrorKind>;

/// A connection, and the place in the slab that it has.
pub struct Place {
    /// Where in the slab it is.
    pub key: usize,
    pub id: Id,
    pub peer: Peer,
    pub born: Nanos,
    pub state: &'static str,
    /// What the connection waits for; `None` if it only waits for its next turn.
    pub wait: Option<Wait>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// How many requests were whole and valid, and the line of the last of them.
    pub asked: u64,
    pub line: Line,
    pub requests: Requests,
    pub history: VecDeque<Transition>,
    /// How many of these, the last ones, the record does not know yet.
    untold: usize,
    /// Whether it reads the events: what it does is not told of, or there would be no end to it.
    pub is_reader: bool,
    /// Whether its last request was for a page of the inspector.
    pub watches: bool,
    /// When its turn began, while the connection is driven.
    pub driven: Option<Nanos>,
    /// What was spent on the connection in this turn so far.
    pub spent: Spent,
    pub since_event: SinceEvent,
    because: Option<Reason>,
}

/// Whether an event came for the connection, and whether anything happened on the connection since.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SinceEvent {
    NoEvent,
    Nothing,
    Something,
}

/// A change of state.
#[derive(Clone, Copy)]
pub struct Transition {
    pub key: usize,
    pub id: Id,
    pub at: Nanos,
    pub from: &'static str,
    pub to: &'static str,
    pub because: Option<Reason>,
}

impl Place {
    /// A connection that was just accepted.
    pub fn new(key: usize, id: Id, peer: Peer, born: Nanos) -> Place {
        Place {
            key,
            id,
            peer,
            born,
            state: "Reading",
            wait: Some(Wait::First),
            bytes_in: 0,
            bytes_out: 0,
            asked: 0,
            line: Line::default(),
            requests: Requests::default(),
            history: VecDeque::new(),
            untold: 0,
            is_reader: false,
            watches: false,
            driven: None,
            spent: Spent::default(),
            since_event: SinceEvent::NoEvent,
            because: None,
        }
    }

    /// A system call was made on the socket.
    pub fn note_call(&mut self, call: Call, moved: Moved, stamp: Stamp, counts: &Counts) {
        counts.call(call);
        self.spend(kind_of(call), stamp);
        match (call, moved) {
            (_, Err(ErrorKind::WouldBlock)) => counts.would_block.add(1),
            (Call::Recv, Ok(count)) => {
                counts.bytes_in.add(count as u64);
                self.move_bytes(count as u64, 0, stamp.at);
            }
            (Call::Send | Call::SendFile, Ok(count)) => {
                counts.bytes_out.add(count as u64);
                self.move_bytes(0, count as u64, stamp.at);
            }
            _ => {}
        }
    }

    /// The connection tells of something. Where it comes and where a drive ends, the record takes note itself.
    // What an event is is known where it is told, so this is decided when the program is compiled.
    #[inline(always)]
    pub fn note(&mut self, event: Event<'_>, stamp: Stamp, counts: &Counts) {
        match event {
            Event::Accepted { .. } | Event::DriveEnds(_) | Event::Panicked => {}
            Event::TimedOut => counts.timeouts.add(1),
            Event::Requested(line) => {
                counts.requests.add(1);
                self.ask(line);
            }
            Event::Refused(line) => self.refuse(line, counts),
            Event::Reason(reason) => {
                counts.refused.add(u64::from(matches!(reason, Reason::Refused(..))));
                self.because(reason);
            }
            Event::DriveBegins => self.driven = Some(stamp.at),
            Event::Step(Step::HeadHere) => {
                self.watches = false;
                self.begin_request(counts);
                self.requests.make(Step::HeadHere, stamp.at);
            }
            Event::Step(step) => {
                self.spend(if step == Step::Disk { Kind::Disk } else { Kind::Answer }, stamp);
                self.requests.make(step, stamp.at);
            }
            Event::Spent(on) => self.spend(if on == On::Disk { Kind::Disk } else { Kind::Answer }, stamp),
            Event::Answered { status, unsent, follows, ahead } => {
                self.because(Reason::Answered(status));
                self.spend(Kind::Answer, stamp);
                self.requests.answer(status.code, (unsent as u64, follows), ahead, stamp.at);
            }
            Event::Sent { more } => self.requests.send(more),
            Event::Logged(lines) => self.requests.log(lines, stamp.at),
            Event::StateChanged { from, to } => self.enter(from, to, stamp.at),
        }
    }

    fn begin_request(&mut self, counts: &Counts) {
        self.requests.begin(counts.begun.get(), self.key, self.id);
        counts.begun.add(1);
    }

    /// Counts a request, and keeps its request line.
    fn ask(&mut self, line: &[u8]) {
        self.asked += 1;
        self.line.set(line);
        self.requests.set_line(line);
    }

    /// What came is refused. It may be no request that has begun.
    fn refuse(&mut self, line: &[u8], counts: &Counts) {
        if !self.requests.has_open() {
            self.begin_request(counts);
        }
        self.requests.set_line(line);
    }

    /// So many bytes went each way.
    fn move_bytes(&mut self, received: u64, sent: u64, at: Nanos) {
        self.bytes_in += received;
        self.bytes_out += sent;
        self.since_event = SinceEvent::Something;
        if received > 0 {
            self.requests.note_read(at);
        }
        if sent > 0 {
            self.requests.note_written(sent, at);
        }
    }

    pub fn spend(&mut self, kind: Kind, stamp: Stamp) {
        self.spent[kind as usize] += stamp.spent;
    }

    /// Sets the reason for the next change of state. A refusal is kept: the answer that follows it adds nothing.
    fn because(&mut self, reason: Reason) {
        if !matches!(self.because, Some(Reason::Refused(..))) {
            self.because = Some(reason);
        }
    }

    fn enter(&mut self, from: &'static str, to: &'static str, at: Nanos) {
        let because = self.because.take();
        self.state = to;
        self.since_event = SinceEvent::Something;
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(Transition { key: self.key, id: self.id, at, from, to, because });
        self.untold += 1;
    }

    /// Whether the next change of state pushes one out that the record does not know.
    pub fn must_tell(&self) -> bool {
        self.untold == HISTORY_MAX
    }

    /// The changes of state that the record does not know. From now on it does.
    pub fn tell(&mut self) -> impl ExactSizeIterator<Item = &Transition> {
        let known = self.history.len() - std::mem::take(&mut self.untold);
        self.history.range(known..)
    }
}

/// What the time of a call counts as.
pub fn kind_of(call: Call) -> Kind {
    match call {
        Call::Accept => Kind::Accept,
        Call::Recv => Kind::Read,
        Call::Send => Kind::Send,
        Call::SendFile => Kind::File,
        Call::EpollWait | Call::EpollCtl | Call::Shutdown | Call::Close => Kind::Rest,
    }
}
