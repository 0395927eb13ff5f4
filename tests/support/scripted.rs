//! A world that a test writes down: clients whose every byte, pause and failure is planned, and a kernel that
//! tells the loop of edges as epoll does, by a clock that moves only while the loop waits. What drives them is
//! the real `Reactor::turn`.

use super::watch::watch;
use super::{Answer, read_answers};
use onepoll::conn::event::Event;
use onepoll::conn::transport::{Follow, Readiness, Transport};
use onepoll::os::peer::Peer;
use onepoll::reactor::Reactor;
use onepoll::reactor::kernel::{Interest, Kernel, Ready, Token};
use onepoll::service::DoorId;
use onepoll::service::limits::Limits;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

/// Turns after which a loop that still does not come to rest is taken to spin.
const TURNS_MAX: usize = 200_000;

thread_local! {
    /// Writes to all clients so far.
    static WRITES: Cell<usize> = const { Cell::new(1) };
}

/// What a client's side brings.
#[derive(Clone, Debug)]
pub enum Comes {
    /// Bytes that are here.
    Bytes(Vec<u8>),
    /// The same bytes over and over, as fast as they are read.
    Forever(Vec<u8>),
    /// What follows comes after this was waited for, with an edge of its own.
    Later,
    /// One call is interrupted.
    Interrupted,
    /// One call fails.
    Fails(ErrorKind),
    /// One call panics, as if there were a bug.
    Panics(&'static str),
    /// The client has shut its side.
    End,
}

/// A part of what a client sends.
pub fn part(bytes: &[u8]) -> Comes {
    Comes::Bytes(bytes.to_vec())
}

/// How one write goes; where none is planned it takes all that fits.
#[derive(Clone, Copy, Debug)]
pub enum Goes {
    /// So many bytes at most.
    Takes(usize),
    /// None, and then an edge says that there is room.
    Later,
    /// None: the call is interrupted.
    Interrupted,
    /// None: the call fails.
    Fails(ErrorKind),
    /// None: the call panics, as if there were a bug.
    Panics(&'static str),
}

/// A client and its connection.
struct Line {
    peer: Peer,
    comes: VecDeque<Comes>,
    goes: VecDeque<Goes>,
    /// Bytes that one write takes at most.
    each: usize,
    /// Bytes that are taken until the client reads.
    window: usize,
    got: Vec<u8>,
    /// The number of its last write, among the writes to all clients.
    last_write: usize,
    edge: Readiness,
    token: Option<Token>,
    interest: Interest,
    calls: usize,
    /// A bug that is met when it is registered.
    bug: Option<&'static str>,
    /// Notes that begin so meet a bug, every time.
    bad_note: Option<&'static str>,
    fate: Fate,
}

/// How the server's end stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Open,
    /// Nothing more is sent.
    Shut,
    Closed,
    /// Closed with bytes unread: the client may never see its answer.
    Reset,
}

/// The test's handle of a client.
#[derive(Clone)]
pub struct Client(Rc<RefCell<Line>>);

/// The server's end.
pub struct Socket(Rc<RefCell<Line>>);

const ALL: Readiness = Readiness { readable: true, writable: true, peer_closed: true };

impl Line {
    /// What an edge would say of the input up to the next pause.
    fn input(&self) -> Readiness {
        let mut readiness = Readiness::default();
        for item in self.comes.iter().take_while(|item| !matches!(item, Comes::Later)) {
            match item {
                Comes::Fails(_) => return ALL,
                Comes::End => readiness.peer_closed = true,
                _ => {}
            }
            readiness.readable = true;
        }
        readiness
    }

    fn raise(&mut self, readiness: Readiness) {
        self.edge.readable |= readiness.readable;
        self.edge.writable |= readiness.writable;
        self.edge.peer_closed |= readiness.peer_closed;
    }

    /// Everything that was here is read; what was to come later comes now.
    fn resume(&mut self) {
        if self.comes.pop_front_if(|item| matches!(item, Comes::Later)).is_some() {
            self.raise(self.input());
        }
    }

