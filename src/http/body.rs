//! A request's content: how it is framed, and where it ends (RFC 9112 §6 and §7). The content itself is
//! counted and passed over; nothing here keeps it.

use super::fields::{FieldSlots, Fields, TOKEN, is_token, trim};
use super::lines::TrailerScan;
use super::status::Status;
use super::version::Version;
use super::{HeadLimits, Refusal};

/// Bytes of chunk extensions accepted in one body: nobody needs them, and each costs its reader time.
const EXTENSION_BYTES_MAX: usize = 16 << 10;

/// Digits of a chunk's size: as many as 64 bits have. More would only be zeros, and those could go on for ever.
const SIZE_DIGITS_MAX: u8 = 16;

/// How a request's content is framed (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `Content-Length`, or 0 where nothing is said.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

impl Framing {
    /// What `Content-Length` and `Transfer-Encoding` say together.
    pub fn of(fields: Fields<'_>, version: Version) -> Result<Framing, Refusal> {
        if fields.lacks(["content-length", "transfer-encoding"]) {
            return Ok(Framing::Length(0));
        }
        let length = fields.only("content-length", "more than one Content-Length field")?;
        let mut codings = fields.members("transfer-encoding").peekable();
        if codings.peek().is_none() {
            return length.map_or(Ok(Framing::Length(0)), |digits| decimal(digits).map(Framing::Length));
        }
        if length.is_some() {
            return Err(Refusal::bad("both Content-Length and Transfer-Encoding"));
        }
        if version == Version::Http10 {
            return Err(Refusal::bad("HTTP/1.0 has no Transfer-Encoding"));
        }
        only_chunked(codings)
    }
}

/// `chunked` is the one coding that this server knows, and it comes last and once.
fn only_chunked<'a>(codings: impl Iterator<Item = &'a [u8]>) -> Result<Framing, Refusal> {
    let mut unknown = false;
    let mut chunked = false;
    for coding in codings {
        let name = trim(coding.split(|&byte| byte == b';').next().unwrap_or_default());
        if chunked || !is_token(name) {
            return Err(Refusal::bad("chunked is not the final coding, once"));
        }
        chunked = coding.eq_ignore_ascii_case(b"chunked");
        if !chunked && name.eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::bad("chunked takes no parameters"));
        }
        unknown |= !chunked;
    }
    match (chunked, unknown) {
        (true, false) => Ok(Framing::Chunked),
        (true, true) => {
            Err(Refusal::new(Status::NOT_IMPLEMENTED, "this server decodes no transfer coding but chunked"))
        }
        (false, _) => Err(Refusal::bad("chunked is not the final coding, once")),
    }
}

/// Digits, nothing else, that fit 64 bits.
fn decimal(digits: &[u8]) -> Result<u64, Refusal> {
    let refusal = Refusal::bad("Content-Length is not one decimal number");
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(refusal);
    }
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or(refusal)
}

/// A body on its way in.
#[derive(Clone, Debug)]
pub struct Body {
    left: Left,
    content_bytes: u64,
    content_bytes_max: u64,
    extension_bytes: usize,
}

/// What must still come.
#[derive(Clone, Debug)]
enum Left {
    /// This many bytes of a body of known length.
    Content(u64),
    /// More of a chunk's first line, of which this much was read.
    ChunkLine(ChunkLine, u64),
    /// The rest of a chunk, at least one byte.
    Chunk(u64),
    /// The CRLF that ends a chunk.
    ChunkEnd,
    /// Its LF.
    ChunkEndLf,
    /// The trailer section, up to its empty line.
    Trailers(TrailerScan),
    /// Nothing.
    Nothing,
}

/// Where in `1*HEXDIG *( BWS ";" BWS name [ BWS "=" BWS value ] ) CRLF` (RFC 9112 §7.1.1) we stand. No
/// white space stands between the size and what follows it: some read a size past it and some do not.
#[derive(Clone, Copy, Debug)]
enum ChunkLine {
    FirstDigit,
    /// So many of them came.
    Digits(u8),
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Value,
    Quoted,
    Escaped,
    AfterValue,
    AfterBlank,
    Lf,
}

impl Body {
    /// A body framed so, of at most `content_bytes_max` bytes; more are 413.
    pub fn new(framing: Framing, content_bytes_max: u64) -> Result<Body, Refusal> {
        let left = match framing {
            Framing::Length(length) if length > content_bytes_max => return Err(TOO_LARGE),
            Framing::Length(0) => Left::Nothing,
            Framing::Length(length) => Left::Content(length),
            Framing::Chunked => Left::ChunkLine(ChunkLine::FirstDigit, 0),
        };
        Ok(Body { left, content_bytes: 0, content_bytes_max, extension_bytes: 0 })
    }

