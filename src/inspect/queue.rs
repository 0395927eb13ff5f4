//! The events that wait to be sent to one client. This file does not know what they say.

use crate::reactor::kernel::Token;

/// Bytes of events that may wait for one client. A client that is slower misses whole batches.
const QUEUED_BYTES_MAX: usize = 1 << 20;

/// The events that were not sent to one client yet.
pub struct Queue {
    /// The connection of the client.
    pub reader: Token,
    bytes: Vec<u8>,
}

impl Queue {
    pub fn new(reader: Token) -> Queue {
        // A comment: a browser reports the stream as open when its first bytes come (HTML, 9.2 Server-sent events).
        Queue { reader, bytes: b": these are the turns of the loop\n\n".to_vec() }
    }

    /// Moves all of it behind `out`, and says whether there was anything.
    pub fn take(&mut self, out: &mut Vec<u8>) -> bool {
        let has_some = !self.bytes.is_empty();
        out.append(&mut self.bytes);
        has_some
    }

    /// Adds a batch. False if there was no room for it.
    pub fn add(&mut self, batch: &[u8]) -> bool {
        let has_room = self.bytes.len() + batch.len() <= QUEUED_BYTES_MAX;
        if has_room {
            self.bytes.extend_from_slice(batch);
        }
        has_room
    }
}
