//! The fields that every answer carries. Their lines are formatted once, at start, and appended to each head when it is
//! sent.

use crate::http::response::Head;
use std::fmt::Display;

/// Fields in all answers: in those of the site, and in those of the server itself.
const ALWAYS: [(&str, &str); 2] = [("Server", "onepoll"), ("X-Content-Type-Options", "nosniff")];

/// The field lines that all answers of one [`Owner`](super::response::Owner) carry.
#[derive(Clone, Debug)]
pub struct CommonFields {
    lines: Vec<u8>,
    /// Names of fields in `lines` that replace a field of the answer.
    replaced: Vec<String>,
}

impl Default for CommonFields {
    fn default() -> CommonFields {
        let lines = ALWAYS.map(|(name, value)| format!("{name}: {value}\r\n")).concat().into_bytes();
        CommonFields { lines, replaced: Vec::new() }
    }
}

impl CommonFields {
    /// Sets a field on every answer. It replaces a field of the same name in the answer, even one that is a list, such as
    /// `Vary`. The value must not hold control bytes.
    pub fn set(&mut self, name: &str, value: impl Display) {
        let lines = Head::lines_without(&self.lines, name);
        self.lines = [lines, format!("{name}: {value}\r\n").into_bytes()].concat();
        self.replaced.push(name.to_owned());
    }

    /// The field lines, each with its CRLF, to append to the lines of a head.
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// `head` without the fields that these lines replace.
    pub fn make_way(&self, head: Head) -> Head {
        self.replaced.iter().fold(head, |head, name| head.without(name))
    }
}