    /// The most that the next write takes.
    fn room(&mut self) -> io::Result<usize> {
        self.calls += 1;
        let most = match self.goes.pop_front() {
            None => self.each,
            Some(Goes::Takes(count)) => count,
            Some(Goes::Later) => {
                self.edge.writable = true;
                0
            }
            Some(Goes::Interrupted) => return Err(ErrorKind::Interrupted.into()),
            Some(Goes::Fails(kind)) => return Err(kind.into()),
            Some(Goes::Panics(why)) => panic!("{why}"),
        };
        match most.min(self.window) {
            0 => Err(ErrorKind::WouldBlock.into()),
            room => Ok(room),
        }
    }

    /// What is noted of its connection, in words; where it begins with what was planted, that is a bug.
    fn note(&self, words: &str) {
        if let Some(bad) = self.bad_note.filter(|bad| words.starts_with(bad)) {
            panic!("in a note: {bad}");
        }
    }

    fn take(&mut self, bytes: &[u8]) -> usize {
        self.last_write = WRITES.with(|writes| writes.replace(writes.get() + 1));
        self.got.extend_from_slice(bytes);
        self.window -= bytes.len();
        bytes.len()
    }
}

impl Transport for Socket {
    const OBSERVED: bool = true;

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line = &mut *self.0.borrow_mut();
        line.calls += 1;
        match line.comes.pop_front() {
            None => Err(ErrorKind::WouldBlock.into()),
            Some(Comes::Later) => {
                line.raise(line.input());
                Err(ErrorKind::WouldBlock.into())
            }
            Some(Comes::Interrupted) => Err(ErrorKind::Interrupted.into()),
            Some(Comes::Fails(kind)) => Err(kind.into()),
            Some(Comes::Panics(why)) => panic!("{why}"),
            Some(Comes::End) => {
                line.comes.push_front(Comes::End);
                Ok(0)
            }
            Some(Comes::Forever(mut bytes)) => {
                let count = buffer.len();
                for space in buffer.chunks_mut(bytes.len()) {
                    space.copy_from_slice(&bytes[..space.len()]);
                }
                let turned = count % bytes.len();
                bytes.rotate_left(turned);
                line.comes.push_front(Comes::Forever(bytes));
                Ok(count)
            }
            Some(Comes::Bytes(mut bytes)) => {
                let count = bytes.len().min(buffer.len());
                let rest = bytes.split_off(count);
                buffer[..count].copy_from_slice(&bytes);
                match rest.is_empty() {
                    false => line.comes.push_front(Comes::Bytes(rest)),
                    true if count < buffer.len() => line.resume(),
                    true => {}
                }
                Ok(count)
            }
        }
    }

    fn send(&mut self, bytes: &[u8], _: Follow) -> io::Result<usize> {
        let line = &mut *self.0.borrow_mut();
        let room = line.room()?.min(bytes.len());
        Ok(line.take(&bytes[..room]))
    }

    fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize> {
        let line = &mut *self.0.borrow_mut();
        let mut bytes = vec![0; line.room()?.min(count)];
        let count = file.read_at(&mut bytes, offset)?;
        Ok(line.take(&bytes[..count]))
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.0.borrow_mut().fate = Fate::Shut;
        Ok(())
    }

    fn notify(&mut self, event: Event<'_>) {
        self.0.borrow().note(&format!("{event:?}"));
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let line = &mut *self.0.borrow_mut();
        let unread = matches!(line.comes.front(), Some(Comes::Bytes(_) | Comes::Forever(_)));
        line.fate = if unread { Fate::Reset } else { Fate::Closed };
        line.note("Dropped");
    }
}

impl Client {
    fn new(comes: impl IntoIterator<Item = Comes>) -> Client {
        let line = Line {
            peer: Peer::Tcp((Ipv4Addr::LOCALHOST, 50_000).into()),
            comes: VecDeque::new(),
            goes: VecDeque::new(),
            each: usize::MAX,
            window: usize::MAX,
            got: Vec::new(),
            last_write: 0,
            edge: Readiness::default(),
            token: None,
            interest: Interest::None,
            calls: 0,
            bug: None,
            bad_note: None,
            fate: Fate::Open,
        };
        let client = Client(Rc::new(RefCell::new(line)));
        client.brings(comes);
        client
    }

