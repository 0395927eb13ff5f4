//! What is on its way to a client: bytes first, then what follows from a file.

use crate::access::Entry;
use crate::buffers::Buffer;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

/// Answers that were not sent yet.
#[derive(Default)]
pub struct Outgoing {
    /// Heads, and content that was in memory.
    pub outbox: Buffer,
    /// Content that follows.
    pub file: Option<Sending>,
    /// Content that is made over time, after all that.
    pub source: Option<Box<dyn Source>>,
    /// The line to log once that is out, where somebody reads it.
    pub entry: Option<Entry>,
}

/// Makes content while it is sent. Only connections that are watched have any, so nobody else pays for it.
pub trait Source: Send {
    /// Appends a bounded part of it to `out`.
    fn produce(&mut self, out: &mut Vec<u8>) -> Supply;
}

/// How far content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    /// A part was appended.
    Some,
    /// Nothing for now: the connection is woken when there is more.
    Later,
    /// That was all.
    End,
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
