//! Takes apart what a server has sent, as it comes: a reader that knows no more than RFC 9112 §6.3.

use httpdate::{fmt_http_date, parse_http_date};
use std::fmt;
use std::time::{Duration, SystemTime};

/// A whole answer.
pub struct Answer {
    pub status: u16,
    fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The epochs of its first and of its last byte.
    pub epochs: (u64, u64),
}

impl Answer {
    /// The value of the field called `name`, which stands in the answer once; the name is in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values =
            self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    }

    /// Whether `Date` is a second between these times.
    pub fn check_date(&self, from: SystemTime, to: SystemTime) -> Result<(), String> {
        let date = self.field("date").unwrap_or_default();
        let time = parse_http_date(date).map_err(|_| "no Date")?;
        match fmt_http_date(time) == date && from - Duration::from_secs(1) < time && time <= to {
            true => Ok(()),
            false => Err(format!("made between {} and {}", fmt_http_date(from), fmt_http_date(to))),
        }
    }

    pub fn is_last(&self) -> bool {
        self.field("connection") == Some("close")
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer { status, fields, body, epochs } = self;
        let first = body[..body.len().min(500)].escape_ascii();
        write!(f, "{status} in the epochs {epochs:?} with {fields:?} and {} bytes: {first}", body.len())
    }
}

/// The part of an answer that has come so far.
#[derive(Default)]
pub struct Reader {
    bytes: Vec<u8>,
    head: Option<(Answer, Framing)>,
    began: u64,
}

/// Where content ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunks,
}

/// How the content after a head is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    WithContent,
    /// There is none, since the method was HEAD.
    HeadOnly,
}

impl Reader {
    /// Whether an answer has begun and is not whole.
    pub fn is_in_the_middle(&self) -> bool {
        self.head.is_some() || !self.bytes.is_empty()
    }

    /// The answer whose head has come and whose content is not whole: the head, and how many bytes of content have
    /// come.
    pub fn begun(&self) -> Option<(&Answer, usize)> {
        self.head.as_ref().map(|(answer, framing)| match framing {
            Framing::Length(_) => (answer, self.bytes.len()),
            // What is wrong with chunks was said when they came.
            Framing::Chunks => (answer, chunks(&self.bytes).map_or(0, |(content, _)| content.len())),
        })
    }

    /// Takes in bytes that were sent at `epoch`.
    pub fn take(&mut self, bytes: &[u8], epoch: u64) {
        if !self.is_in_the_middle() {
            self.began = epoch;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next answer, once it is whole. An error says what is wrong with it.
    pub fn next(&mut self, asked: Asked, epoch: u64) -> Result<Option<Answer>, String> {
        if self.head.is_none() {
            let Some(end) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
                return Ok(None);
            };
            let head: Vec<u8> = self.bytes.drain(..end + 4).collect();
            let answer = read_head(&head, self.began).ok_or(format!("no head: {}", head.escape_ascii()))?;
            let length = answer.field("content-length").and_then(|length| length.parse().ok());
            let framing = match (answer.status, asked, answer.field("transfer-encoding")) {
                (100 | 204 | 304, ..) | (_, Asked::HeadOnly, _) => Some(Framing::Length(0)),
                (.., Some("chunked")) if length.is_none() => Some(Framing::Chunks),
                (.., None) => length.map(Framing::Length),
                _ => None,
            };
            self.head = Some((answer, framing.ok_or("an answer whose end cannot be seen")?));
        }
        let (body, end) = match self.head.as_ref().expect("it was just read").1 {
            Framing::Chunks => match chunks(&self.bytes)? {
                (content, Some(end)) => (content, end),
                (_, None) => return Ok(None),
            },
            Framing::Length(length) if self.bytes.len() < length => return Ok(None),
            Framing::Length(length) => (self.bytes[..length].to_vec(), length),
        };
        let (mut answer, _) = self.head.take().expect("it was just read");
        self.bytes.drain(..end);
        answer.body = body;
        answer.epochs.1 = epoch;
        self.began = epoch;
        Ok(Some(answer))
    }
}

/// The content of chunks that has come, and where the last chunk ends, if it has come (RFC 9112 §7.1).
fn chunks(bytes: &[u8]) -> Result<(Vec<u8>, Option<usize>), String> {
    let (mut content, mut rest) = (Vec::new(), bytes);
    while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
        let size =
            std::str::from_utf8(&rest[..line]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.ok_or_else(|| format!("no size of a chunk: {}", rest[..line].escape_ascii()))?;
        rest = &rest[line + 2..];
        let Some(end) = rest.get(size..size + 2) else {
            content.extend_from_slice(&rest[..size.min(rest.len())]);
            break;
        };
        if end != b"\r\n" {
            return Err(format!("a chunk does not end after {size} bytes"));
        }
        content.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
        if size == 0 {
            return Ok((content, Some(bytes.len() - rest.len())));
        }
    }
    Ok((content, None))
}

fn read_head(head: &[u8], began: u64) -> Option<Answer> {
    let text = std::str::from_utf8(head).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = text.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?;
    let (code, reason) = status.split_once(' ')?;
    let field = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        let is_clean = !line.bytes().any(|byte| byte.is_ascii_control()) && !name.contains(' ');
        is_clean.then(|| (name.to_ascii_lowercase(), value.to_owned()))
    };
    let fields: Option<Vec<_>> = lines.map(field).collect();
    let answer =
        Answer { status: code.parse().ok()?, fields: fields?, body: Vec::new(), epochs: (began, began) };
    let is_good =
        answer.status == 100 || (answer.field("date").is_some() && answer.field("server").is_some());
    (is_good && !reason.is_empty()).then_some(answer)
}
