//! What tells one version of a representation from another (RFC 9110 §8.8).

use super::date::{imf_fixdate, parse_date, unix_second};
use std::time::SystemTime;

/// An entity tag: an opaque string, and whether it stands for the very bytes (RFC 9110 §8.8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag {
    /// Between the quotes: visible characters other than `"`.
    pub opaque: String,
    /// What equal tags promise.
    pub strength: Strength,
}

/// What equal validators promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Equal bytes.
    Strong,
    /// As good as equal.
    Weak,
}

impl EntityTag {
    /// Whether a tag as a client wrote it, `W/` and quotes included, is this one by the weak comparison
    /// (RFC 9110 §8.8.3.2).
    pub fn matches_weakly(&self, written: &[u8]) -> bool {
        let quoted = written.strip_prefix(b"W/").unwrap_or(written);
        self.is_opaque(quoted)
    }

    /// The same by the strong comparison: neither of the two is weak.
    pub fn matches_strongly(&self, written: &[u8]) -> bool {
        self.strength == Strength::Strong && self.is_opaque(written)
    }

    fn is_opaque(&self, quoted: &[u8]) -> bool {
        matches!(quoted, [b'"', opaque @ .., b'"'] if *opaque == *self.opaque.as_bytes())
    }
}

impl std::fmt::Display for EntityTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let prefix = if self.strength == Strength::Weak { "W/" } else { "" };
        write!(f, "{prefix}\"{}\"", self.opaque)
    }
}

/// The validators of a representation that was selected for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validators {
    /// Its `ETag`.
    pub etag: EntityTag,
    /// Its `Last-Modified`, in seconds since 1970; none where the file has no time that could be told.
    pub modified: Option<u64>,
}

impl Validators {
    /// `Last-Modified`, as it is written.
    pub fn last_modified(&self) -> Option<String> {
        self.modified
            .map(|second| imf_fixdate(std::time::UNIX_EPOCH + std::time::Duration::from_secs(second)))
    }

    /// Whether the representation is no younger than a date that a client wrote; `None` where it is no date.
    pub fn unmodified_since(&self, written: &[u8]) -> Option<bool> {
        Some(self.modified? <= date_second(written)?)
    }

    /// Whether a date that a client wrote is the very one of this representation, and old enough at `now` for
    /// one second to tell two versions apart (RFC 9110 §8.8.2.2).
    pub fn is_exactly(&self, written: &[u8], now: SystemTime) -> bool {
        self.modified.is_some_and(|second| date_second(written) == Some(second) && second < unix_second(now))
    }
}

fn date_second(written: &[u8]) -> Option<u64> {
    parse_date(written).map(unix_second)
}
