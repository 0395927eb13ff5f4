//! A chunked body: where it ends does not depend on how it was cut, and is where a decoder says that has all of it
//! before its eyes.

use onepoll::http::body::Body;
use onepoll::http::framing::Framing;
use onepoll::http::{HeadLimits, Refusal};

const LIMITS: HeadLimits = HeadLimits { request_line_bytes_max: 100, head_bytes_max: 100, fields_max: 4 };
const CONTENT_BYTES_MAX: u64 = 300;

/// How many bytes belong to the body and how many are content; `None` where its end did not come.
type Verdict = Result<Option<(usize, u64)>, Refusal>;

pub fn keeps(bytes: &[u8]) {
    let (seed, bytes) = super::varied(bytes);
    let whole = read(vec![bytes]);
    assert_eq!(read(super::cut(bytes, seed)), whole, "cut and whole");
    if let Ok(Some(end)) = whole {
        assert_eq!(Some(end), decode(bytes), "by hand");
        assert!(end.1 <= CONTENT_BYTES_MAX);
    }
}

/// As a connection does it: what is not done with comes again with the next piece in front of it.
fn read(pieces: Vec<&[u8]>) -> Verdict {
    let mut body = Body::new(Framing::Chunked, CONTENT_BYTES_MAX).expect("no length is too large yet");
    let (mut inbox, mut done) = (Vec::new(), 0);
    for piece in pieces {
        inbox.extend_from_slice(piece);
        let count = body.consume(&inbox, &LIMITS)?;
        inbox.drain(..count);
        done += count;
        if body.is_whole() {
            return Ok(Some((done, body.content_bytes())));
        }
    }
    Ok(None)
}

/// RFC 9112 §7.1.3, written down as it stands there.
fn decode(bytes: &[u8]) -> Option<(usize, u64)> {
    let line_end = |at: usize| Some(at + bytes[at..].windows(2).position(|pair| pair == b"\r\n")?);
    let (mut at, mut content) = (0, 0);
    loop {
        let end = line_end(at)?;
        let line =
            std::str::from_utf8(&bytes[at..end]).map_or_else(|error| error.valid_up_to() + at, |_| end);
        let line = std::str::from_utf8(&bytes[at..line]).ok()?;
        let digits = line.split(';').next()?.trim_end();
        let size = usize::from_str_radix(digits, 16).ok()?;
        at = end + 2;
        if size == 0 {
            break;
        }
        content += size as u64;
        at += size;
        if bytes.get(at..at + 2)? != b"\r\n" {
            return None;
        }
        at += 2;
    }
    while line_end(at)? != at {
        at = line_end(at)? + 2;
    }
    Some((at + 2, content))
}
