//! The source as the inspector shows it: all of it, with an anchor for each line and each item, and nothing from the disk.

mod support;

use onepoll::inspect;
use onepoll::service::Service;
use onepoll::service::hosts::Hosts;
use onepoll::site::{Hidden, Policy, Site};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use support::html::between;
use support::inspector::state;
use support::service::{answer_to, get};
use support::visitor::Visitor;
use support::{Answer, ask, folder, listen, read_answers, start};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What serves the project itself, hidden names too, with the inspector.
fn served() -> SocketAddr {
    let (epoll, address) = listen();
    let site = Site::open(Path::new(ROOT), Policy { hidden: Hidden::Served, ..Policy::default() }).unwrap();
    start(inspect::reactor(epoll, Service::new(site).hosts(Hosts::Any)));
    address
}

fn files_below(folder: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().display());
        match entry.file_type().unwrap().is_dir() {
            true => files_below(&path, found),
            false if path.ends_with(".rs") => found.push(path),
            false => {}
        }
    }
}

/// The text of a page's lines, as a user copies it: without tags and numbers.
fn copied(page: &Answer) -> String {
    let html = page.text();
    let code = between(html, "<pre>", "</pre>").next().unwrap();
    let mut text = String::new();
    for line in between(code, "</a>", "</span>") {
        let mut rest = line;
        while let Some((before, tag)) = rest.split_once('<') {
            text += before;
            rest = tag.split_once('>').unwrap().1;
        }
        text += rest;
    }
    html_escape::decode_html_entities(&text).into_owned()
}

