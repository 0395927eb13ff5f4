//! Every variant gives the same answers as the reactor, byte for byte, and keeps the same limits. The code is in
//! `benches/variants`.

#[path = "../benches/variants/counted.rs"]
#[allow(dead_code)]
mod counted;
#[path = "../benches/variants/models/mod.rs"]
#[allow(dead_code)]
mod models;
mod support;

use models::{Model, Setting};
use onepoll::http::HeadLimits;
use onepoll::service::limits::Limits;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use support::visitor::Visitor;
use support::{ask, ask_until_closed, connect, folder, read_answer, read_to_end};

/// All variants. With two cores, those with workers have more than one worker, and fewer workers than clients.
fn models() -> Vec<Model> {
    Model::all(2)
}

fn start(model: Model, root: &Path, limits: Limits) -> SocketAddr {
    let setting = Setting { address: ([127, 0, 0, 1], 0).into(), root: root.to_owned(), limits };
    model.start(&setting).unwrap()
}

/// All bytes that come after `request` is sent, with the value of every `Date` blanked.
fn answer(address: SocketAddr, request: &[u8]) -> String {
    let answer = ask(address, request);
    let lines = answer.split_inclusive(|byte| *byte == b'\n');
    let blank = |line: &[u8]| match line.starts_with(b"Date: ") {
        true => b"Date: \n".to_vec(),
        false => line.to_vec(),
    };
    lines.flat_map(blank).collect::<Vec<_>>().escape_ascii().to_string()
}

#[test]
fn every_variant_gives_the_answers_of_the_reactor() {
    let large = vec![b'l'; 3 << 20];
    let root = folder(&[("index.html", b"here"), ("large.bin", &large), ("a folder/file", b"")]);
    let chunks: Vec<u8> = (0..2000).flat_map(|_| b"5\r\nhello\r\n".to_vec()).collect();
    let chunked = [
        b"POST /a HTTP/1.1\r\nHost: a.localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        &chunks[..],
        b"0\r\n\r\n",
    ];
    let two = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let requests: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\nRange: bytes=5-9,100-2000000\r\nConnection: close\r\n\r\n",
        b"GET /a%20folder/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        b"DELETE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: local",
        b"",
        &chunked.concat(),
        two.as_bytes(),
    ];
    let reactor = start(Model::Reactor, root.path(), Limits::default());
    // Tags are weak while a file is young, and depend on its times. So the file must be old enough for all variants.
    for target in ["/", "/large.bin"] {
        Visitor::of(reactor).get_settled(target, "");
    }
    for model in models() {
        let address = start(model, root.path(), Limits::default());
        for request in requests {
            let (expected, given) = (answer(reactor, request), answer(address, request));
            let shown = request[..request.len().min(80)].escape_ascii().to_string();
            if model == Model::ThreadPerRequest && !shown.contains("close") && expected.contains("200 OK") {
                // The first answer is the last on its connection, and says so. Nothing else differs.
                let expected = answer(reactor, &closing(request));
                let first = expected.split("HTTP/1.1 ").nth(1).unwrap_or_default();
                assert!(given.contains(first.trim_end_matches("HTTP/1.1 ")), "{model} to {shown}: {given}");
                continue;
            }
            assert_eq!(given.len(), expected.len(), "{model} to {shown}");
            assert!(given == expected, "{model} to {shown}:\n{given}\n{expected}");
        }
    }
}

/// The same request, as the last on its connection.
fn closing(request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    text.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1).into_bytes()
}

#[test]
fn connections_are_kept_alive_but_for_one_variant() {
    let root = folder(&[("index.html", b"here")]);
    for model in models() {
        let mut client = connect(start(model, root.path(), Limits::default()));
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        client.write_all(request).unwrap();
        let first = read_answer(&mut client, "GET");
        assert_eq!(first.text(), "here", "{model}");
        let is_last = model == Model::ThreadPerRequest;
        assert_eq!(first.field("connection") == Some("close"), is_last, "{model}");
        if is_last {
            assert_eq!(client.read(&mut [0]).unwrap(), 0, "{model}");
        } else {
            client.write_all(request).unwrap();
            assert_eq!(read_answer(&mut client, "GET").text(), "here", "{model}");
        }
    }
}

