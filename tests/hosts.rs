//! A page of another site that makes its own name point to this machine (DNS rebinding) gets nothing from this
//! server.

mod support;

use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use std::io::Write;
use std::net::{Shutdown, SocketAddr};
use support::pieces::{answer, context_for};
use support::service::serve_to;
use support::{Answer, ask, ask_until_closed, connect, folder, read_answer, read_answers_to, read_to_end};
use tempfile::TempDir;

/// Methods, and the status of their answers for an allowed host.
const METHODS: [(&str, u16); 7] = [
    ("GET", 200),
    ("HEAD", 200),
    ("POST", 200),
    ("OPTIONS", 204),
    ("DELETE", 405),
    ("TRACE", 405),
    ("BREW", 501),
];

fn site(names: &[&str]) -> (SocketAddr, TempDir) {
    let root = folder(&[("index.html", b"private")]);
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    (serve_to(Hosts::Named(names), root.path()), root)
}

/// The answers to `head`, whose method ends at its first space, and to a request for localhost after it on the same
/// connection.
fn answers(address: SocketAddr, head: &str) -> (Answer, Answer) {
    let method = head.split(' ').next().unwrap();
    let bytes = ask(address, format!("{head}GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
    let mut answers = read_answers_to(&bytes, &[method, "GET"]);
    (answers.remove(0), answers.remove(0))
}

#[test]
fn only_hosts_that_mean_this_machine_or_are_allowed_are_answered_to() {
    let (address, _root) = site(&["dev.example", "Full.Example."]);
    #[rustfmt::skip]
    let ours = [
        "localhost", "localhost:8080", "localhost:", "localhost.", "LOCALHOST", "LocalHost.:1", "a.localhost",
        "A.b.LOCALHOST:80", "a.localhost.", "127.0.0.1", "127.0.0.1:8080", "127.255.255.254", "0.0.0.0", "192.168.1.7:1",
        "8.8.8.8", "[::1]", "[::1]:8080", "[::1]:", "[::]", "[::ffff:127.0.0.1]", "[FE80::1]", "[2001:db8::1]:1",
        "dev.example", "DEV.Example", "dev.example.", "dev.example:65535", "dev.example.:1", "full.example",
        "FULL.EXAMPLE.",
    ];
    #[rustfmt::skip]
    let others = [
        "evil.example", "evil.example:8080", "evil.example.", "example", "com", "a", "_", "~",
        "localhost.evil.example", "localhost-evil.example", "notlocalhost", "xlocalhost:80", "localhos", "localhostt",
        "localhost.localdomain", "ip6-localhost", "%6cocalhost", "localhost%2e", "127.0.0.1.evil.example",
        "127.0.0.1.nip.io", "127.1", "127.0.1", "127.000.000.001", "0x7f.0.0.1", "0x7f000001",
        "2130706433", "017700000001", "1.2.3.4.5", "256.0.0.1", "127.0.0.1%00", "a.dev.example", "xdev.example",
        "dev.example.evil", "dev", "full", "*", "*.localhost.evil", "localhost,evil.example",
        "evil.example;localhost", "$(localhost)", "'localhost'",
    ];
    let hosts = ours.iter().map(|host| (host, true)).chain(others.iter().map(|host| (host, false)));
    for (host, is_ours) in hosts {
        for (method, status) in METHODS {
            let head = format!("{method} / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
            let (answer, next) = answers(address, &head);
            let status = if is_ours { status } else { 421 };
            assert_eq!(answer.status, status, "{method} for {host}");
            assert_eq!(answer.field("connection"), None, "{method} for {host}");
            assert_eq!(next.text(), "private", "{method} for {host} keeps the connection");
            if status == 421 && method != "HEAD" {
                let page = answer.text();
                assert!(page.contains("--allow-host") && !page.contains("private"), "{page}");
                assert!(page.contains("<h1>421 Misdirected Request</h1>"), "{page}");
                let shown = host.split(':').next().unwrap().replace('&', "&amp;");
                assert!(page.contains(&format!("<p><code>{shown}</code> <code>/</code>\n")), "{page}");
                assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"));
            }
        }
    }
}

/// The host is checked when the head is whole. A client that waits for `100 Continue` gets 421 before it sends
/// content. If it sends content all the same, the content is not read as a request.
#[test]
fn a_host_that_is_not_ours_is_told_so_before_the_content() {
    let (address, _root) = site(&[]);
    let inner = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (method, status) in METHODS {
        for framing in [
            format!("Content-Length: {}", inner.len()),
            "Content-Length: 10000000".to_owned(),
            "Transfer-Encoding: chunked".to_owned(),
        ] {
            for expect in ["", "Expect: 100-continue\r\n"] {
                let fields = format!("{expect}{framing}\r\n\r\n");
                let head = format!("{method} / HTTP/1.1\r\nHost: evil.example\r\n{fields}");
                for content in ["", "G", inner, "0\r\n\r\n"] {
                    let request = format!("{head}{content}");
                    // The client does not shut its side: the server expects nothing more.
                    let answers = read_answers_to(&ask_until_closed(address, request.as_bytes()), &[method]);
                    assert_eq!(answers[0].status, 421, "{request:?}");
                    assert_eq!(answers[0].field("connection"), Some("close"), "{request:?}");
                }
                if framing.ends_with("00") {
                    continue;
                }
                let content = if framing.ends_with("chunked") { "0\r\n\r\n" } else { inner };
                let ours = format!("{method} / HTTP/1.1\r\nHost: localhost\r\n{fields}{content}");
                let answers = read_answers_to(&ask(address, ours.as_bytes()), &[method]);
                assert_eq!(answers[0].status, status, "{ours:?}");
            }
        }
    }
}

#[test]
fn whatever_comes_of_the_content_the_answer_is_the_same() {
    let root = folder(&[("index.html", b"private")]);
    let mut context = context_for(Hosts::Named(Vec::new()), root.path(), Limits::default());
    let next = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (fields, is_last) in [
        ("", false),
        ("Content-Length: 0\r\n", false),
        ("Expect: 100-continue\r\n", false),
        ("Content-Length: 5\r\n", true),
        ("Expect: 100-continue\r\nContent-Length: 5\r\n", true),
        ("Transfer-Encoding: chunked\r\n", true),
    ] {
        let content = if fields.contains("chunked") { "5\r\nhello\r\n0\r\n\r\n" } else { "hello" };
        let content = if is_last { content } else { "" };
        let stream = format!("{next}POST / HTTP/1.1\r\nHost: evil.example\r\n{fields}\r\n{content}{next}");
        let whole = answer([stream.as_bytes()].into_iter(), &mut context);
        let expected = if is_last { &["GET", "POST"][..] } else { &["GET", "POST", "GET"] };
        let statuses: Vec<_> = read_answers_to(&whole, expected).iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 421, 200][..expected.len()], "{fields:?}");
        for index in 1..stream.len() {
            let (first, second) = stream.as_bytes().split_at(index);
            let cut = answer([first, second].into_iter(), &mut context);
            assert!(cut == whole, "{fields:?} cut at {index}: {}", cut.escape_ascii());
        }
    }
}

/// Everything is written before the answer is read: a reset would have destroyed the answer by then.
#[test]
fn a_host_that_is_not_ours_is_told_so_though_it_goes_on_sending() {
    let (address, _root) = site(&[]);
    let head = "POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 8388608\r\n\r\n";
    let mut stream = connect(address);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b'x'; 8 << 20]).unwrap();
    assert_eq!(read_answer(&mut stream, "POST").status, 421);
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(stream), b"");
}

