//! Content that is made while it is sent: the events, and a large download. What the events say is decided elsewhere.

use super::record::Shared;
use crate::conn::Id;
use crate::service::response::{Broken, Phase, Progress, Source};

/// Bytes of the large download that are made at a time.
const PIECE_BYTES: usize = 64 << 10;

/// The events for one client that reads them.
pub struct Events {
    pub shared: Shared,
    pub reader: Id,
}

impl Source for Events {
    fn produce(&mut self, out: &mut Vec<u8>, phase: Phase) -> Result<Progress<()>, Broken> {
        if phase == Phase::Stopping {
            return Ok(Progress::Ready(()));
        }
        let mut record = self.shared.lock();
        let Some(queue) = record.queue(self.reader) else { return Ok(Progress::Ready(())) };
        Ok(if queue.take(out) { Progress::Again } else { Progress::Later })
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.shared.lock().remove_reader(self.reader);
    }
}

/// A large download of `left` bytes, which needs no file.
pub struct Bytes {
    pub left: u64,
}

impl Source for Bytes {
    fn length(&self) -> Option<u64> {
        Some(self.left)
    }

    fn is_download(&self) -> bool {
        true
    }

    fn produce(&mut self, out: &mut Vec<u8>, _: Phase) -> Result<Progress<()>, Broken> {
        let count = self.left.min(PIECE_BYTES as u64);
        self.left -= count;
        out.resize(out.len() + count as usize, b'.');
        Ok(if count == 0 { Progress::Ready(()) } else { Progress::Again })
    }
}
