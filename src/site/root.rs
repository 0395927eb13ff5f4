//! The folder that is served, held open. The kernel resolves every name below it and refuses to leave it,
//! whatever links there are and whoever renames things meanwhile (openat2(2) with RESOLVE_BENEATH).

use crate::os::OPEN_NONBLOCK;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use std::fs::File;
use std::io;
use std::path::Path;

/// A folder, by its descriptor.
pub struct Root(Dir);

/// What stands under a name.
pub enum Entry {
    /// A regular file, open for reading.
    File {
        /// At its beginning.
        file: File,
        /// Its length when it was opened.
        bytes: u64,
    },
    /// A folder.
    Folder,
    /// A pipe, a socket or a device: never opened.
    Other,
}

impl Root {
    /// Opens the folder at `path`, by whatever links lead there.
    pub fn open(path: &Path) -> io::Result<Root> {
        let dir = Dir::open_ambient_dir(path, ambient_authority())?;
        // The open asks for no permission (O_PATH); looking for a name in it does.
        dir.metadata(".")?;
        Ok(Root(dir))
    }

    /// Looks what `name` is and opens it if it is a regular file. Links are followed below the root.
    pub fn entry(&self, name: &str) -> io::Result<Entry> {
        let metadata = self.0.metadata(name)?;
        if metadata.is_dir() {
            return Ok(Entry::Folder);
        }
        if !metadata.is_file() {
            return Ok(Entry::Other);
        }
        // What has become a pipe since the look does not hold up the open.
        let file = self.0.open_with(name, OpenOptions::new().read(true).custom_flags(OPEN_NONBLOCK))?;
        let metadata = file.metadata()?;
        match metadata.is_file() {
            true => Ok(Entry::File { file: file.into_std(), bytes: metadata.len() }),
            false => Ok(Entry::Other),
        }
    }
}

/// Whether a name was refused because it leads outside: a link may point anywhere, but is not followed.
pub fn is_escape(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}
