//! The head of a response: status and fields in, bytes out (RFC 9112 §4). All heads are encoded in this file; it does
//! not know what the content is.

use super::date::Date;
use super::status::Status;
use super::value::Value;
use super::version::Persistence;
use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

/// Room for the lines of one head, in bytes. The head of a file fits into it.
const HEAD_BYTES: usize = 512;

/// The interim answer to `Expect: 100-continue` (RFC 9110 §15.2.1).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The head of an answer, without `Date`, `Connection` and the fields that many answers carry. [`Head::encode`] adds
/// these.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status of the answer.
    pub status: Status,
    lines: Lines,
    /// Where `Cache-Control` stands in the lines.
    cache_control: Span,
    /// Where `Vary` stands in the lines.
    vary: Span,
    /// Whether [`Head::made_for`] has put the lines in accord with the common ones.
    is_made: bool,
}

/// A field line among others, with its CRLF: where it begins, and where the next one begins. Both are 0 where there is no
/// such line. The places are noted when a line is written: a search for it would take many instructions for each answer.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    const NONE: Span = Span { start: 0, end: 0 };

    /// No head has 4 GiB.
    fn of(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The field lines that many answers carry, and what they change in the lines of an answer's own. Of the fields that an
/// answer may have of its own, these may be common to many answers, too: `Vary`, a list that is merged into one line, and
/// `Cache-Control`, where the common field takes the place of the answer's.
#[derive(Clone, Debug, Default)]
pub struct Common {
    lines: Vec<u8>,
    vary: Vec<String>,
    /// So many of these names, from the first one on, may be in the `Vary` of an answer's own.
    compared: usize,
    /// `Vary` of an answer that has none of its own, as a line.
    vary_alone: Vec<u8>,
    /// What follows the names in `Vary` of an answer that has other names there, up to the end of the line.
    vary_more: Vec<u8>,
    has_cache_control: bool,
}

impl Common {
    /// These lines, each with its CRLF and none of them `Vary`, and these names in `Vary`. `has_cache_control` says whether
    /// `Cache-Control` is among the lines.
    pub fn new(lines: Vec<u8>, vary: Vec<String>, has_cache_control: bool) -> Common {
        let compared = vary.len();
        Common { lines, vary, compared, has_cache_control, ..Common::default() }.written()
    }

    /// The same with one name more in `Vary`, which no answer has there of its own.
    pub fn and_vary(mut self, name: &str) -> Common {
        if !self.vary.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            self.vary.push(name.to_owned());
        }
        self.written()
    }

    fn written(self) -> Common {
        let names = self.vary.join(", ");
        let vary_alone = format!("Vary: {names}\r\n").into_bytes();
        let vary_more = format!(", {names}\r\n").into_bytes();
        Common { vary_alone, vary_more, ..self }
    }

    /// The same with more lines.
    pub fn and(&self, lines: &str) -> Common {
        Common { lines: [&self.lines, lines.as_bytes()].concat(), ..self.clone() }
    }

    /// Whether the lines of an answer stay as they are.
    fn is_plain(&self) -> bool {
        self.vary.is_empty() && !self.has_cache_control
    }

    /// What stands at the end of a line of `Vary` in place of its CRLF, so that it has the names of all answers, each name once.
    fn more(&self, own: &[u8]) -> Cow<'_, [u8]> {
        let names = &own[b"Vary: ".len()..];
        if !self.vary[..self.compared].iter().any(|name| has_member(names, name.as_bytes())) {
            return Cow::Borrowed(&self.vary_more);
        }
        let others = self.vary.iter().filter(|name| !has_member(names, name.as_bytes()));
        let others = others.map(|name| format!(", {name}")).collect::<String>();
        Cow::Owned((others + "\r\n").into_bytes())
    }
}

