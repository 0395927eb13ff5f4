//! A file that is served alone (`onepoll FILE`): at `/` and at its name, as fresh as any other, and with nothing beside it.

mod support;

use flate2::Compression;
use flate2::write::GzEncoder;
use onepoll::site::{self, CleanUrls, Hidden, Policy, Spa};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use support::program::{Program, onepoll};
use support::service::{answer_to, get};
use support::visitor::{Visitor, compressed, gunzip};
use support::{Answer, folder, serve_by};

/// What no answer may hold.
const BESIDE: &str = "what is beside it";

const BROWSER: &str = "Accept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, br, zstd\r\n";

fn alone(name: impl AsRef<OsStr>) -> Policy {
    Policy { only: Some(name.as_ref().to_owned()), ..Policy::default() }
}

/// A text that is long enough to be compressed.
fn text() -> String {
    "a line of the file\n".repeat(50)
}

/// Asks until the text comes compressed.
fn compressed_by_us(address: SocketAddr, path: &str) -> Answer {
    let is_coded = |answer: &Answer| answer.field("content-encoding").is_some();
    Visitor::of(address).get_until(path, "Accept-Encoding: gzip", is_coded)
}

#[test]
fn nothing_beside_it_is_served() {
    let secret = BESIDE.as_bytes();
    let text = text();
    // Not as this server compresses.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(text.as_bytes()).unwrap();
    let zipped = encoder.finish().unwrap();
    let root = folder(&[
        ("page.html", text.as_bytes()),
        ("page.html.gz", &zipped),
        ("page.html.br", &compressed("br", text.as_bytes())),
        ("index.html", secret),
        ("404.html", secret),
        ("other.txt", secret),
        (".env", secret),
        ("sub/index.html", secret),
        ("page/index.html", secret),
        ("bare/file", secret),
        (".well-known/file", secret),
    ]);
    let index = vec!["index.html".to_owned(), "other.txt".to_owned()];
    let every_flag = Policy {
        index,
        clean_urls: CleanUrls::On,
        spa: Spa::On,
        hidden: Hidden::Served,
        compression: site::Compression::Off,
        ..alone("page.html")
    };
    for policy in [alone("page.html"), every_flag] {
        let compression = policy.compression;
        let address = serve_by(root.path(), policy);
        for path in ["/", "/page.html", "/?q", "//", "/%70age.html", "/sub/../page.html", "/.", "http://a/"] {
            for fields in ["", BROWSER, "Accept-Encoding: br, zstd\r\n"] {
                let answer = answer_to(address, "GET", path.as_bytes(), fields);
                let is_ours = answer.field("content-encoding") == Some("gzip") && fields == BROWSER;
                let body = if is_ours { gunzip(&answer.body) } else { answer.body.clone() };
                assert_eq!((answer.status, &*body), (200, text.as_bytes()), "{path} {fields}");
                assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"), "{path}");
            }
        }
        if compression == site::Compression::On {
            let answer = compressed_by_us(address, "/");
            assert_ne!(answer.body, zipped, "compressed by us, and not the neighbour");
        }
        for path in [
            "/index.html",
            "/404.html",
            "/other.txt",
            "/.env",
            "/sub/",
            "/sub",
            "/sub/index.html",
            "/page",
            "/page/",
            "/page.html/",
            "/page.html/.",
            "/page.html.gz",
            "/page.html.br",
            "/bare/",
            "/.well-known/file",
            "/nowhere",
            "/../page.html",
            "/page.html%00",
            "/%2fpage.html",
            "/Page.html",
            "/bare/../../page.html",
        ] {
            for fields in ["", BROWSER, "Accept: application/json\r\n"] {
                let answer = answer_to(address, "GET", path.as_bytes(), fields);
                assert_eq!(answer.status, 404, "{path} {fields}");
                assert!(!answer.text().contains(BESIDE), "{path} {fields}");
            }
        }
    }
}

