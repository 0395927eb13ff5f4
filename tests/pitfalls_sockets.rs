//! Pitfalls of event-loop servers, shown with real sockets where possible. Cases that need a clock, a full table of
//! descriptors at the right moment, or a call that fails, are scripted in `pitfalls_transport.rs` and
//! `pitfalls_loop.rs`.

mod support;

use onepoll::conn::Id;
use onepoll::conn::transport::Readiness;
use onepoll::inspect::{Observed, Observer};
use onepoll::reactor::kernel::{Interest, Kernel, Ready, Token};
use onepoll::reactor::listener::{self, Sharing};
use onepoll::service::limits::Limits;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Resource, Rlimit, Signal, prlimit};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::misbehaviour::reset;
use support::patience::until;
use support::program::{Program, onepoll};
use support::visitor::Visitor;
use support::{
    Answer, PATIENCE, ask, ask_before_it_starts, connect, folder, listen, pattern, reactor, read_answer,
    read_answers, serve, start,
};
use tempfile::TempDir;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const GET_LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nabcd";

/// More bytes than the kernel buffers between two sockets.
const LARGE_BYTES: usize = 24 << 20;

fn site() -> TempDir {
    folder(&[("index.html", b"<p>hello")])
}

fn large_site() -> TempDir {
    folder(&[("index.html", b"<p>hello"), ("large", &pattern(LARGE_BYTES))])
}

/// The answer to `request`, on a keep-alive connection.
fn request(stream: &mut TcpStream, request: &[u8]) -> Answer {
    stream.write_all(request).unwrap();
    read_answer(stream, "GET")
}

/// Asserts that a new client is served.
fn assert_serves(address: SocketAddr) {
    assert_eq!(request(&mut connect(address), GET).text(), "<p>hello");
}

/// Symptom: a large upload or a large answer stands still, or some of the clients that connect at the same time are
/// not accepted.
#[test]
fn pitfall_01_an_edge_is_missed() {
    let root = large_site();
    let (epoll, address) = listen();
    let mut waiting: Vec<_> = (0..200).map(|_| connect(address)).collect();
    waiting.iter_mut().for_each(|stream| stream.write_all(GET).unwrap());
    start(reactor(epoll, root.path(), Limits::default()));
    for stream in &mut waiting {
        assert_eq!(read_answer(stream, "GET").status, 200, "many connections under one edge");
    }
    let body = pattern(1 << 20);
    let post = format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut stream = connect(address);
    for _ in 0..10 {
        assert_eq!(request(&mut stream, &[post.as_bytes(), &body].concat()).status, 200);
    }
    assert!(request(&mut stream, GET_LARGE).body == pattern(LARGE_BYTES));
}

/// Symptom: in an answer that is larger than the socket takes at once, a part is missing or comes twice.
#[test]
fn pitfall_03_a_short_write() {
    let root = large_site();
    let address = serve(root.path(), Limits::default());
    let mut stream = connect(address);
    stream.write_all(&[GET_LARGE, GET].concat()).unwrap();
    // When another client was served twice, the server has filled the socket of this one.
    assert_serves(address);
    assert_serves(address);
    assert!(read_answer(&mut stream, "GET").body == pattern(LARGE_BYTES));
    assert_eq!(read_answer(&mut stream, "GET").text(), "<p>hello");
}

/// Symptom: `printf … | nc` prints nothing, or half of the answer.
#[test]
fn pitfall_04_an_end_right_after_a_request() {
    let root = large_site();
    let address = serve(root.path(), Limits::default());
    for _ in 0..20 {
        assert_eq!(read_answers(&ask(address, GET))[0].text(), "<p>hello");
        assert_eq!(read_answers(&ask(address, POST))[0].status, 200);
    }
    assert!(read_answers(&ask(address, GET_LARGE))[0].body == pattern(LARGE_BYTES));
}

/// Symptom: a client that shuts its side in the middle of an answer loses the other part. Or the server then keeps
/// its own side open until a timeout.
#[test]
fn pitfall_05_a_half_close_is_taken_for_a_close() {
    let root = large_site();
    let hour = Duration::from_secs(3600);
    let address = serve(root.path(), Limits { idle_timeout: hour, write_timeout: hour, ..Limits::default() });
    for (wanted, length) in [(GET, 8), (GET_LARGE, LARGE_BYTES)] {
        let mut stream = connect(address);
        stream.write_all(wanted).unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(read_answers(&[&first[..], &rest].concat())[0].body.len(), length);
    }
}