    /// It is at another address than this machine's own.
    pub fn is_at(&self, address: IpAddr) {
        self.0.borrow_mut().peer = Peer::Tcp((address, 50_000).into());
    }

    /// More comes, at once.
    pub fn brings(&self, comes: impl IntoIterator<Item = Comes>) {
        let line = &mut *self.0.borrow_mut();
        // A read of no bytes is the end, which nobody meant.
        let is_none = |item: &Comes| matches!(item, Comes::Bytes(bytes) if bytes.is_empty());
        line.comes.extend(comes.into_iter().filter(|item| !is_none(item)));
        line.raise(line.input());
    }

    /// More bytes come, and no event tells of them yet.
    pub fn says_unnoticed(&self, bytes: &[u8]) {
        self.0.borrow_mut().comes.push_back(part(bytes));
    }

    /// More bytes come, at once.
    pub fn says(&self, bytes: &[u8]) {
        self.brings([part(bytes)]);
    }

    /// Plans the next writes.
    pub fn takes(&self, goes: impl IntoIterator<Item = Goes>) {
        self.0.borrow_mut().goes.extend(goes);
    }

    /// One write takes so many bytes at most.
    pub fn takes_each(&self, bytes: usize) {
        self.0.borrow_mut().each = bytes;
    }

    /// Takes nothing from now on but what [`Client::reads`] makes room for.
    pub fn stops_reading(&self) {
        self.0.borrow_mut().window = 0;
    }

    /// Makes room for so many bytes.
    pub fn reads(&self, bytes: usize) {
        let line = &mut *self.0.borrow_mut();
        line.window += bytes;
        line.edge.writable = true;
    }

    /// Watching it panics, as if there were a bug.
    pub fn panics_when_watched(&self, why: &'static str) {
        self.0.borrow_mut().bug = Some(why);
    }

    /// Taking note of its connection panics from now on, where the note begins with `words`: as [`Event`] has them, and
    /// `Dropped` at the end.
    pub fn panics_when_noted(&self, words: &'static str) {
        self.0.borrow_mut().bad_note = Some(words);
    }

    /// What was sent to it since the last [`Client::answers`].
    pub fn got(&self) -> Vec<u8> {
        self.0.borrow().got.clone()
    }

    /// How many bytes that is.
    pub fn got_bytes(&self) -> usize {
        self.0.borrow().got.len()
    }

    /// The same, as whole answers.
    pub fn answers(&self) -> Vec<Answer> {
        read_answers(&std::mem::take(&mut self.0.borrow_mut().got))
    }

    /// The statuses of [`Client::answers`].
    pub fn statuses(&self) -> Vec<u16> {
        self.answers().iter().map(|answer| answer.status).collect()
    }

    pub fn fate(&self) -> Fate {
        self.0.borrow().fate
    }

    /// The number of the last write to it: a later write, to whichever client, has a higher one.
    pub fn last_write(&self) -> usize {
        self.0.borrow().last_write
    }

    /// Calls of the server on its socket that read or write.
    pub fn calls(&self) -> usize {
        self.0.borrow().calls
    }

    /// What the kernel was asked to name it.
    pub fn token(&self) -> Token {
        self.0.borrow().token.expect("the connection had to wait, so it is registered")
    }

    /// An event for it.
    pub fn event(&self, readiness: Readiness) -> Ready {
        Ready::Socket(self.token(), readiness)
    }
}

/// What the kernel knows.
struct World {
    now: Instant,
    wall: SystemTime,
    /// Clients that have connected, and accepts that fail, each at a door.
    waiting: VecDeque<(DoorId, io::Result<Client>)>,
    /// Doors whose listeners have an edge to tell of.
    knocked: Vec<DoorId>,
    /// Everyone who was accepted.
    accepted: Vec<Client>,
    /// Sockets that can be open at once, and the error where they are.
    descriptors: (usize, i32),
    /// The next events, before the edges.
    events: Vec<Ready>,
    /// The timeout of every wait.
    waits: Vec<Option<Duration>>,
    /// Notes of the kernel's by this name meet a bug, every time.
    bad_note: Option<&'static str>,
    /// Until when the test lets time pass.
    until: Instant,
    at_rest: bool,
}

