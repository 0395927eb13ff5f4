//! The same bytes get the same answers, however they are cut. Each piece is sent only after the connection has read
//! the piece before, and waits for more.

mod support;

use onepoll::conn::Wait;
use onepoll::conn::context::Context;
use onepoll::http::HeadLimits;
use onepoll::service::limits::Limits;
use support::pieces::{Client, answer, context};
use support::{folder, pattern, read_answers_to};
use tempfile::TempDir;

/// Limits so low that a short stream reaches them.
fn low_limits() -> Limits {
    let head = HeadLimits { request_line_bytes_max: 60, head_bytes_max: 200, fields_max: 5 };
    Limits { head, content_bytes_max: 30, ..Limits::default() }
}

fn site() -> (TempDir, Context) {
    let large = vec![b'x'; 70_000];
    let root =
        folder(&[("index.html", b"<p>hello"), ("note", b"a note"), ("sub/x", b""), ("large.bin", &large)]);
    let context = context(root.path(), low_limits());
    (root, context)
}

/// Requests on one connection, and the method and status of each answer.
const STREAMS: &[(&str, &[&str])] = &[
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET 200"]),
    (
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /note HTTP/1.1\r\nHost: a\r\n\r\n\
         GET /sub?q HTTP/1.1\r\nHost: a\r\n\r\nGET /missing HTTP/1.1\r\nHost: a\r\n\r\n",
        &["GET 200", "HEAD 200", "GET 301", "GET 404"],
    ),
    (
        "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\nHEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\n\
         GET /note HTTP/1.1\r\nHost: a\r\n\r\n",
        &["GET 200", "HEAD 200", "GET 200"],
    ),
    ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET 200"; 2]),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /GET /note HTTP/1.1\r\nHost: a\r\n\r\n",
        &["POST 200", "GET 200"],
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
         3;a=b;c=\"d\\\"\"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: r\r\n\r\nGET /note HTTP/1.1\r\nHost: a\r\n\r\n",
        &["POST 200", "GET 200"],
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET HEAD / HTTP/1.1\r\nHost: a\r\n\
         Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /note HTTP/1.1\r\nHost: a\r\n\r\n",
        &["GET 200", "HEAD 200", "GET 200"],
    ),
    (
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabBREW / HTTP/1.1\r\nHost: a\r\n\
         Content-Length: 1\r\n\r\ncOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        &["PUT 405", "BREW 501", "OPTIONS 204", "CONNECT 405"],
    ),
    (
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        &["GET 200"; 2],
    ),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET 200"]),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc\
         GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &["POST 200", "GET 200"],
    ),
    (
        "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc\
         GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &["PUT 405"],
    ),
    (
        "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &["PUT 405", "GET 200"],
    ),
    ("POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 3\r\n\r\nabc", &["POST 417"]),
    // A refusal is the last answer, also if answers before it are still being sent.
    (
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &["GET 200", "GET 400"],
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a b\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &["GET 200", "HEAD 400"],
    ),
    ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET 400"]),
    ("\rHEAD / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET 400"]),
    ("\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET 400"]),
    ("\r\n\r\n\r\n\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET 400"]),
    ("\r\nHEAD / HTTP/1.1\nHost: a\r\n\r\n", &["HEAD 400"]),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &["GET 505"]),
    ("\x16\x03\x01\x02\x00HEAD / HTTP/1.1\r\n\r\n", &["GET 400"]),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\
         GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &["POST 400"],
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n\
         GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &["POST 400"],
    ),
    (
        "HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA : b\r\n\r\n\
         GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &["HEAD 400"],
    ),
    // The client ends too early.
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n", &["GET 200", "GET 400"]),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", &["POST 400"]),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", &["POST 400"]),
    // One more than each limit: 61 bytes of line, 201 of head, 6 fields, 31 of content.
    ("GET /0123456789012345678901234567890123456789012345 HTTP/1.1\r\nHost: a\r\n\r\n", &["GET 404"]),
    ("GET /01234567890123456789012345678901234567890123456 HTTP/1.1\r\nHost: a\r\n\r\n", &["GET 414"]),
    ("HEAD /0123456789012345678901234567890123456789012345 HTTP/1.1\r\nHost: a\r\n\r\n", &["HEAD 414"]),
    ("BREW-A-POT-OF-TEA /01234567890123456789012345678901234567890123456 HTTP/1.1\r\n", &["BREW 501"]),
    ("BREW-A-POT-OF-TEA-BREW-A-POT-OF-TEA-BREW-A-POT-OF-TEA-BREW-A-POT-OF-TEA", &["BREW 501"]),
    ("BREW(A)POT /012345678901234567890123456789012345678901234567890123456 HTTP/1.1\r\n", &["BREW 400"]),
    ("GET / HTTP/1.1\r\nHost: a\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\n\r\n", &["GET 431"]),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nLong: 0123456789012345678901234567890123456789012345678901234567890123456789\
         01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890\r\n\r\n",
        &["GET 431"],
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\n0123456789012345678901234567890",
        &["POST 413"],
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n01234567890123456789\r\n\
         B\r\n01234567890\r\n0\r\n\r\n",
        &["POST 413"],
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\n\r\n",
        &["POST 431"],
    ),
];

