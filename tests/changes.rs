//! Every change on the disk shows in the very next answer, also on a keep-alive connection.

mod support;

use onepoll::http::encoding::Coding;
use onepoll::service::limits::Limits;
use onepoll::site::{Asker, Charge, Found, Moment, Policy, Site, Stored, Wanted};
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::visitor::Visitor;
use support::{folder, pattern, serve};

/// The number of changes to each file. Most follow at once; before some of them the file becomes old enough to be
/// cached.
const ROUNDS: usize = 100;

/// A file that is kept in memory, and a file that is sent from the disk.
const LENGTHS: [usize; 2] = [100, 100_000];

/// What the next request must see.
enum Sees {
    Content(Vec<u8>),
    Status(u16),
    Listing,
}

/// Content that names the round in which it was written. It has the same length in all rounds.
fn version(round: usize, length: usize) -> Vec<u8> {
    let mut content = format!("{round:08} ").into_bytes().repeat(length / 9 + 1);
    content.truncate(length);
    content
}

/// Makes one change after the other in a root of its own, and asks for `target` after each change.
fn every_change_is_seen(target: &str, change: impl Fn(&Path, usize, usize) -> Sees) {
    for length in LENGTHS {
        let outside = folder(&[("root/file", b"")]);
        let root = outside.path().join("root");
        let mut visitor = Visitor::of(serve(&root, Limits::default()));
        let mut tag = "\"none\"".to_owned();
        for round in 0..ROUNDS {
            let sees = change(&root, round, length);
            let condition = if round % 2 == 0 { String::new() } else { format!("If-None-Match: {tag}") };
            let answer = visitor.get(target, &condition);
            let shown = answer.text().get(..9.min(answer.body.len())).unwrap_or_default();
            match sees {
                Sees::Content(content) => {
                    assert_eq!(answer.status, 200, "round {round}, {length} bytes");
                    assert!(answer.body == content, "round {round}, {length} bytes: {shown}");
                    tag = answer.tag().to_owned();
                    if round % 20 < 3 {
                        tag = visitor.get_settled(target, "").tag().to_owned();
                        assert!(visitor.get(target, "").body == content, "round {round}: as it is kept");
                    }
                }
                Sees::Status(status) => assert_eq!(answer.status, status, "round {round}, {length} bytes"),
                Sees::Listing => assert!(answer.text().contains("<table>"), "round {round}: {shown}"),
            }
        }
    }
}

#[test]
fn a_rewrite_in_place_of_the_same_length() {
    every_change_is_seen("/file", |root, round, length| {
        let content = version(round, length);
        fs::write(root.join("file"), &content).unwrap();
        Sees::Content(content)
    });
}

#[test]
fn a_rewrite_in_place_without_truncation() {
    every_change_is_seen("/file", |root, round, length| {
        let content = version(round, length);
        File::options().write(true).open(root.join("file")).unwrap().write_all(&content).unwrap();
        Sees::Content(content)
    });
}

#[test]
fn a_replacement_by_rename() {
    every_change_is_seen("/file", |root, round, length| {
        let content = version(round, length);
        fs::write(root.join("next"), &content).unwrap();
        fs::rename(root.join("next"), root.join("file")).unwrap();
        Sees::Content(content)
    });
}

/// Sets back the time of a file, like `cp -p`, `touch -r` and `rsync -t`.
#[test]
fn a_rewrite_that_sets_the_time_back() {
    every_change_is_seen("/file", |root, round, length| {
        let content = version(round, length);
        fs::write(root.join("file"), &content).unwrap();
        let file = File::options().write(true).open(root.join("file")).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(783_459_811)).unwrap();
        Sees::Content(content)
    });
}

#[test]
fn a_deletion() {
    every_change_is_seen("/file", |root, round, length| {
        if round % 2 == 1 {
            fs::remove_file(root.join("file")).unwrap();
            return Sees::Status(404);
        }
        let content = version(round, length);
        fs::write(root.join("file"), &content).unwrap();
        Sees::Content(content)
    });
}

