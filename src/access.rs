//! The access log: one line a request in the Combined Log Format, handed to `log` once a turn.

use crate::http::status::Status;
use log::{Level, info, log_enabled};
use std::fmt::Write;
use std::net::IpAddr;

/// The target that access lines are logged under, at level `info`.
pub const TARGET: &str = "access";

/// Bytes of a request line, a referrer or a user agent that are logged.
const LOGGED_BYTES_MAX: usize = 1024;

/// Lines of this turn.
#[derive(Default)]
pub struct AccessLog {
    lines: String,
}

/// A line whose answer may still be on its way.
pub struct Entry {
    line: String,
    bytes_at: usize,
    /// Bytes of content that went to the client.
    pub content_bytes: u64,
}

/// What a line tells.
pub struct Exchange<'a> {
    /// The client's address.
    pub peer: IpAddr,
    /// As an IMF-fixdate.
    pub date: &'a str,
    /// As it came.
    pub request_line: &'a [u8],
    /// How it was answered.
    pub status: Status,
    /// `Referer`, as it came.
    pub referer: Option<&'a [u8]>,
    /// `User-Agent`, as it came.
    pub user_agent: Option<&'a [u8]>,
}

impl Exchange<'_> {
    /// The line that tells it, or nothing where nobody would read it.
    pub fn entry(&self) -> Option<Entry> {
        log_enabled!(target: TARGET, Level::Info).then(|| self.format())
    }

    fn format(&self) -> Entry {
        let mut line = String::new();
        let status = self.status.code;
        let request_line = Escaped(self.request_line);
        let date = ClfDate(self.date);
        write!(line, "{} - - [{date}] \"{request_line}\" {status} ", self.peer).expect(INFALLIBLE);
        let bytes_at = line.len();
        let [referer, user_agent] =
            [self.referer, self.user_agent].map(|value| Escaped(value.unwrap_or(b"-")));
        write!(line, " \"{referer}\" \"{user_agent}\"").expect(INFALLIBLE);
        Entry { line, bytes_at, content_bytes: 0 }
    }
}

impl AccessLog {
    /// Completes a line.
    pub fn add(&mut self, entry: Entry) {
        let (before, after) = entry.line.split_at(entry.bytes_at);
        let separator = if self.lines.is_empty() { "" } else { "\n" };
        match entry.content_bytes {
            0 => write!(self.lines, "{separator}{before}-{after}"),
            count => write!(self.lines, "{separator}{before}{count}{after}"),
        }
        .expect(INFALLIBLE);
    }

    /// Hands this turn's lines on, as one record.
    pub fn flush(&mut self) {
        if !self.lines.is_empty() {
            info!(target: TARGET, "{}", self.lines);
            self.lines.clear();
        }
    }
}

const INFALLIBLE: &str = "writing to a String cannot fail";

/// Bytes of a client's, fit for a terminal and a quoted string: whatever is not a visible ASCII
/// character or a space is written as an escape.
pub struct Escaped<'a>(pub &'a [u8]);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = &self.0[..self.0.len().min(LOGGED_BYTES_MAX)];
        for &byte in shown {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                b' '..=b'~' => f.write_char(char::from(byte))?,
                _ => write!(f, "\\x{byte:02X}")?,
            }
        }
        Ok(())
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `06/Nov/1994:08:49:37 +0000`.
struct ClfDate<'a>(&'a str);

impl std::fmt::Display for ClfDate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |range| self.0.get(range).unwrap_or_default();
        write!(f, "{}/{}/{}:{} +0000", part(5..7), part(8..11), part(12..16), part(17..25))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_combined_log_format_without_control_bytes() {
        let exchange = Exchange {
            peer: [127, 0, 0, 1].into(),
            date: "Sun, 06 Nov 1994 08:49:37 GMT",
            request_line: b"GET /\x1b[31m\xff\"\\ HTTP/1.1",
            status: Status::NOT_FOUND,
            referer: None,
            user_agent: Some(b"a\tb"),
        };
        let mut log = AccessLog::default();
        log.add(Entry { content_bytes: 5, ..exchange.format() });
        log.add(exchange.format());
        let line = |bytes| {
            format!(
                r#"127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "GET /\x1B[31m\xFF\"\\ HTTP/1.1" 404 {bytes} "-" "a\x09b""#
            )
        };
        assert_eq!(log.lines, format!("{}\n{}", line("5"), line("-")));
    }

    #[test]
    fn what_a_client_sends_is_logged_up_to_a_bound() {
        assert_eq!(Escaped(&[b'a'; 5000]).to_string().len(), LOGGED_BYTES_MAX);
    }
}
