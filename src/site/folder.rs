//! The entries of a folder, read a bounded part at a time. How they are shown is decided elsewhere.

use super::path::is_served;
use super::policy::Hidden;
pub use super::root::Item;
use super::root::Root;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

/// A folder without an index, of which no entry was read yet.
pub struct Unread {
    pub(super) root: Arc<Root>,
    pub(super) name: PathBuf,
}

impl Unread {
    /// Says once for each folder that it is not listed, and which flag lists it.
    pub fn note_not_listed(&self) {
        self.root.notices.not_listed(&self.name);
    }
}

/// A folder that is being read.
pub struct Folder {
    root: Arc<Root>,
    name: PathBuf,
    names: Box<dyn Iterator<Item = io::Result<Option<OsString>>> + Send>,
    hidden: Hidden,
    /// While this exists, the folder counts as one that is being listed ([`super::Site::listed`]).
    _listed: Arc<()>,
}

impl Folder {
    /// Opens a folder for reading its entries.
    pub(super) fn open(Unread { root, name }: Unread, hidden: Hidden, listed: Arc<()>) -> io::Result<Folder> {
        let names = Box::new(root.names(&name)?);
        Ok(Folder { root, name, names, hidden, _listed: listed })
    }

    /// Reads up to `count` more names, in the order of the file system. Each gives the file or folder of this name, or
    /// `None` where a client would not be served one. Fewer names than `count` mean that the folder was read to its end.
    pub fn read(&mut self, count: usize) -> io::Result<Vec<Option<Item>>> {
        let names = self.names.by_ref().take(count);
        let item = |name: OsString| {
            if !is_served(name.as_bytes(), self.hidden) {
                self.root.notices.left_out(&self.name, &name);
                return None;
            }
            self.root.item(&self.name, name)
        };
        names.map(|name| name.map(|name| name.and_then(item))).collect()
    }
}
