//! Changes in folders, as the kernel tells of them (inotify(7)).

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Bytes that one read brings: some thousand events, each of which takes about a microsecond.
const READ_BYTES: usize = 32 << 10;

/// A queue of events, which is filled by the kernel. Its descriptor is non-blocking.
pub struct Inotify {
    descriptor: OwnedFd,
}

/// The number of a watched folder. The kernel gives none of them twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Watch(i32);

/// Which events of a folder are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that change what is found in the folder, and where the folder is.
    Names,
    /// That the folder itself is moved or deleted, and nothing else.
    Place,
    /// The same, and which names in it are deleted. Of a folder that a process has open, the kernel tells that it was moved, but
    /// not that it was deleted: only the folder above tells of that.
    Deleted,
}

/// Something that happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Happening<'a> {
    /// Something changed under a name in a watched folder.
    Name {
        /// The folder.
        watch: Watch,
        /// The name, in the bytes of the file system.
        name: &'a [u8],
        /// What happened to it.
        change: NameChange,
    },
    /// The permissions of a watched folder changed, or another of its attributes.
    Attributes(Watch),
    /// A watched folder was moved or deleted, or is not watched any more.
    Gone(Watch),
    /// The queue was full: some events are lost.
    Lost,
}

/// What happened to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameChange {
    /// The name leads to another file or folder, or to none.
    Leads,
    /// The file that the name leads to was written, or its attributes changed.
    File,
    /// The attributes of the folder that the name leads to changed.
    Folder,
}

/// How a read has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// The queue is empty.
    Yes,
    /// There may be more events: another read is due.
    NotYet,
}

/// Room for the events of one read.
pub struct Room(Vec<MaybeUninit<u8>>);

impl Default for Room {
    fn default() -> Room {
        Room(vec![MaybeUninit::uninit(); READ_BYTES])
    }
}

/// Whether an error says that the kernel watches no more folders for this user (ENOSPC).
pub fn is_out_of_watches(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::StorageFull
}

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
    use rustix::io::Errno;

    impl Inotify {
        /// A queue without watched folders (inotify_init1(2)).
        pub fn new() -> io::Result<Inotify> {
            Ok(Inotify { descriptor: inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)? })
        }

        /// Watches an open folder (inotify_add_watch(2)). The kernel takes no descriptor, but a path: the one below `/proc`
        /// leads to the folder that is open, and to no other. Without `/proc` the error is `NotFound`.
        ///
        /// Files that were deleted while a process has them open tell nothing (IN_EXCL_UNLINK).
        pub fn add(&self, folder: &File, scope: Scope) -> io::Result<Watch> {
            let place = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF | WatchFlags::ONLYDIR;
            let names = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVE | WatchFlags::EXCL_UNLINK;
            let content = WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB;
            let flags = match scope {
                Scope::Names => place | names | content,
                Scope::Place => place | WatchFlags::MASK_ADD,
                Scope::Deleted => place | WatchFlags::DELETE | WatchFlags::MASK_ADD,
            };
            let path = format!("/proc/self/fd/{}", folder.as_raw_fd());
            Ok(Watch(inotify::add_watch(&self.descriptor, path, flags)?))
        }

        /// Ends a watch (inotify_rm_watch(2)). The events that are queued already are told all the same.
        pub fn remove(&self, Watch(number): Watch) {
            // The kernel has ended it already where the folder was deleted.
            let _ = inotify::remove_watch(&self.descriptor, number);
        }

        /// Reads events once, and gives each to `note` (read(2)).
        pub fn read(&self, room: &mut Room, mut note: impl FnMut(Happening<'_>)) -> io::Result<Drained> {
            let mut reader = Reader::new(&self.descriptor, &mut room.0);
            loop {
                match reader.next() {
                    Ok(event) => {
                        let name = event.file_name().map(|name| name.to_bytes());
                        happening(Watch(event.wd()), name, event.events()).into_iter().for_each(&mut note);
                    }
                    Err(Errno::AGAIN) => return Ok(Drained::Yes),
                    Err(Errno::INTR) => return Ok(Drained::NotYet),
                    Err(error) => return Err(error.into()),
                }
                if reader.is_buffer_empty() {
                    return Ok(Drained::NotYet);
                }
            }
        }
    }

    fn happening(watch: Watch, name: Option<&[u8]>, events: ReadFlags) -> Option<Happening<'_>> {
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            return Some(Happening::Lost);
        }
        if events.intersects(
            ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::IGNORED | ReadFlags::UNMOUNT,
        ) {
            return Some(Happening::Gone(watch));
        }
        let Some(name) = name else {
            return events.contains(ReadFlags::ATTRIB).then_some(Happening::Attributes(watch));
        };
        let leads = ReadFlags::CREATE | ReadFlags::DELETE | ReadFlags::MOVED_FROM | ReadFlags::MOVED_TO;
        let change = match (events.intersects(leads), events.contains(ReadFlags::ISDIR)) {
            (true, _) => NameChange::Leads,
            (false, true) => NameChange::Folder,
            (false, false) => NameChange::File,
        };
        Some(Happening::Name { watch, name, change })
    }
}

/// Other platforms tell of changes in other ways, which are not used.
#[cfg(not(target_os = "linux"))]
impl Inotify {
    /// There is none.
    pub fn new() -> io::Result<Inotify> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Watches nothing.
    pub fn add(&self, _: &File, _: Scope) -> io::Result<Watch> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Ends nothing.
    pub fn remove(&self, _: Watch) {}

    /// Reads nothing.
    pub fn read(&self, _: &mut Room, _: impl FnMut(Happening<'_>)) -> io::Result<Drained> {
        Ok(Drained::Yes)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::os::files::open_folder;
    use std::fs;

    #[test]
    fn what_happens_in_a_folder_is_told_and_what_happens_below_is_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        let inotify = Inotify::new().unwrap();
        let watch = inotify.add(&open_folder(folder.path()).unwrap(), Scope::Names).unwrap();
        let mut room = Room::default();
        assert_eq!(inotify.read(&mut room, |it| panic!("{it:?}")).unwrap(), Drained::Yes);
        fs::write(folder.path().join("sub/deep"), "").unwrap();
        fs::write(folder.path().join("a"), "a").unwrap();
        fs::rename(folder.path().join("a"), folder.path().join("b")).unwrap();
        let mut told = Vec::new();
        let mut note = |it: Happening<'_>| match it {
            Happening::Name { watch: of, name, change } => {
                assert_eq!(of, watch);
                told.push((String::from_utf8(name.to_vec()).unwrap(), change));
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(inotify.read(&mut room, &mut note).unwrap(), Drained::NotYet);
        assert_eq!(inotify.read(&mut room, &mut note).unwrap(), Drained::Yes);
        told.dedup();
        let (leads, file) = (NameChange::Leads, NameChange::File);
        let expected = [("a", leads), ("a", file), ("a", leads), ("b", leads)];
        assert_eq!(told, expected.map(|(name, change)| (name.to_owned(), change)));
        fs::remove_dir_all(folder.path()).unwrap();
        let mut ends = false;
        inotify.read(&mut room, |it| ends |= it == Happening::Gone(watch)).unwrap();
        assert!(ends);
    }
}
