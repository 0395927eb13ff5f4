//! The clients that are not measured, beside the measured ones: idle clients, slow readers, slow senders.

use super::door::Door;
use super::plan::Beside;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The time between two actions of a slow client.
const EVERY: Duration = Duration::from_millis(100);

/// Bytes that a slow reader reads in one action.
const READ_BYTES: usize = 2 << 10;

/// The receive buffer of a slow reader's socket, in bytes.
const READER_WINDOW: usize = 16 << 10;

/// Actions in one turn. With more, a crowd that fell behind would delay the measured clients.
const ACTIONS_PER_TURN: usize = 16;

/// The clients that are not measured.
pub struct Crowd {
    beside: Option<Beside>,
    sockets: Vec<TcpStream>,
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
        Crowd { beside, sockets, begin: Instant::now(), actions: 0 }
    }

    pub fn len(&self) -> usize {
        self.sockets.len()
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
            // A client that was disconnected does not connect again.
            let _ = match &self.beside {
                Some(Beside::SlowSenders { .. }) => self.sockets[at].write(b"a"),
                _ => self.sockets[at].read(&mut [0; READ_BYTES]),
            };
        }
    }
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
