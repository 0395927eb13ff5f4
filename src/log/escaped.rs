//! Escapes bytes that a client sent, so that they can be written to a log.

use std::fmt::{self, Display, Formatter, Write};

/// Bytes of a request line, a referrer or a user agent that are shown; the others are cut off.
pub const SHOWN_BYTES_MAX: usize = 1024;

/// Bytes from a client, shown so that they are safe on a terminal and in a quoted string: every byte that is not a
/// visible ASCII character or a space is escaped.
pub struct Escaped<'a>(pub &'a [u8]);

impl Escaped<'_> {
    /// The columns of a byte as it is shown.
    pub fn columns(byte: u8) -> usize {
        match byte {
            b'"' | b'\\' => r#"\""#.len(),
            b' '..=b'~' => 1,
            _ => r"\x00".len(),
        }
    }

    /// Writes the escaped bytes. Usually no byte needs an escape, and all are written at once.
    pub fn write(&self, out: &mut impl Write) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(SHOWN_BYTES_MAX)];
        // `all` would stop early; with `fold` the compiler tests sixteen bytes at a time.
        let are_plain = shown.iter().fold(true, |are_plain, &byte| are_plain & is_plain(byte));
        match str::from_utf8(shown) {
            Ok(text) if are_plain => out.write_str(text),
            _ => shown.iter().try_for_each(|&byte| write_escaped(byte, out)),
        }
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
}

fn write_escaped(byte: u8, out: &mut impl Write) -> fmt::Result {
    match byte {
        b'"' | b'\\' => write!(out, "\\{}", char::from(byte)),
        b' '..=b'~' => out.write_char(char::from(byte)),
        _ => write!(out, "\\x{byte:02X}"),
    }
}

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_shown_alike_alone_and_among_others() {
        for byte in 0..=u8::MAX {
            let alone = Escaped(&[byte]).to_string();
            let expected = match byte {
                b'"' | b'\\' => format!("\\{}", char::from(byte)),
                b' '..=b'~' => char::from(byte).to_string(),
                _ => format!("\\x{byte:02X}"),
            };
            assert_eq!((alone.len(), &alone), (Escaped::columns(byte), &expected));
            assert_eq!(Escaped(&[byte, 0x1B]).to_string(), alone + "\\x1B");
        }
    }

    #[test]
    fn what_a_client_sends_is_shown_up_to_a_bound() {
        assert_eq!(Escaped(&[b'a'; 5000]).to_string().len(), SHOWN_BYTES_MAX);
    }
}
