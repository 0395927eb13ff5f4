//! The content (body) of a request: where it ends (RFC 9112 §6 and §7).
//!
//! This file finds the end of a body and counts its bytes. It does not keep the bytes, and does not know a socket.

use super::fields::{FieldSlots, Fields, TOKEN};
use super::framing::Framing;
use super::lines::TrailerScan;
use super::status::Status;
use super::{HeadLimits, Refusal};

/// Bytes of chunk extensions accepted in one body before 400. Clients have no use for extensions, and reading them
/// costs time.
const EXTENSION_BYTES_MAX: usize = 16 << 10;

/// Hexadecimal digits accepted in the size of a chunk: as many as a number of 64 bits has. Without this limit a client
/// could send leading zeros for ever.
const SIZE_DIGITS_MAX: u8 = 16;

/// The state of a body that is being received.
#[derive(Clone, Debug)]
pub struct Body {
    left: Left,
    content_bytes: u64,
    content_bytes_max: u64,
    extension_bytes: usize,
}

/// The part of a body that is expected next.
#[derive(Clone, Debug)]
enum Left {
    /// This many bytes more of a body of known length.
    Content(u64),
    /// More of the first line of a chunk: the place reached in the line, and the size by the digits so far.
    ChunkLine(ChunkLine, u64),
    /// This many bytes more of a chunk, at least one.
    Chunk(u64),
    /// The CRLF that ends a chunk.
    ChunkEnd,
    /// The LF of this CRLF.
    ChunkEndLf,
    /// The trailer section, up to its empty line.
    Trailers(TrailerScan),
    /// Nothing: the body is whole.
    Nothing,
}

/// The place reached in the first line of a chunk, `1*HEXDIG *( BWS ";" BWS name [ BWS "=" BWS value ] ) CRLF`
/// (RFC 9112 §7.1.1).
///
/// White space right after the size is refused: some servers read more digits behind it, others do not, and so they
/// would find different ends of the chunk.
#[derive(Clone, Copy, Debug)]
enum ChunkLine {
    FirstDigit,
    /// This many digits of the size were read.
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
    /// A body with this `framing`, of which no byte came yet. A body of more than `content_bytes_max` bytes is refused
    /// with 413: here where its length is known, or else in [`Body::consume`].
    pub fn new(framing: Framing, content_bytes_max: u64) -> Result<Body, Refusal> {
        let left = match framing {
            Framing::Length(length) if length > content_bytes_max => return Err(TOO_LARGE),
            Framing::Length(0) => Left::Nothing,
            Framing::Length(length) => Left::Content(length),
            Framing::Chunked => Left::ChunkLine(ChunkLine::FirstDigit, 0),
        };
        Ok(Body { left, content_bytes: 0, content_bytes_max, extension_bytes: 0 })
    }

    /// Whether the whole body was read.
    pub fn is_whole(&self) -> bool {
        matches!(self.left, Left::Nothing)
    }

    /// Bytes of content read so far, without the bytes of the framing.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Reads the next `bytes` of the body, and gives how many of them it consumed. A trailer section is consumed only
    /// when it is whole, so the next call must begin with the bytes that this call left.
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

/// The size of a chunk after one more hexadecimal `digit`; 400 where it does not fit 64 bits.
fn grow(size: u64, digit: u8) -> Result<u64, Refusal> {
    let digit = char::from(digit).to_digit(16).expect("the caller saw a hexadecimal digit");
    let grown = size.checked_mul(16).map(|size| size + u64::from(digit));
    grown.ok_or(Refusal::bad("the size of a chunk does not fit 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { request_line_bytes_max: 10, head_bytes_max: 60, fields_max: 2 };

    /// The bytes of content, and the bytes left over behind the body, when it comes in pieces of `step` bytes; `None`
    /// where the body is not whole.
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
