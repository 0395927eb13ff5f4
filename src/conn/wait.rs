//! What a connection waits for, and how long that may last.

use crate::service::limits::Limits;
use std::time::Duration;

/// What a connection waits for; each kind has one timeout, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The first byte of the first request.
    First,
    /// The first byte of another request.
    Idle,
    /// The rest of a head.
    Head,
    /// More of a body.
    Body,
    /// Room for more of an answer, which a client makes that reads.
    Write,
    /// The end of what the client sends, after its last answer.
    Linger,
    /// An answer, or content of one, that is not made yet. The client is late with nothing, so no timeout ends this wait: see
    /// [`Pending`](crate::service::response::Pending).
    Supply,
}

impl Wait {
    /// Every kind; `wait as usize` is its place here.
    pub const ALL: [Wait; 7] =
        [Wait::First, Wait::Idle, Wait::Head, Wait::Body, Wait::Write, Wait::Linger, Wait::Supply];

    /// How long it may last, where that is limited.
    pub fn timeout(self, limits: &Limits) -> Option<Duration> {
        match self {
            Wait::First | Wait::Idle => Some(limits.idle_timeout),
            Wait::Head => Some(limits.head_timeout),
            Wait::Body => Some(limits.body_timeout),
            Wait::Write => Some(limits.write_timeout),
            Wait::Linger => Some(Limits::LINGER),
            Wait::Supply => None,
        }
    }
}
