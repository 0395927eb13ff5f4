//! What is on its way to a client: bytes first, then what follows from a file, or is made meanwhile.

use super::buffers::Buffer;
use crate::log::access::Entry;
use crate::service::response::Source;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

/// Answers that were not sent yet.
#[derive(Default)]
pub struct Outgoing {
    /// Heads, and content that was in memory.
    pub outbox: Buffer,
    /// Content that follows them.
    pub stream: Option<Stream>,
    /// The line to log once the answer is sent, if access lines are logged.
    pub entry: Option<Entry>,
}

/// Content that is not in the outbox, and goes out a bounded part a turn.
pub enum Stream {
    /// It is in a file.
    File(Sending),
    /// It is made while it is sent.
    Source(Box<dyn Source>),
}

/// Parts of a file on their way out.
pub struct Sending {
    /// Open for reading.
    pub file: Arc<File>,
    /// What is left of the part that is being sent.
    pub range: Range<u64>,
    /// The parts behind it, each with the bytes that stand before it.
    pub parts: std::vec::IntoIter<(Vec<u8>, Range<u64>)>,
}

impl Sending {
    /// Whether anything of it follows what is in the outbox.
    pub fn has_more(&self) -> bool {
        !self.range.is_empty() || !self.parts.as_slice().is_empty()
    }

    /// Goes on with the next part and gives the bytes that stand before it.
    pub fn next_part(&mut self) -> Option<Vec<u8>> {
        let (before, range) = self.parts.next()?;
        self.range = range;
        Some(before)
    }
}
