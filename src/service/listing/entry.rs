//! A file or folder, as a listing keeps it until it is written.

use crate::site::folder::Item;
use std::ffi::OsString;

/// A file or folder to be shown.
pub struct Entry {
    /// Its name, in the bytes of the file system.
    pub name: OsString,
    /// The length of a file in bytes; `None` for a folder.
    pub bytes: Option<u64>,
    /// When it was last written, in seconds since 1970.
    pub modified: i64,
}

impl Entry {
    /// What follows the name: a slash for a folder, or nothing.
    pub fn slash(&self) -> &'static str {
        if self.bytes.is_some() { "" } else { "/" }
    }
}

impl From<Item> for Entry {
    fn from(Item { name, bytes, modified, .. }: Item) -> Entry {
        Entry { name, bytes, modified }
    }
}
