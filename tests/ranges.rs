//! Parts of files (RFC 9110 §14), from memory and from the disk, compared byte by byte.

mod support;

use onepoll::service::limits::Limits;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::time::{Duration, UNIX_EPOCH};
use support::program::{Program, onepoll};
use support::scripted::Loop;
use support::visitor::Visitor;
use support::{Answer, folder, pattern, serve};
use tempfile::TempDir;

/// The length in the examples of RFC 9110, for a file in memory, and the length of a file that is sent from the disk.
const FILES: [(&str, u64); 2] = [("/small.bin", 10_000), ("/large.bin", 1_000_000)];

const MODIFIED: &str = "Sat, 29 Oct 1994 19:43:31 GMT";

fn site() -> (TempDir, Visitor) {
    let root = folder(&[("empty", b""), ("next", b"next")]);
    for (target, length) in FILES {
        let path = root.path().join(&target[1..]);
        std::fs::write(&path, pattern(length as usize)).unwrap();
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(783_459_811)).unwrap();
    }
    let visitor = Visitor::of(serve(root.path(), Limits::default()));
    (root, visitor)
}

/// The parts of a multipart answer, each with its position. The bytes between them must be exactly those of RFC 9110
/// §14.6 and RFC 2046 §5.1.1.
fn parts(answer: &Answer, length: u64) -> Vec<(Range<u64>, Vec<u8>)> {
    let content_type = answer.field("content-type").unwrap();
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
    assert!((1..=70).contains(&boundary.len()) && !boundary.contains([' ', '"', ';']), "{boundary}");
    let mut rest = &answer.body[..];
    let mut parts = Vec::new();
    let mut before = format!("--{boundary}");
    loop {
        rest = behind(&before, rest);
        if rest == b"--\r\n" {
            return parts;
        }
        rest = behind("\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ", rest);
        let line_end = rest.iter().position(|byte| *byte == b'\r').unwrap();
        let (said, behind_it) = rest.split_at(line_end);
        let range = content_range(std::str::from_utf8(said).unwrap(), length);
        rest = behind("\r\n\r\n", behind_it);
        let (content, behind_it) = rest.split_at((range.end - range.start) as usize);
        rest = behind_it;
        parts.push((range, content.to_vec()));
        before = format!("\r\n--{boundary}");
    }
}

/// The bytes after `expected`, with which `bytes` must begin.
fn behind<'a>(expected: &str, bytes: &'a [u8]) -> &'a [u8] {
    let shown = bytes[..bytes.len().min(100)].escape_ascii();
    bytes.strip_prefix(expected.as_bytes()).unwrap_or_else(|| panic!("no {expected:?} at {shown}"))
}

/// The range in `first-last/length`.
fn content_range(said: &str, length: u64) -> Range<u64> {
    let (range, of) = said.split_once('/').unwrap();
    assert_eq!(of, length.to_string());
    let (first, last) = range.split_once('-').unwrap();
    first.parse().unwrap()..last.parse::<u64>().unwrap() + 1
}

/// What an answer holds: the whole file, parts of it, or the error that there is no such part.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    Whole,
    Parts(Vec<Range<u64>>),
    Unsatisfiable,
}

/// Reads an answer to GET of a file made by [`pattern`], and compares every byte with it.
fn got(answer: &Answer, length: u64) -> Got {
    let content = pattern(length as usize);
    let slice = |range: &Range<u64>| &content[range.start as usize..range.end as usize];
    if answer.status != 416 {
        assert_eq!(answer.field("accept-ranges"), Some("bytes"));
        answer.tag();
    }
    let said = answer.field("content-range");
    match answer.status {
        200 => {
            assert!(answer.body == content && said.is_none(), "{}", answer.head);
            Got::Whole
        }
        206 if answer.field("content-type") == Some("application/octet-stream") => {
            let range = content_range(said.unwrap().strip_prefix("bytes ").unwrap(), length);
            assert!(answer.body == slice(&range), "{}", answer.head);
            Got::Parts(vec![range])
        }
        206 => {
            assert_eq!(said, None, "each part says where it is from");
            let parts = parts(answer, length);
            assert!(parts.iter().all(|(range, content)| content == slice(range)), "{}", answer.head);
            Got::Parts(parts.into_iter().map(|(range, _)| range).collect())
        }
        416 => {
            assert_eq!(said, Some(format!("bytes */{length}")).as_deref());
            Got::Unsatisfiable
        }
        status => panic!("{status}"),
    }
}

