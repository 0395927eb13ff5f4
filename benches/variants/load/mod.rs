//! The load generator: one thread with one mio poll plays any number of clients.
//!
//! In a **closed loop** every client sends its next request as soon as it has an answer. This measures how many
//! requests a second a server can answer. But it hides stalls: while the server stands still, no client sends a
//! request, and only one slow answer shows.
//!
//! In an **open loop** requests are due at a fixed rate, even if the server does not keep up. Their latency is
//! counted from the time at which they were *due*, so a stall makes all requests late that were due during it. (Gil
//! Tene called the mistake of the closed loop coordinated omission.) Every client has its own schedule, as people
//! have. A client without an answer does not hand its requests to another client.

pub mod answer;
mod crowd;
mod door;
pub mod plan;
pub mod process;
mod workers;

use crate::statistics::Latencies;
use answer::{Answer, Connection};
use crowd::Crowd;
use door::Door;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use plan::{Mark, Outcome, Patience, Persistence, Phase, Plan, Readers};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use workers::Workers;

/// How long the load waits for answers after a phase.
const DRAIN: Duration = Duration::from_millis(250);

/// How long the load waits until the buffers of slow readers are full.
const FILL_MAX: Duration = Duration::from_secs(10);

/// How long a client waits after a failure, before it tries again.
const RETRY: Duration = Duration::from_millis(1);

/// Reads for one client in one turn, so that a large answer does not delay the other clients.
const READS_PER_TURN: usize = 4;

/// The state of the load generator.
pub struct Load {
    plan: Plan,
    requests: Vec<Vec<u8>>,
    poll: Poll,
    clients: Vec<Client>,
    crowd: Crowd,
    workers: Workers,
    buffer: Box<[u8]>,
    /// Clients to look at in the next turn although they have no event.
    again: Vec<usize>,
    /// Clients that failed, and when they may try again.
    failed: Vec<usize>,
    retry_at: Instant,
    events: Events,
    pace: Pace,
    tally: Tally,
    /// The number of the phase. A late answer to a request of an earlier phase does not count.
    phase: u32,
}

/// When clients send requests.
#[derive(Clone, Copy)]
enum Pace {
    /// Never.
    Still,
    /// As soon as the request before was answered.
    Closed,
    /// At a fixed rate: request number k is due at `begin` + k / `rate`, and belongs to client number k modulo the
    /// number of clients.
    Open { begin: Instant, rate: f64 },
}

struct Client {
    socket: Option<TcpStream>,
    asking: Asking,
    answer: Answer,
    /// The number of its next request in the plan.
    next: usize,
    /// Requests that were due in an open loop, and how many of them were sent.
    due: u64,
    asked: u64,
    was_answered: bool,
}

/// The state of a client.
#[derive(Clone, Copy)]
enum Asking {
    /// It has no request to send.
    Free,
    /// It is connecting.
    Connecting(Asked),
    /// It waits for an answer.
    Waiting(Asked),
    /// It could not connect at the beginning.
    Out,
}

#[derive(Clone, Copy)]
struct Asked {
    due: Instant,
    phase: u32,
}

struct Tally {
    answered: u64,
    unanswered: u64,
    errors: BTreeMap<String, u64>,
    latencies: Latencies,
    /// The longest delay caused by the load generator itself.
    lateness: Duration,
}

impl Tally {
    fn new() -> Tally {
        Tally {
            answered: 0,
            unanswered: 0,
            errors: BTreeMap::new(),
            latencies: Latencies::new(),
            lateness: Duration::ZERO,
        }
    }
}

