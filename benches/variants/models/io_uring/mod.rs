//! Completion instead of readiness: one ring, one thread. The reactor asks when it may read, and then reads into a buffer of
//! its own. Here a buffer is given to the kernel together with the wish to fill it, and the kernel says when that is done.
//!
//! The connection is driven as it is, over [`Buffers`]: it reads what has come by then, and writes to where the next send
//! will take it from. "Would block" means that nothing has come, or that the kernel still has too much to send. What does not
//! fit between the two models:
//!
//! - An idle connection lends the kernel a buffer for what may come. The reactor lends none.
//! - An answer counts as sent when it is in the buffer. An error, or a client that does not read, shows one completion later.
//! - A connection that is over stays until its last buffer has come back; a receive that nothing will end is cancelled.
//! - There is no sendfile(2) for a ring. A file is copied into the buffer, and from there into the socket, where the reactor
//!   copies nothing. (splice(2) through a pipe would not copy, and takes a pipe and two completions a part.)
//! - What is in memory is copied twice as well, where the reactor copies it once; so is what a client sends. Where a send took
//!   a part only, the rest of its buffer is moved to the front.
//! - A connection keeps the buffer of its last answer for the next one: 192 KiB at most.
//! - A send cannot say that more follows (MSG_MORE), and need not: all that one drive writes goes as one.
//!
//! Each operation is an allocation of the crate `compio-driver`, which keeps a buffer alive until the kernel is done with it:
//! that is the price of a safe interface. For the same reason this model has more than one page: [`buffers`] is what the
//! connection reads from and writes to while the kernel has the other end, and [`done`] is how completions tell whose
//! they are. The reactor needs neither.

pub mod buffers;
mod done;

use super::blocking::PAUSE;
use crate::counted;
use buffers::Buffers;
use compio_buf::IntoInner;
use compio_driver::op::{Accept, Recv, RecvFlags, Send, SendFlags};
use compio_driver::{Key, OpCode, Proactor, PushEntry};
use done::{Done, waker};
use onepoll::conn::context::{Context, FileBudget};
use onepoll::conn::{Connection, Id, Verdict, Wait};
use onepoll::inspect::Call;
use onepoll::os;
use onepoll::reactor::deadlines::Deadlines;
use onepoll::service::{Client, DoorId, Service};
use onepoll::site::Work;
use slab::Slab;
use socket2::Socket;
use std::collections::VecDeque;
use std::io;
use std::net::{Shutdown, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant, SystemTime};

/// Accepts that wait in the ring, each for one client.
const ACCEPTS: usize = 16;

/// What stands for the listener among the keys of connections.
const LISTENER: usize = usize::MAX;

/// Makes a ring for this thread; an error where the kernel has none, or does not allow it. Completions are worked on inside
/// io_uring_enter only (Linux 6.1), as the thread has no other use for them.
pub fn ring() -> io::Result<Proactor> {
    Proactor::builder().single_issuer(true).defer_taskrun(true).build()
}

/// Serves until the process ends.
pub fn run(listener: TcpListener, service: &Arc<Service>) {
    // The ring waits where a blocking call would, and gives up where a non-blocking one would.
    listener.set_nonblocking(false).expect("a listener can block");
    let context = Context::new(service.clone(), Instant::now(), SystemTime::now());
    let mut server = Server {
        ring: ring().expect("a ring can be made"),
        listener: Rc::new(listener),
        accepting: Vec::new(),
        accepts_at: Instant::now(),
        slots: Slab::new(),
        done: Arc::default(),
        again: Vec::new(),
        downloads: VecDeque::new(),
        deadlines: Deadlines::default(),
        work: Work::None,
        context,
    };
    loop {
        server.turn();
    }
}

/// The loop: to be read beside `src/reactor/mod.rs`.
struct Server {
    ring: Proactor,
    listener: Rc<TcpListener>,
    accepting: Vec<Key<Accept<Rc<TcpListener>>>>,
    accepts_at: Instant,
    slots: Slab<Slot>,
    done: Arc<Done>,
    /// Connections that stopped although they could go on.
    again: Vec<usize>,
    /// Connections that are at a file, in the order in which they came.
    downloads: VecDeque<usize>,
    deadlines: Deadlines,
    work: Work,
    context: Context,
}

