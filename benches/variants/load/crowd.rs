//! The clients beside those that are measured: idle ones, slow readers, slow senders.

use super::door::Door;
use super::plan::Beside;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Every slow client does something so often.
const EVERY: Duration = Duration::from_millis(100);

/// Bytes that a slow reader takes then.
const READ_BYTES: usize = 2 << 10;

/// What a slow reader lets the kernel take in for it.
const READER_WINDOW: usize = 16 << 10;

/// Actions of one turn, so that a crowd that fell behind does not hold up those that are measured.
const ACTIONS_PER_TURN: usize = 16;

/// All of them.
pub struct Crowd {
    beside: Option<Beside>,
    sockets: Vec<TcpStream>,
    begin: Instant,
    actions: u64,
}

impl Crowd {
    /// Lets in as many as can be.
    pub fn gather(mut door: Door, beside: Option<Beside>) -> Crowd {
        let count = beside.as_ref().map_or(0, Beside::count);
        let enter = |_| enter(&mut door, beside.as_ref()).ok();
        let sockets = (0..count).map_while(enter).collect();
        Crowd { beside, sockets, begin: Instant::now(), actions: 0 }
    }

    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Does what is due.
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
            // Whoever was sent away stays away.
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
        Some(Beside::Silent { .. }) | None => {}
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}
