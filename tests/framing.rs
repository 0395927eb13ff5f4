//! Where the content of a request ends. A request that can be read in two ways is refused.

mod support;

use support::verdicts::Site;
use support::{ask, read_answers};

/// Fields that give two framings or none, and the status of the answer.
const BAD_FRAMING: &[(&str, u16)] = &[
    ("Content-Length:", 400),
    ("Content-Length: x", 400),
    ("Content-Length: +4", 400),
    ("Content-Length: -4", 400),
    ("Content-Length: 0x4", 400),
    ("Content-Length: 4.0", 400),
    ("Content-Length: 4 4", 400),
    ("Content-Length: 4;", 400),
    ("Content-Length: \"4\"", 400),
    ("Content-Length: 4, 4", 400),
    ("Content-Length: 4,", 400),
    ("Content-Length: \u{664}", 400),
    ("Content-Length: 18446744073709551616", 400),
    ("Content-Length: 4\r\nContent-Length: 4", 400),
    ("Content-Length: 4\r\ncontent-length: 5", 400),
    ("Content-Length: 4\r\nTransfer-Encoding: chunked", 400),
    ("Transfer-Encoding: chunked\r\nContent-Length: 4", 400),
    ("Transfer-Encoding: identity\r\nContent-Length: 4", 400),
    ("Transfer-Encoding:", 400),
    ("Transfer-Encoding: identity", 400),
    ("Transfer-Encoding: gzip", 400),
    ("Transfer-Encoding: chunked, gzip", 400),
    ("Transfer-Encoding: chunked, identity", 400),
    ("Transfer-Encoding: chunked, chunked", 400),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
    ("Transfer-Encoding: chunked,", 400),
    ("Transfer-Encoding: , chunked", 400),
    ("Transfer-Encoding: xchunked", 400),
    ("Transfer-Encoding: chunkedx", 400),
    ("Transfer-Encoding: \"chunked\"", 400),
    ("Transfer-Encoding: chunked;q=1", 400),
    ("Transfer-Encoding: chu\x0bnked", 400),
    ("Transfer-Encoding : chunked", 400),
    ("Transfer-Encoding\r\n: chunked", 400),
    ("Transfer-Encoding:\r\n chunked", 400),
    ("Transfer-Encoding: gzip, chunked", 501),
    ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501),
];

/// The framing is checked before the method, which may be known or not. A less strict server could read the bytes
/// after the head as content, in either way.
#[test]
fn bad_framing_is_refused_whatever_the_method() {
    let site = Site::serve();
    let requests = ["POST /", "GET /", "HEAD /", "OPTIONS /", "PUT /", "BREW /", "CONNECT a:1"];
    for (fields, status) in BAD_FRAMING {
        for (request, content) in
            requests.iter().flat_map(|it| ["", "abcd", "0\r\n\r\n"].map(|content| (it, content)))
        {
            site.refused(format!("{request} HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{content}"), *status);
        }
    }
    for request in requests {
        let chunked = format!("{request} HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked");
        site.refused(format!("{chunked}\r\n\r\n0\r\n\r\n"), 400);
        site.refused(format!("{chunked}, gzip, chunked\r\n\r\n0\r\n\r\n"), 400);
    }
}

const CHUNKED: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn chunked_content_ends_where_it_says() {
    let site = Site::serve();
    for (content, bytes) in [
        ("0\r\n\r\n", 0),
        ("0000\r\n\r\n", 0),
        ("3\r\nabc\r\n0\r\n\r\n", 3),
        ("3\r\n0\r\n\r\n0\r\n\r\n", 3),
        ("a\r\n0123456789\r\nA\r\n0123456789\r\n01\r\nx\r\n0\r\n\r\n", 21),
        ("1;a\r\nx\r\n0;b\r\n\r\n", 1),
        ("1;a=b;c=\"d; \\\" e\"\r\nx\r\n0\r\n\r\n", 1),
        ("1; a = b ;c=\t\"\"\r\nx\r\n0\r\n\r\n", 1),
        ("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n", 1),
        // Trailers are not fields of the head: these do not change the framing, and do not close the connection.
        (
            "1\r\nx\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: gzip\r\nConnection: close\r\nHost: b\r\n\r\n",
            1,
        ),
    ] {
        let answer = site.goes_on(&format!("{CHUNKED}{content}"), 200);
        assert!(answer.text().contains(&format!("\"bytes_received\":{bytes},")), "{content:?}");
    }
}