/// Operations that the kernel has: each owns its buffer and its share of the socket.
type Receiving = Key<Recv<Box<[u8]>, Rc<Socket>>>;
type Sending = Key<Send<Vec<u8>, Rc<Socket>>>;

/// A connection and what the kernel does for it.
struct Slot {
    connection: Connection<Buffers>,
    socket: Rc<Socket>,
    waker: Waker,
    receiving: Option<Receiving>,
    sending: Option<Sending>,
    /// Whether it is in one of the queues.
    is_queued: bool,
    is_over: bool,
}

impl Server {
    /// One turn: hand over the operations and wait for completions, take what they brought, drive these connections.
    fn turn(&mut self) {
        counted::count_entered();
        match self.ring.poll(self.timeout()) {
            Err(error) if ![io::ErrorKind::TimedOut, io::ErrorKind::Interrupted].contains(&error.kind()) => {
                panic!("a ring can be waited for: {error}")
            }
            _ => self.context.begin_turn(Instant::now(), SystemTime::now()),
        }
        self.context.file_budget = FileBudget::NONE;
        let mut due = std::mem::take(&mut self.again);
        for key in self.done.take() {
            let Some(slot) = self.slots.get_mut(key) else { continue };
            slot.complete(&mut self.ring);
            if !std::mem::replace(&mut slot.is_queued, true) {
                due.push(key);
            }
        }
        for key in &due {
            let slot = &mut self.slots[*key];
            if !slot.is_over {
                slot.connection.read_ahead(&mut self.context);
            }
        }
        for key in due {
            self.drive(key, Connection::drive);
        }
        self.accept();
        self.drive_downloads();
        self.expire();
        self.work = self.context.service.site.work(self.context.now);
        self.context.access.end_turn(self.context.now);
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.again.is_empty()
            || !self.downloads.is_empty()
            || !self.done.is_empty()
            || self.work == Work::Now
        {
            return Some(Duration::ZERO);
        }
        let work = if let Work::At(time) = self.work { Some(time) } else { None };
        let accepts = (self.accepts_at > self.context.now).then_some(self.accepts_at);
        let next =
            [self.deadlines.next(&self.context.service.limits), work, accepts].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(self.context.now))
    }

    /// Drives the connections that are at a file, until the bytes of this turn are in their buffers.
    fn drive_downloads(&mut self) {
        self.context.file_budget = FileBudget::ONE_TURN;
        while !self.context.file_budget.is_used_up() {
            let Some(key) = self.downloads.pop_front() else { break };
            let before = self.context.file_budget;
            self.drive(key, Connection::drive);
            self.context.file_budget.spend_a_drive(before);
        }
        self.context.file_budget = FileBudget::NONE;
    }

    fn drive(&mut self, key: usize, how: fn(&mut Connection<Buffers>, &mut Context) -> Verdict) {
        let slot = &mut self.slots[key];
        slot.is_queued = false;
        match if slot.is_over { Verdict::Closed } else { how(&mut slot.connection, &mut self.context) } {
            Verdict::Again => {
                self.deadlines.clear(key);
                slot.is_queued = true;
                match slot.connection.is_at_a_download() {
                    true => self.downloads.push_back(key),
                    false => self.again.push(key),
                }
            }
            Verdict::Parked => {
                let (wait, since) = slot.connection.waits();
                self.deadlines.set(key, wait, since);
            }
            // What the connection has written is still on its way.
            Verdict::Closed if !slot.is_over => {
                slot.is_over = true;
                slot.receiving.take().map(|receiving| self.ring.cancel(receiving));
                self.deadlines.set(key, Wait::Write, self.context.now);
            }
            Verdict::Closed => {}
        }
        slot.submit(&mut self.ring);
        if slot.is_over && slot.sending.is_none() {
            self.remove(key);
        }
    }

    /// Takes the connections that were accepted, and asks for as many more as there are places.
    fn accept(&mut self) {
        for accepting in std::mem::take(&mut self.accepting) {
            match self.ring.pop(accepting).map_ready(|result| result.into_parts()) {
                PushEntry::Pending(accepting) => self.accepting.push(accepting),
                PushEntry::Ready((Ok(_), accepted)) => self.welcome(accepted.into_inner()),
                PushEntry::Ready((Err(error), _)) if os::is_of_one_client(&error) => {}
                PushEntry::Ready((Err(_), _)) => {
                    self.context.service.site.close_files();
                    self.accepts_at = self.context.now + PAUSE;
                }
            }
        }
        let places = self.context.service.limits.connections_max.saturating_sub(self.slots.len());
        while self.accepting.len() < ACCEPTS.min(places) && self.accepts_at <= self.context.now {
            let waker = waker(LISTENER, &self.done);
            self.accepting.extend(push(&mut self.ring, Accept::new(self.listener.clone()), &waker));
        }
    }

    fn welcome(&mut self, (socket, peer): (Socket, socket2::SockAddr)) {
        let Some(peer) = peer.as_socket() else { return };
        let client = Client { id: Id(0), peer: peer.into(), door: DoorId::FIRST };
        let entry = self.slots.vacant_entry();
        let key = entry.key();
        entry.insert(Slot {
            connection: Connection::new(Buffers::default(), client, self.context.now),
            socket: Rc::new(socket),
            waker: waker(key, &self.done),
            receiving: None,
            sending: None,
            is_queued: false,
            is_over: false,
        });
        self.drive(key, Connection::drive);
    }

    fn expire(&mut self) {
        while let Some(key) = self.deadlines.expired(self.context.now, &self.context.service.limits) {
            match self.slots[key].is_over {
                true => self.remove(key),
                false => self.drive(key, Connection::expire),
            }
        }
    }

    /// Drops a connection. An operation that is cancelled holds the socket and its buffer until the kernel lets go of them.
    fn remove(&mut self, key: usize) {
        let slot = self.slots.remove(key);
        self.deadlines.clear(key);
        slot.sending.map(|sending| self.ring.cancel(sending));
        slot.connection.let_go(&mut self.context);
        counted::count(Call::Close);
    }
}

