//! Ring 2, the connection: a state machine over any transport. It is driven when something may have
//! changed, goes as far as it can, and says what it waits for. It knows no poll and no other connection.

pub mod wait;
pub mod told;
pub mod transport;
pub mod io;
pub mod buffers;
pub mod outgoing;
pub mod context;
mod panics;
pub mod answer;
mod wire;
mod state;

pub use crate::service::Id;
pub use wait::Wait;

use crate::service::Client;
use buffers::Buffer;
use context::Context;
use io::Moved;

use log::{Level, debug, log_enabled, trace};
use state::{Next, State, Turn};
use std::fmt::Display;
use std::time::Instant;
use told::Told;
use transport::{Follow, Readiness, Transport};
use wire::Wire;

/// Steps of one turn, each with one system call on the socket at most. A connection that can do more
/// waits in line behind the others (epoll(7), "Starvation").
const STEPS_MAX: usize = 64;

/// One client's connection.
pub struct Connection<T> {
    state: State,
    wire: Wire<T>,
}

/// How a connection stands after it was driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It waits for readiness, or for its time to run out.
    Parked,
    /// It could do more at once, after the others had their turn.
    Again,
    /// It is over; drop it.
    Closed,
}

impl<T: Transport> Connection<T> {
    /// A connection that was just accepted.
    pub fn new(transport: T, client: Client, now: Instant) -> Connection<T> {
        Connection { state: State::Reading, wire: Wire::new(transport, client, now) }
    }

    /// Tells that it has its place: at `key` in the slab.
    pub fn settle(&mut self, key: usize, context: &mut Context) {
        let Client { id, peer, .. } = self.wire.client;
        self.contain(context, |connection, _| {
            debug!("{id} accepted from {peer}");
            connection.transport().tell(Told::Accepted { key, id, peer });
        });
    }

    /// Takes note of an event, before a [`Connection::drive`].
    pub fn learn(&mut self, readiness: Readiness) {
        self.wire.io.learn(readiness);
    }

    /// Reads ahead of a [`Connection::drive`], where it was parked and a request may have come: when all who are ready
    /// were heard, one look at the disk is fresh enough for all of them. Says whether anything came.
    pub fn hear(&mut self, context: &mut Context) -> bool {
        // Whoever panics is over, and that is something to be driven for.
        self.contain(context, Connection::listen).unwrap_or(true)
    }

    /// Goes on until there is nothing to do, or until others had to wait long enough.
    pub fn drive(&mut self, context: &mut Context) -> Verdict {
        self.take_turn(context, Connection::go_on)
    }

    /// Its time is up: the last answer, where one is due, and the way out.
    pub fn expire(&mut self, context: &mut Context) -> Verdict {
        self.take_turn(context, |connection, context| {
            connection.wire.io.transport().tell(Told::Late);
            let state = Turn { wire: &mut connection.wire, context }.expire();
            connection.moved(connection.state.name(), state);
            connection.go_on(context)
        })
    }

    /// It is over, whatever is still in flight.
    pub fn end(&mut self, why: impl Display, context: &mut Context) {
        debug!("{} closed: {why}", self.wire.client.id);
        self.wire.log(context);
    }

    /// Drops it a part at a time: what is noted of one may meet a bug, and the next goes all the same.
    pub fn let_go(mut self, context: &mut Context) {
        self.drop_answer(context);
        context.contain(self.wire.client.id, |_| drop(self));
    }

    /// Tells of a panic, which may meet the next bug.
    pub fn tell_panicked(&mut self, context: &mut Context) {
        context.contain(self.wire.client.id, |_| self.wire.io.transport().tell(Told::Panicked));
    }

    /// What it waits for, and since when.
    pub fn waits(&self) -> (Wait, Instant) {
        (self.wire.wait, self.wire.since)
    }

    /// Its number.
    pub fn id(&self) -> Id {
        self.wire.client.id
    }

    /// Its transport, for registering it.
    pub fn transport(&mut self) -> &mut T {
        self.wire.io.transport()
    }

    fn listen(&mut self, context: &mut Context) -> bool {
        if !matches!(self.state, State::Reading) || !self.wire.out.outbox.is_empty() {
            return false;
        }
        match self.wire.receive(context) {
            Ok(moved) => moved != Moved::WouldBlock,
            Err(error) => {
                let state = Turn { wire: &mut self.wire, context }.stop(error.into());
                self.moved(self.state.name(), state);
                true
            }
        }
    }

    /// A turn, of which both ends are told.
    fn take_turn(
        &mut self,
        context: &mut Context,
        turn: impl FnOnce(&mut Self, &mut Context) -> Verdict,
    ) -> Verdict {
        let verdict = self.contain(context, |connection, context| {
            connection.transport().tell(Told::Driven);
            let verdict = turn(connection, context);
            let wait = (verdict == Verdict::Parked).then_some(connection.wire.wait);
            connection.transport().tell(Told::Rests(wait));
            verdict
        });
        verdict.unwrap_or(Verdict::Closed)
    }

    fn drop_answer(&mut self, context: &mut Context) {
        let out = std::mem::take(&mut self.wire.out);
        context.contain(self.wire.client.id, |_| drop(out));
    }

    fn go_on(&mut self, context: &mut Context) -> Verdict {
        for _ in 0..STEPS_MAX {
            let state = std::mem::take(&mut self.state);
            let from = state.name();
            let mut turn = Turn { wire: &mut self.wire, context };
            let (state, verdict) = match turn.step(state) {
                Next::Go(State::Closed) => (State::Closed, Some(Verdict::Closed)),
                Next::Go(state) => (state, None),
                Next::Park(state) => (state, Some(Verdict::Parked)),
                Next::Yield(state) => (state, Some(Verdict::Again)),
            };
            self.moved(from, state);
            if let Some(verdict) = verdict {
                return self.pause(verdict, context);
            }
        }
        self.pause(Verdict::Again, context)
    }

    /// Takes note of the next state, and tells of it where it is another.
    fn moved(&mut self, from: &'static str, state: State) {
        let to = state.name();
        self.state = state;
        if (T::WATCHED || log_enabled!(Level::Trace)) && from != to {
            trace!("{} {from} -> {to}", self.wire.client.id);
            self.wire.io.transport().tell(Told::Moved { from, to });
        }
    }

    fn pause(&mut self, verdict: Verdict, context: &mut Context) -> Verdict {
        match verdict {
            Verdict::Closed => self.wire.log(context),
            Verdict::Again if !self.wire.out.outbox.is_empty() => {
                // What this turn has answered leaves with it; an error shows in the next.
                let _ = self.wire.flush(Follow::Nothing, context);
            }
            Verdict::Again | Verdict::Parked => {}
        }
        self.wire.inbox.rest(&mut context.buffers);
        self.wire.out.outbox.rest(&mut context.buffers);
        verdict
    }

    /// Does something with the connection and gives what comes of it. Where that panics the connection is over: the
    /// next [`Connection::drive`] says so. Half an answer in its outbox never leaves, and nobody else gets its buffers.
    #[inline]
    fn contain<R>(
        &mut self,
        context: &mut Context,
        action: impl FnOnce(&mut Self, &mut Context) -> R,
    ) -> Option<R> {
        let result = context.contain(self.wire.client.id, |context| action(self, context));
        if result.is_none() {
            self.state = State::Closed;
            self.wire.log(context);
            self.wire.inbox = Buffer::default();
            self.drop_answer(context);
            self.tell_panicked(context);
        }
        result
    }
}
