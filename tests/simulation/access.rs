//! The access log: which lines the server has handed on for each client, and which it had to.

use crate::answer::Answer;
use std::time::{Duration, Instant};

/// How long a line may be kept back for others to leave with it.
const HELD: Duration = Duration::from_millis(10);

/// What a line says, and of which client.
#[derive(Debug)]
pub struct Line {
    pub client: usize,
    request: String,
    status: u16,
    bytes: usize,
}

impl Line {
    /// Client 0 has the address 127.0.0.1, and so on; none of them says where it comes from, or what it is.
    pub fn parse(line: &str) -> Option<Line> {
        let (number, rest) = line.strip_prefix("127.0.0.")?.split_once(" - - [")?;
        let (_, rest) = rest.split_once(" +0000] \"")?;
        let (rest, bytes) = rest.strip_suffix(" \"-\" \"-\"")?.rsplit_once(' ')?;
        let (request, status) = rest.rsplit_once("\" ")?;
        Some(Line {
            client: number.parse::<usize>().ok()?.checked_sub(1)?,
            request: request.to_owned(),
            status: status.parse().ok()?,
            bytes: if bytes == "-" { 0 } else { bytes.parse().ok().filter(|bytes| *bytes > 0)? },
        })
    }
}

/// The lines of one client: those that are here, and those that must be.
#[derive(Default)]
pub struct Lines {
    here: Vec<Line>,
    due: Vec<Due>,
}

/// What a whole answer must be logged as.
struct Due {
    since: Instant,
    /// The request line, where it was not refused.
    request: Option<String>,
    status: u16,
    bytes: usize,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// With all that was to be sent, or not yet.
    #[default]
    Orderly,
    /// Answers that nobody saw may have been logged.
    CutOff,
}

impl Lines {
    /// The client has a whole answer to `request`.
    pub fn answered(&mut self, request: Option<String>, answer: &Answer, now: Instant) -> Result<(), String> {
        self.due.push(Due { since: now, request, status: answer.status, bytes: answer.body.len() });
        self.compare(self.due.len() - 1)
    }

    pub fn logged(&mut self, line: Line) -> Result<(), String> {
        self.here.push(line);
        self.compare(self.here.len() - 1)
    }

    fn compare(&self, at: usize) -> Result<(), String> {
        let (Some(line), Some(due)) = (self.here.get(at), self.due.get(at)) else { return Ok(()) };
        let is_right = (line.status, line.bytes) == (due.status, due.bytes)
            && due.request.as_ref().is_none_or(|request| *request == line.request);
        match is_right {
            true => Ok(()),
            false => Err(format!("{line:?} of {} with {} bytes", due.status, due.bytes)),
        }
    }

    /// When the next line is due that is not here.
    pub fn next_due(&self) -> Option<Instant> {
        self.due.get(self.here.len()).map(|due| due.since + HELD)
    }

    /// The connection is over, where the head and so many bytes of `begun` were sent, and so many requests were begun to
    /// be read.
    pub fn check(&self, begun: Option<(&Answer, usize)>, requests: usize, end: End) -> Result<(), String> {
        let least = self.due.len() + usize::from(begun.is_some());
        let most = if end == End::CutOff { requests } else { least };
        let count = self.here.len();
        if !(least..=most).contains(&count) {
            return Err(format!("{count} lines for {least} answers to {requests} requests"));
        }
        let Some((line, (answer, sent))) = self.here.get(self.due.len()).zip(begun) else { return Ok(()) };
        match line.status == answer.status && line.bytes >= sent {
            true => Ok(()),
            false => Err(format!("{line:?} of {sent} bytes of {answer}")),
        }
    }
}
