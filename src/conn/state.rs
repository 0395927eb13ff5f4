//! The state machine of a connection; [`crate`] has its picture.
//!
//! A state exists only where the machine can wait or end, and holds just what is valid in it. A step takes
//! the old state and gives the next one; it makes one system call on the socket at most, so that a line of
//! `strace` is a step and fairness is a count. Whoever fails leaves `Closed` behind.

use super::answer::{self, Answered};
use super::context::Context;
use super::io::Moved;
use super::outgoing::Rest;
use super::told::{Reason, Told};
use super::transport::{Follow, Transport};
use super::wait::Wait;
use super::wire::Wire;
use crate::http::Refusal;
use crate::http::body::Body;
use crate::http::fields::Slots;
use crate::http::lines::{TLS, is_tls};
use crate::http::request::Request;
use crate::http::response::CONTINUE;
use crate::http::status::Status;
use crate::http::version::Persistence;
use crate::log::escaped::Escaped;
use crate::service::limits::Limits;
use crate::service::response::{Pending, Phase, Progress, Reply, Supply};
use crate::service::{self, gate, routes};
use crate::site::Moment;
use log::debug;
use std::io;

/// Bytes of queued answers at which they are sent, though more requests of the same write are waiting.
const GATHERED_BYTES_MAX: usize = 64 << 10;

/// Bytes of a file that one turn sends, unless they are the last that were asked for: then it goes on with what follows.
/// So neither a client on a fast network nor a slow disk holds up the others for long. Three whole segments of loopback:
/// a small rest would leave as a packet of its own and wake the reader once more. Four cost a fifth more there, since
/// the reader finds less of it in the processor's cache; with packets of 1,500 bytes two cost a fifth more, and four
/// saved nothing.
const FILE_BYTES_PER_TURN: u64 = 3 * 65_483;

/// Where a connection stands.
#[derive(Default)]
pub(super) enum State {
    /// Waiting for a head, or for the rest of one.
    Reading,
    /// The head is whole and accepted; the body, or the answer, is not here yet.
    Parsed(Parsed),
    /// An answer is on its way: the outbox first, then the file, or what is made meanwhile, then what comes after it.
    Writing(After),
    /// Our side is shut; so many bytes of what the client still sends were read and dropped.
    Closing(u64),
    /// Over.
    #[default]
    Closed,
}

/// The head stays at the front of the inbox, so that nothing of it is copied; it is read again when what it
/// waits for is there.
pub(super) struct Parsed {
    head_bytes: usize,
    missing: Missing,
}

/// What a request waits for.
enum Missing {
    /// The rest of its body.
    Body(Box<Body>),
    /// Its answer.
    Answer(Box<dyn Pending>),
}

/// What becomes of a connection once its answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next request.
    Read,
    /// The end, as the request or the answer said.
    Close,
    /// The end, though the client may still be sending.
    Linger,
}

/// One turn of a connection: what its steps work with.
pub(super) struct Turn<'a, T> {
    pub wire: &'a mut Wire<T>,
    pub context: &'a mut Context,
}

/// How to go on after a step.
pub(super) enum Next {
    /// With another step.
    Go(State),
    /// When there is an event.
    Park(State),
    /// When the others had their turn.
    Yield(State),
}

/// Why a step cannot be made.
pub(super) enum Stop {
    /// The client is told so, and then it is over.
    Refused(Refusal),
    /// It is over.
    Over(&'static str),
    /// The socket failed: that ends one connection, and nothing else.
    Failed(io::Error),
}

impl State {
    /// For logs.
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

impl<T: Transport> Turn<'_, T> {
    /// One step.
    pub(super) fn step(&mut self, state: State) -> Next {
        let next = match state {
            State::Reading => self.read(),
            State::Parsed(parsed) => self.proceed(parsed),
            State::Writing(after) => self.write(after),
            State::Closing(dropped) => self.drain(dropped),
            State::Closed => return Next::Go(State::Closed),
        };
        next.unwrap_or_else(|stop| Next::Go(self.stop(stop)))
    }

    /// What follows when the time for what it waits for is up (RFC 9110 §15.5.9 where a request was begun).
    pub(super) fn expire(&mut self) -> State {
        let late = |why| Stop::Refused(Refusal::new(Status::REQUEST_TIMEOUT, why));
        self.stop(match self.wire.wait {
            Wait::First | Wait::Idle => Stop::Over("no request came"),
            Wait::Head => late("the head took too long"),
            Wait::Body => late("the body took too long"),
            Wait::Write => Stop::Over("the client takes nothing"),
            Wait::Linger => Stop::Over("the client went on sending"),
            Wait::Supply => Stop::Over("nothing more came to be sent"),
        })
    }

