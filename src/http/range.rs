//! Which bytes a `Range` field asks for (RFC 9110 §14). This file knows lengths only, and no file.

use super::value::Value;
use std::ops::Range;

/// Ranges that are read in one field; with a longer list the answer is the whole file. Without a limit a short field
/// could ask for a very long answer (CVE-2011-3192).
const LISTED_MAX: usize = 64;

/// Parts sent in one answer. If there are more, after parts that touch were joined, the answer is the whole file.
const PARTS_MAX: usize = 16;

/// Which bytes to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// 200: the whole file. The field is malformed, has too many ranges, or uses another unit; or the file is empty.
    Whole,
    /// 206: these ranges. There is at least one, no range is empty, and no two touch.
    Parts(Vec<Range<u64>>),
    /// 416: all bytes that the field asks for are beyond the end of the file.
    Unsatisfiable,
}

/// The value of `Content-Range`: which bytes of how many are sent (RFC 9110 §14.4).
#[derive(Clone, Debug)]
pub struct ContentRange {
    /// The bytes that are sent; at least one.
    pub range: Range<u64>,
    /// The length of the file in bytes.
    pub length: u64,
}

impl Value for ContentRange {
    fn append_to(&self, out: &mut Vec<u8>) {
        "bytes ".append_to(out);
        self.range.start.append_to(out);
        "-".append_to(out);
        (self.range.end - 1).append_to(out);
        "/".append_to(out);
        self.length.append_to(out);
    }
}

/// Selects from a file of `length` bytes by the `value` of a `Range` field. For an empty file the answer is 200, since
/// `Content-Range` cannot express a part of it, and some clients send a range with every request.
pub fn select(value: &[u8], length: u64) -> Selection {
    let specs = std::str::from_utf8(value).ok().and_then(|text| text.split_once('='));
    let is_read = |unit: &str| length > 0 && unit.eq_ignore_ascii_case("bytes");
    let Some((_, list)) = specs.filter(|(unit, _)| is_read(unit)) else {
        return Selection::Whole;
    };
    let mut parts: Vec<Range<u64>> = Vec::new();
    let mut listed = 0;
    for spec in list.split(',').map(|spec| spec.trim_matches([' ', '\t'])).filter(|spec| !spec.is_empty()) {
        listed += 1;
        let Some(range) = read(spec, length) else { return Selection::Whole };
        if listed > LISTED_MAX {
            return Selection::Whole;
        }
        if !range.is_empty() {
            join(&mut parts, range);
        }
    }
    match (listed, parts.len()) {
        (0, _) => Selection::Whole,
        (_, 0) => Selection::Unsatisfiable,
        (_, count) if count > PARTS_MAX => Selection::Whole,
        _ => Selection::Parts(parts),
    }
}

/// Reads one range: `first-last`, `first-` or `-count`. An empty range is beyond the end of the file; `None` means that
/// `spec` is malformed.
fn read(spec: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        let count = position(last)?;
        return Some(length.saturating_sub(count)..length);
    }
    let first = position(first)?;
    let last = if last.is_empty() { u64::MAX } else { position(last)? };
    (first <= last).then(|| first.min(length)..last.saturating_add(1).min(length))
}

