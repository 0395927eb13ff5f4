//! Opening files below a folder, and nowhere else unless all links are followed.

use rustix::fs::{Advice, AtFlags, CWD, Dir, FileType, Mode, OFlags, fadvise, fstat, openat, statat};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Bytes of a large file that are asked for when it is opened.
const READ_AHEAD_BYTES: u64 = 1 << 20;

/// Which links are followed on the way to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Those that lead to somewhere below the folder; the kernel sees to it, whoever renames things meanwhile
    /// (openat2(2) with RESOLVE_BENEATH).
    Inside,
    /// None: the same promise, kept step by step where there is no openat2.
    None,
    /// All; then the folder is no boundary.
    Anywhere,
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To look what it is: nothing of it is read, and a device does not notice (O_PATH).
    Look,
    /// To read it. A pipe without a writer does not hold up the open (O_NONBLOCK).
    Read,
}

impl Purpose {
    fn flags(self) -> OFlags {
        let read = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        match self {
            #[cfg(target_os = "linux")]
            Purpose::Look => OFlags::PATH | OFlags::CLOEXEC,
            _ => read,
        }
    }
}

/// Opens the folder at `path`, to open others below it.
pub fn open_folder(path: &Path) -> io::Result<File> {
    Ok(openat(CWD, path, Purpose::Look.flags() | OFlags::DIRECTORY, Mode::empty())?.into())
}

/// Opens `name`, which is relative, below `folder`.
pub fn open_below(folder: &File, name: &Path, purpose: Purpose, links: Links) -> io::Result<File> {
    match links {
        Links::Inside => open_beneath(folder, name, purpose),
        Links::None => open_step_by_step(folder, name, purpose),
        Links::Anywhere => Ok(openat(folder, name, purpose.flags(), Mode::empty())?.into()),
    }
}

/// How the boundary of `folder` can be kept here: kernels before 5.6 do not have openat2 (ENOSYS), and some
/// containers forbid it (EPERM).
pub fn links_inside(folder: &File) -> io::Result<Links> {
    match open_beneath(folder, ".".as_ref(), Purpose::Look) {
        Ok(_) => Ok(Links::Inside),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Links::None),
        Err(error) if Errno::from_io_error(&error) == Some(Errno::PERM) => Ok(Links::None),
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
fn open_beneath(folder: &File, name: &Path, purpose: Purpose) -> io::Result<File> {
    use rustix::fs::{ResolveFlags, openat2};
    /// A rename on the way makes the kernel ask for another try.
    const TRIES: usize = 8;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for _ in 1..TRIES {
        match openat2(folder, name, purpose.flags(), Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            opened => return Ok(opened?.into()),
        }
    }
    Ok(openat2(folder, name, purpose.flags(), Mode::empty(), resolve)?.into())
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(_: &File, _: &Path, _: Purpose) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

fn open_step_by_step(folder: &File, name: &Path, purpose: Purpose) -> io::Result<File> {
    let mut segments = name.as_os_str().as_bytes().split(|byte| *byte == b'/').map(OsStr::from_bytes);
    let last = segments.next_back().unwrap_or_default();
    let step = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::DIRECTORY;
    let mut at = folder.try_clone()?;
    for segment in segments.filter(|segment| !segment.is_empty()) {
        at = openat(&at, plain(segment)?, step, Mode::empty())?.into();
    }
    let file: File = openat(&at, plain(last)?, purpose.flags() | OFlags::NOFOLLOW, Mode::empty())?.into();
    // Looking without following opens a link itself.
    match stat(&file)?.kind {
        Kind::Link => Err(io::ErrorKind::NotFound.into()),
        _ => Ok(file),
    }
}

fn plain(segment: &OsStr) -> io::Result<&OsStr> {
    if segment == ".." { Err(io::ErrorKind::NotFound.into()) } else { Ok(segment) }
}

/// What stat(2) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Device and inode.
    pub identity: (u64, u64),
    /// Bytes.
    pub bytes: u64,
    /// When it was last written: seconds since 1970, and nanoseconds.
    pub modified: (i64, i64),
    /// When anything of it was last changed.
    pub changed: (i64, i64),
}

/// What can stand under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link itself, not what it leads to.
    Link,
    /// A pipe, a socket or a device.
    Other,
}

