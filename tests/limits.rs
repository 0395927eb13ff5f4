//! What a client may use: bytes of a head and of content, connections, and time.

mod support;

use onepoll::conn::Wait;
use onepoll::http::HeadLimits;
use onepoll::service::limits::Limits;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use support::pieces::{Client, context};
use support::scripted::{Fate, Loop};
use support::{
    ask, ask_before_it_starts, ask_until_closed, connect, folder, read_answer, read_answers, read_to_end,
    serve,
};
use tempfile::TempDir;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A request whose head was read (its `100 Continue` shows it), and whose last byte is missing.
const WAITING: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";

/// A timeout so short that a test can wait for it, where there is no other way.
const SHORT: Duration = Duration::from_millis(200);

fn site() -> TempDir {
    folder(&[("index.html", b"hello")])
}

/// Sends a request and reads the answer, on a keep-alive connection.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> u16 {
    stream.write_all(request).unwrap();
    read_answer(stream, "GET").status
}

/// Puts a connection between the head and the body of a request, so that it is not idle.
fn occupy(stream: &mut TcpStream) {
    assert_eq!(exchange(stream, WAITING), 100);
}

/// nginx and load balancers keep an idle connection for 60 s, and may send a request on it until then.
#[test]
fn a_proxy_is_the_first_to_close_an_idle_connection() {
    let root = site();
    let mut world = Loop::new(root.path(), Limits::default());
    let proxy = world.connect_saying(GET);
    for _ in 0..3 {
        world.pass(Duration::from_secs(61));
        assert_eq!((proxy.statuses(), proxy.fate()), (vec![200], Fate::Open));
        proxy.says(GET);
    }
    world.pass(Duration::from_secs(75));
    assert_eq!(proxy.fate(), Fate::Closed);
}

#[test]
fn each_size_is_allowed_up_to_its_limit() {
    let root = site();
    let address = serve(root.path(), Limits::default());
    let line = |bytes: usize| format!("GET /?{} HTTP/1.1\r\nHost: a\r\n\r\n", "q".repeat(bytes - 15));
    let head = |bytes: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "v".repeat(bytes - 32));
    let fields = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(count - 1));
    let trailers = |count: usize| {
        let fields = "A: b\r\n".repeat(count);
        format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{fields}\r\n")
    };
    let content = |bytes: usize| {
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {bytes}\r\n\r\n{}", "x".repeat(bytes))
    };
    let chunked = |bytes: usize| {
        let (half, rest) = (bytes / 2, bytes - bytes / 2);
        let (first, second) = ("x".repeat(half), "x".repeat(rest));
        format!(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
             {half:x}\r\n{first}\r\n{rest:x}\r\n{second}\r\n0\r\n\r\n"
        )
    };
    assert_eq!((line(8192).lines().next().unwrap().len(), head(16_384).len()), (8192, 16_384));
    type OfSize<'a> = &'a dyn Fn(usize) -> String;
    let table: [(&str, OfSize<'_>, usize, u16); 6] = [
        ("request line", &line, 8 << 10, 414),
        ("head", &head, 16 << 10, 431),
        ("fields", &fields, 100, 431),
        ("trailer fields", &trailers, 100, 431),
        ("content", &content, 1 << 20, 413),
        ("chunked content", &chunked, 1 << 20, 413),
    ];
    for (name, request, limit, status) in table {
        let answers = read_answers(&ask(address, request(limit).as_bytes()));
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200], "{name}");
        let answers = read_answers(&ask_until_closed(address, request(limit + 1).as_bytes()));
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [status], "{name}");
        assert_eq!(answers[0].field("connection"), Some("close"), "{name}");
    }
}

#[test]
fn limits_are_what_they_are_set_to() {
    let head = HeadLimits { request_line_bytes_max: 16, head_bytes_max: 40, fields_max: 2 };
    let limits = Limits { head, content_bytes_max: 3, ..Limits::default() };
    let root = site();
    let address = serve(root.path(), limits);
    for (request, status) in [
        ("GET /? HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n", 200),
        ("GET /?01 HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n", 414),
        ("GET /? HTTP/1.1\r\nHost: a\r\nA: 01234567\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n", 431),
        ("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", 200),
        ("POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\nabcd", 413),
    ] {
        let answers = read_answers(&ask(address, request.as_bytes()));
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [status], "{request:?}");
    }
}

#[test]
fn a_head_or_a_body_that_does_not_come_is_408() {
    let root = site();
    let limits = Limits { head_timeout: SHORT, body_timeout: SHORT, ..Limits::default() };
    let address = serve(root.path(), limits);
    for (begun, methods) in [
        ("G", "GET"),
        ("GET / HTTP/1.1\r\nHost: a\r\n", "GET"),
        ("\r\n", "GET"),
        ("HEAD / HTTP/1.1\r\n", "HEAD"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na", "POST"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "POST"),
    ] {
        let before = Instant::now();
        let answers = ask_until_closed(address, begun.as_bytes());
        let answers = support::read_answers_to(&answers, &[methods]);
        assert_eq!(answers[0].status, 408, "{begun:?}");
        assert_eq!(answers[0].field("connection"), Some("close"), "{begun:?}");
        assert!(before.elapsed() >= SHORT, "{begun:?}");
    }
}

#[test]
fn a_request_that_was_answered_does_not_count_for_the_next() {
    let root = site();
    let address = serve(root.path(), Limits { head_timeout: SHORT, ..Limits::default() });
    let answers = read_answers(&ask_until_closed(address, &[GET, b"GET"].concat()));
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 408]);
}

