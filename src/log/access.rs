//! The access log: one line for each request in the Combined Log Format. Many lines are handed to the crate `log` at a
//! time. Where the lines go is decided elsewhere.

use crate::http::INFALLIBLE;
use crate::http::status::Status;
use crate::log::escaped::Escaped;
use log::{Level, info, log_enabled};
use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The target of access lines in the crate `log`; their level is `info`.
pub const TARGET: &str = "access";

/// How long lines are buffered, so that several are written at a time. A person who watches the log does not notice. A
/// busy server then writes a hundred times a second, and not in every turn, which would cost up to a tenth of its time.
const BUFFERED: Duration = Duration::from_millis(10);

/// Bytes of buffered lines after which they are written at once.
const BUFFERED_BYTES_MAX: usize = 32 << 10;

/// The lines of the access log that were not written yet.
#[derive(Default)]
pub struct AccessLog {
    lines: String,
    due: Option<Instant>,
    opening: Opening,
}

/// A request and its answer, as a line of the log shows them.
pub struct Exchange<'a> {
    /// The address of the client.
    pub peer: IpAddr,
    /// The request line, as it came.
    pub request_line: &'a [u8],
    /// The status of the answer.
    pub status: Status,
    /// `Referer`, as it came.
    pub referer: Option<&'a [u8]>,
    /// `User-Agent`, as it came.
    pub user_agent: Option<&'a [u8]>,
}

/// The line of an answer that is still being sent.
pub struct Entry {
    before: String,
    after: String,
    /// Bytes of content that were handed on to be sent so far.
    pub content_bytes: u64,
}

/// Whether access lines are logged at all; if not, they need not be made.
pub fn is_read() -> bool {
    log_enabled!(target: TARGET, Level::Info)
}

impl AccessLog {
    /// Adds the line of a complete answer. `date` is an IMF-fixdate.
    pub fn tell(&mut self, exchange: &Exchange<'_>, date: &str, content_bytes: u64) {
        self.lines.push_str(self.opening.of(exchange.peer, date));
        exchange.write_answer(&mut self.lines);
        write_count(content_bytes, &mut self.lines);
        exchange.write_client(&mut self.lines);
    }

    /// Makes the line of an answer of which `content_bytes` bytes of content were sent, and more will follow.
    pub fn entry(&mut self, exchange: &Exchange<'_>, date: &str, content_bytes: u64) -> Entry {
        let mut before = self.opening.of(exchange.peer, date).to_owned();
        exchange.write_answer(&mut before);
        let mut after = String::new();
        exchange.write_client(&mut after);
        Entry { before, after, content_bytes }
    }

    /// Adds the line of an answer that is now complete.
    pub fn add(&mut self, entry: Entry) {
        self.lines.push_str(&entry.before);
        write_count(entry.content_bytes, &mut self.lines);
        self.lines.push_str(&entry.after);
    }

    /// Removes a line that was begun and not ended, because a panic came between.
    pub fn drop_half_a_line(&mut self) {
        let end = self.lines.rfind('\n').map_or(0, |at| at + 1);
        self.lines.truncate(end);
    }

    /// Writes the lines that were buffered for long enough; to be called at the end of every turn of the loop.
    pub fn end_turn(&mut self, now: Instant) {
        if self.lines.is_empty() {
            return;
        }
        let due = *self.due.get_or_insert(now + BUFFERED);
        if due <= now || self.lines.len() >= BUFFERED_BYTES_MAX {
            self.flush();
        }
    }

    /// When the buffered lines have to be written; `None` if there is none.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes all buffered lines, as one record of the crate `log`.
    pub fn flush(&mut self) {
        self.due = None;
        if !self.lines.is_empty() {
            info!(target: TARGET, "{}", self.lines.trim_end());
            self.lines.clear();
        }
    }
}

impl Exchange<'_> {
    /// Writes the part of a line between the opening and the number of bytes: the request and the status.
    fn write_answer(&self, line: &mut String) {
        Escaped(self.request_line).write(line).expect(INFALLIBLE);
        line.push_str("\" ");
        write_number(self.status.code.into(), line);
        line.push(' ');
    }

    /// Writes the part after the number of bytes: what the client said of itself.
    fn write_client(&self, line: &mut String) {
        for value in [self.referer, self.user_agent] {
            line.push_str(" \"");
            match value {
                Some(value) => Escaped(value).write(line).expect(INFALLIBLE),
                None => line.push('-'),
            }
            line.push('"');
        }
        line.push('\n');
    }
}

/// The beginning of a line: the client and the time. It costs more to format than the other parts, so it is kept for the
/// next line of the same client in the same second.
#[derive(Default)]
struct Opening {
    peer: Option<IpAddr>,
    date: String,
    text: String,
}

