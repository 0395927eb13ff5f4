//! Compressing and decompressing. This is the only file that names the crates for it; it does not know any file.

use crate::http::encoding::Coding;
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
pub use flate2::Crc;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Read};

/// Bytes of compressed input that one [`Decoder::step`] takes at most. A block of zstd may take 128 KiB.
const INPUT_BYTES: usize = 16 << 10;

/// Bytes that one step of [`unpack`] may give.
const UNPACKED_BYTES: usize = 64 << 10;

/// The largest window that clients must have for the coding `zstd` (RFC 9659 §3).
const ZSTD_WINDOW_BYTES_MAX: u64 = 8 << 20;

/// Compresses the bytes that are written to it with gzip, in memory.
pub type Gzip = GzEncoder<Vec<u8>>;

/// A new [`Gzip`], to which no byte was written yet.
pub fn gzip() -> Gzip {
    GzEncoder::new(Vec::new(), Compression::default())
}

/// Compresses with Deflate (RFC 1951), quickly and a piece at a time, one stream after another.
pub struct Deflater(Compress);

/// Whether a piece is the last of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// More follows.
    NotLast,
    /// The stream ends with it.
    Last,
}

impl Default for Deflater {
    /// At the beginning of a stream.
    fn default() -> Deflater {
        Deflater(Compress::new(Compression::fast(), false))
    }
}

impl Deflater {
    /// Compresses `bytes` and appends to `out` what is ready of the stream. After the last piece the next stream begins.
    pub fn write(&mut self, mut bytes: &[u8], piece: Piece, out: &mut Vec<u8>) {
        let flush = if piece == Piece::Last { FlushCompress::Finish } else { FlushCompress::None };
        loop {
            // Without free room nothing is written, and what is free may be less than what is ready.
            out.reserve(bytes.len() + 64);
            let before = self.0.total_in();
            let status = self.0.compress_vec(bytes, out, flush).expect("any bytes can be compressed");
            bytes = &bytes[(self.0.total_in() - before) as usize..];
            let is_done = match piece {
                Piece::Last => status == Status::StreamEnd,
                Piece::NotLast => bytes.is_empty(),
            };
            if is_done {
                break;
            }
        }
        if piece == Piece::Last {
            self.0.reset();
        }
    }
}

/// Decompresses a step at a time. A step takes a bounded time, whatever the input is.
pub trait Decoder: Send {
    /// Decompresses into `room`. An error if the input is not valid for the coding, to its last byte, or cannot be read.
    fn step(&mut self, room: &mut [u8]) -> io::Result<Step>;
}

/// What a [`Decoder::step`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This many plain bytes were written, or none for now.
    Bytes(usize),
    /// The input has ended.
    End,
}

/// A decoder of `compressed`, which is compressed by `coding`.
pub fn decoder(coding: Coding, compressed: impl Read + Send + 'static) -> Box<dyn Decoder> {
    let input = BufReader::with_capacity(INPUT_BYTES, compressed);
    match coding {
        Coding::Brotli => {
            let alloc = StandardAlloc::default;
            Box::new(Brotli {
                input,
                state: BrotliState::new_strict(alloc(), alloc(), alloc()),
                is_over: false,
            })
        }
        Coding::Zstd => {
            let mut decoder = FrameDecoder::new();
            decoder.set_max_window_size(ZSTD_WINDOW_BYTES_MAX);
            Box::new(Zstd { input, decoder, at: ZstdAt::Begin })
        }
        Coding::Gzip => Box::new(MultiGzDecoder::new(Rationed { input, left: 0 })),
        Coding::Identity => Box::new(input),
    }
}

/// All that `packed` is, decompressed at once: for what the program brings with it, and never for what a client sends, since
/// nothing limits the memory that it takes.
pub fn unpack(coding: Coding, packed: &'static [u8]) -> io::Result<Vec<u8>> {
    let mut decoder = decoder(coding, packed);
    let mut plain = Vec::new();
    loop {
        let end = plain.len();
        plain.resize(end + UNPACKED_BYTES, 0);
        match decoder.step(&mut plain[end..])? {
            Step::Bytes(count) => plain.truncate(end + count),
            Step::End => {
                plain.truncate(end);
                return Ok(plain);
            }
        }
    }
}

