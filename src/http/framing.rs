//! How the content of a request is framed: by its length, or in chunks (RFC 9112 §6).

use super::Refusal;
use super::fields::{Fields, is_token, trim};
use super::status::Status;
use super::version::Version;

/// How a request's content is framed (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The body has this many bytes, by `Content-Length`; 0 where the head has neither of the two fields.
    Length(u64),
    /// The body comes in chunks: `Transfer-Encoding: chunked`.
    Chunked,
}

impl Framing {
    /// The framing that `Content-Length` and `Transfer-Encoding` give. An error where the two contradict each other, or
    /// where a field is malformed (400) or names a coding that this server does not decode (501).
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

/// The framing by a list of transfer codings. `chunked` is the only coding that this server decodes, and must be the
/// last in the list and stand there once.
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

/// The number that `digits` write. An error where there is no digit, another byte, or a number above 64 bits.
fn decimal(digits: &[u8]) -> Result<u64, Refusal> {
    let refusal = Refusal::bad("Content-Length is not one decimal number");
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(refusal);
    }
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or(refusal)
}

#[cfg(test)]
mod tests {
    use super::super::fields::FieldSlots;
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
}
