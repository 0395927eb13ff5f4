//! What is in a folder, read a bounded part at a time.

use super::path::is_served;
use super::policy::Hidden;
pub use super::root::Item;
use super::root::Root;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

/// A folder without an index, which nobody has begun to read.
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
    /// Counts this one among those that are listed.
    _listed: Arc<()>,
}

impl Folder {
    /// Begins to read a folder.
    pub(super) fn open(Unread { root, name }: Unread, hidden: Hidden, listed: Arc<()>) -> io::Result<Folder> {
        let names = Box::new(root.names(&name)?);
        Ok(Folder { root, name, names, hidden, _listed: listed })
    }

    /// Up to `count` more names, in no order, and what a visitor finds under each, if anything. Fewer than that,
    /// perhaps none, are the last.
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
