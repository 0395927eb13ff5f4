//! What a transport that observes its connection is told of it: by the connection, and by the reactor that has it.

use super::wait::Wait;
use crate::http::status::Status;
use crate::os::peer::Peer;
use crate::service::client::Id;
use std::fmt;
use std::io;

/// Something that happened to a connection. It costs nothing where there is no observer: then
/// [`Transport::notify`](super::transport::Transport::notify) is empty, and the compiler leaves the event out.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The connection was accepted and has its place.
    Accepted {
        /// Where in the slab the connection is.
        key: usize,
        /// The number of the connection.
        id: Id,
        /// The address of the client.
        peer: Peer,
    },
    /// [`Connection::drive`](super::Connection::drive) begins.
    DriveBegins,
    /// The drive ends, and this is what the connection waits for; nothing, where it waits for its next turn or is over.
    DriveEnds(Option<Wait>),
    /// A head came, and this is its request line. The client may have put anything into it.
    Requested(&'a [u8]),
    /// This is why the next [`Event::StateChanged`] comes.
    Reason(Reason),
    /// The connection has entered another state.
    StateChanged {
        /// The name of the state before, as the log has it.
        from: &'static str,
        /// The name of the state after.
        to: &'static str,
    },
    /// The time for what the connection waited for is up.
    TimedOut,
    /// A panic, which is a bug of this server, has ended the connection.
    Panicked,
}

/// Why a state follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The request was answered with this status.
    Answered(Status),
    /// What came is no request, or comes too late: this is the last answer.
    Refused(Status, &'static str),
    /// The connection is over.
    Over(&'static str),
    /// The socket failed.
    Failed(io::ErrorKind),
    /// A step like any other.
    Went(&'static str),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Answered(status) => write!(f, "answered with {} {}", status.code, status.reason),
            Reason::Refused(status, why) => write!(f, "refused with {}: {why}", status.code),
            Reason::Over(why) | Reason::Went(why) => f.write_str(why),
            Reason::Failed(kind) => write!(f, "the socket failed: {kind}"),
        }
    }
}