impl Load {
    /// Connects all clients, first the ones that are not measured.
    pub fn connect(plan: Plan) -> io::Result<Load> {
        let poll = Poll::new()?;
        let crowd = Crowd::gather(Door::of(plan.address), plan.beside.clone());
        let (mut door, count) = (Door::of(plan.address), plan.connections);
        let workers = Workers::gather(&mut door, &plan, &poll)?;
        let close = if plan.persistence == Persistence::Close { "Connection: close\r\n" } else { "" };
        let request = |target: &String| {
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{}{close}\r\n", plan.fields).into_bytes()
        };
        let mut load = Load {
            requests: plan.targets.iter().map(request).collect(),
            plan,
            poll,
            clients: Vec::with_capacity(count),
            crowd,
            workers,
            buffer: vec![0; 256 << 10].into(),
            again: Vec::new(),
            failed: Vec::new(),
            retry_at: Instant::now(),
            events: Events::with_capacity(1024),
            pace: Pace::Still,
            tally: Tally::new(),
            phase: 0,
        };
        for at in 0..count {
            let client = Client::new(door.enter().ok(), at, &load.poll)?;
            load.clients.push(client);
            load.greet(at);
        }
        Ok(load)
    }

    /// Sends a first request on each connection, which counts in no phase. Servers expect a client to send a request
    /// soon after it connects (tcp(7), TCP_DEFER_ACCEPT).
    fn greet(&mut self, at: usize) {
        if matches!(self.clients[at].asking, Asking::Free) {
            self.send(at, Asked { due: Instant::now(), phase: u32::MAX });
        }
    }

    /// Waits until the buffers of the slow readers are full, for this time at most.
    pub fn fill(&mut self, limit: Duration) -> Option<Readers> {
        self.crowd.fill(limit)
    }

    /// Runs the closed loop, and then the open loop.
    pub fn run(&mut self, mark: &mut dyn FnMut(Mark) -> io::Result<()>) -> io::Result<Outcome> {
        mark(Mark::Connected)?;
        let readers = self.fill(FILL_MAX);
        self.workers.begin();
        let [warm_up, window] = [self.plan.warm_up, self.plan.window].map(Duration::from_secs_f64);
        self.closed(warm_up)?;
        self.tally = Tally::new();
        mark(Mark::ClosedBegins)?;
        let closed = self.closed(window)?;
        mark(Mark::ClosedEnds)?;
        let closed = self.settle(closed)?;
        mark(Mark::OpenBegins)?;
        let open = self.open(window)?;
        mark(Mark::OpenEnds)?;
        let open = self.settle(open)?;
        let is_in = |client: &&Client| !matches!(client.asking, Asking::Out);
        let connected = self.clients.iter().filter(is_in).count();
        let beside_connected = self.crowd.len() + self.workers.len();
        let work_alone = self.workers.alone.map(|time| time.as_secs_f64() * 1e3);
        Ok(Outcome { connected, beside_connected, work_alone, readers, closed, open })
    }

    /// Runs a closed loop for this time.
    pub fn closed(&mut self, window: Duration) -> io::Result<Phase> {
        let begin = Instant::now();
        self.workers.answered = 0;
        self.pace = Pace::Closed;
        self.again.extend(0..self.clients.len());
        self.turn_until(begin + window)?;
        Ok(self.phase(begin))
    }

    /// Runs an open loop for this time, at the rate of the plan.
    pub fn open(&mut self, window: Duration) -> io::Result<Phase> {
        let begin = Instant::now();
        self.workers.answered = 0;
        self.pace = Pace::Open { begin, rate: self.plan.rate };
        let (count, all) = ((window.as_secs_f64() * self.plan.rate) as u64, self.clients.len() as u64);
        for number in 0..count {
            let due = begin + Duration::from_secs_f64(number as f64 / self.plan.rate);
            self.turn_until(due)?;
            self.tally.lateness = self.tally.lateness.max(due.elapsed());
            let at = (number % all) as usize;
            self.clients[at].due += 1;
            self.ask_next(at);
        }
        self.turn_until(begin + window)?;
        Ok(self.phase(begin))
    }

    fn phase(&self, begin: Instant) -> Phase {
        let seconds = begin.elapsed().as_secs_f64();
        let (answered, work_answered) = (self.tally.answered, self.workers.answered);
        Phase { seconds, answered, work_answered, ..Phase::default() }
    }

