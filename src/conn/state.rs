//! The states of a connection, and what leads from one to the next; [`crate`] has the picture. What a connection does where
//! it reads is in `reading.rs`, what it does where it writes, and how it ends, is in `writing.rs`.
//!
//! A state exists only where the machine can wait or end, and holds just what is valid in it. A step takes the old state
//! and gives the next one. It makes one system call on the socket at most, so that a line of `strace` is a step and fairness
//! is a count. A step that cannot be made gives a [`Stop`].

use super::context::Context;
use super::event::Reason;
use super::transport::Transport;
use super::wait::Wait;
use super::wire::Wire;
use crate::http::Refusal;
use crate::http::body::Body;
use crate::http::lines::{TLS, is_tls};
use crate::http::status::Status;
use crate::service::response::{Broken, Pending};
use log::debug;
use std::io;

/// Where a connection stands.
#[derive(Default)]
pub(super) enum State {
    /// A head, or the rest of one, is waited for; answers that were queued meanwhile are sent.
    Reading,
    /// The head is whole and accepted; the content of the request, or the answer to it, is not here yet.
    Parsed(Parsed),
    /// An answer is on its way: the outbox first, then the file, or what is made meanwhile, then what comes after it.
    Writing(After),
    /// This side of the connection is shut; so many bytes of what the client still sends were read and dropped.
    Closing(u64),
    /// The connection is over.
    #[default]
    Closed,
}

/// A request that was read. Its head stays at the front of the inbox, so that nothing of it is copied; it is read again
/// when what the request waits for is here.
pub(super) struct Parsed {
    pub head_bytes: usize,
    pub missing: Missing,
}

/// What a request waits for.
pub(super) enum Missing {
    /// The rest of its content.
    Body(Box<Body>),
    /// Its answer.
    Answer(Box<dyn Pending>),
    /// The next turn, in which its handler is asked again.
    Turn(Waiting),
}

/// A request whose handler is asked again.
#[derive(Clone, Copy)]
pub(super) struct Waiting {
    /// So many bytes of its content were read.
    pub content_bytes: u64,
    /// The turns that it may still wait.
    pub turns: u32,
}

/// What becomes of a connection once its answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next request is read.
    Read,
    /// The connection is closed, as the request or the answer said.
    Close,
    /// The connection is closed, though the client may still be sending.
    Linger,
}

/// What the steps of a connection work with.
pub(super) struct Machine<'a, T> {
    pub wire: &'a mut Wire<T>,
    pub context: &'a mut Context,
}

/// How a connection goes on after a step.
pub(super) enum Next {
    /// With another step.
    Go(State),
    /// When there is an event.
    Park(State),
    /// When the other connections had their turn.
    Yield(State),
}

/// Why a step cannot be made.
pub(super) enum Stop {
    /// The client is told so, and then the connection is over.
    Refused(Refusal),
    /// The connection is over.
    Over(&'static str),
    /// The socket failed: that ends one connection, and nothing else.
    Failed(io::Error),
}

impl State {
    /// The name of the state, for logs and for the picture.
    pub(super) fn name(&self) -> &'static str {
        match self {
            State::Reading => "Reading",
            State::Parsed(_) => "Parsed",
            State::Writing(_) => "Writing",
            State::Closing(_) => "Closing",
            State::Closed => "Closed",
        }
    }
}

impl<T: Transport> Machine<'_, T> {
    /// One step from `state`.
    #[inline]
    pub(super) fn step(&mut self, state: State) -> Result<Next, Stop> {
        match state {
            State::Reading => self.read(),
            State::Parsed(parsed) => self.proceed(parsed),
            State::Writing(after) => self.write(after),
            State::Closing(dropped) => self.drain(dropped),
            State::Closed => Ok(Next::Go(State::Closed)),
        }
    }

    /// Why a connection stops when the time for what it waits for is up (RFC 9110 §15.5.9 where a request was begun).
    pub(super) fn lateness(&self) -> Stop {
        let late = |why| Stop::Refused(Refusal::new(Status::REQUEST_TIMEOUT, why));
        match self.wire.wait {
            Wait::First | Wait::Idle => Stop::Over("no request came"),
            Wait::Head => late("the head took too long"),
            Wait::Body => late("the body took too long"),
            Wait::Write => Stop::Over("the client takes nothing"),
            Wait::Linger => Stop::Over("the client went on sending"),
            Wait::Supply => Stop::Over("nothing more came to be sent"),
        }
    }

    /// The state of a connection that cannot go on: `Writing` where the client is to be told why, else `Closed`.
    #[cold]
    pub(super) fn stop(&mut self, stop: Stop) -> State {
        let id = self.wire.client.id;
        match stop {
            Stop::Over(why) => {
                debug!("{id} closed: {why}");
                self.wire.explain(Reason::Over(why));
            }
            Stop::Failed(error) => {
                debug!("{id} closed: {error}");
                self.wire.explain(Reason::Failed(error.kind()));
            }
            Stop::Refused(refusal) => {
                let refusal = if is_tls(self.wire.inbox.bytes()) { TLS } else { refusal };
                debug!("{id} refused with {}: {}", refusal.status.code, refusal.why);
                self.wire.explain(Reason::Refused(refusal.status, refusal.why));
                return self.refuse(refusal);
            }
        }
        State::Closed
    }

    /// Waits for an event, in `state`.
    pub(super) fn park(&mut self, wait: Wait, state: State) -> Result<Next, Stop> {
        self.wire.wait_for(wait, self.context);
        Ok(Next::Park(state))
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

impl From<Broken> for Stop {
    fn from(Broken(why): Broken) -> Stop {
        Stop::Over(why)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Failed(error)
    }
}
