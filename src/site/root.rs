//! The folder that is served. It is held open, and every name is resolved below it (see [`crate::os::files`]), so that no
//! link can lead out. This file does not know paths of targets.

use super::notices::Notices;
use super::path::encode_segment;
use super::stamp::Stamp;
use crate::os::files::{
    Kind, Links, Purpose, Stat, leads_out, links_inside, names_in, open_below, open_folder, stat, stat_at,
    stat_below,
};
use log::warn;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder that is served: its path, and an open descriptor of it.
pub struct Root {
    path: PathBuf,
    folder: File,
    /// Device and inode of the folder.
    identity: (u64, u64),
    links: Links,
    /// The notices given so far. A root that replaces this one takes them over, and does not give them again.
    pub notices: Arc<Notices>,
}

/// What stands under a name.
pub enum Entry {
    /// A regular file.
    File(Opened),
    /// A folder.
    Folder,
    /// A pipe, a socket or a device, which is never opened for reading.
    Other,
}

/// A regular file, open for reading.
pub struct Opened {
    /// The file.
    pub file: File,
    /// What its name led to just before the file was opened. The file may be another, if the name was changed in between.
    pub stamp: Stamp,
}

/// What is known of the folders on the way to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Each of them was looked at just now, and none is a link.
    Straight,
    /// One of them may be a link, even one that leads out of the root.
    Any,
}

/// A file or folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name in the folder, in the bytes of the file system.
    pub name: OsString,
    /// The name as a link from its folder.
    pub link: String,
    /// The length of a file in bytes; `None` for a folder.
    pub bytes: Option<u64>,
    /// When it was last written, in seconds since 1970.
    pub modified: i64,
}

impl Root {
    /// Opens the folder at `path`. Links in `path` itself are followed.
    pub fn open(path: &Path, links: Links) -> io::Result<Root> {
        let folder = open_folder(path)?;
        // Opening the folder needs no permission; looking up a name in it does, and shows early that it is missing.
        stat_at(&path.join("."))?;
        let links = if links == Links::Inside { links_inside(&folder)? } else { links };
        let identity = stat(&folder)?.identity;
        Ok(Root { path: std::path::absolute(path)?, folder, identity, links, notices: Arc::default() })
    }

    /// Opens the folder that is now at the path of this root. Bundlers delete their output folder and make a new one.
    pub fn reopen(&self) -> io::Result<Root> {
        let root = Root { notices: self.notices.clone(), ..Root::open(&self.path, self.links)? };
        if let Err(error) = open_below(&root.folder, ".".as_ref(), Purpose::Read, self.links) {
            // With containment (`os::containment`) the process may read the old folder, and maybe not a new one.
            warn!("{} was replaced, and cannot be read: {error}; start onepoll again", self.path.display());
        }
        Ok(root)
    }

    /// The version of the root folder itself; `None` if its path now leads to another folder.
    pub fn own_stamp(&self) -> io::Result<Option<Stamp>> {
        let there = stat_at(&self.path)?;
        Ok((there.identity == self.identity).then(|| there.into()))
    }

    /// The absolute path of the root. Links in it are not resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What `name` is; a regular file is opened.
    pub fn entry(&self, name: &Path, reach: Reach) -> io::Result<Entry> {
        let stat = self.find(name, reach)?;
        match stat.kind {
            Kind::File => {}
            Kind::Folder => return Ok(Entry::Folder),
            Kind::Link | Kind::Other => return Ok(Entry::Other),
        }
        Ok(Entry::File(Opened { file: self.open_below(name, Purpose::Read)?, stamp: stat.into() }))
    }

    /// What `name` leads to. A link is resolved as if it were opened: it must not lead out of the root.
    pub fn find(&self, name: &Path, reach: Reach) -> io::Result<Stat> {
        if reach == Reach::Straight {
            let stat = self.stat(name)?;
            if stat.kind != Kind::Link {
                return Ok(stat);
            }
        }
        stat(&self.look(name)?)
    }

    /// What stands at `name`, which may be a link. Links on the way to `name` are followed, even out of the root.
    pub fn stat(&self, name: &Path) -> io::Result<Stat> {
        stat_below(&self.folder, name)
    }

    /// Whether nothing stands at `name`, not even a link. The folders on the way were looked at.
    pub fn is_missing(&self, name: &Path) -> bool {
        self.stat(name).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Opens `name`, which must be below the root.
    pub fn open_below(&self, name: &Path, purpose: Purpose) -> io::Result<File> {
        open_below(&self.folder, name, purpose, self.links)
    }

    /// Opens `name` to see what it is, and not for reading. If a link leads out of the root, the log says so once.
    fn look(&self, name: &Path) -> io::Result<File> {
        let opened = self.open_below(name, Purpose::Look);
        if opened.as_ref().is_err_and(leads_out) {
            self.notices.leads_out(name);
        }
        opened
    }

    /// Whether `name` exists below the root.
    pub fn is_there(&self, name: &Path) -> bool {
        self.open_below(name, Purpose::Look).is_ok()
    }

    /// The version of the folder of `name`. Links are followed, even out of the root, so this version is only good to see
    /// that the folder changed.
    pub fn folder_stamp(&self, name: &Path) -> io::Result<Stamp> {
        let folder = name.parent().unwrap_or(name);
        Ok(stat_at(&self.path.join(folder))?.into())
    }

    /// The names in the folder `name`, in the order of the file system; `None` for `.` and `..`.
    pub fn names(
        &self,
        name: &Path,
    ) -> io::Result<impl Iterator<Item = io::Result<Option<OsString>>> + Send + use<>> {
        names_in(&self.open_below(name, Purpose::Read)?)
    }

    /// The file or folder `name` in `folder`, as a client would be served it; `None` if it would not be served.
    pub fn item(&self, folder: &Path, name: OsString) -> Option<Item> {
        let path = folder.join(&name);
        let stat = stat(&self.look(&path).ok()?).ok()?;
        let bytes = match stat.kind {
            Kind::File => Some(stat.bytes),
            Kind::Folder => None,
            Kind::Link | Kind::Other => return None,
        };
        let link = encode_segment(name.as_bytes());
        Some(Item { name, link, bytes, modified: stat.modified.0 })
    }
}