/// A wait inside a blocking call ends like a wait in epoll_wait: with the same answer after the same time, and at
/// most one timeout of the socket later.
#[test]
fn time_runs_out_in_every_variant() {
    let root = folder(&[("index.html", b"here")]);
    let limits = Limits {
        head: HeadLimits::default(),
        head_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    thread::scope(|scope| {
        for model in models() {
            let (root, limits) = (&root, limits.clone());
            scope.spawn(move || {
                let address = start(model, root.path(), limits.clone());
                for (sent, told, least) in [
                    ("GET / HTTP/1.1\r\nHost: l", "HTTP/1.1 408 ", limits.head_timeout),
                    (
                        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe",
                        "HTTP/1.1 408 ",
                        limits.body_timeout,
                    ),
                    ("", "", limits.idle_timeout),
                ] {
                    let begin = Instant::now();
                    let mut client = connect(address);
                    client.write_all(sent.as_bytes()).unwrap();
                    let mut answer = [0; 13];
                    let count = client.read(&mut answer[..told.len().max(1)]).unwrap();
                    assert_eq!(String::from_utf8_lossy(&answer[..count]), told, "{model} to {sent:?}");
                    assert!(begin.elapsed() >= least, "{model} to {sent:?}: {:?}", begin.elapsed());
                }
            });
        }
    });
}

/// The client keeps its side open, so only the server ends the connection: at once after a last answer, and after a refusal
/// as soon as all of it is sent.
#[test]
fn every_variant_ends_a_connection_of_its_own_accord() {
    let root = folder(&[("index.html", b"here"), ("large.bin", &vec![b'l'; 3 << 20])]);
    for model in models() {
        let address = start(model, root.path(), Limits::default());
        for (request, length) in [
            ("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 4),
            ("GET /large.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 3 << 20),
            ("nonsense\r\n\r\n", 0),
        ] {
            let answer = ask_until_closed(address, request.as_bytes());
            assert!(answer.starts_with(b"HTTP/1.1 ") && answer.len() > length, "{model} to {request:?}");
        }
    }
}

/// An answer that is larger than all buffers on its way goes on when there is room again, and its end reaches the client although
/// the connection has nothing more to say by then.
#[test]
fn an_answer_larger_than_all_buffers_arrives_whole_in_every_variant() {
    const BYTES: usize = 32 << 20;
    let root = folder(&[("large.bin", &vec![b'l'; BYTES])]);
    for model in models() {
        let slow = connect(start(model, root.path(), Limits::default()));
        rustix::net::sockopt::set_socket_recv_buffer_size(&slow, 16 << 10).unwrap();
        (&slow)
            .write_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .unwrap();
        let length = read_to_end(slow).len();
        assert!(length > BYTES, "{model}: only {length} bytes");
    }
}

/// Downloads wait for each other, and come to their end, although one client leaves in the middle.
#[test]
fn many_downloads_at_once_arrive_whole_in_every_variant() {
    const BYTES: usize = 4 << 20;
    const CLIENTS: usize = 8;
    let root = folder(&[("index.html", b"here"), ("large.bin", &vec![b'l'; BYTES])]);
    let download = b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for model in models() {
        let address = start(model, root.path(), Limits::default());
        let leaves = connect(address);
        (&leaves).write_all(download).unwrap();
        (&leaves).read_exact(&mut [0]).unwrap();
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| thread::spawn(move || ask_until_closed(address, download).len())).collect();
        drop(leaves);
        for client in clients {
            let length = client.join().unwrap();
            assert!(length > BYTES, "{model}: only {length} bytes");
        }
        assert!(
            ask(address, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .ends_with(b"here")
        );
    }
}

/// With a limit of one connection, the next client is served when the one that does not read is given up. A pool has the limit
/// of its workers instead, and several reactors have one each.
#[test]
fn a_client_that_takes_nothing_is_given_up_in_every_variant() {
    let root = folder(&[("index.html", b"here"), ("large.bin", &vec![b'l'; 32 << 20])]);
    let limits =
        Limits { write_timeout: Duration::from_millis(300), connections_max: 1, ..Limits::default() };
    for model in models() {
        if matches!(model, Model::ThreadPool { .. } | Model::MultiReactor { .. }) {
            continue;
        }
        let address = start(model, root.path(), limits.clone());
        let begin = Instant::now();
        let mut deaf = connect(address);
        deaf.write_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        deaf.read_exact(&mut [0]).unwrap();
        let mut next = connect(address);
        next.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert_eq!(read_answer(&mut next, "GET").text(), "here", "{model}");
        assert!(begin.elapsed() >= limits.write_timeout, "{model}: {:?}", begin.elapsed());
        let mut rest = Vec::new();
        let _ = deaf.read_to_end(&mut rest);
        assert!(rest.len() < 32 << 20, "{model}: it got all of it");
    }
}

/// A ring sends what one drive has written as one, so a common answer must fit its buffer with its head. The buffer that comes
/// back is written to again.
#[cfg(target_os = "linux")]
#[test]
fn a_ring_sends_a_file_and_its_head_at_once_and_keeps_the_buffer() {
    use models::io_uring::buffers::Buffers;
    use onepoll::conn::transport::{Follow, Transport};
    const BYTES: usize = 100 << 10;
    let root = folder(&[("file.bin", &[b'f'; BYTES])]);
    let file = std::fs::File::open(root.path().join("file.bin")).unwrap();
    let mut buffers = Buffers::default();
    // A buffer that was given back to the allocator would come from it again.
    let mut others = Vec::new();
    let mut answer = || {
        assert_eq!(buffers.send(b"the head", Follow::More).unwrap(), 8);
        assert_eq!(buffers.send_file(&file, 0, BYTES).unwrap(), BYTES);
        let out = buffers.take_output().unwrap();
        assert_eq!(out.len(), 8 + BYTES);
        let (place, room) = (out.as_ptr(), out.capacity());
        buffers.sent(Ok(out.len()), out);
        others.push(Vec::<u8>::with_capacity(room));
        assert_eq!(buffers.take_output(), None);
        place
    };
    let first = answer();
    assert_eq!(answer(), first, "a buffer was made anew");
    // What was written meanwhile stays, in the order in which it was written.
    buffers.send(b"one", Follow::Nothing).unwrap();
    let one = buffers.take_output().unwrap();
    buffers.send(b"two", Follow::Nothing).unwrap();
    buffers.sent(Ok(1), one);
    let rest = buffers.take_output().unwrap();
    assert_eq!(rest, b"ne");
    buffers.sent(Ok(2), rest);
    assert_eq!(buffers.take_output().unwrap(), b"two");
}

#[test]
fn a_name_stands_for_its_model() {
    for model in models() {
        assert_eq!(model.to_string().parse(), Ok(model));
    }
    for name in
        ["", "threads", "thread-pool-", "thread-pool-0", "thread-pool-x", "multi-reactor-", "io_uring"]
    {
        assert!(name.parse::<Model>().is_err(), "{name}");
    }
}
