//! The state machine of a connection.
//!
//! ```text
//!    Reading ──head complete──▶ Parsed ──body consumed──▶ Writing ──all sent──▶ Closing ──drained──▶ Closed
//!       ▲                                                    │
//!       └──── kept alive: sent, or queued while more of the inbox is to be read ────┘
//! ```
//!
//! A state exists only where the machine can wait or end, and holds just what is valid in it. A step takes
//! the old state and gives the next one; it makes one system call on the socket at most, so that a line of
//! `strace` is a step and fairness is a count. Whoever fails leaves `Closed` behind.

use super::access::{Entry, Exchange};
use super::buffers::Buffer;
use super::context::{Context, Phase};
use super::io::Moved;
use super::transport::{Follow, Transport};
use super::wire::{Wait, Wire};
use crate::handlers::{self, Content, Response};
use crate::http::Refusal;
use crate::http::body::Body;
use crate::http::fields::Slots;
use crate::http::lines::HeadScan;
use crate::http::request::{Method, Persistence, Request};
use crate::http::response::{CONTINUE, Status};
use crate::limits::Limits;
use crate::routes;
use log::debug;
use std::fs::File;
use std::io;
use std::net::IpAddr;

/// Bytes of queued answers at which they are sent, though more requests of the same write are waiting.
const GATHERED_BYTES_MAX: usize = 64 << 10;

/// Bytes of a file that one turn sends: a client on a fast network does not hold up the others, and
/// reading from a slow disk holds them up by that much at most.
const FILE_BYTES_PER_TURN: u64 = 256 << 10;

/// Where a connection stands.
#[derive(Default)]
pub(super) enum State {
    /// Waiting for a head, or for the rest of one.
    Reading(HeadScan),
    /// The head is whole and accepted, the body is not here yet.
    Parsed(Parsed),
    /// An answer is on its way.
    Writing(Writing),
    /// Our side is shut; what the client still sends is read and dropped, up to so many bytes.
    Closing(u64),
    /// Over.
    #[default]
    Closed,
}

/// The head stays at the front of the inbox, so that nothing of it is copied; it is read again when the
/// body is whole.
pub(super) struct Parsed {
    head_bytes: usize,
    body: Body,
}

/// The outbox goes first, then the file, then what comes after the answer.
pub(super) struct Writing {
    file: Option<Sending>,
    after: After,
}

/// A file on its way out.
struct Sending {
    file: File,
    sent: u64,
    length: u64,
    entry: Option<Entry>,
}

/// What becomes of a connection once its answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// The next request.
    Read,
    /// The end; everything the client sent was read.
    Close,
    /// The end, though the client may still be sending.
    Linger,
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

impl State {
    pub(super) fn name(&self) -> &'static str {
        match self {
            State::Reading(_) => "Reading",
            State::Parsed(_) => "Parsed",
            State::Writing(_) => "Writing",
            State::Closing(_) => "Closing",
            State::Closed => "Closed",
        }
    }

    /// One step.
    pub(super) fn step<T: Transport>(self, wire: &mut Wire<T>, context: &mut Context) -> Next {
        match self {
            State::Reading(scan) => reading(scan, wire, context),
            State::Parsed(parsed) => parsed.step(wire, context),
            State::Writing(writing) => writing.step(wire, context),
            State::Closing(dropped) => closing(dropped, wire, context),
            State::Closed => Next::Go(State::Closed),
        }
    }

    /// What follows when the time for what it waits for is up.
    pub(super) fn expire<T: Transport>(self, wire: &mut Wire<T>, context: &mut Context) -> State {
        let late = |why| Refusal::new(Status::REQUEST_TIMEOUT, why);
        match (wire.wait, self) {
            (Wait::Head, _) => refuse(late("the head took too long"), wire, context),
            (Wait::Body, _) => refuse(late("the body took too long"), wire, context),
            (Wait::Idle, _) => close(wire, "no request came"),
            (Wait::Linger, _) => close(wire, "the client went on sending"),
            (Wait::Write, State::Writing(writing)) => {
                writing.give_up("the client takes nothing", wire, context)
            }
            (Wait::Write, _) => close(wire, "the client takes nothing"),
        }
    }
}

