//! From the path of a target to a file name below the root, and back. [`SitePath::decode`] decides which names are valid.
//! This file does not look at the disk: that no link leads out of the root is checked in `root.rs`.

use super::policy::Hidden;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The characters that are percent-encoded in a segment: all but the unreserved ones (RFC 3986 §2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A decoded path. Its bytes are compared with the names on the disk as they are, in any encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePath {
    name: OsString,
    is_folder: bool,
}

impl SitePath {
    /// Decodes the path of a target, which begins with `/`, and removes its dot segments (RFC 3986 §5.2.4).
    /// `None` if the path climbs above the root, has an encoded `/` or NUL, or names a file that is not served.
    ///
    /// Dot segments are removed as text, before any name is looked up: `/a/../b` is `/b`, whether or not `a` exists.
    pub fn decode(path: &str, hidden: Hidden) -> Option<SitePath> {
        let resolved = Resolved::of(path);
        let is_folder = resolved.segments.last().is_none_or(|segment| segment.is_empty());
        let mut names = resolved.segments;
        names.retain(|segment| !segment.is_empty());
        let is_there = names.iter().all(|name| is_served(name, hidden));
        let name = OsString::from_vec(names.join(&b'/'));
        (is_there && !resolved.climbs && !resolved.hides).then_some(SitePath { name, is_folder })
    }

    /// The name relative to the root; `.` for the root itself.
    pub fn name(&self) -> &Path {
        Path::new(if self.name.is_empty() { ".".as_ref() } else { self.name.as_os_str() })
    }

    /// The names on the way from the root, and the last one.
    pub fn names(&self) -> impl Iterator<Item = &OsStr> {
        Path::new(&self.name).iter()
    }

    /// Whether the path ended in `/` or in a dot segment, and so can only name a folder.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// The name of `file` in this folder.
    pub fn join(&self, file: &str) -> PathBuf {
        Path::new(&self.name).join(file)
    }

    /// The same folder with its final `/`, as a relative reference from the path without the `/` (RFC 9110 §10.2.2). It
    /// is the last name alone: so it also works behind a proxy that adds a prefix, and cannot name another host.
    pub fn with_slash(&self) -> String {
        let name = Path::new(&self.name).file_name().unwrap_or_default();
        format!("{}/", encode_segment(name.as_bytes()))
    }
}

/// The segments of a path as the client counts them: decoded and without dot segments, but with empty segments. Between
/// two slashes in a row is an empty segment; it names no folder, but a relative reference counts it (RFC 3986 §5.2.4).
struct Resolved<'a> {
    /// The last segment is the file name, and is empty if the path names a folder.
    segments: Vec<Cow<'a, [u8]>>,
    /// Whether a `..` would climb above the root.
    climbs: bool,
    /// Whether a segment has an encoded `/` or NUL.
    hides: bool,
}

impl Resolved<'_> {
    fn of(path: &str) -> Resolved<'_> {
        let mut resolved = Resolved { segments: Vec::new(), climbs: false, hides: false };
        let mut ends_in_dots = false;
        for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
            let segment = Cow::from(percent_decode_str(segment));
            ends_in_dots = matches!(&*segment, b"." | b"..");
            resolved.hides |= segment.iter().any(|byte| matches!(byte, b'/' | 0));
            match &*segment {
                b"." => {}
                b".." => resolved.climbs |= resolved.segments.pop().is_none(),
                _ => resolved.segments.push(segment),
            }
        }
        if ends_in_dots {
            resolved.segments.push(Cow::Borrowed(b""));
        }
        resolved
    }

    fn folders(&self) -> &[Cow<'_, [u8]>] {
        self.segments.split_last().map_or(&[], |(_, folders)| folders)
    }
}

/// The segments of a path as the client counts them: decoded and without dot segments, but with empty ones. The last is
/// empty if the path ends in a slash. `None` if the path climbs above the root, or has an encoded `/` or NUL.
pub fn segments(path: &str) -> Option<Vec<Cow<'_, [u8]>>> {
    let resolved = Resolved::of(path);
    (!resolved.climbs && !resolved.hides).then_some(resolved.segments)
}

