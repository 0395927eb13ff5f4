//! The clients that are not measured, beside the measured ones: idle clients, slow readers, slow senders.

use super::door::Door;
use super::plan::{Beside, Readers};
use rustix::io::ioctl_fionread;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// The time between two actions of a slow client.
const EVERY: Duration = Duration::from_millis(100);

/// Bytes that a slow reader reads in one action.
const READ_BYTES: usize = 2 << 10;

/// The receive buffer of a slow reader's socket, in bytes.
const READER_WINDOW: usize = 16 << 10;

/// Actions in one turn. With more, a crowd that fell behind would delay the measured clients.
const ACTIONS_PER_TURN: usize = 16;

/// The time between two looks at the queues of the slow readers.
const LOOK: Duration = Duration::from_millis(50);

/// For so many looks the queues of a slow reader have not changed when its buffers are full.
const STILL: usize = 4;

/// For so many looks nothing has changed for any slow reader when no more is expected.
const GIVE_UP: usize = 20;

/// The clients that are not measured.
pub struct Crowd {
    beside: Option<Beside>,
    sockets: Vec<TcpStream>,
    /// The clients that were disconnected, which is seen of slow clients.
    lost: BTreeSet<usize>,
    begin: Instant,
    actions: u64,
}

impl Crowd {
    /// Connects as many of the clients as possible.
    pub fn gather(mut door: Door, beside: Option<Beside>) -> Crowd {
        let beside = beside.filter(|it| !matches!(it, Beside::Workers { .. }));
        let count = beside.as_ref().map_or(0, Beside::count);
        let enter = |_| enter(&mut door, beside.as_ref()).ok();
        let sockets = (0..count).map_while(enter).collect();
        Crowd { beside, sockets, lost: BTreeSet::new(), begin: Instant::now(), actions: 0 }
    }

    /// The clients that are connected, as far as is seen.
    pub fn len(&self) -> usize {
        self.sockets.len() - self.lost.len()
    }

    /// Waits until the buffers of all slow readers are full, as far as that is seen: each socket has bytes to read, and
    /// neither these bytes nor the bytes that wait at the server have become more for a while ([`STILL`] looks). Gives up
    /// when nothing changes any more ([`GIVE_UP`] looks), such as with a server that does not turn to all of them, or
    /// after `limit`. Without this, the first thing to measure would be how fast a server fills buffers.
    pub fn fill(&mut self, limit: Duration) -> Option<Readers> {
        if !matches!(self.beside, Some(Beside::SlowReaders { .. })) {
            return None;
        }
        let begin = Instant::now();
        let mut seen: Vec<(Queues, usize)> = vec![(Queues::default(), 0); self.sockets.len()];
        let readers = loop {
            let unsent = unsent_by_port();
            for (socket, (queues, looks)) in self.sockets.iter().zip(&mut seen) {
                let now = Queues::of(socket, &unsent);
                *looks = if now == *queues { *looks + 1 } else { 0 };
                *queues = now;
            }
            let count = |what: &dyn Fn(&(Queues, usize)) -> bool| seen.iter().filter(|it| what(it)).count();
            let readers = Readers {
                full: count(&|(queues, looks)| queues.came > 0 && *looks >= STILL),
                filling: count(&|(_, looks)| *looks < STILL),
                empty: count(&|(queues, looks)| queues.came == 0 && *looks >= STILL),
            };
            let is_still = seen.iter().all(|(_, looks)| *looks >= GIVE_UP);
            if readers.full == seen.len() || is_still || begin.elapsed() >= limit {
                break readers;
            }
            thread::sleep(LOOK);
        };
        (self.begin, self.actions) = (Instant::now(), 0);
        Some(readers)
    }

    /// Does the actions that are due.
    pub fn act(&mut self, now: Instant) {
        if !matches!(self.beside, Some(Beside::SlowReaders { .. } | Beside::SlowSenders { .. })) {
            return;
        }
        for _ in 0..ACTIONS_PER_TURN {
            let count = self.sockets.len() as u64;
            if count == 0 || self.begin + EVERY.mul_f64(self.actions as f64 / count as f64) > now {
                return;
            }
            let at = (self.actions % count) as usize;
            self.actions += 1;
            let done = match &self.beside {
                Some(Beside::SlowSenders { .. }) => self.sockets[at].write(b"a"),
                _ => self.sockets[at].read(&mut [0; READ_BYTES]),
            };
            // A client that was disconnected does not connect again.
            match done {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => drop(self.lost.insert(at)),
            }
        }
    }
}

/// The bytes on their way to a slow reader.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Queues {
    /// At the reader, to be read.
    came: u64,
    /// At the server, to be sent.
    unsent: u64,
}

impl Queues {
    fn of(socket: &TcpStream, unsent: &HashMap<u16, u64>) -> Queues {
        let port = socket.local_addr().map_or(0, |address| address.port());
        Queues { came: ioctl_fionread(socket).unwrap_or(0), unsent: unsent.get(&port).copied().unwrap_or(0) }
    }
}

/// What waits to be sent on each connection of this machine, by the port of the receiver: fields three and five of
/// `/proc/net/tcp`. Empty where there is no such file; then the readers' own queues are all that is seen.
fn unsent_by_port() -> HashMap<u16, u64> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let row = |line: &str| {
        let mut fields = line.split_whitespace().skip(2);
        let port = fields.next()?.split_once(':')?.1;
        let unsent = fields.nth(1)?.split_once(':')?.0;
        Some((u16::from_str_radix(port, 16).ok()?, u64::from_str_radix(unsent, 16).ok()?))
    };
    table.lines().skip(1).filter_map(row).filter(|(_, unsent)| *unsent > 0).collect()
}

fn enter(door: &mut Door, beside: Option<&Beside>) -> io::Result<TcpStream> {
    let mut socket = door.enter()?;
    match beside {
        Some(Beside::Idle { .. }) => socket.write_all(b"GET /1k.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")?,
        Some(Beside::SlowReaders { target, .. }) => {
            set_socket_recv_buffer_size(&socket, READER_WINDOW)?;
            socket.write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())?;
        }
        Some(Beside::SlowSenders { .. }) => socket.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")?,
        Some(Beside::Silent { .. } | Beside::Workers { .. }) | None => {}
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}
