//! Neighbours: the compressed files beside a file (`page.html.br`, `.zst` and `.gz`). This file decides whether a
//! neighbour is a copy of the file as it is now.
//!
//! The content decides: the neighbour is decompressed and compared with the file, once for each pair of versions. If both
//! files are small, this is done at once; else a piece a turn, and until then the neighbour is not used.
//!
//! Dates prove nothing. After a folder was copied, cloned or unpacked, its files have new dates in any order; some compressors
//! give a copy the date of the file, in whole seconds; and a compressor that still runs has written a part of it only.

use super::coding::{Decoder, Step, decoder};
use super::contents::{Contents, Stored, WHOLE_BYTES_MAX};
use super::lock::lock;
use super::root::{Entry, Opened, Reach, Root};
use super::stamp::Stamp;
use super::tree::KnownFolder;
use crate::http::encoding::Coding;
use crate::http::validators::Strength;
use crate::log::escaped::Escaped;
use crate::os;
use crate::os::files::{self, Kind, is_led_astray, stat};
use log::{info, trace};
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Display;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// The extensions of neighbours.
const NEIGHBOURS: [(Coding, &str); 3] = [(Coding::Brotli, "br"), (Coding::Zstd, "zst"), (Coding::Gzip, "gz")];

/// Plain bytes compared in one turn of the loop, which takes well under 2 ms.
const BYTES_PER_TURN: usize = 64 << 10;

/// Steps of a decoder in one turn: of bytes that a client must skip there can be many.
const STEPS_PER_TURN: usize = 4;

/// Steps in which a decoder may give no byte of a small neighbour: a block of zstd that the window holds back is one.
const EMPTY_STEPS_MAX: usize = 64;

/// Files of more bytes are not compared: it would keep the loop busy for seconds.
const COMPARED_BYTES_MAX: u64 = 256 << 20;

/// Bytes by which a copy may be longer than the file: where nothing can be compressed, a coding adds its frame.
const FRAME_BYTES_MAX: u64 = 4 << 10;

/// Pairs of versions whose verdict is kept. When there are more, all verdicts are dropped.
const KNOWN_MAX: usize = 65_536;

/// Neighbours that are named in the log because they are not used.
const NAMED_MAX: usize = 64;

/// Comparisons that may wait. With more, a later request for the file asks again.
const WAITING_MAX: usize = 16;

/// Which neighbours a file has, whatever is in them: a bit for each extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside(u8);

/// The files beside a file that have the names of its neighbours.
#[derive(Default)]
pub struct Neighbours {
    /// Which names were there.
    pub beside: Beside,
    /// The copies of the file, each with its name.
    pub found: Vec<(Coding, Box<Path>, Contents)>,
    /// Neighbours that must be compared with the file before they are used.
    pub unclear: Vec<Arc<Unclear>>,
    /// Neighbours that are not used, the unclear ones included. Such a file may become a copy when it is written anew,
    /// and then the stamp of the folder does not change; so each file is looked at.
    pub passed_over: Vec<(Box<Path>, Stamp)>,
}

/// A neighbour that may be a copy of its file.
pub struct Unclear {
    /// The coding of the copy, if the neighbour is one.
    pub coding: Coding,
    name: Box<Path>,
    pair: Pair,
    file: File,
    /// Whether each later change of the two files will show in their stamps. Until then they are not compared: the verdict
    /// would be about stamps that another content may have, too.
    is_settled: bool,
    /// Whether a read of the neighbour failed, so that nothing is learnt of its content.
    has_failed: AtomicBool,
}

/// The versions of a file and of its neighbour.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Pair {
    original: Stamp,
    neighbour: Stamp,
}

/// The result of comparing a neighbour with its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Copy,
    Other,
}

/// Compares neighbours with their files: the verdicts so far, and the comparisons that wait.
#[derive(Default)]
pub struct Comparer {
    /// By the hash of the pair.
    known: HashMap<u64, Verdict>,
    named: HashSet<PathBuf>,
    waiting: VecDeque<Comparison>,
}

/// A comparison that is going on.
struct Comparison {
    /// The path by which the cache keeps the file.
    path: String,
    unclear: Arc<Unclear>,
    original: Stored,
    decoder: Box<dyn Decoder>,
    compared: u64,
}

/// Reads a neighbour that is being compared, by an offset of its own.
struct Reading {
    unclear: Arc<Unclear>,
    at: u64,
}