    /// Looks into the inbox before it asks the socket: pipelined requests need no code of their own.
    fn read(&mut self) -> Result<Next, Stop> {
        if let Some(head_bytes) = self.wire.find_head(&self.context.service.limits.head)? {
            return Ok(Next::Go(self.route(head_bytes)?));
        }
        if !self.wire.out.outbox.is_empty() {
            return self.flush(State::Reading, Follow::Nothing);
        }
        let is_idle = self.wire.inbox.is_empty();
        match self.wire.receive(self.context)? {
            Moved::Bytes(_) => Ok(Next::Go(State::Reading)),
            Moved::WouldBlock if is_idle && self.context.phase == Phase::Stopping => {
                Err(Stop::Over("the server stops"))
            }
            Moved::WouldBlock => {
                let wait = match (is_idle, self.wire.wait) {
                    (true, Wait::First) => Wait::First,
                    (true, _) => Wait::Idle,
                    (false, _) => Wait::Head,
                };
                Ok(self.park(wait, State::Reading))
            }
            Moved::End if is_idle => Err(Stop::Over("the client is done")),
            Moved::End => Err(Refusal::bad("the head ended in the middle").into()),
        }
    }

    /// A whole head stands at the front of the inbox: is it one to act on, and does a body belong to it?
    fn route(&mut self, head_bytes: usize) -> Result<State, Refusal> {
        let Turn { wire, context } = self;
        let mut slots = Slots::new();
        let read = wire.read;
        let (client, came, out, transport) = wire.sides();
        let (head, rest) = came.split_at(head_bytes);
        let mut request = Request::parse(head, &mut slots)?;
        transport.tell(Told::Asked(request.line));
        let handler = routes::name(request.method);
        debug!("{} {} for {handler}", client.id, Escaped(request.line));
        if let Some(page) = gate::turned_away(&request, client, &context.service) {
            if !request.has_content() {
                let answered = answer::complete(&request, page, client, out, context);
                return Ok(self.answered(head_bytes, answered));
            }
            // The content is not wanted, and may come all the same. How much of it is here already does not
            // count, or the answer would depend on how the bytes were cut.
            request.persistence = Persistence::Close;
            let answered = answer::complete(&request, page, client, out, context);
            wire.inbox.clear();
            return Ok(self.begin(answered, After::Linger));
        }
        let body = Body::new(request.framing, context.service.limits.content_bytes_max)?;
        if body.is_whole() {
            let moment = Moment { time: context.date.time(), read };
            let reply = service::respond(&request, client, &context.service, moment);
            return Ok(match reply {
                Reply::Ready(response) => {
                    let answered = answer::complete(&request, response, client, out, context);
                    self.answered(head_bytes, answered)
                }
                Reply::Pending(pending) => self.pending(head_bytes, pending),
            });
        }
        if request.expects_continue && rest.is_empty() {
            out.outbox.end(&mut context.buffers).extend_from_slice(CONTINUE);
        }
        transport.tell(Told::Because(Reason::Went("the head is whole, the content is not here yet")));
        Ok(State::Parsed(Parsed { head_bytes, missing: Missing::Body(Box::new(body)) }))
    }

    /// Goes on with what a request waits for.
    fn proceed(&mut self, Parsed { head_bytes, missing }: Parsed) -> Result<Next, Stop> {
        match missing {
            Missing::Body(body) => self.consume(head_bytes, body),
            Missing::Answer(pending) => self.advance(head_bytes, pending),
        }
    }

    /// Goes on with an answer that is not here yet, for its share of the turn.
    fn advance(&mut self, head_bytes: usize, mut pending: Box<dyn Pending>) -> Result<Next, Stop> {
        let share = self.context.share();
        let mut steps_left = share;
        let progress = pending.advance(&mut steps_left);
        self.context.steps_left -= share - steps_left;
        let state = State::Parsed(Parsed { head_bytes, missing: Missing::Answer(pending) });
        match progress {
            Progress::Ready(response) => Ok(Next::Go(self.resume(head_bytes, 0, |_| response.into())?)),
            Progress::Again => Ok(Next::Yield(state)),
            Progress::Later => Ok(self.park(Wait::Supply, state)),
        }
    }

