//! A whole connection: the same bytes get the same answers however they were cut, and answers can be told apart.

use super::pieces::{answer, context_for};
use onepoll::conn::context::Context;
use onepoll::http::HeadLimits;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use std::cell::RefCell;
use tempfile::TempDir;

const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

thread_local! {
    static SITE: RefCell<(TempDir, Context)> = RefCell::new(site());
}

/// A few files, and limits so low that few bytes reach them.
fn site() -> (TempDir, Context) {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("sub")).unwrap();
    for (name, length) in [("index.html", 9), ("note", 300), ("sub/x", 0), ("large.bin", 70_000)] {
        std::fs::write(root.path().join(name), vec![b'x'; length]).unwrap();
    }
    let head = HeadLimits { request_line_bytes_max: 60, head_bytes_max: 200, fields_max: 5 };
    let limits = Limits { head, content_bytes_max: 30, ..Limits::default() };
    let context = context_for(Hosts::Named(vec!["a".into()]), root.path(), limits);
    (root, context)
}

pub fn keeps(bytes: &[u8]) {
    let (seed, bytes) = super::varied(bytes);
    SITE.with_borrow_mut(|(_, context)| {
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
