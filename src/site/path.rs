//! From the path of a target to a name below the root, and back. One function decides which names there
//! are; that none of them leads outside, by a link or a race, is the business of `root.rs`.

use super::Hidden;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands for itself in a path: RFC 3986's unreserved characters and the `/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A decoded path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePath {
    name: String,
    is_folder: bool,
}

impl SitePath {
    /// Decodes the path of a target, which begins with `/`. `None` where no file can have that name: it
    /// is not UTF-8, climbs with `..`, hides a `/` or a NUL behind a percent sign, or is not served.
    pub fn decode(path: &str, hidden: Hidden) -> Option<SitePath> {
        let mut name = String::with_capacity(path.len());
        let mut is_folder = true;
        for segment in path.split('/') {
            let segment = percent_decode_str(segment).decode_utf8().ok()?;
            if segment == ".." || segment.contains(['/', '\0']) {
                return None;
            }
            is_folder = segment.is_empty() || segment == ".";
            if is_folder {
                continue;
            }
            if !is_served(&segment, hidden) {
                return None;
            }
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(&segment);
        }
        Some(SitePath { name, is_folder })
    }

    /// Relative to the root, which is `.` itself.
    pub fn name(&self) -> &str {
        if self.name.is_empty() { "." } else { &self.name }
    }

    /// Whether the path ended in `/`, as only a folder's does.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// The name of `file` in this folder.
    pub fn join(&self, file: &str) -> String {
        if self.name.is_empty() { file.to_owned() } else { format!("{}/{file}", self.name) }
    }

    /// As the path of a target that ends in `/`. It begins with one `/` and no more, or it would name
    /// another host (RFC 3986 §4.2).
    pub fn encode_as_folder(&self) -> String {
        format!("/{}/", utf8_percent_encode(&self.name, ENCODED))
    }
}

/// One name as a link from its folder.
pub fn encode_segment(name: &str) -> String {
    utf8_percent_encode(name, ENCODED).to_string()
}

/// Whether a name is there for visitors. Names that begin with a dot are made not to be seen, all but
/// `.well-known` (RFC 8615), which is made for visitors.
pub fn is_served(name: &str, hidden: Hidden) -> bool {
    hidden == Hidden::Served || !name.starts_with('.') || name == ".well-known"
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
            ("/..", None),
            ("/a/../b", None),
            ("/%2e%2E/a", None),
            ("/.%2e", None),
            ("/a%2fb", None),
            ("/a%2F..%2F..", None),
            ("/a%00", None),
            ("/%ff", None),
            ("/%c0%ae%c0%ae/", None),
        ];
        for (path, expected) in table {
            let decoded = SitePath::decode(path, Hidden::Absent);
            let got = decoded.as_ref().map(|path| (path.name(), path.is_folder()));
            assert_eq!(got, expected, "{path}");
        }
    }

    #[test]
    fn hidden_names_can_be_served() {
        let name = |path| SitePath::decode(path, Hidden::Served).map(|path| path.name().to_owned());
        assert_eq!(name("/.git/config").as_deref(), Some(".git/config"));
        assert_eq!(name("/.git/../config"), None);
    }

    #[test]
    fn a_folder_is_encoded_as_a_path_and_never_as_another_host() {
        let encode = |path| SitePath::decode(path, Hidden::Absent).unwrap().encode_as_folder();
        assert_eq!(encode("/a%20b/%C3%A9%25%3F"), "/a%20b/%C3%A9%25%3F/");
        assert_eq!(encode("//evil.example"), "/evil.example/");
        assert_eq!(encode("/\\evil.example"), "/%5Cevil.example/");
    }
}
