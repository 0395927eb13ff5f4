//! Ring 2, the connection: a state machine over any transport. It is driven when something may have
//! changed, goes as far as it can, and says what it waits for. It knows no poll and no other connection.
//!
//! Read `T` as `OwnedFd`, an accepted socket.

pub mod wait;
pub mod event;
pub mod transport;
pub mod io;
pub mod buffers;
pub mod producing;
pub mod outgoing;
pub mod context;
mod panics;
pub mod answer;
mod arrivals;
mod wire;
mod state;
mod reading;
mod writing;

pub use crate::service::Id;
pub use wait::Wait;

use crate::service::Client;
use arrivals::Came;
use buffers::Buffer;
use context::Context;
use event::Event;
use log::{Level, debug, log_enabled, trace};
use state::{Machine, Next, State, Stop};
use std::fmt::Display;
use std::mem::{Discriminant, discriminant};
use std::time::Instant;
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

/// How a connection stands after it was driven, and what the loop owes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It waits for an event, or for its time to run out.
    Parked,
    /// It stopped before the kernel had said that a call would block, so perhaps no event will come: it must be driven again,
    /// after the others.
    Again,
    /// It is over and can be dropped.
    Closed,
}

/// What is left of a state when the next is entered.
struct Former {
    /// Which state it is.
    kind: Discriminant<State>,
    name: &'static str,
}

impl Former {
    fn of(state: &State) -> Former {
        Former { kind: discriminant(state), name: state.name() }
    }
}

impl<T: Transport> Connection<T> {
    /// A connection that was just accepted.
    pub fn new(transport: T, client: Client, now: Instant) -> Connection<T> {
        Connection { state: State::Reading, wire: Wire::new(transport, client, now) }
    }

    /// Tells the observer that the connection has its place: at `key` in the slab.
    pub fn settle(&mut self, key: usize, context: &mut Context) {
        let Client { id, peer, .. } = self.wire.client;
        debug!("{id} accepted from {peer}");
        let notified =
            context.catch_panic(id, |_| self.transport().notify(Event::Accepted { key, id, peer }));
        if notified.is_none() {
            self.give_up(context);
        }
    }

    /// Takes note of an event, before a [`Connection::drive`].
    pub fn note_readiness(&mut self, readiness: Readiness) {
        self.wire.io.note_readiness(readiness);
    }

    /// Makes one step ahead of a [`Connection::drive`], where the connection waits for a request: it reads once. A look at the
    /// disk is fresh enough for every request that was read before it, so a loop that reads from all who are ready before it
    /// drives the first needs one look for all of them. Says whether anything came, which is to be driven for.
    pub fn read_ahead(&mut self, context: &mut Context) -> bool {
        if !matches!(self.state, State::Reading) || !self.wire.out.outbox.is_empty() {
            return false;
        }
        let verdict = context.catch_panic(self.wire.client.id, |context| {
            let next = self.machine(context).receive(Came::BeforeTheTurn);
            self.enter(Former::of(&State::Reading), next, context)
        });
        verdict.unwrap_or_else(|| Some(self.give_up(context))) != Some(Verdict::Parked)
    }

    /// Makes steps until there is nothing to do, or until the other connections had to wait long enough.
    pub fn drive(&mut self, context: &mut Context) -> Verdict {
        let verdict = context.catch_panic(self.wire.client.id, |context| {
            self.transport().notify(Event::DriveBegins);
            context.service.site.begin_drive();
            let mut verdict = Verdict::Again;
            for _ in 0..STEPS_MAX {
                let from = Former::of(&self.state);
                let state = std::mem::take(&mut self.state);
                let next = self.machine(context).step(state);
                if let Some(last) = self.enter(from, next, context) {
                    verdict = last;
                    break;
                }
            }
            self.end_drive(verdict, context);
            verdict
        });
        verdict.unwrap_or_else(|| self.give_up(context))
    }

    /// The time of what the connection waits for is up: the old state is dropped, and the last answer is made and sent, where
    /// one is due.
    pub fn expire(&mut self, context: &mut Context) -> Verdict {
        let expired = context.catch_panic(self.wire.client.id, |context| {
            self.transport().notify(Event::TimedOut);
            let from = Former::of(&self.state);
            let stop = self.machine(context).lateness();
            self.enter(from, Err(stop), context);
        });
        match expired {
            Some(()) => self.drive(context),
            None => self.give_up(context),
        }
    }

