//! All of a connection but its state: the socket, what came, what goes, and what is waited for since when.

use super::arrivals::{Arrivals, Came};
use super::buffers::Buffer;
use super::context::Context;
use super::event::{Event, On, Reason};
use super::io::{Io, Transfer};
use super::outgoing::{Outgoing, Stream};
use super::transport::{Follow, Transport};
use super::wait::Wait;
use crate::http::lines::HeadScan;
use crate::http::{HeadLimits, Refusal};
use crate::os::files;
use crate::service::Client;
use crate::site::Tick;
use std::io;
use std::time::Instant;

/// What the states of a connection work with.
pub(super) struct Wire<T> {
    pub client: Client,
    pub io: Io<T>,
    pub inbox: Buffer,
    /// How far the inbox was looked through for the end of a head.
    pub scan: HeadScan,
    /// When something was last read.
    pub read: Tick,
    arrivals: Arrivals,
    pub out: Outgoing,
    pub wait: Wait,
    pub since: Instant,
}

impl<T: Transport> Wire<T> {
    pub fn new(transport: T, client: Client, now: Instant) -> Wire<T> {
        let io = Io::new(transport, client.id);
        let (inbox, scan, read, arrivals, out) = Default::default();
        Wire { client, io, inbox, scan, read, arrivals, out, wait: Wait::First, since: now }
    }

    /// Takes what a read has brought into the inbox.
    pub fn take_in(&mut self, count: usize, came: Came, context: &mut Context) {
        if context.access.is_timed() {
            self.note_arrival(count, came, context.now);
        }
        self.inbox.take_in(count, &mut context.buffers);
        self.read = context.service.site.tick();
    }

    // What only a log with times needs stays out of the way of a request without one.
    #[inline(never)]
    fn note_arrival(&mut self, count: usize, came: Came, turn: Instant) {
        let now = match came {
            Came::BeforeTheTurn => turn,
            Came::UntilNow => Instant::now(),
        };
        self.arrivals.note(count, self.inbox.bytes().len(), now);
    }

    /// The length of the head at the front of the inbox, once it is whole.
    pub fn find_head(&mut self, limits: &HeadLimits) -> Result<Option<usize>, Refusal> {
        let found = self.scan.find(self.inbox.bytes(), limits)?;
        if let Some(head) = &found {
            self.inbox.consume(head.start);
            self.scan = HeadScan::default();
        }
        Ok(found.map(|head| head.len()))
    }

    /// The head at the front of the inbox is whole, and has so many bytes: from now on its request is waited on.
    #[inline(never)]
    pub fn note_asked(&mut self, head_bytes: usize) {
        self.out.asked = self.arrivals.of(self.inbox.bytes().len() - head_bytes);
    }

    /// What came is refused: where no head became whole, the answer is waited for since the last byte.
    pub fn note_refused(&mut self) {
        self.out.asked = self.out.asked.or(self.arrivals.last());
    }

    /// Who asks, what came, where answers go, and what carries both.
    pub fn sides(&mut self) -> (&Client, &[u8], &mut Outgoing, &mut T) {
        (&self.client, self.inbox.bytes(), &mut self.out, self.io.transport())
    }

    /// Tells the observer why the state changes.
    pub fn explain(&mut self, reason: Reason) {
        self.io.transport().notify(Event::Reason(reason));
    }

    /// Tells the observer that bytes went out: by send(2) from the outbox, or by sendfile(2).
    #[inline(always)]
    pub fn note_sent(&mut self) {
        if T::OBSERVED {
            let more = match &self.out.stream {
                Some(Stream::File(file)) => file.has_more(),
                Some(Stream::Source(_)) => true,
                None => false,
            };
            let more = more || !self.out.outbox.is_empty();
            self.io.transport().notify(Event::Sent { more });
        }
    }

    /// Tells the observer that the lines of so many answers were handed to the log.
    #[inline(always)]
    pub fn note_logged(&mut self, lines: usize) {
        if T::OBSERVED && lines > 0 {
            self.io.transport().notify(Event::Logged(lines));
        }
    }

    /// Tells the observer that a part of an answer was made, for which the disk was asked or not: `before` is [`disk_calls`] then.
    #[inline(always)]
    pub fn note_spent(&mut self, before: u64) {
        if T::OBSERVED {
            let on = if disk_calls::<T>() == before { On::Answer } else { On::Disk };
            self.io.transport().notify(Event::Spent(on));
        }
    }

    /// Sends once from the outbox.
    pub fn flush(&mut self, follow: Follow, context: &mut Context) -> io::Result<Transfer> {
        let transfer = self.io.send(self.out.outbox.bytes(), follow)?;
        if let Transfer::Bytes(count) = transfer {
            self.out.outbox.consume(count);
            self.restart(Wait::Write, context);
            self.note_sent();
            if context.access.is_timed() {
                let lines = self.log_sent(count, context);
                self.note_logged(lines);
            }
        }
        Ok(transfer)
    }

    /// Takes note of content that went out beside the outbox.
    pub fn sent_content(&mut self, count: u64, context: &Context) {
        self.out.entry.iter_mut().for_each(|entry| entry.content_bytes += count);
        self.restart(Wait::Write, context);
    }

    /// So many bytes are sent: logs the answers that are out, and gives how many they are.
    #[inline(never)]
    fn log_sent(&mut self, count: usize, context: &mut Context) -> usize {
        if self.out.outbox.is_empty() {
            return self.log_all(context);
        }
        self.keep_lines(context);
        self.out.waiting.iter_mut().for_each(|entry| entry.unsent = entry.unsent.saturating_sub(count));
        let out = self.out.waiting.iter().take_while(|entry| entry.unsent == 0).count();
        self.out.waiting.drain(..out).for_each(|entry| context.access.add(entry));
        out
    }

    /// The answers in the outbox are out, or never will be. Gives how many lines were logged.
    #[inline(never)]
    fn log_all(&mut self, context: &mut Context) -> usize {
        // For the observer alone.
        let lines = if T::OBSERVED { self.out.waiting.len() + context.access.held() } else { 0 };
        if !self.out.waiting.is_empty() {
            self.out.waiting.drain(..).for_each(|entry| context.access.add(entry));
        }
        if context.access.holds() {
            context.access.settle();
        }
        lines
    }

    /// Keeps the lines of answers that are not out, for the time when they are.
    #[cold]
    pub fn keep_lines(&mut self, context: &mut Context) {
        context.access.hand_over(&mut self.out.waiting);
    }

    /// All answers are out, or never will be. Gives how many lines were logged.
    pub fn log(&mut self, context: &mut Context) -> usize {
        let mut lines = 0;
        if context.access.is_timed() {
            lines += self.log_all(context);
        }
        if let Some(entry) = self.out.entry.take() {
            context.access.add(entry);
            lines += 1;
        }
        lines
    }

    /// Waits for `wait` from now on; the clock runs on where that is nothing new.
    pub fn wait_for(&mut self, wait: Wait, context: &Context) {
        if self.wait != wait {
            self.restart(wait, context);
        }
    }

    /// Starts the clock of `wait` now.
    pub fn restart(&mut self, wait: Wait, context: &Context) {
        self.wait = wait;
        self.since = context.now;
    }
}

/// How often this thread has asked for a file so far; always 0 where there is no observer that would be told.
#[inline(always)]
pub(super) fn disk_calls<T: Transport>() -> u64 {
    if T::OBSERVED { files::disk_calls() } else { 0 }
}
