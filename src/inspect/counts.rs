//! What is counted since the start.

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
    /// What they are called, each at the place of its [`Call`].
    pub const NAMES: [&str; 8] =
        ["epoll_wait", "epoll_ctl", "accept", "recv", "send", "sendfile", "shutdown", "close"];
}

/// All of it.
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
    /// Turns and changes of state that nobody who watches was told of: there were more than fit into a batch.
    pub omitted: u64,
    /// Batches for which somebody who watches had no room, being too slow.
    pub missed: u64,
    pub calls: [u64; Call::NAMES.len()],
}

impl Counts {
    pub fn call(&mut self, call: Call) {
        self.calls[call as usize] += 1;
    }
}
