//! The one file of a site that has no other, since the user named a file and no folder: which paths of targets name it.

use super::path::{SitePath, encode_segment};
use super::policy::{CleanUrls, Hidden, Policy, Spa};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The file that is served alone.
#[derive(Clone)]
pub struct Only {
    name: OsString,
    /// The path of a target that names it, percent-encoded.
    path: String,
}

impl Only {
    /// The file that `policy` names; `None` if it serves the whole folder. Then no path may stand for another, and the name
    /// of the file may begin with a dot, so the policy is changed to say so.
    pub fn of(policy: &mut Policy) -> Option<Only> {
        let name = policy.only.clone()?;
        policy.clean_urls = CleanUrls::Off;
        policy.spa = Spa::Off;
        policy.hidden = Hidden::Served;
        let path = format!("/{}", encode_segment(name.as_bytes()));
        Some(Only { name, path })
    }

    /// The name of the file in the root.
    pub fn name(&self) -> &Path {
        Path::new(&self.name)
    }

    /// The path by which the file is looked up, whichever of its paths a client asked for.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the percent-encoded `path` of a target names the file: as `/` does, and its own name.
    pub fn is_named_by(&self, path: &str) -> bool {
        let is_it = |decoded: SitePath| {
            let name = decoded.name().as_os_str();
            if decoded.is_folder() { name == "." } else { name == self.name }
        };
        path == "/" || path == self.path || SitePath::decode(path, Hidden::Served).is_some_and(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn a_file_alone_has_its_name_and_the_root() {
        let only = |name: &[u8]| {
            let only = Some(OsStr::from_bytes(name).to_owned());
            Only::of(&mut Policy { only, ..Policy::default() }).expect("a file is named")
        };
        let table = [
            (&b"a"[..], "/a", true),
            (b"a", "/", true),
            (b"a", "/.", true),
            (b"a", "//", true),
            (b"a", "//a", true),
            (b"a", "/b/../a", true),
            (b"a", "/%61", true),
            (b"a", "/a/", false),
            (b"a", "/a/.", false),
            (b"a", "/a/a", false),
            (b"a", "/b", false),
            (b"a", "/A", false),
            (b"a", "/a.gz", false),
            (b"a", "/a%00", false),
            (b"a", "/a%2f", false),
            (b"a", "/..", false),
            (b"a", "/../a", false),
            (b".a", "/.a", true),
            (b".a", "/a", false),
            (b"a b%", "/a%20b%25", true),
            (b"\n\xff\xc3\xa9", "/%0A%ff%C3%a9", true),
            (b"%61", "/%2561", true),
            (b"%61", "/%61", false),
            (b"...", "/...", true),
            (b"a\\b", "/a\\b", true),
        ];
        for (name, path, expected) in table {
            let only = only(name);
            assert_eq!(only.is_named_by(path), expected, "{path} for {:?}", only.name());
            assert!(only.is_named_by(only.path()), "{}", only.path());
        }
        assert!(Only::of(&mut Policy::default()).is_none());
    }
}