    /// Reads a body to its end. Its request is not answered before, unless it is refused.
    fn consume(&mut self, head_bytes: usize, mut body: Box<Body>) -> Result<Next, Stop> {
        let came = &self.wire.inbox.bytes()[head_bytes..];
        let count = body.consume(came, &self.context.service.limits.head)?;
        self.wire.inbox.cut(head_bytes, count);
        if body.is_whole() {
            return Ok(Next::Go(self.respond(head_bytes, body.content_bytes())?));
        }
        let state = State::Parsed(Parsed { head_bytes, missing: Missing::Body(body) });
        if !self.wire.out.outbox.is_empty() {
            return self.flush(state, Follow::Nothing);
        }
        match self.wire.receive(self.context)? {
            Moved::Bytes(_) => {
                self.wire.restart(Wait::Body, self.context);
                Ok(Next::Go(state))
            }
            Moved::WouldBlock => Ok(self.park(Wait::Body, state)),
            Moved::End => Err(Refusal::bad("the body ended in the middle").into()),
        }
    }

    /// Answers the request at the front of the inbox, of whose content so many bytes were read. Its head is read again.
    fn respond(&mut self, head_bytes: usize, content_bytes: u64) -> Result<State, Refusal> {
        let Turn { wire, context } = self;
        let moment = Moment { time: context.date.time(), read: wire.read };
        let (client, service) = (wire.client, context.service.clone());
        self.resume(head_bytes, content_bytes, |request| service::respond(request, &client, &service, moment))
    }

