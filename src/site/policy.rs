//! The settings of a site. This file makes no decision by them.

use super::types::Types;
use crate::os::files::Links;
use std::ffi::OsString;

/// How a folder is served.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The name of the one file in the folder that is served, at `/` and at its name, with nothing beside it; `None` if the whole
    /// folder is served.
    pub only: Option<OsString>,
    /// The names of files that are served for their folder. The first that is there in a folder is served.
    pub index: Vec<String>,
    /// Whether a page may be named without its extension.
    pub clean_urls: CleanUrls,
    /// Whether the root's index answers for the pages that an app in the browser makes by itself.
    pub spa: Spa,
    /// Seconds for which a client may use its copy without asking again (`max-age`); `None` means that it must ask every
    /// time (`no-cache`).
    pub fresh_seconds: Option<u32>,
    /// Which symbolic links are followed.
    pub links: Links,
    /// Whether files are served whose names begin with a dot.
    pub hidden: Hidden,
    /// Whether text is compressed for clients that accept it.
    pub compression: Compression,
    /// The media types that the user has given to extensions.
    pub types: Types,
    /// Bytes of files kept in the cache.
    pub cache_bytes_max: usize,
    /// Whether changes of files are noticed.
    pub watching: Watching,
}

/// Whether files are served whose names begin with a dot; `.well-known` always is (RFC 8615).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// They are not served: 404.
    Absent,
    /// They are served like all others.
    Served,
}

/// Whether the server compresses text that has no compressed neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Text is compressed once for each version of its file.
    On,
    /// Text is sent as it is.
    Off,
}

/// Whether a page may be named without its extension: `/about` is `/about.html` then, if it names no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanUrls {
    /// Each file has its own name alone.
    Off,
    /// A page has both names.
    On,
}

/// Whether the site is an app of a single page, whose other pages are made in the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spa {
    /// A path that leads to nothing is 404.
    Off,
    /// Such a path gets what `/` gets, if it may be a page of the app.
    On,
}

/// Whether changes of files are noticed, so that pages can reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watching {
    /// They are met when a client asks for the file.
    Off,
    /// They are noticed when they happen. A client must ask every time before it uses its copy, whatever
    /// [`Policy::fresh_seconds`] says: a page that reloads must not find old files.
    On,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            only: None,
            index: vec!["index.html".to_owned()],
            clean_urls: CleanUrls::Off,
            spa: Spa::Off,
            fresh_seconds: None,
            links: Links::Inside,
            hidden: Hidden::Absent,
            compression: Compression::On,
            types: Types::default(),
            cache_bytes_max: 64 << 20,
            watching: Watching::Off,
        }
    }
}