#[test]
fn a_file_that_becomes_a_folder_and_back() {
    every_change_is_seen("/file", |root, round, length| {
        if round % 2 == 1 {
            fs::remove_file(root.join("file")).unwrap();
            fs::create_dir(root.join("file")).unwrap();
            return Sees::Status(301);
        }
        let _ = fs::remove_dir(root.join("file"));
        let content = version(round, length);
        fs::write(root.join("file"), &content).unwrap();
        Sees::Content(content)
    });
}

#[test]
fn an_index_that_appears_and_vanishes() {
    every_change_is_seen("/", |root, round, length| {
        if round % 2 == 1 {
            fs::remove_file(root.join("index.html")).unwrap();
            return Sees::Listing;
        }
        let content = version(round, length);
        fs::write(root.join("index.html"), &content).unwrap();
        Sees::Content(content)
    });
}

#[test]
fn a_link_that_leads_elsewhere() {
    for depth in [0, 1] {
        every_change_is_seen(["/current", "/current/file"][depth], |root, round, length| {
            let content = version(round, length);
            let place = root.join(format!("{}", round % 2));
            fs::create_dir_all(&place).unwrap();
            fs::write(place.join("file"), &content).unwrap();
            let to = [format!("{}/file", round % 2), format!("{}", round % 2)];
            symlink(&to[depth], root.join("next")).unwrap();
            fs::rename(root.join("next"), root.join("current")).unwrap();
            Sees::Content(content)
        });
    }
}

#[test]
fn a_file_that_may_no_longer_be_read() {
    every_change_is_seen("/file", |root, round, length| {
        let path = root.join("file");
        if round % 2 == 1 {
            fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
            return Sees::Status(403);
        }
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let content = version(round, length);
        fs::write(&path, &content).unwrap();
        Sees::Content(content)
    });
}

#[test]
fn a_folder_above_that_is_moved_away_and_back() {
    every_change_is_seen("/folder/file", |root, round, length| {
        if round % 2 == 1 {
            fs::rename(root.join("folder"), root.join("away")).unwrap();
            return Sees::Status(404);
        }
        let _ = fs::rename(root.join("away"), root.join("folder"));
        let content = version(round, length);
        fs::create_dir_all(root.join("folder")).unwrap();
        fs::write(root.join("folder/file"), &content).unwrap();
        Sees::Content(content)
    });
}

#[test]
fn a_root_that_is_deleted_and_built_again() {
    every_change_is_seen("/file", |root, round, length| {
        if round % 3 == 1 {
            fs::remove_dir_all(root).unwrap();
            return Sees::Status(404);
        }
        let _ = fs::remove_dir_all(root);
        let content = version(round, length);
        fs::create_dir(root).unwrap();
        fs::write(root.join("file"), &content).unwrap();
        Sees::Content(content)
    });
}

#[test]
fn a_root_that_is_swapped_by_rename() {
    every_change_is_seen("/sub/file", |root, round, length| {
        let [next, last] = ["next", "last"].map(|name| root.with_file_name(name));
        let content = version(round, length);
        fs::create_dir_all(next.join("sub")).unwrap();
        fs::write(next.join("sub/file"), &content).unwrap();
        fs::rename(root, &last).unwrap();
        fs::rename(&next, root).unwrap();
        fs::remove_dir_all(&last).unwrap();
        Sees::Content(content)
    });
}

