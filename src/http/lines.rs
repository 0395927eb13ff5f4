//! Where lines and heads end. This file does not know what a line means.
//!
//! The search looks at every byte once, and in order. So a request gets the same answer whether its bytes came in one
//! piece or in a thousand.

use super::fields::is_token;
use super::method::Method;
use super::status::Status;
use super::{HeadLimits, Refusal};

/// Empty lines skipped before a request line. RFC 9112 §2.2 asks for one at least; a client that sends more than a few
/// does not speak HTTP and gets 400.
const EMPTY_LINES_MAX: usize = 4;

/// The search for the end of a request's head: empty lines, the request line, field lines, an empty line.
#[derive(Clone, Debug, Default)]
pub struct HeadScan {
    lines: Lines,
    empty_lines: usize,
    section: Option<Section>,
}

impl HeadScan {
    /// Looks at the bytes that came since the last call. `bytes` holds all bytes from the end of the request before.
    /// `Some(range)` is the place of the head in `bytes`, from its request line to its empty line; `None` means that the
    /// end of the head has not come yet.
    pub fn find(
        &mut self,
        bytes: &[u8],
        limits: &HeadLimits,
    ) -> Result<Option<std::ops::Range<usize>>, Refusal> {
        while self.section.is_none() {
            let start = self.lines.start;
            let bound = start + limits.request_line_bytes_max + 2;
            let window = &bytes[..bytes.len().min(bound)];
            match self.lines.next(window)? {
                Some(0) if self.empty_lines < EMPTY_LINES_MAX => self.empty_lines += 1,
                Some(0) => return Err(Refusal::bad("too many empty lines before a request")),
                Some(_) => self.section = Some(Section { begin: start, fields: 0 }),
                None if window.len() == bound => {
                    return Err(too_long(&window[start..start + limits.request_line_bytes_max]));
                }
                None => return Ok(None),
            }
        }
        let section = self.section.as_mut().expect("the loop ends once the request line is found");
        let end = section.find(&mut self.lines, bytes, limits)?;
        Ok(end.map(|end| section.begin..end))
    }
}

/// The refusal of a request line that is too long and begins with `line` (RFC 9112 §3): 501 where the method is too
/// long, 414 where the target is, and 400 where the method is not a token, as in a line of any length.
fn too_long(line: &[u8]) -> Refusal {
    let method = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    match method.len() > Method::NAME_BYTES_MAX {
        _ if !is_token(method) => Refusal::bad("the method is not a token"),
        true => Refusal::new(Status::NOT_IMPLEMENTED, "the method is longer than any that this server knows"),
        false => Refusal::new(Status::URI_TOO_LONG, "the request line is longer than this server reads"),
    }
}

/// The refusal of a client that speaks TLS. It takes the place of the error that the parser found in the client's bytes.
pub const TLS: Refusal = Refusal::bad(
    "this is TLS, and the port speaks plain HTTP: its addresses begin with http://, not with https://",
);

/// Logged as the request line of a client that speaks TLS, whose bytes are not text.
pub const TLS_LINE: &[u8] = b"TLS on a plain port";

/// Whether the first bytes of a client are TLS: a record that holds a handshake (RFC 8446 §5.1). One byte is enough,
/// since no request begins with it. Waiting for a second byte would make the answer depend on how the bytes were cut.
pub fn is_tls(bytes: &[u8]) -> bool {
    without_empty_lines(bytes).first() == Some(&22)
}

fn without_empty_lines(mut bytes: &[u8]) -> &[u8] {
    for _ in 0..EMPTY_LINES_MAX {
        bytes = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
    }
    bytes
}

/// The request line at the beginning of `bytes`, as far as it came: for the log, when a request is refused before its
/// head is whole. Empty lines are skipped as in [`HeadScan`], so that the log does not depend on how the bytes were cut.
pub fn request_line(bytes: &[u8]) -> &[u8] {
    if is_tls(bytes) {
        return TLS_LINE;
    }
    without_empty_lines(bytes).split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default()
}

/// The search for the end of a trailer section: field lines and an empty line, with the limits of a head.
#[derive(Clone, Debug, Default)]
pub struct TrailerScan {
    lines: Lines,
    section: Section,
}

impl TrailerScan {
    /// Looks at the bytes that came since the last call; `bytes` holds the section from its beginning. Gives the length
    /// of the section, its empty line included; `None` means that its end has not come yet.
    pub fn find(&mut self, bytes: &[u8], limits: &HeadLimits) -> Result<Option<usize>, Refusal> {
        self.section.find(&mut self.lines, bytes, limits)
    }
}

