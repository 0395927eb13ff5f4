//! As much of HTTP as a client needs: where the answer to its own request ends, and whether the connection is kept
//! alive after it.

use std::fmt;

/// An answer that is being read.
#[derive(Default)]
pub struct Answer {
    part: Part,
}

enum Part {
    /// The bytes of the head so far.
    Head(Vec<u8>),
    Content {
        framing: Framing,
        connection: Connection,
    },
}

/// What tells where content ends.
#[derive(Clone)]
enum Framing {
    /// The number of bytes that are still to come.
    Length(u64),
    Chunked(Chunks),
}

/// Content in chunks, each after a line with its size (RFC 9112, section 7.1).
#[derive(Clone, Default)]
struct Chunks {
    /// Bytes of a chunk, with the line end after it, that are still to come.
    left: u64,
    /// The part of a line so far.
    line: Vec<u8>,
    /// Only the trailer section is still to come.
    is_over: bool,
}

/// Whether the connection is kept alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    Stays,
    Ends,
}

/// Why an answer is not the expected one.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    Status(String),
    NoLength,
    NoChunk,
    Surplus,
}

impl Default for Part {
    fn default() -> Part {
        Part::Head(Vec::new())
    }
}

impl Answer {
    /// Takes in bytes of the answer. Gives whether the connection is kept alive, once the answer is whole.
    pub fn take(&mut self, came: &[u8]) -> Result<Option<Connection>, Wrong> {
        let mut content = came;
        if let Part::Head(head) = &mut self.part {
            // Most heads come in one piece and need not be copied.
            let joined;
            let whole = if head.is_empty() {
                came
            } else {
                head.extend_from_slice(came);
                joined = std::mem::take(head);
                &joined
            };
            let Some(end) = whole.windows(4).position(|four| four == b"\r\n\r\n") else {
                *head = whole.to_vec();
                return Ok(None);
            };
            let (framing, connection) = read_head(&whole[..end])?;
            content = &came[came.len() - (whole.len() - end - 4)..];
            self.part = Part::Content { framing, connection };
        }
        let Part::Content { framing, connection } = &mut self.part else { unreachable!("the head is read") };
        let is_whole = match framing {
            Framing::Length(left) => {
                *left = left.checked_sub(content.len() as u64).ok_or(Wrong::Surplus)?;
                *left == 0
            }
            Framing::Chunked(chunks) => chunks.take(content)?,
        };
        let connection = *connection;
        if !is_whole {
            return Ok(None);
        }
        self.part = Part::default();
        Ok(Some(connection))
    }
}

impl Chunks {
    /// Takes in bytes of the content. Says whether it is whole.
    fn take(&mut self, mut came: &[u8]) -> Result<bool, Wrong> {
        while !came.is_empty() {
            let count = self.left.min(came.len() as u64);
            self.left -= count;
            came = &came[count as usize..];
            let Some(end) = came.iter().position(|byte| *byte == b'\n') else {
                self.line.extend_from_slice(came);
                break;
            };
            self.line.extend_from_slice(&came[..end]);
            came = &came[end + 1..];
            let line = std::mem::take(&mut self.line);
            let line = line.trim_ascii();
            match self.is_over {
                true if line.is_empty() && came.is_empty() => return Ok(true),
                true if line.is_empty() => return Err(Wrong::Surplus),
                true => {}
                false => {
                    let size = chunk_size(line).ok_or(Wrong::NoChunk)?;
                    self.is_over = size == 0;
                    // The line end after the last chunk is that of the trailer section.
                    self.left = if size == 0 { 0 } else { size + 2 };
                }
            }
        }
        Ok(false)
    }
}

/// The size of a chunk by its line, which may say more after a semicolon.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let size = line.split(|byte| *byte == b';').next()?;
    u64::from_str_radix(std::str::from_utf8(size).ok()?.trim(), 16).ok().filter(|size| *size < 1 << 40)
}

/// What tells where the content ends, and whether the connection is kept alive, by a head without its last line ends.
fn read_head(head: &[u8]) -> Result<(Framing, Connection), Wrong> {
    if head.get(9..12) != Some(b"200") {
        return Err(Wrong::Status(String::from_utf8_lossy(&head[..head.len().min(12)]).into_owned()));
    }
    let value = |name: &[u8]| {
        let line = head
            .split(|byte| *byte == b'\n')
            .find(|line| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
        std::str::from_utf8(&line[name.len()..]).ok().map(str::trim)
    };
    let framing = match value(b"transfer-encoding:") {
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked(Chunks::default()),
        _ => {
            let length = value(b"content-length:").and_then(|length| length.parse().ok());
            Framing::Length(length.ok_or(Wrong::NoLength)?)
        }
    };
    let connection = match value(b"connection:") {
        Some(option) if option.eq_ignore_ascii_case("close") => Connection::Ends,
        None if head.starts_with(b"HTTP/1.0") => Connection::Ends,
        _ => Connection::Stays,
    };
    Ok((framing, connection))
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Status(line) => write!(f, "answered {line}"),
            Wrong::NoLength => f.write_str("answer without a length"),
            Wrong::NoChunk => f.write_str("a chunk without a size"),
            Wrong::Surplus => f.write_str("answer longer than it says"),
        }
    }
}
