//! Neighbours: the compressed files beside a file (`page.html.br`, `.zst` and `.gz`). This file decides whether a
//! neighbour is a copy of the file as it is now.
//!
//! A neighbour that was written and changed no earlier than the file is taken for a copy. For an older neighbour the
//! dates prove nothing: after a folder was copied, cloned or unpacked, its files have new dates in any order; and
//! compressors give a copy the date of the file, some of them in whole seconds.
//!
//! Then the content decides: the neighbour is decompressed and compared with the file, once for each pair of versions.
//! If both files are small, this is done at once; else a piece a turn.

use super::coding::decoded;
use super::contents::{Contents, Stored, WHOLE_BYTES_MAX};
use super::lock::lock;
use super::root::{Entry, Opened, Root};
use super::stamp::Stamp;
use crate::http::encoding::Coding;
use crate::http::validators::Strength;
use crate::log::escaped::Escaped;
use crate::os::files::stat;
use log::{info, trace};
use std::collections::{HashMap, VecDeque};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// The extensions of neighbours.
const NEIGHBOURS: [(Coding, &str); 3] = [(Coding::Brotli, "br"), (Coding::Zstd, "zst"), (Coding::Gzip, "gz")];

/// Plain bytes compared in one turn of the loop, which takes well under 2 ms.
const BYTES_PER_TURN: usize = 64 << 10;

/// Files of more bytes are not compared: it would keep the loop busy for seconds.
const COMPARED_BYTES_MAX: u64 = 256 << 20;

/// Pairs of versions whose verdict is kept. When there are more, all verdicts are dropped.
const KNOWN_MAX: usize = 4096;

/// Comparisons that may wait. With more, a later request for the file asks again.
const WAITING_MAX: usize = 16;

/// The files beside a file that have the names of its neighbours.
#[derive(Default)]
pub struct Neighbours {
    /// The copies of the file, each with its name.
    pub found: Vec<(Coding, PathBuf, Contents)>,
    /// Neighbours that must be compared with the file before they are used.
    pub unclear: Vec<Arc<Unclear>>,
    /// Neighbours that are not used, the unclear ones included. Such a file may become a copy when it is written anew,
    /// and then the stamp of the folder does not change; so each file is looked at.
    pub passed_over: Vec<(PathBuf, Stamp)>,
}

/// A neighbour that may be a copy of its file.
pub struct Unclear {
    /// The coding of the copy, if the neighbour is one.
    pub coding: Coding,
    name: PathBuf,
    pair: Pair,
    file: File,
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
    known: HashMap<Pair, Verdict>,
    waiting: VecDeque<Comparison>,
}

/// A comparison that is going on.
struct Comparison {
    /// The path by which the cache keeps the file.
    path: String,
    unclear: Arc<Unclear>,
    original: Stored,
    decoder: Option<Box<dyn Read + Send>>,
    compared: u64,
}

impl Neighbours {
    /// Looks for the neighbours of the file `name`, whose content is `original`.
    pub fn of(
        root: &Root,
        name: &Path,
        original: &Contents,
        comparer: &Mutex<Comparer>,
        now: SystemTime,
    ) -> io::Result<Neighbours> {
        let mut neighbours = Neighbours::default();
        for (coding, extension) in NEIGHBOURS {
            let name = name.with_added_extension(extension);
            match root.entry(&name) {
                Ok(Entry::File(opened)) => neighbours.judge(coding, name, opened, original, comparer, now)?,
                Ok(Entry::Folder | Entry::Other) => {}
                Err(error) => {
                    if let Ok(stamp) = root.stamp_in_its_folder(&name) {
                        let pair = Pair { original: original.stamp, neighbour: stamp };
                        lock(comparer).pass_over(pair, &name, format_args!("cannot be read: {error}"));
                        neighbours.passed_over.push((name, stamp));
                    }
                }
            }
        }
        Ok(neighbours)
    }

