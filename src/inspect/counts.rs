//! The counters since the start. This file does not know who counts.

use std::fmt::{self, Display, Formatter};
use std::sync::atomic::{AtomicU64, Ordering};

/// A system call that the loop or a connection makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// epoll_wait(2)
    EpollWait,
    /// epoll_ctl(2)
    EpollCtl,
    /// accept4(2)
    Accept,
    /// recvfrom(2)
    Recv,
    /// sendto(2)
    Send,
    /// sendfile(2)
    SendFile,
    /// shutdown(2)
    Shutdown,
    /// close(2), of a connection's socket
    Close,
}

impl Call {
    /// The names of the calls, in the order of the variants of [`Call`].
    pub const NAMES: [&str; 8] =
        ["epoll_wait", "epoll_ctl", "accept", "recv", "send", "sendfile", "shutdown", "close"];
}

/// A counter that the loop and its connections share without a lock: only one thread at a time turns the loop, so nothing
/// is counted between a look at it and the next number.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn add(&self, count: u64) {
        self.0.store(self.get() + count, Ordering::Relaxed);
    }

    /// Counts one less.
    pub fn remove_one(&self) {
        self.0.store(self.get() - 1, Ordering::Relaxed);
    }
}

impl Display for Counter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// All counters.
#[derive(Default)]
pub struct Counts {
    pub accepted: Counter,
    pub open: Counter,
    pub requests: Counter,
    /// Requests that have a number, the refused among them.
    pub begun: Counter,
    pub refused: Counter,
    pub timeouts: Counter,
    pub panics: Counter,
    pub stale: Counter,
    pub spurious: Counter,
    pub would_block: Counter,
    pub bytes_in: Counter,
    pub bytes_out: Counter,
    pub turns: Counter,
    /// Turns and changes of state left out of the events, because a batch had no room for them.
    pub omitted: Counter,
    /// Batches that a client who reads the events did not get, because it was too slow.
    pub missed: Counter,
    pub calls: [Counter; Call::NAMES.len()],
}

impl Counts {
    pub fn call(&self, call: Call) {
        self.calls[call as usize].add(1);
    }
}
