//! Clients beside the measured ones that ask for work: each asks again as soon as it has its answer, so that the server always
//! has so much of it to do.

use super::answer::{Answer, Connection};
use super::door::Door;
use super::plan::{Beside, Plan};
use mio::net::TcpStream;
use mio::{Interest, Poll, Token};
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
    clients: Vec<Client>,
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
        let mut workers = Workers { clients: Vec::new(), address, request: Vec::new(), first, alone: None };
        let Some(Beside::Workers { count, target }) = &plan.beside else { return Ok(workers) };
        workers.request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
        workers.alone = time_alone(door, &workers.request).ok();
        for at in 0..*count {
            let Ok(socket) = door.enter() else { break };
            let socket = take_up(socket, Token(first + at), poll)?;
            workers.clients.push(Client { socket, answer: Answer::default() });
        }
        Ok(workers)
    }

    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Sends the first request of each.
    pub fn begin(&mut self) {
        for client in &mut self.clients {
            client.ask(&self.request);
        }
    }

    /// Reads what came for the worker with this token, and asks again after a whole answer. Says whether there is such a
    /// worker.
    pub fn look_at(&mut self, token: Token, buffer: &mut [u8], poll: &Poll) -> bool {
        let Some(at) = token.0.checked_sub(self.first) else { return false };
        let Some(client) = self.clients.get_mut(at) else { return false };
        let ends = loop {
            match client.socket.read(buffer) {
                Ok(count @ 1..) => match client.answer.take(&buffer[..count]) {
                    Ok(None) => {}
                    Ok(Some(Connection::Stays)) => client.ask(&self.request),
                    Ok(Some(Connection::Ends)) | Err(_) => break true,
                },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break false,
                Ok(_) | Err(_) => break true,
            }
        };
        // A worker that cannot connect again asks no more.
        if ends
            && let Ok(socket) = net::TcpStream::connect_timeout(&self.address, RECONNECT)
            && let Ok(socket) = take_up(socket, token, poll)
        {
            *client = Client { socket, answer: Answer::default() };
            client.ask(&self.request);
        }
        true
    }
}

impl Client {
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
