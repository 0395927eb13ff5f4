//! The text of a listing in pieces, so that no turn copies all of a long one.

use crate::service::response::{Broken, Content, Phase, Progress, Source};
use std::collections::VecDeque;

/// Bytes of a piece.
const PIECE_BYTES: usize = 64 << 10;

/// Bytes of a text that is sent at once. A longer text is sent a piece a turn.
const AT_ONCE_BYTES_MAX: u64 = 256 << 10;

/// A text that is being written.
#[derive(Default)]
pub struct Pieces {
    whole: VecDeque<String>,
    last: String,
}

impl Pieces {
    /// The piece that is being written. A short text is to be appended: a row, or what stands around the rows.
    pub fn last(&mut self) -> &mut String {
        if self.last.len() >= PIECE_BYTES {
            self.whole.push_back(std::mem::take(&mut self.last));
        }
        &mut self.last
    }

    /// The text as the content of an answer.
    pub fn into_content(mut self) -> Content {
        self.whole.push_back(std::mem::take(&mut self.last));
        if self.bytes() > AT_ONCE_BYTES_MAX {
            return Content::Produced(Box::new(self));
        }
        Content::Bytes(self.whole.into_iter().collect::<String>().into())
    }

    fn bytes(&self) -> u64 {
        self.whole.iter().map(|piece| piece.len() as u64).sum()
    }
}

impl Source for Pieces {
    fn length(&self) -> Option<u64> {
        Some(self.bytes())
    }

    fn produce(&mut self, out: &mut Vec<u8>, _: Phase) -> Result<Progress<()>, Broken> {
        Ok(match self.whole.pop_front() {
            Some(piece) => {
                out.extend_from_slice(piece.as_bytes());
                Progress::Again
            }
            None => Progress::Ready(()),
        })
    }
}
