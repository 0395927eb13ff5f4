//! The parts of a 206, and the parts for which a list of ranges asks.

use crate::answer::Answer;
use std::ops::RangeInclusive;

/// The first and last byte, or a number of bytes from the end.
#[derive(Clone, Copy, Debug)]
pub enum Spec {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

impl Spec {
    pub fn text(self) -> String {
        match self {
            Spec::From(first) => format!("{first}-"),
            Spec::Between(first, last) => format!("{first}-{last}"),
            Spec::Last(count) => format!("-{count}"),
        }
    }

    /// The bytes of a file of `length` bytes that it selects, if any.
    fn of(self, length: u64) -> Option<RangeInclusive<u64>> {
        let (first, last) = match self {
            Spec::From(first) => (first, u64::MAX),
            Spec::Between(first, last) => (first, last),
            Spec::Last(0) => return None,
            Spec::Last(count) => (length.saturating_sub(count), u64::MAX),
        };
        (first < length).then(|| first..=last.min(length - 1))
    }
}

/// What a list of ranges selects from this many bytes, with ranges joined that touch. Without a list it is
/// everything.
pub enum Selected {
    Whole,
    Nothing,
    Parts(Vec<RangeInclusive<u64>>),
}

pub fn select(specs: &[Spec], length: u64) -> Selected {
    // An empty file has no parts.
    if specs.is_empty() || length == 0 {
        return Selected::Whole;
    }
    let mut ranges: Vec<_> = specs.iter().filter_map(|spec| spec.of(length)).collect();
    ranges.sort_by_key(|range| *range.start());
    let mut joined: Vec<RangeInclusive<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if *range.start() <= last.end() + 1 => {
                *last = *last.start()..=*last.end().max(range.end())
            }
            _ => joined.push(range),
        }
    }
    if joined.is_empty() { Selected::Nothing } else { Selected::Parts(joined) }
}

/// One part of a 206.
pub struct Part<'a> {
    pub range: RangeInclusive<u64>,
    /// The length of the whole file.
    pub whole: u64,
    pub kind: &'a str,
    pub bytes: &'a [u8],
}

/// Takes a 206 apart.
pub fn parts(answer: &Answer) -> Result<Vec<Part<'_>>, String> {
    let kind = answer.field("content-type").unwrap_or_default();
    if let Some(text) = answer.field("content-range") {
        let (range, whole) = content_range(text).ok_or("a malformed Content-Range")?;
        return Ok(vec![Part { range, whole, kind, bytes: &answer.body }]);
    }
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").ok_or("no boundary")?;
    let mut rest = answer.body.as_slice();
    let mut parts = Vec::new();
    let mut before = format!("--{boundary}");
    loop {
        rest = rest.strip_prefix(before.as_bytes()).ok_or("no boundary between two parts")?;
        if rest == b"--\r\n" {
            return Ok(parts);
        }
        before = format!("\r\n--{boundary}");
        let end = rest.windows(4).position(|window| window == b"\r\n\r\n").ok_or("a part without a head")?;
        let head = std::str::from_utf8(&rest[..end]).map_err(|_| "a head of odd bytes")?;
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let (range, whole) = content_range(field("Content-Range: ")).ok_or("a malformed Content-Range")?;
        let length = (range.end() + 1 - range.start()) as usize;
        let bytes = rest.get(end + 4..end + 4 + length).ok_or("a part is too short")?;
        rest = &rest[end + 4 + length..];
        parts.push(Part { range, whole, kind: field("Content-Type: "), bytes });
    }
}

fn content_range(text: &str) -> Option<(RangeInclusive<u64>, u64)> {
    let (range, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?..=last.parse().ok()?, whole.parse().ok()?))
}