/// Whether `name` is in a list of names, with the end of its line.
fn has_member(list: &[u8], name: &[u8]) -> bool {
    let mut members = list.split(|byte| *byte == b',');
    members.any(|member| member.trim_ascii().eq_ignore_ascii_case(name))
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
        Head { status, lines: Lines::Own(own), cache_control: Span::NONE, vary: Span::NONE, is_made: false }
    }

    /// Adds a field. The value must not hold control bytes. `Vary` and `Cache-Control` are spelt like this, and each is
    /// added once; [`Head::vary`] adds to a list that may be there.
    #[inline(always)]
    pub fn field(mut self, name: &str, value: impl Value) -> Head {
        let lines = self.own_lines();
        let start = lines.len();
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(b": ");
        value.append_to(lines);
        lines.extend_from_slice(b"\r\n");
        let end = lines.len();
        match name {
            "Cache-Control" => self.cache_control = Span::of(start, end),
            "Vary" => self.vary = Span::of(start, end),
            _ => {}
        }
        self
    }

    /// Adds `name` to `Vary`, unless it is there: the answer depends on this field of the request, too (RFC 9110 §12.5.5).
    pub fn vary(mut self, name: &str) -> Head {
        let Range { start, end } = self.vary.range();
        if end == 0 {
            return self.field("Vary", name);
        }
        let said =
            self.lines()[start + b"Vary:".len()..end].split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        if said.clone().any(|member| member == b"*" || member.eq_ignore_ascii_case(name.as_bytes())) {
            return self;
        }
        let at = end - b"\r\n".len();
        self.own_lines().splice(at..at, [b", ", name.as_bytes()].concat());
        let added = name.len() + b", ".len();
        self.vary = Span::of(start, end + added);
        let other = self.cache_control.range();
        if other.start > start {
            self.cache_control = Span::of(other.start + added, other.end + added);
        }
        self
    }

    /// The same head in shared memory, so that it is cheap to clone for each answer. It is made for answers with these common
    /// lines: [`Head::encode`] does not change it for them again.
    pub fn made_for(self, common: &Common) -> Head {
        let mut made = OwnLines::new();
        self.append_to(&mut made.0, common);
        let vary = line_in(&made.0, "Vary");
        let lines = Lines::Shared(made.0.as_slice().into());
        Head { status: self.status, lines, cache_control: Span::NONE, vary, is_made: true }
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

    /// Appends the head's bytes to `out`, with the field lines that it has in common with other answers.
    pub fn encode(&self, out: &mut Vec<u8>, common: &Common, date: &Date, persistence: Persistence) {
        let end: &[u8] = match persistence {
            Persistence::KeepAlive => b"\r\n",
            Persistence::KeepAliveSaid => b"Connection: keep-alive\r\n\r\n",
            Persistence::Close => b"Connection: close\r\n\r\n",
        };
        self.append_to(out, common);
        for part in [&common.lines, date.line().as_bytes(), end] {
            out.extend_from_slice(part);
        }
    }

    /// Appends the lines of the answer's own to `out`: without `Cache-Control` if that is common, and with one `Vary`.
    #[inline]
    fn append_to(&self, out: &mut Vec<u8>, common: &Common) {
        match self.is_made || common.is_plain() {
            true => out.extend_from_slice(self.lines()),
            false => self.append_changed(out, common),
        }
    }

    #[inline(never)]
    fn append_changed(&self, out: &mut Vec<u8>, common: &Common) {
        let lines = self.lines();
        let left_out = if common.has_cache_control { self.cache_control } else { Span::NONE }.range();
        // Names are added where the line of `Vary` ends.
        let vary = if common.vary.is_empty() { Span::NONE } else { self.vary }.range();
        let added = if vary.is_empty() { Cow::Borrowed(&[][..]) } else { common.more(&lines[vary.clone()]) };
        let line_end = vary.end.saturating_sub(b"\r\n".len())..vary.end;
        let changes = [(left_out, &[][..]), (line_end, &*added)];
        let [first, second] = if changes[0].0.start < changes[1].0.start { [0, 1] } else { [1, 0] };
        let mut at = 0;
        for (replaced, by) in [&changes[first], &changes[second]].into_iter().filter(|(it, _)| !it.is_empty())
        {
            out.extend_from_slice(&lines[at..replaced.start]);
            if !by.is_empty() {
                out.extend_from_slice(by);
            }
            at = replaced.end;
        }
        if at < lines.len() {
            out.extend_from_slice(&lines[at..]);
        }
        if vary.is_empty() && !common.vary.is_empty() {
            out.extend_from_slice(&common.vary_alone);
        }
    }
}

