//! Pitfalls of event-loop servers that concern one connection: a scripted transport blocks, shortens, interrupts,
//! fails and ends wherever it can. The numbers are from a list of pitfalls in which real programs fell;
//! `pitfalls_loop.rs` and `pitfalls_sockets.rs` have the others.

mod support;

use onepoll::conn::transport::Readiness;
use onepoll::service::limits::Limits;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;
use support::scripted::{Client, Comes, Fate, Goes, Loop, part};
use support::{folder, pattern};
use tempfile::TempDir;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const GET_LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd";
const POST_HALF: &[u8] = POST.split_at(POST.len() - 2).0;

/// A client that is idle, in a head, in a body, and in an answer.
const STAGES: [&[u8]; 4] = [b"", GET.split_at(8).0, POST_HALF, GET_LARGE];

/// Bytes of a file that is too long to be sent together with its head.
const LARGE_BYTES: usize = 70_000;

fn site() -> TempDir {
    folder(&[("index.html", b"<p>hello"), ("large", &pattern(LARGE_BYTES))])
}

/// A loop with a client that sends all this after its connection was registered.
fn world(root: &Path, comes: impl IntoIterator<Item = Comes>) -> (Loop, Client) {
    let mut world = Loop::new(root, Limits::default());
    let client = world.connect(comes);
    world.run();
    (world, client)
}

/// The answer to `bytes` when nothing goes wrong.
fn answer_to(root: &Path, bytes: &[u8]) -> Vec<u8> {
    let (_, client) = world(root, [part(bytes)]);
    client.got()
}

/// All values of readiness.
fn readiness() -> impl Iterator<Item = Readiness> {
    (0..8).map(|bits| Readiness { readable: bits & 1 > 0, writable: bits & 2 > 0, peer_closed: bits & 4 > 0 })
}

/// Symptom: a request larger than one read, or an answer larger than the socket takes at once, stands still, while
/// the client and the server wait for each other.
#[test]
fn pitfall_01_an_edge_is_missed() {
    let root = site();
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n";
    let post = [&head[..], &pattern(300_000)].concat();
    let (_, client) = world(root.path(), [part(&post)]);
    assert_eq!(client.statuses(), [200], "all of it under one edge");
    let (mut world, client) = world(root.path(), []);
    client.says(&post[..1000]);
    world.run();
    client.says(&post[1000..]);
    world.run();
    assert_eq!(client.statuses(), [200], "an edge in the middle of the body");

    let whole = answer_to(root.path(), GET_LARGE).len();
    client.stops_reading();
    client.says(GET_LARGE);
    for end in (10_000..whole).step_by(10_000).chain([whole]) {
        world.run();
        client.reads(end - client.got_bytes());
        world.run();
        assert_eq!(client.got_bytes(), end, "every edge is used up");
    }
    assert_eq!(client.answers()[0].body, pattern(LARGE_BYTES));
}

/// Symptom: an event without readiness ends a connection, or makes it send or read what it should not.
#[test]
fn pitfall_02_a_spurious_event() {
    let root = site();
    for stage in STAGES {
        let (mut world, client) = world(root.path(), []);
        client.stops_reading();
        client.says(stage);
        world.run();
        for readiness in readiness().chain(readiness()) {
            let calls = client.calls();
            world.turn([client.event(readiness), client.event(readiness)]);
            let may_ask = stage != GET_LARGE || readiness.writable || client.calls() == calls;
            assert!(may_ask, "a full socket is asked again for no reason");
        }
        world.turn([]);
        assert_eq!((client.got_bytes(), client.fate()), (0, Fate::Open), "{}", stage.escape_ascii());
        client.reads(usize::MAX);
        let wanted = [GET, POST, GET_LARGE].into_iter().find(|wanted| wanted.starts_with(stage)).unwrap();
        client.says(&wanted[stage.len()..]);
        world.run();
        assert_eq!(client.statuses(), [200], "{}", stage.escape_ascii());
    }
}