/// Symptom: the server ends when it is stopped and continued (Ctrl-Z and `fg`), which interrupts its wait.
#[test]
fn pitfall_06_a_wait_is_interrupted() {
    let root = site();
    let (program, address) = Program::start(onepoll().arg(root.path()));
    let mut stream = connect(address);
    for _ in 0..3 {
        assert_eq!(request(&mut stream, GET).status, 200);
        program.is_in("S");
        program.stop();
        program.signal(Signal::CONT);
        program.is_in("S");
    }
    assert_eq!(request(&mut stream, GET).status, 200);
}

/// Symptom: an event with only an error or a hang-up is ignored, since it is neither readable nor writable.
#[test]
fn pitfall_07_an_error_or_a_hang_up_alone() {
    let all = Readiness { readable: true, writable: true, peer_closed: true };
    // A pipe shows each alone: a reader without writers gets EPOLLHUP, and a writer to a full pipe without readers
    // gets EPOLLERR.
    let (reader, writer) = io::pipe().unwrap();
    drop(writer);
    assert_eq!(readiness_of(reader.into()), all);
    let (reader, mut writer) = io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[0; 4096]).is_ok() {}
    drop(reader);
    assert_eq!(readiness_of(writer.into()), all);

    fn readiness_of(mut end: OwnedFd) -> Readiness {
        let (mut epoll, _) = listen();
        let token = Token { key: 0, id: Id(0) };
        epoll.register(&mut end, token, Interest::None, Interest::ReadWrite).unwrap();
        let mut ready = Vec::new();
        epoll.wait(&mut ready, Some(PATIENCE)).unwrap();
        match ready[..] {
            [Ready::Socket(told, readiness)] if told == token => readiness,
            _ => panic!("{ready:?}"),
        }
    }
}

/// Symptom: the connection of a client that was reset stays until a timeout.
#[test]
fn pitfall_07_a_reset_is_noticed_at_once() {
    let root = large_site();
    let hour = Duration::from_secs(3600);
    let limits = Limits { connections_max: 1, write_timeout: hour, body_timeout: hour, ..Limits::default() };
    let address = serve(root.path(), limits);
    for wanted in [GET_LARGE, &POST[..POST.len() - 1]] {
        let mut stream = connect(address);
        assert_eq!(request(&mut stream, GET).status, 200);
        stream.write_all(wanted).unwrap();
        if wanted == GET_LARGE {
            stream.read_exact(&mut [0]).unwrap();
        }
        reset(stream);
        assert_serves(address);
    }
}

/// Symptom: a client that stops reading keeps its connection, and an open file, for ever.
#[test]
fn pitfall_08_a_peer_vanishes_while_we_write() {
    let root = large_site();
    let limits =
        Limits { connections_max: 1, write_timeout: Duration::from_millis(100), ..Limits::default() };
    let address = serve(root.path(), limits);
    let mut stream = connect(address);
    stream.write_all(GET_LARGE).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    assert_serves(address);
}

/// Symptom: idle connections, or the last millisecond before a deadline, keep a processor busy.
#[test]
fn pitfall_09_and_15_waits_are_few() {
    const CLIENTS: usize = 50;
    let root = large_site();
    let (epoll, address) = listen();
    let (waits, empty) = Default::default();
    let observer = Counting { waits: Arc::clone(&waits), empty: Arc::clone(&empty) };
    let timeout = Duration::from_millis(300);
    let limits = Limits { idle_timeout: timeout, write_timeout: timeout, ..Limits::default() };
    let mut stuck = connect(address);
    stuck.write_all(GET_LARGE).unwrap();
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| connect(address)).collect();
    clients.iter_mut().for_each(|stream| stream.write_all(GET).unwrap());
    // All have asked: on a busy machine the time of some would be up before they do.
    start(reactor(Observed::new(epoll, observer), root.path(), limits));
    stuck.read_exact(&mut [0]).unwrap();
    for stream in &mut clients {
        assert_eq!(read_answer(stream, "GET").status, 200);
    }
    let begin = waits.load(Ordering::SeqCst);
    for stream in &mut clients {
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "its time is up");
    }
    let during = waits.load(Ordering::SeqCst) - begin;
    assert!(during <= 2 * CLIENTS, "{during} waits");
    // A wait without an event is one that ended at a deadline.
    let empty = empty.load(Ordering::SeqCst);
    assert!(empty <= 2 * (CLIENTS + 1), "{empty} empty waits");
}

/// Counts waits, and those that brought nothing.
#[derive(Clone)]
struct Counting {
    waits: Arc<AtomicUsize>,
    empty: Arc<AtomicUsize>,
}

impl Observer for Counting {
    fn woke(&mut self, _: Instant, ready: &mut Vec<Ready>) {
        self.waits.fetch_add(1, Ordering::SeqCst);
        self.empty.fetch_add(usize::from(ready.is_empty()), Ordering::SeqCst);
    }
}

