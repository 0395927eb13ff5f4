//! The records of a ZIP archive, written one after another: what stands before and behind each file, and the directory at
//! the end (PKWARE APPNOTE 6.3.10). The archive is never in memory; this file knows no disk.
//!
//! Every file is a stream of Deflate whose length and CRC-32 follow in a data descriptor, so that a reader can unpack the
//! archive while it comes. Content that was only stored would have no end that such a reader could see.
//!
//! No crate writes the format here, because a large folder would then cost too much memory and too long a turn. After 70,000
//! entries with short names, rawzip 0.5.2 holds 10.5 MiB and zip 15.4 MiB, where [`Entries`] takes about 1 MiB. And both write
//! the whole directory in one call, where this writes it a line at a time.

use super::entries::{Content, Cursor, Entries, Entry};
use crate::http::date::civil;

/// From this length or offset on, a number does not fit and stands in a field of 64 bits.
const NUMBER_MAX: u64 = u32::MAX as u64;

/// From this many entries on, their number does not fit.
const ENTRIES_MAX: u64 = u16::MAX as u64;

/// Bit 3: length and CRC follow the content. Bit 11: names are UTF-8.
const FLAGS_OF_FILE: u16 = 1 << 3 | 1 << 11;
const FLAGS_OF_FOLDER: u16 = 1 << 11;

/// The versions of the format that a reader needs, in tenths: for Deflate and folders, and for numbers of 64 bits.
const VERSION: u16 = 20;
const VERSION_WITH_64_BITS: u16 = 45;

/// The host that the attributes are those of (Unix), in the high byte.
const MADE_BY_UNIX: u16 = 3 << 8;

/// Type and mode of a file and of a folder, and the bit that says the same to DOS.
const FILE_ATTRIBUTES: u32 = 0o100_644 << 16;
const FOLDER_ATTRIBUTES: u32 = 0o040_755 << 16 | 0x10;

/// An archive that is being written.
#[derive(Default)]
pub struct Zip {
    entries: Entries,
    /// Bytes of the archive before the next record.
    offset: u64,
    directory: Option<Directory>,
}

/// How far the directory was written.
#[derive(Default)]
struct Directory {
    cursor: Cursor,
    /// Where it begins.
    start: u64,
    /// Where the entry begins that comes next.
    entry_offset: u64,
}

impl Zip {
    /// Writes a folder. Its name ends in a slash.
    pub fn folder(&mut self, name: Vec<u8>, modified: i64, out: &mut Vec<u8>) {
        let entry = Entry { name, modified, content: None };
        write_local(&entry.name, modified, None, out);
        self.add(entry);
    }

    /// Writes what stands before the content of a file of so many bytes.
    pub fn begin_file(&self, name: &[u8], modified: i64, bytes: u64, out: &mut Vec<u8>) {
        write_local(name, modified, Some(bytes), out);
    }

    /// Writes what stands behind the content. False if the content takes more room than what stands before it allows.
    pub fn end_file(&mut self, name: Vec<u8>, modified: i64, content: Content, out: &mut Vec<u8>) -> bool {
        let Content { bytes, packed_bytes, crc } = content;
        out.extend_from_slice(b"PK\x07\x08");
        put(out, [crc]);
        match is_large(bytes) {
            true => put(out, [packed_bytes, bytes]),
            false => put(out, [packed_bytes as u32, bytes as u32]),
        }
        self.add(Entry { name, modified, content: Some(content) });
        is_large(bytes) || packed_bytes <= NUMBER_MAX
    }

    fn add(&mut self, entry: Entry) {
        self.offset += entry_bytes(&entry);
        self.entries.push(entry);
    }

    /// The memory that the entries take, in bytes.
    pub fn list_bytes(&self) -> usize {
        self.entries.list_bytes()
    }

    /// Writes the next line of the directory. False if that was the end of the archive.
    pub fn write_directory(&mut self, out: &mut Vec<u8>) -> bool {
        let directory =
            self.directory.get_or_insert_with(|| Directory { start: self.offset, ..Directory::default() });
        let before = out.len();
        match directory.cursor.next(&self.entries) {
            Some(entry) => {
                write_central(&entry, directory.entry_offset, out);
                directory.entry_offset += entry_bytes(&entry);
                self.offset += (out.len() - before) as u64;
                true
            }
            None => {
                write_end(self.entries.count(), directory.start, self.offset - directory.start, out);
                false
            }
        }
    }
}

/// Whether the header of a file of this length has room for numbers of 64 bits. Deflate may make content longer by a few bytes
/// in each block, and the header is written before that is known.
fn is_large(bytes: u64) -> bool {
    bytes + bytes / 1024 + 1024 > NUMBER_MAX
}

/// The bytes that an entry takes before the directory: its header, its content and its descriptor.
fn entry_bytes(Entry { name, modified, content }: &Entry) -> u64 {
    let mut header = Vec::new();
    write_local(name, *modified, content.map(|content| content.bytes), &mut header);
    let content =
        content.map_or(0, |content| content.packed_bytes + if is_large(content.bytes) { 24 } else { 16 });
    header.len() as u64 + content
}

