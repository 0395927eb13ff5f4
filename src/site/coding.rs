//! Compressing and decompressing: the only file that knows the crates for it.

use crate::http::encoding::Coding;
use brotli_decompressor::Decompressor;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ruzstd::decoding::StreamingDecoder;
use std::io::{self, Read};

/// Bytes of compressed input that the decoder of brotli asks for at a time.
const BROTLI_INPUT_BYTES: usize = 16 << 10;

/// Takes plain bytes, and gives them compressed by gzip when it is finished.
pub type Gzip = GzEncoder<Vec<u8>>;

/// A new [`Gzip`], which has taken nothing yet.
pub fn gzip() -> Gzip {
    GzEncoder::new(Vec::new(), flate2::Compression::default())
}

/// The plain bytes of `compressed`, which is compressed by `coding`. Reading fails where it is not, and decompresses no
/// more than what is asked for, and the rest of a block.
pub fn decoded(coding: Coding, compressed: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    Ok(match coding {
        Coding::Brotli => Box::new(Decompressor::new(compressed, BROTLI_INPUT_BYTES)),
        Coding::Zstd => Box::new(StreamingDecoder::new(compressed).map_err(io::Error::other)?),
        Coding::Gzip => Box::new(MultiGzDecoder::new(compressed)),
        Coding::Identity => Box::new(compressed),
    })
}