/// The scripted [`Kernel`].
pub struct Script(Rc<RefCell<World>>);

impl Script {
    /// What an observed kernel notes; a bug where that was planted.
    fn note(&self, name: &str) {
        let bad = self.0.borrow().bad_note;
        assert!(bad != Some(name), "in a note of the kernel: {name}");
    }
}

impl Kernel for Script {
    type Socket = Socket;

    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        let world = &mut *self.0.borrow_mut();
        world.waits.push(timeout);
        ready.append(&mut world.events);
        ready.extend(world.knocked.drain(..).map(Ready::Listener));
        for Client(line) in &world.accepted {
            let line = &mut *line.borrow_mut();
            line.edge.writable &= line.interest == Interest::ReadWrite;
            if let (Some(token), true) = (line.token, line.edge != Readiness::default()) {
                ready.push(Ready::Socket(token, std::mem::take(&mut line.edge)));
            }
        }
        world.at_rest = false;
        if ready.is_empty() {
            let left = world.until - world.now;
            let nap = timeout.map_or(left, |timeout| timeout.min(left));
            world.now += nap;
            world.at_rest = timeout.is_none_or(|timeout| timeout > left);
        }
        Ok(())
    }

    fn accept(&mut self, door: DoorId) -> io::Result<(Socket, Peer)> {
        self.note("accept");
        let world = &mut *self.0.borrow_mut();
        let (descriptors, error) = world.descriptors;
        world.accepted.retain(|client| matches!(client.fate(), Fate::Open | Fate::Shut));
        let at = world.waiting.iter().position(|(waits_at, _)| *waits_at == door);
        let at = at.ok_or(ErrorKind::WouldBlock)?;
        if world.accepted.len() >= descriptors && world.waiting[at].1.is_ok() {
            return Err(io::Error::from_raw_os_error(error));
        }
        let client = world.waiting.remove(at).unwrap().1?;
        world.accepted.push(client.clone());
        let peer = client.0.borrow().peer;
        Ok((Socket(client.0), peer))
    }

    fn stop_listening(&mut self) {}

    fn notify_stale(&mut self) {
        self.note("stale");
    }

    fn notify_waiting(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        self.note("waits");
        timeout
    }

    fn notify_woken(&mut self, _: &mut Vec<Ready>) {
        self.note("woke");
    }

    fn register(
        &mut self,
        socket: &mut Socket,
        token: Token,
        before: Interest,
        now: Interest,
    ) -> io::Result<()> {
        let line = &mut *socket.0.borrow_mut();
        if let Some(why) = line.bug {
            panic!("{why}");
        }
        assert_eq!(before, line.interest);
        (line.token, line.interest) = (Some(token), now);
        line.edge = line.input();
        line.edge.writable |= line.window > 0;
        Ok(())
    }

    fn now(&self) -> (Instant, SystemTime) {
        let world = self.0.borrow();
        (world.now, world.wall)
    }
}

/// A reactor in such a world.
pub struct Loop<K: Kernel = Script> {
    reactor: Reactor<K>,
    world: Rc<RefCell<World>>,
    ready: Vec<Ready>,
    /// Panics that the test knows of.
    panics: Cell<u64>,
}

/// A panic costs its connection and nothing else, so that a test might not notice.
impl<K: Kernel> Drop for Loop<K> {
    fn drop(&mut self) {
        let is_silent = self.reactor.panics() == self.panics.get() || std::thread::panicking();
        assert!(is_silent, "{} panics", self.reactor.panics());
    }
}

impl Loop {
    /// Serves `root`.
    pub fn new(root: &Path, limits: Limits) -> Loop {
        Loop::of(|script| super::reactor(script, root, limits))
    }
}

