//! The folder that is served. Files and their neighbours are replaced, rewritten in place, made longer or shorter,
//! deleted, and brought back, with a new time or an old one. The model records what was at each name and when. How the
//! folders below it change is in `deep.rs`.

use crate::change::Change;
use crate::deep::Deep;
use crate::first;
use crate::flags::Flags;
use crate::ground::set_time;
use crate::past::{Age, Past, Version, written};
use crate::representation::{Coding, State, Stood};
use crate::support::dice::Dice;
use crate::tree::Around;
use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::ops::Range;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tempfile::TempDir;

/// How many files there are in the root.
pub const COUNT: usize = 4;

/// The names, as clients ask for them, and the range of their lengths: a file that is sent with its head, a file that
/// is compressed, a file that is sometimes sent from the disk, and a file that takes several turns. `%FF` is a byte
/// of a name that is not UTF-8.
const FILES: [(&str, u64, u64); COUNT] = [
    ("page.html", 10, 300),
    ("note.txt", 200, 3000),
    ("blob%FF.bin", 63_000, 68_000),
    ("large.bin", 280_000, 300_000),
];

/// Names of neighbours, the file beside which each stands, and how it is coded. Some are copies of their file; the others are
/// only called so.
const NEIGHBOURS: [(&str, usize, Coding); 4] = [
    ("note.txt.br", NOTE, Coding::Brotli),
    ("note.txt.zst", NOTE, Coding::Zstd),
    ("note.txt.gz", NOTE, Coding::Gzip),
    ("blob%FF.bin.gz", BLOB, Coding::Gzip),
];

/// The indexes of the files.
pub const PAGE: usize = 0;
const NOTE: usize = 1;
const BLOB: usize = 2;
pub const LARGE: usize = 3;

/// The indexes of targets in folders begin here.
const DEEP: usize = 100;

/// A folder whose listing takes several turns.
pub const FOLDER_OF_MANY: usize = DEEP + first::FOLDER_OF_MANY;

/// A folder that one world after the other uses.
pub struct Disk {
    /// What is served, and what stands outside of it; gone when this is dropped.
    _base: TempDir,
    root: PathBuf,
    deep: Deep,
    /// Where most of the requests and changes of a world go.
    focus: Focus,
    /// The files, and after them the neighbours.
    names: Vec<Name>,
    changes: u64,
    /// A file that is asked for, and changed, more often than the others; so its versions become old enough for the
    /// cache.
    favourite: usize,
    /// Whether a strong tag stays strong. It does not if the clock on the wall is set back to before the change.
    pub tags_last: bool,
    /// Which paths stand for others in this world.
    pub flags: Flags,
}

/// Where most of the requests and changes of a world go.
#[derive(Clone, Copy, Debug)]
enum Focus {
    /// To the files of the root.
    Flat,
    /// To some targets in folders: the first of them, and how many follow it, and another one.
    Deep(usize, u64, usize),
    /// To some of many files: the first, and how many follow it.
    Many(usize, u64),
}

/// A name, and what was there in the past.
struct Name {
    name: &'static str,
    lengths: (u64, u64),
    /// The version with which a world begins, if any: a neighbour may be as old as its file, or older.
    firsts: Vec<Rc<Version>>,
    past: Past,
}

impl Focus {
    fn any(dice: &mut Dice) -> Focus {
        match dice.below(8) {
            0..4 => Focus::Flat,
            4..7 => {
                let other = dice.below(first::FIRST_OF_MANY as u64) as usize;
                let more = dice.pick(&[0, 0, 1, 2]);
                let first = dice.below(first::FIRST_OF_MANY as u64 - more) as usize;
                Focus::Deep(first, more, other)
            }
            _ => {
                let more = dice.size(40);
                let first = first::FIRST_OF_MANY as u64 + dice.below(first::MANY as u64 - more);
                Focus::Many(first as usize, more)
            }
        }
    }
}