impl Slot {
    /// Takes what the kernel has done, which is the readiness of a connection that is driven by completions.
    fn complete(&mut self, ring: &mut Proactor) {
        let buffers = self.connection.transport();
        match self.receiving.take().map(|receiving| ring.pop(receiving)) {
            Some(PushEntry::Pending(receiving)) => self.receiving = Some(receiving),
            Some(PushEntry::Ready(result)) => {
                let (count, receive) = result.into_parts();
                buffers.received(count, receive.into_inner());
            }
            None => {}
        }
        match self.sending.take().map(|sending| ring.pop(sending)) {
            Some(PushEntry::Pending(sending)) => self.sending = Some(sending),
            Some(PushEntry::Ready(result)) => {
                let (count, send) = result.into_parts();
                buffers.sent(count, send.into_inner());
            }
            None => {}
        }
        let readiness = buffers.readiness();
        self.connection.note_readiness(readiness);
    }

    /// Hands the kernel what it is to send, and room for what may come.
    fn submit(&mut self, ring: &mut Proactor) {
        let buffers = self.connection.transport();
        if self.sending.is_none() {
            if let Some(bytes) = buffers.take_output() {
                let send = Send::new(self.socket.clone(), bytes, SendFlags::NOSIGNAL);
                self.sending = push(ring, send, &self.waker);
            } else if std::mem::take(&mut buffers.ends) {
                counted::count(Call::Shutdown);
                let _ = Socket::shutdown(&self.socket, Shutdown::Write);
            }
        }
        if self.receiving.is_none()
            && !self.is_over
            && let Some(room) = buffers.take_input()
        {
            self.receiving =
                push(ring, Recv::new(self.socket.clone(), room, RecvFlags::empty()), &self.waker);
        }
    }
}

/// Hands an operation over with the next io_uring_enter. None if the ring takes no more, which it always does: it enters the
/// kernel first.
fn push<O: OpCode + 'static>(ring: &mut Proactor, operation: O, waker: &Waker) -> Option<Key<O>> {
    let PushEntry::Pending(key) = ring.push(operation) else { return None };
    ring.update_waker(&key, waker);
    Some(key)
}
