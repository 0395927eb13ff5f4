//! Stderr, written to without ever waiting for whoever reads it.

use super::files::{Kind, stat};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::pipe::PIPE_BUF;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

/// Stderr as this process has it, and how it can be written to.
pub struct Stderr {
    file: File,
    manners: Manners,
}

/// What keeps a write from waiting.
#[derive(Clone, Copy)]
enum Manners {
    /// A regular file waits for nobody but the disk.
    File,
    /// Opened anew, only for us, as one that does not wait (O_NONBLOCK). The shell that started us has another
    /// description of it, which stays as it is (open(2), "Open file descriptions").
    Own,
    /// Shared with the shell, so it is asked first. Where poll(2) says that there is room in a pipe, there is room for
    /// PIPE_BUF bytes (pipe(7)), unless somebody else who writes into it comes between. Of a terminal it says less: a
    /// write can wait that meets one with room for a part.
    Shared,
}

impl Stderr {
    /// Looks what stderr is. The error is that there is none.
    pub fn open() -> io::Result<Stderr> {
        let file = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        if stat(&file)?.kind == Kind::File {
            return Ok(Stderr { file, manners: Manners::File });
        }
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        // A socket cannot be opened, nor what belongs to another user, nor anything where there is no /proc.
        Ok(match openat(CWD, "/proc/self/fd/2", flags, Mode::empty()) {
            Ok(own) => Stderr { file: own.into(), manners: Manners::Own },
            Err(_) => Stderr { file, manners: Manners::Shared },
        })
    }

    /// Bytes that are written at once, or else not at all, where that can be promised.
    pub fn piece_bytes_max(&self) -> usize {
        match self.manners {
            Manners::File => usize::MAX,
            Manners::Own | Manners::Shared => PIPE_BUF,
        }
    }
}

impl Write for Stderr {
    /// Writes up to [`Stderr::piece_bytes_max`] bytes and says how many were taken; `WouldBlock` where there is no room.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if matches!(self.manners, Manners::Shared) {
            let mut asked = [PollFd::new(&self.file, PollFlags::OUT)];
            if poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
        }
        Ok(rustix::io::write(&self.file, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
