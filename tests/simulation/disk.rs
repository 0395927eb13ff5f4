//! The folder that is served. Files are replaced, rewritten where they stand, made longer or shorter, deleted, and
//! brought back; which version a file had when is written down.

use crate::support::dice::Dice;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// When the first version of every file was written, in seconds since 1970; those after it come a second apart.
const FIRST_SECOND: u64 = 1_400_000_000;

/// A file and how long it is: one that leaves with its head, one that is compressed, one that is sometimes sent from
/// where it is, and one that takes several turns.
const FILES: [(&str, u64, u64); 4] = [
    ("page.html", 10, 200),
    ("note.txt", 250, 3000),
    ("blob.bin", 63_000, 68_000),
    ("large.bin", 280_000, 300_000),
];

/// Which of them is which.
pub const PAGE: usize = 0;
pub const NOTE: usize = 1;
pub const LARGE: usize = 3;

/// The bytes of a file between two changes.
#[derive(Debug)]
pub struct Version {
    pub number: u64,
    pub bytes: Vec<u8>,
}

/// A folder that is used by one world after the other.
pub struct Disk {
    root: TempDir,
    files: Vec<Kept>,
    changes: u64,
    /// What is asked for, and changed, more often than the others: only then does a version get old in memory.
    favourite: usize,
    /// Whether a strong tag is sure to stay one: not where the clock on the wall is set back to before the change.
    pub tags_last: bool,
}

/// One file and its past.
struct Kept {
    name: &'static str,
    lengths: (u64, u64),
    first: Rc<Version>,
    /// Since which epoch it is what; never empty.
    past: Vec<(u64, Option<Rc<Version>>)>,
    /// The epochs at which it was changed where it stands.
    changed_in_place: Vec<u64>,
}

impl Kept {
    fn now(&self) -> Option<&Rc<Version>> {
        self.past.last().expect("it has had a version").1.as_ref()
    }
}

impl Disk {
    /// A new folder, with everything in its place.
    pub fn new() -> Disk {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("list")).unwrap();
        for name in ["list/a", "list/b c", ".hidden", "list/.hidden"] {
            fs::write(root.path().join(name), name).unwrap();
        }
        let mut disk = Disk { root, files: Vec::new(), changes: 0, favourite: 0, tags_last: true };
        for (at, (name, least, most)) in FILES.into_iter().enumerate() {
            let bytes = content(at as u64 * 1000, least + (most - least) / 2);
            let first = Rc::new(Version { number: 0, bytes });
            disk.files.push(Kept {
                name,
                lengths: (least, most),
                first: first.clone(),
                past: vec![(0, Some(first))],
                changed_in_place: Vec::new(),
            });
            disk.replace(at);
        }
        disk
    }

    pub fn path(&self) -> &Path {
        self.root.path()
    }

    pub fn name(&self, file: usize) -> &'static str {
        self.files[file].name
    }

    /// Any file.
    pub fn any(&self, dice: &mut Dice) -> usize {
        if dice.one_in(2) { self.favourite } else { dice.below(self.files.len() as u64) as usize }
    }

    /// Everything as it was at first, for the world of `seed`.
    pub fn restore(&mut self, seed: u64) {
        self.changes = 0;
        self.tags_last = true;
        self.favourite = (seed % 3) as usize;
        for file in 0..self.files.len() {
            let kept = &mut self.files[file];
            let is_changed = kept.past.len() > 1;
            kept.past = vec![(0, Some(kept.first.clone()))];
            kept.changed_in_place.clear();
            if is_changed {
                self.replace(file);
            }
        }
    }

    /// The versions that a file had between two epochs; `None` where it was not there.
    pub fn versions(&self, file: usize, from: u64, to: u64) -> Vec<Option<Rc<Version>>> {
        let past = &self.files[file].past;
        let ends = past.iter().skip(1).map(|(epoch, _)| *epoch).chain([u64::MAX]);
        let lived = past.iter().zip(ends).filter(|((begin, _), end)| *begin <= to && from < *end);
        lived.map(|((_, version), _)| version.clone()).collect()
    }

    /// Whether a file was changed where it stands between two epochs.
    pub fn is_changed_in_place(&self, file: usize, from: u64, to: u64) -> bool {
        self.files[file].changed_in_place.iter().any(|epoch| (from..=to).contains(epoch))
    }

    /// Changes some file at `epoch`, and says how.
    pub fn change(&mut self, dice: &mut Dice, epoch: u64) -> String {
        let file = self.any(dice);
        self.changes += 1;
        let number = self.changes;
        let kept = &mut self.files[file];
        let length = dice.between(kept.lengths.0, kept.lengths.1);
        let whole =
            |length| Some(Rc::new(Version { number, bytes: content(number * 10 + file as u64, length) }));
        let (how, next) = match (kept.now().cloned(), dice.below(8)) {
            (None, _) | (_, 0..3) => ("replaced", whole(length)),
            (Some(_), 3) => ("deleted", None),
            (Some(_), 4) => ("rewritten", whole(length)),
            (Some(now), 5) => {
                let mut bytes = now.bytes.clone();
                bytes.extend(content(number * 10 + file as u64, 1 + length / 4));
                ("longer", Some(Rc::new(Version { number, bytes })))
            }
            (Some(now), _) => {
                let bytes = now.bytes[..now.bytes.len() / 2].to_vec();
                ("shorter", Some(Rc::new(Version { number, bytes })))
            }
        };
        let said =
            format!("{} {how}: {:?} bytes", kept.name, next.as_ref().map(|version| version.bytes.len()));
        kept.past.push((epoch, next.clone()));
        match (how, next) {
            ("replaced", _) => self.replace(file),
            (_, Some(version)) => {
                kept.changed_in_place.push(epoch);
                let path = self.root.path().join(kept.name);
                let file = OpenOptions::new().write(true).open(path).unwrap();
                // Cut first: a file that becomes shorter never has more than its bytes.
                file.set_len(version.bytes.len() as u64).unwrap();
                file.write_all_at(&version.bytes, 0).unwrap();
                stamp(&file, version.number);
            }
            (_, None) => fs::remove_file(self.root.path().join(kept.name)).unwrap(),
        }
        said
    }

    /// Puts the newest version in place by rename.
    fn replace(&self, file: usize) {
        let kept = &self.files[file];
        let version = kept.now().expect("what is put in place is there");
        let next = self.root.path().join(".next");
        fs::write(&next, &version.bytes).unwrap();
        stamp(&File::open(&next).unwrap(), version.number);
        fs::rename(next, self.root.path().join(kept.name)).unwrap();
    }
}

/// The clock of the file system ticks too rarely for worlds that live for a millisecond, so every version is given a
/// time of its own.
fn stamp(file: &File, number: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(FIRST_SECOND + number);
    file.set_modified(time).unwrap();
}

/// Bytes in which a hole, a shift and another version show.
fn content(salt: u64, length: u64) -> Vec<u8> {
    let salt = (salt as u32).wrapping_mul(0x9e37_79b9);
    (0..length as u32).map(|at| ((at ^ salt).wrapping_mul(0x85eb_ca6b) >> 24) as u8 & 0x5f | 0x20).collect()
}
