//! The entries of a folder, read a bounded part at a time. How they are shown is decided elsewhere.

use super::path::is_served;
use super::policy::Hidden;
pub use super::root::Item;
use super::root::{Entry, Reach, Root};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
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

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.name.as_os_str() == "."
    }

    /// The last name on the way to the folder: for the root its own name, if it has one.
    pub fn last_name(&self) -> Option<OsString> {
        let path = if self.is_root() { self.root.path() } else { &self.name };
        path.file_name().map(OsString::from)
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

    /// Opens the file `name` in this folder, of which no more than `bytes_max` bytes are wanted. `None` if a client would not
    /// be served it.
    pub fn open_beginning(&self, name: &OsStr, bytes_max: usize) -> Option<Beginning> {
        if !is_served(name.as_bytes(), self.hidden) {
            return None;
        }
        match self.root.entry(&self.name.join(name), Reach::Any) {
            Ok(Entry::File(opened)) => Some(Beginning { file: opened.file, bytes: Vec::new(), bytes_max }),
            _ => None,
        }
    }
}

/// The beginning of a file, which is read a part at a time.
pub struct Beginning {
    file: File,
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Beginning {
    /// Reads up to `count` more bytes. True at the end of the file, or when there are more than are wanted.
    pub fn read(&mut self, count: usize) -> io::Result<bool> {
        // One byte more tells whether the file goes on.
        let wanted = count.min(self.bytes_max + 1 - self.bytes.len());
        let read = self.file.by_ref().take(wanted as u64).read_to_end(&mut self.bytes)?;
        Ok(read < wanted || self.is_cut())
    }

    /// What was read, and no more than was wanted.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.bytes.len().min(self.bytes_max)]
    }

    /// Whether the file is known to go on.
    pub fn is_cut(&self) -> bool {
        self.bytes.len() > self.bytes_max
    }
}
