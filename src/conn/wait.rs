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
    /// The client to take more.
    Write,
    /// The end of what a client sends that had its last answer.
    Linger,
    /// Content that is not made yet, which is nothing that the client is late with.
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
