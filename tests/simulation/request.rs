//! Requests of clients, and their right answers. The code that writes a request here knows its answer, and does not
//! use the parser of the server.

use crate::answer::{Answer, Asked};
use crate::disk::Disk;
use crate::question::{How, Question, Seen};
use crate::support::reference::{remove_dot_segments, resolved};
use crate::support::unzip::unzip;
use onepoll::http::HeadLimits;

/// A limit so low that short requests reach it.
pub const HEAD_LIMITS: HeadLimits =
    HeadLimits { request_line_bytes_max: 300, head_bytes_max: 1000, fields_max: 20 };

/// The same for content.
pub const CONTENT_BYTES_MAX: u64 = 5000;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    pub bytes: Vec<u8>,
    pub head_bytes: usize,
    pub wanted: Wanted,
    pub asked: Asked,
    pub after: After,
    pub judged: Judged,
    /// Whether the client may wait for `100 Continue`.
    pub expects: Expects,
}

/// Whether the connection is kept alive after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Next,
    /// No: the request says that it is the last.
    End,
    /// No: the server refuses to read on.
    Refused,
}

/// How much of a request the server must have read before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// All of it.
    AtTheEnd,
    /// Its head, and nothing of its content.
    AtTheHead,
    /// As much as shows the error in it.
    OnTheWay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    Nothing,
    Continue,
}

#[derive(Clone, Debug)]
pub enum Wanted {
    File(usize, How),
    /// An answer for which the status is enough.
    Status(u16),
    Moved,
    /// The client at `path` is sent to a place.
    Led {
        status: u16,
        path: String,
        to: String,
    },
    /// A page with these links in its rows, in this order.
    Listing(&'static [&'static str]),
    /// The archive of the folder whose listing that is.
    Archive,
    Posted {
        bytes: usize,
        is_json: bool,
    },
}

impl Request {
    /// The number of bytes after which it may be answered.
    pub fn answerable_from(&self) -> usize {
        if self.judged == Judged::OnTheWay { 1 } else { self.due_from() }
    }

    /// The number of bytes after which it must be answered.
    pub fn due_from(&self) -> usize {
        if self.judged == Judged::AtTheHead { self.head_bytes } else { self.bytes.len() }
    }

    /// Its request line.
    pub fn line(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        text.trim_start().lines().next().unwrap_or_default().to_owned()
    }

    /// The file that it asks for, if any.
    pub fn file(&self) -> Option<usize> {
        match self.wanted {
            Wanted::File(file, _) => Some(file),
            _ => None,
        }
    }

    /// Whether `answer`, to a request sent at `epoch`, is right. Gives what the client has learnt from it.
    pub fn judge(&self, answer: &Answer, epoch: u64, disk: &Disk) -> Result<Option<Seen>, String> {
        match &self.wanted {
            Wanted::File(file, how) => {
                let question = Question { file: *file, how, asked: self.asked, epoch, disk };
                return question.judge(answer);
            }
            Wanted::Status(status) => expect(answer.status == *status, || format!("wanted {status}"))?,
            Wanted::Moved => {
                expect(answer.status == 301 && answer.field("location") == Some("list/?a=b"), || {
                    "moved".into()
                })?;
            }
            Wanted::Led { status, path, to } => {
                let location = answer.field("location").unwrap_or_default();
                let led = resolved(&remove_dot_segments(path), location);
                let is_right = answer.status == *status && led == *to && !location.starts_with('/');
                expect(is_right, || format!("wanted {status} from {path} to {to}, not to {led}"))?;
            }
            Wanted::Listing(links) => {
                let text = String::from_utf8_lossy(&answer.body);
                let shown = text.split("<tr><td><a href=\"").skip(1).filter_map(|row| row.split('"').next());
                let is_right = shown.filter(|link| !link.ends_with("../")).eq(links.iter().copied());
                expect(answer.status == 200 && is_right, || format!("not the listing: {text}"))?;
            }
            Wanted::Archive => {
                let is_archive = answer.field("content-type") == Some("application/zip");
                expect(answer.status == 200 && is_archive, || "not an archive".into())?;
                let mut names: Vec<_> = unzip(&answer.body).into_iter().map(|member| member.name).collect();
                names.sort_unstable();
                expect(names == ["a", "b c", "c%FF"], || format!("{names:?} in the archive"))?;
            }
            Wanted::Posted { bytes, is_json } => {
                let text = String::from_utf8_lossy(&answer.body);
                let wanted = match is_json {
                    true => format!("\"bytes_received\":{bytes},"),
                    false => "<h1>POST Request Received</h1>".to_owned(),
                };
                expect(answer.status == 200 && text.contains(&wanted), || {
                    format!("wanted {wanted}: {text}")
                })?;
            }
        }
        if answer.status == 405 || answer.status == 204 {
            expect(answer.field("allow") == Some("GET, HEAD, POST, OPTIONS"), || "Allow".into())?;
        }
        Ok(None)
    }
}

/// An error if the condition does not hold.
pub fn expect(is_so: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(why()) }
}
