//! The settings of a site. This file makes no decision by them.

use super::types::Types;
use crate::os::files::Links;

/// How a folder is served.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The name of the file that is served for its folder.
    pub index: String,
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

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            index: "index.html".to_owned(),
            fresh_seconds: None,
            links: Links::Inside,
            hidden: Hidden::Absent,
            compression: Compression::On,
            types: Types::default(),
            cache_bytes_max: 64 << 20,
        }
    }
}
