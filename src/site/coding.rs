//! Compressing and decompressing. This is the only file that names the crates for it; it does not know any file.

use crate::http::encoding::Coding;
use brotli_decompressor::Decompressor;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ruzstd::decoding::StreamingDecoder;
use std::io::{self, Read};

/// Bytes of compressed input that the brotli decoder reads at a time.
const BROTLI_INPUT_BYTES: usize = 16 << 10;

/// Compresses the bytes that are written to it with gzip, in memory.
pub type Gzip = GzEncoder<Vec<u8>>;

/// A new [`Gzip`], to which no byte was written yet.
pub fn gzip() -> Gzip {
    GzEncoder::new(Vec::new(), flate2::Compression::default())
}

/// Reads the plain bytes of `compressed`, which is compressed by `coding`. A read fails if the input is not valid for
/// the coding. A read decompresses no more than it was asked for, and what is left of the current block.
pub fn decoded(coding: Coding, compressed: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    Ok(match coding {
        Coding::Brotli => Box::new(Decompressor::new(compressed, BROTLI_INPUT_BYTES)),
        Coding::Zstd => Box::new(StreamingDecoder::new(compressed).map_err(io::Error::other)?),
        Coding::Gzip => Box::new(MultiGzDecoder::new(compressed)),
        Coding::Identity => Box::new(compressed),
    })
}
