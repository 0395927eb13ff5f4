//! The folder that is served, held open: every name is resolved below it, see [`crate::os::files`].

use super::notices::Notices;
use super::path::encode_segment;
use super::stamp::Stamp;
use crate::os::files::{
    Kind, Links, Purpose, leads_out, links_inside, names_in, open_below, open_folder, stat, stat_at,
    stat_below,
};
use log::warn;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder, by its path and by its descriptor.
pub struct Root {
    path: PathBuf,
    folder: File,
    /// Device and inode of the folder.
    identity: (u64, u64),
    links: Links,
    /// What is said of names that are not served. A root that takes the place of this one does not say it again.
    pub notices: Arc<Notices>,
}

/// What stands under a name.
pub enum Entry {
    /// A regular file.
    File(Opened),
    /// A folder.
    Folder,
    /// A pipe, a socket or a device: nothing of it is ever read.
    Other,
}

/// A regular file, open for reading at its beginning.
pub struct Opened {
    /// The file.
    pub file: File,
    /// Its version when it was opened.
    pub stamp: Stamp,
}

/// The versions of a file and of the folder it is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    /// Of the folder: it tells that no name came and none went.
    pub folder: Stamp,
    /// Of the file.
    pub file: Stamp,
}

/// One of the names in a folder, and what stands under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Without the folder's, in the bytes of the disk.
    pub name: OsString,
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
        stat_at(&path.join("."))?;
        let links = if links == Links::Inside { links_inside(&folder)? } else { links };
        let identity = stat(&folder)?.identity;
        Ok(Root { path: std::path::absolute(path)?, folder, identity, links, notices: Arc::default() })
    }

    /// The folder that is at the path of this one now: bundlers delete theirs and build it again.
    pub fn reopen(&self) -> io::Result<Root> {
        let root = Root { notices: self.notices.clone(), ..Root::open(&self.path, self.links)? };
        if let Err(error) = open_below(&root.folder, ".".as_ref(), Purpose::Read, self.links) {
            // Where the folder that may be read was built again, too, this one may not be (`os::containment`).
            warn!("{} was replaced, and cannot be read: {error}; start onepoll again", self.path.display());
        }
        Ok(root)
    }

    /// The version of the folder itself; `None` where another one has taken its path.
    pub fn own_stamp(&self) -> io::Result<Option<Stamp>> {
        let there = stat_at(&self.path)?;
        Ok((there.identity == self.identity).then(|| there.into()))
    }

    /// Looks what `name` is and opens it if it is a regular file.
    pub fn entry(&self, name: &Path) -> io::Result<Entry> {
        match stat(&self.look(name)?)?.kind {
            Kind::File => {}
            Kind::Folder => return Ok(Entry::Folder),
            Kind::Link | Kind::Other => return Ok(Entry::Other),
        }
        let file = open_below(&self.folder, name, Purpose::Read, self.links)?;
        let stat = stat(&file)?;
        match stat.kind {
            Kind::File => Ok(Entry::File(Opened { file, stamp: stat.into() })),
            _ => Ok(Entry::Other),
        }
    }

    /// The versions of the file `name` and of its folder now, in a root whose own version is `own`. Every name on the
    /// way is looked at: a folder there may have become a link that leads outside.
    ///
    /// That costs a system call for each name on the way. Where one is a link, it is resolved as for opening it.
    pub fn stamps(&self, name: &Path, own: Stamp) -> io::Result<Stamps> {
        let mut folder = own;
        let bytes = name.as_os_str().as_bytes();
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        for end in ends {
            let stat = stat_below(&self.folder, OsStr::from_bytes(&bytes[..end]).as_ref())?;
            if stat.kind == Kind::Link {
                return Ok(Stamps { folder: self.folder_stamp(name)?, file: self.stamp(name)? });
            }
            folder = stat.into();
        }
        Ok(Stamps { folder, file: self.stamp_in_its_folder(name)? })
    }

    /// The version of the file `name` now, where its folder was looked at already.
    pub fn stamp_in_its_folder(&self, name: &Path) -> io::Result<Stamp> {
        let stat = stat_below(&self.folder, name)?;
        if stat.kind == Kind::Link { self.stamp(name) } else { Ok(stat.into()) }
    }

    /// The same, resolved as for opening it.
    fn stamp(&self, name: &Path) -> io::Result<Stamp> {
        Ok(stat(&open_below(&self.folder, name, Purpose::Look, self.links)?)?.into())
    }

    /// Opens `name` to look what it is. Where a link leads out of the root, that is said once.
    fn look(&self, name: &Path) -> io::Result<File> {
        let opened = open_below(&self.folder, name, Purpose::Look, self.links);
        if opened.as_ref().is_err_and(leads_out) {
            self.notices.leads_out(name);
        }
        opened
    }

    /// Whether anything stands under `name`.
    pub fn is_there(&self, name: &Path) -> bool {
        open_below(&self.folder, name, Purpose::Look, self.links).is_ok()
    }

    /// The version of the folder of `name`, wherever a link may lead: good to see that it changed, and for nothing else.
    pub fn folder_stamp(&self, name: &Path) -> io::Result<Stamp> {
        let folder = name.parent().unwrap_or(name);
        Ok(stat_at(&self.path.join(folder))?.into())
    }

    /// The names in the folder `name`, as the file system gives them out; `None` for `.` and `..`.
    pub fn names(
        &self,
        name: &Path,
    ) -> io::Result<impl Iterator<Item = io::Result<Option<OsString>>> + Send + use<>> {
        names_in(&open_below(&self.folder, name, Purpose::Read, self.links)?)
    }

    /// What a visitor finds under `name` in `folder`: a file, a folder, or nothing that is served.
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
