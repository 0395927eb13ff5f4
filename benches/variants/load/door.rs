//! Coming in: blocking connections, one after the other, as far as the server lets them.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// Beyond this a connection was dropped once: a backlog was full, and the SYN was sent again a second later.
const DROPPED: Duration = Duration::from_millis(500);

/// How much slower they come from then on; twice that after another.
const PAUSE: Duration = Duration::from_micros(200);

/// A server's door.
pub struct Door {
    address: SocketAddr,
    until: Instant,
    pause: Duration,
}

impl Door {
    pub fn of(address: SocketAddr) -> Door {
        Door { address, until: Instant::now() + PATIENCE, pause: Duration::ZERO }
    }

    /// One more connection, or none: it was refused, or the time is up.
    pub fn enter(&mut self) -> io::Result<TcpStream> {
        thread::sleep(self.pause);
        let begin = Instant::now();
        let left = self.until.saturating_duration_since(begin);
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let socket = TcpStream::connect_timeout(&self.address, left)?;
        if begin.elapsed() > DROPPED {
            self.pause = (self.pause * 2).max(PAUSE);
        }
        socket.set_nodelay(true)?;
        Ok(socket)
    }
}
