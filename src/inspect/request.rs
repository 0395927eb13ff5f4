//! The last requests of one connection, and the steps of each. This file does not know how they are shown.

use super::stamp::Nanos;
use crate::conn::Id;
use crate::conn::event::Step;

/// Requests that are kept for each connection.
const REQUESTS_MAX: usize = 4;

/// Bytes of a request line that are kept.
const LINE_BYTES_MAX: usize = 80;

/// The beginning of a request line, as it came.
#[derive(Clone, Copy)]
pub struct Line {
    bytes: [u8; LINE_BYTES_MAX],
    count: usize,
}

/// A request.
#[derive(Clone, Copy)]
pub struct Request {
    /// Its number, among all requests to this server.
    pub number: u64,
    /// The connection on which it came, and the place of that in the slab.
    pub key: usize,
    pub id: Id,
    pub line: Line,
    /// The status of its answer; 0 while it has none.
    pub status: u16,
    /// When its first bytes were read. Bytes that were read while another request was waited on count as read with the last of
    /// them.
    pub began: Nanos,
    steps: [(u8, Nanos); Step::TABLE.len()],
    steps_count: usize,
    /// The same steps, a bit for each.
    made: u8,
    /// Where its answer begins and ends among the bytes that the connection sends.
    answer: (u64, u64),
    /// Whether content follows that is not counted in `answer`.
    follows: bool,
    /// Whether the readers of the events were not told of it as it is.
    pub is_new: bool,
}

/// The requests of one connection.
#[derive(Default)]
pub struct Requests {
    /// The last ones. The one with the number `n` on this connection is at `n % REQUESTS_MAX`.
    kept: Vec<Request>,
    /// How many requests there were so far, and how many of them have their line in the log.
    begun: u64,
    logged: u64,
    /// How many are not kept any longer that no reader of the events was told of as they were, since this was last asked.
    forgotten: u64,
    /// When the first bytes were read of a request that is not here yet; when any were read.
    came: Option<Nanos>,
    read: Nanos,
    /// Bytes sent so far, and when the last of them were.
    sent: u64,
    sent_at: Nanos,
    /// The place behind the last answer, among the bytes that are sent.
    queued: u64,
}

impl Default for Line {
    fn default() -> Line {
        Line { bytes: [0; LINE_BYTES_MAX], count: 0 }
    }
}

impl Line {
    /// Becomes the beginning of `bytes`.
    pub fn set(&mut self, bytes: &[u8]) {
        self.count = bytes.len().min(LINE_BYTES_MAX);
        self.bytes[..self.count].copy_from_slice(&bytes[..self.count]);
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.count]
    }
}

impl Request {
    fn new(id: Id) -> Request {
        Request {
            number: 0,
            key: 0,
            id,
            line: Line::default(),
            status: 0,
            began: 0,
            steps: Default::default(),
            steps_count: 0,
            made: 0,
            answer: (0, 0),
            follows: false,
            is_new: false,
        }
    }

    /// Another request of the same connection takes the place of this one. Says whether this one was new.
    fn begin(&mut self, number: u64, key: usize, began: Nanos) -> bool {
        (self.number, self.key, self.began) = (number, key, began);
        (self.status, self.steps_count, self.made, self.line.count) = (0, 0, 0, 0);
        (self.answer, self.follows) = ((0, 0), false);
        std::mem::replace(&mut self.is_new, true)
    }

    /// The steps that it has made, as places in [`Step::TABLE`], and when; in order of time.
    pub fn steps(&self) -> &[(u8, Nanos)] {
        &self.steps[..self.steps_count]
    }

    fn has(&self, step: Step) -> bool {
        self.made & 1 << step as u8 != 0
    }

    /// Notes a step. A look at the disk that had to wait for another turn ends with the last one.
    fn make(&mut self, step: Step, at: Nanos) {
        let at = self.steps().last().map_or(self.began, |(_, last)| *last).max(at);
        self.is_new = true;
        if let Some((last, time)) = self.steps[..self.steps_count].last_mut()
            && *last == step as u8
        {
            *time = at;
        } else if !self.has(step) {
            self.steps[self.steps_count] = (step as u8, at);
            self.steps_count += 1;
            self.made |= 1 << step as u8;
        }
    }

