//! Content that is made over time: the events, and as many bytes as somebody likes.

use super::record::Shared;
use crate::conn::Id;
use crate::service::response::{Phase, Progress, Source};

/// Bytes of [`Bytes`] that are made at a time.
const PIECE_BYTES: usize = 64 << 10;

/// The events for one reader.
pub struct Events {
    pub shared: Shared,
    pub reader: Id,
}

impl Source for Events {
    fn produce(&mut self, out: &mut Vec<u8>, phase: Phase) -> Progress<()> {
        if phase == Phase::Stopping {
            return Progress::Ready(());
        }
        let mut record = self.shared.lock();
        let Some(queue) = record.queue(self.reader) else { return Progress::Ready(()) };
        if queue.take(out) { Progress::Again } else { Progress::Later }
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

    fn produce(&mut self, out: &mut Vec<u8>, _: Phase) -> Progress<()> {
        let count = self.left.min(PIECE_BYTES as u64);
        self.left -= count;
        out.resize(out.len() + count as usize, b'.');
        if count == 0 { Progress::Ready(()) } else { Progress::Again }
    }
}