/// Whether a neighbour may have the name `name`, by its extension.
pub fn is_coded(name: &[u8]) -> bool {
    NEIGHBOURS.iter().any(|(_, extension)| {
        name.strip_suffix(extension.as_bytes()).is_some_and(|start| start.ends_with(b"."))
    })
}

/// The stamp of a neighbour that is not used. For a link that leads nowhere, or out of the root, it is the stamp of the link.
pub fn stamp_passed_over(root: &Root, name: &Path, reach: Reach) -> io::Result<Stamp> {
    let leads_nowhere = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) || is_led_astray(error)
    };
    match root.find(name, reach) {
        Err(error) if leads_nowhere(&error) => root.stat(name),
        found => found,
    }
    .map(Stamp::from)
}

impl Beside {
    /// Looks which neighbours the file `name` in `folder` has. If the names in the folder are known, this costs no call. Where
    /// a link is on the way to the file, `folder` is `None`.
    pub fn of(root: &Root, folder: Option<&KnownFolder>, name: &Path) -> Beside {
        let is_there = |name: &Path| match (folder, folder.and_then(|folder| folder.may_have(name))) {
            (_, Some(may_be_there)) => may_be_there,
            (Some(_), None) => root.stat(name).is_ok_and(|stat| matches!(stat.kind, Kind::File | Kind::Link)),
            (None, None) => root.stat(name).is_ok(),
        };
        let bits = NEIGHBOURS.iter().enumerate();
        let bits = bits.filter(|(_, (_, extension))| is_there(&name.with_added_extension(extension)));
        Beside(bits.map(|(bit, _)| 1 << bit).sum())
    }

    fn has(self, bit: usize) -> bool {
        self.0 & 1 << bit != 0
    }
}

impl Neighbours {
    /// Looks for the neighbours of the file `name` in `folder`, whose content is `original`. Where a link is on the way to the
    /// file, `folder` is `None`.
    pub fn of(
        root: &Root,
        folder: Option<&KnownFolder>,
        name: &Path,
        original: &Contents,
        comparer: &Mutex<Comparer>,
        now: SystemTime,
    ) -> io::Result<Neighbours> {
        let beside = Beside::of(root, folder, name);
        let reach = if folder.is_some() { Reach::Straight } else { Reach::Any };
        let mut neighbours = Neighbours { beside, ..Neighbours::default() };
        for (bit, (coding, extension)) in NEIGHBOURS.into_iter().enumerate() {
            if !beside.has(bit) {
                continue;
            }
            let name = name.with_added_extension(extension).into_boxed_path();
            match root.entry(&name, reach) {
                Ok(Entry::File(opened)) => neighbours.judge(coding, name, opened, original, comparer, now)?,
                Ok(Entry::Folder | Entry::Other) => {
                    neighbours.pass_over(root, bit, name, reach);
                }
                Err(error)
                    if os::is_out_of_descriptors(&error) || error.kind() == io::ErrorKind::WouldBlock =>
                {
                    return Err(error);
                }
                Err(error) => {
                    if let Some(name) = neighbours.pass_over(root, bit, name, reach) {
                        lock(comparer).name(name, format_args!("cannot be read: {error}"));
                    }
                }
            }
        }
        Ok(neighbours)
    }

    /// Takes note of `name`, which is no file that can be read, and gives it back. `None` if nothing is there, since it went just
    /// now, or since another name in the folder has its hash: then it counts as missing, and is noticed when it comes.
    fn pass_over(&mut self, root: &Root, bit: usize, name: Box<Path>, reach: Reach) -> Option<&Path> {
        let Ok(stamp) = stamp_passed_over(root, &name, reach) else {
            self.beside.0 &= !(1 << bit);
            return None;
        };
        self.passed_over.push((name, stamp));
        self.passed_over.last().map(|(name, _)| &**name)
    }

