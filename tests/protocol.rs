//! What happens to a connection: it is kept alive or closed; requests are pipelined, waited for, or refused.

mod support;

use std::io::{Read, Write};
use std::net::Shutdown;
use support::verdicts::{NEXT, Site};
use support::{Answer, ask, ask_until_closed, connect, read_answer, read_answers, read_to_end};

#[test]
fn a_refused_head_request_gets_no_body() {
    let site = Site::serve();
    site.refused("HEAD / HTTP/1.1\r\n\r\n", 400);
    site.refused("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400);
    site.refused("HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501);
    site.refused("HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", 400);
    site.refused("HEAD / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417);
    site.refused("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n", 413);
    site.refused("HEAD / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
    site.refused(format!("HEAD /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(9000)), 414);
    site.refused(format!("HEAD / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "x".repeat(17_000)), 431);
}

#[test]
fn connections_are_kept_as_both_versions_say() {
    let site = Site::serve();
    let close = Some("close");
    for (version, fields, said) in [
        ("HTTP/1.1", "", None),
        ("HTTP/1.1", "Connection: keep-alive\r\n", None),
        ("HTTP/1.1", "Connection: closed, not-close\r\n", None),
        ("HTTP/1.1", "Connection: close\r\n", close),
        ("HTTP/1.1", "Connection: Close\r\n", close),
        ("HTTP/1.1", "Connection: Upgrade ,close\r\n", close),
        ("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", close),
        ("HTTP/1.1", "Connection:\r\n", None),
        ("HTTP/1.1", "Connection: , ,\r\n", None),
        ("HTTP/1.1", "Connection: ,close,,\r\n", close),
        ("HTTP/1.9", "", None),
        ("HTTP/1.0", "", close),
        ("HTTP/1.0", "Connection: close\r\n", close),
        ("HTTP/1.0", "Connection: keep-alive\r\n", Some("keep-alive")),
        ("HTTP/1.0", "Connection: x, Keep-Alive\r\n", Some("keep-alive")),
        ("HTTP/1.0", "Connection: keep-alive, close\r\n", close),
    ] {
        for (method, target) in
            [("GET", "/"), ("HEAD", "/"), ("GET", "/missing"), ("POST", "/"), ("PUT", "/")]
        {
            let request = format!("{method} {target} {version}\r\nHost: a\r\n{fields}\r\n");
            let mut stream = connect(site.address);
            stream.write_all(request.as_bytes()).unwrap();
            assert_eq!(read_answer(&mut stream, method).field("connection"), said, "{request:?}");
            if said == close {
                assert_eq!(read_to_end(stream), b"", "{request:?}");
            } else {
                stream.write_all(NEXT.as_bytes()).unwrap();
                assert_eq!(read_answer(&mut stream, "GET").text(), "next", "{request:?}");
            }
        }
    }
}

/// Two servers could read such a list differently, depending on where they cut it.
#[test]
fn connection_is_a_list_of_tokens() {
    let site = Site::serve();
    for value in [
        "close;",
        "close; q=1",
        "close keep-alive",
        "\"close\"",
        "\"a, close, b\"",
        "keep-alive/1",
        "a=b",
        "(close)",
        "close, a b",
        "caf\u{e9}",
        "close\r\nConnection: @",
    ] {
        for request in ["GET / HTTP/1.1", "GET / HTTP/1.0", "POST / HTTP/1.1", "BREW / HTTP/1.1"] {
            site.refused(format!("{request}\r\nHost: a\r\nConnection: {value}\r\n\r\n"), 400);
        }
    }
}

#[test]
fn nothing_behind_a_last_request_is_answered() {
    let site = Site::serve();
    for last in [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.0\r\n\r\n",
    ] {
        let answers = read_answers(&ask_until_closed(site.address, format!("{last}{NEXT}").as_bytes()));
        assert_eq!((answers.len(), answers[0].status), (1, 200), "{last:?}");
    }
}

#[test]
fn a_thousand_requests_in_one_write_are_answered_in_their_order() {
    let site = Site::serve();
    let request = |at: usize| match at % 4 {
        3 => "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
        name => format!("GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n"),
    };
    let expected = ["0", "1", "2", "<h1>POST Request Received</h1>"].into_iter().cycle().take(1000);
    let requests: String = (0..1000).map(request).collect();
    let answers = read_answers(&ask(site.address, requests.as_bytes()));
    assert!(answers.iter().map(Answer::text).eq(expected), "{} answers", answers.len());
}

#[test]
fn whoever_waits_with_the_content_is_told_to_go_on() {
    let site = Site::serve();
    for (framing, content) in
        [("Content-Length: 3", "abc"), ("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n")]
    {
        for method in ["POST", "GET"] {
            let head = format!("{method} / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n{framing}\r\n\r\n");
            let mut stream = connect(site.address);
            stream.write_all(head.as_bytes()).unwrap();
            let mut interim = [0; 25];
            stream.read_exact(&mut interim).unwrap();
            assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n", "{head:?}");
            stream.write_all(content.as_bytes()).unwrap();
            assert_eq!(read_answer(&mut stream, method).status, 200, "{head:?}");
            stream.write_all(NEXT.as_bytes()).unwrap();
            assert_eq!(read_answer(&mut stream, "GET").text(), "next", "{head:?}");

            site.goes_on(&format!("{head}{content}"), 200);
        }
    }
    site.goes_on("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", 200);
    site.goes_on("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", 200);
}

#[test]
fn an_expectation_that_is_not_met_is_refused_before_the_content() {
    let site = Site::serve();
    for expect in ["tea", "", "100-continue, tea", "100-continued", "100-continue\r\nExpect: 100-continue"] {
        for method in ["GET", "POST", "BREW"] {
            let head = format!("{method} / HTTP/1.1\r\nHost: a\r\nExpect: {expect}\r\n");
            site.refused(format!("{head}\r\n"), 417);
            site.refused(format!("{head}Content-Length: 100\r\n\r\n"), 417);
        }
    }
    let waits = "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length";
    site.refused(format!("POST / {waits}: 10000000\r\n\r\n"), 413);
    for (method, status) in [("PUT", 405), ("BREW", 501)] {
        let request = format!("{method} / {waits}: 100\r\n\r\n");
        let answers = read_answers(&ask_until_closed(site.address, request.as_bytes()));
        assert_eq!((answers.len(), answers[0].status), (1, status), "{method}");
        assert_eq!(answers[0].field("connection"), Some("close"), "{method}");
    }
}

/// Everything is written before the answer is read: a reset would have destroyed the answer by then.
#[test]
fn a_refusal_reaches_a_client_that_is_still_sending() {
    let site = Site::serve();
    let content = vec![b'x'; 8 << 20];
    for (head, status) in [
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n800000\r\n", 413),
        ("POST / HTTP/1.1\r\nContent-Length: 8388608\r\n\r\n", 400),
        ("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n", 405),
        ("GET /", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: ", 431),
    ] {
        let mut stream = connect(site.address);
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&content).unwrap();
        assert_eq!(read_answer(&mut stream, "POST").status, status, "{head:?}");
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_to_end(stream), b"", "{head:?}");
    }
}
