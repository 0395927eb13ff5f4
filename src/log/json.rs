//! Texts as JSON has them (RFC 8259 §7): every byte is valid there, whatever a client sent.

use crate::http::INFALLIBLE;
use std::fmt::Write;

/// Appends `bytes` as a string, with its quotation marks. What is UTF-8 stands for its characters; of a byte that is not, the
/// replacement character tells. Only visible ASCII stands there as it is, so that a terminal may show it, too.
pub fn string(bytes: &[u8], out: &mut String) {
    out.push('"');
    // `all` would stop early; with `fold` the compiler tests sixteen bytes at a time.
    let are_plain = bytes.iter().fold(true, |are_plain, &byte| are_plain & is_plain(byte));
    match str::from_utf8(bytes) {
        Ok(text) if are_plain => out.push_str(text),
        _ => String::from_utf8_lossy(bytes).chars().for_each(|char| escape(char, out)),
    }
    out.push('"');
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
}

fn escape(char: char, out: &mut String) {
    match char {
        '"' | '\\' => out.extend(['\\', char]),
        ' '..='~' => out.push(char),
        _ => {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                write!(out, "\\u{unit:04x}").expect(INFALLIBLE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in
            ["", "plain", "a\"b\\c", "\0\x1b[31m\n\r\t\x7f", "Käse", "\u{85}\u{202e}", "𝄞", "\u{fffd}"]
        {
            let mut out = String::new();
            string(text.as_bytes(), &mut out);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text, "{out}");
            assert!(out.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{out}");
        }
        let mut out = String::new();
        string(b"a\xffb\xc3", &mut out);
        assert_eq!(out, r#""a\ufffdb\ufffd""#);
    }
}