/// A request that was read first may be answered last. Then the answer uses an older look at the root, and must not
/// count as fresh for other requests.
#[test]
fn a_root_that_is_swapped_while_pipelined_requests_wait() {
    let outside = folder(&[("root/a", b"old"), ("root/b", b"old"), ("next/a", b"new"), ("next/b", b"new")]);
    let [root, next, last] = ["root", "next", "last"].map(|name| outside.path().join(name));
    let site = Site::open(&root, Policy::default()).unwrap();
    let time = SystemTime::now() + Duration::from_secs(10);
    let find = |path, read| {
        let wanted = Wanted {
            codings: &[Coding::Identity],
            is_held: &|_| false,
            asker: &|| Asker::Other,
            charge: &Charge::default(),
        };
        match site.find(path, &wanted, Moment { time, read }) {
            Ok(Found::File(found)) => match &found.stored {
                Stored::Whole(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Stored::Large { .. } => panic!("{path} is small"),
            },
            _ => panic!("{path} is a file"),
        }
    };
    for path in ["/a", "/b"] {
        assert_eq!(find(path, site.tick()), "old", "now it is kept");
    }
    let pipelined = site.tick();
    assert_eq!(find("/a", pipelined), "old");
    fs::rename(&root, &last).unwrap();
    fs::rename(&next, &root).unwrap();
    let asked_since = site.tick();
    find("/b", pipelined);
    assert_eq!(find("/b", asked_since), "new");
}

/// More bytes than the buffers of two sockets and one turn can take, while the client does not read.
const LARGE_BYTES: usize = 24 << 20;

/// The length to which a file is cut. The kernel zeroes the remainder of the page in which a file is cut, even if
/// that page is being sent. This length is a multiple of 2 MiB, the largest page, so no page is cut.
const LEFT_BYTES: usize = 4 << 20;

#[test]
fn pitfall_19_a_file_that_shrinks_while_it_is_sent_ends_the_connection() {
    let content = pattern(LARGE_BYTES);
    let root = folder(&[("large", &content), ("small", b"small")]);
    let address = serve(root.path(), Limits::default());
    for (fields, from) in [("", 0), ("Range: bytes=5-", 5), ("Range: bytes=5-5,9-", 0)] {
        fs::write(root.path().join("large"), &content).unwrap();
        let mut visitor = Visitor::of(address);
        visitor.send("GET", "/large", fields);
        // Another answer comes after it: the file is being sent, and no client reads.
        assert_eq!(Visitor::of(address).get("/small", "").text(), "small");
        File::options()
            .write(true)
            .open(root.path().join("large"))
            .unwrap()
            .set_len(LEFT_BYTES as u64)
            .unwrap();
        let came = visitor.rest();
        let head_end = came.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(came[..head_end].to_vec()).unwrap();
        let body = &came[head_end..];
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        assert!(body.len() < length.parse().unwrap(), "the framing shows that it is not whole");
        assert!(body.len() > 1000, "{} bytes came", body.len());
        if !fields.contains(',') {
            assert!(content[from..].starts_with(body), "and what came is of the file");
        }
        assert_eq!(Visitor::of(address).get("/large", "").body.len(), LEFT_BYTES, "others see what there is");
    }
}

#[test]
fn pitfall_19_a_file_that_grows_while_it_is_sent_is_sent_as_it_was_announced() {
    let content = pattern(LARGE_BYTES);
    let root = folder(&[("large", b""), ("small", b"small")]);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for (fields, expected) in [("", &content[..]), ("Range: bytes=5-", &content[5..])] {
        fs::write(root.path().join("large"), &content).unwrap();
        visitor.send("GET", "/large", fields);
        visitor.send("GET", "/small", "");
        let mut file = File::options().append(true).open(root.path().join("large")).unwrap();
        let mut one = Visitor::of(serve(root.path(), Limits::default()));
        assert_eq!(one.get("/small", "").text(), "small");
        file.write_all(b"more").unwrap();
        let answer = visitor.read("GET");
        let grew_before = answer.body.len() == expected.len() + 4;
        assert!(grew_before || answer.body == expected, "{} bytes came", answer.body.len());
        assert_eq!(visitor.read("GET").text(), "small", "the next answer begins where this one ends");
        assert!(visitor.get("/large", "").body.ends_with(b"more"));
    }
}
