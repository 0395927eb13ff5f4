//! The bytes of a file: a small file is read into memory, a large file is kept open and sent from the disk. This file
//! does not know what the bytes mean.

use super::root::Opened;
use super::stamp::Stamp;
use crate::http::validators::Strength;
use crate::os::files::{read_ahead, stat};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::SystemTime;

/// Files up to this many bytes are read into memory, and sent together with their head in one write.
pub const WHOLE_BYTES_MAX: u64 = 64 << 10;

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
    /// The bytes are in a file, which is too large to be kept in memory.
    Large {
        /// The file, open for reading.
        file: Arc<File>,
        /// The length of the file in bytes.
        length: u64,
    },
}

impl Stored {
    /// The number of bytes.
    pub fn length(&self) -> u64 {
        match self {
            Stored::Whole(bytes) => bytes.len() as u64,
            Stored::Large { length, .. } => *length,
        }
    }

    /// Whether the content begins with `bytes`. For a large file this reads from the disk.
    pub fn begins_with(&self, bytes: &[u8]) -> io::Result<bool> {
        match self {
            Stored::Whole(stored) => Ok(stored.starts_with(bytes)),
            Stored::Large { file, .. } => {
                let mut first = vec![0; bytes.len()];
                file.read_exact_at(&mut first, 0)?;
                Ok(first == bytes)
            }
        }
    }
}

impl Contents {
    /// Reads a small file into memory. Of a large file, asks the kernel to read the first bytes from the disk ahead of
    /// time.
    pub fn read(Opened { file, stamp }: Opened, now: SystemTime) -> io::Result<Contents> {
        if stamp.bytes() > WHOLE_BYTES_MAX {
            read_ahead(&file);
            let stored = Stored::Large { file: Arc::new(file), length: stamp.bytes() };
            return Ok(Contents { stored, stamp, strength: stamp.strength(now) });
        }
        let mut bytes = Vec::with_capacity(stamp.bytes() as usize);
        (&file).take(WHOLE_BYTES_MAX).read_to_end(&mut bytes)?;
        let after = Stamp::from(stat(&file)?);
        let strength = if after == stamp { after.strength(now) } else { Strength::Weak };
        Ok(Contents { stored: Stored::Whole(bytes.into()), stamp: after, strength })
    }
}