#[test]
fn single_suffix_open_and_several() {
    let (_root, mut visitor) = site();
    for (target, length) in FILES {
        let one = |range| Got::Parts(vec![range]);
        let table = [
            // The examples of RFC 9110 §14.1.2.
            ("bytes=0-499", one(0..500)),
            ("bytes=500-999", one(500..1000)),
            ("bytes=-500", one(length - 500..length)),
            ("bytes=9500-", one(9500..length)),
            ("bytes=0-0,-1", Got::Parts(vec![0..1, length - 1..length])),
            ("bytes= 0-999, 4500-5499, -1000", Got::Parts(vec![0..1000, 4500..5500, length - 1000..length])),
            ("bytes=500-600,601-999", one(500..1000)),
            ("bytes=500-700,601-999", one(500..1000)),
            // The first and last bytes, and ranges beyond the end.
            ("bytes=0-", one(0..length)),
            ("bytes=0-99999999", one(0..length)),
            ("bytes=-99999999", one(0..length)),
            ("bytes=0-0", one(0..1)),
            ("bytes=-1", one(length - 1..length)),
            ("BYTES=0-0", one(0..1)),
            ("bytes=5000-5001,0-1", Got::Parts(vec![5000..5002, 0..2])),
            ("bytes=20000000-,0-0", one(0..1)),
            ("bytes=5-6,100-101,0-4", Got::Parts(vec![0..7, 100..102])),
            ("bytes=10000000-", Got::Unsatisfiable),
            ("bytes=-0", Got::Unsatisfiable),
            ("bytes=20000000-30000000, -0", Got::Unsatisfiable),
            ("bytes=99999999999999999999999-", Got::Unsatisfiable),
            // Another unit, or no list of ranges.
            ("lines=0-1", Got::Whole),
            ("bytes", Got::Whole),
            ("bytes=", Got::Whole),
            ("bytes=-", Got::Whole),
            ("bytes=5-4", Got::Whole),
            ("bytes=0-1,5-4", Got::Whole),
            ("bytes=a-b", Got::Whole),
            ("bytes=1 - 2", Got::Whole),
        ];
        for (range, expected) in table {
            let answer = visitor.get(target, &format!("Range: {range}"));
            assert_eq!(got(&answer, length), expected, "{target} {range}");
            assert_eq!(visitor.get("/next", "").text(), "next", "{range}: the framing is exact");
        }
        let edge = format!("bytes={}-{}", length - 1, length - 1);
        assert_eq!(got(&visitor.get(target, &format!("Range: {edge}")), length), one(length - 1..length));
        let edge = format!("Range: bytes={length}-");
        assert_eq!(got(&visitor.get(target, &edge), length), Got::Unsatisfiable);
    }
}

/// Some clients send a range with every request.
#[test]
fn an_empty_file_is_sent_whole() {
    let (_root, mut visitor) = site();
    let tag = visitor.get_settled("/empty", "").tag().to_owned();
    for range in ["bytes=0-", "bytes=0-0", "bytes=-5", "bytes=-0", "bytes=100-", "bytes=0-0,-1", "lines=0-1"]
    {
        for condition in ["", "\r\nIf-Range: {TAG}", "\r\nIf-Range: \"another\"", "\r\nIf-Match: {TAG}"] {
            let fields = format!("Range: {range}{}", condition.replace("{TAG}", &tag));
            assert_eq!(got(&visitor.get("/empty", &fields), 0), Got::Whole, "{fields}");
        }
        let fields = format!("Range: {range}\r\nIf-None-Match: {tag}");
        assert_eq!(visitor.get("/empty", &fields).status, 304, "{fields}");
        assert_eq!(visitor.get("/next", "").text(), "next", "{range}: the framing is exact");
    }
}

#[test]
fn a_flood_of_ranges_is_answered_whole_and_one_that_comes_to_little_is_not() {
    let (_root, mut visitor) = site();
    let flood = |count: u64, step: u64| {
        let specs: Vec<_> = (0..count).map(|at| format!("{0}-{0}", at * step)).collect();
        format!("Range: bytes={}", specs.join(","))
    };
    for (target, length) in FILES {
        let mut answer = |fields: &str| got(&visitor.get(target, fields), length);
        let apart = (0..16).map(|at| at * 2..at * 2 + 1).collect();
        assert_eq!(answer(&flood(16, 2)), Got::Parts(apart));
        assert_eq!(answer(&flood(17, 2)), Got::Whole);
        assert_eq!(answer(&flood(64, 1)), Got::Parts(std::iter::once(0..64).collect()));
        assert_eq!(answer(&flood(65, 1)), Got::Whole);
        // CVE-2011-3192: each range is nearly the whole file.
        let overlapping = (0..60).map(|at| format!(",{at}-")).collect::<String>();
        assert_eq!(
            answer(&format!("Range: bytes=0-{overlapping}")),
            Got::Parts(std::iter::once(0..length).collect())
        );
        let overlapping = (0..1000).map(|at| format!(",{at}-")).collect::<String>();
        assert_eq!(answer(&format!("Range: bytes=0-{overlapping}")), Got::Whole);
    }
}

