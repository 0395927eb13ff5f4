//! What the inspector knows of one connection. This file does not know the other connections, nor how they are shown.

use crate::conn::event::Reason;
use crate::conn::{Id, Wait};
use crate::log::escaped::Escaped;
use crate::os::peer::Peer;
use std::collections::VecDeque;
use std::time::Instant;

/// Changes of state that are kept for each connection.
const HISTORY_MAX: usize = 12;

/// Bytes of a request line that are kept.
const LINE_BYTES_MAX: usize = 80;

/// A connection, and the place in the slab that it has.
pub struct Place {
    pub id: Id,
    pub peer: Peer,
    pub born: Instant,
    pub state: &'static str,
    /// What the connection waits for; `None` if it only waits for its next turn.
    pub wait: Option<Wait>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub requests: u64,
    line: Vec<u8>,
    pub history: VecDeque<Transition>,
    /// Whether it reads the events: what it does is not told of, or there would be no end to it.
    pub is_reader: bool,
    /// When its turn began, while the connection is driven.
    pub driven: Option<Instant>,
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
    pub at: Instant,
    pub from: &'static str,
    pub to: &'static str,
    pub because: Option<Reason>,
}

impl Place {
    /// A connection that was just accepted.
    pub fn new(id: Id, peer: Peer, born: Instant) -> Place {
        Place {
            id,
            peer,
            born,
            state: "Reading",
            wait: Some(Wait::First),
            bytes_in: 0,
            bytes_out: 0,
            requests: 0,
            line: Vec::new(),
            history: VecDeque::new(),
            is_reader: false,
            driven: None,
            since_event: SinceEvent::NoEvent,
            because: None,
        }
    }

    /// Counts a request, and keeps its request line.
    pub fn ask(&mut self, line: &[u8]) {
        self.requests += 1;
        self.line.clear();
        self.line.extend_from_slice(&line[..line.len().min(LINE_BYTES_MAX)]);
    }

    /// The last request line, escaped.
    pub fn asked(&self) -> String {
        Escaped(&self.line).to_string()
    }

    /// Sets the reason for the next change of state. A refusal is kept: the answer that follows it adds nothing.
    pub fn because(&mut self, reason: Reason) {
        if !matches!(self.because, Some(Reason::Refused(..))) {
            self.because = Some(reason);
        }
    }

    /// It moves; its place is at `key`.
    pub fn enter(&mut self, key: usize, from: &'static str, to: &'static str) -> Transition {
        let because = self.because.take();
        let made = Transition { key, id: self.id, at: Instant::now(), from, to, because };
        self.state = to;
        self.since_event = SinceEvent::Something;
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(made);
        made
    }
}