    fn judge(
        &mut self,
        coding: Coding,
        name: Box<Path>,
        opened: Opened,
        original: &Contents,
        comparer: &Mutex<Comparer>,
        now: SystemTime,
    ) -> io::Result<()> {
        let pair = Pair { original: original.stamp, neighbour: opened.stamp };
        let known = lock(comparer).verdict(pair);
        let (length, copy_length) = (original.stamp.bytes(), pair.neighbour.bytes());
        let is_small = length.max(copy_length) <= WHOLE_BYTES_MAX;
        if known == Some(Verdict::Copy) || known.is_none() && is_small {
            let Some(contents) = Contents::read(opened, now)? else {
                // It took the place of a file just now.
                self.passed_over.push((name, pair.neighbour));
                return Ok(());
            };
            let verdict = match known {
                // The neighbour was written anew since it was opened.
                Some(_) if contents.stamp != pair.neighbour => Verdict::Other,
                Some(verdict) => verdict,
                None => contents.verdict(coding, original),
            };
            let is_settled = contents.strength == Strength::Strong && original.strength == Strength::Strong;
            if known.is_none() && is_settled {
                lock(comparer).learn(pair, &name, verdict);
            }
            match verdict {
                Verdict::Copy => self.found.push((coding, name, contents)),
                Verdict::Other => self.passed_over.push((name, pair.neighbour)),
            }
            return Ok(());
        }
        self.passed_over.push((name.clone(), pair.neighbour));
        if known.is_some() {
            return Ok(());
        }
        if copy_length > length + FRAME_BYTES_MAX {
            lock(comparer).name(&name, "is larger than the file");
        } else if length > COMPARED_BYTES_MAX {
            lock(comparer).name(&name, "is too large to be compared with its file");
        } else {
            let is_settled = pair.neighbour.is_settled(now) && original.strength == Strength::Strong;
            let (file, has_failed) = (opened.file, AtomicBool::new(false));
            self.unclear.push(Arc::new(Unclear { coding, name, pair, file, is_settled, has_failed }));
        }
        Ok(())
    }
}

impl Contents {
    /// Whether this neighbour is a copy of `original`; both are in memory.
    fn verdict(&self, coding: Coding, original: &Contents) -> Verdict {
        let (Stored::Whole(neighbour), Stored::Whole(plain)) = (&self.stored, &original.stored) else {
            return Verdict::Other;
        };
        let mut decoder = decoder(coding, Cursor::new(neighbour.clone()));
        let mut room = vec![0; plain.len() + 1];
        let (mut compared, mut empty_steps) = (0, 0);
        loop {
            match decoder.step(&mut room) {
                Ok(Step::End) if compared == plain.len() => return Verdict::Copy,
                Ok(Step::Bytes(0)) if empty_steps < EMPTY_STEPS_MAX => empty_steps += 1,
                Ok(Step::Bytes(count)) if count > 0 && plain[compared..].starts_with(&room[..count]) => {
                    compared += count
                }
                _ => return Verdict::Other,
            }
        }
    }
}

impl Unclear {
    /// The length of the neighbour in bytes.
    pub fn bytes(&self) -> u64 {
        self.pair.neighbour.bytes()
    }
}

impl Comparer {
    /// Queues the comparison of `unclear` with `original`, since a client would have preferred this neighbour. `path` is
    /// the path by which the cache keeps the file. False if the verdict is known by now, so that the file has to be looked
    /// at again.
    pub fn want(&mut self, path: &str, unclear: &Arc<Unclear>, original: &Stored) -> bool {
        if !unclear.is_settled {
            return true;
        }
        if self.verdict(unclear.pair).is_some() {
            return false;
        }
        let is_queued = self.waiting.iter().any(|it| it.unclear.pair == unclear.pair);
        if !is_queued && self.waiting.len() < WAITING_MAX {
            let decoder = decoder(unclear.coding, Reading { unclear: unclear.clone(), at: 0 });
            let (path, unclear, original) = (path.to_owned(), unclear.clone(), original.clone());
            unclear.has_failed.store(false, Ordering::Relaxed);
            self.waiting.push_back(Comparison { path, unclear, original, decoder, compared: 0 });
        }
        true
    }

    /// Compares one piece. When a comparison is finished, gives the path of its file, whose neighbours have to be looked
    /// at again. If a comparison panics, it is dropped from the queue, and the next call goes on with the next.
    pub fn work(&mut self) -> Option<String> {
        let mut comparison = self.waiting.pop_front()?;
        match comparison.piece() {
            Ok(None) => {
                self.waiting.push_front(comparison);
                None
            }
            // The disk failed: the next request asks again.
            Err(_) => None,
            Ok(Some(verdict)) => {
                if comparison.is_of_these_versions() {
                    self.learn(comparison.unclear.pair, &comparison.unclear.name, verdict);
                }
                Some(comparison.path)
            }
        }
    }

    /// Whether no comparison waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Drops the comparisons that wait, and so closes their files. False if there was none.
    pub fn close_files(&mut self) -> bool {
        !std::mem::take(&mut self.waiting).is_empty()
    }

    fn verdict(&self, pair: Pair) -> Option<Verdict> {
        self.known.get(&pair.hashed()).copied()
    }

