//! SIGINT and SIGTERM, as readiness: the handler writes a byte to a pipe that the poll watches.

use signal_hook_mio::v1_0::Signals as Source;
use std::io;

/// Ctrl-C (signal(7)).
const SIGINT: i32 = 2;
/// What `kill` and service managers send.
const SIGTERM: i32 = 15;

/// The signals that ask the process to stop.
pub struct Signals(Source);

impl Signals {
    /// From now on they no longer end the process.
    pub fn new() -> io::Result<Signals> {
        Source::new([SIGINT, SIGTERM]).map(Signals)
    }

    /// For the poll.
    pub fn source(&mut self) -> &mut Source {
        &mut self.0
    }

    /// How many came since the last call.
    pub fn pending(&mut self) -> usize {
        self.0.pending().count()
    }
}
