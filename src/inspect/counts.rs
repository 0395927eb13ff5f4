//! The counters since the start. This file does not know who counts.

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

/// All counters.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub accepted: u64,
    pub open: u64,
    pub requests: u64,
    pub refused: u64,
    pub timeouts: u64,
    pub panics: u64,
    pub stale: u64,
    pub spurious: u64,
    pub would_block: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub turns: u64,
    /// Turns and changes of state left out of the events, because a batch had no room for them.
    pub omitted: u64,
    /// Batches that a client who reads the events did not get, because it was too slow.
    pub missed: u64,
    pub calls: [u64; Call::NAMES.len()],
}

impl Counts {
    pub fn call(&mut self, call: Call) {
        self.calls[call as usize] += 1;
    }
}