impl<K: Kernel> Loop<K> {
    /// Turns the reactor that is made with the script.
    pub fn of(make: impl FnOnce(Script) -> Reactor<K>) -> Loop<K> {
        watch();
        let now = Instant::now();
        let world = World {
            now,
            wall: SystemTime::UNIX_EPOCH,
            waiting: VecDeque::new(),
            knocked: Vec::new(),
            accepted: Vec::new(),
            descriptors: (usize::MAX, 0),
            events: Vec::new(),
            waits: Vec::new(),
            bad_note: None,
            until: now,
            at_rest: false,
        };
        let world = Rc::new(RefCell::new(world));
        let reactor = make(Script(Rc::clone(&world)));
        Loop { reactor, world, ready: Vec::new(), panics: Cell::default() }
    }

    /// A client that connects and brings all this.
    pub fn connect(&mut self, comes: impl IntoIterator<Item = Comes>) -> Client {
        self.connect_at(DoorId::FIRST, comes)
    }

    /// A client that connects at this door.
    pub fn connect_at(&mut self, door: DoorId, comes: impl IntoIterator<Item = Comes>) -> Client {
        let client = self.connect_unnoticed_at(door, comes);
        self.world.borrow_mut().knocked.push(door);
        client
    }

    /// A client that connects and says this.
    pub fn connect_saying(&mut self, bytes: &[u8]) -> Client {
        self.connect([part(bytes)])
    }

    /// A client that connects, and no event tells of it.
    pub fn connect_unnoticed(&mut self, comes: impl IntoIterator<Item = Comes>) -> Client {
        self.connect_unnoticed_at(DoorId::FIRST, comes)
    }

    /// A client that connects at this door, and no event tells of it.
    pub fn connect_unnoticed_at(&mut self, door: DoorId, comes: impl IntoIterator<Item = Comes>) -> Client {
        let client = Client::new(comes);
        self.world.borrow_mut().waiting.push_back((door, Ok(client.clone())));
        client
    }

    /// An accept that fails, behind those who connected before.
    pub fn accept_fails(&mut self, error: io::Error) {
        let world = &mut *self.world.borrow_mut();
        world.waiting.push_back((DoorId::FIRST, Err(error)));
        world.knocked.push(DoorId::FIRST);
    }

    /// From now on no more than so many sockets can be open: an accept beyond fails with `errno`.
    pub fn allow_descriptors(&mut self, count: usize, errno: i32) {
        self.world.borrow_mut().descriptors = (count, errno);
    }

    /// Sets the clock on the wall, which stands; at first it is before all files.
    pub fn set_wall(&mut self, wall: SystemTime) {
        self.world.borrow_mut().wall = wall;
    }

    /// Taking note of this panics from now on: `accept`, `stale`, `waits`, `woke`, or nothing any more.
    pub fn panics_when_noted(&mut self, name: Option<&'static str>) {
        self.world.borrow_mut().bad_note = name;
    }

    /// So much time passes while the loop is busy elsewhere.
    pub fn holds_up(&mut self, time: Duration) {
        let world = &mut *self.world.borrow_mut();
        world.now += time;
        world.until = world.now;
    }

    /// One turn that begins with these events; the edges come behind them.
    pub fn turn(&mut self, events: impl IntoIterator<Item = Ready>) {
        self.world.borrow_mut().events.extend(events);
        self.reactor.turn(&mut self.ready).unwrap();
    }

    /// Turns until the loop rests: until it would wait though no time passes.
    pub fn run(&mut self) {
        self.pass(Duration::ZERO);
    }

    /// Turns while so much time passes. The clock moves only where the loop waits.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now() + time;
        self.world.borrow_mut().until = until;
        for _ in 0..TURNS_MAX {
            self.turn([]);
            if self.world.borrow().at_rest {
                return;
            }
        }
        panic!("the loop spins");
    }

    pub fn now(&self) -> Instant {
        self.world.borrow().now
    }

    /// Connections that a panic has ended.
    pub fn panics(&self) -> u64 {
        self.panics.set(self.reactor.panics());
        self.panics.get()
    }

    /// The timeouts of all waits since the last call.
    pub fn waits(&mut self) -> Vec<Option<Duration>> {
        std::mem::take(&mut self.world.borrow_mut().waits)
    }
}