#[test]
fn if_range_applies_to_the_version_that_the_client_has() {
    let (_root, mut visitor) = site();
    for (target, length) in FILES {
        let tag = visitor.get_settled(target, "").tag().to_owned();
        let part = || Got::Parts(std::iter::once(0..500).collect());
        for (condition, expected) in [
            (tag.clone(), part()),
            (format!("W/{tag}"), Got::Whole),
            ("\"another\"".to_owned(), Got::Whole),
            (format!("{tag}, \"another\""), Got::Whole),
            (MODIFIED.to_owned(), part()),
            ("Saturday, 29-Oct-94 19:43:31 GMT".to_owned(), part()),
            ("Mon, 29 Oct 1994 19:43:31 GMT".to_owned(), part()),
            ("Mon, 29 Oct 1994 19:43:30 GMT".to_owned(), Got::Whole),
            ("Sat, 29 Oct 1994 19:43:30 GMT".to_owned(), Got::Whole),
            ("Sat, 29 Oct 1994 19:43:32 GMT".to_owned(), Got::Whole),
            ("never".to_owned(), Got::Whole),
        ] {
            let answer = visitor.get(target, &format!("Range: bytes=0-499\r\nIf-Range: {condition}"));
            assert_eq!(got(&answer, length), expected, "{condition}");
            let beyond = visitor.get(target, &format!("Range: bytes=10000000-\r\nIf-Range: {condition}"));
            let expected = if expected == Got::Whole { Got::Whole } else { Got::Unsatisfiable };
            assert_eq!(got(&beyond, length), expected, "{condition}");
        }
        let twice = format!("Range: bytes=0-499\r\nIf-Range: {tag}\r\nIf-Range: {tag}");
        assert_eq!(got(&visitor.get(target, &twice), length), Got::Whole, "nobody knows which is meant");
        assert_eq!(
            got(&visitor.get(target, &format!("If-Range: {tag}")), length),
            Got::Whole,
            "there is no Range"
        );
    }
}

#[test]
fn head_has_no_parts() {
    let (_root, mut visitor) = site();
    for (target, length) in FILES {
        for range in ["bytes=0-499", "bytes=0-0,-1", "bytes=10000000-"] {
            let answer = visitor.ask("HEAD", target, &format!("Range: {range}"));
            assert_eq!((answer.status, answer.field("content-range")), (200, None), "{range}");
            assert_eq!(answer.field("content-length"), Some(length.to_string()).as_deref());
            assert_eq!(answer.field("accept-ranges"), Some("bytes"), "so that clients know that GET has");
        }
    }
}

#[test]
fn a_file_beyond_four_gibibytes() {
    const LENGTH: u64 = 5 << 30;
    const EDGE: u64 = 1 << 32;
    let root = folder(&[("sparse", b"")]);
    let file = File::options().write(true).open(root.path().join("sparse")).unwrap();
    file.set_len(LENGTH).unwrap();
    for (at, mark) in [(0, "begin"), (EDGE - 4, "edgeEDGE"), (LENGTH - 3, "end")] {
        file.write_all_at(mark.as_bytes(), at).unwrap();
    }
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    let head = visitor.ask("HEAD", "/sparse", "");
    assert_eq!(head.field("content-length"), Some("5368709120"));
    for (range, said, content) in [
        ("0-4", "0-4", "begin"),
        ("4294967292-4294967299", "4294967292-4294967299", "edgeEDGE"),
        ("4294967295-4294967295", "4294967295-4294967295", "e"),
        ("4294967296-4294967296", "4294967296-4294967296", "E"),
        ("-3", "5368709117-5368709119", "end"),
        ("5368709117-", "5368709117-5368709119", "end"),
        ("5368709119-99999999999999", "5368709119-5368709119", "d"),
    ] {
        let answer = visitor.get("/sparse", &format!("Range: bytes={range}"));
        assert_eq!((answer.status, answer.text()), (206, content), "{range}");
        assert_eq!(answer.field("content-range"), Some(format!("bytes {said}/{LENGTH}")).as_deref());
    }
    let several = visitor.get("/sparse", "Range: bytes=-3,4294967294-4294967297,0-1");
    let expected = [(LENGTH - 3..LENGTH, "end"), (EDGE - 2..EDGE + 2, "geED"), (0..2, "be")];
    assert_eq!(
        parts(&several, LENGTH),
        expected.map(|(range, content)| (range, content.as_bytes().to_vec()))
    );
    let beyond = visitor.get("/sparse", "Range: bytes=5368709120-");
    assert_eq!((beyond.status, beyond.field("content-range")), (416, Some("bytes */5368709120")));
}

