//! A kernel and sockets that count and record what happens, and pass each call on to the real ones. What is made of the
//! records is decided elsewhere.

use super::counts::Call;
use super::record::{Record, Shared};
use super::snapshot;
use crate::conn::told::Told;
use crate::conn::transport::{Follow, Transport};
use crate::reactor::kernel::{self, Kernel, Ready, Token};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// A kernel that records what the loop does, in front of the real kernel `inner`.
pub struct Inspected<K> {
    inner: K,
    shared: Shared,
    /// When the last wait began.
    slept: Instant,
}

/// A socket that records what its connection does, in front of the real socket `inner`.
pub struct Socket<S> {
    inner: S,
    shared: Shared,
    /// The key of its connection in the slab, once it has one.
    key: Option<usize>,
}

impl<K: Kernel> Inspected<K> {
    /// Records what happens between the loop and `kernel`.
    pub(super) fn new(kernel: K, shared: Shared) -> Inspected<K> {
        let (slept, _) = kernel.now();
        Inspected { inner: kernel, shared, slept }
    }
}

impl<K: Kernel> Kernel for Inspected<K> {
    type Socket = Socket<K::Socket>;

    /// Nothing is recorded here: a panic while recording must not keep the loop from waiting.
    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.wait(ready, timeout)
    }

    fn accept(&mut self) -> io::Result<(Self::Socket, SocketAddr)> {
        let accepted = self.inner.accept();
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

    /// When the next batch of events is due, makes it, and wakes the clients that read the events: their events in `ready`
    /// have no readiness.
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
    /// Records a system call and the bytes that it moved, and gives back its result.
    fn note(
        &self,
        call: Call,
        count_bytes: fn(&mut Record, usize, usize),
        result: io::Result<usize>,
    ) -> io::Result<usize> {
        let mut record = self.shared.lock();
        record.counts.call(call);
        match (&result, self.key) {
            (Ok(count), Some(key)) => count_bytes(&mut record, key, *count),
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
