//! Connecting to the server: blocking connects, one after the other, as long as the server accepts them.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The time limit for all connects together.
const PATIENCE: Duration = Duration::from_secs(6);

/// A connect that takes longer was dropped once: a backlog was full, and the SYN was sent again a second later.
const DROPPED: Duration = Duration::from_millis(500);

/// The pause before each connect after a first drop; it doubles with each further drop.
const PAUSE: Duration = Duration::from_micros(200);

/// Makes connections to a server.
pub struct Door {
    address: SocketAddr,
    until: Instant,
    pause: Duration,
}

impl Door {
    pub fn of(address: SocketAddr) -> Door {
        Door { address, until: Instant::now() + PATIENCE, pause: Duration::ZERO }
    }

    /// Makes one more connection. An error if it was refused, or the time limit has passed.
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
