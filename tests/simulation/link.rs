//! One connection between a client and the server: two pipes, what waits in them, and what goes wrong on them.

use crate::access::End;
use crate::books::Books;
use crate::support::dice::Dice;
use onepoll::conn::transport::Readiness;
use onepoll::reactor::kernel::{Interest, Token};
use std::collections::VecDeque;
use std::time::Instant;

/// Both ends of a connection.
pub struct Link {
    /// Bytes on their way to the server.
    pub inbound: VecDeque<u8>,
    /// Bytes that the client has sent.
    pub sent: u64,
    /// In which epoch the last of them came.
    pub arrived: u64,
    /// Whether the client has shut its side.
    pub fin: bool,
    pub reset: bool,
    /// Bytes on their way to the client.
    pub outbound: usize,
    /// How many there can be.
    pub window: usize,
    /// Whether the server was told that there is no room, so that it must be told when there is.
    pub is_full: bool,
    /// Whether what was sent last waits for more that was said to follow.
    pub held_back: bool,
    pub stage: Stage,
    /// What was not told yet: an event is due.
    pub edge: bool,
    pub token: Option<Token>,
    pub interest: Interest,
    /// Calls of the server in this turn.
    pub calls: usize,
    pub books: Books,
    /// Why it may end at any time, if it may.
    pub excuse: Option<&'static str>,
    pub faults: Faults,
    pub end: End,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The client has not connected.
    Before,
    /// It waits to be accepted.
    AtTheDoor,
    Open,
    /// The server has shut its side.
    Shut(Instant),
    Closed,
}

impl Stage {
    pub fn is_inside(self) -> bool {
        matches!(self, Stage::Open | Stage::Shut(_))
    }
}

/// How often something goes wrong: once in so many calls, or never.
#[derive(Clone, Copy)]
pub struct Faults {
    pub interrupted: u64,
    /// A write takes less than it could.
    pub short: u64,
    /// A write takes nothing, and an edge says at once that it would now.
    pub later: u64,
    /// A bug.
    pub panic: u64,
    /// The kernel cannot watch the socket.
    pub unwatched: u64,
}

impl Faults {
    pub fn any(dice: &mut Dice) -> Faults {
        let often = |dice: &mut Dice, one_in, times: &[u64]| {
            if dice.one_in(one_in) { dice.pick(times) } else { u64::MAX }
        };
        Faults {
            interrupted: often(dice, 4, &[3, 10, 50]),
            short: often(dice, 2, &[2, 5, 20]),
            later: often(dice, 4, &[3, 10, 50]),
            panic: often(dice, 60, &[2, 5, 20]),
            unwatched: often(dice, 60, &[2]),
        }
    }
}

impl Link {
    pub fn new(window: usize, faults: Faults, now: Instant) -> Link {
        Link {
            inbound: VecDeque::new(),
            sent: 0,
            arrived: 0,
            fin: false,
            reset: false,
            outbound: 0,
            window,
            is_full: false,
            held_back: false,
            stage: Stage::Before,
            edge: false,
            token: None,
            interest: Interest::None,
            calls: 0,
            books: Books::new(now),
            excuse: None,
            faults,
            end: End::default(),
        }
    }

    pub fn room(&self) -> usize {
        self.window - self.outbound
    }

    /// The client sends.
    pub fn client_sends(&mut self, bytes: &[u8], epoch: u64) {
        self.inbound.extend(bytes);
        self.sent += bytes.len() as u64;
        self.arrived = epoch;
        self.edge = true;
        self.books.client_sent(self.sent, epoch);
    }

    /// The client shuts its side.
    pub fn client_ends(&mut self, epoch: u64) {
        (self.fin, self.edge, self.arrived) = (true, true, epoch);
    }

    /// The client breaks off: what was under way in either direction is lost.
    pub fn client_resets(&mut self) {
        (self.reset, self.edge) = (true, true);
        self.inbound.clear();
        self.outbound = 0;
    }

    /// The client reads so many bytes of what is here. Who reads is given more room, as by TCP, so that a large file
    /// does not take for ever.
    pub fn client_reads(&mut self, bytes: usize) {
        self.outbound -= bytes.min(self.outbound);
        self.window += 1 + self.window / 8;
        if std::mem::take(&mut self.is_full) {
            self.edge = true;
        }
    }

    /// What epoll would say of it now; none where there is nothing to say.
    pub fn readiness(&self) -> Option<Readiness> {
        let is_writable = self.interest == Interest::ReadWrite && (self.room() > 0 || self.reset);
        let readiness = Readiness {
            readable: !self.inbound.is_empty() || self.fin || self.reset,
            writable: is_writable || (self.reset && self.interest != Interest::None),
            peer_closed: self.fin || self.reset,
        };
        (readiness != Readiness::default()).then_some(readiness)
    }
}