impl<R: Read + Send> Decoder for BufReader<R> {
    fn step(&mut self, room: &mut [u8]) -> io::Result<Step> {
        let count = self.read(room)?;
        Ok(if count == 0 { Step::End } else { Step::Bytes(count) })
    }
}

struct Brotli<R> {
    input: BufReader<R>,
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    is_over: bool,
}

impl<R: Read + Send> Decoder for Brotli<R> {
    fn step(&mut self, room: &mut [u8]) -> io::Result<Step> {
        let came = self.input.fill_buf()?;
        if self.is_over {
            return if came.is_empty() { Ok(Step::End) } else { Err(io::ErrorKind::InvalidData.into()) };
        }
        let (mut left, mut taken, mut free, mut written, mut all) = (came.len(), 0, room.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut taken,
            came,
            &mut free,
            &mut written,
            room,
            &mut all,
            &mut self.state,
        );
        let has_ended = came.is_empty();
        self.input.consume(taken);
        match result {
            BrotliResult::ResultFailure => return Err(io::ErrorKind::InvalidData.into()),
            BrotliResult::NeedsMoreInput if has_ended => return Err(io::ErrorKind::UnexpectedEof.into()),
            BrotliResult::ResultSuccess => self.is_over = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(Step::Bytes(written))
    }
}

/// Input of which a step is given a ration; beyond it a read would block.
struct Rationed<R> {
    input: BufReader<R>,
    left: usize,
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(room)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Rationed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let came = self.input.fill_buf()?;
        if self.left == 0 && !came.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(&came[..came.len().min(self.left)])
    }

    fn consume(&mut self, count: usize) {
        self.left -= count;
        self.input.consume(count);
    }
}

impl<R: Read + Send> Decoder for MultiGzDecoder<Rationed<R>> {
    fn step(&mut self, room: &mut [u8]) -> io::Result<Step> {
        self.get_mut().left = INPUT_BYTES;
        match self.read(room) {
            Ok(0) => Ok(Step::End),
            Ok(count) => Ok(Step::Bytes(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Step::Bytes(0)),
            Err(error) => Err(error),
        }
    }
}

struct Zstd<R> {
    input: BufReader<R>,
    decoder: FrameDecoder,
    at: ZstdAt,
}

/// Where a [`Zstd`] is: its input is one frame or several (RFC 8878 §3.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum ZstdAt {
    Begin,
    /// Within a frame with content.
    Frame,
    /// Within a skippable frame, with this many bytes left.
    Skipped(u64),
    /// Behind a frame.
    Behind,
}

impl<R: Read + Send> Decoder for Zstd<R> {
    fn step(&mut self, room: &mut [u8]) -> io::Result<Step> {
        match self.at {
            ZstdAt::Frame => return self.step_in_frame(room),
            ZstdAt::Skipped(left) if left > 0 => {
                let count = self.input.fill_buf()?.len().min(left.try_into().unwrap_or(usize::MAX));
                self.input.consume(count);
                self.at = ZstdAt::Skipped(left - count as u64);
                return if count > 0 { Ok(Step::Bytes(0)) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            ZstdAt::Begin | ZstdAt::Skipped(_) | ZstdAt::Behind => {}
        }
        if self.at != ZstdAt::Begin && self.input.fill_buf()?.is_empty() {
            return Ok(Step::End);
        }
        self.at = match self.decoder.init(&mut self.input) {
            Ok(()) => ZstdAt::Frame,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => ZstdAt::Skipped(length.into()),
            Err(error) => return Err(io::Error::other(error)),
        };
        Ok(Step::Bytes(0))
    }
}

impl<R: Read> Zstd<R> {
    fn step_in_frame(&mut self, room: &mut [u8]) -> io::Result<Step> {
        let decoder = &mut self.decoder;
        if decoder.can_collect() == 0 && !decoder.is_finished() {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            decoder.decode_blocks(&mut self.input, one).map_err(io::Error::other)?;
        }
        let count = decoder.read(room)?;
        if decoder.is_finished() && decoder.can_collect() == 0 {
            let said = decoder.get_checksum_from_data();
            if said.is_some() && said != decoder.get_calculated_checksum() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.at = ZstdAt::Behind;
        }
        Ok(Step::Bytes(count))
    }
}
