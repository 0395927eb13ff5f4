//! How a folder is served.

use crate::os::files::Links;

/// How a folder is served.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file that stands for its folder.
    pub index: String,
    /// Seconds for which clients need not ask again; with none they ask every time.
    pub fresh_seconds: Option<u32>,
    /// Which links are followed.
    pub links: Links,
    /// Whether names that begin with a dot are there.
    pub hidden: Hidden,
    /// Whether text is compressed for those who take it so.
    pub compression: Compression,
    /// Bytes of files kept in memory.
    pub cache_bytes_max: usize,
}

/// Names that begin with a dot, `.well-known` excepted (RFC 8615).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// As if they were not there.
    Absent,
    /// As all others.
    Served,
}

/// Text without a compressed neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Is compressed once for each version.
    On,
    /// Is sent as it is.
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
            cache_bytes_max: 32 << 20,
        }
    }
}
