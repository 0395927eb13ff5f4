//! What a listing has found in its folder so far, in order: no more than is shown.

use super::entry::Entry;
use super::filter::Filter;
use super::order::{Column, Direction, Order};
use crate::service::names::sort_key;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// What folders and files are sorted by: the column that the client asks for (0 for the name), then the name for people,
/// then the exact name.
type Key = (i64, Vec<u8>, OsString);

/// The folders and files found so far.
pub struct Found {
    order: Order,
    /// How many are kept: the first ones, so that a listing of any size takes no more memory than what is shown.
    most: usize,
    /// Folders always come first, by name.
    folders: BTreeMap<Key, (Option<u64>, i64)>,
    files: BTreeMap<Key, (Option<u64>, i64)>,
    /// The numbers of all folders and of all files, whether or not they are shown.
    pub counts: [usize; 2],
    /// How many of them the filter shows.
    pub matching: usize,
}

impl Found {
    /// Nothing yet; no more than `most` entries are kept.
    pub fn new(order: Order, most: usize) -> Found {
        let (folders, files, counts) = Default::default();
        Found { order, most, folders, files, counts, matching: 0 }
    }

    /// Takes an entry in, if the filter shows it.
    pub fn add(&mut self, entry: Entry, filter: &Filter) {
        self.counts[usize::from(entry.bytes.is_some())] += 1;
        if !filter.shows(&entry) {
            return;
        }
        self.matching += 1;
        let column = if entry.bytes.is_some() { self.order.column } else { Column::Name };
        let first = match column {
            Column::Name => 0,
            Column::Size => entry.bytes.map_or(0, |bytes| bytes.try_into().unwrap_or(i64::MAX)),
            Column::Time => entry.modified,
        };
        let kept = if entry.bytes.is_some() { &mut self.files } else { &mut self.folders };
        kept.insert((first, sort_key(&entry.name), entry.name), (entry.bytes, entry.modified));
        if self.left() > self.most {
            self.drop_last();
        }
    }

    /// The number of entries that are still to be shown.
    pub fn left(&self) -> usize {
        self.folders.len() + self.files.len()
    }

    /// Takes out the next entry to be shown.
    pub fn next(&mut self) -> Option<Entry> {
        let next = self.folders.pop_first().or_else(|| match self.order.direction {
            Direction::Up => self.files.pop_first(),
            Direction::Down => self.files.pop_last(),
        });
        next.map(|((.., name), (bytes, modified))| Entry { name, bytes, modified })
    }

    fn drop_last(&mut self) {
        let last = match self.order.direction {
            Direction::Up => self.files.pop_last(),
            Direction::Down => self.files.pop_first(),
        };
        if last.is_none() {
            self.folders.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_is_shown_and_that_is_the_first() {
        for (query, expected) in [
            ("", ["d8", "d9", "f0", "f1"]),
            ("order=desc", ["d8", "d9", "f99", "f98"]),
            ("sort=size", ["d8", "d9", "f99", "f98"]),
            ("sort=time&order=desc", ["d8", "d9", "f7", "f14"]),
            ("q=F", ["f0", "f1", "f2", "f3"]),
        ] {
            let filter = Filter::of(Some(query));
            let mut found = Found::new(Order::of(Some(query)), 4);
            for number in 0..100 {
                let (name, bytes, modified) =
                    (format!("f{number}"), Some(1000 - number), number as i64 * 57 % 100);
                found.add(Entry { name: name.into(), bytes, modified }, &filter);
                assert!(found.left() <= 4, "{query}");
            }
            for name in ["d9", "d8"] {
                found.add(Entry { name: name.into(), bytes: None, modified: 0 }, &filter);
                assert!(found.left() <= 4, "{query}");
            }
            let matching = if filter.is_off() { 102 } else { 100 };
            assert_eq!((found.counts, found.matching), ([2, 100], matching), "{query}");
            let names: Vec<_> = std::iter::from_fn(|| found.next()).map(|entry| entry.name).collect();
            assert_eq!(names, expected, "{query}");
        }
    }

    #[test]
    fn more_folders_than_rows_leave_no_room_for_files() {
        let filter = Filter::of(None);
        let mut found = Found::new(Order::of(None), 2);
        for (name, bytes) in [("c", None), ("f", Some(0)), ("b", None), ("a", None), ("e", Some(0))] {
            found.add(Entry { name: name.into(), bytes, modified: 0 }, &filter);
        }
        let names: Vec<_> = std::iter::from_fn(|| found.next()).map(|entry| entry.name).collect();
        assert_eq!((names, found.counts), (vec!["a".into(), "b".into()], [3, 2]));
    }
}
