//! Targets and paths: what is read out of a target holds nothing that it must not, no path climbs or hides, and
//! references to a folder and to those above it lead there.

use onepoll::http::target::{Target, host};
use onepoll::service::hosts::Hosts;
use onepoll::site::path::{SitePath, crumbs, way_to_root};
use onepoll::site::{Hidden, Types, is_page_of_app};
use std::os::unix::ffi::OsStrExt;

pub fn keeps(bytes: &[u8]) {
    let _ = Target::parse_for_connect(bytes);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(host) = host(text)
    {
        assert!(text.starts_with(host) && !host.is_empty() && !host.contains(['@', '/', '?', '#', ' ']));
        let plain = host.to_ascii_lowercase().replace("%2e", ".");
        assert!(!plain.starts_with('.') && !plain.contains(".."), "an empty label: {host:?}");
        Hosts::Named(Vec::new()).include(host);
    }
    let Ok(Target::Path { path, query, host }) = Target::parse(bytes) else { return };
    assert!(path.starts_with('/') && !path.contains(['?', '#', ' ']));
    assert!(query.is_none_or(|query| !query.contains(['#', ' '])));
    assert!(host.is_none_or(|host| bytes.len() > "http://".len() + host.len() - 1));
    super::prefix::keeps(path);
    if is_page_of_app(path, &Types::default()) {
        let decoded = SitePath::decode(path, Hidden::Served).expect("a page of an app is a path");
        assert!(decoded.names().all(|name| !name.as_bytes().starts_with(b".")), "{path}");
    }
    for hidden in [Hidden::Absent, Hidden::Served] {
        let Some(decoded) = SitePath::decode(path, hidden) else { continue };
        let name = decoded.name();
        let bytes = name.as_os_str().as_bytes();
        assert!(!bytes.contains(&0), "{name:?}");
        for segment in bytes.split(|byte| *byte == b'/').filter(|_| bytes != b".") {
            assert!(!matches!(segment, b"" | b"." | b".."), "{name:?}");
            assert!(
                hidden == Hidden::Served || !segment.starts_with(b".") || segment == b".well-known",
                "{name:?}"
            );
        }
        let (folder, _) = path.rsplit_once('/').expect("it begins with one");
        if !decoded.is_folder() {
            let moved = decoded.with_slash();
            assert!(!moved.starts_with('/') && !moved.contains(':') && moved.matches('/').count() == 1);
            let back = SitePath::decode(&format!("{folder}/{moved}"), hidden).expect("it is a path");
            assert_eq!((back.name(), back.is_folder()), (name, true));
        }
        let folder = if decoded.is_folder() && !path.ends_with('/') { path } else { folder };
        for (_, link) in crumbs(path) {
            let above = SitePath::decode(&format!("{folder}/{link}"), hidden).expect("it is a path");
            assert!(above.is_folder());
        }
        let root = SitePath::decode(&format!("{folder}/{}", way_to_root(path)), hidden);
        assert!(root.is_some_and(|root| root.name() == "." && root.is_folder()), "{path}");
    }
}