/// Symptom: while many clients connect and disconnect, a client gets the answer of another client, or none.
#[test]
fn pitfall_10_a_place_is_used_again() {
    let names: Vec<_> = (0..4).map(|number| format!("file{number}")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let root = folder(&files);
    let address = serve(root.path(), Limits::default());
    thread::scope(|scope| {
        for name in &names {
            scope.spawn(move || {
                for round in 0..200 {
                    let get = format!("GET /{name} HTTP/1.1\r\nHost: localhost\r\n\r\n");
                    let mut stream = connect(address);
                    assert_eq!(request(&mut stream, get.as_bytes()).text(), name);
                    match round % 3 {
                        0 => reset(stream),
                        1 => stream.write_all(get.as_bytes()).unwrap(),
                        _ => {}
                    }
                }
            });
        }
    });
}

/// Symptom: 100 % CPU while no descriptor is left, or no client is accepted afterwards.
#[test]
fn pitfall_11_out_of_descriptors() {
    let root = site();
    let (program, address) = Program::start(onepoll().arg(root.path()).args(["--head-timeout", "1"]));
    let few = Rlimit { current: Some(24), maximum: Some(24) };
    prlimit(Some(program.pid()), Resource::Nofile, few).unwrap();
    let before = program.ticks();
    let mut slow: Vec<_> = (0..30).map(|_| connect(address)).collect();
    slow.iter_mut().for_each(|stream| stream.write_all(b"G").unwrap());
    let mut late = connect(address);
    late.write_all(POST).unwrap();
    for mut stream in slow {
        assert_eq!(read_answer(&mut stream, "GET").status, 408);
    }
    assert_eq!(read_answer(&mut late, "POST").status, 200, "when the time of those before it was up");
    // The program's own processor time: other processes on the machine add nothing to it.
    let ticks = program.ticks() - before;
    assert!(ticks < 40, "{ticks} ticks of processor time, most of them for waiting");
}

/// Symptom: new clients wait, and a warning is logged, while descriptors are held by open files that no client reads.
#[test]
fn pitfall_11_files_that_are_only_kept_open_make_room_at_once() {
    let large = pattern(1 << 20);
    let root = folder(&[("index.html", b"<p>hello"), ("one", &large), ("two", &large)]);
    let (program, address) = Program::start(onepoll().arg(root.path()).arg("--quiet"));
    let mut visitor = Visitor::of(address);
    assert_eq!(visitor.get("/", "").status, 200);
    let before = program.descriptors();
    for path in ["/one", "/two"] {
        assert_eq!(visitor.get_settled(path, "").status, 200);
    }
    let all = program.descriptors();
    assert!(all > before, "a file stays open");
    let all = Rlimit { current: Some(all as u64), maximum: Some(all as u64) };
    prlimit(Some(program.pid()), Resource::Nofile, all).unwrap();
    assert_serves(address);
    program.signal(Signal::TERM);
    assert_eq!(program.end().1, "");
}

/// Symptom: when many clients connect at the same moment, some wait a second or more until their SYN is sent again.
#[test]
fn pitfall_14_the_backlog_is_set_on_purpose() {
    // More than the 128 that std asks for. The kernel keeps no more than net.core.somaxconn.
    let bound = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let clients = 400.min(bound.trim().parse().unwrap());
    let listener = listener::bind("127.0.0.1:0".parse().unwrap(), Sharing::Alone).unwrap();
    let address = listener.local_addr().unwrap();
    let connected: Vec<_> = (0..clients)
        .map(|number| {
            TcpStream::connect_timeout(&address, PATIENCE)
                .unwrap_or_else(|error| panic!("{error} for number {number}"))
        })
        .collect();
    for mut stream in connected {
        stream.write_all(b"G").unwrap();
        until("a connection", || listener.accept());
    }
}

/// Symptom: the server waits for ever for a head or a body that stops in the middle, or closes the connection without
/// an answer.
#[test]
fn pitfall_16_slow_heads_and_bodies() {
    let root = site();
    let short = Duration::from_millis(100);
    let limits =
        Limits { head_timeout: short, body_timeout: short, idle_timeout: short, ..Limits::default() };
    for (said, statuses) in
        [(&b""[..], &[][..]), (&GET[..9], &[408]), (&POST[..POST.len() - 1], &[408]), (GET, &[200])]
    {
        let answers = read_answers(&ask_before_it_starts(root.path(), limits.clone(), said));
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), statuses);
    }
}

