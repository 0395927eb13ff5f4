//! Stamps: what the file system says of a version of a file, and when this is enough to tell versions apart. This file
//! does not look at the disk.

use crate::http::validators::Strength;
use crate::os::files::Stat;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Two changes of a file within this time may get the same time stamp: the clock of the kernel for files advances in
/// steps of 4 ms on most systems, and of 10 ms on some.
const FINE_STEP: Duration = Duration::from_millis(20);

/// The same for file systems that store whole seconds, or every second one (FAT).
const COARSE_STEP: Duration = Duration::from_millis(2_500);

/// Times that packers give to every file of every version, in seconds since 1970: 0 and 1 by Nix and images of
/// containers, 1980-01-01 by reproducible ZIP archives, 1985-10-26 08:15 by npm. A client that asked by such a date would
/// keep an old version for ever.
const SAME_FOR_ALL: [u64; 4] = [0, 1, 315_532_800, 499_162_500];

/// Everything that changes with a file: which file it is, its length, when it was written (mtime), and when anything of
/// it was changed (ctime). `cp -p` and `rsync -t` can set back the first time, but not the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: i64,
    changed: i64,
    /// The nanoseconds of both times. They stand apart from the seconds, so that a stamp takes 48 bytes and not 56: the
    /// cache keeps one for each file.
    nanos: [u32; 2],
}

impl From<Stat> for Stamp {
    fn from(Stat { identity: (device, inode), bytes, modified, changed, .. }: Stat) -> Stamp {
        let nanos = [modified.1, changed.1].map(|nanos| nanos as u32);
        Stamp { device, inode, bytes, modified: modified.0, changed: changed.0, nanos }
    }
}

impl Stamp {
    /// The length of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether both are stamps of the same file or folder, maybe of other versions.
    pub fn is_same_file(&self, other: &Stamp) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// The device that holds the file.
    pub fn device(&self) -> u64 {
        self.device
    }

    /// Whether the file was changed between `time` and `now`, by its own account.
    pub fn is_changed_since(&self, time: SystemTime, now: SystemTime) -> bool {
        let changed = u64::try_from(self.changed).ok();
        let changed =
            changed.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::new(seconds, self.nanos[1])));
        changed.is_some_and(|changed| time <= changed && changed <= now)
    }

    /// Whether every change after `now` will show in the stamp. It may not if the file was changed just now: the next
    /// change may get the same time stamp. Git calls such a file racy.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let step = if self.nanos == [0, 0] { COARSE_STEP } else { FINE_STEP };
        let Ok(seconds) = u64::try_from(self.changed) else { return true };
        let changed = UNIX_EPOCH.checked_add(Duration::new(seconds, self.nanos[1]));
        changed.and_then(|time| time.checked_add(step)).is_some_and(|time| time < now)
    }

    /// What a tag made from this stamp can promise, if the file was looked at at `now`.
    pub fn strength(&self, now: SystemTime) -> Strength {
        if self.is_settled(now) { Strength::Strong } else { Strength::Weak }
    }

    /// The time for `Last-Modified`, in seconds since 1970, if the file was looked at at `now`. There is none for a time in the
    /// future or before 1970 (RFC 9110 §8.8.2.1), nor for a time that packers give to all versions.
    pub fn modified(&self, now: SystemTime) -> Option<u64> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let is_telling = |second: &u64| *second <= now && !SAME_FOR_ALL.contains(second);
        u64::try_from(self.modified).ok().filter(is_telling)
    }

    /// When the file was written, in seconds since 1970; 0 for a time before.
    pub fn modified_second(&self) -> u64 {
        self.modified.try_into().unwrap_or(0)
    }

    /// A number that tells this version from others, for its tag: a hash of the whole stamp. For a weak tag it is a hash of
    /// `now`, too, so that no later tag equals it.
    pub fn tag(&self, strength: Strength, now: SystemTime) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        if strength == Strength::Weak {
            now.hash(&mut hasher);
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(modified: (i64, u32), changed: (i64, u32)) -> Stamp {
        let nanos = [modified.1, changed.1];
        Stamp { device: 1, inode: 2, bytes: 3, modified: modified.0, changed: changed.0, nanos }
    }

    fn at(seconds: u64, millis: u32) -> SystemTime {
        UNIX_EPOCH + Duration::new(seconds, millis * 1_000_000)
    }

    #[test]
    fn a_stamp_is_settled_when_the_clock_has_ticked_since() {
        let fine = stamp((1000, 5), (1000, 5));
        assert!(!fine.is_settled(at(1000, 0)));
        assert!(!fine.is_settled(at(1000, 19)));
        assert!(fine.is_settled(at(1000, 21)));
        let coarse = stamp((1000, 0), (1000, 0));
        assert!(!coarse.is_settled(at(1002, 0)));
        assert!(coarse.is_settled(at(1003, 0)));
        let future = stamp((0, 0), (i64::MAX, 0));
        assert!(!future.is_settled(at(1000, 0)), "a change in the future settles when that comes");
        assert!(stamp((-5, 0), (-5, 0)).is_settled(at(0, 0)));
    }

    #[test]
    fn tags_tell_every_part_of_a_stamp_apart() {
        let one = stamp((1000, 5), (1000, 5));
        let now = at(2000, 0);
        let tag = |stamp: Stamp| stamp.tag(stamp.strength(now), now);
        assert_eq!(tag(one), tag(one));
        assert_eq!(one.strength(now), Strength::Strong);
        for other in [
            Stamp { device: 9, ..one },
            Stamp { inode: 9, ..one },
            Stamp { bytes: 9, ..one },
            Stamp { modified: 1001, ..one },
            Stamp { changed: 1001, ..one },
            Stamp { nanos: [9, 5], ..one },
            Stamp { nanos: [5, 9], ..one },
        ] {
            assert_ne!(tag(one), tag(other), "{other:?}");
        }
    }

    #[test]
    fn a_young_tag_is_weak_and_like_no_other() {
        let one = stamp((1000, 5), (1000, 5));
        let times = [at(1000, 9), at(1000, 8), at(1001, 0)];
        assert_eq!(times.map(|now| one.strength(now)), [Strength::Weak, Strength::Weak, Strength::Strong]);
        let [young, younger, old] = times.map(|now| one.tag(one.strength(now), now));
        assert_ne!(young, younger);
        assert_ne!(young, old);
    }

    #[test]
    fn odd_times_never_make_a_date() {
        let now = at(600_000_000, 0);
        let date = |seconds| stamp((seconds, 0), (0, 0)).modified(now);
        for seconds in [i64::MIN, -1, 0, 1, 315_532_800, 499_162_500, 600_000_001, i64::MAX] {
            assert_eq!(date(seconds), None, "{seconds}");
        }
        for seconds in [2, 1000, 315_532_801, 600_000_000] {
            assert_eq!(date(seconds), Some(seconds as u64), "{seconds}");
        }
    }
}
