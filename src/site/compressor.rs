//! Compressing text, a bounded piece a turn, for those who ask the next time.

use super::coding::{Gzip, gzip};
use super::contents::Stored;
use super::resource::Resource;
use log::trace;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Bytes compressed in one turn, in well under 2 ms.
const BYTES_PER_TURN: usize = 16 << 10;

/// Resources that may wait; others ask again with their next request.
const WAITING_MAX: usize = 64;

/// The resource that is being compressed, and those that wait for it.
#[derive(Default)]
pub struct Compressor {
    waiting: VecDeque<Job>,
}

/// A resource, under the path it is kept by, as far as it is compressed.
struct Job {
    path: String,
    resource: Arc<Resource>,
    done: u64,
    encoder: Gzip,
}

impl Compressor {
    /// Somebody would have liked `resource` compressed.
    pub fn want(&mut self, path: &str, resource: &Arc<Resource>) {
        let is_known = self.waiting.iter().any(|job| Arc::ptr_eq(&job.resource, resource));
        if !is_known && self.waiting.len() < WAITING_MAX {
            let (path, resource) = (path.to_owned(), resource.clone());
            self.waiting.push_back(Job { path, resource, done: 0, encoder: gzip() });
        }
    }

    /// Does one piece, and gives what is finished by it: nobody waits for it any longer, whatever came of it. Where a
    /// piece panics its job is gone, and the next one's turn comes.
    pub fn work(&mut self) -> Option<(String, Resource)> {
        let mut job = self.waiting.pop_front()?;
        let is_finished = match job.piece() {
            Ok(0) => true,
            Ok(count) => {
                trace!("compressed {count} bytes of {}", job.path);
                self.waiting.push_front(job);
                return None;
            }
            Err(_) => false,
        };
        let Job { path, resource, encoder, .. } = job;
        Some(match encoder.finish() {
            Ok(bytes) if is_finished => (path, resource.with_gzip(bytes)),
            _ => (path, resource.without_gzip()),
        })
    }

    /// Whether nothing waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Job {
    /// Compresses on and says how many bytes; none at the end. A file that has changed on the way makes a result
    /// that is never used: its stamp no longer is that of the resource.
    fn piece(&mut self) -> io::Result<usize> {
        let mut room = [0; BYTES_PER_TURN];
        let piece = match &self.resource.identity().stored {
            Stored::Whole(bytes) => {
                let rest = &bytes[(self.done as usize).min(bytes.len())..];
                &rest[..rest.len().min(BYTES_PER_TURN)]
            }
            Stored::Large { file, .. } => {
                let count = file.read_at(&mut room, self.done)?;
                &room[..count]
            }
        };
        self.encoder.write_all(piece)?;
        self.done += piece.len() as u64;
        Ok(piece.len())
    }
}
