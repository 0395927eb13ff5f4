//! The media type of a file, by its name or its first bytes, and the encoding of its text.

use super::contents::Stored;
use super::types::{self, Types};
use crate::http::encoding::Coding;
use crate::http::media::essence;
use crate::http::value::Value;
use crate::os::files;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of a large file that are read to find the encoding of its text.
const TEXT_BYTES: usize = 64 << 10;

/// Bytes that are read to tell text from other data, if the name does not (WHATWG MIME Sniffing §5.2).
const SNIFFED_BYTES: usize = 1445;

/// A media type, and the encoding of its text where that is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// The media type, with the parameters that the user has given to it.
    pub name: &'static str,
    /// The encoding of the text.
    pub charset: Charset,
}

/// The encoding of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// The content is no text, or the encoding is not certain.
    NotSaid,
    /// UTF-8.
    Utf8,
    /// UTF-16, with its mark.
    Utf16,
}

impl ContentType {
    /// The media type `name`, without a `charset`.
    pub fn of(name: &'static str) -> ContentType {
        ContentType { name, charset: Charset::NotSaid }
    }

    /// Whether the content is a page in HTML.
    pub fn is_html(self) -> bool {
        let name = self.name.split(';').next().unwrap_or_default();
        name.trim_end().eq_ignore_ascii_case("text/html")
    }

    fn parameter(self) -> &'static str {
        match self.charset {
            Charset::NotSaid => "",
            Charset::Utf8 => "; charset=utf-8",
            Charset::Utf16 => "; charset=utf-16",
        }
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, self.parameter())
    }
}

impl Value for ContentType {
    fn append_to(&self, out: &mut Vec<u8>) {
        self.name.append_to(out);
        self.parameter().append_to(out);
    }
}

/// The `Content-Type` of the file called `name`, whose content is `stored`: by the extension of the name, or else by the
/// first bytes. An error if the file cannot be read.
///
/// It has a `charset` if the bytes are UTF-8, or begin with the mark of UTF-16. For other text it has none: a page may
/// name its encoding itself, but browsers would believe the field before the page.
///
/// The extension of a video may belong to a text, too: `.ts` is MPEG-TS or TypeScript, `.mod` is MPEG or a module of Go.
/// There the bytes decide, unless the user has given a type to the extension.
pub fn of(name: &Path, stored: &Stored, types: &Types) -> io::Result<ContentType> {
    let given = types.given(name);
    let named = by_name(name, types);
    if given.is_some_and(|given| !given.lacks_charset) {
        return Ok(ContentType::of(named.unwrap_or_default()));
    }
    if named.is_some_and(|kind| !kind.starts_with("text/") && !kind.starts_with("video/")) {
        return Ok(ContentType::of(named.unwrap_or_default()));
    }
    let mut room = Vec::new();
    let text = match stored {
        Stored::Whole(bytes) => Text::of(bytes, true),
        Stored::Large(file) => {
            room.resize(TEXT_BYTES, 0);
            let count = files::read_at(file, &mut room, 0)?;
            Text::of(&room[..count], false)
        }
    };
    let kind = match (named, text.is_text) {
        (Some(kind), false) => kind,
        (Some(kind), true) if kind.starts_with("text/") => kind,
        (_, true) => "text/plain",
        (None, false) => "application/octet-stream",
    };
    let charset = if kind.starts_with("text/") { text.charset } else { Charset::NotSaid };
    Ok(ContentType { name: kind, charset })
}

/// The media type of a file called `name`, with the parameters that the user has given to it; `None` if its extension is not
/// known.
pub fn by_name(name: &Path, types: &Types) -> Option<&'static str> {
    let given = types.given(name).map(|given| given.name);
    given.or_else(|| types::of_extension(name.extension()?.to_str()?))
}

/// If `name` is the name of a compressed file: its coding, and the name of the content. `x.js.gz` is `x.js`, compressed
/// with gzip; `x.svgz` is `x.svg`, compressed with gzip.
pub fn compressed_by_name(name: &Path) -> Option<(Coding, PathBuf)> {
    let coding = match name.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "svgz" => return Some((Coding::Gzip, name.with_extension("svg"))),
        "br" => Coding::Brotli,
        "zst" => Coding::Zstd,
        "gz" => Coding::Gzip,
        _ => return None,
    };
    Some((coding, name.with_extension("")))
}

/// Whether files of the media type `kind` are worth compressing: text, and types that compress like text.
pub fn is_compressible(kind: &str) -> bool {
    let kind = essence(kind);
    const LIKE_TEXT: [&str; 6] = [
        "application/json",
        "application/vnd.apple.mpegurl",
        "application/wasm",
        "application/xml",
        "application/xml-dtd",
        "model/obj",
    ];
    let is_like_text = || kind.ends_with("+json") || kind.ends_with("+xml") || LIKE_TEXT.contains(&kind);
    kind.starts_with("text/") || is_like_text()
}

/// What the first bytes of a file say about it.
struct Text {
    /// Whether the file is text: no byte is one that only occurs in other data.
    is_text: bool,
    /// The encoding of the text.
    charset: Charset,
}

