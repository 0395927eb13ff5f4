//! Escapes bytes that a client sent, so that they can be written to a log.

use std::fmt::{self, Display, Formatter};

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

    /// Appends the escaped bytes. Usually no byte needs an escape, and all are appended at once.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let shown = &self.0[..self.0.len().min(SHOWN_BYTES_MAX)];
        // `all` would stop early; with `fold` the compiler tests sixteen bytes at a time.
        if shown.iter().fold(true, |are_plain, &byte| are_plain & is_plain(byte)) {
            out.extend_from_slice(shown);
        } else {
            shown.iter().for_each(|&byte| append_escaped(byte, out));
        }
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
}

fn append_escaped(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => out.extend([b'\\', byte]),
        b' '..=b'~' => out.push(byte),
        _ => {
            let digit = |half: u8| b"0123456789ABCDEF"[usize::from(half)];
            out.extend([b'\\', b'x', digit(byte >> 4), digit(byte & 0xF)]);
        }
    }
}

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut shown = Vec::new();
        self.append_to(&mut shown);
        f.write_str(&String::from_utf8_lossy(&shown))
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
