//! The access log: which lines the server has written for each client, and which lines it must write.

use crate::answer::Answer;
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long a line may be buffered.
const HELD: Duration = Duration::from_millis(10);

/// The parts of a line, and the client that it is about.
#[derive(Debug)]
pub struct Line {
    pub client: usize,
    request: String,
    status: u16,
    bytes: usize,
}

impl Line {
    /// A line in any form.
    pub fn parse(line: &str) -> Option<Line> {
        if line.starts_with('{') { Line::parse_json(line) } else { Line::parse_combined(line) }
    }

    /// A line in JSON, whose request has no version.
    fn parse_json(line: &str) -> Option<Line> {
        let line: Value = serde_json::from_str(line).ok()?;
        let number = line["address"].as_str()?.strip_prefix("127.0.0.")?;
        line["milliseconds"].as_f64()?;
        let target = line["target"].as_str().unwrap_or_default();
        let request = line["method"].as_str().map(|method| format!("{method} {target}"));
        Some(Line {
            client: number.parse::<usize>().ok()?.checked_sub(1)?,
            request: request.unwrap_or(target.to_owned()),
            status: line["status"].as_u64()?.try_into().ok()?,
            bytes: line["bytes"].as_u64()? as usize,
        })
    }

    /// Whether it is about this request line.
    fn is_about(&self, request: &str) -> bool {
        let rest = request.strip_prefix(&self.request);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" HTTP/1."))
    }

    /// Client 0 has the address 127.0.0.1, and so on. No client sends `Referer` or `User-Agent`.
    fn parse_combined(line: &str) -> Option<Line> {
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

/// The lines of one client: the lines that have come, and the lines that must come.
#[derive(Default)]
pub struct Lines {
    here: Vec<Line>,
    due: Vec<Due>,
}

/// How a whole answer must be logged.
struct Due {
    since: Instant,
    /// The request line, if the request was not refused.
    request: Option<String>,
    status: u16,
    bytes: usize,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// The server has sent everything, or was still sending.
    #[default]
    Orderly,
    /// The connection was lost: answers that the client has not read may be in the log.
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
            && due.request.as_ref().is_none_or(|request| line.is_about(request));
        match is_right {
            true => Ok(()),
            false => Err(format!("{line:?} of {} with {} bytes", due.status, due.bytes)),
        }
    }

    /// When the next line that is missing must come.
    pub fn next_due(&self) -> Option<Instant> {
        self.due.get(self.here.len()).map(|due| due.since + HELD)
    }

    /// The connection has ended. `begun` is an answer of which the head and this many bytes of content were sent; the
    /// server has begun to read the given number of requests.
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
