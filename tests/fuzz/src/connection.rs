//! A whole connection: the same bytes get the same answers however they were cut, and answers can be told apart.

use super::pieces::{answer, context_by};
use onepoll::conn::context::Context;
use onepoll::http::HeadLimits;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::site::{CleanUrls, Policy, Spa};
use std::cell::RefCell;
use tempfile::TempDir;

const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

thread_local! {
    static PLAIN: RefCell<(TempDir, Context)> = RefCell::new(site(Policy::default()));
    static APP: RefCell<(TempDir, Context)> = RefCell::new(site(app()));
}

/// A policy by which paths stand for others.
fn app() -> Policy {
    let index = ["index.htm", "index.html"].map(str::to_owned).into();
    Policy { index, clean_urls: CleanUrls::On, spa: Spa::On, ..Policy::default() }
}

/// A few files, and limits so low that few bytes reach them.
fn site(policy: Policy) -> (TempDir, Context) {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("sub")).unwrap();
    for (name, length) in [
        ("index.html", 9),
        ("note", 300),
        ("sub/x", 0),
        ("large.bin", 70_000),
        ("note.html", 8),
        ("404.html", 300),
    ] {
        std::fs::write(root.path().join(name), vec![b'x'; length]).unwrap();
    }
    let head = HeadLimits { request_line_bytes_max: 60, head_bytes_max: 200, fields_max: 5 };
    let limits = Limits { head, content_bytes_max: 30, ..Limits::default() };
    let context = context_by(policy, Hosts::Named(vec!["a".into()]), root.path(), limits);
    (root, context)
}

pub fn keeps(bytes: &[u8]) {
    let (seed, bytes) = super::varied(bytes);
    let site = if seed < 128 { &PLAIN } else { &APP };
    site.with_borrow_mut(|(_, context)| {
        let whole = without_interim(answer([bytes].into_iter(), context));
        let cut = without_interim(answer(super::cut(bytes, seed).into_iter(), context));
        assert!(cut == whole, "cut:\n{}\nwhole:\n{}", shown(&cut), shown(&whole));
        assert_answers(&whole);
    });
}

/// Takes answers apart to the last byte; only the last one may end the connection. No content here begins as an
/// answer does, so that those to HEAD show.
fn assert_answers(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head ends");
        let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
        bytes = &bytes[end + 4..];
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).expect(head);
        let code: u16 = status.split(' ').next().and_then(|code| code.parse().ok()).expect(head);
        assert!((200..600).contains(&code), "{head}");
        let fields: Vec<_> = lines.map(|line| line.split_once(": ").expect(head)).collect();
        let values = |name| {
            let fields = fields.iter().filter(move |field| field.0.eq_ignore_ascii_case(name));
            fields.map(|(_, value)| *value).collect::<Vec<_>>()
        };
        assert_eq!(values("transfer-encoding"), [""; 0], "{head}");
        let length: usize = match values("content-length")[..] {
            [] => 0,
            [length] => length.parse().expect(head),
            _ => panic!("{head}"),
        };
        assert!(!matches!(code, 204 | 304) || length == 0, "{head}");
        assert!(
            !matches!(code, 400 | 408 | 414 | 431 | 501 | 505)
                || code == 501
                || values("connection") == ["close"]
        );
        if values("connection") == ["close"] {
            assert!(bytes.is_empty() || bytes.len() == length, "something follows the last answer: {head}");
        }
        if !bytes.starts_with(b"HTTP/1.1 ") {
            bytes = if bytes.is_empty() { bytes } else { bytes.get(length..).expect(head) };
        }
    }
}

/// `100 Continue` is for who waits, so whether it is sent does depend on the cut.
fn without_interim(mut answered: Vec<u8>) -> Vec<u8> {
    while let Some(at) = answered.windows(INTERIM.len()).position(|window| window == INTERIM) {
        answered.drain(at..at + INTERIM.len());
    }
    answered
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(3000)].escape_ascii().to_string()
}