/// Looks into the inbox before it asks the socket: pipelined requests need no code of their own.
fn reading<T: Transport>(mut scan: HeadScan, wire: &mut Wire<T>, context: &mut Context) -> Next {
    match scan.find(wire.inbox.bytes(), &context.limits.head) {
        Ok(None) => {}
        Ok(Some(head)) => {
            wire.inbox.consume(head.start);
            return Next::Go(route(head.len(), wire, context));
        }
        Err(refusal) => return Next::Go(refuse(refusal, wire, context)),
    }
    if !wire.outbox.is_empty() {
        return flush(State::Reading(scan), Follow::Nothing, wire, context);
    }
    let wait = if wire.inbox.is_empty() { Wait::Idle } else { Wait::Head };
    match wire.receive(context) {
        Ok(Moved::Bytes(_)) => Next::Go(State::Reading(scan)),
        Ok(Moved::WouldBlock) if wait == Wait::Idle && context.phase == Phase::Stopping => {
            Next::Go(close(wire, "the server stops"))
        }
        Ok(Moved::WouldBlock) => park(wait, State::Reading(scan), wire, context),
        Ok(Moved::End) if wire.inbox.is_empty() => Next::Go(close(wire, "the client is done")),
        Ok(Moved::End) => Next::Go(refuse(Refusal::bad("the head ended in the middle"), wire, context)),
        Err(error) => Next::Go(fail(wire, &error)),
    }
}

/// A whole head stands at the front of the inbox: is it one to act on, and does a body belong to it?
fn route<T: Transport>(head_bytes: usize, wire: &mut Wire<T>, context: &mut Context) -> State {
    let mut slots = Slots::new();
    let (head, rest) = wire.inbox.bytes().split_at(head_bytes);
    let parsed = Request::parse(head, &mut slots)
        .and_then(|request| Ok((Body::new(request.framing, context.limits.content_bytes_max)?, request)));
    let (body, mut request) = match parsed {
        Ok(parsed) => parsed,
        Err(refusal) => return refuse(refusal, wire, context),
    };
    debug!("{} {} {:?}", wire.id, request.method.name(), request.target);
    let client_waits = request.expects_continue && rest.is_empty() && !body.is_whole();
    if client_waits && !routes::answers(request.method) {
        request.persistence = Persistence::Close;
        let writing = respond(&request, wire.peer, &mut wire.outbox, context);
        wire.inbox.clear();
        return writing.begin(wire, context);
    }
    if body.is_whole() {
        let writing = respond(&request, wire.peer, &mut wire.outbox, context);
        wire.inbox.consume(head_bytes);
        return writing.begin(wire, context);
    }
    if client_waits {
        wire.outbox.end(&mut context.buffers).extend_from_slice(CONTINUE);
    }
    State::Parsed(Parsed { head_bytes, body })
}

impl Parsed {
    /// Consumes what came of the body. It is never answered before its end with a success.
    fn step<T: Transport>(mut self, wire: &mut Wire<T>, context: &mut Context) -> Next {
        match self.body.consume(&wire.inbox.bytes()[self.head_bytes..], &context.limits.head) {
            Ok(count) => wire.inbox.cut(self.head_bytes, count),
            Err(refusal) => return Next::Go(refuse(refusal, wire, context)),
        }
        if self.body.is_whole() {
            return Next::Go(self.answer(wire, context));
        }
        if !wire.outbox.is_empty() {
            return flush(State::Parsed(self), Follow::Nothing, wire, context);
        }
        match wire.receive(context) {
            Ok(Moved::Bytes(_)) => {
                wire.restart(Wait::Body, context);
                Next::Go(State::Parsed(self))
            }
            Ok(Moved::WouldBlock) => park(Wait::Body, State::Parsed(self), wire, context),
            Ok(Moved::End) => Next::Go(refuse(Refusal::bad("the body ended in the middle"), wire, context)),
            Err(error) => Next::Go(fail(wire, &error)),
        }
    }