#[test]
fn it_is_a_file_like_any_other() {
    let text = text();
    let root = folder(&[("notes.txt", text.as_bytes())]);
    let address = serve_by(root.path(), alone("notes.txt"));
    let tag = Visitor::of(address).get_settled("/", "").tag().to_owned();
    for path in ["/", "/notes.txt"] {
        let ask = |method, fields: &str| answer_to(address, method, path.as_bytes(), fields);
        let part = ask("GET", "Range: bytes=2-5\r\n");
        assert_eq!((part.status, part.text()), (206, "line"), "{path}");
        assert_eq!(ask("GET", "Range: bytes=90000-\r\n").status, 416, "{path}");
        assert_eq!(ask("GET", &format!("If-None-Match: {tag}\r\n")).status, 304, "{path}");
        assert_eq!(ask("GET", "If-Match: \"other\"\r\n").status, 412, "{path}");
        let head = ask("HEAD", "");
        assert_eq!((head.status, head.tag()), (200, &*tag), "{path}");
        assert_eq!(head.field("content-length"), Some(&*text.len().to_string()), "{path}");
        assert_eq!(gunzip(&compressed_by_us(address, path).body), text.as_bytes(), "{path}");
    }
}

#[test]
fn it_may_have_any_name() {
    for (name, path) in [
        (&b"100% of it.txt"[..], "/100%25%20of%20it.txt"),
        ("na\u{ef}ve \u{1f600}".as_bytes(), "/na%C3%AFve%20%F0%9F%98%80"),
        (b"two\nlines", "/two%0Alines"),
        (b"no text \xff\xfe", "/no%20text%20%FF%FE"),
        (b".env", "/.env"),
        (b"...", "/..."),
        (b"-dash", "/-dash"),
        (b"%2e%2e", "/%252e%252e"),
        (b"a?b#c", "/a%3Fb%23c"),
        (b"back\\slash", "/back%5Cslash"),
        (b"404.html", "/404.html"),
    ] {
        let root = folder(&[]);
        let name = OsStr::from_bytes(name);
        fs::write(root.path().join(name), "here").unwrap();
        fs::write(root.path().join("beside"), BESIDE).unwrap();
        let address = serve_by(root.path(), alone(name));
        for path in ["/", path] {
            assert_eq!(
                (get(address, path).status, get(address, path).text()),
                (200, "here"),
                "{name:?} {path}"
            );
        }
        let missing = answer_to(address, "GET", b"/beside", BROWSER);
        assert!(missing.status == 404 && missing.text() != "here", "{name:?}");
        // The same by the program.
        let (program, address) = Program::start(onepoll().arg(root.path().join(name)));
        let line = program.said().unwrap();
        assert!(
            line.starts_with("Serving ") && line.ends_with(" to this machine only; Ctrl-C stops it"),
            "{line}"
        );
        assert_eq!(get(address, "/").text(), "here", "{name:?}");
    }
}

#[test]
fn every_change_is_seen_by_the_next_request() {
    let root = folder(&[("page.html", b"first"), ("other", b"other")]);
    let file = root.path().join("page.html");
    let mut visitor = Visitor::of(serve_by(root.path(), alone("page.html")));
    let mut sees = |what: &str, status: u16, body: &str| {
        for path in ["/", "/page.html"] {
            let answer = visitor.get(path, "");
            assert_eq!(answer.status, status, "{what}: {path}");
            assert!(answer.text().contains(body), "{what}: {path}: {}", answer.text());
        }
        if status == 200 {
            // From now on it is kept in memory.
            visitor.get_settled("/", "");
        }
    };
    let nothing = "There is nothing here by this name";
    sees("as it was at the start", 200, "first");
    fs::write(&file, "again").unwrap();
    sees("written in place", 200, "again");
    fs::write(root.path().join(".page.html.swp"), "renamed").unwrap();
    fs::rename(root.path().join(".page.html.swp"), &file).unwrap();
    sees("replaced by a rename", 200, "renamed");
    fs::remove_file(&file).unwrap();
    sees("deleted", 404, nothing);
    sees("still deleted", 404, nothing);
    fs::write(&file, "back").unwrap();
    sees("made again", 200, "back");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    fs::write(file.join("index.html"), BESIDE).unwrap();
    sees("a folder by its name", 404, nothing);
    fs::remove_dir_all(&file).unwrap();
    mknodat(CWD, &file, FileType::Fifo, Mode::RUSR, 0).unwrap();
    sees("a pipe by its name", 404, nothing);
    fs::remove_file(&file).unwrap();
    symlink("other", &file).unwrap();
    sees("a link to a file beside it", 200, "other");
    fs::remove_file(&file).unwrap();
    symlink("/etc/hostname", &file).unwrap();
    sees("a link to another folder", 404, nothing);
    fs::remove_file(&file).unwrap();
    fs::write(&file, "last").unwrap();
    sees("a file again", 200, "last");
}

