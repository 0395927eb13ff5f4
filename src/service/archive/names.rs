//! Names in archives. A name must not lead out of the folder where the archive is unpacked, on any system; and it must be
//! readable where it is unpacked. This file does not know the format of an archive.

use crate::site::Crc;
use crate::site::path::encode_segment;
use std::fmt::Write;

/// The most bytes of a name in a folder, on most file systems. Escaped bytes take three.
const SEGMENT_BYTES_MAX: usize = 255;

/// The longest extension that is kept at the end of a name that is shortened, with its dot.
const EXTENSION_BYTES_MAX: usize = 16;

/// What the name of a folder gets behind it as the name of its archive.
const ARCHIVE_EXTENSION: &str = ".zip";

/// The name of an entry, from the path of a file or folder below the folder of the archive. Its segments are names in folders,
/// so none is `..` and none is empty.
///
/// These bytes are written as `%` and two digits: a backslash, which separates names for Windows; control bytes; bytes that are
/// no UTF-8; and the colon of what would be a drive. So is a `%` that with the digits behind it would look like one of these:
/// different paths have different names. All others stay as they are. A segment that becomes too long for a file system is
/// shortened.
pub fn of_entry(path: &[u8]) -> String {
    let mut name = String::with_capacity(path.len());
    for segment in path.split_inclusive(|byte| *byte == b'/') {
        let (segment, slash) = segment.strip_suffix(b"/").map_or((segment, ""), |segment| (segment, "/"));
        let escaped = escaped(segment, name.is_empty());
        name.push_str(&shortened(escaped, segment, SEGMENT_BYTES_MAX));
        name.push_str(slash);
    }
    name
}

/// A segment, the first one of a name or not, with what must be escaped in it.
fn escaped(segment: &[u8], is_first: bool) -> String {
    let mut name = String::with_capacity(segment.len());
    for chunk in segment.utf8_chunks() {
        for (at, character) in chunk.valid().char_indices() {
            let is_drive = is_first && name.len() == 1 && at == 1;
            let is_escaped = match character {
                ':' => is_drive && name.starts_with(|first: char| first.is_ascii_alphabetic()),
                '%' => is_like_an_escape(&chunk.valid().as_bytes()[at + 1..]),
                other => other == '\\' || other.is_control(),
            };
            if is_escaped {
                let mut bytes = [0; 4];
                character.encode_utf8(&mut bytes).bytes().for_each(|byte| escape(byte, &mut name));
            } else {
                name.push(character);
            }
        }
        chunk.invalid().iter().for_each(|&byte| escape(byte, &mut name));
    }
    name
}

fn escape(byte: u8, name: &mut String) {
    write!(name, "%{byte:02X}").expect(crate::http::INFALLIBLE);
}

/// Whether a `%` before these bytes looks like a byte that is escaped. Others, such as the `%20` of a file that was saved from
/// the web, cannot be mistaken.
fn is_like_an_escape(behind: &[u8]) -> bool {
    let Some(&[high, low]) = behind.first_chunk() else { return false };
    let [high, low] = [high, low].map(|digit| char::from(digit).to_digit(16));
    let byte = high.zip(low).map(|(high, low)| (high << 4 | low) as u8);
    byte.is_some_and(|byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'%' | b':' | b'\\'))
}

/// A name of at most `bytes_max` bytes: of a longer one, the beginning and the extension. Between them is a sum of the bytes of
/// `segment`, which the name was made of, so that names with the same beginning stay different.
fn shortened(name: String, segment: &[u8], bytes_max: usize) -> String {
    if name.len() <= bytes_max {
        return name;
    }
    let mut crc = Crc::new();
    crc.update(segment);
    let extension = name.rfind('.').map_or("", |dot| &name[dot..]);
    let extension = if extension.len() <= EXTENSION_BYTES_MAX { extension } else { "" };
    let end = format!("~{:08x}{extension}", crc.sum());
    let beginning = &name[..name.floor_char_boundary(bytes_max - end.len())];
    format!("{beginning}{end}")
}