    /// Whether all of it was read.
    pub fn is_whole(&self) -> bool {
        matches!(self.left, Left::Nothing)
    }

    /// Bytes of content read so far, without their framing.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Reads on in `bytes` and says how many of them are done with. Those that are not, a trailer
    /// section without its end, must stand at the beginning of the next call's.
    pub fn consume(&mut self, bytes: &[u8], limits: &HeadLimits) -> Result<usize, Refusal> {
        let mut done = 0;
        while done < bytes.len() && !self.is_whole() {
            let step = self.step(&bytes[done..], limits)?;
            if step == 0 {
                break;
            }
            done += step;
        }
        Ok(done)
    }

    fn step(&mut self, bytes: &[u8], limits: &HeadLimits) -> Result<usize, Refusal> {
        match &mut self.left {
            Left::Content(left) | Left::Chunk(left) => {
                let count = (*left).min(bytes.len() as u64);
                *left -= count;
                self.content_bytes += count;
                match self.left {
                    Left::Content(0) => self.left = Left::Nothing,
                    Left::Chunk(0) => self.left = Left::ChunkEnd,
                    _ => {}
                }
                return Ok(count as usize);
            }
            Left::Trailers(scan) => {
                let end = scan.find(bytes, limits)?;
                return self.trailers(end, bytes);
            }
            &mut Left::ChunkLine(at, size) => self.left = self.chunk_line(at, size, bytes[0])?,
            Left::ChunkEnd if bytes[0] == b'\r' => self.left = Left::ChunkEndLf,
            Left::ChunkEndLf if bytes[0] == b'\n' => {
                self.left = Left::ChunkLine(ChunkLine::FirstDigit, 0);
            }
            Left::ChunkEnd | Left::ChunkEndLf => return Err(Refusal::bad("a chunk does not end in CRLF")),
            Left::Nothing => return Ok(0),
        }
        Ok(1)
    }

    fn trailers(&mut self, end: Option<usize>, bytes: &[u8]) -> Result<usize, Refusal> {
        let Some(end) = end else { return Ok(0) };
        Fields::parse(&bytes[..end], &mut FieldSlots::new())?;
        self.left = Left::Nothing;
        Ok(end)
    }

    fn chunk_line(&mut self, at: ChunkLine, size: u64, byte: u8) -> Result<Left, Refusal> {
        use ChunkLine::*;
        let next = match (at, byte) {
            (FirstDigit, _) if byte.is_ascii_hexdigit() => {
                return Ok(Left::ChunkLine(Digits(1), grow(size, byte)?));
            }
            (Digits(count @ ..SIZE_DIGITS_MAX), _) if byte.is_ascii_hexdigit() => {
                return Ok(Left::ChunkLine(Digits(count + 1), grow(size, byte)?));
            }
            (Lf, b'\n') => return self.begin_chunk(size),
            (Digits(_) | Name | Value | AfterValue, b'\r') => Lf,
            (Digits(_) | Name | AfterName | Value | AfterValue | AfterBlank, b';') => BeforeName,
            (Name | AfterName, b'=') => BeforeValue,
            (BeforeName | Name, _) if TOKEN.has(byte) => Name,
            (BeforeValue | Value, _) if TOKEN.has(byte) => Value,
            (BeforeValue, b'"') => Quoted,
            (Quoted, b'"') => AfterValue,
            (Quoted, b'\\') => Escaped,
            (Quoted | Escaped, b'\t' | b' '..=b'~' | 0x80..) => Quoted,
            (BeforeName | BeforeValue | AfterName | AfterBlank, b' ' | b'\t') => at,
            (Name, b' ' | b'\t') => AfterName,
            (Value | AfterValue, b' ' | b'\t') => AfterBlank,
            _ => return Err(Refusal::bad("the first line of a chunk is malformed")),
        };
        self.extension_bytes += usize::from(!matches!(next, Lf));
        if self.extension_bytes > EXTENSION_BYTES_MAX {
            return Err(Refusal::bad("there are more chunk extensions than this server reads"));
        }
        Ok(Left::ChunkLine(next, size))
    }

    fn begin_chunk(&self, size: u64) -> Result<Left, Refusal> {
        match size {
            0 => Ok(Left::Trailers(TrailerScan::default())),
            _ if size > self.content_bytes_max - self.content_bytes => Err(TOO_LARGE),
            _ => Ok(Left::Chunk(size)),
        }
    }
}

const TOO_LARGE: Refusal =
    Refusal::new(Status::CONTENT_TOO_LARGE, "the content is longer than this server reads");

