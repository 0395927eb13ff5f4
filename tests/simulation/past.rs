//! The past of a name on the disk: which version was there when.

use crate::support::visitor::{compressed, gzip};
use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// When the first version of every file was written, in seconds since 1970. Each later version is a second later, or
/// a second earlier. Every version has a time of its own, since the clock of the file system is too coarse for worlds
/// that last a millisecond.
const FIRST_SECOND: u64 = 1_400_000_000;

/// A version: the bytes of a file between two changes.
pub struct Version {
    /// The number of this version; no other version of any file has it.
    pub number: u64,
    /// The time when it was written, by the file system.
    pub modified: SystemTime,
    pub bytes: Vec<u8>,
    /// The content of which this is a compressed copy, if it really is one.
    pub copy_of: Option<Vec<u8>>,
    gzipped: OnceCell<Vec<u8>>,
}

/// Whether a version is written with the current time, or with an old one, like by `cp -p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    First,
    New,
    Old,
}

/// The time at which a version with this number was written.
pub fn written(age: Age, number: u64) -> SystemTime {
    let second = match age {
        Age::First => FIRST_SECOND,
        Age::New => FIRST_SECOND + number,
        Age::Old => FIRST_SECOND - number,
    };
    SystemTime::UNIX_EPOCH + Duration::from_secs(second)
}

impl Version {
    pub fn new(number: u64, age: Age, bytes: Vec<u8>) -> Rc<Version> {
        Version::made(number, age, bytes, None)
    }

    /// A neighbour that is what the compressor for files with this extension makes of `original`.
    pub fn copy(number: u64, age: Age, original: &Version, extension: &str) -> Rc<Version> {
        Version::made(number, age, compressed(extension, &original.bytes), Some(original.bytes.clone()))
    }

    fn made(number: u64, age: Age, bytes: Vec<u8>, copy_of: Option<Vec<u8>>) -> Rc<Version> {
        Rc::new(Version { number, modified: written(age, number), bytes, copy_of, gzipped: OnceCell::new() })
    }

    /// The bytes compressed with gzip, always the same.
    pub fn gzipped(&self) -> &[u8] {
        self.gzipped.get_or_init(|| gzip(&self.bytes))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {} of {} bytes", self.number, self.bytes.len())
    }
}

/// All versions of a name.
pub struct Past {
    /// Each version, with the epoch since which it is there; never empty.
    versions: Vec<(u64, Option<Rc<Version>>)>,
    /// The epochs of changes in place.
    changed_in_place: Vec<u64>,
}

impl Past {
    pub fn of(first: Option<Rc<Version>>) -> Past {
        Past { versions: vec![(0, first)], changed_in_place: Vec::new() }
    }

    /// From `epoch` on this version is there.
    pub fn becomes(&mut self, version: Option<Rc<Version>>, epoch: u64) {
        self.versions.push((epoch, version));
    }

    /// From `epoch` on this version is there, written in place: a process that has the file open sees it.
    pub fn is_rewritten(&mut self, version: Rc<Version>, epoch: u64) {
        self.becomes(Some(version), epoch);
        self.changed_in_place.push(epoch);
    }

    pub fn has_changed(&self) -> bool {
        self.versions.len() > 1
    }

    pub fn now(&self) -> Option<&Rc<Version>> {
        self.at(u64::MAX)
    }

    /// The version at `epoch`; `None` if the name was missing.
    pub fn at(&self, epoch: u64) -> Option<&Rc<Version>> {
        let last = self.versions.iter().rfind(|(since, _)| *since <= epoch);
        last.and_then(|(_, version)| version.as_ref())
    }

    /// The epochs of its changes after `from`, up to `to`.
    pub fn changes(&self, from: u64, to: u64) -> impl Iterator<Item = u64> {
        let epochs = self.versions.iter().map(|(since, _)| *since);
        epochs.filter(move |epoch| from < *epoch && *epoch <= to)
    }

    /// Whether the file was changed in place between two epochs.
    pub fn is_changed_in_place(&self, from: u64, to: u64) -> bool {
        self.changed_in_place.iter().any(|epoch| (from..=to).contains(epoch))
    }

    /// Whether the file had this byte at this position at some time between two epochs.
    pub fn had(&self, at: usize, byte: u8, from: u64, to: u64) -> bool {
        let epochs = [from].into_iter().chain(self.changes(from, to));
        epochs
            .into_iter()
            .any(|epoch| self.at(epoch).is_some_and(|version| version.bytes.get(at) == Some(&byte)))
    }
}
