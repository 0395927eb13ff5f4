//! What is on its way to a client: bytes first, then what follows from a file, or is made meanwhile.

use super::buffers::Buffer;
use super::producing::Producing;
use crate::log::access::Entry;
use crate::os::files;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// Content of a file, in bytes, that is read and leaves with its head by one send(2). Longer content goes by sendfile(2),
/// which copies nothing in this process, but takes more time to begin: a range of 1 KiB costs a sixth less CPU time read, one
/// of 8 KiB the same, and one of 16 KiB a sixth more.
const READ_BYTES_MAX: u64 = 8 << 10;

/// Answers that were not sent yet.
#[derive(Default)]
pub struct Outgoing {
    /// Heads, and content that was in memory.
    pub outbox: Buffer,
    /// Content that follows them.
    pub stream: Option<Stream>,
    /// The line to log once the stream is sent, if access lines are logged.
    pub entry: Option<Entry>,
    /// The lines to log once the outbox is sent, where that takes more than a drive: of the answers in it that are whole.
    pub waiting: Vec<Entry>,
    /// When the last byte came of the head of the request that is answered next, if a line of the log says how long that
    /// takes.
    pub asked: Option<Instant>,
}

impl Outgoing {
    /// Whether what comes next waits for its turn among the downloads.
    pub fn is_at_a_download(&self) -> bool {
        let is_download = match &self.stream {
            Some(Stream::File(_)) => true,
            Some(Stream::Source(source)) => source.is_download(),
            None => false,
        };
        is_download && self.outbox.is_empty()
    }

    /// Whether nothing more is to be sent to a client that has ended its side.
    pub fn ends_with_client(&self) -> bool {
        matches!(&self.stream, Some(Stream::Source(source)) if source.ends_with_client())
    }
}

/// Content that is not in the outbox, and goes out a bounded part a turn.
pub enum Stream {
    /// It is in a file.
    File(Sending),
    /// It is made while it is sent.
    Source(Producing),
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
    /// Appends the parts to `out` if they are short, and gives what is left to be sent from the file. Like sendfile(2), this
    /// may wait for the disk.
    ///
    /// Bytes that cannot be read are left: when they are to be sent, the connection learns why, and ends.
    pub fn read_short(mut self, out: &mut Vec<u8>) -> Option<Sending> {
        if self.bytes() > READ_BYTES_MAX {
            return Some(self);
        }
        loop {
            while !self.range.is_empty() {
                let start = out.len();
                out.resize(start + (self.range.end - self.range.start) as usize, 0);
                let count = files::read_at(&self.file, &mut out[start..], self.range.start).unwrap_or(0);
                out.truncate(start + count);
                self.range.start += count as u64;
                if count == 0 {
                    return Some(self);
                }
            }
            out.extend_from_slice(&self.next_part()?);
        }
    }

    /// The bytes of all parts, and of the lines before each part.
    fn bytes(&self) -> u64 {
        let length = |range: &Range<u64>| range.end - range.start;
        let part = |(before, range): &(Vec<u8>, _)| before.len() as u64 + length(range);
        length(&self.range) + self.parts.as_slice().iter().map(part).sum::<u64>()
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(bytes: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Arc::new(file)
    }

    #[test]
    fn short_parts_are_read_and_what_is_not_there_is_left() {
        let file = file(b"0123456789");
        let read = |range: Range<u64>, parts: Vec<(Vec<u8>, Range<u64>)>| {
            let mut out = b"head".to_vec();
            let left = Sending { file: file.clone(), range, parts: parts.into_iter() }.read_short(&mut out);
            (String::from_utf8(out).unwrap(), left.map(|left| (left.range, left.parts.len())))
        };
        let before = files::disk_calls();
        assert_eq!(read(2..5, vec![]), ("head234".into(), None));
        assert!(files::disk_calls() > before, "the observer is told of this reading");
        let parts = || vec![(b"<a>".to_vec(), 0..2), (b"<b>".to_vec(), 8..12), (b"<c>".to_vec(), 0..0)];
        assert_eq!(read(0..0, parts()[..1].to_vec()), ("head<a>01".into(), None));
        assert_eq!(read(8..10, vec![]), ("head89".into(), None));
        assert_eq!(read(8..12, vec![]), ("head89".into(), Some((10..12, 0))), "the file became shorter");
        assert_eq!(read(0..0, parts()), ("head<a>01<b>89".into(), Some((10..12, 1))));
        let long = 0..READ_BYTES_MAX + 1;
        assert_eq!(read(long.clone(), vec![]), ("head".into(), Some((long, 0))), "this goes by sendfile");
    }
}
