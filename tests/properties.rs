//! Properties that hold for every input. proptest makes up the inputs, and reduces one that fails to the shortest
//! that fails.

mod support;

use onepoll::conn::Wait;
use onepoll::conn::context::Context;
use onepoll::http::HeadLimits;
use onepoll::http::date::Date;
use onepoll::http::range::{Selection, select};
use onepoll::http::response::{Common, Head};
use onepoll::http::status::Status;
use onepoll::http::version::Persistence;
use onepoll::os::files::{Links, Purpose, open_below, open_folder, stat};
use onepoll::reactor::deadlines::Deadlines;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::site::Hidden;
use onepoll::site::path::{SitePath, crumbs, way_to_root};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select as one_of};
use std::collections::HashSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};
use support::pieces::{answer, context_for};
use support::reference::{remove_dot_segments, resolved};
use support::{folder, pattern};
use tempfile::TempDir;

/// The number of cases for each property; `PROPTEST_CASES` sets another.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// Pieces of requests. Put together at random, many are nearly right.
const WORDS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /large HTTP/1.1\r\nHost: a\r\nRange: bytes=5-9,20-\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nT: r\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nab",
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"/",
    b"/large?q",
    b"/%2e%2e/",
    b"*",
    b"http://a/",
    b" HTTP/1.1\r\n",
    b" HTTP/1.0\r\n",
    b"Host: a\r\n",
    b"Host: b\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"If-None-Match: \"a\", W/\"b\r\n",
    b"If-Range: \"a\"\r\n",
    b"Range: bytes=0-,-1\r\n",
    b"Accept-Encoding: gzip;q=0.5, *;q=0\r\n",
    b"\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n",
    b"ffffffffffffffff",
    b"\r",
    b"\n",
    b":",
    b";=\"\\\"",
    b"\0",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![9 => one_of(WORDS).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 1..4)];
    vec(word, 0..12).prop_map(|words| words.concat())
}

fn site() -> (TempDir, Context) {
    let root = folder(&[("index.html", b"<p>hello"), ("large", &pattern(70_000))]);
    let head = HeadLimits { request_line_bytes_max: 60, head_bytes_max: 200, fields_max: 5 };
    let limits = Limits { head, content_bytes_max: 30, ..Limits::default() };
    let context = context_for(Hosts::Named(vec!["a".into()]), root.path(), limits);
    (root, context)
}

/// `100 Continue` is only for a client that waits, so whether it is sent depends on the cut.
fn without_interim(mut answered: &[u8]) -> Vec<u8> {
    const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut rest = Vec::new();
    while let Some(at) = answered.windows(INTERIM.len()).position(|window| window == INTERIM) {
        rest.extend_from_slice(&answered[..at]);
        answered = &answered[at + INTERIM.len()..];
    }
    [&rest[..], answered].concat()
}

/// Any bytes, in pieces of any lengths, get the answers that they get in one piece, and cause no panic.
#[test]
fn a_stream_that_is_cut_anywhere_gets_the_same_answers() {
    let (_root, context) = site();
    let context = std::cell::RefCell::new(context);
    proptest!(config(), |(stream in bytes(), cuts in vec(any::<Index>(), 0..8))| {
        let context = &mut *context.borrow_mut();
        let whole = answer([&stream[..]].into_iter().filter(|piece| !piece.is_empty()), context);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([stream.len()]);
        let begins = [0].into_iter().chain(cuts.iter().copied());
        let pieces = begins.zip(ends).map(|(begin, end)| &stream[begin..end]).filter(|piece| !piece.is_empty());
        let answered = answer(pieces, context);
        prop_assert!(without_interim(&answered) == without_interim(&whole), "{}\nand in one piece\n{}",
            answered.escape_ascii(), whole.escape_ascii());
    });
}

