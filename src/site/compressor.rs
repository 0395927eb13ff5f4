//! Compresses text files in memory, a bounded piece in each turn, for later requests. Which files are worth compressing
//! is decided elsewhere.

use super::coding::{Gzip, gzip};
use super::contents::Stored;
use super::resource::Resource;
use crate::os::files;
use log::trace;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;

/// Bytes compressed in one turn of the loop, which takes well under 2 ms.
const BYTES_PER_TURN: usize = 16 << 10;

/// Resources that may wait to be compressed. With more, a later request for the file asks again.
const WAITING_MAX: usize = 64;

/// The queue of resources to compress; the first one is being compressed.
#[derive(Default)]
pub struct Compressor {
    waiting: VecDeque<Job>,
}

/// A resource that is being compressed.
struct Job {
    resource: Arc<Resource>,
    done: u64,
    encoder: Gzip,
}

impl Compressor {
    /// Queues `resource`, since a client would have preferred it compressed.
    pub fn want(&mut self, resource: &Arc<Resource>) {
        let is_known = self.waiting.iter().any(|job| Arc::ptr_eq(&job.resource, resource));
        if !is_known && self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(Job { resource: resource.clone(), done: 0, encoder: gzip() });
        }
    }

    /// Compresses one piece. When a resource is finished, gives it with its gzip; or without, where the file could not be
    /// read. If compressing panics, this resource is dropped from the queue, and the next call goes on with the next.
    pub fn work(&mut self) -> Option<Resource> {
        let mut job = self.waiting.pop_front()?;
        let is_finished = match job.piece() {
            Ok(0) => true,
            Ok(count) => {
                trace!("compressed {count} bytes of {}", job.resource.path());
                self.waiting.push_front(job);
                return None;
            }
            Err(_) => false,
        };
        let Job { resource, encoder, .. } = job;
        Some(match encoder.finish() {
            Ok(bytes) if is_finished => resource.with_gzip(bytes),
            _ => resource.without_gzip(),
        })
    }

    /// Whether the queue is empty.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Job {
    /// Compresses the next piece, and gives its length in bytes; 0 at the end. If the file changes meanwhile, the result
    /// is never used, since the stamp of the resource no longer is the stamp of the file.
    fn piece(&mut self) -> io::Result<usize> {
        let mut room = [0; BYTES_PER_TURN];
        let piece = match &self.resource.plain().stored {
            Stored::Whole(bytes) => {
                let left = &bytes[(self.done as usize).min(bytes.len())..];
                &left[..left.len().min(BYTES_PER_TURN)]
            }
            Stored::Large(file) => {
                let count = files::read_at(file, &mut room, self.done)?;
                &room[..count]
            }
        };
        self.encoder.write_all(piece)?;
        self.done += piece.len() as u64;
        Ok(piece.len())
    }
}
