//! Events on their way to one reader.

use crate::reactor::kernel::Token;

/// Bytes that wait for one reader of the events. Whoever is slower than that loses whole batches.
const QUEUED_BYTES_MAX: usize = 1 << 20;

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

    /// Moves all of it behind `out`, and says whether there was anything.
    pub fn take(&mut self, out: &mut Vec<u8>) -> bool {
        let has_some = !self.bytes.is_empty();
        out.append(&mut self.bytes);
        has_some
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
