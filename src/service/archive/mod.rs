//! A folder as a ZIP archive, for `?archive=zip` where a list of the folder would be shown. It is made while it is sent, a
//! bounded part at a time, and never is in memory or on the disk. What is in it is decided in [`crate::site::walk`]: what a
//! client could find by listings and get, and nothing else.
//!
//! A file that changes while it is read would be half of one version and half of another: then the archive breaks off, and the
//! client sees that. A file whose mode alone changes, or that is deleted, is whole, and the archive goes on.

mod entries;
mod names;
mod zip;

use super::pages::page;
use super::response::{Broken, Content, Phase, Progress, Response, Source};
use super::shared::Service;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::http::target::has_pair;
use crate::site::folder::Unread;
use crate::site::walk::{Checked, Step, Stopped, Unchanged, Walk};
use crate::site::{Crc, Deflater, Missing, Piece};
use log::warn;
use std::os::unix::ffi::OsStrExt;
use zip::Zip;

/// What a part of an archive may cost, in bytes that are copied from a file. It takes about as much time as to send a part of a
/// file, 40 microseconds: reading, summing and sending a byte takes 1.1 nanoseconds, and sendfile(2) a fifth of that for each of
/// its `FILE_BYTES_A_PART` (`conn/context.rs`).
const COST_OF_A_PART: usize = 32 << 10;

/// The cost of compressing a byte: 5 nanoseconds.
const COST_OF_DEFLATING: usize = 4;

/// The cost of a name: looking at it, and opening and closing its file.
const COST_OF_A_NAME: usize = 16 << 10;

/// The cost of a line of the directory at the end.
const COST_OF_A_LINE: usize = 512;

/// The most bytes of a stored block. Deflate has room for twice as many (RFC 1951 §3.2.4).
const BLOCK_BYTES_MAX: usize = COST_OF_A_PART;

/// The shortest file that is compressed, in bytes: with a shorter one no more could be saved than its records take, and to begin
/// a stream takes as long as to compress 4 KiB.
const DEFLATED_BYTES_MIN: u64 = 256;

/// Bytes that are compressed at a time.
const PIECE_BYTES: usize = 4 << 10;

/// The most memory that what is noted of the entries of an archive may take, in bytes: that is more than a million files.
const LIST_BYTES_MAX: usize = 64 << 20;

/// Seconds after which a client may ask again for an archive, where there are too many.
const RETRY_AFTER: u64 = 5;

/// Whether a query asks for an archive.
pub fn is_asked_for(query: Option<&str>) -> bool {
    has_pair(query, "archive=zip")
}

/// The answer with the archive of `folder`, to be saved.
pub fn answer(folder: Unread, request: &Request<'_>, service: &Service) -> Result<Response, Missing> {
    if !request.is_of_this_server() {
        let page = page(
            Status::FORBIDDEN,
            "Another site has asked for this archive; open the folder, and ask for it there",
        );
        return Ok(Response { head: page.head.vary("Sec-Fetch-Site"), ..page });
    }
    let of_prefix = service.prefix().filter(|_| folder.is_root()).map(|prefix| prefix.last_name().to_vec());
    let of_folder = || folder.last_name().map(|name| name.as_bytes().to_vec());
    let name = of_prefix.or_else(of_folder).unwrap_or_else(|| b"archive".to_vec());
    let walk = match service.site.walk(folder) {
        Err(Missing::NotNow) => {
            let page = page(
                Status::SERVICE_UNAVAILABLE,
                "The server makes as many archives as it can at the moment",
            );
            return Ok(page.field("Retry-After", RETRY_AFTER));
        }
        walk => walk?,
    };
    let head = Head::new(Status::OK)
        .field("Content-Type", "application/zip")
        .field("Content-Disposition", &*names::disposition(&name))
        .field("Cache-Control", "no-store");
    Ok(Response::new(head, Content::Produced(Box::new(Archive::of(walk)))))
}

/// An archive that is being made.
struct Archive {
    walk: Walk,
    zip: Zip,
    stage: Stage,
    /// What compresses, once there was something to compress, and room for what it takes.
    deflater: Option<(Deflater, Box<[u8]>)>,
}

/// What is made next.
enum Stage {
    /// The next entry.
    Entry,
    /// More of a file.
    File(Packing),
    /// What stands behind a file, once it is known that the file did not change.
    Check(Packing),
    /// The directory.
    Directory,
    /// Nothing.
    Over,
}

/// A file that is put into the archive.
struct Packing {
    file: Unchanged,
    name: String,
    is_deflated: bool,
    crc: Crc,
    packed_bytes: u64,
}

impl Source for Archive {
    fn is_download(&self) -> bool {
        true
    }

