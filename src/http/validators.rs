//! Validators: what tells one version of a representation from another (RFC 9110 §8.8). This file compares them; it does
//! not know what they are made from.

use super::date::{ImfFixdate, parse_date, unix_second};
use super::value::Value;
use std::time::SystemTime;

/// An entity tag: an opaque string, and what it promises (RFC 9110 §8.8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTag {
    /// The text between the quotes: visible characters other than `"`.
    pub opaque: Opaque,
    /// What the tag promises.
    pub strength: Strength,
}

/// The text of a tag, which is short. It is made for each answer, so it takes no memory of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opaque {
    bytes: [u8; Opaque::BYTES_MAX],
    length: u8,
}

impl Opaque {
    /// The longest text: two numbers in hexadecimal with a `-` between them, and a suffix.
    const BYTES_MAX: usize = 16 + 1 + 16 + 9;

    /// The text of a version: the length of the file, a number that tells the version from others, and a suffix of at most 9
    /// bytes.
    pub fn of_version(bytes: u64, number: u64, suffix: &str) -> Opaque {
        let mut opaque = Opaque { bytes: [0; Opaque::BYTES_MAX], length: 0 };
        let digits = (u64::BITS - bytes.leading_zeros()).div_ceil(4).max(1);
        opaque.push_hex(bytes, digits);
        opaque.push(b"-");
        opaque.push_hex(number, u64::BITS / 4);
        opaque.push(suffix.as_bytes());
        opaque
    }

    /// The text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("only text was put in")
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }

    fn push_hex(&mut self, number: u64, digits: u32) {
        let end = self.length as usize + digits as usize;
        let places = self.bytes[self.length as usize..end].iter_mut().rev();
        places.enumerate().for_each(|(digit, place)| *place = hex_digit(number >> (4 * digit)));
        self.length = end as u8;
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.length as usize + bytes.len();
        self.bytes[self.length as usize..end].copy_from_slice(bytes);
        self.length = end as u8;
    }
}

/// The last four bits of `number` as a digit.
fn hex_digit(number: u64) -> u8 {
    let digit = (number & 0xf) as u8;
    digit + if digit < 10 { b'0' } else { b'a' - 10 }
}

impl From<&str> for Opaque {
    /// A text of at most `Opaque::BYTES_MAX` bytes.
    fn from(text: &str) -> Opaque {
        let mut opaque = Opaque { bytes: [0; Opaque::BYTES_MAX], length: 0 };
        opaque.push(text.as_bytes());
        opaque
    }
}

/// What a validator promises about representations that have the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Their bytes are the same.
    Strong,
    /// One can take the place of the other, though their bytes may differ.
    Weak,
}

impl EntityTag {
    /// Whether the tag of a client, with its quotes and `W/`, is this tag by the weak comparison (RFC 9110 §8.8.3.2).
    pub fn matches_weakly(&self, written: &[u8]) -> bool {
        let quoted = written.strip_prefix(b"W/").unwrap_or(written);
        self.is_opaque(quoted)
    }

    /// Whether the tag of a client, with its quotes, is this tag by the strong comparison: neither tag may be weak
    /// (RFC 9110 §8.8.3.2).
    pub fn matches_strongly(&self, written: &[u8]) -> bool {
        self.strength == Strength::Strong && self.is_opaque(written)
    }

    fn is_opaque(&self, quoted: &[u8]) -> bool {
        matches!(quoted, [b'"', opaque @ .., b'"'] if opaque == self.opaque.as_bytes())
    }
}

impl Value for EntityTag {
    #[inline]
    fn append_to(&self, out: &mut Vec<u8>) {
        let prefix = if self.strength == Strength::Weak { "W/\"" } else { "\"" };
        prefix.append_to(out);
        out.extend_from_slice(self.opaque.as_bytes());
        "\"".append_to(out);
    }
}

/// The validators of a representation that was selected for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validators {
    /// The tag for `ETag`.
    pub etag: EntityTag,
    /// The time for `Last-Modified`, in seconds since 1970; `None` where the file has no useful time.
    pub modified: Option<u64>,
}

impl Validators {
    /// The value of `Last-Modified`.
    pub fn last_modified(&self) -> Option<ImfFixdate> {
        self.modified.map(ImfFixdate::of)
    }

    /// Whether the representation was not modified after the date of a client; `None` where the client's text is no
    /// date, or the representation has none.
    pub fn unmodified_since(&self, written: &[u8]) -> Option<bool> {
        Some(self.modified? <= date_second(written)?)
    }

    /// Whether the date of a client equals the date of this representation, and the date is at least a second old at
    /// `now`. A younger date could belong to two versions (RFC 9110 §8.8.2.2).
    pub fn is_exactly(&self, written: &[u8], now: SystemTime) -> bool {
        self.modified.is_some_and(|second| date_second(written) == Some(second) && second < unix_second(now))
    }
}

fn date_second(written: &[u8]) -> Option<u64> {
    parse_date(written).map(unix_second)
}
