//! A response's head: status and fields in, bytes out (RFC 9112 §4). Every head is written here.

use super::status::Status;
use super::version::Persistence;
use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;

/// The interim answer to `Expect: 100-continue` (RFC 9110 §15.2.1).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What a handler says about its answer; [`Head::encode`] adds what every answer says.
#[derive(Clone, Debug)]
pub struct Head {
    /// How it went.
    pub status: Status,
    lines: Lines,
}

/// Field lines, written out.
#[derive(Clone, Debug)]
enum Lines {
    Own(Vec<u8>),
    Finished(Arc<[u8]>),
}

impl Head {
    /// A head with nothing but a status.
    pub fn new(status: Status) -> Head {
        Head { status, lines: Lines::Own(Vec::new()) }
    }

    /// A head with the lines that [`Head::finish`] gave for another.
    pub fn finished(status: Status, lines: Arc<[u8]>) -> Head {
        Head { status, lines: Lines::Finished(lines) }
    }

    /// Adds a field; its value holds no control bytes.
    pub fn field(mut self, name: &str, value: impl Display) -> Head {
        let mut lines = match self.lines {
            Lines::Own(lines) => lines,
            Lines::Finished(lines) => lines.to_vec(),
        };
        write!(lines, "{name}: {value}\r\n").expect(INFALLIBLE);
        self.lines = Lines::Own(lines);
        self
    }

    /// The lines so far, to be used again.
    pub fn finish(self) -> Arc<[u8]> {
        match self.lines {
            Lines::Own(lines) => lines.into(),
            Lines::Finished(lines) => lines,
        }
    }

    /// Appends the head's bytes to `out`. `date` is an IMF-fixdate; `content_length` is `None` where
    /// the status forbids the field (RFC 9110 §8.6).
    pub fn encode(
        &self,
        out: &mut Vec<u8>,
        date: &str,
        content_length: Option<u64>,
        persistence: Persistence,
    ) {
        let Status { code, reason } = self.status;
        write!(out, "HTTP/1.1 {code} {reason}\r\nDate: {date}\r\nServer: onepoll\r\n").expect(INFALLIBLE);
        match persistence {
            Persistence::KeepAlive => {}
            Persistence::KeepAliveSaid => out.extend_from_slice(b"Connection: keep-alive\r\n"),
            Persistence::Close => out.extend_from_slice(b"Connection: close\r\n"),
        }
        if let Some(length) = content_length {
            write!(out, "Content-Length: {length}\r\n").expect(INFALLIBLE);
        }
        out.extend_from_slice(match &self.lines {
            Lines::Own(lines) => lines,
            Lines::Finished(lines) => lines,
        });
        out.extend_from_slice(b"X-Content-Type-Options: nosniff\r\n\r\n");
    }
}

const INFALLIBLE: &str = "writing to a Vec cannot fail";

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(head: &Head, content_length: Option<u64>, persistence: Persistence) -> String {
        let mut out = Vec::new();
        head.encode(&mut out, "D", content_length, persistence);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn heads_are_written_to_the_byte() {
        let head = Head::new(Status::OK).field("Content-Type", "text/html").field("Age", 5);
        let expected = "HTTP/1.1 200 OK\r\nDate: D\r\nServer: onepoll\r\nConnection: close\r\nContent-Length: 7\r\n\
            Content-Type: text/html\r\nAge: 5\r\nX-Content-Type-Options: nosniff\r\n\r\n";
        assert_eq!(encoded(&head, Some(7), Persistence::Close), expected);
        let again = Head::finished(Status::OK, head.finish());
        assert_eq!(encoded(&again, Some(7), Persistence::Close), expected);

        let head = Head::new(Status::NO_CONTENT);
        let expected = "HTTP/1.1 204 No Content\r\nDate: D\r\nServer: onepoll\r\nX-Content-Type-Options: nosniff\r\n\r\n";
        assert_eq!(encoded(&head, None, Persistence::KeepAlive), expected);
    }
}
