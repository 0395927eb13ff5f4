//! All files and folders below a folder, one at a time: what a client could find by listings and get, and nothing else.
//! What is made of them is decided elsewhere.
//!
//! Links to files are followed as they are when a client asks for them. Links to folders are not, so no walk goes in circles.
//! A folder that has an index is not listed: of it a client sees the index, and the walk gives no more. Of a folder for which a
//! client gets 403, the walk gives nothing at all.

use super::coding::Crc;
use super::found::Missing;
use super::kind;
use super::notices;
use super::path::is_served;
use super::policy::{Compression, Hidden, Policy};
use super::root::{Reach, Root};
use super::types::Types;
use crate::os::files::{self, Kind, Purpose, Stat, stat};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::iter;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders in each other that a walk enters. Each keeps a descriptor open.
const LEVELS_MAX: usize = 64;

/// A walk through a folder, in the order of the file system. A step takes a few calls on the disk.
pub struct Walk {
    root: Arc<Root>,
    /// The folder that it goes through, below the root.
    top: PathBuf,
    hidden: Hidden,
    index: Vec<String>,
    compression: Compression,
    types: Types,
    levels: Vec<Level>,
    /// Where it is, from `top` on. The name of a folder ends in a slash.
    path: Vec<u8>,
    /// While this exists, the walk counts as one of the walks that are under way ([`super::Site::walk`]).
    _walks: Arc<()>,
}

/// A folder that the walk is in.
struct Level {
    names: Names,
    /// The length of its path, with the slash.
    path_bytes: usize,
}

type Names = Box<dyn Iterator<Item = io::Result<Option<OsString>>> + Send>;

/// What a step of a walk gives. Its name is [`Walk::path`].
pub enum Step {
    /// A folder, last written at this second since 1970. What is in it follows.
    Folder(i64),
    /// A file.
    File(Unchanged),
    /// Nothing that a client would see.
    Nothing,
    /// There is nothing more.
    End,
}

/// Why a walk, or the reading of a file, cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped(pub &'static str);

impl Walk {
    /// Begins to walk through the folder `top`.
    pub(super) fn begin(root: Arc<Root>, top: PathBuf, policy: &Policy, walks: Arc<()>) -> io::Result<Walk> {
        let names = Box::new(root.names(&top)?);
        let levels = vec![Level { names, path_bytes: 0 }];
        let Policy { hidden, ref index, compression, ref types, .. } = *policy;
        let (index, types) = (index.clone(), types.clone());
        Ok(Walk { root, top, hidden, index, compression, types, levels, path: Vec::new(), _walks: walks })
    }

    /// The way from the folder that is walked through to what the last step gave, or to where it stopped.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The same for the log, as a path from the root on.
    pub fn shown(&self) -> String {
        notices::shown(&self.name())
    }

    /// The name of the same below the root.
    fn name(&self) -> PathBuf {
        self.top.join(OsStr::from_bytes(&self.path))
    }

    /// Whether the file at [`Walk::path`] is worth compressing, by its name.
    pub fn is_compressible(&self) -> bool {
        let name = Path::new(OsStr::from_bytes(&self.path));
        self.compression == Compression::On
            && kind::compressed_by_name(name).is_none()
            && kind::by_name(name, &self.types).is_some_and(kind::is_compressible)
    }

    /// Looks at the next name.
    pub fn step(&mut self) -> Result<Step, Stopped> {
        let Some(level) = self.levels.last_mut() else { return Ok(Step::End) };
        self.path.truncate(level.path_bytes);
        let name = match level.names.next() {
            Some(Ok(Some(name))) => name,
            Some(Ok(None)) => return Ok(Step::Nothing),
            Some(Err(_)) => return Err(Stopped("the folder cannot be read to its end")),
            None => {
                self.levels.pop();
                return Ok(Step::Nothing);
            }
        };
        if !is_served(name.as_bytes(), self.hidden) {
            self.root.notices.left_out(&self.name(), &name);
            return Ok(Step::Nothing);
        }
        self.path.extend_from_slice(name.as_bytes());
        let name = self.name();
        self.look(&name).unwrap_or_else(|missing| match missing {
            Missing::NotThere => Ok(Step::Nothing),
            Missing::NotAllowed => {
                self.root.notices.not_readable(&name);
                Ok(Step::Nothing)
            }
            Missing::NotNow => Err(Stopped("the process has too many files open")),
            Missing::NotYet | Missing::Broken => Err(Stopped("it cannot be opened")),
        })
    }

    fn look(&mut self, name: &Path) -> Result<Result<Step, Stopped>, Missing> {
        let stat = self.root.stat(name)?;
        let is_file = match stat.kind {
            Kind::Folder => return self.enter(name, stat),
            Kind::Link => self.root.find(name, Reach::Any)?.kind == Kind::File,
            Kind::File => true,
            Kind::Other => false,
        };
        let opened = if is_file { Unchanged::open(&self.root, name)? } else { None };
        Ok(Ok(opened.map_or(Step::Nothing, Step::File)))
    }

