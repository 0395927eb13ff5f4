//! Ring 3, the reactor: one loop that waits for readiness and drives the connections that are ready. It knows no byte of
//! HTTP. How new connections come in is in `admission.rs`.

pub mod kernel;
pub mod epoll;
pub mod listener;
pub mod deadlines;
mod admission;
mod signals;

use crate::conn::context::{Context, FileBudget};
use crate::conn::transport::{Readiness, Transport};
use crate::conn::{Connection, Verdict, Wait};
use crate::service::Service;
use crate::service::response::Phase;
use crate::site::{Watcher, Work};
use deadlines::Deadlines;
use kernel::{Interest, Kernel, Ready, Token};
use listener::Accepting;
use log::{info, trace, warn};
use slab::Slab;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every connection there is, and the loop that drives them.
pub struct Reactor<K: Kernel> {
    kernel: K,
    context: Context,
    slots: Slab<Slot<K::Socket>>,
    next_id: u32,
    /// Connections that are driven next, once all of them were read from.
    ready: Vec<Token>,
    /// Connections that could do more than their turn allowed: they are driven in the next.
    queue: Vec<Token>,
    /// Connections that go on with a file, or with content that takes as long to make, in the order in which they have waited for that.
    downloads: VecDeque<Token>,
    deadlines: Deadlines,
    accepting: Accepting,
    work: Work,
    ending: Ending,
}

struct Slot<S> {
    connection: Connection<S>,
    interest: Interest,
    queued: Queued,
}

/// Whether a connection stands in one of the queues.
#[derive(PartialEq, Eq)]
enum Queued {
    No,
    Yes,
}

/// How far the end is.
#[derive(PartialEq, Eq)]
enum Ending {
    NotYet,
    /// What is in flight is finished until then.
    Until(Instant),
    Now,
}

impl<K: Kernel> Reactor<K> {
    /// A reactor that has not begun.
    ///
    /// # Panics
    ///
    /// Where the kernel does not have one listener for each door of the service: the clients of some would have no rules.
    pub fn new(kernel: K, service: impl Into<Arc<Service>>) -> Reactor<K> {
        let service = service.into();
        let (listeners, doors) = (kernel.doors(), service.door_ids().len());
        assert!(
            listeners.is_none_or(|listeners| listeners == doors),
            "a kernel with {} listeners and a service with {doors} doors",
            listeners.unwrap_or_default()
        );
        let (now, wall) = kernel.now();
        Reactor {
            kernel,
            context: Context::new(service, now, wall),
            slots: Slab::new(),
            next_id: 0,
            ready: Vec::new(),
            queue: Vec::new(),
            downloads: VecDeque::new(),
            deadlines: Deadlines::default(),
            accepting: Accepting::default(),
            work: Work::None,
            ending: Ending::NotYet,
        }
    }