#[test]
fn every_file_is_shown_line_by_line() {
    let address = served();
    let mut visitor = Visitor::of(address);
    let index = visitor.get("/.onepoll/source/", "");
    let linked: BTreeSet<_> = between(index.text(), "<dt><a href=\"", "\"").collect();
    let mut files = Vec::new();
    for folder in ["src", "benches/variants/models"] {
        files_below(folder, &mut files);
    }
    assert_eq!(linked, files.iter().map(String::as_str).collect(), "the index has all of them");
    for path in files {
        let page = visitor.get(&format!("/.onepoll/source/{path}"), "");
        assert_eq!(
            (page.status, page.field("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{path}"
        );
        let text = std::fs::read_to_string(Path::new(ROOT).join(&path)).unwrap();
        let shown = copied(&page);
        assert!(text.starts_with(&shown), "{path}");
        let rest = &text[shown.len()..];
        assert!(
            rest.is_empty() || rest.starts_with("#[cfg(test)]\nmod tests"),
            "{path} ends early: {rest:.100}"
        );
        let said = format!("{} lines of unit tests follow", rest.lines().count());
        assert_eq!(page.text().contains(&said), !rest.is_empty(), "{path}");
        let ids: Vec<_> = between(page.text(), " id=\"", "\"").collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{path}: an anchor is there twice");
        let lines = (1..=shown.lines().count()).filter(|line| ids.contains(&format!("L{line}").as_str()));
        assert_eq!(lines.count(), shown.lines().count(), "{path}");
        let mut anchors = between(page.text(), "href=\"#", "\"");
        assert!(anchors.all(|anchor| ids.contains(&anchor)), "{path}");
    }
}

#[test]
fn an_item_is_at_its_name() {
    let address = served();
    for (path, names) in [
        ("src/conn/reading.rs", &["route"][..]),
        ("src/conn/io.rs", &["recv", "send", "send_file", "Input", "Io", "Transfer"]),
        ("src/conn/context.rs", &["FILE_BYTES_A_PART"]),
        ("src/lib.rs", &["http"][..0]),
    ] {
        let page = get(address, &format!("/.onepoll/source/{path}"));
        for name in names {
            let line = format!("<b id=\"{name}\">{name}</b>");
            assert_eq!(page.text().matches(&line).count(), 1, "{path} {name}");
        }
    }
}

#[test]
fn pages_load_nothing_but_the_style_and_no_other_page_may_frame_them() {
    let address = served();
    for (path, style) in
        [("", "../source.css"), ("src/lib.rs", "../../source.css"), ("src/conn/io.rs", "../../../source.css")]
    {
        let page = get(address, &format!("/.onepoll/source/{path}"));
        let policy = page.field("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
        let style = format!("<link rel=\"stylesheet\" href=\"{style}\">");
        assert!(page.text().contains(&style) && !page.text().contains("<script"), "{path}");
        let head = answer_to(address, "HEAD", format!("/.onepoll/source/{path}").as_bytes(), "");
        assert_eq!(
            (head.status, head.field("content-length")),
            (200, page.field("content-length")),
            "{path}"
        );
        assert!(head.body.is_empty());
    }
    assert_eq!(get(address, "/.onepoll/source.css").status, 200);
    let moved = get(address, "/.onepoll/source");
    assert_eq!((moved.status, moved.field("location")), (301, Some("source/")));
}

/// The server of this test could read the project from the disk, so a trick that leads there would give a 200.
#[test]
fn no_name_leads_to_the_disk() {
    let address = served();
    for target in [
        "source/Cargo.toml",
        "source/src",
        "source/src/",
        "source/src/conn/",
        "source/src/conn/io.rs/",
        "source/src/conn/io.rs/.",
        "source/../Cargo.toml",
        "source/%2e%2e/Cargo.toml",
        "source/src/%2e%2e/%2E%2E/Cargo.toml",
        "source/src/../../../Cargo.toml/",
        "source/src%2fconn%2fio.rs",
        "source/%2e%2e%2fCargo.toml",
        "source/..%2f..%2fCargo.toml",
        "source/src/conn/io.rs%00",
        "source/src/conn/io.rs%0a",
        "source/src\\conn\\io.rs",
        "source//etc/passwd",
        "source/%2fetc/passwd",
        "source/src/conn/%ff.rs",
        "source/src/conn/%C3%A9.rs",
        "source/SRC/lib.rs",
        "source/tests/source.rs",
        "source/index",
        "source/0.br",
        "source/3\tsrc/lib.rs",
        "sourceX",
        "sourc%65/src/lib.r",
    ] {
        let bytes = format!("GET /.onepoll/{target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = read_answers(&ask(address, bytes.as_bytes())).remove(0);
        let status = if target.contains(['\t', '\\']) { answer.status } else { 404 };
        assert_eq!(answer.status, status, "{target}");
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.head);
        assert!(!answer.text().contains("edition = ") && !answer.text().contains("root:"), "{target}");
    }
    // Another spelling of a name is the same name.
    for target in ["source/src/conn/../lib.rs", "%73ource/src/./lib%2ers", "source//src//lib.rs?a=b"] {
        assert_eq!(get(address, &format!("/.onepoll/{target}")).status, 200, "{target}");
    }
}

#[test]
fn only_clients_who_may_see_the_inspector_see_it() {
    let root = folder(&[]);
    let address = support::serve(root.path(), Default::default());
    assert_eq!(get(address, "/.onepoll/source/").status, 404, "without the flag");
    let address = served();
    let foreign = b"GET /.onepoll/source/src/lib.rs HTTP/1.1\r\nHost: rebound.example\r\n\r\n";
    assert_eq!(read_answers(&ask(address, foreign)).remove(0).status, 404, "by another name");
}

/// The pages of the site ask so, and a browser reports no error then.
#[test]
fn options_tell_whether_the_inspector_is_shown() {
    let root = folder(&[]);
    let without = answer_to(support::serve(root.path(), Default::default()), "OPTIONS", b"/.onepoll/", "");
    let with = answer_to(served(), "OPTIONS", b"/.onepoll/", "");
    assert_eq!((without.status, without.field("allow")), (204, Some("GET, HEAD, POST, OPTIONS")));
    assert_eq!((with.status, with.field("allow")), (204, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn its_pages_are_work_for_clients_that_watch() {
    let address = served();
    assert_eq!(get(address, "/.onepoll/source/src/lib.rs").status, 200);
    let state = state(address);
    let watch = state["kinds"].as_array().unwrap().iter().position(|kind| kind == "watch").unwrap();
    let turns = state["turns"].as_array().unwrap();
    let times: Vec<_> = turns.iter().map(|turn| turn[6][watch].as_f64().unwrap()).collect();
    assert!(times.iter().any(|time| *time > 0.0), "{times:?}");
}