    fn enter(&mut self, name: &Path, stat: Stat) -> Result<Result<Step, Stopped>, Missing> {
        if self.levels.len() >= LEVELS_MAX {
            return Ok(Err(Stopped("there are too many folders in each other")));
        }
        let names: Names = match self.index(name)? {
            Some(index) => Box::new(iter::once(Ok(Some(index)))),
            None => Box::new(self.root.names(name)?),
        };
        self.path.push(b'/');
        self.levels.push(Level { names, path_bytes: self.path.len() });
        Ok(Ok(Step::Folder(stat.modified.0)))
    }

    /// The name of the file that is served in place of a list of `folder`. An error if there is one that cannot be read: then a
    /// client sees nothing of the folder.
    fn index(&self, folder: &Path) -> Result<Option<OsString>, Missing> {
        for index in &self.index {
            let name = folder.join(index);
            match self.root.find(&name, Reach::Any).map_err(Missing::from) {
                Ok(stat) if stat.kind == Kind::File => {}
                Ok(_) | Err(Missing::NotThere) => continue,
                Err(missing) => return Err(missing),
            }
            let opened = self.root.open_below(&name, Purpose::Read).map_err(Missing::from);
            if matches!(opened, Err(Missing::NotAllowed)) {
                // It is the index that the log names, and not a folder that could be read.
                self.root.notices.not_readable(&name);
            }
            return opened.map(|_| Some(index.into()));
        }
        Ok(None)
    }
}

/// A file that is read from its first byte to its last, all of one version.
pub struct Unchanged {
    file: File,
    /// What it was when it was opened.
    stat: Stat,
    at: u64,
    second: Option<SecondReading>,
}

/// A file is read once more, to see whether its content is what it was.
struct SecondReading {
    /// What the file was when this began.
    stat: Stat,
    at: u64,
    crc: Crc,
}

/// How far it was checked that a file did not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It did not.
    Whole,
    /// That is not known yet; so many bytes were read for it.
    NotYet(usize),
}

const CHANGED: Stopped = Stopped("the file was changed while it was read");

impl Unchanged {
    /// Opens the file `name`; `None` if another than a regular file has come in its place.
    fn open(root: &Root, name: &Path) -> io::Result<Option<Unchanged>> {
        let file = root.open_below(name, Purpose::Read)?;
        let stat = stat(&file)?;
        Ok((stat.kind == Kind::File).then_some(Unchanged { file, stat, at: 0, second: None }))
    }

    /// The length of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.stat.bytes
    }

    /// The bytes that were not read yet.
    pub fn left(&self) -> u64 {
        self.bytes() - self.at
    }

    /// When it was last written, in seconds since 1970.
    pub fn modified(&self) -> i64 {
        self.stat.modified.0
    }

    /// Reads the next bytes into `room`, which is not empty. 0 says that all bytes were read; whether they are of one version,
    /// [`Unchanged::check`] says.
    pub fn read(&mut self, room: &mut [u8]) -> Result<usize, Stopped> {
        let count = read_at(&self.file, room, self.at, self.bytes())?;
        self.at += count as u64;
        Ok(count)
    }

    /// Checks a little further that the bytes that were read, whose CRC-32 is `crc`, are of one version. `room` is for what is
    /// read once more. A file that is changed twice within one step of the kernel's clock may look unchanged.
    ///
    /// Another length or another time of writing (mtime) is a change. If only the time of the last change of anything (ctime) is
    /// another, the mode or the number of links may have changed, or the file was deleted; or it was written to, and its time set
    /// back. Only the content can tell, so it is read a second time.
    pub fn check(&mut self, crc: u32, room: &mut [u8]) -> Result<Checked, Stopped> {
        let now = stat(&self.file).map_err(|_| CHANGED)?;
        let Some(second) = &mut self.second else {
            if now == self.stat {
                return Ok(Checked::Whole);
            }
            if (Stat { changed: self.stat.changed, ..now }) != self.stat {
                return Err(CHANGED);
            }
            self.second = Some(SecondReading { stat: now, at: 0, crc: Crc::new() });
            return Ok(Checked::NotYet(0));
        };
        if now != second.stat {
            return Err(CHANGED);
        }
        // The end is met here after the last bytes, so what was read was looked at once more since.
        let count = read_at(&self.file, room, second.at, now.bytes)?;
        second.crc.update(&room[..count]);
        second.at += count as u64;
        match count {
            0 if second.crc.sum() == crc => Ok(Checked::Whole),
            0 => Err(CHANGED),
            _ => Ok(Checked::NotYet(count)),
        }
    }
}

/// Reads bytes of a file that should be of `bytes` bytes, from `at` on. 0 says that this is its end.
fn read_at(file: &File, room: &mut [u8], at: u64, bytes: u64) -> Result<usize, Stopped> {
    let wanted = room.len().min((bytes - at).try_into().unwrap_or(usize::MAX));
    if wanted == 0 {
        return Ok(0);
    }
    loop {
        match files::read_at(file, &mut room[..wanted], at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Stopped("the file cannot be read")),
            Ok(0) => return Err(CHANGED),
            Ok(count) => return Ok(count),
        }
    }
}