    /// The loop. It ends when the process is asked to stop and nothing is in flight any more, or the time for that is
    /// up, and fails only where waiting itself fails.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Vec::new();
        while self.goes_on() {
            self.turn(&mut events)?;
        }
        for mut slot in std::mem::take(&mut self.slots).into_iter().map(|(_, slot)| slot) {
            slot.connection.end("the server ends", &mut self.context);
            slot.connection.let_go(&mut self.context);
        }
        self.context.access.flush();
        Ok(())
    }

    /// One turn: wait for readiness, read from all connections that are ready and then drive them, accept new ones, send
    /// parts of downloads, end the connections that waited too long, and do a piece of the work that no request waits for.
    ///
    /// In each turn, what is in memory goes first; then the connections that are at a download (a file, or content that takes
    /// as long to make) send a bounded number of bytes together, in the order in which they have waited.
    pub fn turn(&mut self, events: &mut Vec<Ready>) -> io::Result<()> {
        self.wait(events)?;
        let (now, wall) = self.kernel.now();
        self.context.begin_turn(now, wall);
        self.context.file_budget = FileBudget::NONE;
        // Connections that the last turn left behind come first.
        std::mem::swap(&mut self.ready, &mut self.queue);
        let mut signals = 0;
        for event in events.drain(..) {
            trace!("{event}");
            match event {
                Ready::Listener(door) => self.accepting.note_readiness(door),
                Ready::Signal => signals += 1,
                Ready::Changes => self.note_changes(),
                Ready::Socket(token, readiness) => self.read_ahead(token, readiness),
            }
        }
        self.drive_ready();
        (0..signals).for_each(|_| self.stop());
        self.accept();
        self.drive_ready();
        self.drive_downloads();
        self.expire();
        self.work();
        self.context.access.end_turn(now);
        Ok(())
    }

    /// Waits for readiness. What an observer notes of it may meet a bug: the loop waits all the same.
    fn wait(&mut self, events: &mut Vec<Ready>) -> io::Result<()> {
        let mut timeout = self.wait_timeout();
        if K::Socket::OBSERVED {
            let told =
                self.context.catch_panic("a note of the turn", |_| self.kernel.notify_waiting(timeout));
            timeout = told.unwrap_or(timeout);
        }
        self.kernel.wait(events, timeout)?;
        if K::Socket::OBSERVED {
            self.context.catch_panic("a note of the turn", |_| self.kernel.notify_woken(events));
        }
        Ok(())
    }

    /// Files may have changed: what the kernel tells of them is read when there is time for it.
    fn note_changes(&self) {
        self.context.service.site.watcher().into_iter().for_each(Watcher::note_readiness);
    }

    /// Something changed for a connection, unless it is over and its place belongs to another by now. It is read from, and
    /// driven only when all that are ready were read from: see [`Connection::read_ahead`].
    fn read_ahead(&mut self, token: Token, readiness: Readiness) {
        let Some(slot) = self.slots.get_mut(token.key).filter(|slot| slot.connection.id() == token.id) else {
            trace!("{} stale event dropped", token.id);
            self.context.catch_panic(token.id, |_| self.kernel.notify_stale());
            return;
        };
        slot.connection.note_readiness(readiness);
        if slot.queued == Queued::No {
            slot.queued = Queued::Yes;
            match slot.connection.is_at_a_download() {
                true => self.downloads.push_back(token),
                false => {
                    slot.connection.read_ahead(&mut self.context);
                    self.ready.push(token);
                }
            }
        }
    }

    /// Drives the connections that are ready, in the order in which they were read from.
    fn drive_ready(&mut self) {
        let mut tokens = std::mem::take(&mut self.ready);
        for token in tokens.drain(..) {
            self.slots[token.key].queued = Queued::No;
            self.drive(token, Connection::drive);
        }
        self.ready = tokens;
    }

    /// Drives the connections that are at a download, until the bytes of this turn are sent. A connection that had its part
    /// goes to the end of the line, so each is reached in turn.
    fn drive_downloads(&mut self) {
        self.context.file_budget = FileBudget::ONE_TURN;
        // Each drive uses up a part of the budget: so this comes to an end.
        while !self.context.file_budget.is_used_up() {
            let Some(token) = self.downloads.pop_front() else { break };
            // The time of a connection may have run out while it stood in line: then it is over.
            if let Some(slot) = self.slots.get_mut(token.key).filter(|slot| slot.connection.id() == token.id)
            {
                slot.queued = Queued::No;
                let before = self.context.file_budget;
                self.drive(token, Connection::drive);
                self.context.file_budget.spend_a_drive(before);
            }
        }
        self.context.file_budget = FileBudget::NONE;
    }

    /// Ends the connections that waited too long: O(1) for each of them. What a connection waited for may be here already,
    /// and no event has told of it yet: the process was stopped for a while, or there were more events than one wait brings.
    fn expire(&mut self) {
        while let Some(key) = self.deadlines.expired(self.context.now, &self.context.service.limits) {
            let connection = &mut self.slots[key].connection;
            connection.note_readiness(Readiness::UNKNOWN);
            let token = Token { key, id: connection.id() };
            self.context.file_budget = FileBudget::ONE_PART;
            self.drive(token, Connection::drive);
            if self.deadlines.expired(self.context.now, &self.context.service.limits) == Some(key) {
                self.drive(token, Connection::expire);
            }
        }
    }

    /// Drives a connection and does what it asks for: a place in the queue, events, or nothing any more.
    fn drive(&mut self, token: Token, how: fn(&mut Connection<K::Socket>, &mut Context) -> Verdict) {
        let slot = &mut self.slots[token.key];
        match how(&mut slot.connection, &mut self.context) {
            Verdict::Closed => return self.remove(token.key),
            Verdict::Again => {
                if slot.queued == Queued::No {
                    slot.queued = Queued::Yes;
                    match slot.connection.is_at_a_download() {
                        true => self.downloads.push_back(token),
                        false => self.queue.push(token),
                    }
                }
                // It waits for its turn and nothing else: its time does not run out, and it is not idle.
                return self.deadlines.clear(token.key);
            }
            Verdict::Parked => {}
        }
        let (wait, since) = slot.connection.waits();
        let needed = if wait == Wait::Write { Interest::ReadWrite } else { Interest::Read };
        if slot.interest < needed && !self.register(token, needed) {
            return self.remove(token.key);
        }
        self.deadlines.set(token.key, wait, since);
        if wait == Wait::Idle && self.is_full() {
            self.accepting.resume();
        }
    }

    /// Registers a connection for the events `needed`, and says whether that can be had. Bytes that came before, and that no
    /// read has met, raise an event all the same: EPOLL_CTL_ADD and EPOLL_CTL_MOD report a readiness that is there when they
    /// are called, though the edge is past.
    fn register(&mut self, token: Token, needed: Interest) -> bool {
        let Slot { connection, interest, .. } = &mut self.slots[token.key];
        let ask = |_: &mut Context| self.kernel.register(connection.transport(), token, *interest, needed);
        match self.context.catch_panic(token.id, ask) {
            Some(Ok(())) => {
                *interest = needed;
                return true;
            }
            Some(Err(error)) => warn!("{} cannot be registered: {error}", token.id),
            None => connection.notify_panicked(&mut self.context),
        }
        connection.end("it cannot be registered", &mut self.context);
        false
    }

    /// Does a piece of the work that no request waits for. A panic costs this piece, and the next piece is not due at once:
    /// so a bug that comes again and again does not make the loop spin.
    fn work(&mut self) {
        let now = self.context.now;
        let work = self.context.catch_panic("a piece of work", |context| context.service.site.work(now));
        self.work = work.unwrap_or(Work::None);
        if self.context.service.site.watcher().is_some_and(Watcher::take_news) {
            self.wake_suppliers();
        }
    }

    /// Drives the connections that wait for content in the next turn: what they wait for may be the news of a change. That is
    /// rare, so all of them are woken.
    fn wake_suppliers(&mut self) {
        for key in self.deadlines.waiting(Wait::Supply) {
            let slot = &mut self.slots[key];
            if slot.queued == Queued::No {
                slot.queued = Queued::Yes;
                self.queue.push(Token { key, id: slot.connection.id() });
            }
        }
    }

    /// Drops a connection, which closes its socket and with that takes it out of the poll.
    fn remove(&mut self, key: usize) {
        let slot = self.slots.remove(key);
        self.deadlines.clear(key);
        self.accepting.resume();
        slot.connection.let_go(&mut self.context);
    }

    /// How long the next wait may last; for ever where there is no deadline.
    fn wait_timeout(&self) -> Option<Duration> {
        let has_more = !self.queue.is_empty() || !self.downloads.is_empty();
        if has_more || self.work == Work::Now || self.accepting.is_due(self.context.now) {
            return Some(Duration::ZERO);
        }
        let work = match self.work {
            Work::At(time) => Some(time),
            Work::Now | Work::None => None,
        };
        let grace = match self.ending {
            Ending::Until(time) => Some(time),
            Ending::NotYet | Ending::Now => None,
        };
        let deadline = self.deadlines.next(&self.context.service.limits);
        let next = [deadline, self.accepting.deadline(), self.context.access.due(), work, grace];
        let next = next.into_iter().flatten().min()?;
        Some(next.saturating_duration_since(self.context.now))
    }

    /// At the first signal: accepts the clients that wait already, and no others. Idle connections are closed; the others
    /// get their answer, as the last on their connection. At the second signal: ends at once.
    fn stop(&mut self) {
        if self.ending != Ending::NotYet {
            self.ending = Ending::Now;
            return;
        }
        // Lines about requests that were answered before stand before it.
        self.context.access.flush();
        info!("stopping: open requests finish; a second Ctrl-C stops at once");
        self.ending = Ending::Until(self.context.now + self.context.service.limits.grace);
        self.context.phase = Phase::Stopping;
        self.accept_all();
        self.kernel.stop_listening();
        let tokens = self.slots.iter().map(|(key, slot)| Token { key, id: slot.connection.id() });
        for token in tokens.collect::<Vec<_>>() {
            self.read_ahead(token, Readiness::UNKNOWN);
        }
    }

    /// How often a bug of this server's was met.
    pub fn panics(&self) -> u64 {
        self.context.panics
    }

    fn goes_on(&self) -> bool {
        match self.ending {
            Ending::NotYet => true,
            Ending::Until(time) => !self.slots.is_empty() && self.context.now < time,
            Ending::Now => false,
        }
    }
}