/// Another parser reads a head that is built here as it is meant.
#[test]
fn heads_parse_back() {
    const STATUSES: [Status; 6] = [
        Status::OK,
        Status::NO_CONTENT,
        Status::PARTIAL_CONTENT,
        Status::NOT_MODIFIED,
        Status::FIELDS_TOO_LARGE,
        Status::VERSION_NOT_SUPPORTED,
    ];
    const PERSISTENCES: [Persistence; 3] =
        [Persistence::KeepAlive, Persistence::KeepAliveSaid, Persistence::Close];
    let fields = vec(("X-[A-Za-z0-9-]{0,20}", "[!-~]([ -~]{0,40}[!-~])?"), 0..20);
    proptest!(config(), |(
        status in one_of(&STATUSES), persistence in one_of(&PERSISTENCES), fields in fields, second in any::<u32>()
    )| {
        let mut head = Head::new(status);
        for (name, value) in &fields {
            head = head.field(name, value);
        }
        let date = Date::new(UNIX_EPOCH + Duration::from_secs(second.into()));
        let mut bytes = Vec::new();
        head.encode(&mut bytes, &Common::default(), &date, persistence);
        let mut slots = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Response::new(&mut slots);
        let length = parsed.parse(&bytes).expect("it is well formed");
        prop_assert_eq!(length, httparse::Status::Complete(bytes.len()));
        prop_assert_eq!((parsed.version, parsed.code, parsed.reason), (Some(1), Some(status.code), Some(status.reason)));
        let said = |name: &str| {
            let said = parsed.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            said.map(|field| std::str::from_utf8(field.value).unwrap())
        };
        let connection = match persistence {
            Persistence::KeepAlive => None,
            Persistence::KeepAliveSaid => Some("keep-alive"),
            Persistence::Close => Some("close"),
        };
        prop_assert_eq!((said("Connection"), said("Date")), (connection, Some(date.text())));
        let theirs = parsed.headers.iter().filter(|field| field.name.starts_with("X-"));
        let theirs = theirs.filter(|field| field.name != "X-Content-Type-Options");
        let theirs: Vec<_> = theirs.map(|field| (field.name, field.value)).collect();
        let ours: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        prop_assert_eq!(theirs, ours);
    });
}

/// The ranges that are selected exist, are not empty, and do not overlap.
#[test]
fn ranges_never_leave_the_file() {
    let number = prop_oneof![
        (0..20_u64).prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        "[0-9]{0,25}",
    ];
    let spec = (number.clone(), number).prop_map(|(first, last)| format!("{first}-{last}"));
    let list = vec(prop_oneof![9 => spec, 1 => "[-0-9, a]{0,5}"], 0..20).prop_map(|specs| specs.join(","));
    let value = prop_oneof![9 => list.prop_map(|list| format!("bytes={list}")), 1 => "\\PC{0,20}"];
    proptest!(config(), |(value in value, length in prop_oneof![0..30_u64, any::<u64>()])| {
        if let Selection::Parts(parts) = select(value.as_bytes(), length) {
            prop_assert!(!parts.is_empty());
            for (at, part) in parts.iter().enumerate() {
                prop_assert!(part.start < part.end && part.end <= length, "{:?}", part);
                let others = parts[at + 1..].iter();
                let touch = others.filter(|other| other.start <= part.end && part.start <= other.end).count();
                prop_assert_eq!(touch, 0, "{:?}", parts);
            }
        }
    });
}

/// Segments for paths that try to leave the root.
const SEGMENTS: &[&str] = &[
    "",
    ".",
    "..",
    "a",
    "sub",
    "in",
    "out",
    "up",
    "%2e%2e",
    "%2E.",
    "..%2f",
    "%2f",
    "%00",
    "%ff",
    "..\\",
    "%252e%252e",
    ".hidden",
    ".well-known",
    "...",
    "%20",
    "~",
];

fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![9 => one_of(SEGMENTS).prop_map(str::to_owned), 1 => "[!-~]{0,6}"];
    vec(segment, 0..8).prop_map(|segments| format!("/{}", segments.join("/")))
}

/// A path decodes to a name below the root, or to nothing.
#[test]
fn a_decoded_path_has_no_way_up() {
    proptest!(config(), |(path in path())| {
        if let Some(decoded) = SitePath::decode(&path, Hidden::Absent) {
            let name = decoded.name();
            let bytes = name.as_os_str().as_bytes();
            let is_plain = |segment: &[u8]| !segment.is_empty() && !segment.starts_with(b".");
            let mut segments = bytes.split(|byte| *byte == b'/');
            prop_assert!(bytes == b"." || segments.all(|segment| is_plain(segment) || segment == b".well-known"), "{name:?}");
            prop_assert!(!bytes.contains(&0));
        }
    });
}