    /// Reads the head at the front of the inbox again and answers its request with `reply`.
    fn resume(
        &mut self,
        head_bytes: usize,
        content_bytes: u64,
        reply: impl FnOnce(&Request<'_>) -> Reply,
    ) -> Result<State, Refusal> {
        let Turn { wire, context } = self;
        let mut slots = Slots::new();
        let (client, came, out, _) = wire.sides();
        let mut request = Request::parse(&came[..head_bytes], &mut slots)?;
        request.content_bytes = content_bytes;
        Ok(match reply(&request) {
            Reply::Ready(response) => {
                let answered = answer::complete(&request, response, client, out, context);
                self.answered(head_bytes, answered)
            }
            Reply::Pending(pending) => self.pending(head_bytes, pending),
        })
    }

    fn answered(&mut self, head_bytes: usize, answered: Answered) -> State {
        self.wire.inbox.consume(head_bytes);
        self.begin_as_said(answered)
    }

    fn pending(&mut self, head_bytes: usize, pending: Box<dyn Pending>) -> State {
        self.wire.because(Reason::Went("the answer takes more than a turn"));
        State::Parsed(Parsed { head_bytes, missing: Missing::Answer(pending) })
    }

    /// Begins to write an answer that says itself what comes after it.
    fn begin_as_said(&mut self, answered: Answered) -> State {
        let is_last = answered.persistence == Persistence::Close;
        self.begin(answered, if is_last { After::Close } else { After::Read })
    }

    /// Sends at once, or first answers what else was read: then many answers leave in one write.
    fn begin(&mut self, Answered { status, .. }: Answered, after: After) -> State {
        debug!("{} answered with {} {}", self.wire.client.id, status.code, status.reason);
        self.wire.because(Reason::Answered(status));
        self.wire.restart(Wait::Idle, self.context);
        let is_queued = self.wire.out.rest.is_none() && after == After::Read;
        let has_room = self.wire.out.outbox.bytes().len() < GATHERED_BYTES_MAX;
        match is_queued && has_room && !self.wire.inbox.is_empty() {
            true => State::Reading,
            false => State::Writing(after),
        }
    }

    /// Sends the outbox, then what follows it, a bounded part a turn.
    fn write(&mut self, after: After) -> Result<Next, Stop> {
        let out = &mut self.wire.out;
        if !out.outbox.is_empty() {
            // What follows at once leaves in the same packet: the file, or the end of all that we send.
            let is_followed = match &out.rest {
                Some(Rest::File(file)) => file.has_more() || after != After::Read,
                Some(Rest::Source(_)) => false,
                None => after != After::Read,
            };
            let follow = if is_followed { Follow::More } else { Follow::Nothing };
            return self.flush(State::Writing(after), follow);
        }
        let sending = match &mut out.rest {
            None => return Ok(Next::Go(self.finish(after)?)),
            Some(Rest::File(sending)) => sending,
            Some(Rest::Source(source)) => {
                let end = out.outbox.end(&mut self.context.buffers);
                let supply = source.produce(end, self.context.phase);
                return Ok(self.supplied(supply, after));
            }
        };
        if sending.range.is_empty() {
            self.next_part();
            return Ok(Next::Go(State::Writing(after)));
        }
        let count = (sending.range.end - sending.range.start).min(FILE_BYTES_PER_TURN);
        match self.wire.io.send_file(&sending.file, sending.range.start, count as usize)? {
            Moved::Bytes(count) => {
                sending.range.start += count as u64;
                let is_sent = sending.range.is_empty();
                self.wire.sent_content(count as u64, self.context);
                let state = State::Writing(after);
                Ok(if is_sent { Next::Go(state) } else { Next::Yield(state) })
            }
            Moved::WouldBlock => Ok(self.park(Wait::Write, State::Writing(after))),
            Moved::End => Err(Stop::Over("the file is shorter than it was")),
        }
    }

    /// Content that is made while it is sent: a part of it is in the outbox, or none for now, or that was all.
    fn supplied(&mut self, supply: Supply, after: After) -> Next {
        match supply {
            Supply::Some => {
                let count = self.wire.out.outbox.bytes().len();
                self.wire.sent_content(count as u64, self.context);
                Next::Yield(State::Writing(after))
            }
            Supply::Later => self.park(Wait::Supply, State::Writing(after)),
            Supply::End => {
                self.wire.out.rest = None;
                Next::Go(State::Writing(after))
            }
        }
    }

    /// A part of a file was sent: the next, with the bytes that stand before it, or nothing any more.
    fn next_part(&mut self) {
        let Some(Rest::File(sending)) = &mut self.wire.out.rest else { return };
        match sending.next_part() {
            Some(before) => {
                self.wire.out.outbox.end(&mut self.context.buffers).extend_from_slice(&before);
                self.wire.sent_content(before.len() as u64, self.context);
            }
            None => self.wire.out.rest = None,
        }
    }

    /// Everything was sent.
    fn finish(&mut self, after: After) -> Result<State, Stop> {
        debug!("{} done", self.wire.client.id);
        self.wire.because(Reason::Went("all of the answer is sent"));
        self.wire.log(self.context);
        match after {
            After::Read => {
                self.wire.restart(Wait::Idle, self.context);
                Ok(State::Reading)
            }
            After::Close if self.wire.inbox.is_empty() && self.wire.io.is_drained() => {
                Err(Stop::Over("the answer was the last"))
            }
            After::Close | After::Linger => {
                self.wire.io.shutdown()?;
                self.wire.restart(Wait::Linger, self.context);
                Ok(State::Closing(0))
            }
        }
    }

    /// Closing a socket that holds unread bytes resets it, and a reset can destroy the answer before the
    /// client has read it (RFC 9112 §9.6): so the bytes are read.
    fn drain(&mut self, dropped: u64) -> Result<Next, Stop> {
        if dropped >= Limits::LINGER_BYTES_MAX {
            return Err(Stop::Over("the client went on sending"));
        }
        match self.wire.io.recv(&mut self.context.buffers.landing)? {
            Moved::Bytes(count) => Ok(Next::Go(State::Closing(dropped + count as u64))),
            Moved::WouldBlock => Ok(self.park(Wait::Linger, State::Closing(dropped))),
            Moved::End => Err(Stop::Over("the client has seen the last answer")),
        }
    }

    /// Sends from the outbox, and goes on in `state`.
    fn flush(&mut self, state: State, follow: Follow) -> Result<Next, Stop> {
        match self.wire.flush(follow, self.context)? {
            Moved::Bytes(_) => Ok(Next::Go(state)),
            Moved::WouldBlock => Ok(self.park(Wait::Write, state)),
            Moved::End => Err(Stop::Over("the socket takes nothing")),
        }
    }

    fn park(&mut self, wait: Wait, state: State) -> Next {
        self.wire.wait_for(wait, self.context);
        Next::Park(state)
    }

    /// What a connection becomes that cannot go on.
    pub(super) fn stop(&mut self, stop: Stop) -> State {
        let Turn { wire, context } = self;
        match stop {
            Stop::Over(why) => {
                debug!("{} closed: {why}", wire.client.id);
                wire.because(Reason::Over(why));
            }
            Stop::Failed(error) => {
                debug!("{} closed: {error}", wire.client.id);
                wire.because(Reason::Failed(error.kind()));
            }
            Stop::Refused(refusal) => {
                let refusal = if is_tls(wire.inbox.bytes()) { TLS } else { refusal };
                debug!("{} refused with {}: {}", wire.client.id, refusal.status.code, refusal.why);
                wire.because(Reason::Refused(refusal.status, refusal.why));
                let (client, came, out, _) = wire.sides();
                let answered = answer::refuse(refusal, came, client, out, context);
                wire.inbox.clear();
                return self.begin(answered, After::Linger);
            }
        }
        State::Closed
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Failed(error)
    }
}
