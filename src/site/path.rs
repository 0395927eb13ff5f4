//! From the path of a target to a name below the root, and back. One function decides which names there
//! are; that none of them leads outside, by a link or a race, is the business of `root.rs`.

use super::Hidden;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// What stands for itself in a path: RFC 3986's unreserved characters and the `/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A decoded path. Its bytes are those of the names on the disk, in whatever encoding these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePath {
    name: OsString,
    is_folder: bool,
}

impl SitePath {
    /// Decodes the path of a target, which begins with `/`, and removes its dot segments (RFC 3986 §5.2.4).
    /// `None` where the path climbs above the root, hides a `/` or a NUL behind a percent sign, or names a file
    /// that is not served.
    ///
    /// Dot segments are removed as text, before any name is looked up: `/a/../b` is `/b`, whatever `a` is.
    pub fn decode(path: &str, hidden: Hidden) -> Option<SitePath> {
        let mut segments = Vec::new();
        let mut is_folder = true;
        for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
            let segment = Cow::from(percent_decode_str(segment));
            is_folder = matches!(&*segment, b"" | b"." | b"..");
            match &*segment {
                b"." => {}
                b".." => drop(segments.pop()?),
                _ if segment.iter().any(|byte| matches!(byte, b'/' | 0)) => return None,
                _ => segments.push(segment),
            }
        }
        // An empty segment counts when `..` removes one, and names nothing afterwards.
        segments.retain(|segment| !segment.is_empty());
        let is_there = segments.iter().all(|segment| is_served(segment, hidden));
        let name = OsString::from_vec(segments.join(&b'/'));
        is_there.then_some(SitePath { name, is_folder })
    }

    /// Relative to the root, which is `.` itself.
    pub fn name(&self) -> &Path {
        Path::new(if self.name.is_empty() { ".".as_ref() } else { self.name.as_os_str() })
    }

    /// Whether the path ended in `/` or in a dot segment, as only a folder's does.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// The name of `file` in this folder.
    pub fn join(&self, file: &str) -> PathBuf {
        Path::new(&self.name).join(file)
    }

    /// As the path of a target that ends in `/`. It begins with one `/` and no more, or it would name
    /// another host (RFC 3986 §4.2).
    pub fn encode_as_folder(&self) -> String {
        format!("/{}/", percent_encode(self.name.as_bytes(), ENCODED))
    }
}

/// One name as a link from its folder.
pub fn encode_segment(name: &[u8]) -> String {
    percent_encode(name, ENCODED).to_string()
}

/// Whether a name is there for visitors. Names that begin with a dot are made not to be seen, all but
/// `.well-known` (RFC 8615), which is made for visitors.
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
    fn hidden_names_can_be_served() {
        let name = |path| SitePath::decode(path, Hidden::Served).map(|path| path.name().to_owned());
        assert_eq!(name("/.git/config").as_deref(), Some(Path::new(".git/config")));
        assert_eq!(name("/../.git/config"), None);
    }

    #[test]
    fn a_folder_is_encoded_as_a_path_and_never_as_another_host() {
        let encode = |path| SitePath::decode(path, Hidden::Absent).unwrap().encode_as_folder();
        assert_eq!(encode("/a%20b/%C3%A9%25%3F%ff"), "/a%20b/%C3%A9%25%3F%FF/");
        assert_eq!(encode("//evil.example"), "/evil.example/");
        assert_eq!(encode("/\\evil.example"), "/%5Cevil.example/");
    }
}
