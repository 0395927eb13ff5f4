//! The limits on what clients may use: each with its name, its unit and its reason. Everything that a client controls has
//! a limit. A limit that only one file uses stands in that file.

use crate::http::HeadLimits;
use std::time::Duration;

/// The limits on what clients may use, so that one client cannot take everything from the others.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The sizes of a head and of a trailer section.
    pub head: HeadLimits,
    /// Bytes of content accepted before 413 (RFC 9110 §15.5.14). The content is not kept, so this limits time and not
    /// memory.
    pub content_bytes_max: u64,
    /// Connections open at the same time. When a client connects at the limit, the longest idle connection is closed.
    pub connections_max: usize,
    /// Time from the first byte of a head to its last, before 408. More bytes do not restart this time.
    pub head_timeout: Duration,
    /// Time in which no byte of expected content comes, before 408.
    pub body_timeout: Duration,
    /// Time in which the client reads no byte of an answer, before the connection is closed.
    pub write_timeout: Duration,
    /// Time in which a client sends no byte of a first or next request, before the connection is closed. nginx and load
    /// balancers keep an idle connection for 60 s. They must be the first to close it; otherwise they would now and then
    /// send a request on a connection that was just closed.
    pub idle_timeout: Duration,
    /// Time from the first signal until the server ends, so that answers on their way can be finished.
    pub grace: Duration,
}

impl Limits {
    /// Time in which the server still reads (and drops) bytes of the client, after it shut its own side of a connection.
    /// Without this the kernel could reset the connection, and the answer would be lost (RFC 9112 §9.6).
    pub const LINGER: Duration = Duration::from_secs(5);

    /// Bytes read and dropped within [`Limits::LINGER`].
    pub const LINGER_BYTES_MAX: u64 = 64 << 20;

    /// The most connections, where the process may have enough descriptors.
    pub const CONNECTIONS_MAX: usize = 65_536;

    /// Connections for a process that may have `descriptors` open. The others are for the files that are sent, the poll,
    /// the listener and the standard streams.
    pub fn connections_for(descriptors: usize) -> usize {
        let kept = 16 + descriptors / 8;
        descriptors.saturating_sub(kept).clamp(1, Limits::CONNECTIONS_MAX)
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head: HeadLimits::default(),
            content_bytes_max: 1 << 20,
            connections_max: Limits::CONNECTIONS_MAX,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            grace: Duration::from_secs(10),
        }
    }
}
