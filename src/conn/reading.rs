//! The steps of a connection from the first byte of a request to its answer in the outbox.

use super::answer::{self, Answered};
use super::arrivals::Came;
use super::event::{Event, On, Reason, Step};
use super::io::Transfer;
use super::state::{After, Machine, Missing, Next, Parsed, State, Stop, Waiting};
use super::transport::{Follow, Transport};
use super::wait::Wait;
use super::wire::disk_calls;
use crate::http::Refusal;
use crate::http::body::Body;
use crate::http::fields::FieldSlots;
use crate::http::request::Request;
use crate::http::response::CONTINUE;
use crate::http::status::Status;
use crate::http::version::Persistence;
use crate::log::escaped::Escaped;
use crate::service::response::{Pending, Phase, Progress, Reply};
use crate::service::{self, gate, routes};
use crate::site::Moment;
use log::debug;

/// Bytes of the inbox at which nothing more is read while an answer is waited for.
const AHEAD_BYTES_MAX: usize = 64 << 10;

/// Turns in which a handler is asked again. A lookup has its turn soon. But a file that another process has a lease on may
/// refuse to be opened for most of a minute (fcntl(2), F_SETLEASE), and the loop must not spin for that.
const AGAIN_TURNS_MAX: u32 = 64;

impl<T: Transport> Machine<'_, T> {
    /// Looks into the inbox before it asks the socket: pipelined requests need no code of their own.
    pub(super) fn read(&mut self) -> Result<Next, Stop> {
        if let Some(head_bytes) = self.wire.find_head(&self.context.service.limits.head)? {
            return Ok(Next::Go(self.route(head_bytes)?));
        }
        if !self.wire.out.outbox.is_empty() {
            let transfer = self.wire.flush(Follow::Nothing, self.context)?;
            return self.flushed(transfer, State::Reading);
        }
        self.receive(Came::UntilNow)
    }

    /// Reads once in the state `Reading`, what has come by then.
    pub(super) fn receive(&mut self, came: Came) -> Result<Next, Stop> {
        let is_idle = self.wire.inbox.is_empty();
        match self.wire.io.recv(&mut self.context.buffers.landing)? {
            Transfer::Bytes(count) => {
                self.wire.take_in(count, came, self.context);
                Ok(Next::Go(State::Reading))
            }
            Transfer::WouldBlock if is_idle && self.context.phase == Phase::Stopping => {
                Err(Stop::Over("the server stops"))
            }
            Transfer::WouldBlock => {
                let wait = match (is_idle, self.wire.wait) {
                    (true, Wait::First) => Wait::First,
                    (true, _) => Wait::Idle,
                    (false, _) => Wait::Head,
                };
                self.park(wait, State::Reading)
            }
            Transfer::End if is_idle => Err(Stop::Over("the client is done")),
            Transfer::End => Err(Refusal::bad("the head ended in the middle").into()),
        }
    }

    /// A whole head stands at the front of the inbox: may it be acted on, and does content belong to it?
    fn route(&mut self, head_bytes: usize) -> Result<State, Refusal> {
        let Machine { wire, context } = self;
        if context.access.is_timed() {
            wire.note_asked(head_bytes);
        }
        let mut slots = FieldSlots::new();
        let read = wire.read;
        let (client, came, out, transport) = wire.sides();
        let (head, behind) = came.split_at(head_bytes);
        transport.notify(Event::Step(Step::HeadHere));
        let mut request = Request::parse(head, &mut slots)?;
        transport.notify(Event::Requested(request.line));
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
        transport.notify(Event::Step(Step::Gate));
        let body = Body::new(request.framing, context.service.limits.content_bytes_max)?;
        if body.is_whole() {
            let moment = Moment { time: context.date.time(), read };
            let before = disk_calls::<T>();
            let reply = service::respond(&request, client, &context.service, moment);
            note_disk(before, transport);
            return Ok(match reply {
                Reply::Ready(response) => {
                    let before = disk_calls::<T>();
                    let answered = answer::complete(&request, response, client, out, context);
                    note_read(before, transport);
                    self.answered(head_bytes, answered)
                }
                Reply::Pending(pending) => self.pending(head_bytes, pending),
                Reply::Again => self.again(head_bytes, 0),
            });
        }
        if request.expects_continue && behind.is_empty() {
            out.outbox.end(&mut context.buffers).extend_from_slice(CONTINUE);
        }
        wire.explain(Reason::Went("the head is whole, the content is not here yet"));
        Ok(State::Parsed(Parsed { head_bytes, missing: Missing::Body(Box::new(body)) }))
    }

    /// Goes on with what a request waits for.
    pub(super) fn proceed(&mut self, Parsed { head_bytes, missing }: Parsed) -> Result<Next, Stop> {
        match missing {
            Missing::Body(body) => self.consume(head_bytes, body),
            Missing::Answer(pending) => self.advance(head_bytes, pending),
            Missing::Turn(waiting) => self.ask_again(head_bytes, waiting),
        }
    }

    /// Reads content to its end. Its request is not answered before, unless it is refused.
    fn consume(&mut self, head_bytes: usize, mut body: Box<Body>) -> Result<Next, Stop> {
        let came = &self.wire.inbox.bytes()[head_bytes..];
        let count = body.consume(came, &self.context.service.limits.head)?;
        self.wire.inbox.cut(head_bytes, count);
        if body.is_whole() {
            return Ok(Next::Go(self.respond(head_bytes, body.content_bytes())?));
        }
        let state = State::Parsed(Parsed { head_bytes, missing: Missing::Body(body) });
        if !self.wire.out.outbox.is_empty() {
            let transfer = self.wire.flush(Follow::Nothing, self.context)?;
            return self.flushed(transfer, state);
        }
        match self.wire.io.recv(&mut self.context.buffers.landing)? {
            Transfer::Bytes(count) => {
                self.wire.take_in(count, Came::UntilNow, self.context);
                self.wire.restart(Wait::Body, self.context);
                Ok(Next::Go(state))
            }
            Transfer::WouldBlock => self.park(Wait::Body, state),
            Transfer::End => Err(Refusal::bad("the body ended in the middle").into()),
        }
    }

    /// Goes on with an answer that is not here yet, for its share of the turn.
    fn advance(&mut self, head_bytes: usize, mut pending: Box<dyn Pending>) -> Result<Next, Stop> {
        let mut budget = self.context.share();
        let asked = disk_calls::<T>();
        let progress = pending.advance(&mut budget);
        self.wire.note_spent(asked);
        self.context.budget += budget;
        let state = State::Parsed(Parsed { head_bytes, missing: Missing::Answer(pending) });
        match progress {
            Progress::Ready(response) => Ok(Next::Go(self.resume(head_bytes, 0, |_, _| response.into())?)),
            Progress::Again => Ok(Next::Yield(state)),
            Progress::Later => self.wait_for_supply(state),
        }
    }

    /// Waits for an answer, or for content of one, that is not here yet. The answers queued before it are sent first. Meanwhile
    /// up to [`AHEAD_BYTES_MAX`] of what the client sends is read: so a client is noticed that has reset its connection, and
    /// would else keep its place for ever.
    pub(super) fn wait_for_supply(&mut self, state: State) -> Result<Next, Stop> {
        if !self.wire.out.outbox.is_empty() {
            let transfer = self.wire.flush(Follow::Nothing, self.context)?;
            return self.flushed(transfer, state);
        }
        if self.wire.inbox.bytes().len() < AHEAD_BYTES_MAX {
            match self.wire.io.recv(&mut self.context.buffers.landing)? {
                Transfer::Bytes(count) => {
                    self.wire.take_in(count, Came::UntilNow, self.context);
                    return Ok(Next::Go(state));
                }
                Transfer::End if self.wire.out.ends_with_client() => {
                    return Err(Stop::Over("the client is done"));
                }
                Transfer::End | Transfer::WouldBlock => {}
            }
        }
        self.park(Wait::Supply, state)
    }

    /// Answers the request at the front of the inbox, of whose content so many bytes were read. Its head is read again.
    fn respond(&mut self, head_bytes: usize, content_bytes: u64) -> Result<State, Refusal> {
        let Machine { wire, context } = self;
        let moment = Moment { time: context.date.time(), read: wire.read };
        let (client, service) = (wire.client, context.service.clone());
        self.resume(head_bytes, content_bytes, |request, transport| {
            let before = disk_calls::<T>();
            let reply = service::respond(request, &client, &service, moment);
            note_disk(before, transport);
            reply
        })
    }

    /// Reads the head at the front of the inbox again and answers its request with `reply`.
    fn resume(
        &mut self,
        head_bytes: usize,
        content_bytes: u64,
        reply: impl FnOnce(&Request<'_>, &mut T) -> Reply,
    ) -> Result<State, Refusal> {
        let Machine { wire, context } = self;
        let mut slots = FieldSlots::new();
        let (client, came, out, transport) = wire.sides();
        let mut request = Request::parse(&came[..head_bytes], &mut slots)?;
        request.content_bytes = content_bytes;
        Ok(match reply(&request, transport) {
            Reply::Ready(response) => {
                let before = disk_calls::<T>();
                let answered = answer::complete(&request, response, client, out, context);
                note_read(before, transport);
                self.answered(head_bytes, answered)
            }
            Reply::Pending(pending) => self.pending(head_bytes, pending),
            Reply::Again => self.again(head_bytes, content_bytes),
        })
    }

    /// The answer to the request at the front of the inbox is in the outbox; its head says what comes after it.
    fn answered(&mut self, head_bytes: usize, answered: Answered) -> State {
        self.wire.inbox.consume(head_bytes);
        let is_last = answered.persistence == Persistence::Close;
        self.begin(answered, if is_last { After::Close } else { After::Read })
    }

    fn again(&mut self, head_bytes: usize, content_bytes: u64) -> State {
        self.wire.explain(Reason::Went("what it asks for is looked up in the next turn"));
        let waiting = Waiting { content_bytes, turns: AGAIN_TURNS_MAX };
        State::Parsed(Parsed { head_bytes, missing: Missing::Turn(waiting) })
    }

    /// Asks the handler again. If it has to wait once more, the other connections have their turn before.
    fn ask_again(
        &mut self,
        head_bytes: usize,
        Waiting { content_bytes, turns }: Waiting,
    ) -> Result<Next, Stop> {
        let mut state = self.respond(head_bytes, content_bytes)?;
        let State::Parsed(Parsed { missing: Missing::Turn(waiting), .. }) = &mut state else {
            return Ok(Next::Go(state));
        };
        let Some(left) = turns.checked_sub(1) else {
            return Err(
                Refusal::new(Status::SERVICE_UNAVAILABLE, "the file cannot be opened at the moment").into()
            );
        };
        waiting.turns = left;
        Ok(Next::Yield(state))
    }

    fn pending(&mut self, head_bytes: usize, pending: Box<dyn Pending>) -> State {
        self.wire.explain(Reason::Went("the answer takes more than a turn"));
        State::Parsed(Parsed { head_bytes, missing: Missing::Answer(pending) })
    }
}

/// Tells the observer whether the disk was asked for an answer: `before` is [`disk_calls`] when the service was.
#[inline(always)]
fn note_disk<T: Transport>(before: u64, transport: &mut T) {
    if T::OBSERVED && disk_calls::<T>() != before {
        transport.notify(Event::Step(Step::Disk));
    }
}

/// Tells the observer whether content of an answer was read from the disk: `before` is [`disk_calls`] when the answer was begun.
#[inline(always)]
fn note_read<T: Transport>(before: u64, transport: &mut T) {
    if T::OBSERVED && disk_calls::<T>() != before {
        transport.notify(Event::Spent(On::Disk));
    }
}
