//! The source of this program, as it was when the program was built. The build script has packed each room; a page unpacks the
//! index and one room, and nothing is kept.

use crate::http::encoding::Coding;
use crate::site::unpack;

/// What the build script has packed: the index, and then the rooms.
const STREAMS: &[&[u8]] = include!(concat!(env!("OUT_DIR"), "/streams.rs"));

/// A file of the source, as the index has it.
pub struct File<'a> {
    /// The number of the stream that has its room.
    stream: usize,
    /// The folder below which it is listed, such as `src/conn`.
    pub room: &'a str,
    /// Its path in the project, such as `src/conn/io.rs`.
    pub path: &'a str,
    /// Bytes that are shown.
    bytes: usize,
    /// Lines at its end that are not shown: its unit tests.
    pub lines_left_out: usize,
    /// What it says of itself, in a sentence.
    pub sentence: &'a str,
}

/// The index as one text: [`files`] takes it apart.
pub fn index() -> String {
    STREAMS.first().map(|stream| unpacked(stream)).unwrap_or_default()
}

/// The files of an index, room by room.
pub fn files(index: &str) -> Vec<File<'_>> {
    index.lines().filter_map(read).collect()
}

/// The text of the file at this place among `files`.
pub fn text_of(files: &[File<'_>], at: usize) -> Option<String> {
    let file = files.get(at)?;
    let begin = files[..at].iter().filter(|other| other.stream == file.stream).map(|other| other.bytes).sum();
    let room = unpacked(STREAMS.get(file.stream)?);
    room.get(begin..begin + file.bytes).map(str::to_owned)
}

/// Reads a line of the index.
fn read(line: &str) -> Option<File<'_>> {
    let mut parts = line.splitn(6, '\t');
    Some(File {
        stream: parts.next()?.parse().ok()?,
        room: parts.next()?,
        path: parts.next()?,
        bytes: parts.next()?.parse().ok()?,
        lines_left_out: parts.next()?.parse().ok()?,
        sentence: parts.next()?,
    })
}

fn unpacked(stream: &'static [u8]) -> String {
    let text = unpack(Coding::Brotli, stream).expect("the build script packed it");
    String::from_utf8(text).expect("source is UTF-8")
}