impl Text {
    /// Looks at the first bytes of a file. If they are not the whole file (`are_all`), they may end within a character.
    fn of(bytes: &[u8], are_all: bool) -> Text {
        // The mark of UTF-32 begins like the mark of UTF-16, and no browser reads UTF-32.
        let is_utf_16 = bytes.starts_with(b"\xfe\xff")
            || bytes.starts_with(b"\xff\xfe") && !bytes.starts_with(b"\xff\xfe\0\0");
        if is_utf_16 {
            return Text { is_text: true, charset: Charset::Utf16 };
        }
        let is_utf_8 = match std::str::from_utf8(bytes) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none() && !are_all,
        };
        // UTF-16 without a mark has NULs. ISO-2022-JP and similar encodings are ASCII with escape sequences.
        let has_escapes = || bytes.contains(&0x1b) && bytes.windows(2).any(|pair| pair == b"\x1b$");
        let is_other = bytes.contains(&0) || has_escapes() && bytes.is_ascii();
        let is_binary = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 14..=26 | 28..=31);
        let sniffed = &bytes[..bytes.len().min(SNIFFED_BYTES)];
        // All bytes are judged, without a branch for each: so several are judged at a time.
        let has_binary = sniffed.iter().fold(false, |any, byte| any | is_binary(byte));
        let charset = if is_utf_8 && !is_other { Charset::Utf8 } else { Charset::NotSaid };
        Text { is_text: !has_binary, charset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, bytes: &[u8]) -> String {
        of(Path::new(name), &Stored::Whole(bytes.into()), &Types::default()).unwrap().to_string()
    }

    #[test]
    fn the_first_bytes_tell_text_from_the_rest() {
        let cut = |end: &[u8]| [&[b'a'; SNIFFED_BYTES - 1][..], end].concat();
        const UTF_8: &str = "text/plain; charset=utf-8";
        const DATA: &str = "application/octet-stream";
        let table: [(&[u8], &str); 14] = [
            (b"", UTF_8),
            (b"hello\r\n\tworld\x1b[0m", UTF_8),
            ("caf\u{e9}".as_bytes(), UTF_8),
            (b"\xef\xbb\xbfa", UTF_8),
            (b"caf\xe9", "text/plain"),
            (b"short\xc3", "text/plain"),
            (b"\xff\xfea\0", "text/plain; charset=utf-16"),
            (b"\xfe\xff\0a", "text/plain; charset=utf-16"),
            (b"\xff\xfe\0\0a\0\0\0", DATA),
            (b"a\0b", DATA),
            (b"\x7fELF\x02", DATA),
            (&cut(b"\x01"), DATA),
            (&cut(b"a\x01"), UTF_8),
            (b"\x1b$B$3\x1b(B", "text/plain"),
        ];
        for (bytes, expected) in table {
            assert_eq!(kind("name", bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn charset_is_said_of_text_that_is_utf_8_or_marked_as_utf_16() {
        let table: [(&str, &[u8], &str); 16] = [
            ("a.html", b"<p>plain", "text/html; charset=utf-8"),
            ("a.HTML", "<p>\u{e9}".as_bytes(), "text/html; charset=utf-8"),
            ("a.html", b"<meta charset=windows-1251>\xcf\xf0", "text/html"),
            ("a.css", b"\xe9", "text/css"),
            ("a.js", b"\xe9", "text/javascript"),
            ("a.mjs", b"", "text/javascript; charset=utf-8"),
            ("a.txt", b"caf\xe9", "text/plain"),
            ("a.txt", b"\xff\xfea\0", "text/plain; charset=utf-16"),
            ("a.txt", b"a\0b\0", "text/plain"),
            ("a.html", b"<meta charset=iso-2022-jp>\x1b$B$3\x1b(B", "text/html"),
            ("a.json", b"{}", "application/json"),
            ("a.svg", b"<svg/>", "image/svg+xml"),
            ("a.ts", b"let a: number = 1", "text/plain; charset=utf-8"),
            ("a.ts", b"G@\0\x10\0", "video/mp2t"),
            ("go.mod", b"module a", "text/plain; charset=utf-8"),
            ("a.rs", b"fn main() {}", "text/plain; charset=utf-8"),
        ];
        for (name, bytes, expected) in table {
            assert_eq!(kind(name, bytes), expected, "{name} {}", bytes.escape_ascii());
        }
    }

    #[test]
    fn of_a_large_file_the_beginning_tells() {
        let kind = |bytes: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.txt");
            std::fs::write(&path, bytes).unwrap();
            let file = std::fs::File::open(path).unwrap().into();
            of(Path::new("a.txt"), &Stored::Large(file), &Types::default()).unwrap().to_string()
        };
        let ascii = vec![b'a'; TEXT_BYTES - 1];
        let is_cut = [&ascii[..], "\u{e9}".as_bytes()].concat();
        let latin_1 = [&ascii[..TEXT_BYTES - 2], b"\xe9\n"].concat();
        let late = [&ascii[..], b"a\xe9\n"].concat();
        assert_eq!(kind(&is_cut), "text/plain; charset=utf-8");
        assert_eq!(kind(&latin_1), "text/plain");
        assert_eq!(kind(&late), "text/plain; charset=utf-8");
    }

    #[test]
    fn names_tell_what_is_compressed() {
        let inner = |name: &str| {
            compressed_by_name(Path::new(name)).map(|(coding, name)| (coding, name.display().to_string()))
        };
        assert_eq!(inner("a/b.svgz"), Some((Coding::Gzip, "a/b.svg".into())));
        assert_eq!(inner("a/b.js.gz"), Some((Coding::Gzip, "a/b.js".into())));
        assert_eq!(inner("b.wasm.BR"), Some((Coding::Brotli, "b.wasm".into())));
        assert_eq!(inner("b.tar.zst"), Some((Coding::Zstd, "b.tar".into())));
        assert_eq!(inner("b.tgz"), None);
        assert_eq!(inner("gz"), None);
    }
}
