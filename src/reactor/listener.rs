//! Accepting: where to listen, how many to take a turn, and what to do when no more can be held.

use crate::os;
use log::{debug, trace, warn};
use socket2::{Domain, Protocol, Socket, Type};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// Connections that wait in the kernel to be accepted (listen(2)); the kernel has a bound of its own,
/// net.core.somaxconn.
const BACKLOG: i32 = 4096;

/// Connections accepted a turn: a storm of new clients does not hold up the old ones.
pub const ACCEPTS_PER_TURN: usize = 64;

/// How long accepting pauses when it fails, as when descriptors run out, unless a connection ends before. Others in the
/// process or the system may hold them, and nothing tells when they let go.
const PAUSE: Duration = Duration::from_millis(200);

/// How often it is said that accepting pauses.
const WARNED_EVERY: Duration = Duration::from_secs(5);

/// A socket that listens on `address`, non-blocking. What it is set to, the accepted ones inherit (tcp(7)).
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Without it, a restart finds the port taken for as long as old connections linger in TIME_WAIT.
    socket.set_reuse_address(true)?;
    // Answers leave as soon as they are written; what belongs together is joined with MSG_MORE instead.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Whether to accept. The listener's edge comes once for all that are waiting, so what it said is kept
/// until accepting was tried and nobody was there.
#[derive(Debug, Default)]
pub struct Accepting {
    waiting: bool,
    pause: Pause,
    warned: Option<Instant>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Pause {
    #[default]
    No,
    /// Every place is taken by a connection that is not idle.
    Full,
    /// It failed, most likely for want of a descriptor.
    Until(Instant),
}

impl Accepting {
    /// Somebody may be waiting.
    pub fn knock(&mut self) {
        self.waiting = true;
    }

    /// Whether to call accept now.
    pub fn is_due(&self, now: Instant) -> bool {
        self.waiting
            && match self.pause {
                Pause::No => true,
                Pause::Full => false,
                Pause::Until(time) => time <= now,
            }
    }

    /// When to try again, where only time can tell.
    pub fn deadline(&self) -> Option<Instant> {
        match self.pause {
            Pause::Until(time) if self.waiting => Some(time),
            _ => None,
        }
    }

    /// A connection ended: its place and its descriptor are free.
    pub fn make_room(&mut self) {
        self.pause = Pause::No;
    }

    /// A connection is idle: it can make room where no place is free.
    pub fn somebody_is_idle(&mut self) {
        if self.pause == Pause::Full {
            self.pause = Pause::No;
        }
    }

    /// Every place is taken.
    pub fn is_full(&mut self, now: Instant) {
        let what = format_args!("every connection allowed is in use; new ones wait (--max-connections)");
        self.warn(now, what);
        self.pause = Pause::Full;
    }

    /// An accept failed (accept(2), "Error handling").
    pub fn failed(&mut self, error: &io::Error, now: Instant) {
        trace!("accept = {error}");
        match error.kind() {
            io::ErrorKind::WouldBlock => self.waiting = false,
            io::ErrorKind::Interrupted => {}
            _ if os::is_of_one_client(error) => debug!("a client was gone before it was accepted: {error}"),
            _ => {
                self.warn(now, format_args!("accepting pauses: {error}"));
                self.pause = Pause::Until(now + PAUSE);
            }
        }
    }

    /// Says what may go on for long, and not too often.
    fn warn(&mut self, now: Instant, what: fmt::Arguments<'_>) {
        if self.warned.is_none_or(|before| now.duration_since(before) >= WARNED_EVERY) {
            warn!("{what}");
            self.warned = Some(now);
        }
    }
}