    /// Waits a little for missing answers, and gives up the ones that do not come.
    pub fn settle(&mut self, phase: Phase) -> io::Result<Phase> {
        let until = Instant::now() + DRAIN;
        if matches!(self.pace, Pace::Closed) {
            self.pace = Pace::Still;
        }
        while Instant::now() < until && self.clients.iter().any(|client| self.is_owed(client)) {
            self.turn_until((Instant::now() + Duration::from_millis(5)).min(until))?;
        }
        let now = Instant::now();
        for at in 0..self.clients.len() {
            let client = &self.clients[at];
            let asked = match client.asking {
                Asking::Waiting(asked) | Asking::Connecting(asked) => Some(asked),
                Asking::Free | Asking::Out => None,
            };
            let asked = asked.filter(|asked| asked.phase == self.phase).map(|asked| asked.due);
            let unasked = (client.asked..client.due).map(|number| self.due_at(at, number));
            for due in asked.into_iter().chain(unasked).collect::<Vec<_>>() {
                self.tally.latencies.record(now - due);
                self.tally.unanswered += 1;
            }
        }
        let connections_answered = self.clients.iter().filter(|client| client.was_answered).count();
        for client in &mut self.clients {
            (client.due, client.asked, client.was_answered) = (0, 0, false);
        }
        self.phase += 1;
        self.pace = Pace::Still;
        let Tally { unanswered, mut errors, latencies, lateness, .. } =
            std::mem::replace(&mut self.tally, Tally::new());
        errors.append(&mut self.workers.errors);
        let (latencies, load_late) = (latencies.samples(), lateness.as_nanos() as u64);
        Ok(Phase { unanswered, errors, connections_answered, latencies, load_late, ..phase })
    }

    fn is_owed(&self, client: &Client) -> bool {
        match client.asking {
            Asking::Waiting(asked) | Asking::Connecting(asked) => asked.phase == self.phase,
            Asking::Free => client.asked < client.due,
            Asking::Out => false,
        }
    }

    /// When the request of a client with this number is due, in an open loop.
    fn due_at(&self, at: usize, number: u64) -> Instant {
        let Pace::Open { begin, rate } = self.pace else { return Instant::now() };
        let number = number * self.clients.len() as u64 + at as u64;
        begin + Duration::from_secs_f64(number as f64 / rate)
    }

    /// Runs all clients until this time, and at least one turn.
    fn turn_until(&mut self, time: Instant) -> io::Result<()> {
        loop {
            let now = Instant::now();
            self.crowd.act(now);
            if now >= self.retry_at {
                self.again.append(&mut self.failed);
                self.retry_at = now + RETRY;
            }
            for at in std::mem::take(&mut self.again) {
                self.look_at(at);
            }
            let timeout = self.timeout(time.saturating_duration_since(now));
            let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
            let polled = self.poll.poll(&mut events, Some(timeout));
            for event in &events {
                if !self.workers.look_at(event.token(), &mut self.buffer, &self.poll) {
                    self.look_at(event.token().0);
                }
            }
            self.events = events;
            match polled {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ if Instant::now() >= time => return Ok(()),
                _ => {}
            }
        }
    }

    /// How long a wait may last. An open loop does not wait at all, since waking up takes too long.
    fn timeout(&self, left: Duration) -> Duration {
        let spins = matches!(self.pace, Pace::Open { .. }) && self.plan.patience == Patience::Spins;
        if spins || !self.again.is_empty() { Duration::ZERO } else { left.min(RETRY) }
    }

    /// Looks at a client for which something may have changed.
    fn look_at(&mut self, at: usize) {
        match self.clients[at].asking {
            Asking::Free => self.ask_next(at),
            Asking::Connecting(asked) => self.send(at, asked),
            Asking::Waiting(asked) => self.read(at, asked),
            Asking::Out => {}
        }
    }

