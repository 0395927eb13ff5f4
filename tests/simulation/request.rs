//! What clients ask, and how that must be answered: whoever writes a request here knows its answer, and no parser of
//! the server's is asked for it.

use crate::answer::{Answer, Asked};
use crate::disk::{Disk, Version};
use crate::support::visitor::gunzip;
use onepoll::http::HeadLimits;
use std::ops::RangeInclusive;
use std::rc::Rc;

/// So low that short requests reach them.
pub const HEAD_LIMITS: HeadLimits =
    HeadLimits { request_line_bytes_max: 300, head_bytes_max: 1000, fields_max: 20 };

/// The same for content.
pub const CONTENT_BYTES_MAX: u64 = 5000;

/// Files of up to so many bytes leave in one piece, whatever becomes of them meanwhile.
const WHOLE_BYTES_MAX: usize = 64 << 10;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    pub bytes: Vec<u8>,
    pub head_bytes: usize,
    pub wanted: Wanted,
    pub asked: Asked,
    pub after: After,
    /// Whether the client may wait to be told to go on.
    pub expects: Expects,
}

/// What the connection is good for after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Next,
    /// The request says that it is the last.
    End,
    /// The server refuses to read on.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    Nothing,
    Continue,
}

#[derive(Clone, Debug)]
pub enum Wanted {
    File(usize, How),
    /// A status that says it all.
    Status(u16),
    Moved,
    Listing,
    Posted {
        bytes: usize,
        is_json: bool,
    },
}

/// How a file is asked for.
#[derive(Clone, Debug, Default)]
pub struct How {
    pub ranges: Vec<Spec>,
    pub condition: Option<(Condition, Seen)>,
    pub gzip: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    NoneMatch,
    Match,
    Range,
}

/// First and last byte, or how many from the end.
#[derive(Clone, Copy, Debug)]
pub enum Spec {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

/// A version that a client has seen, by its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub file: usize,
    pub tag: String,
    pub number: u64,
}

impl Spec {
    pub fn text(self) -> String {
        match self {
            Spec::From(first) => format!("{first}-"),
            Spec::Between(first, last) => format!("{first}-{last}"),
            Spec::Last(count) => format!("-{count}"),
        }
    }

    /// Which bytes that are of `length`, if any.
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

impl Request {
    /// From which of its bytes on it may be answered.
    pub fn answerable_from(&self) -> usize {
        match (self.after, self.expects) {
            (After::Refused, Expects::Nothing) => 1,
            (After::Refused, Expects::Continue) => self.head_bytes,
            _ => self.bytes.len(),
        }
    }

    /// The file it asks for, if it asks for one.
    pub fn file(&self) -> Option<usize> {
        match self.wanted {
            Wanted::File(file, _) => Some(file),
            _ => None,
        }
    }

    /// Whether `answer`, which was asked for at `epoch`, is right. Gives what the client has learnt from it.
    pub fn judge(&self, answer: &Answer, epoch: u64, disk: &Disk) -> Result<Option<Seen>, String> {
        match &self.wanted {
            Wanted::File(file, how) => return self.judge_file(answer, epoch, *file, how, disk),
            Wanted::Status(status) => expect(answer.status == *status, || format!("wanted {status}"))?,
            Wanted::Moved => {
                expect(answer.status == 301 && answer.field("location") == Some("/list/?a=b"), || {
                    "moved".into()
                })?;
            }
            Wanted::Listing => {
                let text = String::from_utf8_lossy(&answer.body);
                let is_shown = |name: &str| text.contains(&format!("<a href=\"{name}\">"));
                let is_right = is_shown("a") && is_shown("b%20c") && !text.contains(".hidden");
                expect(answer.status == 200 && is_right, || format!("not the listing: {text}"))?;
            }
            Wanted::Posted { bytes, is_json } => {
                let text = String::from_utf8_lossy(&answer.body);
                let wanted = match is_json {
                    true => format!("\"bytes_received\":{bytes},"),
                    false => "<h1>POST Request Received</h1>".to_owned(),
                };
                expect(answer.status == 200 && text.contains(&wanted), || {
                    format!("wanted {wanted}: {text}")
                })?;
            }
        }
        if answer.status == 405 || answer.status == 204 {
            expect(answer.field("allow") == Some("GET, HEAD, POST, OPTIONS"), || "Allow".into())?;
        }
        Ok(None)
    }