    fn learn(&mut self, pair: Pair, name: &Path, verdict: Verdict) {
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(pair.hashed(), verdict);
        if verdict == Verdict::Other {
            self.name(name, "is no compressed copy of the file as it is now");
        }
    }

    /// Logs why the neighbour `name` is not used, once for each name.
    fn name(&mut self, name: &Path, why: impl Display) {
        if self.named.len() < NAMED_MAX && self.named.insert(name.to_owned()) {
            info!("{} is not used: it {why}", Escaped(name.as_os_str().as_bytes()));
        }
    }
}

impl Pair {
    fn hashed(self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl Read for Reading {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = files::read_at(&self.unclear.file, room, self.at);
        match &count {
            Ok(count) => self.at += *count as u64,
            Err(_) => self.unclear.has_failed.store(true, Ordering::Relaxed),
        }
        count
    }
}

impl Comparison {
    /// Compares the next piece. Gives the verdict at the end, or where the two files differ; `None` if there is more to
    /// compare. An error if one of the files cannot be read.
    fn piece(&mut self) -> io::Result<Option<Verdict>> {
        let (mut plain, mut original) = (vec![0; BYTES_PER_TURN], vec![0; BYTES_PER_TURN]);
        for _ in 0..STEPS_PER_TURN {
            let count = match self.decoder.step(&mut plain) {
                Ok(Step::Bytes(count)) => count,
                Ok(Step::End) if self.compared == self.length() => return Ok(Some(Verdict::Copy)),
                Err(error) if self.unclear.has_failed.load(Ordering::Relaxed) => return Err(error),
                Ok(Step::End) | Err(_) => return Ok(Some(Verdict::Other)),
            };
            if count as u64 > self.length() - self.compared {
                return Ok(Some(Verdict::Other));
            }
            let expected = match &self.original {
                Stored::Whole(bytes) => &bytes[self.compared as usize..][..count],
                Stored::Large(file) => {
                    files::read_exact_at(file, &mut original[..count], self.compared)?;
                    &original[..count]
                }
            };
            self.compared += count as u64;
            trace!("compared {count} bytes with {}", self.unclear.name.display());
            if plain[..count] != *expected {
                return Ok(Some(Verdict::Other));
            }
            if count == plain.len() {
                break;
            }
        }
        Ok(None)
    }

    /// The length of the file in bytes.
    fn length(&self) -> u64 {
        self.unclear.pair.original.bytes()
    }

    /// Whether both files are unchanged since the comparison began. If not, the verdict is about other versions.
    fn is_of_these_versions(&self) -> bool {
        let Pair { original, neighbour } = self.unclear.pair;
        let is = |file: &File, stamp: Stamp| stat(file).is_ok_and(|stat| Stamp::from(stat) == stamp);
        let is_original = match &self.original {
            Stored::Whole(_) => true,
            Stored::Large(file) => is(file, original),
        };
        is_original && is(&self.unclear.file, neighbour)
    }
}

#[cfg(test)]
mod tests {
    use crate::http::encoding::Coding;
    use crate::site::lock::lock;
    use crate::site::{Asker, Charge, Moment, Policy, Site, Wanted};
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_file_beside_which_a_link_leads_nowhere_is_kept() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(outside.path().join("secret"), "plain").unwrap();
        let time = SystemTime::now() + Duration::from_secs(10);
        for (name, to) in [("a", "missing"), ("b", "../secret"), ("c", "c.gz"), ("d", "d/d")] {
            fs::write(root.join(name), "plain").unwrap();
            symlink(to, root.join(format!("{name}.gz"))).unwrap();
            let site = Site::open(&root, Policy::default()).unwrap();
            let path = format!("/{name}");
            let kept = || {
                let (codings, read) = (&[Coding::Gzip, Coding::Identity], site.tick());
                let wanted = Wanted {
                    codings,
                    is_held: &|_| false,
                    asker: &|| Asker::Other,
                    charge: &Charge::default(),
                };
                assert!(site.find(&path, &wanted, Moment { time, read }).is_ok());
                lock(&site.cache).get(&path).expect("it is kept")
            };
            let first = kept();
            assert!(Arc::ptr_eq(&first, &kept()), "{name}.gz leads to {to}");
            fs::write(root.join("missing"), "now it does").unwrap();
            assert_eq!(Arc::ptr_eq(&first, &kept()), name != "a", "{name}.gz leads to {to}");
        }
    }
}