#[test]
fn a_drip_of_bytes_does_not_prolong_a_head() {
    let root = site();
    let address = serve(root.path(), Limits { head_timeout: SHORT, ..Limits::default() });
    let mut stream = connect(address);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nDrip: ").unwrap();
    stream.set_read_timeout(Some(SHORT / 10)).unwrap();
    let mut first = [0];
    // The timeout of the read is the pause between two bytes.
    let drops = (0..500).take_while(|_| {
        let read = stream.read(&mut first);
        let waits = read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        waits && stream.write_all(b"x").is_ok()
    });
    assert!(drops.count() < 500, "the clock of the head was never up");
    stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
    assert_eq!(&first, b"H");
    assert_eq!(read_answer(&mut first.chain(stream), "GET").status, 408);
}

/// How long the loop is told to wait at a time that the test sets, in milliseconds.
#[test]
fn each_wait_has_its_own_clock() {
    let root = site();
    let mut context = context(root.path(), Limits::default());
    let start = context.now;
    let mut client = Client::connect(&mut context);
    for (at, bytes, wait, since) in [
        (10, "GET / HTTP/1.1\r\n", Wait::Head, 10),
        (20, "Host: a\r\n", Wait::Head, 10),
        (30, "A: b", Wait::Head, 10),
        (40, "\r\n\r\n", Wait::Idle, 40),
        (50, "\r\n", Wait::Head, 50),
        (60, "GET / HTTP/1.1\r\nHost: a\r\n\r\nG", Wait::Head, 60),
        (70, "ET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", Wait::Body, 70),
        (80, "3", Wait::Body, 80),
        (90, "\r\nabc", Wait::Body, 90),
        (100, "\r\n0\r\n\r\n", Wait::Idle, 100),
        (110, "nonsense\n", Wait::Linger, 110),
        (120, "more", Wait::Linger, 110),
    ] {
        context.now = start + Duration::from_millis(at);
        client.send(bytes.as_bytes(), &mut context);
        assert_eq!(client.waits(), (wait, Duration::from_millis(since)), "after {bytes:?} at {at}");
    }
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let root = site();
    let limits = Limits { idle_timeout: SHORT, ..Limits::default() };
    assert_eq!(ask_before_it_starts(root.path(), limits.clone(), b""), b"");
    let before = Instant::now();
    assert_eq!(read_answers(&ask_before_it_starts(root.path(), limits, GET)).len(), 1);
    assert!(before.elapsed() >= SHORT);
}

/// With a limit of one connection, the next client is accepted when the client that does not read has gone.
#[test]
fn a_client_that_takes_nothing_is_given_up() {
    let root = folder(&[("index.html", b"hello"), ("large", &vec![b'x'; 32 << 20])]);
    let limits = Limits { write_timeout: SHORT, connections_max: 1, ..Limits::default() };
    let address = serve(root.path(), limits);
    let before = Instant::now();
    let mut deaf = connect(address);
    deaf.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    deaf.read_exact(&mut [0]).unwrap();
    assert_eq!(exchange(&mut connect(address), GET), 200);
    assert!(before.elapsed() >= SHORT);
    let mut rest = Vec::new();
    let _ = deaf.read_to_end(&mut rest);
    assert!(rest.len() < 32 << 20, "it got all of it");
}

#[test]
fn at_the_cap_the_longest_idle_connection_makes_room() {
    let root = site();
    let address = serve(root.path(), Limits { connections_max: 3, ..Limits::default() });
    let [mut first, mut second, mut busy] = [(); 3].map(|()| connect(address));
    occupy(&mut busy);
    assert_eq!(exchange(&mut first, GET), 200);
    assert_eq!(exchange(&mut second, GET), 200);
    assert_eq!(exchange(&mut first, GET), 200);
    let mut fourth = connect(address);
    assert_eq!(exchange(&mut fourth, GET), 200);
    assert_eq!(read_to_end(second), b"", "it was idle longest");
    assert_eq!(exchange(&mut first, GET), 200);
    assert_eq!(exchange(&mut busy, b"x"), 200);
    assert_eq!(exchange(&mut fourth, GET), 200);
}

#[test]
fn with_none_idle_accepting_pauses_until_a_connection_ends() {
    let root = site();
    let address = serve(root.path(), Limits { connections_max: 1, ..Limits::default() });
    let mut busy = connect(address);
    occupy(&mut busy);
    let mut waiting = waiting_outside(address);
    drop(busy);
    assert_eq!(read_answer(&mut waiting, "GET").status, 200);
}

#[test]
fn with_none_idle_accepting_pauses_until_a_connection_is_idle() {
    let root = site();
    let address = serve(root.path(), Limits { connections_max: 1, ..Limits::default() });
    let mut busy = connect(address);
    occupy(&mut busy);
    let mut waiting = waiting_outside(address);
    assert_eq!(exchange(&mut busy, b"x"), 200);
    assert_eq!(read_answer(&mut waiting, "GET").status, 200);
    assert_eq!(read_to_end(busy), b"", "it made room");
}

/// A client that has sent a request, and gets no answer while the server has no room for it. To see that nothing
/// comes, the test waits a little. A wait that is too short could miss a bug, but never reports a false one.
fn waiting_outside(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(GET).unwrap();
    stream.set_read_timeout(Some(SHORT)).unwrap();
    let read = stream.read(&mut [0]);
    assert!(read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "it was let in");
    stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
    stream
}
