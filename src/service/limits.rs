//! The limits on what clients may take: each with its name, its unit and its reason. Nothing that a peer controls is
//! without one; a limit that only one piece of code knows stands there.

use crate::http::HeadLimits;
use std::time::Duration;

/// What one client may take from the others.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Head and trailer sections.
    pub head: HeadLimits,
    /// Bytes of content accepted before 413 (RFC 9110 §15.5.14). The content is not kept, so this
    /// bounds time and not memory.
    pub content_bytes_max: u64,
    /// Connections held at once. At the limit the longest idle one makes room.
    pub connections_max: usize,
    /// From a head's first byte to its last; then 408. Further bytes do not restart it.
    pub head_timeout: Duration,
    /// Without a byte of content that is waited for; then 408.
    pub body_timeout: Duration,
    /// Without a byte that the client takes; then the connection ends.
    pub write_timeout: Duration,
    /// Without the first byte of a request, the first or a next one; then the connection ends. nginx and load
    /// balancers keep their side of it open for 60 s. They have to be the first to close it, or a request of theirs
    /// meets a closed connection now and then.
    pub idle_timeout: Duration,
    /// From the first signal to the end of what is still in flight.
    pub grace: Duration,
}

impl Limits {
    /// How long a client that may go on sending is read from after our side is shut, so that the answer is not lost to
    /// a reset (RFC 9112 §9.6).
    pub const LINGER: Duration = Duration::from_secs(5);

    /// Bytes read and dropped in that time.
    pub const LINGER_BYTES_MAX: u64 = 64 << 20;

    /// Connections where nothing else bounds them.
    pub const CONNECTIONS_MAX: usize = 65_536;

    /// Connections for a process that may have `descriptors` open: some are left for the files that are
    /// sent, and for the poll, the listener and the standard streams.
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