/// Writes a local file header (APPNOTE 4.3.7). `bytes` is `None` for a folder.
fn write_local(name: &[u8], modified: i64, bytes: Option<u64>, out: &mut Vec<u8>) {
    let is_large = bytes.is_some_and(is_large);
    // The lengths are not known yet. Where they will have 64 bits, this says so.
    let length = if is_large { u32::MAX } else { 0 };
    let mut extra = timestamp(modified);
    if is_large {
        put(&mut extra, [1u16, 16]);
        put(&mut extra, [0u64; 2]);
    }
    out.extend_from_slice(b"PK\x03\x04");
    put(out, [if is_large { VERSION_WITH_64_BITS } else { VERSION }]);
    put(out, kind(bytes.is_some()));
    put(out, dos_time(modified));
    put(out, [0, length, length]);
    put(out, [name.len() as u16, extra.len() as u16]);
    out.extend_from_slice(name);
    out.extend_from_slice(&extra);
}

/// Writes a line of the directory (APPNOTE 4.3.12) for an entry that begins at `offset`.
fn write_central(Entry { name, modified, content }: &Entry, offset: u64, out: &mut Vec<u8>) {
    let (bytes, packed_bytes, crc) =
        content.map_or((0, 0, 0), |content| (content.bytes, content.packed_bytes, content.crc));
    let numbers = [bytes, packed_bytes, offset];
    let large: Vec<u64> = numbers.into_iter().filter(|number| *number >= NUMBER_MAX).collect();
    let [bytes_32, packed_32, offset_32] = numbers.map(|number| number.min(NUMBER_MAX) as u32);
    let mut extra = timestamp(*modified);
    if !large.is_empty() {
        put(&mut extra, [1u16, 8 * large.len() as u16]);
        large.iter().for_each(|number| put(&mut extra, [*number]));
    }
    let needs_64_bits = !large.is_empty() || content.is_some_and(|content| is_large(content.bytes));
    let version = if needs_64_bits { VERSION_WITH_64_BITS } else { VERSION };
    out.extend_from_slice(b"PK\x01\x02");
    put(out, [MADE_BY_UNIX | version, version]);
    put(out, kind(content.is_some()));
    put(out, dos_time(*modified));
    put(out, [crc, packed_32, bytes_32]);
    // No comment, on the first disk, and no word on what the content is.
    put(out, [name.len() as u16, extra.len() as u16, 0, 0, 0]);
    put(out, [if content.is_some() { FILE_ATTRIBUTES } else { FOLDER_ATTRIBUTES }, offset_32]);
    out.extend_from_slice(name);
    out.extend_from_slice(&extra);
}

/// Writes what stands behind a directory of `count` entries (APPNOTE 4.3.14 to 4.3.16).
fn write_end(count: u64, start: u64, bytes: u64, out: &mut Vec<u8>) {
    if count >= ENTRIES_MAX || start >= NUMBER_MAX || bytes >= NUMBER_MAX {
        out.extend_from_slice(b"PK\x06\x06");
        put(out, [44u64]);
        put(out, [MADE_BY_UNIX | VERSION_WITH_64_BITS, VERSION_WITH_64_BITS]);
        put(out, [0u32; 2]);
        put(out, [count, count, bytes, start]);
        out.extend_from_slice(b"PK\x06\x07");
        put(out, [0u32]);
        put(out, [start + bytes]);
        put(out, [1u32]);
    }
    let count = count.min(ENTRIES_MAX) as u16;
    out.extend_from_slice(b"PK\x05\x06");
    put(out, [0, 0, count, count]);
    put(out, [bytes.min(NUMBER_MAX) as u32, start.min(NUMBER_MAX) as u32]);
    put(out, [0u16]);
}

/// Flags and method: a file is deflated, and a folder has no content.
fn kind(is_file: bool) -> [u16; 2] {
    if is_file { [FLAGS_OF_FILE, 8] } else { [FLAGS_OF_FOLDER, 0] }
}

/// The extra field with the time in seconds since 1970, where 32 bits hold it.
fn timestamp(modified: i64) -> Vec<u8> {
    let Ok(second) = i32::try_from(modified) else { return Vec::new() };
    let mut field = Vec::with_capacity(32);
    put(&mut field, [0x5455u16, 5]);
    // Only this one of three times is here.
    field.push(1);
    field.extend_from_slice(&second.to_le_bytes());
    field
}

/// Time and date as DOS writes them: in steps of two seconds, from 1980 to 2107. DOS has no zones; this is UTC.
fn dos_time(modified: i64) -> [u16; 2] {
    const FIRST: i64 = 315_532_800;
    const LAST: i64 = 4_354_819_198;
    let second = modified.clamp(FIRST, LAST) as u64;
    let (year, month, day) = civil((second / 86_400) as u32);
    let clock = second % 86_400;
    let time = ((clock / 3_600) << 11) | ((clock / 60 % 60) << 5) | (clock % 60 / 2);
    [time as u16, ((year - 1980) << 9 | (month + 1) << 5 | day) as u16]
}