    fn answer<T: Transport>(self, wire: &mut Wire<T>, context: &mut Context) -> State {
        let mut slots = Slots::new();
        let mut request = match Request::parse(&wire.inbox.bytes()[..self.head_bytes], &mut slots) {
            Ok(request) => request,
            Err(refusal) => return refuse(refusal, wire, context),
        };
        request.content_bytes = self.body.content_bytes();
        let writing = respond(&request, wire.peer, &mut wire.outbox, context);
        wire.inbox.consume(self.head_bytes);
        writing.begin(wire, context)
    }
}

/// Asks the dispatch table and queues what it answers.
fn respond(request: &Request<'_>, peer: IpAddr, outbox: &mut Buffer, context: &mut Context) -> Writing {
    let response = routes::dispatch(request, &context.site);
    let exchange = Exchange {
        peer,
        date: context.date.text(),
        request_line: request.line,
        status: response.head.status,
        referer: request.fields.first("referer"),
        user_agent: request.fields.first("user-agent"),
    };
    let entry = exchange.entry();
    let persistence = match context.phase {
        Phase::Serving => request.persistence,
        Phase::Stopping => Persistence::Close,
    };
    let file = queue(response, request.method, persistence, entry, outbox, context);
    let after = if persistence == Persistence::Close { After::Close } else { After::Read };
    Writing { file, after }
}

/// Answers what cannot be read as a request, and reads no further.
fn refuse<T: Transport>(refusal: Refusal, wire: &mut Wire<T>, context: &mut Context) -> State {
    let mut came = wire.inbox.bytes();
    while let [b'\r' | b'\n', rest @ ..] = came {
        came = rest;
    }
    let line = came.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
    debug!("{} refused with {}: {}", wire.id, refusal.status.code, refusal.why);
    let status = refusal.status;
    let exchange = Exchange {
        peer: wire.peer,
        date: context.date.text(),
        request_line: line,
        status,
        referer: None,
        user_agent: None,
    };
    let entry = exchange.entry();
    let method = if line.starts_with(b"HEAD ") { Method::Head } else { Method::Get };
    let page = handlers::page(status, refusal.why);
    queue(page, method, Persistence::Close, entry, &mut wire.outbox, context);
    wire.inbox.clear();
    wire.restart(Wait::Idle, context);
    State::Writing(Writing { file: None, after: After::Linger })
}

/// Puts an answer into the outbox, all but a file's content.
fn queue(
    response: Response,
    method: Method,
    persistence: Persistence,
    entry: Option<Entry>,
    outbox: &mut Buffer,
    context: &mut Context,
) -> Option<Sending> {
    let out = outbox.end(&mut context.buffers);
    response.head.encode(out, context.date.text(), response.content.length(), persistence);
    let sent = match response.content {
        Content::File { file, length } if method != Method::Head => {
            return Some(Sending { file, sent: 0, length, entry });
        }
        Content::Bytes(bytes) if method != Method::Head => {
            out.extend_from_slice(&bytes);
            bytes.len() as u64
        }
        _ => 0,
    };
    if let Some(entry) = entry {
        context.access.add(entry, sent);
    }
    None
}

impl Writing {
    /// Sends at once, or first answers what else was read: then many answers leave in one write.
    fn begin<T: Transport>(self, wire: &mut Wire<T>, context: &mut Context) -> State {
        wire.restart(Wait::Idle, context);
        let queued = self.file.is_none() && self.after == After::Read;
        if queued && !wire.inbox.is_empty() && wire.outbox.bytes().len() < GATHERED_BYTES_MAX {
            return State::Reading(HeadScan::default());
        }
        State::Writing(self)
    }

    fn step<T: Transport>(self, wire: &mut Wire<T>, context: &mut Context) -> Next {
        if !wire.outbox.is_empty() {
            let follow = if self.file.is_some() { Follow::More } else { Follow::Nothing };
            return flush(State::Writing(self), follow, wire, context);
        }
        let Writing { file, after } = self;
        match file {
            Some(sending) => sending.step(after, wire, context),
            None => Next::Go(finish(after, wire, context)),
        }
    }