    fn produce(&mut self, out: &mut Vec<u8>, _: Phase) -> Result<Progress<()>, Broken> {
        let before = out.len();
        let mut left = COST_OF_A_PART;
        while left > 0 && !matches!(self.stage, Stage::Over) {
            let cost = self.advance(out).map_err(|Stopped(why)| {
                warn!("an archive was broken off at {}: {why}", self.walk.shown());
                Broken(why)
            })?;
            left = left.saturating_sub(cost);
        }
        let is_over = matches!(self.stage, Stage::Over) && out.len() == before;
        Ok(if is_over { Progress::Ready(()) } else { Progress::Again })
    }
}

impl Archive {
    fn of(walk: Walk) -> Archive {
        Archive { walk, zip: Zip::default(), stage: Stage::Entry, deflater: None }
    }

    /// Makes a little more, and gives what that has cost.
    fn advance(&mut self, out: &mut Vec<u8>) -> Result<usize, Stopped> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Entry => {
                self.stage = self.next_entry(out)?;
                Ok(COST_OF_A_NAME)
            }
            Stage::File(packing) if packing.is_deflated => self.deflate(packing, out),
            Stage::File(packing) => self.store(packing, out),
            Stage::Check(packing) => self.check(packing, out),
            Stage::Directory => {
                if self.zip.write_directory(out) {
                    self.stage = Stage::Directory;
                }
                Ok(COST_OF_A_LINE)
            }
            Stage::Over => Ok(0),
        }
    }

    fn next_entry(&mut self, out: &mut Vec<u8>) -> Result<Stage, Stopped> {
        let step = self.walk.step()?;
        let name = names::of_entry(self.walk.path());
        if self.zip.list_bytes() > LIST_BYTES_MAX || name.len() > usize::from(u16::MAX) {
            return Err(Stopped("there are more names than an archive can have"));
        }
        Ok(match step {
            Step::Nothing => Stage::Entry,
            Step::End => Stage::Directory,
            Step::Folder(modified) => {
                self.zip.folder(name.into(), modified, out);
                Stage::Entry
            }
            Step::File(file) => {
                self.zip.begin_file(name.as_bytes(), file.modified(), file.bytes(), out);
                let is_deflated = file.bytes() >= DEFLATED_BYTES_MIN && self.walk.is_compressible();
                Stage::File(Packing { file, name, is_deflated, crc: Crc::new(), packed_bytes: 0 })
            }
        })
    }

    /// Compresses the next piece of a file.
    fn deflate(&mut self, mut packing: Packing, out: &mut Vec<u8>) -> Result<usize, Stopped> {
        let (deflater, room) =
            self.deflater.get_or_insert_with(|| (Deflater::default(), vec![0; PIECE_BYTES].into()));
        let before = out.len();
        let count = packing.file.read(room)?;
        let piece = if count == 0 { Piece::Last } else { Piece::NotLast };
        packing.crc.update(&room[..count]);
        deflater.write(&room[..count], piece, out);
        packing.packed_bytes += (out.len() - before) as u64;
        self.go_on(packing, count);
        Ok(count * COST_OF_DEFLATING)
    }

    /// Puts the next bytes of a file into the archive as they are: in a stored block, and at the end an empty one that says
    /// that it is the last.
    fn store(&mut self, mut packing: Packing, out: &mut Vec<u8>) -> Result<usize, Stopped> {
        const HEADER_BYTES: usize = 5;
        // One byte at least, so that the end is met.
        let wanted = packing.file.left().clamp(1, BLOCK_BYTES_MAX as u64) as usize;
        let header = out.len();
        let start = header + HEADER_BYTES;
        out.resize(start + wanted, 0);
        let count = packing.file.read(&mut out[start..])?;
        out.truncate(start + count);
        let [low, high] = (count as u16).to_le_bytes();
        out[header..start].copy_from_slice(&[u8::from(count == 0), low, high, !low, !high]);
        packing.crc.update(&out[start..]);
        packing.packed_bytes += (out.len() - header) as u64;
        self.go_on(packing, count);
        Ok(count)
    }

    /// `count` more bytes of a file were packed, or none, if that was its end.
    fn go_on(&mut self, packing: Packing, count: usize) {
        self.stage = if count > 0 { Stage::File(packing) } else { Stage::Check(packing) };
    }

    /// Writes what stands behind a file, if that did not change.
    fn check(&mut self, mut packing: Packing, out: &mut Vec<u8>) -> Result<usize, Stopped> {
        let sum = packing.crc.sum();
        if let Checked::NotYet(count) = packing.file.check(sum, &mut [0; PIECE_BYTES])? {
            self.stage = Stage::Check(packing);
            return Ok(count);
        }
        let Packing { file, name, packed_bytes, .. } = packing;
        let content = entries::Content { bytes: file.bytes(), packed_bytes, crc: sum };
        self.stage = Stage::Entry;
        match self.zip.end_file(name.into(), file.modified(), content, out) {
            true => Ok(0),
            false => Err(Stopped("the file takes more room than was set aside")),
        }
    }
}