/// Field lines up to an empty line, and how many there are.
#[derive(Clone, Debug, Default)]
struct Section {
    begin: usize,
    fields: usize,
}

impl Section {
    fn find(
        &mut self,
        lines: &mut Lines,
        bytes: &[u8],
        limits: &HeadLimits,
    ) -> Result<Option<usize>, Refusal> {
        let too_large = |why| Err(Refusal::new(Status::FIELDS_TOO_LARGE, why));
        let bound = self.begin + limits.head_bytes_max;
        let window = &bytes[..bytes.len().min(bound)];
        loop {
            match lines.next(window)? {
                Some(0) => return Ok(Some(lines.start)),
                Some(_) if self.fields == limits.fields_max => {
                    return too_large("there are more fields than this server reads");
                }
                Some(_) => self.fields += 1,
                None if window.len() == bound => {
                    return too_large("the head is longer than this server reads");
                }
                None => return Ok(None),
            }
        }
    }
}

/// The search for lines. A line ends in CRLF and holds no other control byte than a tab.
#[derive(Clone, Debug, Default)]
struct Lines {
    /// All bytes before this index were looked at.
    seen: usize,
    /// The index where the current line begins.
    start: usize,
}

impl Lines {
    /// The length of the next whole line, without its CRLF; `None` if its end has not come yet.
    fn next(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        let rest = &bytes[self.seen.min(bytes.len())..];
        let Some(skip) = first_control(rest) else {
            self.seen = self.seen.max(bytes.len());
            return Ok(None);
        };
        self.seen += skip;
        match &rest[skip..] {
            [b'\r', b'\n', ..] => {
                let length = self.seen - self.start;
                self.seen += 2;
                self.start = self.seen;
                Ok(Some(length))
            }
            [b'\r'] => Ok(None),
            [b'\r', ..] => Err(Refusal::bad("a CR without its LF")),
            [b'\n', ..] => Err(Refusal::bad("a LF without its CR")),
            _ => Err(Refusal::bad("a control byte in the head")),
        }
    }
}

/// The index of the first control byte other than a tab. Such bytes are rare, so eight bytes are tested at a time.
fn first_control(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks();
    for (at, word) in words.iter().enumerate() {
        let found = controls(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(8 * at + found.trailing_zeros() as usize / 8);
        }
    }
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    let found = controls(u64::from_le_bytes(last));
    (found != 0).then(|| 8 * words.len() + found.trailing_zeros() as usize / 8)
}

