//! The path below which the site is served, such as `/repo/`: which paths are below it, and what is left of them. The
//! answers to the others are in `below.rs`; which file the rest names is decided in [`crate::site`].

use crate::site::path::{encode_segment, segments, way_to_root};
use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// A path below which a site is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The decoded names of its folders, which a path below it begins with.
    names: Vec<Vec<u8>>,
    /// The same as text, percent-encoded, from its first slash to its last.
    text: String,
}

/// Where a path is, as a prefix sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// Below the prefix. This is the rest of the path, from the last slash of the prefix on.
    Below(Cow<'a, str>),
    /// The prefix itself, without its last slash.
    WithoutSlash,
    /// The root of the server, which is above the prefix.
    Root,
    /// Anywhere else.
    Outside,
}

impl Prefix {
    /// Reads a prefix as a user writes it: percent-encoded or plain, with or without its first and its last slash. `/`
    /// alone is the prefix of a site that is served at the root. The error says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Prefix, String> {
        let inner = text.strip_prefix('/').unwrap_or(text);
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        if inner.is_empty() && text.len() < 2 {
            return Ok(Prefix { names: Vec::new(), text: "/".to_owned() });
        }
        let names = inner.split('/').map(name).collect::<Result<Vec<_>, _>>()?;
        let text = names.iter().map(|name| format!("/{}", encode_segment(name))).collect::<String>() + "/";
        Ok(Prefix { names, text })
    }

    /// Whether this is `/`, below which all paths are.
    pub fn is_root(&self) -> bool {
        self.names.is_empty()
    }

    /// The prefix, percent-encoded, with its first and its last slash.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The prefix, decoded, from its first slash on and without its last.
    pub fn decoded(&self) -> OsString {
        OsString::from_vec(self.names.iter().flat_map(|name| [b"/", name.as_slice()].concat()).collect())
    }

    /// The decoded name of its last folder. It must not be `/`.
    pub fn last_name(&self) -> &[u8] {
        self.names.last().expect("a prefix that is not the root has a name")
    }

    /// Where the percent-encoded `path` of a target is.
    ///
    /// Nearly every path that is below the prefix begins with its text. Any other spelling is resolved as the site resolves
    /// the path: its segments are decoded, and its dot segments are removed.
    pub fn place<'a>(&self, path: &'a str) -> Place<'a> {
        // The rest begins with the last slash.
        let rest = path.get(self.text.len() - 1..).filter(|_| path.starts_with(&self.text));
        match rest.filter(|rest| is_plain(rest)) {
            Some(rest) => Place::Below(Cow::Borrowed(rest)),
            None => self.resolve(path),
        }
    }

    fn resolve(&self, path: &str) -> Place<'static> {
        let Some(segments) = segments(path) else { return Place::Outside };
        let mut names = self.names.iter().peekable();
        for (at, segment) in segments.iter().enumerate() {
            // A segment between two slashes names no folder.
            match names.peek() {
                None => return Place::Below(Cow::Owned(joined(&segments[at..]))),
                Some(_) if segment.is_empty() => {}
                Some(name) if **name == **segment => drop(names.next()),
                Some(_) => return Place::Outside,
            }
        }
        match names.len() {
            0 => Place::WithoutSlash,
            left if left == self.names.len() => Place::Root,
            _ => Place::Outside,
        }
    }

    /// The start page of the site, as a relative reference from `path`, wherever that is.
    pub fn way_to_start(&self, path: &str) -> String {
        match self.place(path) {
            Place::Below(rest) => way_to_root(&rest),
            _ => way_to_root(path) + &self.text[1..],
        }
    }
}

/// A name in a prefix, decoded. The error says what is wrong with it.
fn name(text: &str) -> Result<Vec<u8>, &'static str> {
    let is_hexadecimal = |part: &str| {
        let digits = part.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if text.is_empty() {
        return Err("a path such as /repo/, without an empty name between two slashes");
    }
    if text.contains(['?', '#']) {
        return Err("a path alone, such as /repo/; write ? as %3F and # as %23");
    }
    if !text.split('%').skip(1).all(is_hexadecimal) {
        return Err("a path such as /repo/; write a percent sign as %25");
    }
    let path = format!("/{text}");
    let name = match segments(&path).as_deref() {
        Some([name]) if !name.is_empty() => name.to_vec(),
        _ => return Err("a path such as /repo/, without . and .. and without %2F"),
    };
    match name.starts_with(b".") {
        _ if name.iter().any(u8::is_ascii_control) => Err("a path without control characters"),
        true => Err("a path of names that do not begin with a dot: /.onepoll/ is the server's own"),
        false => Ok(name),
    }
}

/// Whether no segment of `rest` can be a dot segment, or have an encoded slash. Encoded letters are rare enough to be
/// resolved with the others.
fn is_plain(rest: &str) -> bool {
    !rest.contains('%') && !rest.contains("/.")
}

