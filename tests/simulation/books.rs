//! The books of one connection: which requests the server has read, which it has answered, what it must wait for, and
//! since when.

use crate::access::{End, Lines};
use crate::answer::{Answer, Asked, Reader};
use crate::disk::Disk;
use crate::question::Seen;
use crate::request::{After, Expects, Judged, Request};
use onepoll::conn::Wait;
use onepoll::service::limits::Limits;
use std::time::{Instant, SystemTime};

/// The model of one connection.
pub struct Books {
    asked: Vec<Entry>,
    answered: usize,
    reader: Reader,
    at_its_begin: Begin,
    /// Bytes from the client that the server has read.
    pub read: u64,
    /// Whether the server has read the end of the client's bytes.
    pub end_read: bool,
    pub over: Over,
    accepted_at: Instant,
    read_at: Instant,
    /// When the first byte was read of a request that is not whole.
    began_at: Instant,
    sent_at: Instant,
    blocked_since: Option<Instant>,
    has_sent: bool,
    pub lines: Lines,
}

/// The state when the answer that is being received began.
#[derive(Clone, Copy)]
struct Begin {
    wait: Wait,
    since: Instant,
    now: Instant,
    /// Bytes from the client that the server had not read.
    unread: usize,
}

/// A request, its position in the client's bytes, and the epoch in which its last byte was sent.
struct Entry {
    request: Request,
    start: u64,
    whole_at: Option<u64>,
    is_told_to_go_on: bool,
    /// The phase of the server when it had read the whole request.
    read_in: Phase,
    /// When it had read the whole request; until then, any time that is not later.
    read_at: Instant,
}

impl Entry {
    fn end(&self) -> u64 {
        self.start + self.request.bytes.len() as u64
    }

    /// How many of the client's bytes must be read before the request is answered.
    fn due(&self) -> u64 {
        self.start + self.request.due_from() as u64
    }
}

/// Whether the connection serves another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    NotYet,
    /// No: the last answer said `close`.
    Said,
    /// No, and the client may still be sending.
    Refused,
}

/// The phase of the whole server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Serving,
    Stopping,
}

/// The time at which something is sent or judged.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    pub now: Instant,
    /// The same time, by the clock on the wall.
    pub clock: SystemTime,
    pub epoch: u64,
    pub phase: Phase,
    pub disk: &'a Disk,
    pub limits: &'a Limits,
}

impl Books {
    pub fn new(now: Instant) -> Books {
        Books {
            asked: Vec::new(),
            answered: 0,
            reader: Reader::default(),
            at_its_begin: Begin { wait: Wait::First, since: now, now, unread: 0 },
            read: 0,
            end_read: false,
            over: Over::NotYet,
            accepted_at: now,
            read_at: now,
            began_at: now,
            sent_at: now,
            blocked_since: None,
            has_sent: false,
            lines: Lines::default(),
        }
    }

    pub fn accepted(&mut self, now: Instant) {
        self.accepted_at = now;
    }

    /// The client is going to send `request`. Gives how many requests it has sent then.
    pub fn asks(&mut self, request: Request) -> usize {
        let start = self.asked.last().map_or(0, Entry::end);
        self.asked.push(Entry {
            request,
            start,
            whole_at: None,
            is_told_to_go_on: false,
            read_in: Phase::Serving,
            read_at: self.accepted_at,
        });
        self.asked.len()
    }

    /// The client has sent this many bytes in all.
    pub fn client_sent(&mut self, total: u64, epoch: u64) {
        let whole = self.asked.iter_mut().filter(|entry| entry.whole_at.is_none() && entry.end() <= total);
        whole.for_each(|entry| entry.whole_at = Some(epoch));
    }

    /// The server has read this many more bytes, in a turn that began in this phase.
    pub fn server_read(&mut self, count: usize, phase: Phase, now: Instant) {
        let before = self.read;
        self.read += count as u64;
        self.read_at = now;
        let whole = self.asked.iter_mut().filter(|entry| (before + 1..=self.read).contains(&entry.end()));
        whole.for_each(|entry| (entry.read_in, entry.read_at) = (phase, now));
        if self.current().is_some_and(|entry| entry.start >= before && entry.start < self.read) {
            self.began_at = now;
        }
    }

