//! Writing to stderr without ever waiting for its reader. What is written does not matter here.

use super::files::{Kind, stat};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::pipe::PIPE_BUF;
use rustix::termios::tcgetwinsize;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

/// The stderr of this process, and how to write to it without waiting.
pub struct Stderr {
    file: File,
    mode: WriteMode,
}

/// Why a write to stderr does not wait.
#[derive(Clone, Copy)]
enum WriteMode {
    /// Stderr is a regular file, which only waits for the disk.
    File,
    /// Stderr was opened anew with O_NONBLOCK, for this process alone. The shell that started it has another open file
    /// description, which stays as it is (open(2), "Open file descriptions").
    Own,
    /// Stderr is shared with the shell, so it cannot be made non-blocking, and poll(2) is asked before each write. If it
    /// says that a pipe has room, this is room for PIPE_BUF bytes (pipe(7)), unless another process writes in between.
    /// For a terminal it promises less: a write may wait if there is room for a part of it only.
    Shared,
}

/// Whether stderr leads to a terminal.
pub fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// How many columns the terminal has at the moment to which stderr leads (TIOCGWINSZ); `None` where that is not known.
pub fn columns() -> Option<usize> {
    columns_of(io::stderr())
}

/// The same for the terminal that `stream` leads to.
pub fn columns_of(stream: impl AsFd) -> Option<usize> {
    let columns = tcgetwinsize(stream).ok()?.ws_col;
    (columns > 0).then_some(columns.into())
}

impl Stderr {
    /// Finds out what stderr is. An error if the process has no stderr.
    pub fn open() -> io::Result<Stderr> {
        let file = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        if stat(&file)?.kind == Kind::File {
            return Ok(Stderr { file, mode: WriteMode::File });
        }
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        // This fails for a socket, for a file of another user, and where there is no /proc.
        Ok(match openat(CWD, "/proc/self/fd/2", flags, Mode::empty()) {
            Ok(own) => Stderr { file: own.into(), mode: WriteMode::Own },
            Err(_) => Stderr { file, mode: WriteMode::Shared },
        })
    }

    /// Up to this many bytes are written whole or not at all (but see `WriteMode::Shared`).
    pub fn piece_bytes_max(&self) -> usize {
        match self.mode {
            WriteMode::File => usize::MAX,
            WriteMode::Own | WriteMode::Shared => PIPE_BUF,
        }
    }
}

impl Write for Stderr {
    /// Writes up to [`Stderr::piece_bytes_max`] bytes, and gives how many were written. `WouldBlock` if there is no room.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if matches!(self.mode, WriteMode::Shared) {
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