/// The root, as a relative reference from `path`. It also works behind a proxy that adds a prefix.
pub fn way_to_root(path: &str) -> String {
    steps_up(Resolved::of(path).folders().len())
}

/// The folders from the root to the folder that `path` names: each with its name, which is empty for the root, and a
/// relative reference to it from `path`.
pub fn crumbs(path: &str) -> Vec<(OsString, String)> {
    let resolved = Resolved::of(path);
    let folders = resolved.folders();
    let root = (OsString::new(), steps_up(folders.len()));
    let named = folders.iter().enumerate().filter(|(_, name)| !name.is_empty());
    let below = named.map(|(at, name)| (OsString::from_vec(name.to_vec()), steps_up(folders.len() - 1 - at)));
    [root].into_iter().chain(below).collect()
}

fn steps_up(count: usize) -> String {
    if count == 0 { "./".to_owned() } else { "../".repeat(count) }
}

/// Whether `path` ends in `/` or in a dot segment, and so can only name a folder.
pub fn names_folder(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    matches!(&*Cow::from(percent_decode_str(last)), b"" | b"." | b"..")
}

/// `text` without its percent-encoding; `None` if that is no UTF-8.
pub fn decode_text(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

/// A value of a form, decoded: `+` is a space, and U+FFFD stands for NUL and for bytes that are not UTF-8.
pub fn decode_form(value: &str) -> String {
    let spaced = value.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().replace('\0', "\u{fffd}")
}

/// The percent-encoded `path` of a target, decoded for people: it may be shown, and names nothing. An encoded slash stays as it
/// is, since it parts no segments.
pub fn decode_for_people(path: &str) -> OsString {
    let mut decoded = Vec::with_capacity(path.len());
    for (at, segment) in path.split('/').enumerate() {
        decoded.extend((at > 0).then_some(b'/'));
        for byte in percent_decode_str(segment) {
            match byte {
                b'/' => decoded.extend_from_slice(b"%2F"),
                byte => decoded.push(byte),
            }
        }
    }
    OsString::from_vec(decoded)
}

/// A file name, percent-encoded, as a link from its folder.
pub fn encode_segment(name: &[u8]) -> String {
    percent_encode(name, ENCODED).to_string()
}

/// Whether a file of this name is served. A name that begins with a dot is hidden by convention, except `.well-known`,
/// which is made for clients (RFC 8615).
pub fn is_served(name: &[u8], hidden: Hidden) -> bool {
    hidden == Hidden::Served || !name.starts_with(b".") || name == b".well-known"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_decode_to_names_below_the_root() {
        let table = [
            ("/", Some((".", true))),
            ("/a", Some(("a", false))),
            ("/a/", Some(("a", true))),
            ("/a/b.c", Some(("a/b.c", false))),
            ("//a///b", Some(("a/b", false))),
            ("/./a/.", Some(("a", true))),
            ("/a/%2e", Some(("a", true))),
            ("/%2E", Some((".", true))),
            ("/%61%20%C3%A9", Some(("a \u{e9}", false))),
            ("/a%25b", Some(("a%b", false))),
            ("/%2561", Some(("%61", false))),
            ("/a\\b", Some(("a\\b", false))),
            ("/...", None),
            ("/.git/config", None),
            ("/a/.env", None),
            ("/%2eenv", None),
            ("/.well-known/a", Some((".well-known/a", false))),
            ("/.well-known/.a", None),
            ("/.well-knownn", None),
            ("/a/../b", Some(("b", false))),
            ("/a/%2e%2E/b", Some(("b", false))),
            ("/a/b/../.%2e/c/", Some(("c", true))),
            ("/a/b/..", Some(("a", true))),
            ("/a/..", Some((".", true))),
            ("/a//../b", Some(("a/b", false))),
            ("//../a", Some(("a", false))),
            ("/.env/../a", Some(("a", false))),
            ("/..b/../a", Some(("a", false))),
            ("/..", None),
            ("/../a", None),
            ("/./../a", None),
            ("/a/../../b", None),
            ("/%2e%2E/a", None),
            ("/.%2e", None),
            ("/a%2fb/../c", None),
            ("/a%00/../c", None),
            ("/a%2fb", None),
            ("/a%2F..%2F..", None),
            ("/a%00", None),
        ];
        for (path, expected) in table {
            let decoded = SitePath::decode(path, Hidden::Absent);
            let got = decoded.as_ref().map(|path| (path.name(), path.is_folder()));
            assert_eq!(got, expected.map(|(name, is_folder)| (Path::new(name), is_folder)), "{path}");
        }
    }

    #[test]
    fn a_percent_encoded_byte_is_a_byte_of_a_name() {
        for (path, expected) in [("/%ff", &b"\xff"[..]), ("/a/%c0%ae%c0%ae/", b"a/\xc0\xae\xc0\xae")] {
            let decoded = SitePath::decode(path, Hidden::Absent).unwrap();
            assert_eq!(decoded.name().as_os_str().as_bytes(), expected, "{path}");
        }
    }

    #[test]
    fn paths_and_values_are_decoded_for_people() {
        for (path, expected) in [
            ("/", &b"/"[..]),
            ("/a%20b/%C3%A9", b"/a b/\xc3\xa9"),
            ("/a%2fb%2F/c", b"/a%2Fb%2F/c"),
            ("/%252F%", b"/%2F%"),
            ("/%ff%00%2", b"/\xff\0%2"),
            ("//a/../b", b"//a/../b"),
        ] {
            assert_eq!(decode_for_people(path).as_bytes(), expected, "{path}");
        }
        for (value, expected) in [
            ("", ""),
            ("a+b%20c%2B", "a b c+"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("%C3%A9", "\u{e9}"),
            ("%ff%00", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(decode_form(value), expected, "{value}");
        }
    }

    #[test]
    fn hidden_names_can_be_served() {
        let name = |path| SitePath::decode(path, Hidden::Served).map(|path| path.name().to_owned());
        assert_eq!(name("/.git/config").as_deref(), Some(Path::new(".git/config")));
        assert_eq!(name("/../.git/config"), None);
    }

    #[test]
    fn a_folder_is_moved_to_beside_itself_and_never_to_another_host() {
        let table = [
            ("/a", "a/"),
            ("/a/a%20b/%C3%A9%25%3F%ff", "%C3%A9%25%3F%FF/"),
            ("//evil.example", "evil.example/"),
            ("/\\evil.example", "%5Cevil.example/"),
            ("/http:", "http%3A/"),
            ("/a:b", "a%3Ab/"),
            ("/a/../b", "b/"),
        ];
        for (path, expected) in table {
            let decoded = SitePath::decode(path, Hidden::Absent).unwrap();
            assert_eq!(decoded.with_slash(), expected, "{path}");
        }
    }

    #[test]
    fn the_way_up_counts_the_steps_that_the_client_counts() {
        let table = [
            ("/", "./", "/"),
            ("/a", "./", "/"),
            ("/a/", "../", "/ a:./"),
            ("/a/b/", "../../", "/ a:../ b:./"),
            ("/a/b/c", "../../", "/ a:../ b:./"),
            ("//a", "../", "/"),
            ("//a//b//", "../../../../../", "/ a:../../../ b:../"),
            ("/a/.", "../", "/ a:./"),
            ("/a/b/..", "../", "/ a:./"),
            ("/a/../", "./", "/"),
            ("/a/%2e%2E/b/", "../", "/ b:./"),
            ("/a//../b/", "../../", "/ a:../ b:./"),
            ("/../../a/b", "../", "/ a:./"),
            ("/a%2fb/c", "../", "/ a/b:./"),
        ];
        for (path, root, folders) in table {
            let shown = crumbs(path).into_iter().enumerate().map(|(at, (name, link))| match at {
                0 => {
                    assert_eq!((name.to_str(), link.as_str()), (Some(""), root), "{path}");
                    "/".to_owned()
                }
                _ => format!(" {}:{link}", name.display()),
            });
            assert_eq!(shown.collect::<String>(), folders, "{path}");
            assert_eq!(way_to_root(path), root, "{path}");
        }
    }
}
