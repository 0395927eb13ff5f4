//! The kernel and the sockets in between.

use super::counts::Call;
use super::record::{Record, Shared};
use super::snapshot;
use crate::conn::told::Told;
use crate::conn::transport::{Follow, Transport};
use crate::os::peer::Peer;
use crate::reactor::kernel::{self, Kernel, Ready, Token};
use crate::service::DoorId;
use std::fs::File;
use std::io;
use std::time::{Duration, Instant, SystemTime};

/// A kernel that is watched.
pub struct Watched<K> {
    inner: K,
    shared: Shared,
    /// When the last wait began.
    slept: Instant,
}

/// A socket that is watched.
pub struct Socket<S> {
    inner: S,
    shared: Shared,
    /// Where in the slab its connection is, once it has a place.
    key: Option<usize>,
}

impl<K: Kernel> Watched<K> {
    /// Stands before `kernel`.
    pub(super) fn new(kernel: K, shared: Shared) -> Watched<K> {
        let (slept, _) = kernel.now();
        Watched { inner: kernel, shared, slept }
    }
}

impl<K: Kernel> Kernel for Watched<K> {
    type Socket = Socket<K::Socket>;

    /// No note is taken here: a bug in one must not keep the loop from waiting.
    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.wait(ready, timeout)
    }

    fn accept(&mut self, door: DoorId) -> io::Result<(Self::Socket, Peer)> {
        let accepted = self.inner.accept(door);
        let would_block = matches!(&accepted, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        let mut record = self.shared.lock();
        record.counts.call(Call::Accept);
        record.counts.would_block += u64::from(would_block);
        drop(record);
        let (inner, peer) = accepted?;
        Ok((Socket { inner, shared: self.shared.clone(), key: None }, peer))
    }

    fn stop_listening(&mut self) {
        self.inner.stop_listening();
    }

    fn watch(
        &mut self,
        socket: &mut Self::Socket,
        token: Token,
        before: kernel::Watched,
        now: kernel::Watched,
    ) -> io::Result<()> {
        self.shared.lock().counts.call(Call::EpollCtl);
        self.inner.watch(&mut socket.inner, token, before, now)
    }

    fn now(&self) -> (Instant, SystemTime) {
        self.inner.now()
    }

    fn tell_stale(&mut self) {
        self.shared.lock().counts.stale += 1;
    }

    fn tell_waits(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        (self.slept, _) = self.inner.now();
        self.shared.lock().end_turn(self.slept, timeout)
    }

    /// Clients that read the events are woken from here, when it is time to tell more: without any readiness.
    fn tell_woke(&mut self, ready: &mut Vec<Ready>) {
        let (now, _) = self.inner.now();
        let mut record = self.shared.lock();
        if let Some(news) = record.begin_turn(self.slept, now, ready) {
            let batch = snapshot::batch(&record, &news);
            record.hand_out(&batch, ready);
        }
    }
}

impl<S> Socket<S> {
    /// Takes note of a call and gives back what came of it.
    fn note(
        &self,
        call: Call,
        moved: fn(&mut Record, usize, usize),
        result: io::Result<usize>,
    ) -> io::Result<usize> {
        let mut record = self.shared.lock();
        record.counts.call(call);
        match (&result, self.key) {
            (Ok(count), Some(key)) => moved(&mut record, key, *count),
            (Err(error), _) if error.kind() == io::ErrorKind::WouldBlock => record.counts.would_block += 1,
            _ => {}
        }
        result
    }
}

impl<S: Transport> Transport for Socket<S> {
    const WATCHED: bool = true;

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.inner.recv(buffer);
        self.note(Call::Recv, Record::received, result)
    }

    fn send(&mut self, bytes: &[u8], follow: Follow) -> io::Result<usize> {
        let result = self.inner.send(bytes, follow);
        self.note(Call::Send, Record::sent, result)
    }

    fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize> {
        let result = self.inner.send_file(file, offset, count);
        self.note(Call::SendFile, Record::sent, result)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.shared.lock().counts.call(Call::Shutdown);
        self.inner.shutdown()
    }

    fn tell(&mut self, told: Told<'_>) {
        let mut record = self.shared.lock();
        match (told, self.key) {
            (Told::Accepted { key, id, peer }, _) => {
                self.key = Some(key);
                record.accept(Token { key, id }, peer);
            }
            (told, Some(key)) => record.take_note(key, told),
            _ => {}
        }
    }
}

impl<S> Drop for Socket<S> {
    fn drop(&mut self) {
        self.shared.lock().close(self.key);
    }
}
