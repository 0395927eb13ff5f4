//! Opening files below a folder, and nowhere else, unless the user lets all links be followed. This file does not know
//! which names are served.

use rustix::fs::{Advice, AtFlags, CWD, Dir, FileType, Mode, OFlags, fadvise, fstat, openat, statat};
use rustix::io::Errno;
use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of a large file that the kernel is asked to read ahead when the file is opened.
const READ_AHEAD_BYTES: u64 = 1 << 20;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// How often the functions of this file have asked the disk so far, in this thread. It differs before and after a piece of
/// work if that asked the disk.
pub fn disk_calls() -> u64 {
    ASKED.get()
}

// One instruction: to ask first whether there is an observer would take two.
fn note_call() {
    ASKED.set(ASKED.get() + 1);
}

/// Which links are followed on the way to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Links that lead to a place below the folder. The kernel checks this, even while files are renamed (openat2(2) with
    /// RESOLVE_BENEATH).
    Inside,
    /// No links. So no name leads out of the folder, even without openat2: the path is opened step by step.
    None,
    /// All links, even out of the folder.
    Anywhere,
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To see what the file is. Nothing of it is read, and opening a device has no effect on the device (O_PATH).
    Look,
    /// To read the file. Opening a pipe without a writer does not block (O_NONBLOCK).
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

/// Opens the folder at `path`, so that files below it can be opened.
pub fn open_folder(path: &Path) -> io::Result<File> {
    Ok(openat(CWD, path, Purpose::Look.flags() | OFlags::DIRECTORY, Mode::empty())?.into())
}

/// Opens `name`, which is relative, below `folder`.
pub fn open_below(folder: &File, name: &Path, purpose: Purpose, links: Links) -> io::Result<File> {
    note_call();
    match links {
        Links::Inside => open_beneath(folder, name, purpose),
        Links::None => open_step_by_step(folder, name, purpose),
        Links::Anywhere => Ok(openat(folder, name, purpose.flags(), Mode::empty())?.into()),
    }
}

/// Which links can be followed safely below `folder`. Without openat2 it is none: kernels before 5.6 do not have it
/// (ENOSYS), and some containers forbid it (EPERM).
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
    /// If a folder on the way is renamed meanwhile, the kernel asks for another try (EAGAIN).
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
    // With O_PATH and O_NOFOLLOW a link itself is opened.
    match stat(&file)?.kind {
        Kind::Link => Err(io::ErrorKind::NotFound.into()),
        _ => Ok(file),
    }
}

fn plain(segment: &OsStr) -> io::Result<&OsStr> {
    if segment == ".." { Err(io::ErrorKind::NotFound.into()) } else { Ok(segment) }
}

/// What stat(2) says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Device and inode.
    pub identity: (u64, u64),
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was last written (mtime): seconds since 1970, and nanoseconds.
    pub modified: (i64, i64),
    /// When anything of it was last changed (ctime): seconds since 1970, and nanoseconds.
    pub changed: (i64, i64),
}

/// What a name can lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link itself, not its target.
    Link,
    /// A pipe, a socket or a device.
    Other,
}

/// What an open file is (fstat(2)).
pub fn stat(file: &File) -> io::Result<Stat> {
    note_call();
    Ok(fstat(file)?.into())
}

/// What `name` below `folder` is, without opening it (fstatat(2)). If it is a link, the link is not followed.
pub fn stat_below(folder: &File, name: &Path) -> io::Result<Stat> {
    note_call();
    Ok(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?.into())
}

/// What `path` leads to, following all links (stat(2)).
pub fn stat_at(path: &Path) -> io::Result<Stat> {
    note_call();
    Ok(statat(CWD, path, AtFlags::empty())?.into())
}

impl From<rustix::fs::Stat> for Stat {
    #[allow(clippy::unnecessary_cast)] // A field with 64 bits here may have 32 on another platform.
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

/// Whether the file system of an open file is known to change the times of a folder whenever a name in the folder comes, goes
/// or leads to another file (statfs(2)). File systems of other machines and of programs (NFS, 9p, FUSE) may not, or tell of it
/// later.
#[cfg(target_os = "linux")]
pub fn tells_of_new_names(file: &File) -> bool {
    /// ext2 to ext4, XFS, Btrfs, F2FS, tmpfs, ramfs and overlayfs, by their numbers in linux/magic.h; ZFS by its own.
    const KNOWN: [u64; 8] =
        [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x0102_1994, 0x8584_58f6, 0x794c_7630, 0x2fc1_2fc1];
    rustix::fs::fstatfs(file).is_ok_and(|stat| KNOWN.contains(&(stat.f_type as u64 & 0xffff_ffff)))
}

/// The same where no list of file systems is at hand.
#[cfg(not(target_os = "linux"))]
pub fn tells_of_new_names(_: &File) -> bool {
    false
}

/// Whether an error says that a name leads out of the folder (EXDEV), in circles, or through too many links (ELOOP).
pub fn is_led_astray(error: &io::Error) -> bool {
    [Some(Errno::XDEV), Some(Errno::LOOP)].contains(&Errno::from_io_error(error))
}

/// Whether an error says that a name leads out of the folder (EXDEV).
pub fn leads_out(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::XDEV)
}

/// The names in an open folder. `.` and `..` are given as `None` and not skipped, so that each step of the iterator reads
/// one entry.
pub fn names_in(
    folder: &File,
) -> io::Result<impl Iterator<Item = io::Result<Option<OsString>>> + Send + use<>> {
    note_call();
    let entries = Dir::read_from(folder)?;
    Ok(entries.map(|entry| {
        note_call();
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        Ok((!matches!(name, b"." | b"..")).then(|| OsStr::from_bytes(name).to_owned()))
    }))
}

/// Reads bytes from `at` on into `room`, as many as one call gives (pread(2)).
pub fn read_at(file: &File, room: &mut [u8], at: u64) -> io::Result<usize> {
    note_call();
    file.read_at(room, at)
}

/// Fills `room` with the bytes from `at` on (pread(2)).
pub fn read_exact_at(file: &File, room: &mut [u8], at: u64) -> io::Result<()> {
    note_call();
    file.read_exact_at(room, at)
}

/// Asks the kernel to read the beginning of a large file into memory (posix_fadvise(2)). This is only advice: a later read of
/// bytes that are not in memory still blocks.
pub fn read_ahead(file: &File) {
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
        // Each name, and whether it opens with Links::Inside, None and Anywhere.
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
