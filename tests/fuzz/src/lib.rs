//! What holds of any bytes whatever. A fuzzer looks for bytes of which it does not hold, and `tests/corpus.rs` tries
//! those that a fuzzer came upon.

pub mod head;
pub mod body;
pub mod range;
pub mod conditions;
pub mod encoding;
pub mod target;
mod prefix;
pub mod connection;
#[allow(dead_code, reason = "other tests ask more of it")]
#[path = "../../support/pieces.rs"]
mod pieces;

/// Takes the first byte off, by which a target varies what the others meet.
fn varied(bytes: &[u8]) -> (u8, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(first, rest)| (*first, rest))
}

/// Cuts `bytes` into pieces whose lengths depend on `seed`, some of them short and some long.
fn cut(mut bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut state = u32::from(seed) + 1;
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let most = 1 << (seed % 8);
        let length = 1 + (state >> 16) as usize % most;
        let (piece, rest) = bytes.split_at(length.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}