impl Opening {
    fn of(&mut self, peer: IpAddr, date: &str) -> &str {
        if self.peer != Some(peer) || self.date != date {
            let text = format!("{peer} - - [{}] \"", ClfDate(date));
            *self = Opening { peer: Some(peer), date: date.to_owned(), text };
        }
        &self.text
    }
}

/// Shows the date `Sun, 06 Nov 1994 08:49:37 GMT` as `06/Nov/1994:08:49:37 +0000`.
struct ClfDate<'a>(&'a str);

impl Display for ClfDate<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let part = |range| self.0.get(range).unwrap_or_default();
        write!(f, "{}/{}/{}:{} +0000", part(5..7), part(8..11), part(12..16), part(17..25))
    }
}

/// Writes the number of bytes of content; a hyphen for 0.
fn write_count(content_bytes: u64, line: &mut String) {
    match content_bytes {
        0 => line.push('-'),
        count => write_number(count, line),
    }
}

fn write_number(number: u64, line: &mut String) {
    if number >= 10 {
        write_number(number / 10, line);
    }
    line.push(char::from(b'0' + (number % 10) as u8));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::escaped::SHOWN_BYTES_MAX;

    #[test]
    fn a_line_is_combined_log_format_without_control_bytes() {
        let exchange = Exchange {
            peer: [127, 0, 0, 1].into(),
            request_line: b"GET /\x1b[31m\xff\"\\ HTTP/1.1",
            status: Status::NOT_FOUND,
            referer: None,
            user_agent: Some(b"a\tb"),
        };
        let mut log = AccessLog::default();
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let mut entry = log.entry(&exchange, date, 2);
        log.tell(&exchange, date, 0);
        entry.content_bytes += 1023;
        log.add(entry);
        let line = |bytes| {
            format!(
                r#"127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "GET /\x1B[31m\xFF\"\\ HTTP/1.1" 404 {bytes} "-" "a\x09b""#
            )
        };
        assert_eq!(log.lines, format!("{}\n{}\n", line("-"), line("1025")));
    }

    #[test]
    fn half_a_line_is_taken_out_again() {
        let mut log = AccessLog::default();
        for whole in ["", "one line\n", "one line\nanother\n"] {
            log.lines = format!("{whole}127.0.0.1 - - [");
            log.drop_half_a_line();
            assert_eq!(log.lines, whole);
            log.drop_half_a_line();
            assert_eq!(log.lines, whole, "nothing is missing");
        }
    }

    #[test]
    fn lines_are_kept_back_for_a_moment_and_no_longer() {
        let exchange = Exchange {
            peer: [127, 0, 0, 1].into(),
            request_line: &[b'a'; SHOWN_BYTES_MAX],
            status: Status::OK,
            referer: None,
            user_agent: None,
        };
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let mut log = AccessLog::default();
        let begin = Instant::now();
        log.end_turn(begin);
        assert_eq!(log.due(), None);
        log.tell(&exchange, date, 0);
        log.end_turn(begin);
        assert_eq!(log.due(), Some(begin + BUFFERED));
        log.tell(&exchange, date, 0);
        log.end_turn(begin + BUFFERED / 2);
        assert_eq!((log.due(), log.lines.lines().count()), (Some(begin + BUFFERED), 2));
        log.end_turn(begin + BUFFERED);
        assert_eq!((log.due(), log.lines.len()), (None, 0));
        (0..BUFFERED_BYTES_MAX / SHOWN_BYTES_MAX).for_each(|_| log.tell(&exchange, date, 0));
        log.end_turn(begin + BUFFERED);
        assert_eq!((log.due(), log.lines.len()), (None, 0), "many leave at once");
    }

    #[test]
    fn a_line_begins_with_its_own_client_and_time() {
        let mut opening = Opening::default();
        for (peer, second, text) in [
            ([127, 0, 0, 1], "37", "127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \""),
            ([127, 0, 0, 2], "37", "127.0.0.2 - - [06/Nov/1994:08:49:37 +0000] \""),
            ([127, 0, 0, 2], "38", "127.0.0.2 - - [06/Nov/1994:08:49:38 +0000] \""),
        ] {
            assert_eq!(opening.of(peer.into(), &format!("Sun, 06 Nov 1994 08:49:{second} GMT")), text);
        }
    }

    #[test]
    fn counts_are_decimal() {
        for count in [1, 9, 10, 1024, u64::MAX] {
            let mut line = String::new();
            write_count(count, &mut line);
            assert_eq!(line, count.to_string());
        }
    }
}