    /// The server is going to write, while this many bytes of the client are unread.
    pub fn server_writes(&mut self, unread: usize, now: Instant) {
        if !self.is_in_an_answer() && !self.is_blocked() {
            let (wait, since) = self.wait();
            self.at_its_begin = Begin { wait, since, now, unread };
        }
    }

    /// A write of the server got `WouldBlock`: from now on the server waits for writability.
    pub fn server_blocked(&mut self, now: Instant) {
        self.blocked_since.get_or_insert(now);
    }

    pub fn is_blocked(&self) -> bool {
        self.blocked_since.is_some()
    }

    /// The request of which the server has read a part, if there is one.
    fn current(&self) -> Option<&Entry> {
        self.asked.iter().find(|entry| entry.start <= self.read && self.read < entry.end())
    }

    /// Whether the server has read a part of a request, and not all of it.
    pub fn is_in_a_request(&self) -> bool {
        self.current().is_some_and(|entry| entry.start < self.read)
    }

    /// Whether a part of an answer was sent, and not all of it.
    pub fn is_in_an_answer(&self) -> bool {
        self.reader.is_in_the_middle()
    }

    /// Requests that were read, and must get an answer.
    pub fn owed(&self) -> usize {
        if self.over != Over::NotYet {
            return 0;
        }
        let rest = &self.asked[self.answered..];
        let due = rest.iter().take_while(|entry| entry.due() <= self.read);
        // After the last request of the connection, no answer is owed.
        let last = due.clone().position(|entry| entry.request.after != After::Next);
        last.map_or(due.count(), |at| at + 1)
    }

    /// Requests that were sent whole and have no answer yet.
    pub fn is_answered_up_to(&self, count: usize) -> bool {
        self.answered >= count || self.over != Over::NotYet
    }

    /// Whether the client need not wait any more before it sends the content of its request number `count`.
    pub fn is_told_to_go_on(&self, count: usize) -> bool {
        self.is_answered_up_to(count) || self.asked[count - 1].is_told_to_go_on
    }

    /// Whether the server owes `100 Continue` to a client that waits for it.
    pub fn owes_a_word(&self) -> bool {
        self.answered < self.asked.len() && self.over == Over::NotYet && {
            let Entry { request, start, is_told_to_go_on, .. } = &self.asked[self.answered];
            let waits =
                request.expects == Expects::Continue && self.read == start + request.head_bytes as u64;
            waits && !is_told_to_go_on
        }
    }

    /// Whether the server waits for another request, and for nothing else.
    pub fn is_idle(&self) -> bool {
        let is_busy = self.is_blocked() || self.is_in_a_request() || self.is_in_an_answer();
        !is_busy && self.owed() == 0 && self.over == Over::NotYet
    }

    /// What the server waits for, and since when, if it can do nothing at once.
    pub fn wait(&self) -> (Wait, Instant) {
        if let Some(since) = self.blocked_since {
            return (Wait::Write, since);
        }
        match self.current().filter(|entry| entry.start < self.read) {
            Some(entry) if self.read >= entry.start + entry.request.head_bytes as u64 => {
                (Wait::Body, self.read_at.max(self.sent_at))
            }
            Some(_) => (Wait::Head, self.began_at.max(self.sent_at)),
            None if !self.has_sent => (Wait::First, self.accepted_at),
            None => (Wait::Idle, self.sent_at),
        }
    }

    /// Whether the answer that is being sent is from a file that was changed in place.
    pub fn is_cut_by_the_disk(&self, disk: &Disk, epoch: u64) -> bool {
        let Some(Entry { request, whole_at: Some(whole_at), .. }) = self.asked.get(self.answered) else {
            return false;
        };
        let file = request.file();
        file.is_some_and(|file| disk.is_changed_in_place(file, *whole_at, epoch))
    }

