//! One connection between a client and the server: two pipes, the bytes in them, and their errors.

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
    /// The epoch in which the last of these bytes came.
    pub arrived: u64,
    /// Whether the client has shut its side.
    pub fin: bool,
    pub reset: bool,
    /// Bytes on their way to the client.
    pub outbound: usize,
    /// The size of this pipe in bytes.
    pub window: usize,
    /// Whether the server was told that the pipe is full, so that it must get an event when there is room.
    pub is_full: bool,
    /// Whether the last bytes were sent with the promise that more follow at once.
    pub held_back: bool,
    pub stage: Stage,
    /// Whether something changed that was not reported yet: an event is due.
    pub edge: bool,
    pub token: Option<Token>,
    pub interest: Interest,
    /// Calls of the server in this turn.
    pub calls: usize,
    pub books: Books,
    /// Why the connection may end at any time, if it may.
    pub excuse: Option<&'static str>,
    pub faults: Faults,
    pub end: End,
}

/// The stage of a connection.
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

/// How often an error happens: once in this many calls, or never.
#[derive(Clone, Copy)]
pub struct Faults {
    pub interrupted: u64,
    /// A write takes fewer bytes than it could.
    pub short: u64,
    /// A write takes nothing, and an event reports room at once.
    pub later: u64,
    /// A panic.
    pub panic: u64,
    /// The kernel cannot register the socket.
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

    /// The client resets the connection: all bytes on their way are lost.
    pub fn client_resets(&mut self) {
        (self.reset, self.edge) = (true, true);
        self.inbound.clear();
        self.outbound = 0;
    }

    /// The client reads this many of the bytes that are here. A client that reads gets a larger pipe, as in TCP, so
    /// that a large file does not take for ever.
    pub fn client_reads(&mut self, bytes: usize) {
        self.outbound -= bytes.min(self.outbound);
        self.window += 1 + self.window / 8;
        if std::mem::take(&mut self.is_full) {
            self.edge = true;
        }
    }

    /// The readiness that epoll would report now; `None` if there is none.
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