/// Symptom: where the socket took fewer bytes than it was given, a part of the answer is missing or comes twice.
#[test]
fn pitfall_03_a_short_write() {
    let root = site();
    let pipelined = [GET, POST, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", GET].concat();
    for requests in [GET, &pipelined, b"bad\r\n\r\n"] {
        let whole = answer_to(root.path(), requests);
        for length in 1..=whole.len() {
            check(root.path(), requests, &whole, length);
        }
    }
    let whole = answer_to(root.path(), GET_LARGE);
    for length in [1, 2, 3, 1000, 4095, 4096, 65_535, 65_536, 65_537, LARGE_BYTES - 1, LARGE_BYTES] {
        check(root.path(), GET_LARGE, &whole, length);
    }

    /// Short writes alone, and short writes after each of which the socket is full.
    fn check(root: &Path, requests: &[u8], whole: &[u8], length: usize) {
        for goes in [&[Goes::Takes(length)][..], &[Goes::Takes(length), Goes::Later]] {
            let mut world = Loop::new(root, Limits::default());
            let client = world.connect_saying(requests);
            client.takes(goes.repeat(whole.len() / length + 1));
            client.takes_each(length);
            world.run();
            assert!(client.got() == whole, "writes of {length} to {}", requests.escape_ascii());
        }
    }
}

/// Symptom: a client that shuts its side right after a whole request gets nothing, or half of a large answer.
#[test]
fn pitfall_04_an_end_right_after_a_request() {
    let root = site();
    for request in [GET, POST, GET_LARGE] {
        let whole = answer_to(root.path(), request);
        for first in [None, Some(Comes::Later)] {
            for each in [100, usize::MAX] {
                let mut world = Loop::new(root.path(), Limits::default());
                let client = world.connect(first.clone().into_iter().chain([part(request), Comes::End]));
                client.takes_each(each);
                client.takes([Goes::Later, Goes::Takes(10), Goes::Later]);
                world.run();
                assert!(client.got() == whole, "{}", request.escape_ascii());
                assert_eq!(client.fate(), Fate::Closed);
            }
        }
    }
}

/// Symptom: a half-close in the middle of an answer cuts the answer off. Or a FIN that came together with the request
/// is forgotten after a short read, and the socket stays until a timeout, since no second event comes for the FIN.
#[test]
fn pitfall_05_a_half_close_is_taken_for_a_close() {
    let root = site();
    let (mut world, client) = world(root.path(), []);
    client.stops_reading();
    client.says(GET_LARGE);
    world.run();
    client.reads(1000);
    client.brings([Comes::End]);
    world.run();
    assert_eq!((client.got_bytes(), client.fate()), (1000, Fate::Open), "the answer is not over");
    client.reads(usize::MAX / 2);
    world.run();
    assert_eq!(client.answers()[0].body, pattern(LARGE_BYTES));
    assert_eq!(client.fate(), Fate::Closed, "without a further event, and without waiting for the time");

    let began = world.now();
    let client = world.connect([]);
    world.run();
    client.brings([part(GET), Comes::End]);
    world.run();
    assert_eq!((client.statuses(), client.fate()), (vec![200], Fate::Closed));
    assert_eq!(world.now(), began);
}

/// Symptom: a signal at the wrong moment ends a connection.
#[test]
fn pitfall_06_a_call_is_interrupted() {
    let root = site();
    let interrupted = || std::iter::repeat_n(Comes::Interrupted, 2);
    for request in [GET, POST, GET_LARGE] {
        let whole = answer_to(root.path(), request);
        for cut in 0..=request.len() {
            let script = interrupted().chain([part(&request[..cut]), Comes::Later]).chain(interrupted());
            let script = script.chain([part(&request[cut..])]).chain(interrupted()).chain([Comes::End]);
            let mut world = Loop::new(root.path(), Limits::default());
            world.accept_fails(ErrorKind::Interrupted.into());
            let client = world.connect(script);
            let goes = [Goes::Interrupted, Goes::Takes(9), Goes::Interrupted, Goes::Later, Goes::Interrupted];
            client.takes(goes.repeat(100));
            world.run();
            assert!(client.got() == whole, "cut at {cut}");
            assert_eq!(client.fate(), Fate::Closed);
        }
    }
}

/// Symptom: a connection that was reset stays until a timeout, because its event is neither readable nor writable. Or
/// the error of one connection ends others.
#[test]
fn pitfall_07_an_error_or_a_hang_up_alone() {
    let root = site();
    for kind in
        [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::TimedOut, ErrorKind::HostUnreachable]
    {
        for stage in STAGES {
            let (mut world, client) = world(root.path(), []);
            let other = world.connect([]);
            client.stops_reading();
            client.says(stage);
            world.run();
            client.takes([Goes::Fails(kind)]);
            client.brings([Comes::Fails(kind)]);
            let began = world.now();
            world.run();
            assert_eq!(client.fate(), Fate::Closed, "{kind} after {}", stage.escape_ascii());
            assert_eq!(world.now(), began);
            other.says(GET);
            world.run();
            assert_eq!(other.statuses(), [200], "nobody else is concerned");
        }
    }
}

/// Symptom: the answer to a client that is still sending is destroyed by a reset, which the kernel sends if a socket
/// is closed with unread bytes. Or the server reads for ever from a client that never stops sending.
#[test]
fn pitfall_17_an_answer_is_lost_to_a_reset() {
    let root = site();
    let too_long = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n";
    let last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for (request, status) in [(&b"bad\r\n\r\n"[..], 400), (too_long, 413), (last, 200)] {
        let bytes = [request, &pattern(200_000)].concat();
        let (mut world, client) = world(root.path(), [part(&bytes)]);
        assert_eq!((client.statuses(), client.fate()), (vec![status], Fate::Shut));
        client.says(&pattern(200_000));
        world.run();
        assert_eq!(client.fate(), Fate::Shut, "it is still sending");
        client.brings([Comes::End]);
        world.run();
        assert_eq!((client.got_bytes(), client.fate()), (0, Fate::Closed), "everything was read");
    }

    let (mut world, client) = world(root.path(), [part(b"bad\r\n\r\n")]);
    world.pass(Limits::LINGER - Duration::from_millis(1));
    client.says(b"drip");
    world.run();
    assert_eq!(client.fate(), Fate::Shut);
    world.pass(Duration::from_millis(1));
    assert_eq!(client.fate(), Fate::Closed, "a drip does not keep it");

    let client = world.connect([part(b"bad\r\n\r\n"), Comes::Forever(pattern(1000))]);
    world.run();
    assert_eq!((client.statuses(), client.fate()), (vec![400], Fate::Reset), "a flood is not read forever");
}

/// Symptom: the last bytes of a body are taken for a request, or the first bytes of a request for a part of the body.
#[test]
fn pitfall_22_pipelined_requests_after_one_with_a_body() {
    let root = site();
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let length = smuggled.len();
    let with_length =
        |method| format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{smuggled}");
    let chunked = |method| {
        let chunks =
            format!("{length:x};name=\"0\"\r\n{smuggled}\r\n4\r\n0\r\n\r\r\n0\r\nTrailer: GET\r\n\r\n");
        format!("{method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")
    };
    let requests = [with_length("POST"), chunked("POST"), with_length("GET"), chunked("GET")]
        .map(|request| request + "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n")
        .concat();
    let statuses = [200, 404].repeat(4);
    let bytes = requests.as_bytes();
    let (_, client) = world(root.path(), [part(bytes)]);
    assert_eq!(client.statuses(), statuses);
    for cut in 1..bytes.len() {
        let (_, client) = world(root.path(), [part(&bytes[..cut]), Comes::Later, part(&bytes[cut..])]);
        assert_eq!(client.statuses(), statuses, "cut at {cut}");
    }
    let single = bytes.iter().flat_map(|byte| [Comes::Bytes(vec![*byte]), Comes::Later]);
    let (_, client) = world(root.path(), single);
    assert_eq!(client.statuses(), statuses, "byte by byte");
}
