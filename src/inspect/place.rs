//! What the inspector knows of one connection. This file does not know the other connections, nor how they are shown.

use super::request::{Line, Requests};
use super::stamp::{Nanos, Stamp};
use super::turn::{Kind, Spent};
use crate::conn::event::Reason;
use crate::conn::{Id, Wait};
use crate::os::peer::Peer;
use std::collections::VecDeque;

/// Changes of state that are kept for each connection.
const HISTORY_MAX: usize = 12;

/// A connection, and the place in the slab that it has.
pub struct Place {
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
    pub fn new(id: Id, peer: Peer, born: Nanos) -> Place {
        Place {
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
            is_reader: false,
            watches: false,
            driven: None,
            spent: Spent::default(),
            since_event: SinceEvent::NoEvent,
            because: None,
        }
    }

    /// Counts a request, and keeps its request line.
    pub fn ask(&mut self, line: &[u8]) {
        self.asked += 1;
        self.line.set(line);
        self.requests.set_line(line);
    }

    /// So many bytes went each way.
    pub fn move_bytes(&mut self, received: u64, sent: u64, at: Nanos) {
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
    pub fn because(&mut self, reason: Reason) {
        if !matches!(self.because, Some(Reason::Refused(..))) {
            self.because = Some(reason);
        }
    }

    /// It moves; its place is at `key`.
    pub fn enter(&mut self, key: usize, from: &'static str, to: &'static str, at: Nanos) -> Transition {
        let because = self.because.take();
        let made = Transition { key, id: self.id, at, from, to, because };
        self.state = to;
        self.since_event = SinceEvent::Something;
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(made);
        made
    }
}
