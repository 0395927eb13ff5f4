//! Content that is made while it is sent, and how a client sees where it ends (RFC 9112 §6.3). What is made is decided
//! elsewhere.

use super::buffers::{Buffer, Buffers};
use crate::http::INFALLIBLE;
use crate::http::version::Version;
use crate::service::response::{Broken, Phase, Progress, Source};
use std::io::Write;

/// Room for the size of a chunk and the end of its line. The digits stand at the end of the room, and what is left at its
/// beginning is not sent: so the content is written once, where it leaves from.
const SIZE_ROOM: &[u8; 10] = b"        \r\n";

/// The end of content that is sent in chunks, without trailers.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// How a client sees where content ends that is made while it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By `Content-Length`, of which so many bytes are not made yet.
    Length(u64),
    /// By the last chunk (RFC 9112 §7.1): so a client sees that content was cut, and the connection can be kept alive.
    LastChunk,
    /// By the end of the connection. A client of HTTP/1.0 knows no chunks.
    Connection,
}

impl End {
    /// How the content of `source` ends for a client of this version.
    pub fn of(source: &dyn Source, version: Version) -> End {
        match (source.length(), version) {
            (Some(length), _) => End::Length(length),
            (None, Version::Http11) => End::LastChunk,
            (None, Version::Http10) => End::Connection,
        }
    }
}

/// Content that is being made.
pub struct Producing {
    source: Box<dyn Source>,
    end: End,
}

impl Producing {
    /// The content of `source`, for a client of this version.
    pub fn new(source: Box<dyn Source>, version: Version) -> Producing {
        let end = End::of(&*source, version);
        Producing { source, end }
    }

    /// Whether the content is of no use to a client that has ended its side.
    pub fn ends_with_client(&self) -> bool {
        self.source.ends_with_client()
    }

    /// Whether it waits for its turn among the downloads.
    pub fn is_download(&self) -> bool {
        self.source.is_download()
    }

    /// Puts a part of the content, or its end, into `outbox`, which is empty. Gives the bytes of content in it, without what
    /// frames them.
    pub fn produce(
        &mut self,
        outbox: &mut Buffer,
        buffers: &mut Buffers,
        phase: Phase,
    ) -> Result<(Progress<()>, u64), Broken> {
        let out = outbox.end(buffers);
        debug_assert!(out.is_empty());
        if self.end != End::LastChunk {
            let progress = self.source.produce(out, phase)?;
            let count = out.len() as u64;
            self.count(count, progress)?;
            return Ok((progress, count));
        }
        out.extend_from_slice(SIZE_ROOM);
        let progress = self.source.produce(out, phase)?;
        let count = out.len() - SIZE_ROOM.len();
        if count == 0 {
            out.clear();
        } else {
            let digits = count.ilog2() as usize / 4 + 1;
            let unused = SIZE_ROOM.len() - b"\r\n".len() - digits;
            write!(&mut out[unused..][..digits], "{count:x}").expect(INFALLIBLE);
            out.extend_from_slice(b"\r\n");
            outbox.consume(unused);
        }
        if progress == Progress::Ready(()) {
            outbox.end(buffers).extend_from_slice(LAST_CHUNK);
        }
        Ok((progress, count as u64))
    }

    /// Counts down what was made. A length that does not hold would let the client take the next answer for content, or
    /// content for an answer.
    fn count(&mut self, count: u64, progress: Progress<()>) -> Result<(), Broken> {
        let End::Length(left) = &mut self.end else { return Ok(()) };
        *left = left.checked_sub(count).ok_or(Broken("the content is longer than was said"))?;
        match progress == Progress::Ready(()) && *left > 0 {
            true => Err(Broken("the content is shorter than was said")),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives these parts.
    struct Parts(Option<u64>, Vec<&'static str>);

    impl Source for Parts {
        fn length(&self) -> Option<u64> {
            self.0
        }

        fn produce(&mut self, out: &mut Vec<u8>, _: Phase) -> Result<Progress<()>, Broken> {
            match self.1.pop() {
                Some("!") => return Err(Broken("by the test")),
                Some(part) => out.extend_from_slice(part.as_bytes()),
                None => return Ok(Progress::Ready(())),
            }
            Ok(Progress::Again)
        }
    }

    /// All that is sent, and why it broke.
    fn sent(
        length: Option<u64>,
        parts: &[&'static str],
        version: Version,
    ) -> (String, u64, Option<&'static str>) {
        let mut producing =
            Producing::new(Box::new(Parts(length, parts.iter().rev().copied().collect())), version);
        let (mut outbox, mut buffers, mut sent, mut counted) =
            (Buffer::default(), Buffers::new(0), String::new(), 0);
        loop {
            let produced = producing.produce(&mut outbox, &mut buffers, Phase::Serving);
            let (progress, count) = match produced {
                Ok(made) => made,
                Err(Broken(why)) => return (sent, counted, Some(why)),
            };
            sent.push_str(std::str::from_utf8(outbox.bytes()).unwrap());
            outbox.clear();
            counted += count;
            if progress == Progress::Ready(()) {
                return (sent, counted, None);
            }
        }
    }

    #[test]
    fn each_part_is_a_chunk_and_content_that_breaks_has_no_last_one() {
        let long = &*"x".repeat(0x1234).leak();
        let chunked = format!("5\r\nhello\r\n1234\r\n{long}\r\n");
        let parts = ["hello", "", long];
        let whole = |end: &str| (format!("{chunked}{end}"), 5 + 0x1234, None);
        assert_eq!(sent(None, &parts, Version::Http11), whole("0\r\n\r\n"));
        let broken = [&parts[..], &["!"]].concat();
        assert_eq!(sent(None, &broken, Version::Http11), (chunked.clone(), 5 + 0x1234, Some("by the test")));
        assert_eq!(sent(None, &[], Version::Http11), ("0\r\n\r\n".into(), 0, None));
        assert_eq!(sent(None, &["a", "b"], Version::Http10), ("ab".into(), 2, None));
    }

    #[test]
    fn a_length_that_was_said_is_kept() {
        for version in [Version::Http10, Version::Http11] {
            assert_eq!(sent(Some(5), &["hel", "lo"], version), ("hello".into(), 5, None));
            let (sent_short, _, why) = sent(Some(6), &["hello"], version);
            assert_eq!((&*sent_short, why), ("hello", Some("the content is shorter than was said")));
            let (sent_long, _, why) = sent(Some(4), &["hel", "lo"], version);
            assert_eq!((&*sent_long, why), ("hel", Some("the content is longer than was said")));
        }
    }
}