/// The `Content-Disposition` of the archive of a folder of this name (RFC 6266 §4): to be saved, under a name in ASCII and under
/// the name itself.
pub fn disposition(folder: &[u8]) -> String {
    let bytes_max = SEGMENT_BYTES_MAX - ARCHIVE_EXTENSION.len();
    let name = shortened(escaped(folder, true), folder, bytes_max) + ARCHIVE_EXTENSION;
    // Clients decode `%`, and some take a backslash for a separator.
    let is_plain = |character: &char| {
        matches!(character, ' '..='~')
            && !matches!(character, '"' | '%' | '\\' | '/' | ':' | '*' | '?' | '<' | '>' | '|')
    };
    let plain: String = name.chars().map(|one| if is_plain(&one) { one } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", encode_segment(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_anywhere_else() {
        let table: [(&[u8], &str); 12] = [
            (b"a/b c.txt", "a/b c.txt"),
            ("grüße/日本.txt".as_bytes(), "grüße/日本.txt"),
            (b"..\\..\\evil.exe", "..%5C..%5Cevil.exe"),
            (b"C:\\evil", "C%3A%5Cevil"),
            (b"C:/evil", "C%3A/evil"),
            (b"c:", "c%3A"),
            (b"12:30.txt", "12:30.txt"),
            (b"a/c:d", "a/c:d"),
            (b"a\nb\x1b[31m\x7f", "a%0Ab%1B[31m%7F"),
            (b"\xff:\xc3", "%FF:%C3"),
            ("\u{85}x".as_bytes(), "%C2%85x"),
            (b"...", "..."),
        ];
        for (path, expected) in table {
            assert_eq!(of_entry(path), expected);
        }
    }

    #[test]
    fn different_paths_have_different_names() {
        let table: [(&[u8], &str); 11] = [
            (b"a\\b", "a%5Cb"),
            (b"a%5Cb", "a%255Cb"),
            // Windows takes both for the same.
            (b"a%5cb", "a%255cb"),
            (b"a%255Cb", "a%25255Cb"),
            (b"%\\", "%%5C"),
            (b"%5\\", "%5%5C"),
            (b"c%3A", "c%253A"),
            (b"%FF", "%25FF"),
            (b"%\xff%0", "%%FF%0"),
            // These look like no byte that is escaped.
            (b"a%20b.txt", "a%20b.txt"),
            (b"100% of %zz", "100% of %zz"),
        ];
        for (path, expected) in table {
            assert_eq!(of_entry(path), expected);
        }
        // As many names as there are paths, of all that can be made of these bytes.
        let mut paths = vec![vec![]];
        for _ in 0..5 {
            let longer = |path: &Vec<u8>| b"%25C\\:".map(|byte| [&path[..], &[byte]].concat());
            paths.extend(paths.iter().flat_map(longer).collect::<Vec<_>>());
            paths.sort_unstable();
            paths.dedup();
        }
        let names: std::collections::HashSet<_> = paths.iter().map(|path| of_entry(path)).collect();
        assert_eq!(names.len(), paths.len());
    }

    #[test]
    fn no_part_of_a_name_is_too_long_for_a_file_system() {
        let latin = |count: usize| vec![0xe9; count];
        let escaped = |count: usize| "%E9".repeat(count);
        // The longest that fits is as it was.
        assert_eq!(of_entry(&latin(85)), escaped(85));
        assert_eq!(of_entry(&[b'a'; 255]), "a".repeat(255));
        for (path, end) in [
            (latin(86), "~3c118594"),
            ([&latin(100)[..], b".txt"].concat(), ".txt"),
            ([&latin(100)[..], b".", &latin(6)].concat(), ""),
            ([&"é".repeat(120).into_bytes()[..], b"\\\\\\\\\\\\.a"].concat(), ".a"),
            ([b"a.", &latin(100)[..]].concat(), ""),
        ] {
            let name = of_entry(&path);
            assert!((250..=255).contains(&name.len()), "{name}");
            assert!(name.ends_with(end), "{name}");
            // Also as a folder, and as a part of a longer path.
            let below = [&path[..], b"/", &path, b"/c"].concat();
            assert_eq!(of_entry(&below), format!("{name}/{name}/c"));
            // One that differs in a byte that is not shown.
            let mut other = path.clone();
            other[85] ^= 1;
            assert_ne!(of_entry(&other), name);
        }
        for count in [84, 85, 100] {
            let value = disposition(&latin(count));
            let plain = value.split('"').nth(1).unwrap();
            assert!((250..=255).contains(&plain.len()) && plain.ends_with(".zip"), "{value}");
        }
    }

    #[test]
    fn an_archive_is_saved_by_the_name_of_its_folder() {
        let table: [(&[u8], &str, &str); 5] = [
            (b"site", "site.zip", "site.zip"),
            ("größe".as_bytes(), "gr__e.zip", "gr%C3%B6%C3%9Fe.zip"),
            (b"a \"b\"; c", "a _b_; c.zip", "a%20%22b%22%3B%20c.zip"),
            (b"100%", "100_.zip", "100%25.zip"),
            (b"\xff\r\nX: y", "_FF_0D_0AX_ y.zip", "%25FF%250D%250AX%3A%20y.zip"),
        ];
        for (folder, plain, encoded) in table {
            let expected = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
            assert_eq!(disposition(folder), expected);
        }
    }
}
