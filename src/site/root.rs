//! The folder that is served, held open. The kernel resolves every name below it and refuses to leave it,
//! whatever links there are and whoever renames things meanwhile (openat2(2) with RESOLVE_BENEATH).

use super::Missing;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt};
use std::fs::File;
use std::io;
use std::path::Path;

/// A folder, by its descriptor.
pub struct Root(Dir);

/// What stands under a name.
pub enum Entry {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A pipe, a socket or a device, which are never opened.
    Other,
}

impl Root {
    /// Opens the folder at `path`, by the links that lead there.
    pub fn open(path: &Path) -> io::Result<Root> {
        Dir::open_ambient_dir(path, ambient_authority()).map(Root)
    }

    /// Looks what `name` is without opening it for reading. Links are followed below the root.
    pub fn look(&self, name: &str) -> Result<Entry, Missing> {
        let metadata = self.0.metadata(name)?;
        Ok(match metadata {
            _ if metadata.is_file() => Entry::File,
            _ if metadata.is_dir() => Entry::Folder,
            _ => Entry::Other,
        })
    }

    /// Opens a regular file for reading and says its length in bytes. What has become a pipe since it was
    /// looked at does not hold up the open.
    pub fn open_file(&self, name: &str) -> Result<(File, u64), Missing> {
        let is_file = |metadata: &Metadata| metadata.is_file();
        if !is_file(&self.0.metadata(name)?) {
            return Err(Missing::NotThere);
        }
        let options = OpenOptions::new().read(true).custom_flags(crate::os::OPEN_NONBLOCK).clone();
        let file = self.0.open_with(name, &options)?;
        let metadata = file.metadata()?;
        if !is_file(&metadata) {
            return Err(Missing::NotThere);
        }
        Ok((file.into_std(), metadata.len()))
    }
}

/// Whether a name was refused because it leads outside: a link may point anywhere, but is not followed.
pub fn is_escape(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}
