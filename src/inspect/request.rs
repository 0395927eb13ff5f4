//! The last requests of one connection, and the steps of each. This file does not know how they are shown.

use super::stamp::Nanos;
use crate::conn::Id;
use crate::conn::event::Step;
use std::collections::VecDeque;

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
    kept: VecDeque<Request>,
    /// How many requests there were so far, and how many of them have their line in the log.
    begun: u64,
    logged: u64,
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
    pub fn of(bytes: &[u8]) -> Line {
        let mut line = Line { count: bytes.len().min(LINE_BYTES_MAX), ..Line::default() };
        line.bytes[..line.count].copy_from_slice(&bytes[..line.count]);
        line
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.count]
    }
}

impl Request {
    /// The steps that it has made, as places in [`Step::TABLE`], and when; in order of time.
    pub fn steps(&self) -> &[(u8, Nanos)] {
        &self.steps[..self.steps_count]
    }

    fn has(&self, step: Step) -> bool {
        self.steps().iter().any(|(made, _)| *made == step as u8)
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
    pub fn iter(&self) -> impl Iterator<Item = &Request> + Clone {
        self.kept.iter()
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
    pub fn rest(&mut self) {
        self.came = None;
    }

    /// The head of another request is here. Gives a request that is not kept any longer.
    pub fn begin(&mut self, number: u64, key: usize, id: Id) -> Option<Request> {
        let oldest = match self.kept.len() == REQUESTS_MAX {
            true => self.kept.pop_front(),
            false => None,
        };
        if self.kept.capacity() == 0 {
            self.kept.reserve_exact(REQUESTS_MAX);
        }
        self.begun += 1;
        self.kept.push_back(Request {
            number,
            key,
            id,
            line: Line::default(),
            status: 0,
            began: self.came.take().unwrap_or(self.read),
            steps: Default::default(),
            steps_count: 0,
            answer: (0, 0),
            follows: false,
            is_new: true,
        });
        oldest
    }

    /// Whether the last request has no answer yet.
    pub fn has_open(&self) -> bool {
        self.kept.back().is_some_and(|last| last.status == 0)
    }

    /// The line of the last request.
    pub fn set_line(&mut self, line: Line) {
        self.kept.back_mut().into_iter().for_each(|last| last.line = line);
    }

    /// The last request has made a step.
    pub fn make(&mut self, step: Step, at: Nanos) {
        self.kept.back_mut().into_iter().for_each(|last| last.make(step, at));
    }

    /// The last request is answered; `unsent` bytes are to be sent until the answer is out, and more if content `follows`.
    pub fn answer(&mut self, status: u16, unsent: u64, follows: bool, at: Nanos) {
        let begin = self.queued.max(self.sent);
        self.queued = self.sent + unsent;
        self.came = None;
        let Some(last) = self.kept.back_mut() else { return };
        last.make(Step::Answered, at);
        (last.status, last.answer, last.follows) = (status, (begin, self.queued), follows);
    }

    /// Bytes of answers went out, and `more` of these answers are still to be sent.
    pub fn send(&mut self, more: bool) {
        for kept in &mut self.kept {
            kept.note_sent(self.sent, more, self.sent_at);
        }
    }

    /// The lines of the next answers, in the order of the requests, were handed to the log.
    pub fn log(&mut self, lines: usize, at: Nanos) {
        let gone = self.begun - self.kept.len() as u64;
        for place in self.logged..self.logged + lines as u64 {
            let kept = place.checked_sub(gone).and_then(|index| self.kept.get_mut(index as usize));
            kept.into_iter().for_each(|kept| kept.make(Step::Logged, at));
        }
        self.logged += lines as u64;
    }
}