/// Symptom: "connection reset by peer" instead of the page that says what was wrong.
#[test]
fn pitfall_17_an_answer_is_lost_to_a_reset() {
    let root = site();
    let address = serve(root.path(), Limits::default());
    let unread = pattern(8 << 20);
    let too_large = format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", unread.len());
    let too_long = [&b"GET /"[..], &[b'a'; 10_000]].concat();
    for (head, status) in [(too_large.as_bytes(), 413), (&too_long, 414), (b"no request\r\n\r\n", 400)] {
        let mut stream = connect(address);
        stream.write_all(head).and_then(|()| stream.write_all(&unread)).expect("everything can be sent");
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answers = Vec::new();
        stream.read_to_end(&mut answers).expect("the end comes as a FIN");
        let answers = read_answers(&answers);
        assert_eq!((answers.len(), answers[0].status), (1, status));
    }
}

/// Symptom: the page that a browser asks for waits for the sockets that the browser opened in advance.
#[test]
fn pitfall_18_silent_connections_before_a_page() {
    const PLACES: usize = 50;
    let root = site();
    let flags = ["--max-connections", &PLACES.to_string(), "--idle-timeout", "3600"];
    let (program, address) = Program::start(onepoll().arg(root.path()).args(flags).env("RUST_LOG", "debug"));
    let _silent: Vec<_> = (0..PLACES).map(|_| connect(address)).collect();
    assert_serves(address);
    // The silent connections are accepted, too, after a second, and then have all places. Together with the
    // connection that was served there is one more connection than places.
    (0..=PLACES).for_each(|_| _ = program.told("accepted from"));
    assert_serves(address);
}

/// Symptom: the loop wakes for each connection, finds nothing to read, and wakes again.
#[test]
fn pitfall_18_a_connection_comes_with_its_first_bytes() {
    let listener = listener::bind("127.0.0.1:0".parse().unwrap(), Sharing::Alone).unwrap();
    // After a second the connection is reported without bytes. On a slow machine this second may have passed at the
    // first look.
    let mut client = until("a connection that is kept back", || {
        let began = Instant::now();
        let client = connect(listener.local_addr().unwrap());
        match listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(client),
            other if began.elapsed() < Duration::from_secs(1) => panic!("it came at once: {other:?}"),
            other => Err(format!("{other:?}")),
        }
    });
    client.write_all(b"G").unwrap();
    let (mut accepted, _) = until("the connection", || listener.accept());
    let mut bytes = [0; 2];
    assert_eq!((accepted.read(&mut bytes).unwrap(), bytes[0]), (1, b'G'));
}

/// Symptom: the server blocks in `open` on a FIFO without a writer, or reads a device without end.
#[test]
fn pitfall_21_what_is_no_file_is_not_opened() {
    let root = folder(&[("folder/index.html", b"index"), ("empty/file", b""), ("piped/file", b"")]);
    let path = |name: &str| root.path().join(name);
    for name in ["fifo", "piped/index.html", "fifo.html"] {
        mknodat(CWD, path(name), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }
    symlink("fifo", path("link")).unwrap();
    symlink("/dev/zero", path("zero")).unwrap();
    symlink(".", path("itself")).unwrap();
    symlink("circle", path("circle")).unwrap();
    let _socket = UnixListener::bind(path("socket")).unwrap();
    let table = [
        ("/fifo", 404),
        ("/fifo/", 404),
        ("/fifo.html", 404),
        ("/link", 404),
        ("/socket", 404),
        ("/zero", 404),
        ("/circle", 404),
        ("/piped/", 200),
        ("/piped", 301),
        ("/empty/", 200),
        ("/folder", 301),
        ("/itself", 301),
        ("/folder/", 200),
        ("/itself/itself/folder/", 200),
    ];
    check(root.path(), &table);
    check(
        Path::new("/dev"),
        &["/zero", "/null", "/random", "/full", "/tty", "/stdin"].map(|path| (path, 404)),
    );

    fn check(root: &Path, table: &[(&str, u16)]) {
        let address = serve(root, Limits::default());
        let mut stream = connect(address);
        for (path, status) in table {
            let get = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assert_eq!(request(&mut stream, get.as_bytes()).status, *status, "{path}");
            let head = format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            assert_eq!(read_answer(&mut stream, "HEAD").status, *status, "{path}");
        }
    }
}

/// Symptom: the request after a body is answered with 400, or twice, or is taken for a part of the body.
#[test]
fn pitfall_22_pipelined_requests_after_one_with_a_body() {
    let root = site();
    let address = serve(root.path(), Limits::default());
    let chunked =
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n";
    let get_with_body = b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /";
    let missing = b"GET /missing HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let requests = [POST, missing, chunked, missing, get_with_body, missing].concat().repeat(50);
    let answers = read_answers(&ask(address, &requests));
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 404].repeat(150));
}