impl Disk {
    /// A new folder, with all files in it.
    pub fn new() -> Disk {
        let base = tempfile::tempdir().unwrap();
        let (deep, root) = (Deep::new(base.path()), base.path().join("root"));
        fs::create_dir(root.join("list")).unwrap();
        for name in ["list/a", "list/b c", "list/c%FF", ".hidden", "list/.hidden"] {
            fs::write(root.join(decoded(name)), name).unwrap();
        }
        let neighbours = NEIGHBOURS.iter().map(|(name, of, _)| (*name, FILES[*of].1, FILES[*of].2));
        let names = FILES.into_iter().chain(neighbours).enumerate().map(|(at, (name, least, most))| {
            let ages = if at < FILES.len() { &[Age::First][..] } else { &[Age::First, Age::Old] };
            let bytes = content(at as u64 * 1000, least + (most - least) / 2);
            let version = |age: &Age| Version::new(at as u64, *age, bytes.clone());
            let firsts = ages.iter().map(version).collect();
            Name { name, lengths: (least, most), firsts, past: Past::of(None) }
        });
        let mut names: Vec<Name> = names.collect();
        for (at, (name, of, _)) in (FILES.len()..).zip(NEIGHBOURS) {
            let copy = |age| Version::copy(at as u64, age, &names[of].firsts[0], extension(name));
            let copies = [copy(Age::Old), copy(Age::First)];
            names[at].firsts.extend(copies);
        }
        let (focus, changes, favourite) = (Focus::Flat, 0, 0);
        Disk {
            _base: base,
            root,
            deep,
            focus,
            names,
            changes,
            favourite,
            tags_last: true,
            flags: Flags::default(),
        }
    }

    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The name of the file that is served alone, if one is.
    pub fn only(&self) -> Option<OsString> {
        self.flags.only.map(|file| decoded(FILES[file].0).into())
    }