/// Finds the control bytes in `word`, except tabs. In the result the highest bit of each such byte is set, and no other
/// bit.
fn controls(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xff;
    const HIGHEST: u64 = 0x80 * EACH;
    // Without the highest bit of each byte, an addition to one byte does not carry into the next byte.
    let ascii = word & !HIGHEST;
    let not_below_space = ascii + (0x80 - u64::from(b' ')) * EACH;
    let not_tab = (ascii ^ (u64::from(b'\t') * EACH)) + 0x7f * EACH;
    let not_delete = (ascii ^ (0x7f * EACH)) + 0x7f * EACH;
    (!not_below_space & not_tab | !not_delete) & !word & HIGHEST
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of the head, or the status of the refusal.
    type Verdict = Result<Option<std::ops::Range<usize>>, u16>;

    const LIMITS: HeadLimits = HeadLimits { request_line_bytes_max: 20, head_bytes_max: 60, fields_max: 3 };

    /// The result for `bytes` that come in pieces of `step` bytes.
    fn find(bytes: &[u8], step: usize) -> Verdict {
        let mut scan = HeadScan::default();
        for end in (0..=bytes.len()).step_by(step).chain([bytes.len()]) {
            match scan.find(&bytes[..end], &LIMITS) {
                Ok(None) => {}
                Ok(Some(range)) => return Ok(Some(range)),
                Err(refusal) => return Err(refusal.status.code),
            }
        }
        Ok(None)
    }

    #[test]
    fn the_verdict_does_not_depend_on_how_the_bytes_are_cut() {
        let table: &[(&[u8], Verdict)] = &[
            (b"", Ok(None)),
            (b"GET / HTTP/1.1\r\n\r\n", Ok(Some(0..18))),
            (b"GET / HTTP/1.1\r\nA: b\r\n\r\nGET", Ok(Some(0..24))),
            (b"\r\n\r\nGET / HTTP/1.1\r\n\r\n", Ok(Some(4..22))),
            (b"\r\n\r\n\r\n\r\n\r\n", Err(400)),
            (b"\n", Err(400)),
            (b"\rG", Err(400)),
            (b"GET / HTTP/1.1\r\nA: b\n\r\n", Err(400)),
            (b"GET / HTTP/1.1\r\nA: b\rc\r\n", Err(400)),
            (b"GET / HTTP/1.1\r\nA: \0\r\n", Err(400)),
            (b"GET / HTTP/1.1\r\nA: \x7f", Err(400)),
            (b"GET / HTTP/1.1\r\nA:\tb\r\n\r\n", Ok(Some(0..24))),
            (b"\x16\x03\x01", Err(400)),
            (b"GET / HTTP/1.1\r\nA: b\r", Ok(None)),
            (b"GET /0123 HTTP/1.1xx\r\n\r\n", Ok(Some(0..24))),
            (b"GET /0123 HTTP/1.1xxx\r\n\r\n", Err(414)),
            (b"GET /0123 HTTP/1.1xxx no end and then a \0", Err(414)),
            (b"OPTIONS 01234567890123", Err(414)),
            (b"UNKNOWN 01234567890123", Err(414)),
            (b"PROPFIND /0123456789012", Err(501)),
            (b"PROPFIND (\xe9)01234567890", Err(501)),
            (b"M-SEARCH-AND-MORE-THAN", Err(501)),
            (b"M-SEARCH-AND-MORE-THAN \0", Err(501)),
            (b"M-SEARCH-AND-MORE-THA\r\n\r\n", Err(501)),
            (b"M-SEARCH-AND-MORE-TH\r\n\r\n", Ok(Some(0..24))),
            (b"\r\n\r\nM-SEARCH-AND-MORE-THAN", Err(501)),
            (b"M-SEARCH-AND-MO\0RE-THAN", Err(400)),
            (b"M-SEARCH-AND-MO(RE-THAN", Err(400)),
            (b"GET\t/012345678901234567", Err(400)),
            (b"G\xe9T /012345678901234567", Err(400)),
            (b" GET /012345678901234567", Err(400)),
            (b"GET / HTTP/1.1\r\na:\r\nb:\r\nc:\r\n\r\n", Ok(Some(0..30))),
            (b"GET / HTTP/1.1\r\na:\r\nb:\r\nc:\r\nd:\r\n", Err(431)),
            (b"GET / HTTP/1.1\r\na: 0123456789012345678901234567890123456\r\n\r\n", Ok(Some(0..60))),
            (b"GET / HTTP/1.1\r\na: 01234567890123456789012345678901234567\r\n\r\n", Err(431)),
        ];
        for (bytes, expected) in table {
            for step in 1..=bytes.len().max(1) {
                assert_eq!(find(bytes, step), *expected, "{} in {step}s", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn a_request_line_stands_behind_few_empty_lines_and_no_other_bytes() {
        let table: &[(&[u8], &[u8])] = &[
            (b"", b""),
            (b"GET / HT", b"GET / HT"),
            (b"\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nA: b", b"GET / HTTP/1.1"),
            (b"GET / HTTP/1.1\nA: b", b"GET / HTTP/1.1"),
            (b"\r\n\r\n\r\n\r\n\r\nGET", b""),
            (b"\nGET", b""),
            (b"\rGET", b""),
        ];
        for (bytes, line) in table {
            assert_eq!(request_line(bytes), *line, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_trailer_section_may_be_empty() {
        let mut scan = TrailerScan::default();
        assert_eq!(scan.find(b"\r", &LIMITS), Ok(None));
        assert_eq!(scan.find(b"\r\nGET", &LIMITS), Ok(Some(2)));
    }

    #[test]
    fn the_first_control_byte_is_found_wherever_it_stands() {
        let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        for byte in 0..=u8::MAX {
            for neighbour in [0, b'\t', b' ', b'~', 0x7f, 0x80, 0x89, 0xff] {
                for at in 0..19 {
                    let mut bytes = [neighbour; 19];
                    bytes[..at].fill(b'a');
                    bytes[at] = byte;
                    assert_eq!(first_control(&bytes), bytes.iter().position(is_control), "{bytes:?}");
                }
            }
        }
    }
}