#[test]
fn bytes_cut_at_every_index_get_the_same_answers() {
    let (_root, mut context) = site();
    for (stream, expected) in STREAMS {
        let bytes = stream.as_bytes();
        let whole = answer([bytes].into_iter(), &mut context);
        let methods: Vec<_> = expected.iter().map(|line| line.split(' ').next().unwrap()).collect();
        let answers = read_answers_to(&without_interim(&whole), &methods);
        let got: Vec<_> = methods.iter().zip(answers).map(|(m, a)| format!("{m} {}", a.status)).collect();
        assert_eq!(got, *expected, "{stream:?}");

        for index in 1..bytes.len() {
            let (first, second) = bytes.split_at(index);
            let answered = answer([first, second].into_iter(), &mut context);
            assert_same(&answered, &whole, || format!("{stream:?} cut at {index}"));
        }
        for length in [1, 2, 3, 7] {
            let answered = answer(bytes.chunks(length), &mut context);
            assert_same(&answered, &whole, || format!("{stream:?} in pieces of {length}"));
        }
    }
}

/// The beginning of a request gets no answer, least of all a success. The answer comes right after the last byte.
#[test]
fn an_answer_comes_with_the_last_byte_of_its_request_and_never_before() {
    let (_root, mut context) = site();
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nT: r\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "BREW / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    ] {
        let (last, before) = request.as_bytes().split_last().unwrap();
        let mut client = Client::connect(&mut context);
        for byte in before.chunks(1) {
            client.send(byte, &mut context);
            assert_eq!(client.answered(), b"", "{request:?}");
        }
        client.send(&[*last], &mut context);
        assert_eq!(read_answers_to(&client.answered(), &["GET"]).len(), 1, "{request:?}");
        assert!(!client.is_shut(), "{request:?}");
    }
}

#[test]
fn only_a_client_that_waits_for_it_is_told_to_go_on() {
    const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let (_root, mut context) = site();
    for (head, told) in [
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", INTERIM),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\na", b""),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", b""),
        // RFC 9110 §10.1.1: an expectation in HTTP/1.0 is ignored.
        ("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", b""),
    ] {
        let mut client = Client::connect(&mut context);
        client.send(head.as_bytes(), &mut context);
        assert_eq!(client.answered(), told, "{head:?}");
        client.send(b"abc", &mut context);
        assert_eq!(client.answered().get(9..12), Some(&b"200"[..]), "{head:?}");
    }
}

/// A client that stops waiting for an answer sends its content, and must not be reset.
#[test]
fn content_that_comes_after_its_refusal_is_read_and_dropped() {
    let (_root, mut context) = site();
    for (request, expect, status) in [
        ("PUT /", "100-continue", "405"),
        ("BREW /", "100-continue", "501"),
        ("POST /", "tea", "417"),
        ("POST /", "100-continue\r\nContent-Length: 5", "400"),
    ] {
        let head = format!("{request} HTTP/1.1\r\nHost: a\r\nExpect: {expect}\r\nContent-Length: 3\r\n\r\n");
        let mut client = Client::connect(&mut context);
        client.send(head.as_bytes(), &mut context);
        assert_eq!(client.answered().get(9..12), Some(status.as_bytes()), "{head:?}");
        for content in ["abc", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
            assert_eq!((client.is_shut(), client.waits().0), (true, Wait::Linger), "{head:?}");
            client.send(content.as_bytes(), &mut context);
            assert_eq!(client.answered(), b"", "{head:?}");
        }
        client.end(&mut context);
    }
}

/// `100 Continue` is only for a client that waits, so whether it is sent depends on the cut.
fn without_interim(answered: &[u8]) -> Vec<u8> {
    const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let Some(at) = answered.windows(INTERIM.len()).position(|window| window == INTERIM) else {
        return answered.to_vec();
    };
    [&answered[..at], &answered[at + INTERIM.len()..]].concat()
}

/// Says what differs, without printing a large file.
fn assert_same(answered: &[u8], whole: &[u8], what: impl Fn() -> String) {
    let (answered, whole) = (without_interim(answered), without_interim(whole));
    if answered != whole {
        let shown = |bytes: &[u8]| bytes[..bytes.len().min(2000)].escape_ascii().to_string();
        panic!("{}:\n{}\nin one piece:\n{}", what(), shown(&answered), shown(&whole));
    }
}

/// Symptom: the kernel holds back the end of an answer for 200 ms, because the server said that more bytes would
/// follow.
#[test]
fn nothing_is_held_back_for_what_does_not_follow() {
    let root = folder(&[("large", &pattern(200_000))]);
    let mut context = context(root.path(), Limits::default());
    for fields in ["", "Range: bytes=1-\r\n", "Range: bytes=0-99,1000-1099\r\n", "Range: bytes=0-0,-1\r\n"] {
        let mut client = Client::connect(&mut context);
        let request = format!("GET /large HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        client.send(request.as_bytes(), &mut context);
        assert!(client.answered().len() > 200, "{fields}");
    }
}