#[test]
fn requests_behind_one_for_parts_are_answered_behind_it() {
    let (_root, mut visitor) = site();
    let several = "Range: bytes=0-99999,500000-599999,-5";
    let asked = [
        ("/large.bin", several),
        ("/next", ""),
        ("/small.bin", "Range: bytes=0-0,-1"),
        ("/large.bin", "Range: bytes=-5"),
        ("/large.bin", several),
        ("/small.bin", "Range: bytes=10000-"),
        ("/next", "Range: bytes=0-0"),
        ("/large.bin", ""),
        ("/next", ""),
    ];
    for (target, fields) in asked {
        visitor.send("GET", target, fields);
    }
    let lengths = [1_000_000, 0, 10_000, 1_000_000, 1_000_000, 10_000, 0, 1_000_000, 0];
    let answers: Vec<_> = lengths.iter().map(|_| visitor.read("GET")).collect();
    assert_eq!(
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>(),
        [206, 200, 206, 206, 206, 416, 206, 200, 200]
    );
    for (answer, length) in answers.iter().zip(lengths) {
        match length {
            0 => assert!("next".starts_with(answer.text())),
            _ => drop(got(answer, length)),
        }
    }
}

#[test]
fn parts_are_the_same_however_little_the_client_takes_at_once() {
    let (root, _) = site();
    for (target, length) in FILES {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-299,7000-7299,-1\r\n\r\n").repeat(2);
        for each in [1, 2, 3, 7, 60, 299, 300, 301, 10_000] {
            let mut world = Loop::new(root.path(), Limits::default());
            let client = world.connect_saying(request.as_bytes());
            client.takes_each(each);
            world.run();
            let answers = client.answers();
            assert_eq!(answers.len(), 2, "{each} bytes at once");
            for answer in answers {
                let expected = Got::Parts(vec![0..300, 7000..7300, length - 1..length]);
                assert_eq!(got(&answer, length), expected, "{each} bytes at once");
            }
        }
    }
}

/// One call reads the request, and one sends the answer. A long range is sent from the file, by a call of its own for each part.
#[test]
fn a_short_range_leaves_with_its_head_by_one_send() {
    let (root, _) = site();
    for (range, calls) in [
        ("0-0", 2),
        ("500000-501023", 2),
        ("-8192", 2),
        ("-8193", 3),
        ("0-99,500000-500099,-100", 2),
        ("0-9999,500000-509999", 7),
    ] {
        let request = format!("GET /large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes={range}\r\n\r\n");
        let mut world = Loop::new(root.path(), Limits::default());
        let client = world.connect_saying(request.as_bytes());
        world.run();
        got(&client.answers()[0], 1_000_000);
        assert_eq!(client.calls(), calls, "{range}");
    }
}

#[test]
fn the_log_counts_the_bytes_that_were_sent() {
    let (root, _) = site();
    let (program, address) = Program::start(onepoll().arg(root.path()));
    let mut visitor = Visitor::of(address);
    let tag = visitor.get_settled("/small.bin", "").tag().to_owned();
    let none_match = format!("If-None-Match: {tag}");
    for (method, target, fields, status) in [
        ("GET", "/small.bin?1", "Range: bytes=0-99", 206),
        ("GET", "/large.bin?2", "Range: bytes=100-299999", 206),
        ("GET", "/small.bin?3", "Range: bytes=0-0,-1", 206),
        ("GET", "/large.bin?4", "Range: bytes=0-299999,-100000", 206),
        ("GET", "/small.bin?5", "Range: bytes=10000-", 416),
        ("HEAD", "/large.bin?6", "Range: bytes=0-99", 200),
        ("GET", "/small.bin?7", &none_match, 304),
        ("GET", "/large.bin?8", "", 200),
    ] {
        let answer = visitor.ask(method, target, fields);
        assert_eq!(answer.status, status, "{target}");
        let bytes = if answer.body.is_empty() { "-".to_owned() } else { answer.body.len().to_string() };
        let line = program.told(target);
        assert!(line.contains(&format!("HTTP/1.1\" {status} {bytes} ")), "{bytes} bytes came: {line}");
    }
}
