//! A transport whose other end is the ring: bytes that have come, and bytes that are to be sent.

use onepoll::conn::transport::{Follow, Readiness, Transport};
use rustix::buffer::spare_capacity;
use rustix::io::pread;
use std::fs::File;
use std::io;
use std::ops::Range;

/// Bytes that the kernel may bring with one receive.
const INPUT_BYTES: usize = 4 << 10;

/// Bytes that a connection may write ahead of the kernel, beside the bytes that are on their way: three of the largest
/// segments on loopback, as the reactor sends of a file. A little more would go out as a packet of its own.
const OUTPUT_BYTES_MAX: usize = 3 * 65_483;

/// The bytes of one connection, in the hands of the program.
#[derive(Default)]
pub struct Buffers {
    /// What came, and which part of it was not read yet. None while the kernel has the buffer.
    input: Option<Box<[u8]>>,
    unread: Range<usize>,
    /// The rest of a send that took fewer bytes than it could, and what was written since.
    rest: Vec<u8>,
    output: Vec<u8>,
    has_ended: bool,
    failed: Option<io::ErrorKind>,
    /// The connection has ended its side, which is due after all bytes were sent.
    pub ends: bool,
}

impl Buffers {
    /// The kernel has filled a buffer, or has met the end or an error.
    pub fn received(&mut self, count: io::Result<usize>, input: Box<[u8]>) {
        match count {
            Ok(0) => self.has_ended = true,
            Ok(count) => (self.input, self.unread) = (Some(input), 0..count),
            Err(error) => self.failed = Some(error.kind()),
        }
    }

    /// The kernel gives back what it was to send. The next answer is written to the same buffer.
    pub fn sent(&mut self, count: io::Result<usize>, mut bytes: Vec<u8>) {
        match count {
            Ok(count) if count == bytes.len() => {
                if self.output.is_empty() {
                    bytes.clear();
                    self.output = bytes;
                }
            }
            Ok(count) => {
                bytes.drain(..count);
                self.rest = bytes;
            }
            Err(error) => {
                self.failed = Some(error.kind());
                self.output.clear();
            }
        }
    }

    /// What a poll would say of these buffers.
    pub fn readiness(&self) -> Readiness {
        let is_over = self.has_ended || self.failed.is_some();
        Readiness {
            readable: is_over || !self.unread.is_empty(),
            writable: self.output.len() < OUTPUT_BYTES_MAX,
            peer_closed: is_over,
        }
    }

    /// The next bytes to send.
    pub fn take_output(&mut self) -> Option<Vec<u8>> {
        let next = if self.rest.is_empty() { &mut self.output } else { &mut self.rest };
        (!next.is_empty()).then(|| std::mem::take(next))
    }

    /// A buffer to fill, when all that came before was read.
    pub fn take_input(&mut self) -> Option<Box<[u8]>> {
        let is_due = self.unread.is_empty() && !self.has_ended && self.failed.is_none();
        is_due.then(|| self.input.take().unwrap_or_else(|| vec![0; INPUT_BYTES].into()))
    }

    /// How many of `count` bytes can be written.
    fn room(&self, count: usize) -> io::Result<usize> {
        match (self.failed, OUTPUT_BYTES_MAX.saturating_sub(self.output.len())) {
            (Some(failed), _) => Err(failed.into()),
            (None, 0) => Err(io::ErrorKind::WouldBlock.into()),
            (None, room) => Ok(room.min(count)),
        }
    }
}

impl Transport for Buffers {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (&self.input, self.unread.len().min(buffer.len())) {
            (Some(input), count) if count > 0 => {
                buffer[..count].copy_from_slice(&input[self.unread.start..][..count]);
                self.unread.start += count;
                Ok(count)
            }
            _ if self.has_ended => Ok(0),
            _ => Err(self.failed.unwrap_or(io::ErrorKind::WouldBlock).into()),
        }
    }

    fn send(&mut self, bytes: &[u8], _: Follow) -> io::Result<usize> {
        let count = self.room(bytes.len())?;
        self.output.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize> {
        let (count, before) = (self.room(count)?, self.output.len());
        self.output.reserve_exact(count);
        let read = pread(file, spare_capacity(&mut self.output), offset)?.min(count);
        self.output.truncate(before + read);
        Ok(read)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.ends = true;
        Ok(())
    }
}