    fn judge_file(
        &self,
        answer: &Answer,
        epoch: u64,
        file: usize,
        how: &How,
        disk: &Disk,
    ) -> Result<Option<Seen>, String> {
        let versions = disk.versions(file, epoch, answer.epochs.0);
        let there: Vec<_> = versions.iter().flatten().cloned().collect();
        let tag = answer.field("etag").unwrap_or_default();
        let condition = how.condition.as_ref().map(|(condition, seen)| (*condition, seen));
        let is_there = |number: u64| there.iter().any(|version| version.number == number);
        match (answer.status, condition) {
            (404, _) => expect(versions.iter().any(Option::is_none), || "it was there all the time".into())?,
            (304, Some((Condition::NoneMatch, seen))) => {
                expect(is_there(seen.number) && seen.tag == tag, || {
                    format!("{seen:?} is not that of {there:?}")
                })?;
            }
            (412, Some((Condition::Match, seen))) => {
                let is_strong = seen.tag.starts_with('"') && disk.tags_last;
                let is_only = versions.len() == 1 && is_there(seen.number);
                expect(!(is_strong && is_only), || "it was the version asked for".into())?;
            }
            (200, Some((Condition::NoneMatch, seen))) if seen.tag == tag => {
                return Err("a 304 was due".into());
            }
            (200 | 206, Some((Condition::Match, seen))) if seen.tag != tag => {
                return Err("a 412 was due".into());
            }
            (206, Some((Condition::Range, seen))) if seen.tag != tag => {
                return Err("a part of another version".into());
            }
            (200, _) => return self.judge_whole(answer, epoch, file, &there, how, disk),
            (206, _) => self.judge_parts(answer, epoch, file, &there, how, disk)?,
            (416, _) => {
                let length = answer.field("content-range").and_then(|range| range.strip_prefix("bytes */"));
                let length = length.and_then(|length| length.parse::<u64>().ok()).ok_or("no length")?;
                let is_right = there.iter().any(|version| version.bytes.len() as u64 == length)
                    && how.ranges.iter().all(|spec| spec.of(length).is_none());
                expect(is_right && !how.ranges.is_empty(), || format!("{length} bytes can be had"))?;
            }
            _ => return Err("not a status for a file".into()),
        }
        Ok(None)
    }

    fn judge_whole(
        &self,
        answer: &Answer,
        epoch: u64,
        file: usize,
        there: &[Rc<Version>],
        how: &How,
        disk: &Disk,
    ) -> Result<Option<Seen>, String> {
        let is_ranged = self.asked == Asked::WithContent && !how.ranges.is_empty() && how.condition.is_none();
        let tag = answer.field("etag").ok_or("no ETag")?.to_owned();
        let seen = |version: &Rc<Version>| Some(Seen { file, tag: tag.clone(), number: version.number });
        let is_gzip = answer.field("content-encoding") == Some("gzip");
        if is_gzip {
            let is_whole = self.asked == Asked::WithContent;
            let body = if is_whole { gunzip(&answer.body) } else { Vec::new() };
            let is_right = how.gzip && (!is_whole || there.iter().any(|version| version.bytes == body));
            return expect(is_right, || "not compressed from any version".into()).map(|()| None);
        }
        let length = answer.field("content-length").and_then(|length| length.parse::<usize>().ok());
        let length = length.ok_or("no length")?;
        let of_length: Vec<_> = there.iter().filter(|version| version.bytes.len() == length).collect();
        expect(!of_length.is_empty(), || format!("no version had {length} bytes"))?;
        expect(!is_ranged || length == 0, || "a part was due".into())?;
        if self.asked == Asked::HeadOnly {
            return Ok(if of_length.len() == 1 { seen(of_length[0]) } else { None });
        }
        if let Some(version) = of_length.iter().find(|version| version.bytes == answer.body) {
            return Ok(seen(version));
        }
        let is_mixed = is_of_the_disk(&answer.body, 0, length, answer, epoch, file, disk);
        expect(is_mixed, || "the bytes of no version".into()).map(|()| None)
    }

