//! What the loop asks of the world, in words of our own: wait, accept, watch, and what time it is. The real
//! one is in [`super::epoll`]; a scripted one lets a test turn the same loop, step by step.

use crate::conn::Id;
use crate::conn::transport::{Readiness, Transport};
use crate::os::peer::Peer;
use crate::service::DoorId;
use std::fmt;
use std::io;
use std::time::{Duration, Instant, SystemTime};

/// The other side of the loop.
pub trait Kernel {
    /// A client's socket.
    type Socket: Transport;

    /// Waits until something is ready, `timeout` at most, and says what in `ready`. An empty `ready`
    /// means that the time is up, or that a signal came that no handler takes (epoll_wait(2)).
    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()>;

    /// Takes the next connection that waits at `door`; `WouldBlock` where none does (accept(2)).
    fn accept(&mut self, door: DoorId) -> io::Result<(Self::Socket, Peer)>;

    /// How many doors it has; `None` where clients may come to any. Asked once, before the first wait.
    fn doors(&self) -> Option<usize> {
        None
    }

    /// Closes all doors: clients that connect are refused from now on.
    fn stop_listening(&mut self);

    /// Registers `socket` under `token` for the events `now`, where it was registered for those `before`. They are
    /// edge-triggered: an event says that something changed, not how it stands (epoll_ctl(2), EPOLLET). A readiness that is
    /// there already is reported once more.
    fn register(
        &mut self,
        socket: &mut Self::Socket,
        token: Token,
        before: Interest,
        now: Interest,
    ) -> io::Result<()>;

    /// The time, for deadlines and for `Date`.
    fn now(&self) -> (Instant, SystemTime);

    /// Takes note of an event for a connection that was over.
    fn notify_stale(&mut self) {}

    /// Takes note that a wait begins. Gives how long the wait may last: no longer than `timeout`.
    fn notify_waiting(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        timeout
    }

    /// Takes note of what a wait brought, and may add to it.
    fn notify_woken(&mut self, _ready: &mut Vec<Ready>) {}
}

/// Which readiness of a socket raises events: what epoll calls its interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Interest {
    /// None: the socket is not registered. A connection that is over before it had to wait never is.
    None,
    /// That the socket may be read.
    Read,
    /// That it may be written, too. Nearly every socket may be, nearly always, so this is asked for only where a write has met
    /// a full socket: else each registration would raise an event for nothing.
    ReadWrite,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Connections may be waiting at this door.
    Listener(DoorId),
    /// The process was asked to stop.
    Signal,
    /// Files may have changed.
    Changes,
    /// This may have changed for a connection.
    Socket(Token, Readiness),
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ready::Listener(DoorId(0)) => f.write_str("the listener is ready"),
            Ready::Listener(DoorId(number)) => write!(f, "the listener of door {number} is ready"),
            Ready::Signal => f.write_str("a signal came"),
            Ready::Changes => f.write_str("files may have changed"),
            Ready::Socket(token, readiness) => write!(f, "{} is{readiness}", token.id),
        }
    }
}

/// Which connection an event is for: its place, and its number, since the place is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where in the slab.
    pub key: usize,
    /// The connection that was there when the token was made.
    pub id: Id,
}