/// A link on a page, resolved against its path as in RFC 3986 §5.2, leads where its text says.
#[test]
fn references_from_a_path_lead_where_they_say() {
    proptest!(config(), |(path in path())| {
        let path = path.replace(['?', '#'], "_");
        if let Some(decoded) = SitePath::decode(&path, Hidden::Absent) {
            // Clients remove dot segments before they ask. For one at the end of a path, they add a slash.
            let asked = remove_dot_segments(&path.replace("%2e", ".").replace("%2E", "."));
            let follow = |link: &str| SitePath::decode(&resolved(&asked, link), Hidden::Absent);
            if !decoded.is_folder() {
                let moved = follow(&decoded.with_slash()).expect("it was decoded before");
                prop_assert_eq!((moved.name(), moved.is_folder()), (decoded.name(), true));
            }
            let mut name = PathBuf::new();
            for (folder, link) in crumbs(&path) {
                name.push(folder);
                let above = follow(&link).expect("it was decoded before");
                let expected = if name.as_os_str().is_empty() { Path::new(".") } else { &name };
                prop_assert_eq!((above.name(), above.is_folder()), (expected, true));
            }
            let root = follow(&way_to_root(&path)).expect("it was decoded before");
            prop_assert_eq!((root.name(), root.is_folder()), (Path::new("."), true));
        }
    });
}

/// Any name, with any links on its way, leads to something in the folder, or to nothing.
#[test]
fn a_name_never_leads_out_of_the_root() {
    let outer = folder(&[("secret", b""), ("root/a", b""), ("root/sub/a", b"")]);
    let root = outer.path().join("root");
    symlink("sub", root.join("in")).unwrap();
    symlink("..", root.join("out")).unwrap();
    symlink("../..", root.join("sub/up")).unwrap();
    symlink(outer.path(), root.join("sub/out")).unwrap();
    let inside: HashSet<_> = ["", "a", "sub", "sub/a", "in", "out", "sub/up", "sub/out"]
        .map(|name| fs::symlink_metadata(root.join(name)).unwrap())
        .map(|metadata| (metadata.dev(), metadata.ino()))
        .into();
    let folder = open_folder(&root).unwrap();
    let segment = prop_oneof![9 => one_of(SEGMENTS).prop_map(str::to_owned), 1 => Just("secret".to_owned())];
    proptest!(config(), |(segments in vec(segment, 1..6), links in one_of(&[Links::Inside, Links::None]))| {
        if let Ok(opened) = open_below(&folder, segments.join("/").as_ref(), Purpose::Look, links) {
            prop_assert!(inside.contains(&stat(&opened).unwrap().identity), "{:?} {:?}", segments, links);
        }
    });
}

/// The connection that is due first is first, whatever deadlines were set and removed before. If all that are due are
/// expired one after the other, they come in the order of time.
#[test]
fn deadlines_never_go_back() {
    let limits = Limits::default();
    let step =
        (0..20_usize, prop_oneof![4 => one_of(&Wait::ALL).prop_map(Some), 1 => Just(None)], 0..3000_u64);
    proptest!(config(), |(steps in vec(step, 0..300))| {
        let mut now = Instant::now();
        let mut deadlines = Deadlines::default();
        let mut table: [Option<(Wait, Instant)>; 20] = [None; 20];
        for (key, wait, millis) in steps {
            now += Duration::from_millis(millis);
            table[key] = wait.map(|wait| (wait, now));
            match wait {
                Some(wait) => deadlines.set(key, wait, now),
                None => deadlines.clear(key),
            }
            let due = |(wait, since): &(Wait, Instant)| Some(*since + wait.timeout(&limits)?);
            let due = table.iter().flatten().filter_map(due).min();
            prop_assert_eq!(deadlines.next(&limits), due);
        }
        let mut before = None;
        while let Some(due) = deadlines.next(&limits) {
            prop_assert!(before <= Some(due));
            let key = deadlines.expired(due, &limits).expect("somebody is due");
            let (wait, since) = table[key].take().expect("it was set");
            prop_assert_eq!(wait.timeout(&limits).map(|timeout| since + timeout), Some(due));
            deadlines.clear(key);
            before = Some(due);
        }
        prop_assert!(table.iter().flatten().all(|(wait, _)| wait.timeout(&limits).is_none()));
    });
}
