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
    /// The number of bytes of content that are still to come.
    Content { left: u64, connection: Connection },
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
            let (left, connection) = read_head(&whole[..end])?;
            content = &came[came.len() - (whole.len() - end - 4)..];
            self.part = Part::Content { left, connection };
        }
        let Part::Content { left, connection } = &mut self.part else { unreachable!("the head is read") };
        *left = left.checked_sub(content.len() as u64).ok_or(Wrong::Surplus)?;
        let (left, connection) = (*left, *connection);
        if left > 0 {
            return Ok(None);
        }
        self.part = Part::default();
        Ok(Some(connection))
    }
}

/// The length of the content, and whether the connection is kept alive, by a head without its last line ends.
fn read_head(head: &[u8]) -> Result<(u64, Connection), Wrong> {
    if head.get(9..12) != Some(b"200") {
        return Err(Wrong::Status(String::from_utf8_lossy(&head[..head.len().min(12)]).into_owned()));
    }
    let value = |name: &[u8]| {
        let line = head
            .split(|byte| *byte == b'\n')
            .find(|line| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
        std::str::from_utf8(&line[name.len()..]).ok().map(str::trim)
    };
    let length = value(b"content-length:").and_then(|length| length.parse().ok()).ok_or(Wrong::NoLength)?;
    let connection = match value(b"connection:") {
        Some(option) if option.eq_ignore_ascii_case("close") => Connection::Ends,
        None if head.starts_with(b"HTTP/1.0") => Connection::Ends,
        _ => Connection::Stays,
    };
    Ok((length, connection))
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Status(line) => write!(f, "answered {line}"),
            Wrong::NoLength => f.write_str("answer without a length"),
            Wrong::Surplus => f.write_str("answer longer than it says"),
        }
    }
}