    fn judge_parts(
        &self,
        answer: &Answer,
        epoch: u64,
        file: usize,
        there: &[Rc<Version>],
        how: &How,
        disk: &Disk,
    ) -> Result<(), String> {
        expect(self.asked == Asked::WithContent, || "HEAD has no ranges".into())?;
        let parts = parts(answer)?;
        let whole = parts.first().ok_or("no part")?.whole;
        let mut got: Vec<_> = parts.iter().map(|part| part.range.clone()).collect();
        got.sort_by_key(|range| *range.start());
        let wanted = joined(&how.ranges, whole);
        expect(got == wanted, || format!("{got:?} instead of {wanted:?}"))?;
        let right_of = |version: &Rc<Version>| {
            let of = |range: &RangeInclusive<u64>| {
                version.bytes.get(*range.start() as usize..=*range.end() as usize)
            };
            version.bytes.len() as u64 == whole
                && parts.iter().all(|part| of(&part.range) == Some(part.bytes))
        };
        let is_mixed = |part: &Part<'_>| {
            let first = *part.range.start() as usize;
            is_of_the_disk(part.bytes, first, whole as usize, answer, epoch, file, disk)
        };
        let is_right = there.iter().any(right_of) || parts.iter().all(is_mixed);
        expect(is_right, || "the bytes of no version".into())
    }
}

fn expect(is_so: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(why()) }
}

/// Whether `bytes`, which stand at `first` of a large file, may be what the disk had when each was sent: it was
/// changed where it stands while they were.
fn is_of_the_disk(
    bytes: &[u8],
    first: usize,
    whole: usize,
    answer: &Answer,
    epoch: u64,
    file: usize,
    disk: &Disk,
) -> bool {
    let (from, to) = (epoch, answer.epochs.1);
    let versions = disk.versions(file, from, to);
    let had = |(at, byte): (usize, &u8)| {
        versions.iter().flatten().any(|version| version.bytes.get(first + at) == Some(byte))
    };
    whole > WHOLE_BYTES_MAX && disk.is_changed_in_place(file, from, to) && bytes.iter().enumerate().all(had)
}

/// What a list of ranges asks for, those that touch joined.
fn joined(specs: &[Spec], length: u64) -> Vec<RangeInclusive<u64>> {
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
    joined
}

/// One part of a 206.
struct Part<'a> {
    range: RangeInclusive<u64>,
    whole: u64,
    bytes: &'a [u8],
}

fn content_range(text: &str) -> Option<(RangeInclusive<u64>, u64)> {
    let (range, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?..=last.parse().ok()?, whole.parse().ok()?))
}

fn parts(answer: &Answer) -> Result<Vec<Part<'_>>, String> {
    if let Some(text) = answer.field("content-range") {
        let (range, whole) = content_range(text).ok_or("a malformed Content-Range")?;
        return Ok(vec![Part { range, whole, bytes: &answer.body }]);
    }
    let kind = answer.field("content-type").unwrap_or_default();
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
        let head = String::from_utf8_lossy(&rest[..end]);
        let text =
            head.lines().find_map(|line| line.strip_prefix("Content-Range: ")).ok_or("no Content-Range")?;
        let (range, whole) = content_range(text).ok_or("a malformed Content-Range")?;
        let length = (range.end() + 1 - range.start()) as usize;
        let bytes = rest.get(end + 4..end + 4 + length).ok_or("a part is too short")?;
        rest = &rest[end + 4 + length..];
        parts.push(Part { range, whole, bytes });
    }
}