    /// Sends the next request of a client, if it is free and a request is due.
    fn ask_next(&mut self, at: usize) {
        let client = &self.clients[at];
        if !matches!(client.asking, Asking::Free) {
            return;
        }
        let due = match self.pace {
            Pace::Still => return,
            Pace::Closed => Instant::now(),
            Pace::Open { .. } if client.asked == client.due => return,
            Pace::Open { .. } => self.due_at(at, client.asked),
        };
        self.clients[at].asked += 1;
        let asked = Asked { due, phase: self.phase };
        if self.clients[at].socket.is_none()
            && let Err(error) = self.clients[at].reconnect(self.plan.address, at, &self.poll)
        {
            return self.fail(at, asked, format!("connecting: {}", error.kind()));
        }
        self.send(at, asked);
    }

    /// Sends a request. It is small: either the socket takes it whole, or the connection is not made yet.
    fn send(&mut self, at: usize, asked: Asked) {
        let client = &mut self.clients[at];
        let request = &self.requests[client.next % self.requests.len()];
        let Some(socket) = &mut client.socket else { return };
        match socket.write(request) {
            Ok(count) if count == request.len() => {
                client.next += 1;
                client.asking = Asking::Waiting(asked);
            }
            Err(error)
                if [io::ErrorKind::WouldBlock, io::ErrorKind::NotConnected].contains(&error.kind()) =>
            {
                client.asking = Asking::Connecting(asked);
            }
            Ok(_) => self.fail(at, asked, "a request did not fit".to_owned()),
            Err(error) => self.fail(at, asked, format!("sending: {}", error.kind())),
        }
    }

    fn read(&mut self, at: usize, asked: Asked) {
        for _ in 0..READS_PER_TURN {
            let client = &mut self.clients[at];
            let Some(socket) = &mut client.socket else { return };
            let came = match socket.read(&mut self.buffer) {
                Ok(0) => return self.fail(at, asked, "closed without an answer".to_owned()),
                Ok(count) => &self.buffer[..count],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => return self.fail(at, asked, format!("reading: {}", error.kind())),
            };
            match client.answer.take(came) {
                Ok(None) if came.len() < self.buffer.len() => return,
                Ok(None) => {}
                Ok(Some(connection)) => return self.answered(at, asked, connection),
                Err(wrong) => return self.fail(at, asked, wrong.to_string()),
            }
        }
        self.again.push(at);
    }

    fn answered(&mut self, at: usize, asked: Asked, connection: Connection) {
        let client = &mut self.clients[at];
        client.asking = Asking::Free;
        if connection == Connection::Ends {
            client.socket = None;
        }
        if asked.phase == self.phase {
            client.was_answered = true;
            self.tally.answered += 1;
            self.tally.latencies.record(asked.due.elapsed());
        }
        self.ask_next(at);
    }

    /// Counts the request of a client as failed, and closes its connection.
    fn fail(&mut self, at: usize, asked: Asked, why: String) {
        let client = &mut self.clients[at];
        (client.socket, client.asking, client.answer) = (None, Asking::Free, Answer::default());
        if asked.phase == self.phase {
            *self.tally.errors.entry(why).or_default() += 1;
        }
        self.failed.push(at);
    }
}

impl Client {
    fn new(socket: Option<std::net::TcpStream>, at: usize, poll: &Poll) -> io::Result<Client> {
        let asking = if socket.is_some() { Asking::Free } else { Asking::Out };
        let (answer, next) = (Answer::default(), at);
        let mut client = Client { socket: None, asking, answer, next, due: 0, asked: 0, was_answered: false };
        if let Some(socket) = socket {
            socket.set_nonblocking(true)?;
            client.take_up(TcpStream::from_std(socket), at, Interest::READABLE, poll)?;
        }
        Ok(client)
    }

    fn reconnect(&mut self, address: SocketAddr, at: usize, poll: &Poll) -> io::Result<()> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        self.take_up(socket, at, Interest::READABLE | Interest::WRITABLE, poll)
    }

    fn take_up(&mut self, mut socket: TcpStream, at: usize, events: Interest, poll: &Poll) -> io::Result<()> {
        poll.registry().register(&mut socket, Token(at), events)?;
        self.socket = Some(socket);
        Ok(())
    }
}
