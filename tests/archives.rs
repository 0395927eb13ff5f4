//! Folders as archives (`?archive=zip`): what is in them, for whom they are made, and that a cut one is seen to be cut.

mod support;

use onepoll::reactor::Reactor;
use onepoll::service::Service;
use onepoll::service::door::{Door, Folders};
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::service::prefix::Prefix;
use onepoll::site::{Compression, Hidden, Policy, Site};
use rustix::process::{Signal, geteuid};
use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};
use support::chunks::{Chunks, so_far};
use support::patience::until;
use support::program::{Program, onepoll};
use support::scripted::{Client, Fate, Loop};
use support::service::{answer_to, get};
use support::unzip::{Member, unzip};
use support::{ask, connect, folder, listen, pattern, read_answers_to, serve, serve_by, start};
use tempfile::TempDir;

const ALL: &str = "/?archive=zip";

/// The names in an archive, sorted.
fn names(members: &[Member]) -> Vec<&str> {
    let mut names: Vec<_> = members.iter().map(|member| &*member.name).collect();
    names.sort_unstable();
    names
}

fn archive(address: SocketAddr, target: &str) -> Vec<Member> {
    let answer = get(address, target);
    assert_eq!((answer.status, answer.field("content-type")), (200, Some("application/zip")), "{target}");
    unzip(&answer.body)
}

/// A file that is longer than all that fits on the way to a client, and takes no room on the disk.
fn hole(root: &TempDir, name: &str) -> File {
    let file = File::create(root.path().join(name)).unwrap();
    file.set_len(64 << 20).unwrap();
    file
}

/// A client that has asked for an archive, and has read the beginning of it.
struct Begun(Chunks<BufReader<TcpStream>>);

