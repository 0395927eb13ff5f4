//! Files in the codings that clients accept: compressed neighbours, and text that the server compresses itself.

mod support;

use onepoll::service::limits::Limits;
use onepoll::site::{Compression, Policy};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::patience::until;
use support::scripted::Loop;
use support::visitor::{Visitor, compressed, gunzip, gzip};
use support::{Answer, folder, pattern, serve, serve_by};

/// A time some years ago: a file written now is newer.
fn set_years_ago(path: &Path, seconds: u64) {
    let time = UNIX_EPOCH + Duration::from_secs(783_459_811 + seconds);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Text that can be compressed, in which all lines differ.
fn text(seed: usize, length: usize) -> Vec<u8> {
    let mut text: Vec<u8> =
        (0..length / 20 + 1).flat_map(|line| format!("{seed:09} {line:09}\n").into_bytes()).collect();
    text.truncate(length);
    text
}

/// The value of `Content-Encoding`, or `None`.
fn coding(answer: &Answer) -> &str {
    answer.field("content-encoding").unwrap_or("identity")
}

/// The field names in `Vary` that decide the coding. On an error page `Accept` decides, too, and is left out.
fn varies_by(answer: &Answer) -> Option<&str> {
    answer
        .field("vary")
        .map(|vary| if answer.status >= 400 { vary.strip_suffix(", Accept").expect(vary) } else { vary })
}

fn is_gzip(answer: &Answer) -> bool {
    coding(answer) == "gzip"
}

/// A page with all the neighbours there are.
fn with_neighbours() -> tempfile::TempDir {
    folder(&[
        ("page.html", b"identity"),
        ("page.html.br", &coded("br")),
        ("page.html.zst", &coded("zstd")),
        ("page.html.gz", &coded("gzip")),
        ("brotli.html", b"identity"),
        ("brotli.html.br", &coded("br")),
        ("plain.html", b"identity"),
    ])
}

/// The page in one of its codings.
fn coded(coding: &str) -> Vec<u8> {
    match coding {
        "identity" => b"identity".to_vec(),
        "zstd" => compressed("zst", b"identity"),
        _ => compressed(coding, b"identity"),
    }
}

#[test]
fn neighbours_by_what_the_client_likes_best() {
    let root = with_neighbours();
    for compression in [Compression::On, Compression::Off] {
        let mut visitor = Visitor::of(serve_by(root.path(), Policy { compression, ..Policy::default() }));
        for (accepted, expected) in [
            ("", "identity"),
            ("Accept-Encoding:", "identity"),
            ("Accept-Encoding: gzip", "gzip"),
            ("Accept-Encoding: x-gzip", "gzip"),
            ("Accept-Encoding: zstd", "zstd"),
            ("Accept-Encoding: br", "br"),
            ("Accept-Encoding: gzip, deflate, br, zstd", "br"),
            ("Accept-Encoding: gzip, deflate, zstd", "zstd"),
            ("Accept-Encoding: gzip;q=1.0, br;q=0.9, zstd;q=0.8", "gzip"),
            ("Accept-Encoding: br;q=0.1, zstd;q=0.2, gzip;q=0.2", "zstd"),
            ("Accept-Encoding: gzip;q=0.5, identity", "identity"),
            ("Accept-Encoding: gzip;q=0", "identity"),
            ("Accept-Encoding: deflate", "identity"),
            ("Accept-Encoding: *", "br"),
            ("Accept-Encoding: *, br;q=0", "zstd"),
            ("Accept-Encoding: identity;q=0, *", "br"),
            ("Accept-Encoding: identity;q=0, gzip;q=0.1", "gzip"),
            ("Accept-Encoding: *;q=0, identity;q=0.1", "identity"),
            ("Accept-Encoding: *;q=0", ""),
            ("Accept-Encoding: identity;q=0", ""),
            ("Accept-Encoding: identity;q=0, deflate", ""),
        ] {
            for method in ["GET", "HEAD"] {
                let answer = visitor.ask(method, "/page.html", accepted);
                assert_eq!(varies_by(&answer), Some("Accept-Encoding"), "{accepted}");
                if expected.is_empty() {
                    assert_eq!(answer.status, 406, "{accepted}");
                    continue;
                }
                assert_eq!((answer.status, coding(&answer)), (200, expected), "{accepted}");
                assert_eq!(
                    answer.field("content-type"),
                    Some("text/html; charset=utf-8"),
                    "of what is coded"
                );
                assert_eq!(
                    answer.field("content-length"),
                    Some(coded(expected).len().to_string()).as_deref()
                );
                if method == "GET" {
                    assert_eq!(answer.body, coded(expected), "{accepted}");
                }
            }
        }
        let brotli = visitor.get("/brotli.html", "Accept-Encoding: identity;q=0, gzip;q=0.9, br;q=0.1");
        assert_eq!(brotli.body, coded("br"), "the best that there is");
        let plain = visitor.get("/plain.html", "Accept-Encoding: gzip, br, zstd");
        assert_eq!((plain.text(), plain.field("vary")), ("identity", None), "nobody gets anything else");
        assert_eq!(visitor.get("/plain.html", "Accept-Encoding: identity;q=0").status, 406);
    }
}

#[test]
fn each_coding_is_a_representation_of_its_own() {
    let root = with_neighbours();
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    let names = ["identity", "gzip", "zstd", "br"];
    let tags = names
        .map(|name| visitor.get_settled("/page.html", &format!("Accept-Encoding: {name}")).tag().to_owned());
    for (at, name) in names.iter().enumerate() {
        for (other, tag) in tags.iter().enumerate() {
            assert_eq!(tags[at] == *tag, at == other, "{name}");
            let accepted = format!("Accept-Encoding: {name}");
            // A client that has the plain file keeps it, even if it prefers it compressed. A range is of the plain
            // file, unless the client names the tag of another coding that it accepts.
            let is_plain = names[other] == "identity";
            for (condition, same, another) in [
                (format!("If-None-Match: {tag}"), 304, (200, *name)),
                (format!("If-Match: {tag}"), 200, (412, "")),
                (format!("Range: bytes=1-\r\nIf-Range: {tag}"), 206, (200, "identity")),
                (format!("Range: bytes=1-\r\nIf-Match: {tag}"), 206, (412, "")),
                (format!("Range: bytes=1-\r\nIf-None-Match: {tag}"), 304, (206, "identity")),
            ] {
                let answer = visitor.get("/page.html", &format!("{accepted}\r\n{condition}"));
                let is_enough = at == other || (is_plain && same != 200);
                let (status, sent) = if is_enough { (same, names[other]) } else { another };
                assert_eq!(answer.status, status, "{name} {condition}");
                match status {
                    200 => assert_eq!((&answer.body, coding(&answer)), (&coded(sent), sent)),
                    206 => assert_eq!((&answer.body[..], coding(&answer)), (&coded(sent)[1..], sent)),
                    _ => {}
                }
                assert_eq!(varies_by(&answer), Some("Accept-Encoding"), "{name} {condition}");
            }
            let beyond = visitor.get("/page.html", &format!("{accepted}\r\nRange: bytes=100-"));
            assert_eq!((beyond.status, varies_by(&beyond)), (416, Some("Accept-Encoding")));
            assert_eq!(beyond.field("content-range"), Some("bytes */8"), "of the file as it is");
        }
    }
}

/// Asks for ranges in every way, and compares the answers with `plain`, the bytes of the whole plain file, and its
/// tag.
fn parts_are_of_the_plain_file(visitor: &mut Visitor, target: &str, plain: &Answer) {
    let content = &plain.body;
    let length = content.len();
    let tag = plain.tag();
    let date = plain.field("last-modified").unwrap();
    for accepted in ["gzip", "br", "gzip, deflate, br, zstd", "*", "gzip;q=1, identity;q=0.1", "identity"] {
        let ask = |visitor: &mut Visitor, method: &str, fields: &str| {
            let answer = visitor.ask(method, target, &format!("Accept-Encoding: {accepted}\r\n{fields}"));
            assert_eq!(varies_by(&answer), varies_by(plain), "{target} {accepted} {fields}");
            answer
        };
        for condition in [
            String::new(),
            format!("\r\nIf-Range: {tag}"),
            format!("\r\nIf-Range: {date}"),
            format!("\r\nIf-Match: {tag}"),
            "\r\nIf-None-Match: \"another\"".to_owned(),
            format!("\r\nIf-Unmodified-Since: {date}"),
        ] {
            let part = ask(visitor, "GET", &format!("Range: bytes=3-{condition}"));
            assert_eq!(
                (part.status, coding(&part), part.tag()),
                (206, "identity", tag),
                "{accepted}{condition}"
            );
            let said = format!("bytes 3-{}/{length}", length - 1);
            assert_eq!(part.field("content-range"), Some(&*said), "{accepted}{condition}");
            assert!(part.body == content[3..], "{target} {accepted}{condition}");
            let beyond = ask(visitor, "GET", &format!("Range: bytes={length}-{condition}"));
            assert_eq!(beyond.status, 416, "{accepted}{condition}");
            assert_eq!(beyond.field("content-range"), Some(&*format!("bytes */{length}")));
        }
        let several = ask(visitor, "GET", "Range: bytes=0-1,-2");
        assert_eq!((several.status, coding(&several), several.tag()), (206, "identity", tag), "{accepted}");
        assert!(several.text().contains(&format!("bytes 0-1/{length}\r\n\r\n")), "{}", several.text());
        for condition in ["\"another\"", "Thu, 01 Jan 1970 00:00:01 GMT"] {
            let whole = ask(visitor, "GET", &format!("Range: bytes=3-\r\nIf-Range: {condition}"));
            assert_eq!((whole.status, coding(&whole)), (200, "identity"), "{accepted} {condition}");
            assert!(whole.body == *content, "{target} {accepted}");
        }
        let held = ask(visitor, "GET", &format!("Range: bytes=3-\r\nIf-None-Match: {tag}"));
        assert_eq!((held.status, held.tag()), (304, tag), "{accepted}");
    }
}

/// Symptom: the first range is of the plain file, and the next, a second later, of a gzip stream.
#[test]
fn a_range_is_of_the_plain_file_before_and_after_it_is_compressed() {
    let root = folder(&[("small.txt", &text(1, 30_000)), ("large.txt", &text(2, 200_000))]);
    for name in ["small.txt", "large.txt"] {
        set_years_ago(&root.path().join(name), 0);
    }
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for target in ["/small.txt", "/large.txt"] {
        let plain = visitor.get_settled(target, "");
        parts_are_of_the_plain_file(&mut visitor, target, &plain);
        let gzip = visitor.get_until(target, "Accept-Encoding: gzip", is_gzip);
        parts_are_of_the_plain_file(&mut visitor, target, &plain);
        // A client that has a part of the gzip stream names its tag.
        let end = gzip.body.len() - 1;
        for condition in ["If-Range", "If-Match"] {
            let fields = format!("Range: bytes=10-\r\n{condition}: {}\r\nAccept-Encoding: gzip", gzip.tag());
            let part = visitor.get(target, &fields);
            assert_eq!((part.status, coding(&part), part.tag()), (206, "gzip", gzip.tag()), "{condition}");
            assert_eq!(part.field("content-range"), Some(&*format!("bytes 10-{end}/{}", end + 1)));
            assert!(part.body == gzip.body[10..], "{condition}");
        }
        let fields = format!("Range: bytes=10-\r\nIf-Range: {}", gzip.tag());
        let whole = visitor.get(target, &fields);
        assert_eq!((whole.status, coding(&whole)), (200, "identity"), "it does not say that it takes gzip");
        assert!(whole.body == plain.body);
        let held = format!("Range: bytes=10-\r\nIf-None-Match: {}\r\nAccept-Encoding: gzip", gzip.tag());
        assert_eq!(visitor.get(target, &held).status, 304);
        // HEAD ignores ranges: it describes the whole answer to GET.
        let head = visitor.ask("HEAD", target, "Range: bytes=0-9\r\nAccept-Encoding: gzip");
        assert_eq!((head.status, coding(&head), head.tag()), (200, "gzip", gzip.tag()));
    }
}

#[test]
fn a_range_is_of_the_plain_file_though_there_are_neighbours() {
    let root = with_neighbours();
    for name in ["page.html", "page.html.br", "page.html.zst", "page.html.gz"] {
        set_years_ago(&root.path().join(name), 0);
    }
    for compression in [Compression::On, Compression::Off] {
        let mut visitor = Visitor::of(serve_by(root.path(), Policy { compression, ..Policy::default() }));
        let plain = visitor.get_settled("/page.html", "");
        parts_are_of_the_plain_file(&mut visitor, "/page.html", &plain);
    }
}

/// The client accepts no plain file, so no range of it is sent: the coding is sent whole, and until it is ready, the
/// whole file.
#[test]
fn who_refuses_identity_gets_no_part_unless_it_has_one() {
    let root = with_neighbours();
    fs::write(root.path().join("text.txt"), text(1, 30_000)).unwrap();
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    let tag = visitor.get_settled("/page.html", "Accept-Encoding: br").tag().to_owned();
    for (accepted, expected) in
        [("br, identity;q=0", "br"), ("identity;q=0, gzip", "gzip"), ("*, identity;q=0", "br")]
    {
        let fields = format!("Accept-Encoding: {accepted}\r\nRange: bytes=1-");
        let answer = visitor.get("/page.html", &fields);
        assert_eq!((answer.status, &answer.body, coding(&answer)), (200, &coded(expected), expected));
        let part = visitor.get("/page.html", &format!("{fields}\r\nIf-Range: {tag}"));
        let (status, from) = if expected == "br" { (206, 1) } else { (200, 0) };
        assert_eq!((part.status, &part.body[..]), (status, &coded(expected)[from..]), "{accepted}");
    }
    let fields = format!("{}\r\nRange: bytes=1-", REFUSING[0]);
    visitor.get_settled("/text.txt", "");
    answer_in_gzip(&mut visitor, "/text.txt", &fields);
}

/// `curl --compressed -C -` and `requests` keep the decoded bytes, so the length that they continue from is that of
/// the plain file.
#[test]
fn a_download_goes_on_where_it_stopped_though_the_file_was_compressed_meanwhile() {
    let content = text(1, 100_000);
    let root = folder(&[("page.txt", &content)]);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    visitor.get_settled("/page.txt", "");
    let accepted = "Accept-Encoding: deflate, gzip, br, zstd";
    let mut kept = Vec::new();
    while kept.len() < content.len() {
        let fields = format!("{accepted}\r\nRange: bytes={}-", kept.len());
        let part = visitor.get("/page.txt", &fields);
        assert_eq!((part.status, coding(&part)), (206, "identity"));
        kept.extend_from_slice(&part.body[..part.body.len().min(30_000)]);
        visitor.get_until("/page.txt", accepted, is_gzip);
    }
    assert!(kept == content);
}

#[test]
fn a_neighbour_is_used_whatever_its_date() {
    let root = with_neighbours();
    let path = |name| root.path().join(name);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for (original, br, gz) in [(5, 5, 5), (5, 4, 5), (5, 4, 4), (5, 9, 4), (10, 9, 10), (0, 0, 0)] {
        set_years_ago(&path("page.html"), original);
        set_years_ago(&path("page.html.br"), br);
        set_years_ago(&path("page.html.gz"), gz);
        for accepted in ["br, gzip", "gzip"] {
            for _ in 0..2 {
                let answer = visitor.get_settled("/page.html", &format!("Accept-Encoding: {accepted}"));
                let expected = accepted.split(',').next().unwrap();
                assert_eq!(
                    (coding(&answer), &answer.body),
                    (expected, &coded(expected)),
                    "{original} {br} {gz}"
                );
            }
        }
    }
    // The original is newly written, and its neighbours are from yesterday.
    fs::write(path("page.html"), "another").unwrap();
    assert_eq!(visitor.get("/page.html", "Accept-Encoding: br, gzip").text(), "another");
}

#[test]
fn what_becomes_of_a_neighbour_shows_in_the_next_answer() {
    let root = folder(&[("page.html", b"identity"), ("sub/page.html", b"identity")]);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for name in ["page.html", "sub/page.html"] {
        let target = format!("/{name}");
        let neighbour = root.path().join(format!("{name}.gz"));
        let moved = root.path().join("moved");
        set_years_ago(&root.path().join(name), 0);
        let mut sees = |what: &str, round: usize, expected: &[u8]| {
            let answer = visitor.get(&target, "Accept-Encoding: gzip");
            assert_eq!(answer.body, expected, "{what}, round {round}");
            if round % 4 < 1 {
                visitor.get_settled(&target, "Accept-Encoding: gzip");
                let answer = visitor.get(&target, "Accept-Encoding: gzip");
                assert_eq!(answer.body, expected, "{what}, as it is kept");
            }
        };
        let plain = b"identity";
        for round in 0..40 {
            // The same in two members of gzip, which are cut somewhere else in each round.
            let copy = |at: usize| [gzip(&plain[..at % 8]), gzip(&plain[at % 8..])].concat();
            let content = copy(round);
            fs::write(&neighbour, &content).unwrap();
            sees("it appears", round, &content);
            let content = copy(round + 1);
            fs::write(&neighbour, &content).unwrap();
            sees("it is written anew", round, &content);
            fs::write(&neighbour, gzip(b"another")).unwrap();
            sees("it is a copy of another version", round, plain);
            fs::write(&neighbour, &content).unwrap();
            sees("it is written anew, in the place of one that is not used", round, &content);
            fs::rename(&neighbour, &moved).unwrap();
            sees("it is moved away", round, plain);
            fs::rename(&moved, &neighbour).unwrap();
            sees("it is moved back", round, &content);
            fs::remove_file(&neighbour).unwrap();
            sees("it vanishes", round, plain);
            fs::create_dir(&neighbour).unwrap();
            sees("it is a folder", round, plain);
            fs::remove_dir(&neighbour).unwrap();
        }
    }
}

#[test]
fn a_large_neighbour_is_sent_from_the_disk() {
    let large = text(1, 3 << 20);
    let compressed = gzip(&large);
    assert!(compressed.len() > 100_000, "{} bytes are not large", compressed.len());
    let root = folder(&[("large.txt", &large), ("large.txt.gz", &compressed)]);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    let answer = visitor.get_until("/large.txt", "Accept-Encoding: gzip", is_gzip);
    assert!(answer.body == compressed);
    assert!(visitor.get("/large.txt", "").body == large);
}

#[test]
fn text_is_compressed_once_somebody_has_asked_for_it() {
    let page = text(1, 30_000);
    let root = folder(&[
        ("page.html", &page),
        ("page.txt", &page),
        ("style.css", &page),
        ("script.js", &page),
        ("data.json", &page),
        ("picture.svg", &page),
        ("README", &page),
        ("from-the-disk.txt", &text(2, 1 << 20)),
        ("index.html", &text(3, 256)),
    ]);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for target in [
        "/page.html",
        "/page.txt",
        "/style.css",
        "/script.js",
        "/data.json",
        "/picture.svg",
        "/README",
        "/from-the-disk.txt",
        "/",
    ] {
        let plain = visitor.get_settled(target, "");
        assert_eq!((coding(&plain), plain.field("vary")), ("identity", Some("Accept-Encoding")), "{target}");
        let answer = visitor.get_until(target, "Accept-Encoding: br, gzip", is_gzip);
        assert!(gunzip(&answer.body) == plain.body, "{target}");
        assert!(answer.body.len() < plain.body.len(), "{target}");
        assert_eq!(varies_by(&answer), Some("Accept-Encoding"), "{target}");
        assert_eq!(answer.field("content-type"), plain.field("content-type"), "{target}");
        assert_eq!(answer.field("last-modified"), plain.field("last-modified"), "{target}");
        assert!(answer.tag().starts_with('"') && answer.tag() != plain.tag(), "{target}");
        let again = format!("Accept-Encoding: gzip\r\nIf-None-Match: {}", answer.tag());
        assert_eq!(visitor.get(target, &again).status, 304, "{target}");
        let part = format!("Accept-Encoding: gzip\r\nRange: bytes=10-\r\nIf-Range: {}", answer.tag());
        let part = visitor.get(target, &part);
        assert!((part.status, coding(&part)) == (206, "gzip") && part.body == answer.body[10..], "{target}");
        assert!(visitor.get(target, "").body == plain.body, "{target}: others get it as it is");
        let refused = visitor.get(target, "Accept-Encoding: gzip;q=0");
        assert!(refused.body == plain.body, "{target}");
    }
}

/// No request waits for the compression, and no event comes: the loop does not sleep before the work is done.
#[test]
fn text_is_compressed_to_its_end_before_the_loop_sleeps() {
    // Long enough for several pieces.
    let page = text(1, 100_000);
    let root = folder(&[("page.txt", &page)]);
    let mut world = Loop::new(root.path(), Limits::default());
    world.set_wall(SystemTime::now() + Duration::from_secs(3600));
    let client = world.connect([]);
    let mut ask = || {
        client.says(b"GET /page.txt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
        world.run();
        client.answers().remove(0)
    };
    assert!(!is_gzip(&ask()));
    let answer = ask();
    assert!(is_gzip(&answer) && gunzip(&answer.body) == page);
}

/// Values of `Accept-Encoding` that accept gzip or another coding, and refuse the plain file.
const REFUSING: [&str; 3] = [
    "Accept-Encoding: gzip, identity;q=0",
    "Accept-Encoding: gzip;q=0.5, *;q=0",
    "Accept-Encoding: identity;q=0, *;q=0.1",
];

/// Asks until the text is compressed. Until then the plain file comes, and never an error.
fn answer_in_gzip(visitor: &mut Visitor, target: &str, fields: &str) -> Answer {
    let plain = visitor.get(target, "");
    until(format_args!("{target} in gzip"), || {
        let answer = visitor.get(target, fields);
        assert_eq!(
            (answer.status, answer.field("vary")),
            (200, Some("Accept-Encoding")),
            "{target} {fields}"
        );
        if is_gzip(&answer) {
            assert!(gunzip(&answer.body) == plain.body, "{target} {fields}");
            return Ok(answer);
        }
        assert!(coding(&answer) == "identity" && answer.body == plain.body, "{target} {fields}");
        Err(answer.head)
    })
}

/// Symptom: 406, and 200 a moment later, although no file has changed.
#[test]
fn who_refuses_identity_gets_text_as_it_is_until_it_is_compressed() {
    for fields in REFUSING {
        let root = folder(&[("small.txt", &text(1, 300)), ("large.txt", &text(2, 1 << 20))]);
        let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
        for (target, length) in [("/small.txt", 300), ("/large.txt", 1 << 20)] {
            // The file is too young to be cached, and so to be compressed.
            let young = visitor.get(target, fields);
            assert_eq!((young.status, coding(&young), young.body.len()), (200, "identity", length));
            assert_eq!(young.field("vary"), Some("Accept-Encoding"));
            let plain = visitor.get_settled(target, "");
            // A client that has the plain file gets 304 before there is a gzip.
            let held = visitor.ask("HEAD", target, &format!("{fields}\r\nIf-None-Match: {}", plain.tag()));
            // On a slow machine the file may be old enough at the first look, and compressed by now.
            if young.tag().starts_with("W/") {
                assert_eq!((held.status, held.field("vary")), (304, Some("Accept-Encoding")));
            }
            let gzip = answer_in_gzip(&mut visitor, target, fields);
            let head = visitor.ask("HEAD", target, fields);
            assert_eq!((head.status, coding(&head), head.tag()), (200, "gzip", gzip.tag()));
            let held = visitor.get(target, &format!("{fields}\r\nIf-None-Match: {}", gzip.tag()));
            assert_eq!(held.status, 304);
            let held = visitor.get(target, &format!("{fields}\r\nIf-None-Match: {}", plain.tag()));
            assert_eq!((held.status, coding(&held)), (200, "gzip"));
        }
    }
}

/// Without room in the cache, text is never compressed. A client that accepts only gzip gets the plain file all the
/// same.
#[test]
fn who_refuses_identity_is_answered_the_same_way_however_little_is_kept() {
    let page = text(1, 10_000);
    let br = compressed("br", &page);
    let root =
        folder(&[("page.txt", &page), ("page.bin", &page), ("page.txt.br", &br), ("page.bin.br", &br)]);
    for cache_bytes_max in [0, 5000, 14_000, 32 << 20] {
        let mut visitor = Visitor::of(serve_by(root.path(), Policy { cache_bytes_max, ..Policy::default() }));
        visitor.get_settled("/page.txt", "");
        for _ in 0..10 {
            for (target, fields, status) in [
                ("/page.txt", REFUSING[0], 200),
                ("/page.txt", REFUSING[1], 200),
                ("/page.txt", "Accept-Encoding: zstd, *;q=0", 406),
                ("/page.txt", "Accept-Encoding: *;q=0", 406),
                ("/page.txt", "Accept-Encoding: identity;q=0", 406),
                ("/page.bin", REFUSING[0], 406),
                ("/page.bin", REFUSING[2], 200),
            ] {
                let answer = visitor.get(target, fields);
                assert_eq!(answer.status, status, "{target} {fields} with {cache_bytes_max} bytes");
                assert_eq!(varies_by(&answer), Some("Accept-Encoding"), "{target} {fields}");
            }
        }
    }
}

/// A client that only accepts gzip gets 406 for a file that will never be compressed.
#[test]
fn what_is_not_worth_it_is_not_compressed() {
    let root = folder(&[
        ("short.txt", &text(1, 255)),
        ("empty.txt", b""),
        ("long.txt", &text(1, (1 << 20) + 1)),
        ("binary", &pattern(30_000)),
        ("picture.png", &text(1, 30_000)),
        ("font.woff2", &text(1, 30_000)),
        ("text.txt", &text(1, 30_000)),
    ]);
    let targets = ["/short.txt", "/empty.txt", "/long.txt", "/binary", "/picture.png", "/font.woff2"];
    let policies = [
        (Compression::On, &targets[..], 200),
        (Compression::Off, &["/short.txt", "/long.txt", "/binary", "/text.txt"], 406),
    ];
    for (compression, never, control) in policies {
        let mut visitor = Visitor::of(serve_by(root.path(), Policy { compression, ..Policy::default() }));
        visitor.get_settled("/text.txt", "");
        for target in never {
            let plain = visitor.get_settled(target, "Accept-Encoding: gzip");
            assert_eq!((coding(&plain), plain.field("vary")), ("identity", None), "{target}");
            for _ in 0..3 {
                assert_eq!(
                    visitor.get(target, "Accept-Encoding: gzip, identity;q=0").status,
                    406,
                    "{target}"
                );
            }
        }
        let fields = "Accept-Encoding: gzip, identity;q=0";
        match control {
            200 => drop(answer_in_gzip(&mut visitor, "/text.txt", fields)),
            _ => assert_eq!(visitor.get("/text.txt", fields).status, control),
        }
    }
}

#[test]
fn a_change_while_text_is_compressed_never_brings_the_old_text_back() {
    const LENGTH: usize = 600_000;
    let root = folder(&[("page.txt", b"")]);
    let path = root.path().join("page.txt");
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for round in 0..30 {
        let [old, new] = [text(2 * round, LENGTH), text(2 * round + 1, LENGTH)];
        fs::write(&path, &old).unwrap();
        visitor.get_settled("/page.txt", "");
        // Asks for the text, and makes a few turns, so that its compression has come to another place in each round.
        for _ in 0..round {
            assert_eq!(visitor.ask("HEAD", "/page.txt", "Accept-Encoding: gzip").status, 200);
        }
        if round % 2 == 0 {
            fs::write(&path, &new).unwrap();
        } else {
            fs::write(root.path().join("next"), &new).unwrap();
            fs::rename(root.path().join("next"), &path).unwrap();
        }
        visitor.get_until("/page.txt", "Accept-Encoding: gzip", |answer| {
            let is_gzip = is_gzip(answer);
            let content = if is_gzip { gunzip(&answer.body) } else { answer.body.clone() };
            assert!(content == new, "round {round}: the old text, or some of it");
            is_gzip
        });
    }
}

#[test]
fn a_small_memory_never_makes_a_wrong_answer() {
    let names: Vec<_> = (0..40).map(|at| format!("{at}.txt")).collect();
    let root = folder(&[]);
    for (at, name) in names.iter().enumerate() {
        fs::write(root.path().join(name), text(at, 10_000 + at)).unwrap();
    }
    for cache_bytes_max in [0, 5000, 20_000, 64 << 10] {
        let mut visitor = Visitor::of(serve_by(root.path(), Policy { cache_bytes_max, ..Policy::default() }));
        visitor.get_settled("/39.txt", "");
        for round in 0..400 {
            let at = round * 7 % names.len();
            let answer = visitor
                .get(&format!("/{}", names[at]), if round % 3 == 0 { "" } else { "Accept-Encoding: gzip" });
            let content = if is_gzip(&answer) { gunzip(&answer.body) } else { answer.body };
            assert!(content == text(at, 10_000 + at), "{at} with {cache_bytes_max} bytes");
        }
    }
}

/// The compressed form of this text has no room in the cache. It is compressed only once, and no client waits for it
/// for ever.
#[test]
fn text_that_does_not_fit_when_it_is_compressed_is_answered_as_it_is() {
    let mut state = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 | 1;
    let noise = (0..40_000).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        b' ' + (state >> 33) as u8 % 95
    });
    let noise: Vec<u8> = noise.collect();
    let root = folder(&[("noise.txt", &noise)]);
    let policy = Policy { cache_bytes_max: 60_000, ..Policy::default() };
    let mut visitor = Visitor::of(serve_by(root.path(), policy));
    visitor.get_settled("/noise.txt", "");
    for _ in 0..3 {
        let refusing = visitor.get("/noise.txt", "Accept-Encoding: gzip, identity;q=0");
        assert!(refusing.status == 200 && refusing.body == noise);
        assert!(visitor.get("/noise.txt", "Accept-Encoding: gzip").body == noise);
    }
}
