//! The bytes of a file: a small file is read into memory, a large file is kept open and sent from the disk. This file
//! does not know what the bytes mean.

use super::root::Opened;
use super::stamp::Stamp;
use crate::http::validators::Strength;
use crate::os::files::{self, Kind, read_ahead, stat};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

/// Files up to this many bytes are read into memory, and sent together with their head in one write.
pub const WHOLE_BYTES_MAX: u64 = 64 << 10;

/// How often a file is read that becomes longer or shorter while it is read.
const TRIES: usize = 3;

/// The bytes of one version of a file.
pub struct Contents {
    /// Where the bytes are.
    pub stored: Stored,
    /// The version of the file.
    pub stamp: Stamp,
    /// Strong if every later change of the file will show in its stamp.
    pub strength: Strength,
}

/// Where the bytes of a representation are.
#[derive(Clone)]
pub enum Stored {
    /// All bytes are in memory.
    Whole(Arc<[u8]>),
    /// The bytes are in this file, open for reading, which is too large to be kept in memory.
    Large(Arc<File>),
}

impl Stored {
    /// Whether both are the same memory or the same open file.
    pub fn is_same(&self, other: &Stored) -> bool {
        match (self, other) {
            (Stored::Whole(one), Stored::Whole(other)) => Arc::ptr_eq(one, other),
            (Stored::Large(one), Stored::Large(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Whether the content begins with `bytes`. For a large file this reads from the disk.
    pub fn begins_with(&self, bytes: &[u8]) -> io::Result<bool> {
        match self {
            Stored::Whole(stored) => Ok(stored.starts_with(bytes)),
            Stored::Large(file) => {
                let mut first = vec![0; bytes.len()];
                files::read_exact_at(file, &mut first, 0)?;
                Ok(first == bytes)
            }
        }
    }
}

impl Stored {
    /// Whether a NUL is among the first bytes: then the content is no text of one byte or more for each character, and may be
    /// UTF-16 without a mark. For a large file this reads from the disk.
    pub fn has_nul(&self) -> io::Result<bool> {
        match self {
            Stored::Whole(bytes) => Ok(bytes.contains(&0)),
            Stored::Large(file) => {
                let mut first = vec![0; WHOLE_BYTES_MAX as usize];
                let count = files::read_at(file, &mut first, 0)?;
                Ok(first[..count].contains(&0))
            }
        }
    }
}

impl Contents {
    /// Reads a small file into memory. Of a large file, asks the kernel to read the first bytes from the disk ahead of
    /// time. `None` if what was opened is no regular file after all.
    ///
    /// The look before the file was opened and the look after it was read see the same version, or the tag is weak.
    pub fn read(Opened { file, stamp }: Opened, now: SystemTime) -> io::Result<Option<Contents>> {
        let mut expected = stamp;
        let mut tries = 1..=TRIES;
        loop {
            let is_last = tries.next().is_none();
            // At last all is taken that comes: proc(5) says of every file that it is empty.
            let length = if is_last { WHOLE_BYTES_MAX } else { expected.bytes() };
            let is_small = expected.bytes() <= WHOLE_BYTES_MAX;
            let bytes = is_small.then(|| read_whole(&file, length as usize)).transpose()?;
            let stat = stat(&file)?;
            if stat.kind != Kind::File {
                return Ok(None);
            }
            let after = Stamp::from(stat);
            let stored = match bytes {
                None if after.bytes() > WHOLE_BYTES_MAX => {
                    read_ahead(&file);
                    Stored::Large(Arc::new(file))
                }
                Some(bytes) if bytes.len() as u64 == after.bytes() || is_last => Stored::Whole(bytes),
                _ if is_last => return Err(io::ErrorKind::Interrupted.into()),
                // The file became longer or shorter meanwhile.
                _ => {
                    expected = after;
                    continue;
                }
            };
            let is_same = match &stored {
                Stored::Whole(bytes) => after == expected && bytes.len() as u64 == after.bytes(),
                Stored::Large(_) => true,
            };
            let strength = if is_same { after.strength(now) } else { Strength::Weak };
            return Ok(Some(Contents { stored, stamp: after, strength }));
        }
    }
}

/// The bytes of a file that should have `length` bytes. One byte more is asked for: a read that does not fill its room has met
/// the end of the file, and saves the read that would find the end.
fn read_whole(file: &File, length: usize) -> io::Result<Arc<[u8]>> {
    let mut room = vec![0; length + 1];
    let mut count = 0;
    while count < room.len() {
        match files::read_at(file, &mut room[count..], count as u64) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if count >= length {
            break;
        }
    }
    Ok(room[..count].into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_whose_length_is_not_what_is_said_is_read_to_its_end_and_not_kept() {
        let file = File::open("/proc/version").unwrap();
        let stamp = Stamp::from(stat(&file).unwrap());
        assert_eq!(stamp.bytes(), 0);
        let later = SystemTime::now() + Duration::from_secs(10);
        let contents = Contents::read(Opened { file, stamp }, later).unwrap().unwrap();
        let Stored::Whole(bytes) = contents.stored else { panic!("it is short") };
        assert_eq!(*bytes, std::fs::read("/proc/version").unwrap());
        assert_eq!(contents.strength, Strength::Weak);
    }
}
