//! Pages of a server that watches its folder (`--watch`), byte by byte: which have the script behind their last byte, and that
//! nothing else of the answer is untrue for it.

mod support;

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use support::service::{answer_to, serve_watched};
use support::visitor::{Visitor, compressed, gunzip};
use support::{Answer, folder, serve};
use tempfile::TempDir;

const SCRIPT: &str = "<script async src=\"/.onepoll/reload.js\"></script>";

/// What a browser sends to this machine when a user opens a page.
const OPENS: &str = "Sec-Fetch-Dest: document\r\nAccept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, br";

const PAGE: &str = "<!doctype html><title>A page</title>";

/// A page of this many bytes, which gzip makes shorter.
fn long(bytes: usize) -> String {
    let text = format!("{PAGE}{}", "<p>A line of it.\n".repeat(bytes / 17 + 1));
    text[..bytes].to_owned()
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn site() -> TempDir {
    let [page, large] = [1000, 100_000].map(long);
    let root = folder(&[
        ("a.html", PAGE.as_bytes()),
        ("page.html", page.as_bytes()),
        ("large.html", large.as_bytes()),
        ("both.html", page.as_bytes()),
        ("both.html.br", &compressed("br", page.as_bytes())),
        ("empty.html", b""),
        ("index/index.html", PAGE.as_bytes()),
        ("listed/file", b""),
        ("text.txt", PAGE.as_bytes()),
        ("style.css", b"p {}"),
        ("zipped.html.gz", &compressed("gz", page.as_bytes())),
    ]);
    // The model of a copy: nothing was changed lately, so tags are strong.
    for name in ["a.html", "page.html", "large.html", "both.html", "both.html.br"] {
        let file = std::fs::File::options().write(true).open(root.path().join(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(783_459_811)).unwrap();
    }
    root
}

fn expected(text: &str) -> Vec<u8> {
    [text, SCRIPT].concat().into_bytes()
}

/// The answer to GET, with these lines.
fn get(address: SocketAddr, target: &str, fields: &str) -> Answer {
    Visitor::of(address).get(target, fields)
}

/// The members of `Vary`, sorted.
fn vary(answer: &Answer) -> String {
    let mut members: Vec<_> = answer.field("vary").unwrap_or_default().split(", ").collect();
    members.sort_unstable();
    members.join(", ")
}

#[test]
fn pages_that_a_user_opens_have_the_script() {
    let root = site();
    let address = serve_watched(root.path());
    for fields in [
        "Sec-Fetch-Dest: document",
        "Sec-Fetch-Dest: iframe",
        "Sec-Fetch-Dest: frame",
        "Sec-Fetch-Dest: document\r\nAccept: */*",
        // A service worker passes on what a user opens.
        "Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: navigate",
        "Accept: text/html",
        "Accept: image/png, Text/HTML;q=0.001",
    ] {
        for target in ["/a.html", "/index/"] {
            assert_eq!(get(address, target, fields).body, expected(PAGE), "{target} {fields}");
        }
        assert!(get(address, "/listed/", fields).body.ends_with(SCRIPT.as_bytes()), "{fields}");
        let missing = get(address, "/missing", fields);
        assert!(missing.status == 404 && missing.body.ends_with(SCRIPT.as_bytes()), "{fields}");
        // Only pages have it.
        assert_eq!(get(address, "/text.txt", fields).text(), PAGE);
        assert_eq!(get(address, "/style.css", fields).text(), "p {}");
        assert_eq!(gunzip(&get(address, "/zipped.html.gz", fields).body), long(1000).into_bytes());
    }
    assert_eq!(get(address, "/empty.html", OPENS).text(), SCRIPT);
}

#[test]
fn what_a_script_fetches_has_none_and_what_is_no_page_neither() {
    let root = site();
    let address = serve_watched(root.path());
    for fields in [
        "",
        "Accept: */*",
        "Accept: text/*",
        "Accept: text/html;q=0",
        "Accept: text/html;q=x",
        "Sec-Fetch-Dest: empty\r\nAccept: text/html",
        "Sec-Fetch-Dest: serviceworker\r\nAccept: text/html",
        "Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nAccept: text/html",
        "Sec-Fetch-Dest: object\r\nSec-Fetch-Mode: navigate\r\nAccept: text/html",
        "Sec-Fetch-Dest:\r\nAccept: text/html",
    ] {
        assert_eq!(get(address, "/a.html", fields).text(), PAGE, "{fields}");
        for target in ["/listed/", "/missing"] {
            let answer = get(address, target, fields);
            assert!(!answer.text().contains("reload.js"), "{target} {fields}");
            assert_eq!(vary(&answer), "Accept, Sec-Fetch-Dest, Sec-Fetch-Mode", "{target} {fields}");
        }
    }
    let json = "Sec-Fetch-Dest: document\r\nAccept: application/json, text/html;q=0.5";
    for target in ["/listed/", "/missing"] {
        assert!(serde_json::from_slice::<serde_json::Value>(&get(address, target, json).body).is_ok());
    }
    // Other methods get no page of the site.
    let refused = answer_to(address, "POST", b"/a.html", &format!("{OPENS}\r\nContent-Length: 0\r\n"));
    assert!(refused.status == 200 && !refused.text().contains("reload.js"));
    let refused = answer_to(address, "DELETE", b"/a.html", &format!("{OPENS}\r\n"));
    assert!(refused.status == 405 && !refused.text().contains("reload.js"));
}

#[test]
fn without_the_flag_no_answer_is_another() {
    let root = site();
    let address = serve(root.path(), Default::default());
    assert_eq!(get(address, "/a.html", "Sec-Fetch-Dest: document").text(), PAGE);
    for target in ["/listed/", "/missing"] {
        let answer = get(address, target, "Sec-Fetch-Dest: document");
        assert!(!answer.text().contains("reload.js"));
        assert_eq!(answer.field("vary"), Some("Accept"), "{target}");
    }
    assert_eq!(get(address, "/.onepoll/reload.js", "").status, 404);
}

#[test]
fn the_length_is_that_of_what_is_sent_and_head_says_the_same() {
    let root = site();
    let address = serve_watched(root.path());
    for (target, text) in [("/page.html", long(1000)), ("/large.html", long(100_000))] {
        let answer = Visitor::of(address).get_settled(target, OPENS);
        assert!(answer.body == expected(&text), "{target}");
        assert_eq!(answer.field("content-length"), Some((text.len() + SCRIPT.len()).to_string().as_str()));
        let head = answer_to(address, "HEAD", target.as_bytes(), &format!("{OPENS}\r\n"));
        let without_date = |answer: &Answer| {
            let lines = answer.head.lines().filter(|line| !line.starts_with("Date: "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(without_date(&head), without_date(&answer), "{target}");
    }
}

#[test]
fn a_copy_from_before_does_not_survive() {
    let root = site();
    let before = Visitor::of(serve(root.path(), Default::default())).get_settled("/page.html", OPENS);
    let address = serve_watched(root.path());
    let plain = Visitor::of(address).get_settled("/page.html", "Accept: */*");
    let page = Visitor::of(address).get_settled("/page.html", OPENS);
    let [tag_before, tag_of_plain, tag] = [&before, &plain, &page].map(Answer::tag);
    assert_ne!(tag_before, tag);
    assert_ne!(tag_of_plain, tag);
    let date = before.field("last-modified").unwrap();
    assert_eq!(plain.field("last-modified"), Some(date));
    assert_eq!(page.field("last-modified"), None);
    for old in [
        format!("If-None-Match: {tag_before}"),
        format!("If-None-Match: {tag_of_plain}"),
        format!("If-None-Match: {tag_before}\r\nIf-Modified-Since: {date}"),
        format!("If-Modified-Since: {date}"),
        "If-Modified-Since: Fri, 31 Dec 2077 00:00:00 GMT".to_owned(),
        format!("If-Unmodified-Since: {date}"),
    ] {
        let answer = get(address, "/page.html", &format!("{OPENS}\r\n{old}"));
        assert_eq!((answer.status, answer.body == page.body), (200, true), "{old}");
    }
    let same = get(address, "/page.html", &format!("{OPENS}\r\nIf-None-Match: {tag_before}, {tag}"));
    assert_eq!((same.status, same.tag(), vary(&same)), (304, tag, vary(&page)));
    let same = get(address, "/page.html", &format!("{OPENS}\r\nIf-None-Match: *"));
    assert_eq!(same.status, 304);
    // What is no navigation has another tag, and gets no 304 by this one.
    let other = get(address, "/page.html", &format!("Accept: */*\r\nIf-None-Match: {tag}"));
    assert_eq!((other.status, other.tag()), (200, tag_of_plain));
    for (old, status) in [(tag_before, 412), (tag, 200)] {
        assert_eq!(get(address, "/page.html", &format!("{OPENS}\r\nIf-Match: {old}")).status, status);
    }
}

#[test]
fn ranges_are_of_the_bytes_as_they_are_sent() {
    let root = site();
    let address = serve_watched(root.path());
    for (target, text) in [("/page.html", long(1000)), ("/large.html", long(100_000))] {
        let whole = expected(&text);
        let (file, length) = (text.len(), whole.len());
        for (first, last) in [
            (0, 0),
            (0, file - 1),
            (file - 1, file - 1),
            (file - 1, file),
            (file, file),
            (file, length - 1),
            (length - 1, length - 1),
            (0, length - 1),
            (10, length - 2),
        ] {
            let answer = get(address, target, &format!("{OPENS}\r\nRange: bytes={first}-{last}"));
            assert_eq!(answer.status, 206, "{first}-{last}");
            assert_eq!(answer.field("content-range"), Some(&*format!("bytes {first}-{last}/{length}")));
            assert!(answer.body == whole[first..=last], "{first}-{last}");
        }
        let end = get(address, target, &format!("{OPENS}\r\nRange: bytes=-5"));
        assert_eq!((end.status, &*end.body), (206, &whole[length - 5..]));
        let beyond = get(address, target, &format!("{OPENS}\r\nRange: bytes={length}-"));
        assert_eq!(beyond.status, 416);
        assert_eq!(beyond.field("content-range"), Some(&*format!("bytes */{length}")));

        let parts = format!("{OPENS}\r\nRange: bytes=0-3,{}-{},{}-", file - 2, file + 1, length - 3);
        let several = get(address, target, &parts);
        let boundary = several.field("content-type").unwrap().split_once("boundary=").unwrap().1;
        let part = |first: usize, last: usize| {
            let head = format!("--{boundary}\r\nContent-Type: text/html; charset=utf-8\r\n");
            let range = format!("Content-Range: bytes {first}-{last}/{length}\r\n\r\n");
            let text = std::str::from_utf8(&whole[first..=last]).unwrap();
            format!("{head}{range}{text}\r\n")
        };
        let all = [part(0, 3), part(file - 2, file + 1), part(length - 3, length - 1)].concat();
        assert_eq!((several.status, several.text()), (206, &*format!("{all}--{boundary}--\r\n")));

        // A part of what the client has, or else the whole.
        let tag = Visitor::of(address).get_settled(target, OPENS).tag().to_owned();
        let plain = Visitor::of(address).get_settled(target, "");
        let date = plain.field("last-modified").unwrap();
        for (version, status) in [(&*tag, 206), (plain.tag(), 200), (date, 200)] {
            let range = format!("{OPENS}\r\nRange: bytes=1-2\r\nIf-Range: {version}");
            assert_eq!(get(address, target, &range).status, status, "{version}");
        }
    }
}

#[test]
fn a_page_with_the_script_is_never_coded_and_all_else_is_as_ever() {
    let root = site();
    let address = serve_watched(root.path());
    // By now each coding is there.
    let mut other = Visitor::of(address);
    let is_coded = |answer: &Answer| answer.field("content-encoding").is_some();
    other.get_until("/page.html", "Accept-Encoding: gzip", is_coded);
    other.get_until("/both.html", "Accept-Encoding: br", is_coded);
    for target in ["/page.html", "/both.html"] {
        for codings in ["gzip", "br", "gzip, br, zstd", "identity;q=0, gzip, br", "gzip;q=1, *;q=0.5", "*"] {
            let fields = format!("Sec-Fetch-Dest: document\r\nAccept-Encoding: {codings}");
            let answer = get(address, target, &fields);
            assert_eq!(answer.field("content-encoding"), None, "{target} {codings}");
            assert!(answer.body == expected(&long(1000)), "{target} {codings}");
            assert_eq!(
                vary(&answer),
                "Accept, Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode",
                "{target} {codings}"
            );
        }
        let coded = get(address, target, "Accept-Encoding: gzip, br");
        assert!(is_coded(&coded));
        assert_eq!(vary(&coded), "Accept, Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode", "{target}");
        // The tag of another coding is no tag of this.
        let held = format!("{OPENS}\r\nIf-None-Match: {}", coded.tag());
        assert_eq!(get(address, target, &held).status, 200);
        let none = get(address, target, "Sec-Fetch-Dest: document\r\nAccept-Encoding: *;q=0");
        assert_eq!(none.status, 406);
    }
    assert_eq!(vary(&get(address, "/a.html", "")), "Accept, Sec-Fetch-Dest, Sec-Fetch-Mode");
    assert_eq!(get(address, "/style.css", "").field("vary"), None);
}

#[test]
fn the_script_is_in_the_encoding_of_the_page() {
    let text = "<!doctype html><p>Caf\u{e9}";
    let [le, be]: [fn(u16) -> [u8; 2]; 2] = [u16::to_le_bytes, u16::to_be_bytes];
    let marked = format!("\u{feff}{text}");
    let latin: Vec<u8> = text.chars().map(|char| char as u8).collect();
    let japanese = b"<meta charset=iso-2022-jp>\x1b$B$3\x1b(B";
    // Larger than what is kept in memory.
    let large = format!("\u{feff}{}", long(100_000));
    let table = [
        ("UTF-8", text.into(), SCRIPT.into()),
        ("UTF-8 with a mark", marked.clone().into(), SCRIPT.into()),
        ("ISO-8859-1", latin.clone(), SCRIPT.into()),
        ("ISO-2022-JP", japanese.to_vec(), SCRIPT.into()),
        ("UTF-16, little end first", utf_16(&marked, le), utf_16(SCRIPT, le)),
        ("UTF-16, big end first", utf_16(&marked, be), utf_16(SCRIPT, be)),
        ("UTF-16, large", utf_16(&large, be), utf_16(SCRIPT, be)),
        ("UTF-16 without a mark", utf_16(text, le), vec![]),
        ("UTF-16 without a mark, large", utf_16(&large[3..], be), vec![]),
        ("UTF-16 and half a character", [utf_16(&marked, le), vec![b'x']].concat(), vec![]),
        ("UTF-32", marked.chars().flat_map(|char| (char as u32).to_le_bytes()).collect(), vec![]),
        ("UTF-8 with a NUL", format!("{text}\0").into(), vec![]),
        ("ISO-8859-1 with a NUL", [latin, vec![0]].concat(), vec![]),
    ];
    let root = folder(&[]);
    for (name, page, _) in &table {
        std::fs::write(root.path().join(format!("{}.html", name.replace(' ', "-"))), page).unwrap();
    }
    let address = serve_watched(root.path());
    for (name, page, script) in table {
        let target = format!("/{}.html", name.replace(' ', "-"));
        let answer = get(address, &target, OPENS);
        assert!(answer.body == [page, script].concat(), "{name}: {}", answer.body.escape_ascii());
        let vary = vary(&answer);
        assert!(
            vary.starts_with("Accept") && vary.ends_with("Sec-Fetch-Dest, Sec-Fetch-Mode"),
            "{name}: {vary}"
        );
    }
}

/// Each page here says of an error that may be over soon.
#[test]
fn pages_of_errors_of_the_site_have_the_script() {
    let root = site();
    std::fs::create_dir(root.path().join("locked")).unwrap();
    symlink("/", root.path().join("out")).unwrap();
    std::fs::write(root.path().join("locked/a"), "").unwrap();
    lock(&root.path().join("locked/a"));
    let address = serve_watched(root.path());
    for (target, fields, status) in [
        ("/missing", "", 404),
        ("/missing.html", "", 404),
        ("/out/etc/passwd", "", 404),
        ("/.hidden", "", 404),
        ("/locked/a", "", 403),
        ("/a.html", "\r\nIf-Match: \"x\"", 412),
        ("/a.html", "\r\nRange: bytes=5000-", 416),
        ("/a.html", "\r\nAccept-Encoding: *;q=0", 406),
    ] {
        let fields = format!("Sec-Fetch-Dest: document{fields}");
        let answer = get(address, target, &fields);
        assert_eq!(answer.status, status, "{target}");
        assert!(answer.body.ends_with(SCRIPT.as_bytes()), "{target}: {}", answer.text());
        assert!(vary(&answer).contains("Sec-Fetch-Dest"), "{target}: {}", answer.head);
        let head = answer_to(address, "HEAD", target.as_bytes(), &format!("{fields}\r\n"));
        if status != 416 {
            assert_eq!(head.field("content-length"), answer.field("content-length"), "{target}");
        }
    }
    let redirect = get(address, "/index", OPENS);
    assert_eq!((redirect.status, redirect.text().contains("reload.js")), (301, false));
}

fn lock(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o0)).unwrap();
}