#[test]
fn chunked_content_that_can_be_read_in_two_ways_is_refused() {
    let site = Site::serve();
    for content in [
        "\r\n",
        "g\r\n",
        "+1\r\nx\r\n0\r\n\r\n",
        "-1\r\nx\r\n0\r\n\r\n",
        "0x1\r\nx\r\n0\r\n\r\n",
        "1h\r\nx\r\n0\r\n\r\n",
        "1_0\r\nx\r\n0\r\n\r\n",
        " 1\r\nx\r\n0\r\n\r\n",
        "1 \r\nx\r\n0\r\n\r\n",
        "1\t\r\nx\r\n0\r\n\r\n",
        "1 ;a\r\nx\r\n0\r\n\r\n",
        "1;\r\nx\r\n0\r\n\r\n",
        "1;;a\r\nx\r\n0\r\n\r\n",
        "1;a;\r\nx\r\n0\r\n\r\n",
        "1;=b\r\nx\r\n0\r\n\r\n",
        "1;a=\r\nx\r\n0\r\n\r\n",
        "1;a=b c\r\nx\r\n0\r\n\r\n",
        "1;a=\"b\r\nx\r\n0\r\n\r\n",
        "1;a=\"b\"c\r\nx\r\n0\r\n\r\n",
        "1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n",
        "1;a\nx\r\n0\r\n\r\n",
        "1;a\0\r\nx\r\n0\r\n\r\n",
        "1;caf\u{e9}\r\nx\r\n0\r\n\r\n",
        "1\nx\r\n0\r\n\r\n",
        "1\r\nx\n0\r\n\r\n",
        "1\r\nx0\r\n\r\n",
        "1\r\nxy\r\n0\r\n\r\n",
        "2\r\nx\r\n0\r\n\r\n",
        "1\rx\r\n0\r\n\r\n",
        "1\r\r\nx\r\n0\r\n\r\n",
        "10000000000000000\r\nx",
        "fffffffffffffffff\r\nx",
        "0\n\r\n",
        "0\r\n\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\nA\r\n\r\n",
        "0\r\nA: b\r\n c\r\n\r\n",
        "0\r\nA: b\nC: d\r\n\r\n",
        "0\r\nA: \0\r\n\r\n",
        "0\r\n: b\r\n\r\n",
    ] {
        site.refused(format!("{CHUNKED}{content}"), 400);
        site.refused(
            format!("BREW / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{content}"),
            400,
        );
    }
    site.refused(format!("{CHUNKED}ffffffffffffffff\r\nx"), 413);
    site.refused(format!("{CHUNKED}1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(20_000)), 400);
}

#[test]
fn content_is_consumed_with_every_method_and_never_taken_for_a_request() {
    let site = Site::serve();
    for (method, target, status) in [
        ("GET", "/", 200),
        ("GET", "/missing", 404),
        ("HEAD", "/", 200),
        ("POST", "/", 200),
        ("OPTIONS", "*", 204),
        ("PUT", "/", 405),
        ("DELETE", "/", 405),
        ("BREW", "/", 501),
        ("CONNECT", "a:1", 405),
    ] {
        let inner = "GET /0 HTTP/1.1\r\nHost: a\r\n\r\n";
        let length = inner.len();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n");
        site.goes_on(&format!("{head}Content-Length: {length}\r\n\r\n{inner}"), status);
        site.goes_on(&format!("{head}Content-Length: 00{length}\r\n\r\n{inner}"), status);
        site.goes_on(
            &format!("{head}Transfer-Encoding: Chunked\r\n\r\n{length:x}\r\n{inner}\r\n0\r\n\r\n"),
            status,
        );
    }
}

#[test]
fn a_request_that_ends_too_early_is_never_answered_with_success() {
    let site = Site::serve();
    for begun in [
        "G",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r",
        "\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcd",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\nA: b\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcd",
        "BREW / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcd",
    ] {
        let answers = read_answers(&ask(site.address, begun.as_bytes()));
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [400], "{begun:?}");
    }
    assert_eq!(ask(site.address, b""), b"", "who asks nothing is told nothing");
}