#[test]
fn the_authority_of_an_absolute_target_stands_for_that_of_host() {
    let (address, _root) = site(&[]);
    for (target, host, status) in [
        ("http://localhost/", "evil.example", 200),
        ("http://127.0.0.1:8080/", "evil.example", 200),
        ("HTTP://LOCALHOST", "evil.example", 200),
        ("http://evil.example/", "localhost", 421),
        ("http://evil.example", "localhost", 421),
        ("http://evil.example:80/?localhost", "127.0.0.1", 421),
        ("http://localhost.evil.example/localhost", "localhost", 421),
        ("/http://localhost/", "evil.example", 421),
        ("/", "localhost", 200),
    ] {
        let (answer, _) = answers(address, &format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(answer.status, status, "{target} {host}");
    }
    let (answer, _) = answers(address, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_eq!(answer.status, 421);
}

#[test]
fn an_old_client_may_name_no_host_but_no_wrong_one() {
    let (address, _root) = site(&[]);
    for (request, status) in [
        ("GET / HTTP/1.0\r\n\r\n", 200),
        ("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
        ("GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n", 421),
        ("GET http://evil.example/ HTTP/1.0\r\n\r\n", 421),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
    ] {
        let answers = read_answers_to(&ask(address, request.as_bytes()), &["GET"]);
        assert_eq!(answers[0].status, status, "{request}");
    }
}

#[test]
fn nothing_of_a_file_is_told_to_others() {
    let (address, _root) = site(&[]);
    let (ours, _) = answers(address, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let tag = ours.field("etag").unwrap();
    for (target, fields) in [
        ("/", format!("If-None-Match: {tag}\r\n")),
        ("/", "If-None-Match: *\r\n".to_owned()),
        ("/", "If-Match: \"other\"\r\n".to_owned()),
        ("/", "Range: bytes=0-0\r\n".to_owned()),
        ("/", "Range: bytes=100-\r\n".to_owned()),
        ("/nowhere", String::new()),
        ("/../", String::new()),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: evil.example\r\n{fields}\r\n");
        let (answer, _) = answers(address, &head);
        assert_eq!(answer.status, 421, "{target} {fields}");
        assert!(answer.field("etag").or(answer.field("last-modified")).is_none(), "{}", answer.head);
    }
}

#[test]
fn whoever_answers_to_any_host_does() {
    let root = folder(&[("index.html", b"public")]);
    let address = serve_to(Hosts::Any, root.path());
    for host in ["evil.example", "127.1", "localhost.evil.example:1", "*"] {
        let (answer, _) = answers(address, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(answer.text(), "public", "{host}");
    }
}
