//! The fields that every answer carries: made once, at start, and put behind each head as it is sent.

use crate::http::response::Head;
use std::fmt::Display;

/// What every answer of this server says, those of the site and its own.
const ALWAYS: [(&str, &str); 2] = [("Server", "onepoll"), ("X-Content-Type-Options", "nosniff")];

/// Field lines that the answers of the site carry, or those of the server itself.
#[derive(Clone, Debug)]
pub struct CommonFields {
    lines: Vec<u8>,
    /// Names of fields that an answer may have set by itself, and that these take the place of.
    replaced: Vec<String>,
}

impl Default for CommonFields {
    fn default() -> CommonFields {
        let lines = ALWAYS.map(|(name, value)| format!("{name}: {value}\r\n")).concat().into_bytes();
        CommonFields { lines, replaced: Vec::new() }
    }
}

impl CommonFields {
    /// Sets a field on every answer, in the place of one that the answer has set itself; its value holds no control bytes.
    /// A field that lists members, such as `Vary`, is replaced like any other.
    pub fn set(&mut self, name: &str, value: impl Display) {
        let lines = Head::lines_without(&self.lines, name);
        self.lines = [lines, format!("{name}: {value}\r\n").into_bytes()].concat();
        self.replaced.push(name.to_owned());
    }

    /// The lines, as they stand behind those of a head.
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// A head without the fields that these lines take the place of.
    pub fn make_way(&self, head: Head) -> Head {
        self.replaced.iter().fold(head, |head, name| head.without(name))
    }
}