    /// Ends the connection, whatever is still in flight.
    pub fn end(&mut self, why: impl Display, context: &mut Context) {
        debug!("{} closed: {why}", self.wire.client.id);
        self.wire.log(context);
    }

    /// Drops the connection a part at a time: what is noted of one may meet a bug, and the next goes all the same.
    pub fn let_go(mut self, context: &mut Context) {
        self.drop_answer(context);
        context.catch_panic(self.wire.client.id, |_| drop(self));
    }

    /// Tells the observer of a panic, which may meet the next bug.
    pub fn notify_panicked(&mut self, context: &mut Context) {
        context.catch_panic(self.wire.client.id, |_| self.wire.io.transport().notify(Event::Panicked));
    }

    /// Whether the next step of the connection is to send a part of a file, or to make content that takes as long.
    pub fn is_at_a_download(&self) -> bool {
        matches!(self.state, State::Writing(_)) && self.wire.out.is_at_a_download()
    }

    /// What the connection waits for, and since when.
    pub fn waits(&self) -> (Wait, Instant) {
        (self.wire.wait, self.wire.since)
    }

    /// The number of the connection.
    pub fn id(&self) -> Id {
        self.wire.client.id
    }

    /// The transport, for registering it.
    pub fn transport(&mut self) -> &mut T {
        self.wire.io.transport()
    }

    fn machine<'a>(&'a mut self, context: &'a mut Context) -> Machine<'a, T> {
        Machine { wire: &mut self.wire, context }
    }

    /// Enters the state to which a step has led; `from` is the state before. Gives how the connection stands, where that was the
    /// last step for now. Every step ends here, and nothing else gives the connection another state, but a panic, which ends it:
    /// a [`Machine`] has all of the connection but its state.
    // Where there is an observer, the compiler would not do it by itself.
    #[inline(always)]
    fn enter(&mut self, from: Former, next: Result<Next, Stop>, context: &mut Context) -> Option<Verdict> {
        let (state, verdict) = match next {
            Ok(Next::Go(state)) => (state, None),
            Ok(Next::Park(state)) => (state, Some(Verdict::Parked)),
            Ok(Next::Yield(state)) => (state, Some(Verdict::Again)),
            Err(stop) => (self.machine(context).stop(stop), None),
        };
        let verdict = if matches!(state, State::Closed) { Some(Verdict::Closed) } else { verdict };
        let to = Former::of(&state);
        self.state = state;
        // With an observer this is asked at each step, and to compare the letters would take longer. Without one, a request is
        // spared looking at which state it was.
        let is_other = || if T::OBSERVED { from.kind != to.kind } else { from.name != to.name };
        if (T::OBSERVED || log_enabled!(Level::Trace)) && is_other() {
            let (from, to) = (from.name, to.name);
            trace!("{} {from} -> {to}", self.wire.client.id);
            self.transport().notify(Event::StateChanged { from, to });
        }
        verdict
    }

    fn end_drive(&mut self, verdict: Verdict, context: &mut Context) {
        match verdict {
            Verdict::Closed => {
                let lines = self.wire.log(context);
                self.wire.note_logged(lines);
            }
            Verdict::Again if !self.wire.out.outbox.is_empty() => {
                // What was answered so far leaves now; an error shows in the next turn.
                let _ = self.wire.flush(Follow::Nothing, context);
            }
            Verdict::Again | Verdict::Parked => {}
        }
        if context.access.holds() {
            self.wire.keep_lines(context);
        }
        self.wire.inbox.give_back(&mut context.buffers);
        self.wire.out.outbox.give_back(&mut context.buffers);
        let wait = (verdict == Verdict::Parked).then_some(self.wire.wait);
        self.transport().notify(Event::DriveEnds(wait));
    }

    fn drop_answer(&mut self, context: &mut Context) {
        let out = std::mem::take(&mut self.wire.out);
        context.catch_panic(self.wire.client.id, |_| drop(out));
    }

    /// A panic has ended the connection. Half an answer in its outbox never leaves, and no other connection gets its buffers.
    #[cold]
    fn give_up(&mut self, context: &mut Context) -> Verdict {
        self.state = State::Closed;
        self.wire.log(context);
        self.wire.inbox = Buffer::default();
        self.drop_answer(context);
        self.notify_panicked(context);
        Verdict::Closed
    }
}
