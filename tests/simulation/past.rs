//! What became of a name on the disk: which version stood there when.

use crate::support::visitor::{compressed, gzip};
use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// When the first version of every file was written, in seconds since 1970. Those after it come a second apart, or
/// go back by as much: every version has a time of its own, for the clock of the file system ticks too rarely for
/// worlds that live for a millisecond.
const FIRST_SECOND: u64 = 1_400_000_000;

/// The bytes of a file between two changes.
pub struct Version {
    /// No other version of anything has it.
    pub number: u64,
    /// When it was written, as the file system says.
    pub modified: SystemTime,
    pub bytes: Vec<u8>,
    /// The number of the version that it is a compressed copy of, if it really is one.
    pub copy_of: Option<u64>,
    gzipped: OnceCell<Vec<u8>>,
}

/// Whether a version is written with the time of now, or with an old one, as by `cp -p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    First,
    New,
    Old,
}

impl Version {
    pub fn new(number: u64, age: Age, bytes: Vec<u8>) -> Rc<Version> {
        Version::made(number, age, bytes, None)
    }

    /// A neighbour that is what the compressor for files with this extension makes of `original`.
    pub fn copy(number: u64, age: Age, original: &Version, extension: &str) -> Rc<Version> {
        Version::made(number, age, compressed(extension, &original.bytes), Some(original.number))
    }

    fn made(number: u64, age: Age, bytes: Vec<u8>, copy_of: Option<u64>) -> Rc<Version> {
        let second = match age {
            Age::First => FIRST_SECOND,
            Age::New => FIRST_SECOND + number,
            Age::Old => FIRST_SECOND - number,
        };
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        Rc::new(Version { number, modified, bytes, copy_of, gzipped: OnceCell::new() })
    }

    /// What compressing it gives, always the same.
    pub fn gzipped(&self) -> &[u8] {
        self.gzipped.get_or_init(|| gzip(&self.bytes))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {} of {} bytes", self.number, self.bytes.len())
    }
}

/// All the versions of a name.
pub struct Past {
    /// Since which epoch it is what; never empty.
    versions: Vec<(u64, Option<Rc<Version>>)>,
    /// The epochs at which it was changed where it stands.
    changed_in_place: Vec<u64>,
}

impl Past {
    pub fn of(first: Option<Rc<Version>>) -> Past {
        Past { versions: vec![(0, first)], changed_in_place: Vec::new() }
    }

    /// From `epoch` on it is that.
    pub fn becomes(&mut self, version: Option<Rc<Version>>, epoch: u64) {
        self.versions.push((epoch, version));
    }

    /// The same, where it stands: whoever has it open sees it.
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

    /// What it was at `epoch`; none where it was not there.
    pub fn at(&self, epoch: u64) -> Option<&Rc<Version>> {
        let last = self.versions.iter().rfind(|(since, _)| *since <= epoch);
        last.and_then(|(_, version)| version.as_ref())
    }

    /// The epochs of its changes after `from`, up to `to`.
    pub fn changes(&self, from: u64, to: u64) -> impl Iterator<Item = u64> {
        let epochs = self.versions.iter().map(|(since, _)| *since);
        epochs.filter(move |epoch| from < *epoch && *epoch <= to)
    }

    /// Whether it was changed where it stands between two epochs.
    pub fn is_changed_in_place(&self, from: u64, to: u64) -> bool {
        self.changed_in_place.iter().any(|epoch| (from..=to).contains(epoch))
    }

    /// Whether it had this byte at this place at some time between two epochs.
    pub fn had(&self, at: usize, byte: u8, from: u64, to: u64) -> bool {
        let epochs = [from].into_iter().chain(self.changes(from, to));
        epochs
            .into_iter()
            .any(|epoch| self.at(epoch).is_some_and(|version| version.bytes.get(at) == Some(&byte)))
    }
}
