//! Turns of a whole loop without a kernel: each of a few clients asks once in each turn. So the work of the loop counts too, and
//! what the inspector adds to it.

use super::HEAD;
use onepoll::conn::transport::{Follow, Readiness, Transport};
use onepoll::inspect::{self, Inspected};
use onepoll::log::Form;
use onepoll::os::peer::Peer;
use onepoll::reactor::Reactor;
use onepoll::reactor::kernel::{Interest, Kernel, Ready, Token};
use onepoll::service::hosts::Hosts;
use onepoll::service::{DoorId, Service};
use onepoll::site::{Policy, Site};
use std::cell::Cell;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

/// Clients that ask in each turn: about as many as a turn serves of 64 that ask as fast as they can.
pub const CLIENTS: usize = 16;

/// The time that a turn takes, by the clock of the script: 250,000 requests a second.
const TURN: Duration = Duration::from_micros(64);

/// Turns in which all that can be remembered is.
const TURNS_AT_FIRST: usize = 100;

/// Who watches the loop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// There is no inspector.
    Off,
    /// There is one, and no client reads the events.
    Inspected,
    /// One client reads the events.
    Watched,
}

/// A loop, and the folder that it serves.
pub struct Turns {
    reactor: Turned,
    events: Vec<Ready>,
    passed: Rc<Cell<Duration>>,
    _folder: TempDir,
}

enum Turned {
    Plain(Reactor<Script>),
    Inspected(Reactor<Inspected<Script>>),
}

/// What the clients do.
struct Script {
    /// Clients that are not accepted yet, the last first.
    waiting: Vec<Asker>,
    tokens: Vec<Token>,
    turn: Rc<Cell<usize>>,
    began: (Instant, SystemTime),
    passed: Rc<Cell<Duration>>,
}

/// The socket of a client.
struct Asker {
    request: Vec<u8>,
    /// Whether the client asks but once, and reads what comes.
    reads: bool,
    turn: Rc<Cell<usize>>,
    /// The turn in which the client asked last.
    asked: usize,
}

impl Turns {
    /// A loop that serves a page of 1 KiB, which is in memory.
    pub fn new(watch: Watch) -> Turns {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::write(folder.path().join("index.html"), [b'x'; 1024]).expect("a file can be written");
        // A file that was written just now is not cached.
        std::thread::sleep(Duration::from_millis(100));
        let site = Site::open(folder.path(), Policy::default()).expect("the folder is there");
        let service = Service::new(site).hosts(Hosts::Named(Vec::new())).access(Form::Off);
        let turn = Rc::new(Cell::new(0));
        let asker =
            |request: &[u8], reads| Asker { request: request.to_vec(), reads, turn: turn.clone(), asked: 0 };
        let mut waiting: Vec<_> = (0..CLIENTS).map(|_| asker(HEAD, false)).collect();
        if watch == Watch::Watched {
            waiting.push(asker(b"GET /.onepoll/events HTTP/1.1\r\nHost: localhost\r\n\r\n", true));
        }
        let began = (Instant::now(), SystemTime::now());
        let passed = Rc::<Cell<Duration>>::default();
        let script =
            Script { waiting, tokens: Vec::new(), turn: turn.clone(), began, passed: passed.clone() };
        let reactor = match watch {
            Watch::Off => Turned::Plain(Reactor::new(script, service)),
            _ => Turned::Inspected(inspect::reactor(script, service)),
        };
        let mut turns = Turns { reactor, events: Vec::new(), passed, _folder: folder };
        (0..TURNS_AT_FIRST).for_each(|_| turns.turn());
        turns
    }

    /// So much time passes until the next turn.
    pub fn pass(&self, time: Duration) {
        self.passed.set(self.passed.get() + time);
    }

    /// One turn.
    pub fn turn(&mut self) {
        let turned = match &mut self.reactor {
            Turned::Plain(reactor) => reactor.turn(&mut self.events),
            Turned::Inspected(reactor) => reactor.turn(&mut self.events),
        };
        turned.expect("the script does not fail");
    }
}

impl Kernel for Script {
    type Socket = Asker;

    fn wait(&mut self, ready: &mut Vec<Ready>, _: Option<Duration>) -> io::Result<()> {
        self.turn.set(self.turn.get() + 1);
        self.passed.set(self.passed.get() + TURN);
        if !self.waiting.is_empty() {
            ready.push(Ready::Listener(DoorId::FIRST));
        }
        let readable = Readiness { readable: true, ..Readiness::default() };
        ready.extend(self.tokens.iter().map(|token| Ready::Socket(*token, readable)));
        Ok(())
    }

    fn accept(&mut self, _: DoorId) -> io::Result<(Asker, Peer)> {
        let next = self.waiting.pop().ok_or(io::ErrorKind::WouldBlock)?;
        Ok((next, Peer::Tcp((Ipv4Addr::LOCALHOST, 50_000).into())))
    }

    fn stop_listening(&mut self) {}

    fn register(&mut self, socket: &mut Asker, token: Token, _: Interest, _: Interest) -> io::Result<()> {
        if !socket.reads {
            self.tokens.push(token);
        }
        Ok(())
    }

    fn now(&self) -> (Instant, SystemTime) {
        let passed = self.passed.get();
        (self.began.0 + passed, self.began.1 + passed)
    }
}

impl Transport for Asker {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_due = self.asked < self.turn.get() && !(self.reads && self.asked > 0);
        if !is_due {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.asked = self.turn.get();
        buffer[..self.request.len()].copy_from_slice(&self.request);
        Ok(self.request.len())
    }

    fn send(&mut self, bytes: &[u8], _: Follow) -> io::Result<usize> {
        Ok(black_box(bytes).len())
    }

    fn send_file(&mut self, _: &File, _: u64, count: usize) -> io::Result<usize> {
        Ok(count)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }
}