    /// The path of a file, as clients ask for it.
    pub fn name(&self, file: usize) -> Cow<'static, str> {
        match file.checked_sub(DEEP) {
            Some(target) => first::target(target).into(),
            None => self.names[file].name.into(),
        }
    }

    /// Whether this is a file of the root. All others are in folders, which change, too.
    pub fn is_flat(&self, file: usize) -> bool {
        file < DEEP
    }

    /// Whether the path of a file may be a page that an app makes: the last segment has no known extension.
    pub fn is_page(&self, file: usize) -> bool {
        let name = self.name(file);
        ![".html", ".txt", ".bin"].iter().any(|extension| name.ends_with(extension))
    }

    /// Any file, or another target.
    pub fn any(&self, dice: &mut Dice) -> usize {
        if let Some(only) = self.flags.only.filter(|_| dice.one_in(2)) {
            return only;
        }
        let deep = match self.focus {
            _ if dice.one_in(10) => dice.below(first::COUNT as u64) as usize,
            _ if dice.one_in(10) => return self.any_flat(dice),
            Focus::Flat => return self.any_flat(dice),
            Focus::Deep(_, _, other) if dice.one_in(6) => other,
            Focus::Deep(first, more, _) | Focus::Many(first, more) => first + dice.below(more + 1) as usize,
        };
        DEEP + deep
    }

    /// Whether most of the requests go to folders that change.
    pub fn has_folders_in_focus(&self) -> bool {
        !matches!(self.focus, Focus::Flat)
    }

    /// Targets that a client asks for one after the other, without a look at the answers, if it does so.
    pub fn scanned(&self, dice: &mut Dice) -> Range<usize> {
        match self.focus {
            Focus::Many(..) if dice.one_in(6) => {
                let count = dice.size(80) as usize;
                let first = DEEP + first::COUNT - count - dice.below((first::MANY - count) as u64) as usize;
                first..first + count
            }
            _ => 0..0,
        }
    }

    /// Any file of the root.
    fn any_flat(&self, dice: &mut Dice) -> usize {
        if dice.one_in(2) { self.favourite } else { dice.below(FILES.len() as u64) as usize }
    }

    /// Any file, or one of its neighbours.
    fn any_name(&self, dice: &mut Dice) -> usize {
        let file = self.any_flat(dice);
        let neighbours: Vec<_> = family(file).map(|(at, _)| at).skip(1).collect();
        if neighbours.is_empty() || dice.one_in(2) { file } else { dice.pick(&neighbours) }
    }

    /// Puts the folder into its first state for the world of `seed`. All files are there; some neighbours are
    /// missing, and some are older than their files.
    pub fn restore(&mut self, seed: u64) {
        let mut dice = Dice::of(seed);
        self.changes = self.names.len() as u64;
        self.tags_last = true;
        self.flags = Flags::of(seed);
        self.favourite = (seed % FILES.len() as u64) as usize;
        self.focus = Focus::any(&mut dice);
        self.deep.restore();
        for at in 0..self.names.len() {
            let Name { firsts, past, .. } = &mut self.names[at];
            let is_there = at < FILES.len() || !dice.one_in(3);
            let first = is_there.then(|| firsts[dice.below(firsts.len() as u64) as usize].clone());
            let is_same = !past.has_changed() && past.now().map(Rc::as_ptr) == first.as_ref().map(Rc::as_ptr);
            *past = Past::of(first);
            if !is_same {
                self.put(at);
            }
        }
        set_time(&self.root, written(Age::First, 0));
    }

    /// The states of a file and its neighbours at every moment between two epochs.
    pub fn states(&self, file: usize, from: u64, to: u64) -> Vec<State> {
        let is_alone = self.flags.only.is_some();
        if is_alone && self.flags.only != Some(file) {
            return vec![State::of("", Vec::new())];
        }
        let family = |file| family(file).take(if is_alone { 1 } else { usize::MAX });
        if let Some(target) = file.checked_sub(DEEP) {
            return self.deep.states(&first::target(target), from, to, self.flags);
        }
        let changes = family(file).flat_map(|(at, _)| self.names[at].past.changes(from, to));
        let mut epochs: Vec<_> = [from].into_iter().chain(changes).collect();
        epochs.sort_unstable();
        let state = |epoch| {
            let stood = family(file).filter_map(|(at, coding)| {
                let past = &self.names[at].past;
                Some(Stood { at, coding, version: past.at(epoch)?.clone() })
            });
            State::of(self.names[file].name, stood.collect())
        };
        epochs.into_iter().map(state).collect()
    }

    /// What stood in the root at every moment between two epochs, and may answer for other paths.
    pub fn around(&self, from: u64, to: u64) -> Vec<Around> {
        if self.flags.only.is_some() {
            return vec![Around { app: None, page: None }];
        }
        self.deep.around(from, to, self.flags)
    }

    /// The past of a name; `None` for a file in a folder, or of the root itself.
    pub fn past(&self, at: usize) -> Option<&Past> {
        self.names.get(at).map(|name| &name.past)
    }

    /// Whether a file or one of its neighbours was changed in place between two epochs.
    pub fn is_changed_in_place(&self, file: usize, from: u64, to: u64) -> bool {
        self.is_flat(file) && family(file).any(|(at, _)| self.names[at].past.is_changed_in_place(from, to))
    }

    /// Makes a change at `epoch`, and gives it in words, and its kind.
    pub fn change(&mut self, dice: &mut Dice, epoch: u64) -> (String, &'static str) {
        // What stands in the root for paths that lead to nothing.
        let any = if dice.one_in(8) { DEEP + dice.below(2) as usize } else { self.any(dice) };
        match any.checked_sub(DEEP) {
            Some(target) => {
                let change = Change { epoch, dice, number: &mut self.changes };
                self.deep.change(&first::target(target), change)
            }
            None => (self.change_flat(dice, epoch), "a file of the root is changed"),
        }
    }

    fn change_flat(&mut self, dice: &mut Dice, epoch: u64) -> String {
        let at = self.any_name(dice);
        self.changes += 1;
        let number = self.changes;
        let age = if dice.one_in(6) { Age::Old } else { Age::New };
        let copied = self.copied(at).filter(|_| dice.one_in(2));
        let Name { name, lengths, past, .. } = &mut self.names[at];
        let now = past.now().cloned();
        let length = match &now {
            Some(now) if dice.one_in(3) => now.bytes.len() as u64,
            _ => dice.between(lengths.0, lengths.1),
        };
        let more = |length| content(number * 10 + at as u64, length);
        let how = match (now, dice.below(9)) {
            (now, kind) if copied.as_ref().is_some_and(|_| now.is_none() || kind < 6) => {
                let copied = copied.expect("it was looked at");
                past.becomes(Some(Version::copy(number, age, &copied, extension(name))), epoch);
                "compressed"
            }
            (None, _) | (_, 0..3) => {
                past.becomes(Some(Version::new(number, age, more(length))), epoch);
                "replaced"
            }
            (Some(_), 3) => {
                past.becomes(None, epoch);
                "deleted"
            }
            (Some(_), 4..6) => {
                past.is_rewritten(Version::new(number, age, more(length)), epoch);
                "rewritten"
            }
            (Some(now), 6) => {
                let bytes = [now.bytes.clone(), more(1 + length / 4)].concat();
                past.is_rewritten(Version::new(number, age, bytes), epoch);
                "longer"
            }
            (Some(now), _) => {
                let left = if dice.one_in(4) { 0 } else { now.bytes.len() / 2 };
                let bytes = now.bytes[..left].to_vec();
                past.is_rewritten(Version::new(number, age, bytes), epoch);
                "shorter"
            }
        };
        let said =
            format!("{name} {how}, {age:?}: {:?} bytes", past.now().map(|version| version.bytes.len()));
        // Not by the past: the same moment may have seen another change before.
        if matches!(how, "rewritten" | "longer" | "shorter") {
            self.rewrite(at)
        } else {
            self.put(at)
        }
        said
    }

    /// The file of which a copy may be made under this name.
    fn copied(&self, at: usize) -> Option<Rc<Version>> {
        let (_, of, _) = NEIGHBOURS[at.checked_sub(FILES.len())?];
        self.names[of].past.now().cloned()
    }

    /// Writes the newest version in place.
    fn rewrite(&self, at: usize) {
        let Name { name, past, .. } = &self.names[at];
        self.deep.ground.rewrite(&decoded(name), past.now().expect("what is rewritten is there"));
    }

    /// Puts the newest version in place, or takes the file away.
    fn put(&mut self, at: usize) {
        let Name { name, past, .. } = &self.names[at];
        let time = written(Age::New, self.changes);
        self.deep.ground.put_file(&decoded(name), past.now().map(Rc::as_ref), time);
    }
}

/// A name, in the bytes of the file system.
fn decoded(name: &str) -> PathBuf {
    let mut parts = name.split("%FF").map(str::as_bytes);
    let first = parts.next().unwrap_or_default().to_owned();
    OsString::from_vec(parts.fold(first, |start, part| [&start, &b"\xff"[..], part].concat())).into()
}

/// A file and its neighbours: their indexes, and their codings.
fn family(file: usize) -> impl Iterator<Item = (usize, Coding)> {
    let neighbours = NEIGHBOURS.iter().enumerate().filter(move |(_, (_, of, _))| *of == file);
    let neighbours = neighbours.map(|(at, (.., coding))| (FILES.len() + at, *coding));
    [(file, Coding::Identity)].into_iter().chain(neighbours)
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, extension)| extension)
}

/// Bytes in which a hole, a shift and another version show.
pub fn content(salt: u64, length: u64) -> Vec<u8> {
    let salt = (salt as u32).wrapping_mul(0x9e37_79b9);
    (0..length as u32).map(|at| ((at ^ salt).wrapping_mul(0x85eb_ca6b) >> 24) as u8 & 0x5f | 0x20).collect()
}