/// The path that has these segments.
fn joined(segments: &[Cow<'_, [u8]>]) -> String {
    segments.iter().map(|segment| format!("/{}", encode_segment(segment))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_read_with_or_without_their_slashes() {
        for (text, expected) in [
            ("/repo/", "/repo/"),
            ("repo", "/repo/"),
            ("/repo", "/repo/"),
            ("repo/", "/repo/"),
            ("/a/b/", "/a/b/"),
            ("/%72epo/", "/repo/"),
            ("/a b/", "/a%20b/"),
            ("/a%20b/", "/a%20b/"),
            ("/f\u{fc}r/", "/f%C3%BCr/"),
            ("/f%c3%bcr/", "/f%C3%BCr/"),
            ("/~me/x.y/", "/~me/x.y/"),
            ("/a:b/", "/a%3Ab/"),
            ("/%25/", "/%25/"),
            ("/%ff/", "/%FF/"),
            ("/", "/"),
            ("", "/"),
        ] {
            assert_eq!(Prefix::parse(text).map(|prefix| prefix.text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        for (text, why) in [
            ("/repo/?q", "%3F"),
            ("/repo#top", "%23"),
            ("//", "empty"),
            ("//repo/", "empty"),
            ("/a//b/", "empty"),
            ("/repo//", "empty"),
            ("http://a/repo/", "empty"),
            ("/./", ".."),
            ("/a/../b/", ".."),
            ("/../", ".."),
            ("/a/%2e%2E/", ".."),
            ("/a%2fb/", "%2F"),
            ("/a%00/", "%2F"),
            ("/.onepoll/", "dot"),
            ("/a/.b/", "dot"),
            ("/%2ea/", "dot"),
            ("/.well-known/", "dot"),
            ("/100%/", "%25"),
            ("/%4/", "%25"),
            ("/a%0ab/", "control"),
            ("/a\tb/", "control"),
        ] {
            let refused = Prefix::parse(text).expect_err(text);
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }

    #[test]
    fn a_path_is_below_a_prefix_in_every_spelling() {
        let below = |rest: &'static str| Place::Below(Cow::Borrowed(rest));
        let table = [
            ("/repo/", below("/")),
            ("/repo/a", below("/a")),
            ("/repo/a/b/", below("/a/b/")),
            ("/repo//a", below("//a")),
            ("/repo/a//", below("/a//")),
            ("/repo/%61", below("/a")),
            ("/repo/a%20b", below("/a%20b")),
            ("/repo/.a", below("/.a")),
            ("/repo/./a", below("/a")),
            ("/repo/a/..", below("/")),
            ("/repo/.", below("/")),
            ("/%72epo/a", below("/a")),
            ("/x/../repo/a", below("/a")),
            ("/repo/../repo/a", below("/a")),
            ("/repo/x/../../repo/a", below("/a")),
            ("//repo/a", below("/a")),
            ("/./repo/a", below("/a")),
            ("/repo/a/%2e%2e/%2E/b", below("/b")),
            ("/repo", Place::WithoutSlash),
            ("//repo", Place::WithoutSlash),
            ("/%72epo", Place::WithoutSlash),
            ("/repo/../repo", Place::WithoutSlash),
            ("/", Place::Root),
            ("//", Place::Root),
            ("/.", Place::Root),
            ("/%2e/", Place::Root),
            ("/repo/..", Place::Root),
            ("/repo/../", Place::Root),
            ("/repository/", Place::Outside),
            ("/repositor", Place::Outside),
            ("/Repo/", Place::Outside),
            ("/rep", Place::Outside),
            ("/a", Place::Outside),
            ("/a/repo/", Place::Outside),
            ("/repo/../a", Place::Outside),
            ("/repo/%2e%2e/a", Place::Outside),
            ("/repo/../repository/", Place::Outside),
            ("/..", Place::Outside),
            ("/../repo/a", Place::Outside),
            ("/repo/../../repo/a", Place::Outside),
            ("/repo%2fa", Place::Outside),
            ("/repo%2f", Place::Outside),
            ("/repo/a%2fb", Place::Outside),
            ("/repo/a%00", Place::Outside),
            ("/x%2f/../repo/a", Place::Outside),
        ];
        let prefix = Prefix::parse("/repo/").unwrap();
        for (path, expected) in table {
            assert_eq!(prefix.place(path), expected, "{path}");
        }
    }

    #[test]
    fn a_deep_prefix_is_matched_name_by_name() {
        let prefix = Prefix::parse("/a/b c/").unwrap();
        for (path, rest) in [
            ("/a/b%20c/x", Some("/x")),
            ("/a//b%20c//x", Some("//x")),
            ("/a/./b%20c/", Some("/")),
            ("/a/b/../b%20c/x/", Some("/x/")),
            ("/a/b%2520c/x", None),
            ("/a/x/b%20c/", None),
            ("/a/", None),
        ] {
            let place = prefix.place(path);
            let below = rest.map(|rest| Place::Below(Cow::Borrowed(rest)));
            assert_eq!(place, below.unwrap_or(Place::Outside), "{path}");
        }
        assert_eq!(prefix.place("/a/b%20c"), Place::WithoutSlash);
    }

    #[test]
    fn the_start_page_is_found_from_every_path() {
        let prefix = Prefix::parse("/a/b/").unwrap();
        for (path, way) in [
            ("/a/b/", "./"),
            ("/a/b/c", "./"),
            ("/a/b/c/d/e", "../../"),
            ("//a//b//c", "../"),
            ("/a/b/c/../d/", "../"),
            ("/a/b", "../a/b/"),
            ("/a/", "../a/b/"),
            ("/", "./a/b/"),
            ("/x", "./a/b/"),
            ("/x/y/", "../../a/b/"),
            ("/a/b/../../..", "./a/b/"),
        ] {
            assert_eq!(prefix.way_to_start(path), way, "{path}");
        }
    }
}
