//! Content that is made over time: the events, and as many bytes as somebody likes.

use super::Shared;
use crate::conn::Id;
use crate::context::Phase;
use crate::outgoing::{Source, Supply};
use crate::reactor::kernel::Token;

/// Bytes that wait for one reader of the events. Whoever is slower than that loses whole batches.
const QUEUED_BYTES_MAX: usize = 1 << 20;

/// Bytes of [`Bytes`] that are made at a time.
const PIECE_BYTES: usize = 64 << 10;

/// What one reader of the events has not been sent.
pub struct Queue {
    /// Its connection.
    pub reader: Token,
    bytes: Vec<u8>,
}

impl Queue {
    pub fn new(reader: Token) -> Queue {
        // A browser begins once it sees something (HTML, 9.2 Server-sent events).
        Queue { reader, bytes: b": these are the turns of the loop\n\n".to_vec() }
    }

    /// Adds a batch, and says whether there was room.
    pub fn add(&mut self, batch: &[u8]) -> bool {
        let has_room = self.bytes.len() + batch.len() <= QUEUED_BYTES_MAX;
        if has_room {
            self.bytes.extend_from_slice(batch);
        }
        has_room
    }
}

/// The events for one reader.
pub struct Events {
    pub shared: Shared,
    pub reader: Id,
}

impl Source for Events {
    fn produce(&mut self, out: &mut Vec<u8>, phase: Phase) -> Supply {
        if phase == Phase::Stopping {
            return Supply::End;
        }
        let mut record = self.shared.lock();
        let Some(queue) = record.queue(self.reader) else { return Supply::End };
        if queue.bytes.is_empty() {
            return Supply::Later;
        }
        out.append(&mut queue.bytes);
        Supply::Some
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.shared.lock().remove_reader(self.reader);
    }
}

/// So many bytes, made while they are sent: something large to download that takes no room on the disk.
pub struct Bytes {
    pub left: u64,
}

impl Source for Bytes {
    fn length(&self) -> Option<u64> {
        Some(self.left)
    }

    fn produce(&mut self, out: &mut Vec<u8>, _: Phase) -> Supply {
        let count = self.left.min(PIECE_BYTES as u64);
        self.left -= count;
        out.resize(out.len() + count as usize, b'.');
        if count == 0 { Supply::End } else { Supply::Some }
    }
}
