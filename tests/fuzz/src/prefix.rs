//! A site below a prefix: the rest of a path behind the prefix names what the resolved path names without the names of the
//! prefix, and no path that leads elsewhere has a rest. The paths are resolved here a second time, by no code of the server's.

use onepoll::service::prefix::{Place, Prefix};
use onepoll::site::Hidden;
use onepoll::site::path::SitePath;
use std::os::unix::ffi::OsStrExt;

/// Prefixes of which every path is tried.
const ALWAYS: [&str; 3] = ["/repo/", "/a/b/", "/%C3%A9/x%20y/"];

/// The promises about the `path` of a target.
pub fn keeps(path: &str) {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    let own = ends.filter(|end| *end > 1).take(3).map(|end| &path[..end]);
    for text in ALWAYS.into_iter().chain(own) {
        let Ok(prefix) = Prefix::parse(text) else { continue };
        assert_eq!(Prefix::parse(prefix.text()).as_ref(), Ok(&prefix), "{text}");
        if !prefix.is_root() {
            keeps_below(&prefix, path);
        }
    }
}

fn keeps_below(prefix: &Prefix, path: &str) {
    let (above, is_folder) = resolved(prefix.text()).expect("it is a path");
    assert!(is_folder && !above.is_empty());
    let place = prefix.place(path);
    let shown = format!("{path} below {}: {place:?}", prefix.text());
    let Some((names, is_folder)) = resolved(path) else {
        return assert_eq!(place, Place::Outside, "{shown}");
    };
    match names.strip_prefix(above.as_slice()) {
        Some([]) if !is_folder => assert_eq!(place, Place::WithoutSlash, "{shown}"),
        Some(left) => {
            let Place::Below(rest) = place else { panic!("{shown}") };
            assert!(rest.starts_with('/'), "{shown}");
            assert_eq!(resolved(&rest), Some((left.to_vec(), is_folder)), "{shown}");
            let file = SitePath::decode(&rest, Hidden::Served).expect("it was resolved");
            let name = if left.is_empty() { b".".to_vec() } else { left.join(&b'/') };
            assert_eq!(
                (file.name().as_os_str().as_bytes(), file.is_folder()),
                (&*name, is_folder),
                "{shown}"
            );
        }
        None if names.is_empty() => assert_eq!(place, Place::Root, "{shown}"),
        None => assert_eq!(place, Place::Outside, "{shown}"),
    }
    let folder = match is_folder && !path.ends_with('/') {
        true => path,
        false => path.rsplit_once('/').expect("it begins with one").0,
    };
    let start = format!("{folder}/{}", prefix.way_to_start(path));
    assert_eq!(resolved(&start), Some((above, true)), "{start} from {shown}");
}

/// The decoded names on the way that `path` describes, and whether it ends at a folder. `None` if the path climbs above the
/// root, or has an encoded slash or NUL.
fn resolved(path: &str) -> Option<(Vec<Vec<u8>>, bool)> {
    let (mut way, mut is_folder): (Vec<Vec<u8>>, _) = (Vec::new(), true);
    for text in path.strip_prefix('/')?.split('/') {
        let name = decoded(text);
        if name.contains(&b'/') || name.contains(&0) {
            return None;
        }
        is_folder = matches!(&*name, b"" | b"." | b"..");
        match &*name {
            b"." => {}
            b".." => drop(way.pop()?),
            _ => way.push(name),
        }
    }
    way.retain(|name| !name.is_empty());
    Some((way, is_folder))
}

fn decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("a target has no other %"));
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}
