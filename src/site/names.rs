//! Reads the names in folders, a bounded number a turn, to know which of them compressed neighbours may have. So a file in
//! such a folder costs no look for each neighbour that is not there. Until the names of this version of the folder are read,
//! and while the folder keeps changing, each of the three names is asked for.

use super::neighbours::is_coded;
use super::tree::{Coded, CodedNames, KnownFolder, Version};
use crate::os::files::{Purpose, names_in, stat};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// Names read in one turn of the loop, which takes about a quarter of a millisecond.
const NAMES_PER_TURN: usize = 1024;

/// What opening a folder counts, in names.
const OPENING: usize = 32;

/// Folders that may wait to be read. With more, a later miss in the folder asks again.
const WAITING_MAX: usize = 64;

/// Names that are read of one folder: of a folder with more, each name is asked for. A folder that is used while it changes is
/// read anew for each of its versions.
const NAMES_MAX: usize = 16 << 10;

/// Compressed names of which a folder's list may consist: 64 KiB. In a folder with more, each name is asked for.
const CODED_MAX: usize = 8192;

/// The folders whose names are wanted.
#[derive(Default)]
pub struct NameReader {
    waiting: VecDeque<(Arc<KnownFolder>, Version)>,
    reading: Option<Reading>,
}

/// A folder whose names are being read.
struct Reading {
    folder: Arc<KnownFolder>,
    version: Version,
    file: File,
    names: Box<dyn Iterator<Item = io::Result<Option<OsString>>> + Send>,
    count: usize,
    coded: Vec<u64>,
}

impl NameReader {
    /// Queues `folder`, whose version is `version`, and settled.
    pub fn want(&mut self, folder: &Arc<KnownFolder>, version: Version) {
        let is_it = |other: &Arc<KnownFolder>| Arc::ptr_eq(other, folder);
        let is_read = self.reading.as_ref().is_some_and(|it| is_it(&it.folder) && it.version == version);
        let is_known = is_read || self.waiting.iter().any(|(it, known)| is_it(it) && *known == version);
        if !is_known && self.waiting.len() < WAITING_MAX {
            self.waiting.push_back((folder.clone(), version));
        }
    }

    /// Reads the next names. A folder that changes meanwhile is dropped: the next miss in it asks again.
    pub fn work(&mut self) {
        let mut left = NAMES_PER_TURN;
        while left > 0 {
            let Some(mut reading) = self.reading.take().or_else(|| self.next(&mut left)) else { return };
            match reading.read(&mut left) {
                Ok(false) => self.reading = Some(reading),
                Ok(true) => reading.finish(),
                Err(_) => {}
            }
        }
    }

    /// Whether no folder waits.
    pub fn is_idle(&self) -> bool {
        self.reading.is_none() && self.waiting.is_empty()
    }

    /// Drops the folder that is being read, and so closes it. False if there was none.
    pub fn close_files(&mut self) -> bool {
        self.reading.take().is_some()
    }

    fn next(&mut self, left: &mut usize) -> Option<Reading> {
        loop {
            let (folder, version) = self.waiting.pop_front()?;
            *left = left.saturating_sub(OPENING);
            if folder.version() != version {
                continue;
            }
            match Reading::begin(folder.clone(), version) {
                Ok(reading) => return Some(reading),
                Err(_) => folder.know_nothing(version),
            }
        }
    }
}

impl Reading {
    fn begin(folder: Arc<KnownFolder>, version: Version) -> io::Result<Reading> {
        let file = folder.root().open_below(folder.name(), Purpose::Read)?;
        let names = Box::new(names_in(&file)?);
        Ok(Reading { folder, version, file, names, count: 0, coded: Vec::new() })
    }

    /// Reads up to `*left` names, which it counts down. True at the end.
    fn read(&mut self, left: &mut usize) -> io::Result<bool> {
        while *left > 0 {
            *left -= 1;
            self.count += 1;
            let Some(name) = self.names.next() else { return Ok(true) };
            if let Some(name) = name?
                && is_coded(name.as_bytes())
            {
                self.coded.push(CodedNames::hash(Path::new(&name)));
            }
        }
        Ok(!self.is_short() || self.folder.version() != self.version)
    }

    fn is_short(&self) -> bool {
        self.count <= NAMES_MAX && self.coded.len() <= CODED_MAX
    }

    fn finish(self) {
        let Ok(stat) = stat(&self.file) else { return };
        let coded = if self.is_short() { Coded::Known(CodedNames::of(self.coded)) } else { Coded::TooMany };
        self.folder.know(coded, self.version, stat.into());
    }
}