    fn judge(
        &mut self,
        coding: Coding,
        name: PathBuf,
        opened: Opened,
        original: &Contents,
        comparer: &Mutex<Comparer>,
        now: SystemTime,
    ) -> io::Result<()> {
        let pair = Pair { original: original.stamp, neighbour: opened.stamp };
        let dated = opened.stamp.is_no_earlier_than(&original.stamp).then_some(Verdict::Copy);
        let known = dated.or_else(|| lock(comparer).known.get(&pair).copied());
        if known == Some(Verdict::Copy) {
            self.found.push((coding, name, Contents::read(opened, now)?));
            return Ok(());
        }
        self.passed_over.push((name.clone(), pair.neighbour));
        if known == Some(Verdict::Other) {
            return Ok(());
        }
        let bytes = original.stamp.bytes();
        if bytes.max(pair.neighbour.bytes()) <= WHOLE_BYTES_MAX {
            let contents = Contents::read(opened, now)?;
            let verdict = contents.verdict(coding, original);
            if contents.strength == Strength::Strong && original.strength == Strength::Strong {
                lock(comparer).record(pair, &name, verdict);
            }
            if verdict == Verdict::Copy {
                self.passed_over.pop();
                self.found.push((coding, name, contents));
            }
        } else if bytes > COMPARED_BYTES_MAX {
            let why =
                "is older than the file, and too large to be compared with it; make it anew, or `touch` it";
            lock(comparer).pass_over(pair, &name, why);
        } else if pair.neighbour.is_settled(now) && original.strength == Strength::Strong {
            self.unclear.push(Arc::new(Unclear { coding, name, pair, file: opened.file }));
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
        let mut all = Vec::new();
        let decoder = decoded(coding, io::Cursor::new(neighbour.clone()));
        // Never decompress more than one byte beyond the length of the file: one more shows that the two differ.
        let read = decoder.and_then(|decoder| decoder.take(plain.len() as u64 + 1).read_to_end(&mut all));
        if read.is_ok() && *all == **plain { Verdict::Copy } else { Verdict::Other }
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
    /// the path by which the cache keeps the file.
    pub fn want(&mut self, path: &str, unclear: &Arc<Unclear>, original: &Stored) {
        let is_known = self.waiting.iter().any(|it| it.unclear.pair == unclear.pair);
        if !is_known && self.waiting.len() < WAITING_MAX {
            let (path, unclear, original) = (path.to_owned(), unclear.clone(), original.clone());
            self.waiting.push_back(Comparison { path, unclear, original, decoder: None, compared: 0 });
        }
    }

    /// Compares one piece. When a comparison is finished, gives the path of its file, whose neighbours have to be looked
    /// at again. If a comparison panics, it is dropped from the queue, and the next call goes on with the next.
    pub fn work(&mut self) -> Option<String> {
        let mut comparison = self.waiting.pop_front()?;
        match comparison.piece() {
            Ok(None) => {
                self.waiting.push_front(comparison);
                return None;
            }
            verdict if comparison.is_of_these_versions() => {
                let verdict = verdict.ok().flatten().unwrap_or(Verdict::Other);
                self.record(comparison.unclear.pair, &comparison.unclear.name, verdict);
            }
            _ => {}
        }
        Some(comparison.path)
    }

    /// Whether no comparison waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Drops the comparisons that wait, and so closes their files. False if there was none.
    pub fn close_files(&mut self) -> bool {
        !std::mem::take(&mut self.waiting).is_empty()
    }

    fn record(&mut self, pair: Pair, name: &Path, verdict: Verdict) {
        match verdict {
            Verdict::Copy => self.remember(pair, verdict),
            Verdict::Other => self.pass_over(pair, name, "is no compressed copy of the file as it is now"),
        }
    }

    /// Notes that a neighbour is not used, and logs the reason once for each pair of versions.
    fn pass_over(&mut self, pair: Pair, name: &Path, why: impl Display) {
        if self.known.get(&pair) != Some(&Verdict::Other) {
            self.remember(pair, Verdict::Other);
            info!("{} is not used: it {why}", Escaped(name.as_os_str().as_bytes()));
        }
    }

    fn remember(&mut self, pair: Pair, verdict: Verdict) {
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(pair, verdict);
    }
}

impl Comparison {
    /// Compares the next piece. Gives the verdict at the end, or where the two files differ; `None` if there is more to
    /// compare. An error if a file cannot be read, or the neighbour cannot be decompressed.
    fn piece(&mut self) -> io::Result<Option<Verdict>> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => {
                let mut file = self.unclear.file.try_clone()?;
                file.rewind()?;
                none.insert(decoded(self.unclear.coding, file)?)
            }
        };
        let (mut plain, mut original) = (vec![0; BYTES_PER_TURN], vec![0; BYTES_PER_TURN]);
        let count = decoder.read(&mut plain)?;
        if count == 0 {
            let is_whole = self.compared == self.original.length();
            return Ok(Some(if is_whole { Verdict::Copy } else { Verdict::Other }));
        }
        if count as u64 > self.original.length() - self.compared {
            return Ok(Some(Verdict::Other));
        }
        let expected = match &self.original {
            Stored::Whole(bytes) => &bytes[self.compared as usize..][..count],
            Stored::Large { file, .. } => {
                file.read_exact_at(&mut original[..count], self.compared)?;
                &original[..count]
            }
        };
        self.compared += count as u64;
        trace!("compared {count} bytes with {}", self.unclear.name.display());
        Ok((plain[..count] != *expected).then_some(Verdict::Other))
    }

    /// Whether both files are unchanged since the comparison began. If not, the verdict is about other versions.
    fn is_of_these_versions(&self) -> bool {
        let Pair { original, neighbour } = self.unclear.pair;
        let is = |file: &File, stamp: Stamp| stat(file).is_ok_and(|stat| Stamp::from(stat) == stamp);
        let is_original = match &self.original {
            Stored::Whole(_) => true,
            Stored::Large { file, .. } => is(file, original),
        };
        is_original && is(&self.unclear.file, neighbour)
    }
}
