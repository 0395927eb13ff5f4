//! What is served: from the path of a target to a file that is open for reading. Nothing here knows HTTP's
//! fields, and no path is decided anywhere else.
//!
//! epoll cannot wait for a regular file: opening and reading one blocks the loop for as long as the disk
//! takes. It is bounded: a small file is read at once, of a large one only the first bytes are asked for
//! ahead of time, and the rest is sent a bounded part a turn.

mod path;
mod root;
mod kind;

use crate::os;
use path::SitePath;
use root::{Entry, Root};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Files up to this many bytes are read into memory and leave with their head in one write.
const WHOLE_BYTES_MAX: u64 = 64 << 10;

/// A folder and how it is served.
pub struct Site {
    root: Root,
    index: String,
}

/// What a path leads to.
pub enum Found {
    /// A file, open.
    File {
        /// Its bytes.
        stored: Stored,
        /// Its media type.
        content_type: Cow<'static, str>,
    },
    /// A folder whose name was given without its final `/`.
    Folder {
        /// The path with it, percent-encoded.
        location: String,
    },
}

/// Where the bytes of a file are.
pub enum Stored {
    /// In memory, all of them.
    Whole(Vec<u8>),
    /// In the file; so many that it is better sent from there.
    Large {
        /// Open for reading.
        file: File,
        /// Bytes.
        length: u64,
    },
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No such file, or none that is served.
    NotThere,
    /// The file system does not let us.
    NotAllowed,
    /// No descriptor or memory is left at the moment.
    NotNow,
    /// Anything else that the file system says.
    Broken,
}

impl Site {
    /// Serves the folder at `root`; `index` is the file that stands for a folder.
    pub fn open(root: &Path, index: &str) -> io::Result<Site> {
        Ok(Site { root: Root::open(root)?, index: index.to_owned() })
    }

    /// Looks up the percent-encoded `path` of a target.
    pub fn find(&self, path: &str) -> Result<Found, Missing> {
        let path = SitePath::decode(path).ok_or(Missing::NotThere)?;
        match (self.root.entry(path.name())?, path.is_folder()) {
            (Entry::File { file, bytes }, false) => represent(path.name(), file, bytes),
            (Entry::Folder, true) => {
                let name = path.join(&self.index);
                match self.root.entry(&name)? {
                    Entry::File { file, bytes } => represent(&name, file, bytes),
                    Entry::Folder | Entry::Other => Err(Missing::NotThere),
                }
            }
            (Entry::Folder, false) => Ok(Found::Folder { location: path.encode_as_folder() }),
            (Entry::File { .. }, true) | (Entry::Other, _) => Err(Missing::NotThere),
        }
    }
}

/// A small file as bytes: as many as it holds now, whatever its length was a moment ago.
fn represent(name: &str, file: File, bytes: u64) -> Result<Found, Missing> {
    let content_type = kind::of(name, &file)?;
    if bytes > WHOLE_BYTES_MAX {
        os::read_ahead(&file);
        return Ok(Found::File { stored: Stored::Large { file, length: bytes }, content_type });
    }
    let mut whole = Vec::with_capacity(bytes as usize);
    file.take(bytes).read_to_end(&mut whole)?;
    Ok(Found::File { stored: Stored::Whole(whole), content_type })
}

impl From<io::Error> for Missing {
    fn from(error: io::Error) -> Missing {
        match error.kind() {
            io::ErrorKind::PermissionDenied if !root::is_escape(&error) => Missing::NotAllowed,
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::InvalidFilename => Missing::NotThere,
            _ if os::is_link_loop(&error) => Missing::NotThere,
            _ if os::is_out_of_descriptors(&error) => Missing::NotNow,
            _ => Missing::Broken,
        }
    }
}
