//! The steps of a connection from an answer in the outbox to the next request, or to the end.

use super::answer::{self, Answered};
use super::event::{Event, Reason};
use super::io::Transfer;
use super::outgoing::Stream;
use super::state::{After, Machine, Next, State, Stop};
use super::transport::{Follow, Transport};
use super::wait::Wait;
use super::wire::disk_calls;
use crate::http::Refusal;
use crate::http::lines::request_line;
use crate::service::limits::Limits;
use crate::service::response::Progress;
use log::debug;

/// Bytes of queued answers at which they are sent, though more requests of the same write are waiting.
const GATHERED_BYTES_MAX: usize = 64 << 10;

impl<T: Transport> Machine<'_, T> {
    /// Sends an answer at once, or queues it and first answers what else was read: then many answers leave in one write.
    pub(super) fn begin(&mut self, Answered { status, .. }: Answered, after: After) -> State {
        debug!("{} answered with {} {}", self.wire.client.id, status.code, status.reason);
        if T::OBSERVED {
            let (unsent, follows) = (self.wire.out.outbox.bytes().len(), self.wire.out.stream.is_some());
            let ahead = !self.wire.inbox.is_empty();
            self.wire.io.transport().notify(Event::Answered { status, unsent, follows, ahead });
            // Without times, the line was written with the answer.
            let is_logged = !follows && self.context.access.is_read() && !self.context.access.is_timed();
            self.wire.note_logged(usize::from(is_logged));
        }
        self.wire.restart(Wait::Idle, self.context);
        let may_queue = self.wire.out.stream.is_none() && after == After::Read;
        let has_room = self.wire.out.outbox.bytes().len() < GATHERED_BYTES_MAX;
        match may_queue && has_room && !self.wire.inbox.is_empty() {
            true => State::Reading,
            false => State::Writing(after),
        }
    }

    /// Answers what came with a refusal, as the last answer of the connection.
    pub(super) fn refuse(&mut self, refusal: Refusal) -> State {
        let Machine { wire, context } = self;
        wire.note_refused();
        let (client, came, out, transport) = wire.sides();
        transport.notify(Event::Refused(request_line(came)));
        let answered = answer::refuse(refusal, came, client, out, context);
        wire.inbox.clear();
        if context.access.holds() {
            // A refusal may be made before the drive in which it is sent, and other connections come between.
            wire.keep_lines(context);
        }
        self.begin(answered, After::Linger)
    }

    /// Sends the outbox, then the stream that follows it, a bounded part a turn.
    pub(super) fn write(&mut self, after: After) -> Result<Next, Stop> {
        let out = &mut self.wire.out;
        if !out.outbox.is_empty() {
            // What follows at once leaves in the same packet: the file, or the end of all that is sent.
            let is_followed = match &out.stream {
                Some(Stream::File(file)) => file.has_more() || after != After::Read,
                Some(Stream::Source(_)) => false,
                None => after != After::Read,
            };
            let follow = if is_followed { Follow::More } else { Follow::Nothing };
            let transfer = self.wire.flush(follow, self.context)?;
            return self.flushed(transfer, State::Writing(after));
        }
        let state = State::Writing(after);
        let sending = match &mut out.stream {
            None => return Ok(Next::Go(self.finish(after)?)),
            Some(Stream::File(sending)) => sending,
            Some(Stream::Source(_)) => return self.produce(state),
        };
        if sending.range.is_empty() {
            self.next_part();
            return Ok(Next::Go(state));
        }
        let count = self.context.file_budget.part_of(sending.range.end - sending.range.start);
        if count == 0 {
            return Ok(Next::Yield(state));
        }
        match self.wire.io.send_file(&sending.file, sending.range.start, count as usize)? {
            Transfer::Bytes(count) => {
                sending.range.start += count as u64;
                let is_sent = sending.range.is_empty();
                self.context.file_budget.spend(count as u64);
                self.wire.sent_content(count as u64, self.context);
                self.wire.note_sent();
                Ok(if is_sent { Next::Go(state) } else { Next::Yield(state) })
            }
            Transfer::WouldBlock => self.park(Wait::Write, state),
            Transfer::End => Err(Stop::Over("the file is shorter than it was")),
        }
    }

    /// A part of the outbox was sent: the connection goes on in `state`.
    pub(super) fn flushed(&mut self, transfer: Transfer, state: State) -> Result<Next, Stop> {
        match transfer {
            Transfer::Bytes(_) => Ok(Next::Go(state)),
            Transfer::WouldBlock => self.park(Wait::Write, state),
            Transfer::End => Err(Stop::Over("the socket takes nothing")),
        }
    }

    /// Makes a part of content that is made while it is sent. It is in the outbox then, or there is none for now, or that was
    /// all.
    #[inline(never)]
    fn produce(&mut self, state: State) -> Result<Next, Stop> {
        let (out, context) = (&mut self.wire.out, &mut *self.context);
        let Some(Stream::Source(source)) = &mut out.stream else { return Ok(Next::Go(state)) };
        if source.is_download() {
            if context.file_budget.is_used_up() {
                return Ok(Next::Yield(state));
            }
            context.file_budget.spend_a_part();
        }
        let asked = disk_calls::<T>();
        let produced = source.produce(&mut out.outbox, &mut context.buffers, context.phase);
        self.wire.note_spent(asked);
        let (progress, count) = produced?;
        match progress {
            Progress::Again => {
                self.wire.sent_content(count, self.context);
                Ok(Next::Yield(state))
            }
            Progress::Later => self.wait_for_supply(state),
            Progress::Ready(()) => {
                self.wire.out.stream = None;
                if self.wire.out.outbox.is_empty() {
                    self.wire.note_sent();
                }
                Ok(Next::Go(state))
            }
        }
    }

    /// A part of a file was sent: the next follows, with the bytes that stand before it, or nothing any more.
    fn next_part(&mut self) {
        let Some(Stream::File(sending)) = &mut self.wire.out.stream else { return };
        match sending.next_part() {
            Some(before) => {
                self.wire.out.outbox.end(&mut self.context.buffers).extend_from_slice(&before);
                self.wire.sent_content(before.len() as u64, self.context);
            }
            None => self.wire.out.stream = None,
        }
    }

    /// Everything was sent.
    fn finish(&mut self, after: After) -> Result<State, Stop> {
        debug!("{} done", self.wire.client.id);
        self.wire.explain(Reason::Went("all of the answer is sent"));
        let lines = self.wire.log(self.context);
        self.wire.note_logged(lines);
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

    /// Reads what still comes. Closing a socket that holds unread bytes resets it, and a reset can destroy the answer before
    /// the client has read it (RFC 9112 §9.6).
    pub(super) fn drain(&mut self, dropped: u64) -> Result<Next, Stop> {
        if dropped >= Limits::LINGER_BYTES_MAX {
            return Err(Stop::Over("the client went on sending"));
        }
        match self.wire.io.recv(&mut self.context.buffers.landing)? {
            Transfer::Bytes(count) => Ok(Next::Go(State::Closing(dropped + count as u64))),
            Transfer::WouldBlock => self.park(Wait::Linger, State::Closing(dropped)),
            Transfer::End => Err(Stop::Over("the client has seen the last answer")),
        }
    }
}