/// Where the line of the field `name`, spelt like this, stands in the lines of a head.
fn line_in(lines: &[u8], name: &str) -> Span {
    let mut start = 0;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        if line.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b":")) {
            return Span::of(start, end);
        }
        start = end;
    }
    Span::NONE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded_with(head: &Head, common: &Common, persistence: Persistence) -> String {
        let mut out = Vec::new();
        head.encode(&mut out, common, &Date::new(std::time::UNIX_EPOCH), persistence);
        String::from_utf8(out).unwrap().replace("Thu, 01 Jan 1970 00:00:00 GMT", "D")
    }

    fn server() -> Common {
        Common::new(b"Server: onepoll\r\n".to_vec(), Vec::new(), false)
    }

    fn encoded(head: &Head, persistence: Persistence) -> String {
        encoded_with(head, &server(), persistence)
    }

    #[test]
    fn heads_are_written_to_the_byte() {
        let head = Head::new(Status::OK).field("Content-Type", "text/html").field("Age", 5);
        let expected = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAge: 5\r\nServer: onepoll\r\nDate: D\r\n\
            Connection: close\r\n\r\n";
        assert_eq!(encoded(&head, Persistence::Close), expected);
        let shared = head.clone().made_for(&server());
        assert_eq!(encoded(&shared.clone(), Persistence::Close), expected);
        let more = expected.replace("Server", "Link: a\r\nServer");
        assert_eq!(encoded(&shared.clone().field("Link", "a"), Persistence::Close), more);
        assert_eq!(encoded(&shared, Persistence::Close), expected, "the others stay as they were");

        let head = head.vary("Accept").field("Cache-Control", "no-cache");
        let other = expected.replace("Server", "Vary: Accept\r\nCache-Control: no-cache\r\nServer");
        assert_eq!(encoded(&head, Persistence::Close), other);
        let head = head.vary("Accept-Encoding");
        let other = other.replace("Vary: Accept", "Vary: Accept, Accept-Encoding");
        assert_eq!(encoded(&head, Persistence::Close), other);
        assert_eq!(encoded(&head.vary("accept"), Persistence::Close), other, "it is said once");

        let head = Head::new(Status::NO_CONTENT);
        let expected = "HTTP/1.1 204 No Content\r\nServer: onepoll\r\nDate: D\r\n\r\n";
        assert_eq!(encoded(&head, Persistence::KeepAlive), expected);
    }

    #[test]
    fn common_fields_take_the_place_of_others_and_are_merged_into_vary() {
        let plain = || Head::new(Status::OK).field("Allow", "a");
        let cache_first = || plain().field("Cache-Control", "no-cache").field("ETag", "b").vary("Accept");
        let vary_first = || plain().vary("Accept").field("ETag", "b").field("Cache-Control", "no-cache");
        let grown = || vary_first().vary("Cookie").vary("ACCEPT-encoding");
        let all = ["Origin", "Accept-Encoding"];
        #[rustfmt::skip]
        let table: [(Head, &[&str], bool, &str); 13] = [
            (plain(),       &[],         false, "Allow: a|"),
            (plain(),       &[],         true,  "Allow: a|"),
            (plain(),       &all,        true,  "Allow: a|Vary: Origin, Accept-Encoding|"),
            (cache_first(), &[],         false, "Allow: a|Cache-Control: no-cache|ETag: b|Vary: Accept|"),
            (cache_first(), &[],         true,  "Allow: a|ETag: b|Vary: Accept|"),
            (cache_first(), &["Origin"], false, "Allow: a|Cache-Control: no-cache|ETag: b|Vary: Accept, Origin|"),
            (cache_first(), &all,        true,  "Allow: a|ETag: b|Vary: Accept, Origin, Accept-Encoding|"),
            (cache_first(), &["accept"], true,  "Allow: a|ETag: b|Vary: Accept|"),
            (vary_first(),  &[],         true,  "Allow: a|Vary: Accept|ETag: b|"),
            (vary_first(),  &["Origin"], false, "Allow: a|Vary: Accept, Origin|ETag: b|Cache-Control: no-cache|"),
            (vary_first(),  &["Origin"], true,  "Allow: a|Vary: Accept, Origin|ETag: b|"),
            (grown(),       &all,        true,  "Allow: a|Vary: Accept, Cookie, ACCEPT-encoding, Origin|ETag: b|"),
            (grown(),       &[],         true,  "Allow: a|Vary: Accept, Cookie, ACCEPT-encoding|ETag: b|"),
        ];
        for (head, vary, has_cache_control, expected) in table {
            let vary = vary.iter().map(|name| name.to_string()).collect();
            let common = Common::new(b"X: y\r\n".to_vec(), vary, has_cache_control);
            let expected = format!("HTTP/1.1 200 OK|{expected}X: y|Date: D||").replace('|', "\r\n");
            assert_eq!(encoded_with(&head, &common, Persistence::KeepAlive), expected);
            let shared = head.made_for(&common);
            assert_eq!(encoded_with(&shared, &common, Persistence::KeepAlive), expected, "and once for many");
            let more = encoded_with(&shared.vary("DNT"), &common, Persistence::KeepAlive);
            assert_eq!(more.matches("Vary: ").count(), 1, "{more}");
            assert_eq!(
                more.replace(", DNT", "").replace("Vary: DNT\r\n", ""),
                expected,
                "one of them has more"
            );
        }
    }
}
