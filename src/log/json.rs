//! Texts as JSON has them (RFC 8259 §7): every byte is valid there, whatever a client sent.

/// Appends `bytes` as a string, with its quotation marks. What is UTF-8 stands for its characters; of a byte that is not, the
/// replacement character tells. Only visible ASCII stands there as it is, so that a terminal may show it, too.
pub fn string(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    // `all` would stop early; with `fold` the compiler tests sixteen bytes at a time.
    if bytes.iter().fold(true, |are_plain, &byte| are_plain & is_plain(byte)) {
        out.extend_from_slice(bytes);
    } else {
        String::from_utf8_lossy(bytes).chars().for_each(|char| escape(char, out));
    }
    out.push(b'"');
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
}

fn escape(char: char, out: &mut Vec<u8>) {
    match char {
        '"' | '\\' => out.extend([b'\\', char as u8]),
        ' '..='~' => out.push(char as u8),
        _ => {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        string(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_text_comes_back() {
        for text in
            ["", "plain", "a\"b\\c", "\0\x1b[31m\n\r\t\x7f", "Käse", "\u{85}\u{202e}", "𝄞", "\u{fffd}"]
        {
            let out = written(text.as_bytes());
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text, "{out}");
            assert!(out.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{out}");
        }
        assert_eq!(written(b"a\xffb\xc3"), r#""a\ufffdb\ufffd""#);
    }
}
