//! Clients beside the measured ones that ask for work: each asks again as soon as it has its answer, so that the server always
//! has so much of it to do.

use super::answer::{Answer, Connection};
use super::door::Door;
use super::plan::{Beside, Plan};
use mio::net::TcpStream;
use mio::{Interest, Poll, Token};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{self, SocketAddr};
use std::time::{Duration, Instant};

/// Requests that are made while no other client asks, to learn how much work one of them is.
const ALONE: usize = 9;

/// How long such a request may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a worker may take to connect again, where the server ends connections.
const RECONNECT: Duration = Duration::from_millis(20);

/// The clients that ask for work. Their tokens follow those of the measured clients.
pub struct Workers {
    /// `None` for a worker that met an error: it asks no more.
    clients: Vec<Option<Client>>,
    /// What they met, and how often.
    pub errors: BTreeMap<String, u64>,
    /// Requests that were answered.
    pub answered: u64,
    address: SocketAddr,
    request: Vec<u8>,
    first: usize,
    /// How long one request takes while no other client asks: the median of a few.
    pub alone: Option<Duration>,
}

struct Client {
    socket: TcpStream,
    answer: Answer,
}

impl Workers {
    /// Connects them, where `plan` asks for any.
    pub fn gather(door: &mut Door, plan: &Plan, poll: &Poll) -> io::Result<Workers> {
        let (address, first) = (plan.address, plan.connections);
        let (clients, errors, request) = (Vec::new(), BTreeMap::new(), Vec::new());
        let mut workers = Workers { clients, errors, answered: 0, address, request, first, alone: None };
        let Some(Beside::Workers { count, target }) = &plan.beside else { return Ok(workers) };
        workers.request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
        workers.alone = time_alone(door, &workers.request).ok();
        for at in 0..*count {
            let Ok(socket) = door.enter() else { break };
            let socket = take_up(socket, Token(first + at), poll)?;
            workers.clients.push(Some(Client { socket, answer: Answer::default() }));
        }
        Ok(workers)
    }

    /// The workers that still ask.
    pub fn len(&self) -> usize {
        self.clients.iter().flatten().count()
    }

    /// Sends the first request of each.
    pub fn begin(&mut self) {
        for client in self.clients.iter_mut().flatten() {
            client.ask(&self.request);
        }
    }

    /// Reads what came for the worker with this token, and asks again after a whole answer. Says whether the token is that of a
    /// worker.
    pub fn look_at(&mut self, token: Token, buffer: &mut [u8], poll: &Poll) -> bool {
        let Some(at) = token.0.checked_sub(self.first) else { return false };
        let Some(place) = self.clients.get_mut(at) else { return false };
        let Some(client) = place else { return true };
        let (answered, came) = client.read(buffer, &self.request);
        self.answered += answered;
        let again = || -> io::Result<Client> {
            let socket = net::TcpStream::connect_timeout(&self.address, RECONNECT)?;
            let mut client = Client { socket: take_up(socket, token, poll)?, answer: Answer::default() };
            client.ask(&self.request);
            Ok(client)
        };
        let error = match came {
            Came::Part => return true,
            Came::Last => match again() {
                Ok(client) => {
                    *place = Some(client);
                    return true;
                }
                Err(error) => format!("connecting again: {}", error.kind()),
            },
            Came::Error(error) => error,
        };
        *place = None;
        *self.errors.entry(format!("beside, {error}")).or_default() += 1;
        true
    }
}

/// What a worker has read.
enum Came {
    /// There is more to come.
    Part,
    /// A whole answer, the last one on its connection.
    Last,
    Error(String),
}

impl Client {
    /// Reads all that has come, and asks again after each whole answer. Gives how many there were.
    fn read(&mut self, buffer: &mut [u8], request: &[u8]) -> (u64, Came) {
        let mut answered = 0;
        loop {
            let came = match self.socket.read(buffer) {
                Ok(0) => return (answered, Came::Error("closed without an answer".to_owned())),
                Ok(count) => &buffer[..count],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return (answered, Came::Part),
                Err(error) => return (answered, Came::Error(format!("reading: {}", error.kind()))),
            };
            match self.answer.take(came) {
                Ok(None) => {}
                Ok(Some(Connection::Stays)) => {
                    answered += 1;
                    self.ask(request);
                }
                Ok(Some(Connection::Ends)) => return (answered + 1, Came::Last),
                Err(wrong) => return (answered, Came::Error(wrong.to_string())),
            }
        }
    }

    /// A request is small, and a connection that is over shows when it is read from.
    fn ask(&mut self, request: &[u8]) {
        let _ = self.socket.write(request);
    }
}

fn take_up(socket: net::TcpStream, token: Token, poll: &Poll) -> io::Result<TcpStream> {
    socket.set_nonblocking(true)?;
    let mut socket = TcpStream::from_std(socket);
    poll.registry().register(&mut socket, token, Interest::READABLE)?;
    Ok(socket)
}

/// The time of one request, with its answer, while no other client asks. Each has a connection of its own, which is made
/// before.
fn time_alone(door: &mut Door, request: &[u8]) -> io::Result<Duration> {
    let (mut buffer, mut times) = (vec![0; 256 << 10], Vec::new());
    for _ in 0..ALONE {
        let mut socket = door.enter()?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let (begin, mut answer) = (Instant::now(), Answer::default());
        socket.write_all(request)?;
        loop {
            let count = socket.read(&mut buffer)?;
            match answer.take(&buffer[..count]) {
                Ok(None) if count > 0 => {}
                Ok(Some(_)) => break,
                Ok(None) | Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(times[ALONE / 2])
}
