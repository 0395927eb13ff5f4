//! An observer between the loop and its kernel. [`Observed`] is the one place that passes a kernel on, method by method:
//! the inspector, the benchmarks that count calls and the tests each write an [`Observer`] and nothing else.

use super::counts::Call;
use crate::conn::event::Event;
use crate::conn::transport::{Follow, Transport};
use crate::os::peer::Peer;
use crate::reactor::kernel::{Interest, Kernel, Ready, Token};
use crate::service::DoorId;
use std::fs::File;
use std::io;
use std::time::{Duration, Instant, SystemTime};

/// Sees what the loop asks of its kernel and what the connections ask of their sockets. Every socket has a clone of the
/// observer. An observer writes the methods that it needs; the others do nothing.
pub trait Observer: Clone {
    /// A system call was made, on the socket of the connection at `key` in the slab where it has one. It moved so many
    /// bytes, if it moves bytes. Waiting is told by [`Observer::waits`] instead.
    fn called(&mut self, _call: Call, _key: Option<usize>, _moved: Result<usize, io::ErrorKind>) {}

    /// Something happened to the connection at `key` in the slab.
    fn told(&mut self, _key: usize, _event: Event<'_>) {}

    /// An event came for a connection that was over.
    fn stale(&mut self) {}

    /// A wait begins. Gives how long the wait may last: no longer than `timeout`.
    fn waits(&mut self, _now: Instant, timeout: Option<Duration>) -> Option<Duration> {
        timeout
    }

    /// A wait is over and brought this; the observer may add to it.
    fn woke(&mut self, _now: Instant, _ready: &mut Vec<Ready>) {}

    /// The time of day that the loop is told, where the kernel says `wall`.
    fn wall(&self, wall: SystemTime) -> SystemTime {
        wall
    }
}

/// A kernel that is observed.
pub struct Observed<K, O> {
    inner: K,
    observer: O,
}

/// A socket that is observed.
pub struct Socket<S, O: Observer> {
    inner: S,
    observer: O,
    /// Where in the slab its connection is, once it has a place.
    key: Option<usize>,
}

impl<K: Kernel, O: Observer> Observed<K, O> {
    /// Puts `observer` before `kernel`.
    pub fn new(kernel: K, observer: O) -> Observed<K, O> {
        Observed { inner: kernel, observer }
    }
}

impl<K: Kernel, O: Observer> Kernel for Observed<K, O> {
    type Socket = Socket<K::Socket, O>;

    /// The observer is not told here: a bug in it must not keep the loop from waiting.
    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.wait(ready, timeout)
    }

    fn accept(&mut self, door: DoorId) -> io::Result<(Self::Socket, Peer)> {
        let accepted = self.inner.accept(door);
        self.observer.called(Call::Accept, None, moved(&accepted, |_| 0));
        accepted.map(|(socket, peer)| (Socket::new(socket, self.observer.clone()), peer))
    }

    fn doors(&self) -> Option<usize> {
        self.inner.doors()
    }

    fn stop_listening(&mut self) {
        self.inner.stop_listening();
    }

    fn register(
        &mut self,
        socket: &mut Self::Socket,
        token: Token,
        before: Interest,
        now: Interest,
    ) -> io::Result<()> {
        let registered = self.inner.register(&mut socket.inner, token, before, now);
        self.observer.called(Call::EpollCtl, socket.key, Ok(0));
        registered
    }

    fn now(&self) -> (Instant, SystemTime) {
        let (now, wall) = self.inner.now();
        (now, self.observer.wall(wall))
    }

    fn notify_stale(&mut self) {
        self.observer.stale();
    }

    fn notify_waiting(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        self.observer.waits(self.inner.now().0, timeout)
    }

    fn notify_woken(&mut self, ready: &mut Vec<Ready>) {
        self.observer.woke(self.inner.now().0, ready);
    }
}

impl<S, O: Observer> Socket<S, O> {
    /// A socket that was just accepted.
    pub fn new(socket: S, observer: O) -> Socket<S, O> {
        Socket { inner: socket, observer, key: None }
    }

    fn note(&mut self, call: Call, result: io::Result<usize>) -> io::Result<usize> {
        self.observer.called(call, self.key, moved(&result, |count| *count));
        result
    }
}

/// What an observer is told of a call's result.
fn moved<T>(result: &io::Result<T>, count: fn(&T) -> usize) -> Result<usize, io::ErrorKind> {
    result.as_ref().map(count).map_err(io::Error::kind)
}

impl<S: Transport, O: Observer> Transport for Socket<S, O> {
    const OBSERVED: bool = true;

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.inner.recv(buffer);
        self.note(Call::Recv, result)
    }

    fn send(&mut self, bytes: &[u8], follow: Follow) -> io::Result<usize> {
        let result = self.inner.send(bytes, follow);
        self.note(Call::Send, result)
    }

    fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize> {
        let result = self.inner.send_file(file, offset, count);
        self.note(Call::SendFile, result)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.observer.called(Call::Shutdown, self.key, Ok(0));
        self.inner.shutdown()
    }

    #[inline(always)]
    fn notify(&mut self, event: Event<'_>) {
        if let Event::Accepted { key, .. } = event {
            self.key = Some(key);
        }
        if let Some(key) = self.key {
            self.observer.told(key, event);
        }
    }
}

impl<S, O: Observer> Drop for Socket<S, O> {
    fn drop(&mut self) {
        self.observer.called(Call::Close, self.key, Ok(0));
    }
}