/// A number that is written with its low byte first.
trait Number {
    fn put(self, out: &mut Vec<u8>);
}

macro_rules! numbers {
    ($($kind:ty)*) => {$(
        impl Number for $kind {
            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

numbers!(u16 u32 u64);

fn put<const COUNT: usize>(out: &mut Vec<u8>, numbers: [impl Number; COUNT]) {
    numbers.into_iter().for_each(|number| number.put(out));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_dos_in_utc() {
        let dos = |year: u16, month: u16, day: u16, hour: u16, minute: u16, two_seconds: u16| {
            [hour << 11 | minute << 5 | two_seconds, (year - 1980) << 9 | month << 5 | day]
        };
        for (second, expected) in [
            (784_111_777, dos(1994, 11, 6, 8, 49, 18)),
            (951_782_399, dos(2000, 2, 28, 23, 59, 29)),
            (951_868_800, dos(2000, 3, 1, 0, 0, 0)),
            (0, dos(1980, 1, 1, 0, 0, 0)),
            (i64::MIN, dos(1980, 1, 1, 0, 0, 0)),
            (i64::MAX, dos(2107, 12, 31, 23, 59, 29)),
        ] {
            assert_eq!(dos_time(second), expected, "{second}");
        }
        assert_eq!(timestamp(784_111_777), b"UT\x05\x00\x01\xa1\x98\xbc\x2e");
        assert_eq!(timestamp(1 << 31), b"", "2038");
    }

    /// The numbers of 32 bits that a line of the directory has, and its extra fields behind the time.
    fn central(bytes: u64, packed_bytes: u64, offset: u64) -> ([u32; 3], Vec<u8>) {
        let content = Some(Content { bytes, packed_bytes, crc: 0 });
        let mut line = Vec::new();
        write_central(&Entry { name: b"n".to_vec(), modified: 0, content }, offset, &mut line);
        let number = |at: usize| u32::from_le_bytes(line[at..at + 4].try_into().unwrap());
        ([24, 20, 42].map(number), line[46 + 1 + 9..].to_vec())
    }

    #[test]
    fn numbers_that_do_not_fit_stand_in_an_extra_field() {
        const MAX: u64 = u32::MAX as u64;
        let field = |numbers: &[u64]| {
            let mut field = [1u16, 8 * numbers.len() as u16].map(u16::to_le_bytes).concat();
            numbers.iter().for_each(|number| field.extend_from_slice(&number.to_le_bytes()));
            field
        };
        assert_eq!(central(MAX - 1, MAX - 1, MAX - 1), ([u32::MAX - 1; 3], vec![]));
        assert_eq!(central(MAX, 7, 8), ([u32::MAX, 7, 8], field(&[MAX])));
        assert_eq!(central(7, 8, MAX), ([7, 8, u32::MAX], field(&[MAX])));
        assert_eq!(central(MAX + 1, MAX + 2, MAX + 3), ([u32::MAX; 3], field(&[MAX + 1, MAX + 2, MAX + 3])));

        // The header before a file, and the descriptor behind it, agree on how long the numbers are.
        for (bytes, header, descriptor) in
            [(0, 39, 16), (MAX - MAX / 1024 - 1024, 39, 16), (MAX - 1024, 59, 24), (MAX + 1, 59, 24)]
        {
            let (mut zip, mut out) = (Zip::default(), Vec::new());
            zip.begin_file(b"", 0, bytes, &mut out);
            assert_eq!(out.len(), header, "{bytes}");
            out.clear();
            assert!(zip.end_file(vec![], 0, Content { bytes, packed_bytes: 2, crc: 0 }, &mut out));
            assert_eq!((out.len(), zip.offset), (descriptor, (header + 2 + descriptor) as u64), "{bytes}");
        }
        let content = Content { bytes: 5, packed_bytes: MAX + 1, crc: 0 };
        assert!(!Zip::default().end_file(vec![], 0, content, &mut Vec::new()), "it does not fit");
    }

    #[test]
    fn the_end_has_64_bits_where_it_must() {
        let end = |count, start, bytes| {
            let mut end = Vec::new();
            write_end(count, start, bytes, &mut end);
            (end.len(), end[end.len() - 14..end.len() - 2].to_vec())
        };
        let plain = |count: u16, bytes: u32, start: u32| {
            let mut plain = Vec::new();
            put(&mut plain, [count; 2]);
            put(&mut plain, [bytes, start]);
            plain
        };
        assert_eq!(end(65_534, 5, 6), (22, plain(65_534, 6, 5)));
        assert_eq!(end(65_535, 5, 6), (98, plain(65_535, 6, 5)));
        assert_eq!(end(70_000, 5, 6), (98, plain(65_535, 6, 5)));
        assert_eq!(end(1, u64::from(u32::MAX) - 1, 6), (22, plain(1, 6, u32::MAX - 1)));
        assert_eq!(end(1, u64::from(u32::MAX), 6), (98, plain(1, 6, u32::MAX)));
        assert_eq!(end(1, 5, 1 << 40), (98, plain(1, u32::MAX, 5)));
    }
}
