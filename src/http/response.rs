//! The head of a response: status and fields in, bytes out (RFC 9112 §4). All heads are encoded in this file; it does
//! not know what the content is.

use super::date::Date;
use super::status::Status;
use super::value::Value;
use super::version::Persistence;
use std::cell::Cell;
use std::sync::Arc;

/// Room for the lines of one head, in bytes. The head of a file fits into it.
const HEAD_BYTES: usize = 512;

/// The interim answer to `Expect: 100-continue` (RFC 9110 §15.2.1).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The head of an answer, without `Date`, `Connection` and the fields that every answer carries. [`Head::encode`] adds
/// these.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status of the answer.
    pub status: Status,
    lines: Lines,
}

/// The bytes of the status line and of the field lines.
#[derive(Clone, Debug)]
enum Lines {
    /// For one answer.
    Own(OwnLines),
    /// For many answers.
    Shared(Arc<[u8]>),
}

thread_local! {
    /// Room that a head has left for the next one of its thread: so a head costs no allocation.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lines that are written to. Their room goes to the next head of the thread.
#[derive(Clone, Debug)]
struct OwnLines(Vec<u8>);

impl OwnLines {
    fn new() -> OwnLines {
        let mut lines = SPARE.take();
        lines.clear();
        lines.reserve(HEAD_BYTES);
        OwnLines(lines)
    }

    /// A copy of `lines`.
    fn of(lines: &[u8]) -> OwnLines {
        let mut own = OwnLines::new();
        own.0.extend_from_slice(lines);
        own
    }
}

impl Drop for OwnLines {
    fn drop(&mut self) {
        // While a thread ends, there is no next head.
        let _ = SPARE.try_with(|spare| spare.set(std::mem::take(&mut self.0)));
    }
}

impl Head {
    /// A head with this status and without fields.
    pub fn new(status: Status) -> Head {
        let mut own = OwnLines::new();
        let lines = &mut own.0;
        let [tens, ones] = [status.code / 10 % 10, status.code % 10].map(|digit| b'0' + digit as u8);
        lines.extend_from_slice(&[
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            b'1',
            b' ',
            b'0' + (status.code / 100) as u8,
            tens,
            ones,
            b' ',
        ]);
        lines.extend_from_slice(status.reason.as_bytes());
        lines.extend_from_slice(b"\r\n");
        Head { status, lines: Lines::Own(own) }
    }

    /// Adds a field. The value must not hold control bytes.
    #[inline(always)]
    pub fn field(mut self, name: &str, value: impl Value) -> Head {
        let lines = self.own_lines();
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(b": ");
        value.append_to(lines);
        lines.extend_from_slice(b"\r\n");
        self
    }

    /// Sets a field: replaces all fields with this name. The value must not hold control bytes.
    pub fn set(self, name: &str, value: impl Value) -> Head {
        self.without(name).field(name, value)
    }

    /// Removes the fields with this name.
    pub fn without(self, name: &str) -> Head {
        let lines = OwnLines::of(&Head::lines_without(self.lines(), name));
        Head { lines: Lines::Own(lines), ..self }
    }

    /// `lines` without the lines of the field called `name`.
    pub fn lines_without(lines: &[u8], name: &str) -> Vec<u8> {
        let is_other = |line: &&[u8]| value_of(line, name).is_none();
        lines.split_inclusive(|byte| *byte == b'\n').filter(is_other).collect::<Vec<_>>().concat()
    }

    /// Whether the head was made once for many answers.
    pub fn is_shared(&self) -> bool {
        matches!(self.lines, Lines::Shared(_))
    }

    /// Adds `name` to `Vary`: the answer depends on this field of the request, too (RFC 9110 §12.5.5).
    pub fn vary(self, name: &str) -> Head {
        let lines = self.lines().split_inclusive(|byte| *byte == b'\n');
        let said: Vec<_> =
            lines.filter_map(|line| value_of(line, "vary")).map(String::from_utf8_lossy).collect();
        match said.is_empty() {
            true => self.field("Vary", name),
            false => {
                let all = format!("{}, {name}", said.join(", "));
                self.set("Vary", all)
            }
        }
    }

    /// The lines to add to; of a shared head they are copied first.
    #[inline]
    fn own_lines(&mut self) -> &mut Vec<u8> {
        if let Lines::Shared(lines) = &self.lines {
            self.lines = Lines::Own(OwnLines::of(lines));
        }
        match &mut self.lines {
            Lines::Own(lines) => &mut lines.0,
            Lines::Shared(_) => unreachable!("the lines were copied above"),
        }
    }

    fn lines(&self) -> &[u8] {
        match &self.lines {
            Lines::Own(lines) => &lines.0,
            Lines::Shared(lines) => lines,
        }
    }

    /// The same head in shared memory, so that it is cheap to clone for each answer.
    pub fn shared(self) -> Head {
        match self.lines {
            Lines::Own(lines) => Head { lines: Lines::Shared(lines.0.as_slice().into()), ..self },
            Lines::Shared(_) => self,
        }
    }

    /// Appends the head's bytes to `out`; `common` are the field lines that every answer carries.
    pub fn encode(&self, out: &mut Vec<u8>, common: &[u8], date: &Date, persistence: Persistence) {
        let end: &[u8] = match persistence {
            Persistence::KeepAlive => b"\r\n",
            Persistence::KeepAliveSaid => b"Connection: keep-alive\r\n\r\n",
            Persistence::Close => b"Connection: close\r\n\r\n",
        };
        for part in [self.lines(), common, date.line().as_bytes(), end] {
            out.extend_from_slice(part);
        }
    }
}

/// The value of a field line, if its field is called `name`.
fn value_of<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (field, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b": ").filter(|_| field.eq_ignore_ascii_case(name.as_bytes()))?;
    Some(value.trim_ascii_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(head: &Head, persistence: Persistence) -> String {
        let mut out = Vec::new();
        head.encode(&mut out, b"Server: onepoll\r\n", &Date::new(std::time::UNIX_EPOCH), persistence);
        String::from_utf8(out).unwrap().replace("Thu, 01 Jan 1970 00:00:00 GMT", "D")
    }

    #[test]
    fn heads_are_written_to_the_byte() {
        let head = Head::new(Status::OK).field("Content-Type", "text/html").field("Age", 5);
        let expected = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAge: 5\r\nServer: onepoll\r\nDate: D\r\n\
            Connection: close\r\n\r\n";
        assert_eq!(encoded(&head, Persistence::Close), expected);
        let shared = head.shared();
        assert_eq!(encoded(&shared.clone(), Persistence::Close), expected);
        let more = expected.replace("Server", "Vary: *\r\nServer");
        assert_eq!(encoded(&shared.clone().field("Vary", "*"), Persistence::Close), more);
        assert_eq!(encoded(&shared, Persistence::Close), expected, "the others stay as they were");

        let head = shared.clone().set("content-type", "text/plain").vary("Accept");
        let other = expected.replace("Content-Type: text/html\r\n", "");
        let other = other.replace("Server", "content-type: text/plain\r\nVary: Accept\r\nServer");
        assert_eq!(encoded(&head, Persistence::Close), other, "a field is set in the place of another");
        let head = head.vary("Accept-Encoding");
        let other = other.replace("Vary: Accept", "Vary: Accept, Accept-Encoding");
        assert_eq!(encoded(&head, Persistence::Close), other);

        let head = Head::new(Status::NO_CONTENT);
        let expected = "HTTP/1.1 204 No Content\r\nServer: onepoll\r\nDate: D\r\n\r\n";
        assert_eq!(encoded(&head, Persistence::KeepAlive), expected);
    }
}
