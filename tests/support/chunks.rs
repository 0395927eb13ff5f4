//! Content that comes in chunks (RFC 9112 §7.1), as strictly as this server writes it: without extensions, trailers and
//! zeros before a size.

use std::io::{self, BufRead, Error, ErrorKind, Read};

/// The content of chunks, read as it comes. The last chunk is its end; without one, the end of `R` is an error.
pub struct Chunks<R> {
    input: R,
    /// Bytes of this chunk that were not read yet; `None` behind the last one.
    left: Option<usize>,
}

impl<R: BufRead> Chunks<R> {
    /// The chunks at the front of `input`.
    pub fn of(input: R) -> Chunks<R> {
        Chunks { input, left: Some(0) }
    }

    /// What the chunks came from. It stands behind the last chunk once that was read.
    pub fn get_ref(&self) -> &R {
        &self.input
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.input.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None if line.is_empty() => Err(Error::new(ErrorKind::UnexpectedEof, "the chunks are cut")),
            None => Err(Error::other(format!("{line:?} ends no line of a chunk"))),
        }
    }
}

impl<R: BufRead> Read for Chunks<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.left else { return Ok(0) };
        if left == 0 {
            let size = self.line()?;
            let count = usize::from_str_radix(&size, 16).map_err(Error::other)?;
            if size != format!("{count:x}") {
                return Err(Error::other(format!("{size:?} is no plain size of a chunk")));
            }
            self.left = Some(count);
            if count == 0 {
                self.left = None;
                let end = self.line()?;
                return if end.is_empty() { Ok(0) } else { Err(Error::other(end)) };
            }
            return self.read(room);
        }
        let wanted = room.len().min(left);
        let count = self.input.read(&mut room[..wanted])?;
        if count == 0 && wanted > 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "a chunk is cut"));
        }
        self.left = Some(left - count);
        if left == count && !self.line()?.is_empty() {
            return Err(Error::other("a chunk is longer than its size"));
        }
        Ok(count)
    }
}

/// The content of the chunks that are here whole, and whether the last one is.
pub fn so_far(mut chunks: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    let mut read = Chunks::of(&mut chunks);
    let mut room = vec![0; 64 << 10];
    loop {
        match read.read(&mut room) {
            Ok(0) => return (content, true),
            Ok(count) => content.extend_from_slice(&room[..count]),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return (content, false),
            Err(error) => panic!("{error} behind {} bytes", content.len()),
        }
    }
}