    /// The server sends `bytes`. Gives the statuses of the answers that are now whole, and what they say about
    /// versions.
    pub fn server_sends(
        &mut self,
        bytes: &[u8],
        moment: Moment<'_>,
    ) -> Result<Vec<(u16, Option<Seen>)>, String> {
        self.reader.take(bytes, moment.epoch);
        (self.sent_at, self.blocked_since, self.has_sent) = (moment.now, None, true);
        let mut answers = Vec::new();
        while self.reader.is_in_the_middle() {
            if self.over != Over::NotYet {
                return Err(format!("behind the last answer came {}", bytes.escape_ascii()));
            }
            let Some(entry) = self.asked.get(self.answered) else {
                return Err(format!("an answer that nobody asked for: {}", bytes.escape_ascii()));
            };
            let request = String::from_utf8_lossy(&entry.request.bytes).into_owned();
            let asked = asked_by(self.came_of(entry));
            let Some(answer) = self.reader.next(asked, moment.epoch)? else { break };
            let judged = if answer.status == 100 {
                self.server_says_go_on()
            } else {
                self.server_answers(&answer, moment).map(|seen| answers.push((answer.status, seen)))
            };
            judged.map_err(|why| format!("{why}\n{answer}\nto {request:?}"))?;
        }
        Ok(answers)
    }

    /// Whether everything that was answered was logged, once.
    pub fn check_lines(&self, end: End) -> Result<(), String> {
        let requests = self.asked.iter().filter(|entry| entry.start < self.read).count();
        self.lines.check(self.reader.begun(), requests, end)
    }

    /// What the server has read of a request.
    fn came_of<'a>(&self, entry: &'a Entry) -> &'a [u8] {
        let bytes = &entry.request.bytes;
        &bytes[..bytes.len().min(self.read.saturating_sub(entry.start) as usize)]
    }

    /// 100 Continue.
    fn server_says_go_on(&mut self) -> Result<(), String> {
        let entry = &mut self.asked[self.answered];
        let is_wanted = entry.request.expects == Expects::Continue
            && entry.request.judged == Judged::AtTheEnd
            && !entry.is_told_to_go_on;
        let is_due = (entry.start + entry.request.head_bytes as u64..entry.end()).contains(&self.read);
        entry.is_told_to_go_on = true;
        if is_wanted && is_due { Ok(()) } else { Err("nobody waits for this".into()) }
    }

    /// The answer to the next request, or to the beginning of one.
    fn server_answers(&mut self, answer: &Answer, moment: Moment<'_>) -> Result<Option<Seen>, String> {
        let entry = &self.asked[self.answered];
        if moment.disk.tags_last {
            answer.check_date(moment.clock - (moment.now - entry.read_at), moment.clock)?;
        }
        let is_due = self.read >= entry.due();
        let is_late = answer.status == 408 && !is_due && self.read > entry.start;
        let is_short = answer.status == 400 && !is_due && self.end_read;
        let mut seen = None;
        if is_late {
            self.at_its_begin.check(moment.limits)?;
        } else if !is_short {
            if self.read < entry.start + entry.request.answerable_from() as u64 {
                return Err("before all of it was read".into());
            }
            // A refusal may come before the last byte of the request.
            let asked_at = entry.whole_at.unwrap_or(moment.epoch);
            seen = entry.request.judge(answer, asked_at, moment.disk)?;
        }
        let is_read = !is_late && !is_short && entry.request.judged != Judged::OnTheWay;
        let after = if is_late || is_short { After::Refused } else { entry.request.after };
        let line = is_read.then(|| entry.request.line());
        self.lines.answered(line, answer, moment.now)?;
        self.over = match (after, answer.is_last()) {
            (After::Refused, true) => Over::Refused,
            (After::End, true) => Over::Said,
            (After::Next, false) if entry.read_in == Phase::Serving => Over::NotYet,
            (After::Next, true) if moment.phase == Phase::Stopping => Over::Said,
            _ => return Err(format!("it should have been {after:?}")),
        };
        self.answered += 1;
        Ok(seen)
    }
}

impl Begin {
    /// Whether the server may send 408 to the client.
    fn check(&self, limits: &Limits) -> Result<(), String> {
        let due = self.since + self.wait.timeout(limits).ok_or("it waited for no client")?;
        match self.wait {
            Wait::Head | Wait::Body if due > self.now => Err(format!("it had {:?} left", due - self.now)),
            Wait::Head | Wait::Body if self.unread > 0 => Err("what it is late with is here".into()),
            Wait::Head | Wait::Body => Ok(()),
            wait => Err(format!("it was waited for {wait:?}")),
        }
    }
}

/// Whether content follows an answer, by the bytes that have come of its request.
fn asked_by(mut came: &[u8]) -> Asked {
    while let Some(rest) = came.strip_prefix(b"\r\n") {
        came = rest;
    }
    if came.starts_with(b"HEAD ") { Asked::HeadOnly } else { Asked::WithContent }
}
