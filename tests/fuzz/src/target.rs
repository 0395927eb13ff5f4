//! Targets and paths: what is read out of a target holds nothing that it must not, no path climbs or hides, and the
//! address of a folder leads back to it.

use onepoll::hosts::Hosts;
use onepoll::http::target::{Target, host};
use onepoll::site::Hidden;
use onepoll::site::path::SitePath;
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
        if bytes != b"." {
            let folder = decoded.encode_as_folder();
            assert!(folder.starts_with('/') && !folder.starts_with("//") && folder.ends_with('/'));
            let back = SitePath::decode(&folder, hidden).expect("the address of a folder is a path");
            assert_eq!((back.name(), back.is_folder()), (name, true));
        }
    }
}