impl Begun {
    fn at(address: SocketAddr) -> Begun {
        let mut stream = connect(address);
        write!(stream, "GET {ALL} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let (mut stream, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "no answer behind {head:?}");
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let mut chunks = Chunks::of(stream);
        chunks.read_exact(&mut [0; 16]).unwrap();
        Begun(chunks)
    }

    /// How many bytes follow; an error if the archive is cut.
    fn rest(mut self) -> Result<u64, ErrorKind> {
        std::io::copy(&mut self.0, &mut std::io::sink()).map_err(|error| error.kind())
    }
}

#[test]
fn an_archive_has_what_a_client_could_see_and_nothing_else() {
    let (text, bytes) = ("a line\n".repeat(40_000), pattern(200_000));
    let outside = folder(&[("secret", b"secret"), ("folder/secret", b"secret")]);
    let root = folder(&[
        ("index.txt", b"1"),
        ("empty.txt", b""),
        ("text.txt", text.as_bytes()),
        ("bytes.bin", &bytes),
        ("sub/deep/x", b"x"),
        ("grüße/日本.txt", b"2"),
        ("site/index.html", b"an index"),
        ("site/not-to-be-seen", b"secret"),
        ("site/sub/not-to-be-seen", b"secret"),
        (".hidden", b"secret"),
        ("sub/.hidden/secret", b"secret"),
        (".well-known/x", b"3"),
        ("unreadable", b"secret"),
        ("closed/secret", b"secret"),
        ("names-only/secret", b"secret"),
        ("closed-index/index.html", b"secret"),
        ("closed-index/not-to-be-seen", b"secret"),
    ]);
    let path = |name: &str| root.path().join(name);
    fs::create_dir(path("empty")).unwrap();
    symlink("../sub/deep/x", path("sub/link")).unwrap();
    symlink("sub", path("link-to-folder")).unwrap();
    symlink(outside.path().join("secret"), path("link-out")).unwrap();
    symlink(outside.path().join("folder"), path("folder-out")).unwrap();
    symlink("nowhere", path("link-to-nothing")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    fs::write(root.path().join(OsStr::from_bytes(b"a\\..\\up\n\xff")), "4").unwrap();
    for closed in ["unreadable", "closed", "closed-index/index.html"] {
        fs::set_permissions(path(closed), Permissions::from_mode(0o0)).unwrap();
    }
    fs::set_permissions(path("names-only"), Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(path("index.txt"), Permissions::from_mode(0o4777)).unwrap();
    let modified = UNIX_EPOCH + Duration::from_secs(784_111_777);
    File::options().write(true).open(path("index.txt")).unwrap().set_modified(modified).unwrap();

    let address = serve(root.path(), Limits::default());
    let members = archive(address, ALL);
    let expected = [
        ".well-known/",
        ".well-known/x",
        "a%5C..%5Cup%0A%FF",
        "bytes.bin",
        "empty.txt",
        "empty/",
        "grüße/",
        "grüße/日本.txt",
        "index.txt",
        "site/",
        "site/index.html",
        "sub/",
        "sub/deep/",
        "sub/deep/x",
        "sub/link",
        "text.txt",
    ];
    assert_eq!(names(&members), expected);
    let find = |name: &str| members.iter().find(|member| member.name == name).unwrap();
    for (name, content) in [
        ("text.txt", text.as_bytes()),
        ("bytes.bin", &bytes),
        ("sub/link", b"x"),
        ("empty.txt", b""),
        ("site/index.html", b"an index"),
    ] {
        assert!(find(name).content == content, "{name}");
    }
    assert_eq!((find("index.txt").modified, find("index.txt").mode), (Some(784_111_777), 0o100_644));
    assert_eq!(find("sub/").mode, 0o040_755);
    let place = |name: &str| members.iter().position(|member| member.name == name).unwrap();
    assert!(place("sub/") < place("sub/deep/") && place("sub/deep/") < place("sub/deep/x"));

    // A folder below, however its path is spelt: the names begin there.
    for target in ["/sub/?archive=zip", "/s%75b/?x&archive=zip&y", "/site/../sub/.?archive=zip"] {
        assert_eq!(names(&archive(address, target)), ["deep/", "deep/x", "link"], "{target}");
    }
    assert_eq!(names(&archive(address, "/empty/?archive=zip")), [""; 0]);
    let hidden = serve_by(root.path(), Policy { hidden: Hidden::Served, ..Policy::default() });
    assert_eq!(
        names(&archive(hidden, "/sub/?archive=zip")),
        [".hidden/", ".hidden/secret", "deep/", "deep/x", "link"]
    );
    for folder in ["closed", "names-only"] {
        fs::set_permissions(path(folder), Permissions::from_mode(0o700)).unwrap();
    }
}

/// The program, without the rights of root that make modes mean nothing.
fn start_without_overrides(root: &Path) -> (Program, SocketAddr) {
    let start = || {
        if geteuid().is_root() {
            // These are rights of the thread, and its children get no others.
            for right in [CapabilitySet::DAC_OVERRIDE, CapabilitySet::DAC_READ_SEARCH] {
                remove_capability_from_bounding_set(right).unwrap();
            }
        }
        Program::start(onepoll().arg(root))
    };
    std::thread::scope(|scope| scope.spawn(start).join().unwrap())
}

#[test]
fn the_log_names_what_has_no_permission_and_nothing_that_is_below_it() {
    let root = folder(&[("secret/index.html", b"1"), ("secret/a.txt", b"2")]);
    for (closed, mode) in [("secret", 0o0), ("secret", 0o444), ("secret", 0o111), ("secret/index.html", 0o0)]
    {
        let path = root.path().join(closed);
        // What can be entered and not listed has no index here: it would be all that a client sees.
        let is_entered = mode == 0o111;
        if is_entered {
            fs::rename(path.join("index.html"), root.path().join("kept.txt")).unwrap();
        }
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let (program, address) = start_without_overrides(root.path());
        let members = archive(address, ALL);
        assert_eq!(names(&members), if is_entered { &["kept.txt"][..] } else { &[] }, "{closed} {mode:o}");
        let line = program.told("is left out of an archive");
        assert!(line.contains(&format!(" /{closed} is left out of an archive")), "{line}");
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        if is_entered {
            fs::rename(root.path().join("kept.txt"), path.join("index.html")).unwrap();
        }
    }
}

#[test]
fn text_is_deflated_and_everything_else_stored() {
    let text = "a line\n".repeat(10_000);
    let root =
        folder(&[("a.txt", text.as_bytes()), ("b.bin", text.as_bytes()), ("c.txt.gz", text.as_bytes())]);
    let size = |policy| get(serve_by(root.path(), policy), ALL).body.len();
    let (whole, most) = (text.len(), 1_000);
    let deflated = size(Policy::default());
    assert!((2 * whole..2 * whole + most).contains(&deflated), "{deflated}");
    let stored = size(Policy { compression: Compression::Off, ..Policy::default() });
    assert!((3 * whole..3 * whole + most).contains(&stored), "{stored}");
}

#[test]
fn a_folder_with_several_names_for_an_index_shows_the_first() {
    let root = folder(&[
        ("a/one.html", b"1"),
        ("a/two.html", b"2"),
        ("b/two.html", b"2"),
        ("b/x", b""),
        ("c/x", b""),
    ]);
    let index = ["one.html", "two.html"].map(str::to_owned).into();
    let address = serve_by(root.path(), Policy { index, ..Policy::default() });
    assert_eq!(names(&archive(address, ALL)), ["a/", "a/one.html", "b/", "b/two.html", "c/", "c/x"]);
}

#[test]
fn the_head_says_how_the_archive_is_saved_and_is_the_same_for_head() {
    let root = folder(&[("größe \"x\"/a.txt", b"a"), ("page/index.html", b"a page")]);
    let address = serve(root.path(), Limits::default());
    let target = "/gr%C3%B6%C3%9Fe%20%22x%22/?archive=zip";
    let fields = "Range: bytes=0-1\r\nIf-None-Match: *\r\nAccept-Encoding: gzip\r\n";
    let got = answer_to(address, "GET", target.as_bytes(), fields);
    let disposition =
        "attachment; filename=\"gr__e _x_.zip\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%22x%22.zip";
    assert_eq!(got.status, 200, "no condition and no range counts");
    assert_eq!(got.field("content-disposition"), Some(disposition));
    assert_eq!(got.field("cache-control"), Some("no-store"));
    for absent in ["content-length", "etag", "last-modified", "accept-ranges", "content-encoding"] {
        assert_eq!(got.field(absent), None);
    }
    assert_eq!(names(&unzip(&got.body)), ["a.txt"]);
    // The connection goes on, after HEAD as after GET.
    let both = format!(
        "HEAD {target} HTTP/1.1\r\nHost: localhost\r\n\r\nGET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n\
         GET /page/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    );
    let answers = read_answers_to(&ask(address, both.as_bytes()), &["HEAD", "GET", "GET"]);
    let without_date =
        |head: &str| head.lines().filter(|line| !line.starts_with("Date")).collect::<Vec<_>>().concat();
    assert_eq!(without_date(&answers[0].head), without_date(&answers[1].head));
    assert_eq!((&answers[1].body, answers[2].text()), (&got.body, "a page"));
    // The end of the connection is the end of the archive for HTTP/1.0.
    let old = ask(address, format!("GET {target} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").as_bytes());
    let end = old.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(old[..end].to_vec()).unwrap();
    assert!(head.contains("\r\nConnection: close\r\n") && !head.contains("Transfer-Encoding"), "{head}");
    assert_eq!(old[end..], got.body);
    // With an index, a folder is that; and a file is a file.
    for target in ["/page/?archive=zip", "/page/index.html?archive=zip"] {
        assert_eq!(get(address, target).text(), "a page");
    }
    for target in ["/?archive", "/?archive=tar", "/?Archive=zip", "/?archive=zip2", "/?xarchive=zip"] {
        assert_eq!(get(address, target).field("content-type"), Some("text/html; charset=utf-8"), "{target}");
    }
    assert_eq!(get(address, "/page?archive=zip").field("location"), Some("page/?archive=zip"));
}

#[test]
fn the_root_goes_by_its_own_name_or_by_that_of_the_prefix() {
    let root = folder(&[("my site/a.txt", b"a"), ("my site/sub/b", b"b")]);
    let path = root.path().join("my site");
    let name = |answer: support::Answer| answer.field("content-disposition").unwrap().to_owned();
    assert!(name(get(serve(&path, Limits::default()), ALL)).contains("filename=\"my site.zip\""));
    let (epoll, address) = listen();
    let service = Service::new(Site::open(&path, Policy::default()).unwrap()).hosts(Hosts::Any);
    start(Reactor::new(epoll, service.below(Prefix::parse("/docs/a%20b/").unwrap())));
    assert!(name(get(address, "/docs/a%20b/?archive=zip")).contains("filename=\"a b.zip\""));
    assert!(name(get(address, "/docs/a%20b/sub/?archive=zip")).contains("filename=\"sub.zip\""));
    assert_eq!(get(address, ALL).status, 302);
}

#[test]
fn no_other_site_starts_an_archive_and_no_door_without_listings_has_one() {
    let root = folder(&[("a/b", b"b")]);
    let address = serve(root.path(), Limits::default());
    for (site, status) in
        [("none", 200), ("same-origin", 200), ("same-site", 403), ("cross-site", 403), ("new", 403)]
    {
        for method in ["GET", "HEAD"] {
            let answer = answer_to(address, method, ALL.as_bytes(), &format!("Sec-Fetch-Site: {site}\r\n"));
            assert_eq!(answer.status, status, "{site}");
            assert_eq!(
                answer.field("vary").is_some_and(|vary| vary.contains("Sec-Fetch-Site")),
                status == 403
            );
        }
    }
    let twice = "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n";
    assert_eq!(answer_to(address, "GET", ALL.as_bytes(), twice).status, 403);
    for folders in [Folders::NotListed, Folders::Offered] {
        let (epoll, address) = listen();
        let service = Service::new(Site::open(root.path(), Policy::default()).unwrap());
        start(Reactor::new(epoll, service.doors([Door { hosts: Hosts::Any, folders, ..Door::default() }])));
        assert_eq!([get(address, ALL).status, get(address, "/a/b?archive=zip").status], [404, 200]);
    }
}

#[test]
fn there_are_only_so_many_archives_and_each_that_ends_makes_room() {
    let root = folder(&[]);
    hole(&root, "hole.bin");
    let address = serve(root.path(), Limits::default());
    let mut open: Vec<_> = (0..8).map(|_| Begun::at(address)).collect();
    for method in ["GET", "HEAD"] {
        let refused = answer_to(address, method, ALL.as_bytes(), "");
        assert_eq!((refused.status, refused.field("retry-after")), (503, Some("5")));
    }
    assert_eq!(get(address, "/").status, 200, "there is room for lists");
    open.pop();
    until("room for another", || match answer_to(address, "HEAD", ALL.as_bytes(), "").status {
        200 => Ok(()),
        status => Err(status),
    });
}

#[test]
fn a_file_that_changes_meanwhile_breaks_the_archive() {
    type Change = fn(&Path, &File);
    let changes: [(&str, Change); 4] = [
        ("longer", |_, file| file.set_len(65 << 20).unwrap()),
        ("shorter", |_, file| file.set_len(1 << 20).unwrap()),
        ("written to", |path, _| {
            File::options().write(true).open(path).unwrap().write_all(b"new").unwrap();
        }),
        ("set back", |path, file| {
            let before = fs::metadata(path).unwrap().modified().unwrap();
            File::options().write(true).open(path).unwrap().write_all(b"new").unwrap();
            file.set_modified(before).unwrap();
        }),
    ];
    for (what, change) in changes {
        let root = folder(&[]);
        let file = hole(&root, "a hole.bin");
        let (program, address) = Program::start(onepoll().arg(root.path()));
        let mut stream = Begun::at(address);
        // The beginning of the file was read, and not only its name.
        stream.0.read_exact(&mut [0; 1_000]).unwrap();
        change(&root.path().join("a hole.bin"), &file);
        assert_eq!(stream.rest(), Err(ErrorKind::UnexpectedEof), "{what}");
        let line = program.told("archive was broken off");
        assert!(
            line.contains(" WARN ") && line.contains("/a hole.bin: the file was changed while it was read"),
            "{line}"
        );
        // The line of the access log is there, and the next archive is whole.
        program.told("\"GET /?archive=zip HTTP/1.1\" 200 ");
        let now = fs::metadata(root.path().join("a hole.bin")).unwrap().len();
        assert_eq!(archive(address, ALL)[0].content.len() as u64, now);
    }
}

#[test]
fn a_file_whose_content_stays_is_whole_in_the_archive() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 4] = [
        ("same mode", |path| {
            fs::set_permissions(path, fs::metadata(path).unwrap().permissions()).unwrap();
        }),
        ("linked", |path| fs::hard_link(path, path.with_extension("new")).unwrap()),
        ("deleted", |path| fs::remove_file(path).unwrap()),
        ("replaced", |path| {
            fs::write(path.with_extension("new"), "new").unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }),
    ];
    for (what, change) in changes {
        let root = folder(&[]);
        hole(&root, "a hole.bin");
        let address = serve(root.path(), Limits::default());
        let stream = Begun::at(address);
        change(&root.path().join("a hole.bin"));
        let got = stream.rest();
        assert!(got.is_ok_and(|bytes| bytes > 64 << 20), "{what}: {got:?}");
    }
}

#[test]
fn folders_in_each_other_are_walked_through_to_a_bounded_depth() {
    let root = folder(&[]);
    for (depth, is_whole) in [(63, true), (64, false)] {
        let path = "f/".repeat(depth);
        fs::create_dir_all(root.path().join(&path)).unwrap();
        let (program, address) = Program::start(onepoll().arg(root.path()));
        let descriptors = program.descriptors();
        match is_whole {
            true => assert_eq!(unzip(&get(address, ALL).body).last().unwrap().name, path),
            false => {
                assert_eq!(Begun::at(address).rest(), Err(ErrorKind::UnexpectedEof));
                let line = program.told("archive was broken off");
                assert!(line.contains("f/f: there are too many folders in each other"), "{line}");
            }
        }
        program.has_descriptors(descriptors);
    }
}

#[test]
fn a_stop_finishes_an_archive_and_a_kill_cuts_it() {
    let root = folder(&[]);
    hole(&root, "hole.bin");
    for (signal, is_whole) in [(Signal::TERM, true), (Signal::KILL, false)] {
        let (program, address) = Program::start(onepoll().args(["--grace", "600"]).arg(root.path()));
        let stream = Begun::at(address);
        program.signal(signal);
        let got = stream.rest();
        assert_eq!(got.is_ok(), is_whole, "{signal:?}");
        assert_eq!(program.end().0.success(), is_whole);
    }
    // No longer than the time that it has.
    let (program, address) = Program::start(onepoll().args(["--grace", "1"]).arg(root.path()));
    let stream = Begun::at(address);
    program.signal(Signal::TERM);
    assert!(program.end().0.success());
    assert!(stream.rest().is_err());
}

/// An archive as a script would ask for it, in a loop whose turns the test counts.
fn in_a_loop(root: &TempDir, limits: Limits) -> (Loop, Client) {
    let mut world = Loop::new(root.path(), limits);
    let client = world.connect([]);
    world.run();
    client.says(format!("GET {ALL} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    (world, client)
}

#[test]
fn a_turn_makes_a_bounded_part_and_others_are_answered_before_it() {
    let root = folder(&[("small.txt", b"small")]);
    hole(&root, "hole.bin");
    let (mut world, client) = in_a_loop(&root, Limits::default());
    let other = world.connect([]);
    world.turn([]);
    for turn in 0..20 {
        let before = client.got_bytes();
        other.says(b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        world.turn([]);
        let part = client.got_bytes() - before;
        assert!(turn < 2 || (10_000..300_000).contains(&part), "{part} bytes in turn {turn}");
        assert!(other.last_write() < client.last_write(), "who asks for little is answered first");
        assert_eq!(other.statuses(), [200], "in this turn");
    }
    assert_eq!(client.fate(), Fate::Open);
}

#[test]
fn many_names_are_looked_at_over_many_turns() {
    let root = folder(&[]);
    (0..500).for_each(|number| fs::write(root.path().join(format!("{number}.txt")), "text").unwrap());
    let (mut world, client) = in_a_loop(&root, Limits::default());
    let mut turns = 0;
    while !client.got().ends_with(b"\r\n0\r\n\r\n") {
        world.turn([]);
        turns += 1;
        assert!(turns < 1_000, "{} bytes after {turns} turns", client.got_bytes());
    }
    assert!(turns > 20, "{turns}");
    assert_eq!(unzip(&client.answers()[0].body).len(), 500);
}

#[test]
fn a_client_that_stops_reading_is_ended_by_its_time() {
    let root = folder(&[]);
    hole(&root, "hole.bin");
    let (mut world, client) = in_a_loop(&root, Limits::default());
    world.turn([]);
    client.stops_reading();
    world.turn([]);
    world.pass(Limits::default().write_timeout - Duration::from_secs(1));
    assert_eq!(client.fate(), Fate::Open);
    world.pass(Duration::from_secs(2));
    assert_ne!(client.fate(), Fate::Open);
    let got = client.got();
    let end = got.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert!(!so_far(&got[end..]).1, "the last chunk is missing");
}

/// `.ci/run` has these programs.
#[test]
#[ignore = "needs unzip, bsdtar and python3"]
fn other_programs_read_the_archives() {
    let text = "a line\n".repeat(40_000);
    let root = folder(&[
        ("grüße/日本.txt", text.as_bytes()),
        ("b.bin", &pattern(300_000)),
        ("c/d/e", b""),
        ("back\\slash", b"1"),
    ]);
    let many = folder(&[]);
    (0..70_000).for_each(|number| fs::write(many.path().join(format!("{number}.txt")), "text").unwrap());
    let large = folder(&[("after.txt", text.as_bytes())]);
    File::create(large.path().join("5 GiB.bin")).unwrap().set_len(5 << 30).unwrap();
    for root in [root, many, large] {
        let address = serve(root.path(), Limits::default());
        let file = folder(&[]);
        let path = file.path().join("a.zip");
        let mut stream = connect(address);
        write!(stream, "GET {ALL} HTTP/1.0\r\n\r\n").unwrap();
        let (mut stream, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "no answer behind {head:?}");
        }
        std::io::copy(&mut stream, &mut File::create(&path).unwrap()).unwrap();
        let python = "import sys, zipfile; assert zipfile.ZipFile(sys.argv[1]).testzip() is None";
        for (program, arguments) in [
            ("unzip", &["-tqq"][..]),
            ("bsdtar", &["-xOf"]),
            ("sh", &["-c", "bsdtar -tf - < \"$0\""]),
            ("python3", &["-c", python]),
        ] {
            let mut command = Command::new(program);
            let output =
                command.args(arguments).arg(&path).stdout(std::process::Stdio::null()).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{program}: {said}");
        }
    }
}
