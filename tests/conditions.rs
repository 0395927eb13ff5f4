//! What is answered if the client has a version already: validators and conditions (RFC 9110 §8.8 and §13).

mod support;

use onepoll::service::limits::Limits;
use onepoll::site::{Policy, Watching};
use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::patience::until;
use support::visitor::Visitor;
use support::{Answer, folder, pattern, serve, serve_by};

/// The date in the examples of RFC 9110, a date before it, and a date after it.
const SAME: &str = "Sat, 29 Oct 1994 19:43:31 GMT";
const EARLIER: &str = "Fri, 28 Oct 1994 00:00:00 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const MODIFIED: u64 = 783_459_811;

/// A file that is kept in memory, and a file that is sent from the disk.
const FILES: [(&str, usize); 2] = [("/small", 1000), ("/large", 100_000)];

fn set_modified(path: &Path, time: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// A site with [`FILES`], last written at the date of the examples.
fn dated() -> tempfile::TempDir {
    let root = folder(&[("small", &pattern(1000)), ("large", &pattern(100_000))]);
    for name in ["small", "large"] {
        set_modified(&root.path().join(name), UNIX_EPOCH + Duration::from_secs(MODIFIED));
    }
    root
}

#[test]
fn conditions_in_the_order_of_the_rfc() {
    let root = dated();
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    let table = [
        ("", 200),
        ("If-Match: {TAG}", 200),
        ("If-Match: {TAG}, \"r2d2xxxx\", \"c3piozzzz\"", 200),
        ("If-Match: \"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", 412),
        ("If-Match: \"xyzzy\"\r\nIf-Match: {TAG}", 200),
        ("If-Match: W/{TAG}", 412),
        ("If-Match: \"xyzzy\"", 412),
        ("If-Match: *", 200),
        ("If-Match:", 412),
        ("If-None-Match: {TAG}", 304),
        ("If-None-Match: W/{TAG}", 304),
        ("If-None-Match: \"xyzzy\", \"r2d2xxxx\", {TAG}", 304),
        ("If-None-Match: W/\"xyzzy\", W/{TAG}, W/\"c3piozzzz\"", 304),
        ("If-None-Match: \"xyzzy\"\r\nIf-None-Match: {TAG}", 304),
        ("If-None-Match: \"xyzzy\"", 200),
        ("If-None-Match: *", 304),
        ("If-Modified-Since: {SAME}", 304),
        ("If-Modified-Since: {LATER}", 304),
        ("If-Modified-Since: {EARLIER}", 200),
        ("If-Modified-Since: Saturday, 29-Oct-94 19:43:31 GMT", 304),
        ("If-Modified-Since: Sat Oct 29 19:43:31 1994", 304),
        ("If-Modified-Since: yesterday", 200),
        // This date was a Saturday.
        ("If-Modified-Since: Mon, 29 Oct 1994 19:43:31 GMT", 304),
        ("If-Modified-Since: Monday, 29-Oct-94 19:43:31 GMT", 304),
        ("If-Modified-Since: Mon Oct 29 19:43:31 1994", 304),
        ("If-Modified-Since: Mon, 29 Oct 1994 19:43:30 GMT", 200),
        ("If-Modified-Since: Moon, 29 Oct 1994 19:43:31 GMT", 200),
        ("If-Modified-Since: 783459811", 200),
        ("If-Unmodified-Since: {SAME}", 200),
        ("If-Unmodified-Since: {LATER}", 200),
        ("If-Unmodified-Since: {EARLIER}", 412),
        ("If-Unmodified-Since: yesterday", 200),
        ("If-Unmodified-Since: Mon, 29 Oct 1994 19:43:31 GMT", 200),
        ("If-Unmodified-Since: Mon, 29 Oct 1994 19:43:30 GMT", 412),
        // A tag decides before a date, and `If-Match` and `If-Unmodified-Since` before the other two.
        ("If-Match: {TAG}\r\nIf-Unmodified-Since: {EARLIER}", 200),
        ("If-Match: \"xyzzy\"\r\nIf-Unmodified-Since: {LATER}", 412),
        ("If-None-Match: {TAG}\r\nIf-Modified-Since: {EARLIER}", 304),
        ("If-None-Match: \"xyzzy\"\r\nIf-Modified-Since: {SAME}", 200),
        ("If-Match: {TAG}\r\nIf-None-Match: {TAG}", 304),
        ("If-Match: \"xyzzy\"\r\nIf-None-Match: {TAG}", 412),
        ("If-Unmodified-Since: {EARLIER}\r\nIf-None-Match: {TAG}", 412),
        // All of these decide before a range.
        ("If-None-Match: {TAG}\r\nRange: bytes=0-0", 304),
        ("If-Match: \"xyzzy\"\r\nRange: bytes=0-0", 412),
        ("If-None-Match: {TAG}\r\nRange: bytes=200000-", 304),
    ];
    for (target, length) in FILES {
        let whole = visitor.get_settled(target, "");
        assert_eq!(whole.field("last-modified"), Some(SAME));
        for (fields, status) in table {
            let fields = fields.replace("{TAG}", whole.tag()).replace("{SAME}", SAME);
            let fields = fields.replace("{LATER}", LATER).replace("{EARLIER}", EARLIER);
            for method in ["GET", "HEAD"] {
                let answer = visitor.ask(method, target, &fields);
                assert_eq!(answer.status, status, "{method} {target} {fields}");
                match status {
                    304 => is_not_modified(&answer, &whole),
                    412 => assert!(answer.field("etag").is_none(), "{fields}"),
                    _ if method == "GET" => assert_eq!(answer.body, pattern(length), "{fields}"),
                    _ => assert_eq!(answer.field("content-length"), Some(length.to_string()).as_deref()),
                }
            }
        }
    }
    let missing = visitor.get("/missing", "If-Match: \"xyzzy\"\r\nIf-None-Match: *");
    assert_eq!(missing.status, 404, "conditions are for what is there");
}

/// The fields of a 304: what it says of the client's content, and what it leaves out.
fn is_not_modified(answer: &Answer, whole: &Answer) {
    for name in ["cache-control", "etag", "last-modified", "vary"] {
        assert_eq!(answer.field(name), whole.field(name), "{name}");
    }
    assert!(answer.field("date").is_some());
    for name in ["content-length", "content-type", "content-range", "content-encoding", "transfer-encoding"] {
        assert_eq!(answer.field(name), None, "{name}");
    }
}

#[test]
fn a_tag_is_strong_once_time_can_tell_versions_apart_and_before_that_like_no_other() {
    let root = folder(&[("small", b""), ("large", b"")]);
    let address = serve(root.path(), Limits::default());
    let mut visitor = Visitor::of(address);
    for (target, length) in FILES {
        let path = root.path().join(&target[1..]);
        let mut seen = HashSet::new();
        std::fs::write(&path, pattern(length)).unwrap();
        until(format_args!("a strong tag of {target} after a weak one"), || {
            let answer = visitor.get(target, "");
            let Some(weak) = answer.tag().strip_prefix("W/") else {
                if seen.is_empty() {
                    // On a slow machine the file was old enough at the first look.
                    std::fs::write(&path, pattern(length)).unwrap();
                }
                return if seen.is_empty() { Err(answer.head) } else { Ok(()) };
            };
            assert!(seen.insert(weak.to_owned()), "{weak} twice");
            let fields = format!("If-None-Match: {}", answer.tag());
            assert_eq!(visitor.get(target, &fields).status, 200, "nobody can tell that it is the same");
            let fields = format!("If-Match: {weak}");
            assert_eq!(visitor.get(target, &fields).status, 412, "{weak} promises no bytes");
            Err(answer.head)
        });
        let tag = visitor.get(target, "").tag().to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{tag}");
        assert!(!seen.contains(&tag), "a tag that was weak became strong");
        for mut other in [Visitor::of(address), Visitor::of(serve(root.path(), Limits::default()))] {
            for method in ["GET", "HEAD"] {
                assert_eq!(other.ask(method, target, "").tag(), tag, "while nothing changes");
            }
        }
    }
}

#[test]
fn equal_content_of_two_files_has_two_tags() {
    let root = folder(&[("a", b"same"), ("b", b"same")]);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    assert_ne!(visitor.get_settled("/a", "").tag(), visitor.get_settled("/b", "").tag());
}

#[test]
fn times_that_cannot_be_told_never_break_an_answer() {
    let day = Duration::from_secs(86_400);
    let times = [
        ("1969", UNIX_EPOCH - Duration::from_secs(1)),
        ("1969 and a half", UNIX_EPOCH - Duration::from_millis(500)),
        ("1901", UNIX_EPOCH - 25_000 * day),
        ("as early as can be", UNIX_EPOCH - Duration::from_secs(i64::MAX as u64)),
        ("1970", UNIX_EPOCH),
        ("a second later", UNIX_EPOCH + Duration::from_secs(1)),
        ("past", UNIX_EPOCH + Duration::from_secs(2)),
        ("tomorrow", SystemTime::now() + day),
        ("2038", UNIX_EPOCH + Duration::from_secs(1 << 31)),
        ("2446", UNIX_EPOCH + Duration::from_secs(15_032_385_535)),
        ("10000", UNIX_EPOCH + Duration::from_secs(253_402_300_800)),
        ("as late as can be", UNIX_EPOCH + Duration::from_secs(i64::MAX as u64)),
    ];
    let root = folder(&[("folder/small", &pattern(1000)), ("folder/large", &pattern(100_000))]);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for (name, length) in [("small", 1000), ("large", 100_000)] {
        let target = format!("/folder/{name}");
        for (when, time) in times {
            let before = visitor.get(&target, "").tag().to_owned();
            set_modified(&root.path().join("folder").join(name), time);
            assert_ne!(visitor.get(&target, "").tag(), before, "{when}: the file was touched");
            let whole = visitor.get_settled(&target, "");
            assert_eq!((whole.status, &whole.body), (200, &pattern(length)), "{when}");
            // A date that packers give to every file is not sent.
            let is_past = when == "past";
            let date = whole.field("last-modified");
            assert_eq!(date, is_past.then_some("Thu, 01 Jan 1970 00:00:02 GMT"), "{when}");
            let tag = whole.tag();
            for (fields, status) in [
                (format!("If-None-Match: {tag}"), 304),
                (format!("If-Match: {tag}"), 200),
                (format!("If-Modified-Since: {LATER}"), if is_past { 304 } else { 200 }),
                ("If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT".into(), if is_past { 304 } else { 200 }),
                (format!("If-Unmodified-Since: {SAME}"), 200),
                (format!("Range: bytes=0-9\r\nIf-Range: {tag}"), 206),
                (format!("Range: bytes=0-9\r\nIf-Range: {LATER}"), 200),
                ("Range: bytes=-10".into(), 206),
            ] {
                for method in ["GET", "HEAD"] {
                    let status = if (method, status) == ("HEAD", 206) { 200 } else { status };
                    assert_eq!(
                        visitor.ask(method, &target, &fields).status,
                        status,
                        "{when}: {method} {fields}"
                    );
                }
            }
            for accept in ["text/html", "application/json"] {
                let listing = visitor.get("/folder/?sort=time", &format!("Accept: {accept}"));
                assert_eq!(listing.status, 200, "{when}");
                assert!(listing.text().contains(name), "{when}");
            }
        }
    }
}

#[test]
fn caches_ask_every_time_unless_told_how_long_not_to() {
    let root = dated();
    std::fs::create_dir(root.path().join("folder")).unwrap();
    let policies = [
        (Policy::default(), "no-cache"),
        (Policy { fresh_seconds: Some(60), ..Policy::default() }, "max-age=60"),
        (Policy { fresh_seconds: Some(0), ..Policy::default() }, "max-age=0"),
        (Policy { fresh_seconds: Some(60), watching: Watching::On, ..Policy::default() }, "no-cache"),
    ];
    for (policy, cache_control) in policies {
        let mut visitor = Visitor::of(serve_by(root.path(), policy));
        let folder = visitor.get("/folder", "");
        assert_eq!((folder.status, folder.field("cache-control")), (301, Some("no-cache")));
        for (target, _) in FILES {
            let tag = visitor.get_settled(target, "").tag().to_owned();
            for (fields, status) in [
                (String::new(), 200),
                ("Range: bytes=0-0".into(), 206),
                ("Range: bytes=0-0,5-5".into(), 206),
                (format!("If-None-Match: {tag}"), 304),
            ] {
                let answer = visitor.get(target, &fields);
                assert_eq!((answer.status, answer.field("cache-control")), (status, Some(cache_control)));
            }
        }
    }
}