    fn give_up<T: Transport>(self, why: &str, wire: &mut Wire<T>, context: &mut Context) -> State {
        if let Some(sending) = self.file {
            sending.log(context);
        }
        close(wire, why)
    }
}

impl Sending {
    fn step<T: Transport>(mut self, after: After, wire: &mut Wire<T>, context: &mut Context) -> Next {
        let count = (self.length - self.sent).min(FILE_BYTES_PER_TURN);
        match wire.io.send_file(&self.file, self.sent, count as usize) {
            Ok(Moved::Bytes(count)) => {
                self.sent += count as u64;
                wire.restart(Wait::Write, context);
                if self.sent < self.length {
                    return Next::Yield(State::Writing(Writing { file: Some(self), after }));
                }
                self.log(context);
                Next::Go(State::Writing(Writing { file: None, after }))
            }
            Ok(Moved::WouldBlock) => {
                park(Wait::Write, State::Writing(Writing { file: Some(self), after }), wire, context)
            }
            Ok(Moved::End) => {
                self.log(context);
                Next::Go(close(wire, "the file is shorter than it was"))
            }
            Err(error) => {
                self.log(context);
                Next::Go(fail(wire, &error))
            }
        }
    }

    fn log(self, context: &mut Context) {
        if let Some(entry) = self.entry {
            context.access.add(entry, self.sent);
        }
    }
}

/// Everything was sent.
fn finish<T: Transport>(after: After, wire: &mut Wire<T>, context: &mut Context) -> State {
    match after {
        After::Read => {
            wire.restart(Wait::Idle, context);
            State::Reading(HeadScan::default())
        }
        After::Close if wire.inbox.is_empty() && wire.io.is_drained() => {
            close(wire, "the answer was the last")
        }
        After::Close | After::Linger => match wire.io.shutdown() {
            Ok(()) => State::Closing(0),
            Err(error) => fail(wire, &error),
        },
    }
}

/// Closing a socket that holds unread bytes resets it, and a reset can destroy the answer before the client
/// has read it (RFC 9112 §9.6): so the bytes are read.
fn closing<T: Transport>(dropped: u64, wire: &mut Wire<T>, context: &mut Context) -> Next {
    if dropped >= Limits::LINGER_BYTES_MAX {
        return Next::Go(close(wire, "the client went on sending"));
    }
    match wire.io.recv(&mut context.buffers.landing) {
        Ok(Moved::Bytes(count)) => Next::Go(State::Closing(dropped + count as u64)),
        Ok(Moved::WouldBlock) => park(Wait::Linger, State::Closing(dropped), wire, context),
        Ok(Moved::End) => Next::Go(close(wire, "the client has read the refusal")),
        Err(error) => Next::Go(fail(wire, &error)),
    }
}

/// Sends from the outbox, and goes on in `state`.
fn flush<T: Transport>(state: State, follow: Follow, wire: &mut Wire<T>, context: &Context) -> Next {
    match wire.flush(follow, context) {
        Ok(Moved::Bytes(_)) => Next::Go(state),
        Ok(Moved::WouldBlock) => park(Wait::Write, state, wire, context),
        Ok(Moved::End) => Next::Go(close(wire, "the socket takes nothing")),
        Err(error) => Next::Go(fail(wire, &error)),
    }
}

fn park<T: Transport>(wait: Wait, state: State, wire: &mut Wire<T>, context: &Context) -> Next {
    wire.wait_for(wait, context);
    Next::Park(state)
}

fn close<T>(wire: &Wire<T>, why: &str) -> State {
    debug!("{} closed: {why}", wire.id);
    State::Closed
}

/// An error on the socket ends one connection, nothing else.
fn fail<T>(wire: &Wire<T>, error: &io::Error) -> State {
    debug!("{} closed: {error}", wire.id);
    State::Closed
}
