//! Places below the root, as the watcher of changes names them: `/a/b` is a file, or anything by that name, and `/a/b/` is the
//! folder. Sorted as bytes, all that is below a folder stands behind it in a row. This file does not look at the disk.

use crate::site::path::SitePath;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// A place below the root. Its bytes are those of the file system.
pub type Place = Arc<[u8]>;

/// The root.
pub const ROOT: &[u8] = b"/";

/// The place that the path of a target names.
pub fn place_of(path: &SitePath) -> Place {
    let name = path.name().as_os_str().as_bytes();
    let (slash, name) = if name == b"." { (&b""[..], &b""[..]) } else { (&b"/"[..], name) };
    let end = if path.is_folder() || name.is_empty() { &b"/"[..] } else { b"" };
    [slash, name, end].concat().into()
}

/// The name of a place below the root; `.` for the root.
pub fn name_of(place: &[u8]) -> &Path {
    let name = place.strip_prefix(b"/").unwrap_or(place);
    let name = name.strip_suffix(b"/").unwrap_or(name);
    Path::new(OsStr::from_bytes(if name.is_empty() { b"." } else { name }))
}

/// Whether a place is a folder.
pub fn is_folder(place: &[u8]) -> bool {
    place.ends_with(b"/")
}

/// The folder in which a client finds what is at `place`: a folder is its own.
pub fn folder_of(place: &[u8]) -> &[u8] {
    let end = place.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    &place[..end]
}

/// The places on the way to `place`, the root first: each folder, and the place itself. A folder is given with its final `/`.
pub fn way_to(place: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = place.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at + 1);
    let end = (!is_folder(place)).then_some(place.len());
    slashes.chain(end).map(|end| &place[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::policy::Hidden;

    #[test]
    fn places_have_a_name_a_folder_and_a_way() {
        for (path, place, name, folder, way) in [
            ("/", "/", ".", "/", &["/"][..]),
            ("/a", "/a", "a", "/", &["/", "/a"]),
            ("/a/", "/a/", "a", "/a/", &["/", "/a/"]),
            ("/x/../a//%62", "/a/b", "a/b", "/a/", &["/", "/a/", "/a/b"]),
            ("/a/b/.", "/a/b/", "a/b", "/a/b/", &["/", "/a/", "/a/b/"]),
        ] {
            let made = place_of(&SitePath::decode(path, Hidden::Absent).unwrap());
            assert_eq!(&*made, place.as_bytes(), "{path}");
            assert_eq!((name_of(&made), folder_of(&made)), (Path::new(name), folder.as_bytes()), "{path}");
            assert!(way_to(&made).eq(way.iter().map(|step| step.as_bytes())), "{path}");
        }
    }
}