// The program.

/// A link is followed wherever it leads, since the user named it. The process may read in two folders: that of the link and
/// that of the file to which the link leads at the start.
#[test]
fn a_link_is_served_though_it_leads_elsewhere() {
    let outer = folder(&[
        ("web/beside", BESIDE.as_bytes()),
        ("builds/1.html", b"one"),
        ("builds/2.html", b"two"),
        ("elsewhere/3.html", b"three"),
    ]);
    let link = outer.path().join("web/current.html");
    let point = |to: &str| {
        let _ = fs::remove_file(&link);
        symlink(to, &link).unwrap();
    };
    point("../builds/1.html");
    let (program, address) = Program::start(onepoll().arg(&link).env("RUST_LOG", "debug"));
    let mut visitor = Visitor::of(address);
    let mut sees = |status: u16, body: &str| {
        for path in ["/", "/current.html"] {
            let answer = visitor.get(path, "");
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
            assert!(answer.text().contains(body), "{path}: {}", answer.text());
        }
    };
    sees(200, "one");
    fs::write(outer.path().join("builds/1.html"), "one again").unwrap();
    sees(200, "one again");
    point("../builds/2.html");
    sees(200, "two");
    point("../builds/nowhere.html");
    sees(404, "There is nothing here");
    point("beside.html");
    fs::write(outer.path().join("web/beside.html"), "local").unwrap();
    sees(200, "local");
    if program.told("contained").contains(" contained: ") {
        point("../elsewhere/3.html");
        sees(403, "no permission");
    }
    fs::remove_file(&link).unwrap();
    fs::write(&link, "a file now").unwrap();
    sees(200, "a file now");
}

