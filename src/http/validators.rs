//! Validators: what tells one version of a representation from another (RFC 9110 §8.8). This file compares them; it does
//! not know what they are made from.

use super::date::{ImfFixdate, parse_date, unix_second};
use super::value::Value;
use std::time::SystemTime;

/// An entity tag: an opaque string, and what it promises (RFC 9110 §8.8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag {
    /// The text between the quotes: visible characters other than `"`.
    pub opaque: String,
    /// What the tag promises.
    pub strength: Strength,
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
        matches!(quoted, [b'"', opaque @ .., b'"'] if *opaque == *self.opaque.as_bytes())
    }
}

impl Value for EntityTag {
    #[inline]
    fn append_to(&self, out: &mut Vec<u8>) {
        let prefix = if self.strength == Strength::Weak { "W/\"" } else { "\"" };
        [prefix, &self.opaque, "\""].iter().for_each(|part| part.append_to(out));
    }
}

/// The validators of a representation that was selected for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
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
