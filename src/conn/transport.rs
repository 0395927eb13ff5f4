//! What a connection needs of the thing that carries its bytes, in words of our own: a socket of the loop, a
//! blocking socket and a scripted one in a test all drive the same connection. Wherever a type is generic over a
//! [`Transport`], read `T` as `OwnedFd`, an accepted socket.
//!
//! TLS would be a transport around another one. It would break one rule of [`conn::io`](super::io): that a short read says that
//! there is no more.

use super::event::Event;
pub use crate::os::sockets::Follow;
use crate::os::sockets::{self, RecvFlags, Shutdown};
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

/// One end of a byte stream. Every method but the last is one system call; [`io::ErrorKind::WouldBlock`] says that
/// the stream is not ready for it now, and that an event will tell when it is.
pub trait Transport {
    /// Whether this transport takes note of events, which is known when the program is compiled: a server without an
    /// observer holds no code for them.
    const OBSERVED: bool = false;

    /// Reads into `buffer`; 0 is the end of what the peer sends (recv(2)).
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes from `bytes` and says how many were taken, which may be fewer (send(2)).
    fn send(&mut self, bytes: &[u8], follow: Follow) -> io::Result<usize>;

    /// Writes up to `count` bytes of `file` from `offset` on and says how many were taken; 0 is the end
    /// of the file (sendfile(2)).
    fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize>;

    /// Ends what we send; the peer reads the rest and then an end (shutdown(2) with SHUT_WR).
    fn shutdown(&mut self) -> io::Result<()>;

    /// Takes note of an event of its connection.
    fn notify(&mut self, _: Event<'_>) {}
}

/// Every socket that has a descriptor, blocking or not, carries a connection: here the connection calls the kernel.
impl<S: AsFd> Transport for S {
    #[inline]
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (count, _) = sockets::recv(self, buffer, RecvFlags::empty())?;
        Ok(count)
    }

    #[inline]
    fn send(&mut self, bytes: &[u8], follow: Follow) -> io::Result<usize> {
        Ok(sockets::send(self, bytes, follow.flags())?)
    }

    #[inline]
    fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize> {
        sockets::send_file(self, file, offset, count)
    }

    #[inline]
    fn shutdown(&mut self) -> io::Result<()> {
        Ok(sockets::shutdown(self, Shutdown::Write)?)
    }
}

/// What an event says of a socket. It is a hint: only trying tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// A read may give something (EPOLLIN; an error counts, reading it is how it is found out).
    pub readable: bool,
    /// A write may take something (EPOLLOUT; an error counts here too).
    pub writable: bool,
    /// The peer has shut its sending side: nothing comes after what is already here (EPOLLRDHUP).
    pub peer_closed: bool,
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            (self.readable, " readable"),
            (self.writable, " writable"),
            (self.peer_closed, " ended by its peer"),
        ];
        said.iter().filter(|(is, _)| *is).try_for_each(|(_, word)| f.write_str(word))
    }
}

impl Readiness {
    /// What a socket is taken for before the kernel has said anything: try it.
    pub const UNKNOWN: Readiness = Readiness { readable: true, writable: true, peer_closed: false };
}
