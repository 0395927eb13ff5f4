//! What is in a folder, read a bounded part at a time.

use super::path::is_served;
use super::policy::Hidden;
pub use super::root::Item;
use super::root::Root;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Begins to read the folder called `name`.
    pub(super) fn open(root: Arc<Root>, name: &Path, hidden: Hidden, listed: Arc<()>) -> io::Result<Folder> {
        let names = Box::new(root.names(name)?);
        Ok(Folder { root, name: name.to_owned(), names, hidden, _listed: listed })
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