/// The number that `digits` write. A number above 64 bits becomes the largest one: it is beyond the end of any file.
fn position(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Adds `range` to `parts`, joined with the parts that it overlaps or touches. The joined part takes the place of the
/// first of these, so the order of the list is kept (RFC 9110 §15.3.7.2). O(k) in the parts, at most [`LISTED_MAX`].
fn join(parts: &mut Vec<Range<u64>>, mut range: Range<u64>) {
    let touches = |part: &Range<u64>, range: &Range<u64>| part.start <= range.end && range.start <= part.end;
    let mut place = None;
    while let Some(at) = parts.iter().position(|part| touches(part, &range)) {
        let part = parts.remove(at);
        range = part.start.min(range.start)..part.end.max(range.end);
        place = Some(place.map_or(at, |place: usize| place.min(at)));
    }
    parts.insert(place.unwrap_or(parts.len()), range);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        use Selection::*;
        let one = |range| Parts(vec![range]);
        let table = [
            // The examples of RFC 9110 §14.1.2, of 10,000 bytes.
            ("bytes=0-499", one(0..500)),
            ("bytes=500-999", one(500..1000)),
            ("bytes=-500", one(9500..10_000)),
            ("bytes=9500-", one(9500..10_000)),
            ("bytes=0-0,-1", Parts(vec![0..1, 9999..10_000])),
            ("bytes= 0-999, 4500-5499, -1000", Parts(vec![0..1000, 4500..5500, 9000..10_000])),
            ("bytes=500-600,601-999", one(500..1000)),
            ("bytes=500-700,601-999", one(500..1000)),
            // The first and last bytes, and a range that begins or ends beyond the last.
            ("bytes=0-", one(0..10_000)),
            ("bytes=0-99999", one(0..10_000)),
            ("bytes=9999-9999", one(9999..10_000)),
            ("bytes=-99999", one(0..10_000)),
            ("BYTES=0-0", one(0..1)),
            ("bytes=,0-0, ,", one(0..1)),
            ("bytes=10000-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=20000-30000, -0", Unsatisfiable),
            ("bytes=20000-,0-0", one(0..1)),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=0-99999999999999999999999", one(0..10_000)),
            ("bytes=0-18446744073709551615", one(0..10_000)),
            // The order of the list is kept.
            ("bytes=5000-5001,0-1", Parts(vec![5000..5002, 0..2])),
            ("bytes=5-6,100-101,0-4", Parts(vec![0..7, 100..102])),
            ("bytes=0-1,4-5,100-,2-3", Parts(vec![0..6, 100..10_000])),
            // A value that is not a list of ranges is ignored.
            ("bytes=5-4", Whole),
            ("bytes=0-1,5-4", Whole),
            ("bytes=", Whole),
            ("bytes=,", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=1", Whole),
            ("bytes=1-2-3", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=1 - 2", Whole),
            ("bytes 0-1", Whole),
            ("lines=0-1", Whole),
            ("bytes", Whole),
            ("", Whole),
        ];
        for (value, expected) in table {
            assert_eq!(select(value.as_bytes(), 10_000), expected, "{value}");
        }
    }

    #[test]
    fn an_empty_file_is_whole_whatever_is_asked_of_it() {
        for value in [
            "bytes=0-",
            "bytes=-1",
            "bytes=-0",
            "bytes=0-0",
            "bytes=5-",
            "bytes=0-0,-1",
            "lines=0-1",
            "bytes",
        ] {
            assert_eq!(select(value.as_bytes(), 0), Selection::Whole, "{value}");
        }
        assert_eq!(select(b"bytes=1-", 1), Selection::Unsatisfiable, "of one byte there is no second");
        assert_eq!(select(b"bytes=0-", 1), Selection::Parts(std::iter::once(0..1).collect()));
    }

    #[test]
    fn a_flood_is_answered_whole() {
        let flood = |count: u64, step: u64| {
            let specs: Vec<_> = (0..count).map(|at| format!("{0}-{0}", at * step)).collect();
            select(format!("bytes={}", specs.join(",")).as_bytes(), 1 << 40)
        };
        assert_eq!(
            flood(PARTS_MAX as u64, 2),
            Selection::Parts((0..PARTS_MAX as u64).map(|at| at * 2..at * 2 + 1).collect())
        );
        assert_eq!(flood(PARTS_MAX as u64 + 1, 2), Selection::Whole);
        assert_eq!(
            flood(LISTED_MAX as u64, 1),
            Selection::Parts(std::iter::once(0..LISTED_MAX as u64).collect())
        );
        assert_eq!(flood(LISTED_MAX as u64 + 1, 1), Selection::Whole);
        assert_eq!(select(format!("bytes=0-{}", ",0-".repeat(5000)).as_bytes(), 100), Selection::Whole);
    }
}