/// Of an open file.
pub fn stat(file: &File) -> io::Result<Stat> {
    Ok(fstat(file)?.into())
}

/// Of what stands under `name` below `folder`; nothing is opened. A link at the end of the name is not followed.
pub fn stat_below(folder: &File, name: &Path) -> io::Result<Stat> {
    Ok(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?.into())
}

/// Of what `path` leads to, by whatever links.
pub fn stat_at(path: &Path) -> io::Result<Stat> {
    Ok(statat(CWD, path, AtFlags::empty())?.into())
}

impl From<rustix::fs::Stat> for Stat {
    #[allow(clippy::unnecessary_cast)] // What has 64 bits here may have 32 on another platform.
    fn from(stat: rustix::fs::Stat) -> Stat {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        };
        Stat {
            kind,
            identity: (stat.st_dev as u64, stat.st_ino as u64),
            bytes: stat.st_size as u64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }
}

/// Whether an error says that a name leads outside (EXDEV), in circles or through too many links (ELOOP).
pub fn is_led_astray(error: &io::Error) -> bool {
    [Some(Errno::XDEV), Some(Errno::LOOP)].contains(&Errno::from_io_error(error))
}

/// Whether an error says that a name leads outside (EXDEV).
pub fn leads_out(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::XDEV)
}

/// The names in an open folder, `None` for `.` and `..`: so every step is a short one.
pub fn names_in(
    folder: &File,
) -> io::Result<impl Iterator<Item = io::Result<Option<OsString>>> + Send + use<>> {
    let entries = Dir::read_from(folder)?;
    Ok(entries.map(|entry| {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        Ok((!matches!(name, b"." | b"..")).then(|| OsStr::from_bytes(name).to_owned()))
    }))
}

/// Asks the kernel to read the beginning of a large file, and to read ahead generously from then on. Best
/// effort: whoever has it not in memory waits for the disk.
pub fn read_ahead(file: &File) {
    let _ = fadvise(file, 0, None, Advice::Sequential);
    let _ = fadvise(file, 0, NonZeroU64::new(READ_AHEAD_BYTES), Advice::WillNeed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_inside_lead_where_they_may_and_nowhere_else() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "").unwrap();
        let root = outside.path().join("root");
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(root.join("sub/file"), "").unwrap();
        symlink("sub/file", root.join("inside")).unwrap();
        symlink("sub", root.join("folder")).unwrap();
        symlink("../secret", root.join("outside")).unwrap();
        symlink(outside.path().join("secret"), root.join("absolute")).unwrap();
        symlink("../../secret", root.join("sub/outside")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let folder = File::open(&root).unwrap();
        // Which of these open by Inside, None and Anywhere.
        let table = [
            ("sub/file", [true, true, true]),
            ("sub", [true, true, true]),
            (".", [true, true, true]),
            ("inside", [true, false, true]),
            ("folder/file", [true, false, true]),
            ("outside", [false, false, true]),
            ("absolute", [false, false, true]),
            ("sub/outside", [false, false, true]),
            ("sub/../../secret", [false, false, true]),
            ("..", [false, false, true]),
            ("loop", [false, false, false]),
            ("sub/file/", [false, false, false]),
            ("missing", [false, false, false]),
        ];
        assert_eq!(links_inside(&folder).unwrap(), Links::Inside, "this test needs Linux 5.6");
        for (name, expected) in table {
            for (links, expected) in [Links::Inside, Links::None, Links::Anywhere].into_iter().zip(expected) {
                for purpose in [Purpose::Look, Purpose::Read] {
                    let opened = open_below(&folder, name.as_ref(), purpose, links);
                    assert_eq!(opened.is_ok(), expected, "{name} {links:?} {purpose:?}: {opened:?}");
                }
            }
        }
    }

    #[test]
    fn a_folder_lists_its_names() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "").unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join(OsStr::from_bytes(b"\xff")), "").unwrap();
        let names: io::Result<Vec<_>> = names_in(&File::open(folder.path()).unwrap()).unwrap().collect();
        let mut names = names.unwrap();
        names.sort();
        let bytes = names.iter().map(|name| name.as_ref().map(|name| name.as_bytes()));
        let expected: [Option<&[u8]>; 5] = [None, None, Some(b"a"), Some(b"b"), Some(b"\xff")];
        assert_eq!(bytes.collect::<Vec<_>>(), expected);
    }
}
