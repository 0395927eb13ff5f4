//! What a transport that is watched is told of its connection: by the connection, and by the reactor that has it.

use super::wait::Wait;
use crate::http::status::Status;
use crate::os::peer::Peer;
use crate::service::client::Id;
use std::fmt;
use std::io;

/// Something that happened to a connection. Saying it costs nothing where nobody listens: then
/// [`Transport::tell`](super::transport::Transport::tell) is empty, and the compiler leaves it out.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// It was accepted and has its place.
    Accepted {
        /// Where in the slab.
        key: usize,
        /// Its number.
        id: Id,
        /// Where it comes from.
        peer: Peer,
    },
    /// Its turn begins.
    Driven,
    /// Its turn ends, and this is what it waits for; nothing, where it only waits for its next turn.
    Rests(Option<Wait>),
    /// This request line came, whole, from a client that may have put anything into it.
    Asked(&'a [u8]),
    /// Why the next [`Told::Moved`] comes.
    Because(Reason),
    /// Its state is another.
    Moved {
        /// The name of the state it was in, as the log has it.
        from: &'static str,
        /// The name of the state it is in.
        to: &'static str,
    },
    /// The time for what it waited for is up.
    Late,
    /// A bug of this server's has ended it.
    Panicked,
}

/// Why a state follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The request was answered with this status.
    Answered(Status),
    /// What came is no request, or comes too late: this is the last answer.
    Refused(Status, &'static str),
    /// It is over.
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