/// A file that was no link at the start leads nowhere else later, unless the user lets it.
#[test]
fn a_file_that_becomes_a_link_leads_out_only_where_links_may() {
    let outer = folder(&[("site/page.html", b"inside"), ("elsewhere/file", b"outside")]);
    let file = outer.path().join("site/page.html");
    let warning = "--follow-links serves whatever";
    for (flags, status) in [(&[][..], 404), (&["--follow-links"], 200)] {
        fs::write(&file, "inside").unwrap();
        let (program, address) = Program::start(onepoll().args(flags).arg(&file).env("RUST_LOG", "info"));
        if status == 200 {
            assert!(program.told(warning).contains("page.html leads to, also when"));
        }
        assert_eq!(get(address, "/").text(), "inside");
        fs::remove_file(&file).unwrap();
        symlink("../elsewhere/file", &file).unwrap();
        assert_eq!(get(address, "/").status, status, "{flags:?}");
        if status == 404 {
            program.told("/page.html is not served, as a link leads out of the folder");
        }
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn flags_hold_for_it_as_for_a_folder() {
    let root = folder(&[("page.foo", b"<title>A page</title>")]);
    let file = root.path().join("page.foo");
    let (_program, address) = Program::start(onepoll().arg(&file).args([
        "--mime",
        "foo=text/html",
        "--cors",
        "--prefix",
        "/repo/",
        "--watch",
    ]));
    for path in ["/repo/", "/repo/page.foo"] {
        let answer = answer_to(address, "GET", path.as_bytes(), "Origin: https://a.example\r\n");
        assert_eq!((answer.status, answer.text()), (200, "<title>A page</title>"), "{path}");
        assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(answer.field("access-control-allow-origin"), Some("*"), "{path}");
        let opened = answer_to(address, "GET", path.as_bytes(), "Sec-Fetch-Dest: document\r\n");
        assert!(opened.text().ends_with("/.onepoll/reload.js\"></script>"), "{}", opened.text());
    }
    for path in ["/page.foo", "/repo/page", "/repo/x"] {
        assert_eq!(get(address, path).status, 404, "{path}");
    }
    assert_eq!(get(address, "/").status, 302, "the way to the prefix");
}

/// What is about folders is not refused, since it may be in the environment for other folders: it is said that it changes
/// nothing.
#[test]
fn flags_about_folders_change_nothing_and_that_is_said() {
    let root = folder(&[("a.html", b"a"), ("index.html", BESIDE.as_bytes()), ("b.html", BESIDE.as_bytes())]);
    let said = |program: &Program| program.said().into_iter().chain(program.said()).collect::<String>();
    let mut command = onepoll();
    command.arg(root.path().join("a.html")).args(["--listing", "on", "--hidden", "--spa", "--clean-urls"]);
    let (program, address) = Program::start(command.env("ONEPOLL_INDEX", "b.html"));
    let text = said(&program);
    let named = "this changes nothing: --index --clean-urls --spa --listing --hidden";
    assert!(text.ends_with(named), "{text}");
    for (path, status) in [("/", 200), ("/a.html", 200), ("/a", 404), ("/b.html", 404), ("/x", 404)] {
        let answer = answer_to(address, "GET", path.as_bytes(), BROWSER);
        assert_eq!(answer.status, status, "{path}");
        assert!(status == 404 || answer.text() == "a", "{path}: {}", answer.text());
    }
    // Nothing is said of an index that a file has not, on whatever address.
    let mut command = onepoll();
    command.arg(root.path().join("a.html")).args(["--bind", "0.0.0.0", "--inspect"]);
    let (program, _) = Program::start(&mut command);
    let text = said(&program);
    assert!(text.starts_with("Serving ") && text.contains("Watch the loop"), "{text}");
}

#[test]
fn what_is_no_regular_file_is_refused_at_the_start() {
    let root = folder(&[("file", b""), ("closed", b"")]);
    let path = |name| root.path().join(name);
    mknodat(CWD, path("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    symlink("pipe", path("link")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    let _socket = UnixListener::bind(path("socket")).unwrap();
    let refused = |command: &mut Command| {
        let program = Program::spawn(command);
        assert_eq!(program.said(), None, "{command:?}");
        let (status, error) = program.end();
        assert_eq!((status.code(), error.lines().count()), (Some(1), 1), "{command:?}: {error}");
        error
    };
    for (name, sentence) in [
        ("pipe", "pipe is a pipe; name a folder or a regular file: onepoll DIR"),
        ("link", "link is a pipe; name a folder"),
        ("socket", "socket is a socket; name a folder"),
        ("/dev/null", "/dev/null is a device; name a folder"),
        ("dangling", "dangling: no such folder or file"),
        ("file/", "file/: no such folder or file"),
        ("file/below", "file/below: no such folder or file"),
    ] {
        let error = refused(onepoll().arg(path(name)));
        assert!(error.starts_with("onepoll: ") && error.contains(sentence), "{name}: {error}");
    }
    let error = refused(onepoll().env("ONEPOLL_DIR", path("pipe")));
    assert!(error.contains("is a pipe (from ONEPOLL_DIR);"), "{error}");
}

#[test]
fn a_file_in_the_folder_of_the_start_needs_no_path() {
    let root = folder(&[("page.html", b"here"), ("www/index.html", BESIDE.as_bytes())]);
    for name in ["page.html", "./page.html", "www/../page.html"] {
        let (_program, address) = Program::start(onepoll().current_dir(root.path()).arg(name));
        assert_eq!(get(address, "/").text(), "here", "{name}");
        assert_eq!(get(address, "/www/").status, 404, "{name}");
    }
    let (_program, address) =
        Program::start(onepoll().current_dir(root.path()).env("ONEPOLL_DIR", "page.html"));
    assert_eq!(get(address, "/page.html").text(), "here");
}

#[test]
fn a_file_that_may_not_be_read_any_more_is_403() {
    let root = folder(&[("file", b"text")]);
    let address = serve_by(root.path(), alone("file"));
    assert_eq!(get(address, "/").text(), "text");
    let set = |mode| fs::set_permissions(Path::new(&root.path().join("file")), Permissions::from_mode(mode));
    set(0o000).unwrap();
    assert_eq!(get(address, "/").status, 403);
    set(0o644).unwrap();
    assert_eq!(get(address, "/").text(), "text");
}