/// One more digit of a chunk's size.
fn grow(size: u64, digit: u8) -> Result<u64, Refusal> {
    let digit = char::from(digit).to_digit(16).expect("the caller saw a hexadecimal digit");
    let grown = size.checked_mul(16).map(|size| size + u64::from(digit));
    grown.ok_or(Refusal::bad("the size of a chunk does not fit 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(version: Version, fields: &str) -> Result<Framing, u16> {
        let section = format!("{fields}\r\n");
        let mut slots = FieldSlots::new();
        let fields = Fields::parse(section.as_bytes(), &mut slots).map_err(|refusal| refusal.status.code)?;
        Framing::of(fields, version).map_err(|refusal| refusal.status.code)
    }

    #[test]
    fn framings() {
        use Framing::*;
        let table = [
            ("", Ok(Length(0))),
            ("Content-Length: 0\r\n", Ok(Length(0))),
            ("Content-Length:   42  \r\n", Ok(Length(42))),
            ("Content-Length: 0042\r\n", Ok(Length(42))),
            ("Content-Length: 18446744073709551615\r\n", Ok(Length(u64::MAX))),
            ("Content-Length: 18446744073709551616\r\n", Err(400)),
            ("Content-Length:\r\n", Err(400)),
            ("Content-Length: +1\r\n", Err(400)),
            ("Content-Length: -1\r\n", Err(400)),
            ("Content-Length: 1 2\r\n", Err(400)),
            ("Content-Length: 1,1\r\n", Err(400)),
            ("Content-Length: 1, 1\r\n", Err(400)),
            ("Content-Length: 0x1\r\n", Err(400)),
            ("Content-Length: 1.0\r\n", Err(400)),
            ("Content-Length: 1\r\nContent-Length: 1\r\n", Err(400)),
            ("Content-Length: 1\r\ncontent-length: 2\r\n", Err(400)),
            ("Transfer-Encoding: chunked\r\n", Ok(Chunked)),
            ("transfer-encoding: CHUNKED\r\n", Ok(Chunked)),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", Err(400)),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", Err(400)),
            ("Transfer-Encoding: chunked, chunked\r\n", Err(400)),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Err(400)),
            ("Transfer-Encoding: chunked, gzip\r\n", Err(400)),
            ("Transfer-Encoding: gzip\r\n", Err(400)),
            ("Transfer-Encoding: identity\r\n", Err(400)),
            ("Transfer-Encoding: gzip, chunked\r\n", Err(501)),
            ("Transfer-Encoding: gzip;q=1, chunked\r\n", Err(501)),
            ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", Err(501)),
            ("Transfer-Encoding: gzip, chunked, chunked\r\n", Err(400)),
            ("Transfer-Encoding: , chunked\r\n", Err(400)),
            ("Transfer-Encoding: chunked,\r\n", Err(400)),
            ("Transfer-Encoding:\r\n", Err(400)),
            ("Transfer-Encoding: xchunked\r\n", Err(400)),
            ("Transfer-Encoding: \"chunked\"\r\n", Err(400)),
            ("Transfer-Encoding: chunked;a=b\r\n", Err(400)),
            ("Transfer-Encoding: chunked;a=b, chunked\r\n", Err(400)),
        ];
        for (fields, expected) in table {
            assert_eq!(framing(Version::Http11, fields), expected, "{fields}");
        }
        assert_eq!(framing(Version::Http10, "Transfer-Encoding: chunked\r\n"), Err(400));
        assert_eq!(framing(Version::Http10, "Content-Length: 7\r\n"), Ok(Length(7)));
    }

    const LIMITS: HeadLimits = HeadLimits { request_line_bytes_max: 10, head_bytes_max: 60, fields_max: 2 };

    /// Content bytes and bytes left over after a body that comes in pieces of `step`; `None` where it
    /// is not whole.
    fn read(framing: Framing, bytes: &[u8], step: usize) -> Result<Option<(u64, usize)>, u16> {
        let refused = |refusal: Refusal| refusal.status.code;
        let mut body = Body::new(framing, 100).map_err(refused)?;
        let mut done = 0;
        for end in (0..=bytes.len()).step_by(step).chain([bytes.len()]) {
            done += body.consume(&bytes[done..end], &LIMITS).map_err(refused)?;
        }
        Ok(body.is_whole().then(|| (body.content_bytes(), bytes.len() - done)))
    }

    fn check(framing: Framing, bytes: &str, expected: Result<Option<(u64, usize)>, u16>) {
        for step in 1..=bytes.len().max(1) {
            assert_eq!(
                read(framing, bytes.as_bytes(), step),
                expected,
                "{} in {step}s",
                bytes.escape_debug()
            );
        }
    }

    #[test]
    fn bodies_of_known_length() {
        check(Framing::Length(0), "GET", Ok(Some((0, 3))));
        check(Framing::Length(3), "abc", Ok(Some((3, 0))));
        check(Framing::Length(3), "abcGET", Ok(Some((3, 3))));
        check(Framing::Length(3), "ab", Ok(None));
        check(Framing::Length(101), "", Err(413));
    }

    #[test]
    fn chunked_bodies() {
        let table = [
            ("0\r\n\r\n", Ok(Some((0, 0)))),
            ("000\r\n\r\nGET", Ok(Some((0, 3)))),
            ("3\r\nabc\r\n0\r\n\r\nGET", Ok(Some((3, 3)))),
            ("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", Ok(Some((20, 0)))),
            ("1;a\r\nx\r\n0;b\r\n\r\n", Ok(Some((1, 0)))),
            ("1;a=b;c=\"d;\\\"\r\"\r\nx\r\n0\r\n\r\n", Err(400)),
            ("1;a=b;c=\"d; \\\" \u{e9}\";e\r\nx\r\n0\r\n\r\n", Ok(Some((1, 0)))),
            ("1; a = b ;c ; d =\t\"e\" ;f\r\nx\r\n0\r\n\r\n", Ok(Some((1, 0)))),
            ("0\r\nA: b\r\n\r\n", Ok(Some((0, 0)))),
            ("0\r\nA: b\r\nC: d\r\n\r\nG", Ok(Some((0, 1)))),
            ("0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", Err(431)),
            ("0\r\nA: 0123456789012345678901234567890123456789012345678901234\r\n\r\n", Err(431)),
            ("0\r\nA b\r\n\r\n", Err(400)),
            ("0\r\nA : b\r\n\r\n", Err(400)),
            ("0\r\nA: b\r\n c\r\n\r\n", Err(400)),
            ("0\r\nA: b\n\r\n", Err(400)),
            ("0\r\n\n", Err(400)),
            ("0\n\r\n", Err(400)),
            ("3\nabc\r\n", Err(400)),
            ("3\r\nabc\n0\r\n\r\n", Err(400)),
            ("3\r\nabcd\r\n", Err(400)),
            ("3\r\nab\r\n0\r\n\r\n", Err(400)),
            ("3\r\rabc", Err(400)),
            ("\r\n", Err(400)),
            ("3 \r\nabc\r\n", Err(400)),
            ("3 ;a\r\nabc\r\n", Err(400)),
            (" 3\r\nabc\r\n", Err(400)),
            ("3\t\r\nabc\r\n", Err(400)),
            ("+3\r\nabc\r\n", Err(400)),
            ("-3\r\nabc\r\n", Err(400)),
            ("0x3\r\nabc\r\n", Err(400)),
            ("g\r\n", Err(400)),
            ("3;\r\nabc\r\n", Err(400)),
            ("3;a=\r\nabc\r\n", Err(400)),
            ("3;=b\r\nabc\r\n", Err(400)),
            ("3;a;\r\nabc\r\n", Err(400)),
            ("3;a b\r\nabc\r\n", Err(400)),
            ("3;a \r\nabc\r\n", Err(400)),
            ("3;a=b \r\nabc\r\n", Err(400)),
            ("3;a=b c\r\nabc\r\n", Err(400)),
            ("3;a=\"b\"c\r\nabc\r\n", Err(400)),
            ("3;a=\"b\r\nabc\r\n", Err(400)),
            ("3;a\0\r\nabc\r\n", Err(400)),
            ("3;\u{e9}\r\nabc\r\n", Err(400)),
            ("65\r\n", Err(413)),
            ("64\r\n", Ok(None)),
            ("ffffffffffffffff\r\n", Err(413)),
            ("10000000000000000\r\n", Err(400)),
            ("0000000000000001\r\nx\r\n0\r\n\r\n", Ok(Some((1, 0)))),
            ("00000000000000001\r\nx\r\n0\r\n\r\n", Err(400)),
            ("3\r\nabc\r\n", Ok(None)),
            ("0\r\n", Ok(None)),
            ("", Ok(None)),
        ];
        for (bytes, expected) in table {
            check(Framing::Chunked, bytes, expected);
        }
    }

    #[test]
    fn all_chunks_together_are_held_to_the_limit() {
        check(
            Framing::Chunked,
            &format!("32\r\n{0}\r\n32\r\n{0}\r\n0\r\n\r\n", "x".repeat(50)),
            Ok(Some((100, 0))),
        );
        check(Framing::Chunked, &format!("32\r\n{0}\r\n33\r\n{0}", "x".repeat(50)), Err(413));
    }

    #[test]
    fn extensions_are_bounded_over_all_chunks() {
        let chunk = format!("1;{}\r\nx\r\n", "a".repeat(999));
        assert_eq!(read(Framing::Chunked, chunk.repeat(16).as_bytes(), 4096), Ok(None));
        assert_eq!(read(Framing::Chunked, chunk.repeat(17).as_bytes(), 4096), Err(400));
    }
}
