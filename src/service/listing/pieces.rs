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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_sent_in_pieces_and_loses_nothing() {
        let row = "a row of a listing\n";
        for rows in [0, 1, 1000, 13_000, 14_000, 100_000] {
            let mut text = Pieces::default();
            (0..rows).for_each(|_| text.last().push_str(row));
            let mut sent = Vec::new();
            match text.into_content() {
                Content::Bytes(bytes) => sent = bytes,
                Content::Produced(mut source) => {
                    assert!(rows * row.len() > AT_ONCE_BYTES_MAX as usize, "{rows}");
                    assert_eq!(source.length(), Some((rows * row.len()) as u64));
                    loop {
                        let before = sent.len();
                        let progress = source.produce(&mut sent, Phase::Serving);
                        assert!(sent.len() - before <= PIECE_BYTES + row.len(), "in one turn");
                        match progress {
                            Ok(Progress::Again) => {}
                            Ok(Progress::Ready(())) => break,
                            _ => panic!("it waits for nothing, and cannot break"),
                        }
                    }
                }
                _ => panic!("a text has bytes"),
            }
            assert_eq!(sent, row.repeat(rows).as_bytes());
        }
    }
}
