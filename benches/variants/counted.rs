//! Counts the system calls on sockets: the same wrapper goes around the sockets of every variant, and around the
//! kernel of the reactor. Calls on files (openat2, statx) are the same for all variants and not counted. The futexes
//! of threads are not counted either.

use onepoll::conn::transport::{Follow, Transport};
use onepoll::inspect::Call;
use onepoll::reactor::kernel::{Kernel, Ready, Token, Watched};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The calls since the process began. Counting takes nanoseconds, where a call takes microseconds.
static CALLS: [AtomicU64; Call::NAMES.len()] = [const { AtomicU64::new(0) }; Call::NAMES.len()];

/// Counts a call.
pub fn count(call: Call) {
    CALLS[call as usize].fetch_add(1, Ordering::Relaxed);
}

/// The number of calls of each kind so far.
pub fn calls() -> [u64; Call::NAMES.len()] {
    CALLS.each_ref().map(|count| count.load(Ordering::Relaxed))
}

/// A socket, or the kernel of a reactor, whose calls are counted.
pub struct Counted<T>(T);

impl<S: Transport> Counted<S> {
    /// A socket that was just accepted.
    pub fn accepted(socket: S) -> Counted<S> {
        count(Call::Accept);
        Counted(socket)
    }
}

impl<K: Kernel> Counted<K> {
    /// The kernel of a reactor, whose calls are counted.
    pub fn kernel(kernel: K) -> Counted<K> {
        Counted(kernel)
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        count(Call::Close);
    }
}

impl<S: Transport> Transport for Counted<S> {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        count(Call::Recv);
        self.0.recv(buffer)
    }

    fn send(&mut self, bytes: &[u8], follow: Follow) -> io::Result<usize> {
        count(Call::Send);
        self.0.send(bytes, follow)
    }

    fn send_file(&mut self, file: &File, offset: u64, bytes: usize) -> io::Result<usize> {
        count(Call::SendFile);
        self.0.send_file(file, offset, bytes)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        count(Call::Shutdown);
        self.0.shutdown()
    }
}

impl<K: Kernel> Kernel for Counted<K> {
    type Socket = Counted<K::Socket>;

    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        count(Call::EpollWait);
        self.0.wait(ready, timeout)
    }

    fn accept(&mut self) -> io::Result<(Self::Socket, SocketAddr)> {
        match self.0.accept() {
            Ok((socket, peer)) => Ok((Counted::accepted(socket), peer)),
            Err(error) => {
                count(Call::Accept);
                Err(error)
            }
        }
    }

    fn stop_listening(&mut self) {
        self.0.stop_listening();
    }

    fn watch(
        &mut self,
        socket: &mut Self::Socket,
        token: Token,
        before: Watched,
        now: Watched,
    ) -> io::Result<()> {
        count(Call::EpollCtl);
        self.0.watch(&mut socket.0, token, before, now)
    }

    fn now(&self) -> (Instant, SystemTime) {
        self.0.now()
    }
}
