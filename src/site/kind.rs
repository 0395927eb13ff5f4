//! Which media type a file has.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes looked at where the name tells nothing.
const SNIFFED_BYTES: usize = 512;

/// The `Content-Type` of the file called `name`: by its extension, else by its first bytes.
pub fn of(name: &Path, file: &File) -> io::Result<Cow<'static, str>> {
    let Some(kind) = mime_guess::from_path(name).first_raw() else {
        let mut first = [0; SNIFFED_BYTES];
        let count = file.read_at(&mut first, 0)?;
        return Ok(sniff(&first[..count]).into());
    };
    match kind.starts_with("text/") || kind == "application/javascript" {
        true => Ok(format!("{kind}; charset=utf-8").into()),
        false => Ok(kind.into()),
    }
}

/// Whether files of a media type are worth compressing: text, and what is like it.
pub fn is_compressible(kind: &str) -> bool {
    const LIKE_TEXT: [&str; 8] = [
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "application/wasm",
        "application/xhtml+xml",
        "application/xml",
        "application/rss+xml",
        "image/svg+xml",
    ];
    let name = kind.split(';').next().unwrap_or_default();
    name.starts_with("text/") || LIKE_TEXT.contains(&name)
}

/// Text where it is UTF-8 without control bytes that text does not have; a character may be cut at the end.
fn sniff(first: &[u8]) -> &'static str {
    let is_utf8 = match std::str::from_utf8(first) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && first.len() == SNIFFED_BYTES,
    };
    let is_binary = |byte: &u8| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 0x7f);
    match is_utf8 && !first.iter().any(is_binary) {
        true => "text/plain; charset=utf-8",
        false => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_text_from_the_rest() {
        let cut = |end: &[u8]| [&[b'a'; SNIFFED_BYTES - 1][..], end].concat();
        let table: [(&[u8], bool); 8] = [
            (b"", true),
            (b"hello\r\n\tworld\x1b[0m", true),
            ("caf\u{e9}".as_bytes(), true),
            (b"a\0b", false),
            (b"\x7fELF", false),
            (b"\xff\xfe", false),
            (&cut(b"\xc3"), true),
            (b"short\xc3", false),
        ];
        for (bytes, is_text) in table {
            assert_eq!(sniff(bytes).starts_with("text/"), is_text, "{}", bytes.escape_ascii());
        }
    }
}