    /// So many bytes are sent, and `more` follow.
    fn note_sent(&mut self, sent: u64, more: bool, at: Nanos) {
        let (begin, end) = self.answer;
        if self.status == 0 || self.has(Step::LastByteOut) {
            return;
        }
        if sent > begin && !self.has(Step::FirstByteOut) {
            self.make(Step::FirstByteOut, at);
        }
        if if self.follows { !more } else { sent >= end } {
            self.make(Step::LastByteOut, at);
        }
    }
}

impl Requests {
    /// From the oldest to the last.
    pub fn iter(&self) -> impl Iterator<Item = &Request> + Clone {
        (self.gone()..self.begun).map(|number| &self.kept[index_of(number)])
    }

    /// How many are not kept any longer.
    fn gone(&self) -> u64 {
        self.begun - self.kept.len() as u64
    }

    fn last(&mut self) -> Option<&mut Request> {
        self.kept.get_mut(index_of(self.begun.wrapping_sub(1)))
    }

    /// Notes that the readers of the events know all of them. Gives how many they did not know.
    pub fn note_told(&mut self) -> usize {
        self.kept.iter_mut().map(|kept| usize::from(std::mem::take(&mut kept.is_new))).sum()
    }

    /// Bytes were read.
    pub fn note_read(&mut self, at: Nanos) {
        self.came.get_or_insert(at);
        self.read = at;
    }

    /// So many bytes were sent.
    pub fn note_written(&mut self, count: u64, at: Nanos) {
        self.sent += count;
        self.sent_at = at;
    }

    /// Nothing is left of what was read.
    pub fn forget_arrival(&mut self) {
        self.came = None;
    }

    /// How many were forgotten, since this was last asked, that the readers of the events do not know as they were.
    pub fn take_forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }

    /// Another request begins.
    pub fn begin(&mut self, number: u64, key: usize, id: Id) {
        let began = self.came.take().unwrap_or(self.read);
        if self.kept.capacity() == 0 {
            self.kept.reserve_exact(REQUESTS_MAX);
        }
        let index = index_of(self.begun);
        if index == self.kept.len() {
            self.kept.push(Request::new(id));
        }
        self.begun += 1;
        self.forgotten += u64::from(self.kept[index].begin(number, key, began));
    }

    /// Whether the last request has no answer yet.
    pub fn has_open(&mut self) -> bool {
        self.last().is_some_and(|last| last.status == 0)
    }

    /// The line of the last request.
    pub fn set_line(&mut self, line: &[u8]) {
        self.last().into_iter().for_each(|last| last.line.set(line));
    }

    /// The last request has made a step.
    pub fn make(&mut self, step: Step, at: Nanos) {
        self.last().into_iter().for_each(|last| last.make(step, at));
    }

    /// The last request is answered; so many bytes are `unsent` until the answer is out, and content follows or not. If bytes
    /// behind the request are here already, the next request has begun when they were read.
    pub fn answer(&mut self, status: u16, (unsent, follows): (u64, bool), ahead: bool, at: Nanos) {
        let begin = self.queued.max(self.sent);
        let end = self.sent + unsent;
        (self.queued, self.came) = (end, ahead.then_some(self.read));
        let Some(last) = self.last() else { return };
        last.make(Step::Answered, at);
        (last.status, last.answer, last.follows) = (status, (begin, end), follows);
    }

    /// Bytes of answers went out, and `more` of these answers are still to be sent.
    pub fn send(&mut self, more: bool) {
        for number in (self.gone()..self.begun).rev() {
            let kept = &mut self.kept[index_of(number)];
            if kept.has(Step::LastByteOut) {
                // The answers before it were out before.
                return;
            }
            kept.note_sent(self.sent, more, self.sent_at);
        }
    }

    /// The lines of the next answers, in the order of the requests, were handed to the log.
    pub fn log(&mut self, lines: usize, at: Nanos) {
        let end = (self.logged + lines as u64).min(self.begun);
        for number in self.logged.max(self.gone())..end {
            self.kept[index_of(number)].make(Step::Logged, at);
        }
        self.logged = end;
    }
}

fn index_of(number: u64) -> usize {
    (number % REQUESTS_MAX as u64) as usize
}
