//! The folder that is served, held open: every name is resolved below it, see [`crate::os::files`].

use super::path::encode_segment;
use super::stamp::Stamp;
use crate::os::files::{Links, Purpose, links_inside, names_in, open_below, open_folder};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A folder, by its path and by its descriptor.
pub struct Root {
    path: PathBuf,
    folder: File,
    /// Device and inode of the folder.
    identity: (u64, u64),
    links: Links,
}

/// What stands under a name.
pub enum Entry {
    /// A regular file.
    File(Opened),
    /// A folder.
    Folder,
    /// A pipe, a socket or a device: never opened for reading.
    Other,
}

/// A regular file, open for reading at its beginning.
pub struct Opened {
    /// The file.
    pub file: File,
    /// Its version when it was opened.
    pub stamp: Stamp,
}

/// One of the names in a folder, and what stands under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Without the folder's.
    pub name: String,
    /// The name as a link from its folder.
    pub link: String,
    /// Bytes of a file; none of a folder.
    pub bytes: Option<u64>,
    /// When it was last written, in seconds since 1970.
    pub modified: i64,
}

impl Root {
    /// Opens the folder at `path`, by whatever links lead there.
    pub fn open(path: &Path, links: Links) -> io::Result<Root> {
        let folder = open_folder(path)?;
        // The open asks for no permission; looking for a name in it does.
        std::fs::metadata(path.join("."))?;
        let links = if links == Links::Inside { links_inside(&folder)? } else { links };
        let metadata = folder.metadata()?;
        let identity = (metadata.dev(), metadata.ino());
        Ok(Root { path: std::path::absolute(path)?, folder, identity, links })
    }

    /// The root anew, where another folder has taken its path: bundlers delete theirs and build it again.
    pub fn rebuilt(&self) -> io::Result<Option<Root>> {
        let there = std::fs::metadata(&self.path)?;
        match (there.dev(), there.ino()) == self.identity {
            true => Ok(None),
            false => Root::open(&self.path, self.links).map(Some),
        }
    }

    /// Looks what `name` is and opens it if it is a regular file.
    pub fn entry(&self, name: &str) -> io::Result<Entry> {
        let metadata = open_below(&self.folder, name, Purpose::Look, self.links)?.metadata()?;
        if metadata.is_dir() {
            return Ok(Entry::Folder);
        }
        if !metadata.is_file() {
            return Ok(Entry::Other);
        }
        let file = open_below(&self.folder, name, Purpose::Read, self.links)?;
        let metadata = file.metadata()?;
        match metadata.is_file() {
            true => Ok(Entry::File(Opened { file, stamp: Stamp::of(&metadata) })),
            false => Ok(Entry::Other),
        }
    }

    /// The version that stands under `name` now, resolved as for opening it: a folder on the way may have become a
    /// link that leads outside.
    pub fn stamp(&self, name: &str) -> io::Result<Stamp> {
        let file = open_below(&self.folder, name, Purpose::Look, self.links)?;
        file.metadata().map(|metadata| Stamp::of(&metadata))
    }

    /// The same of a folder, wherever a link may lead: good to see that it changed, and for nothing else. It costs
    /// one system call in the place of three.
    pub fn folder_stamp(&self, name: &str) -> io::Result<Stamp> {
        std::fs::metadata(self.path.join(name)).map(|metadata| Stamp::of(&metadata))
    }

    /// The names in the folder `name`, as the file system gives them out; `None` for those that are none.
    pub fn names(
        &self,
        name: &str,
    ) -> io::Result<impl Iterator<Item = io::Result<Option<String>>> + Send + use<>> {
        names_in(&open_below(&self.folder, name, Purpose::Read, self.links)?)
    }

    /// What a visitor finds under `name` in `folder`: a file, a folder, or nothing that is served.
    pub fn item(&self, folder: &str, name: String) -> Option<Item> {
        let path = format!("{folder}/{name}");
        let metadata = open_below(&self.folder, &path, Purpose::Look, self.links).ok()?.metadata().ok()?;
        let bytes = match (metadata.is_file(), metadata.is_dir()) {
            (true, _) => Some(metadata.len()),
            (_, true) => None,
            _ => return None,
        };
        let link = encode_segment(&name);
        Some(Item { name, link, bytes, modified: metadata.mtime() })
    }
}
