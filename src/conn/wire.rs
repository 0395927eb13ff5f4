//! All of a connection but its state: the socket, what came, what goes, and what is waited for since when.

use super::id::Id;
use super::io::{Io, Moved};
use super::told::{Reason, Told};
use super::transport::{Follow, Transport};
use crate::answer::Client;
use crate::buffers::Buffer;
use crate::context::Context;
use crate::http::lines::HeadScan;
use crate::http::{HeadLimits, Refusal};
use crate::limits::Limits;
use crate::outgoing::Outgoing;
use crate::site::Tick;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// What a connection waits for; each kind has one timeout, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The first byte of the first request.
    First,
    /// The first byte of another request.
    Idle,
    /// The rest of a head.
    Head,
    /// More of a body.
    Body,
    /// The client to take more.
    Write,
    /// The end of what a client sends that had its last answer.
    Linger,
    /// Content that is not made yet, which is nothing that the client is late with.
    Supply,
}

impl Wait {
    /// Every kind; `wait as usize` is its place here.
    pub const ALL: [Wait; 7] =
        [Wait::First, Wait::Idle, Wait::Head, Wait::Body, Wait::Write, Wait::Linger, Wait::Supply];

    /// How long it may last, where that is limited.
    pub fn timeout(self, limits: &Limits) -> Option<Duration> {
        match self {
            Wait::First | Wait::Idle => Some(limits.idle_timeout),
            Wait::Head => Some(limits.head_timeout),
            Wait::Body => Some(limits.body_timeout),
            Wait::Write => Some(limits.write_timeout),
            Wait::Linger => Some(Limits::LINGER),
            Wait::Supply => None,
        }
    }
}

/// What the states of a connection work with.
pub(super) struct Wire<T> {
    pub id: Id,
    pub peer: IpAddr,
    pub io: Io<T>,
    pub inbox: Buffer,
    /// How far the inbox was looked through for the end of a head.
    pub scan: HeadScan,
    /// When something was last read.
    pub read: Tick,
    pub out: Outgoing,
    pub wait: Wait,
    pub since: Instant,
}

impl<T: Transport> Wire<T> {
    pub fn new(transport: T, peer: IpAddr, id: Id, now: Instant) -> Wire<T> {
        let io = Io::new(transport, id);
        let (inbox, scan, read, out) = Default::default();
        Wire { id, peer, io, inbox, scan, read, out, wait: Wait::First, since: now }
    }

    /// Reads once into the inbox.
    pub fn receive(&mut self, context: &mut Context) -> io::Result<Moved> {
        let moved = self.io.recv(&mut context.buffers.landing)?;
        if let Moved::Bytes(count) = moved {
            self.inbox.take_in(count, &mut context.buffers);
            self.read = context.service.site.tick();
        }
        Ok(moved)
    }

    /// The length of the head at the front of the inbox, once it is whole.
    pub fn find_head(&mut self, limits: &HeadLimits) -> Result<Option<usize>, Refusal> {
        let found = self.scan.find(self.inbox.bytes(), limits)?;
        if let Some(head) = &found {
            self.inbox.consume(head.start);
            self.scan = HeadScan::default();
        }
        Ok(found.map(|head| head.len()))
    }

    /// What came, who is answered, and what carries it.
    pub fn sides(&mut self) -> (&[u8], Client<'_>, &mut T) {
        let client = Client { id: self.id, peer: self.peer, read: self.read, out: &mut self.out };
        (self.inbox.bytes(), client, self.io.transport())
    }

    /// Takes note of why the state changes.
    pub fn because(&mut self, reason: Reason) {
        self.io.transport().tell(Told::Because(reason));
    }

    /// Sends once from the outbox.
    pub fn flush(&mut self, follow: Follow, context: &Context) -> io::Result<Moved> {
        let moved = self.io.send(self.out.outbox.bytes(), follow)?;
        if let Moved::Bytes(count) = moved {
            self.out.outbox.consume(count);
            self.restart(Wait::Write, context);
        }
        Ok(moved)
    }

    /// Takes note of content that went out beside the outbox.
    pub fn sent_content(&mut self, count: u64, context: &Context) {
        self.out.entry.iter_mut().for_each(|entry| entry.content_bytes += count);
        self.restart(Wait::Write, context);
    }

    /// The answer is out, or never will be.
    pub fn log(&mut self, context: &mut Context) {
        if let Some(entry) = self.out.entry.take() {
            context.access.add(entry);
        }
    }

    /// Waits for `wait` from now on; the clock runs on where that is nothing new.
    pub fn wait_for(&mut self, wait: Wait, context: &Context) {
        if self.wait != wait {
            self.restart(wait, context);
        }
    }

    /// Starts the clock of `wait` now.
    pub fn restart(&mut self, wait: Wait, context: &Context) {
        self.wait = wait;
        self.since = context.now;
    }
}
