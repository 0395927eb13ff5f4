//! How long an answer took: from the last byte of its head to the last byte that the kernel took, as the log says it.

mod support;

use log::{LevelFilter, Metadata, Record};
use onepoll::conn::context::Context;
use onepoll::conn::transport::{Follow, Readiness, Transport};
use onepoll::conn::{Connection, Id, Verdict};
use onepoll::http::request::Request;
use onepoll::http::response::Head;
use onepoll::http::status::Status;
use onepoll::log::Form;
use onepoll::os::peer::Peer;
use onepoll::service::hosts::Hosts;
use onepoll::service::response::{Pending, Progress};
use onepoll::service::{Client as Asker, Content, DoorId, Mounted, Reply, Response, Service};
use onepoll::site::{Policy, Site};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant, SystemTime};
use support::folder;
use tempfile::TempDir;

/// How long a client of these tests makes the server wait. The sleep is what is measured: nothing else waits for it.
const PAUSE: Duration = Duration::from_millis(20);

fn pause() {
    std::thread::sleep(PAUSE);
}

thread_local! {
    static LINES: RefCell<Vec<String>> = RefCell::default();
}

struct Ear;

impl log::Log for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "access"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            LINES.with_borrow_mut(|lines| lines.extend(record.args().to_string().lines().map(str::to_owned)));
        }
    }

    fn flush(&self) {}
}

/// A socket that gives what the client has sent, and takes as much as there is room for.
#[derive(Default)]
struct Socket {
    came: VecDeque<Vec<u8>>,
    room: usize,
    is_reset: bool,
}

impl Socket {
    fn take(&mut self, count: usize) -> io::Result<usize> {
        let count = count.min(self.room);
        self.room -= count;
        match (count, self.is_reset) {
            (_, true) => Err(ErrorKind::ConnectionReset.into()),
            (0, _) => Err(ErrorKind::WouldBlock.into()),
            (count, _) => Ok(count),
        }
    }
}

impl Transport for Socket {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_reset {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let bytes = self.came.pop_front().ok_or(ErrorKind::WouldBlock)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn send(&mut self, bytes: &[u8], _: Follow) -> io::Result<usize> {
        self.take(bytes.len())
    }

    fn send_file(&mut self, _: &File, _: u64, count: usize) -> io::Result<usize> {
        self.take(count)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A loop with one client, or several.
struct World {
    context: Context,
    _folder: TempDir,
}

impl World {
    fn new(files: &[(&str, &[u8])]) -> World {
        World::with(files, |service| service)
    }

    fn with(files: &[(&str, &[u8])], change: impl FnOnce(Service) -> Service) -> World {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            log::set_logger(&Ear).unwrap();
            log::set_max_level(LevelFilter::Info);
        });
        let folder = folder(files);
        let service = Service::new(Site::open(folder.path(), Policy::default()).unwrap())
            .hosts(Hosts::Any)
            .access(Form::Json);
        World { context: Context::new(change(service), Instant::now(), SystemTime::now()), _folder: folder }
    }

    fn client(&self, number: u32) -> Connection<Socket> {
        let peer = Peer::Tcp(([127, 0, 0, 1], 50_000).into());
        Connection::new(
            Socket::default(),
            Asker { id: Id(number), peer, door: DoorId::FIRST },
            Instant::now(),
        )
    }

    /// A turn in which this is the only client: what it sent comes, and so many bytes go.
    fn turn(&mut self, client: &mut Connection<Socket>, came: &str, room: usize) -> Verdict {
        self.context.begin_turn(Instant::now(), SystemTime::now());
        if !came.is_empty() {
            client.transport().came.push_back(came.as_bytes().to_vec());
        }
        client.transport().room += room;
        client.note_readiness(Readiness::UNKNOWN);
        client.read_ahead(&mut self.context);
        client.drive(&mut self.context)
    }

    /// The lines that are in the log by now: the target, the status, and how long the answer took.
    fn lines(&mut self) -> Vec<(String, u64, Duration)> {
        self.context.access.flush();
        let lines = LINES.take();
        let read = |line: &String| {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let took = Duration::from_secs_f64(line["milliseconds"].as_f64().unwrap() / 1000.0);
            (line["target"].as_str().unwrap_or("null").to_owned(), line["status"].as_u64().unwrap(), took)
        };
        lines.iter().map(read).collect()
    }

    /// Checks that these are the lines in the log, with times from the first to the second, and a little of rounding.
    fn has(&mut self, expected: &[(&str, u64, Duration, Duration)]) {
        const ROUNDING: Duration = Duration::from_micros(2);
        let lines = self.lines();
        let is_right = lines.len() == expected.len()
            && lines.iter().zip(expected).all(|((target, status, took), (wanted, with, least, most))| {
                (target.as_str(), *status) == (*wanted, *with)
                    && *took + ROUNDING >= *least
                    && *took <= *most + ROUNDING
            });
        assert!(is_right, "{lines:?} and not {expected:?}");
    }
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

const PAGE: &[u8] = &[b'x'; 50_000];

#[test]
fn an_answer_takes_until_its_last_byte_is_with_the_kernel() {
    let mut world = World::new(&[("page.txt", PAGE), ("large.bin", &[0; 200_000])]);
    for target in ["/page.txt", "/large.bin"] {
        let mut client = world.client(0);
        let begin = Instant::now();
        world.turn(&mut client, &get(target), 1000);
        let asked = Instant::now();
        world.has(&[]);
        pause();
        let taken = Instant::now();
        while world.turn(&mut client, "", usize::MAX / 2) == Verdict::Again {}
        world.has(&[(target, 200, taken - asked, begin.elapsed())]);
    }
    let mut client = world.client(0);
    let begin = Instant::now();
    world.turn(&mut client, &get("/page.txt").replace("GET", "HEAD"), usize::MAX / 2);
    world.has(&[("/page.txt", 200, Duration::ZERO, begin.elapsed())]);
}

#[test]
fn an_answer_takes_from_its_own_head_on() {
    let mut world = World::new(&[("a", b"a"), ("b", b"b"), ("large.bin", &[0; 200_000])]);
    // A head whose last byte comes late.
    let mut client = world.client(0);
    let head = get("/a");
    world.turn(&mut client, &head[..10], 0);
    pause();
    let begin = Instant::now();
    world.turn(&mut client, &head[10..], usize::MAX / 2);
    world.has(&[("/a", 200, Duration::ZERO, begin.elapsed())]);

    // Content that comes late: the answer is waited for meanwhile.
    let begin = Instant::now();
    world.turn(
        &mut client,
        "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n",
        usize::MAX / 2,
    );
    let asked = Instant::now();
    pause();
    let came = Instant::now();
    world.turn(&mut client, &format!("abc{}", get("/b")), 0);
    let took = begin.elapsed();
    world.has(&[("/a", 200, came - asked, took), ("/b", 200, Duration::ZERO, came.elapsed())]);

    // Two heads that come together, and leave together.
    let begin = Instant::now();
    world.turn(&mut client, &[get("/a"), get("/b")].concat(), 0);
    world.has(&[("/a", 200, Duration::ZERO, begin.elapsed()), ("/b", 200, Duration::ZERO, begin.elapsed())]);
}

/// An event wakes the loop, so what is read for it was there when the turn began, however many others were read before. What is
/// read in a drive may have come at any time.
#[test]
fn a_head_that_woke_the_loop_came_before_the_turn() {
    let mut world = World::new(&[("a", b"a")]);
    let mut client = world.client(0);
    for is_read_ahead in [true, false] {
        client.transport().came.push_back(get("/a").into_bytes());
        client.transport().room = usize::MAX / 2;
        client.note_readiness(Readiness::UNKNOWN);
        let begin = Instant::now();
        world.context.begin_turn(begin, SystemTime::now());
        pause();
        let paused = Instant::now();
        if is_read_ahead {
            client.read_ahead(&mut world.context);
        }
        client.drive(&mut world.context);
        match is_read_ahead {
            true => world.has(&[("/a", 200, PAUSE, begin.elapsed())]),
            false => world.has(&[("/a", 200, Duration::ZERO, paused.elapsed())]),
        }
    }
}

/// The line of each answer comes when its own last byte is sent, in the order of the requests; that of a file when it ends.
#[test]
fn queued_answers_are_logged_one_after_the_other() {
    let mut world = World::new(&[("page.txt", PAGE), ("a", b"a"), ("large.bin", &[0; 200_000])]);
    let mut client = world.client(0);
    let begin = Instant::now();
    let requests = [get("/a"), get("/a"), get("/page.txt"), get("/large.bin")].concat();
    world.turn(&mut client, &requests, 100);
    let asked = Instant::now();
    world.has(&[]);
    pause();
    let taken = Instant::now();
    world.turn(&mut client, "", 40_000);
    world.has(&[("/a", 200, taken - asked, begin.elapsed()), ("/a", 200, taken - asked, begin.elapsed())]);
    pause();
    world.turn(&mut client, "", 20_000);
    world.has(&[("/page.txt", 200, 2 * PAUSE, begin.elapsed())]);
    pause();
    client.transport().is_reset = true;
    assert_eq!(world.turn(&mut client, "", 0), Verdict::Closed);
    world.has(&[("/large.bin", 200, 3 * PAUSE, begin.elapsed())]);
}

#[test]
fn a_request_is_in_the_log_though_its_client_is_gone() {
    let mut world = World::new(&[("page.txt", PAGE)]);
    for ends_by_loop in [false, true] {
        let mut client = world.client(0);
        let begin = Instant::now();
        world.turn(&mut client, &get("/page.txt"), 1000);
        world.has(&[]);
        pause();
        match ends_by_loop {
            true => client.end("its place is needed", &mut world.context),
            false => {
                client.transport().is_reset = true;
                assert_eq!(world.turn(&mut client, "", 0), Verdict::Closed);
            }
        }
        world.has(&[("/page.txt", 200, PAUSE, begin.elapsed())]);
    }
}

/// A refusal is made when the end is read, which may be ahead of the drive that sends it: the drive of another client comes
/// between.
#[test]
fn what_is_refused_has_its_own_time() {
    let mut world = World::new(&[("a", b"a")]);
    let [mut refused, mut other] = [0, 1].map(|number| world.client(number));
    world.turn(&mut refused, "GET / HT", 0);
    refused.transport().came.push_back(Vec::new());
    refused.note_readiness(Readiness::UNKNOWN);
    refused.read_ahead(&mut world.context);
    let begin = Instant::now();
    world.turn(&mut other, &get("/a"), usize::MAX / 2);
    world.has(&[("/a", 200, Duration::ZERO, begin.elapsed())]);
    refused.transport().room = usize::MAX / 2;
    pause();
    refused.drive(&mut world.context);
    world.has(&[("/ HT", 400, PAUSE, Duration::from_secs(600))]);

    // A whole head that is refused, and content that is.
    let mut client = world.client(2);
    let begin = Instant::now();
    world.turn(&mut client, "GET /a HTTP/1.1\r\n\r\n", usize::MAX / 2);
    world.has(&[("/a", 400, Duration::ZERO, begin.elapsed())]);
    let mut client = world.client(3);
    let chunked = "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    world.turn(&mut client, chunked, usize::MAX / 2);
    pause();
    world.turn(&mut client, "junk\r\n", usize::MAX / 2);
    world.has(&[("/a", 400, PAUSE, Duration::from_secs(600))]);
}

/// An answer that is ready when the test says so.
#[derive(Clone, Default)]
struct Late(Arc<AtomicBool>);

impl Mounted for Late {
    fn answer(&self, request: &Request<'_>, _: &Asker, _: &Service) -> Option<Reply> {
        request.line.starts_with(b"GET /late ").then(|| Reply::Pending(Box::new(self.clone())))
    }
}

impl Pending for Late {
    fn advance(&mut self, _: &mut usize) -> Progress<Response> {
        match self.0.load(Ordering::Relaxed) {
            true => Progress::Ready(Response::new(Head::new(Status::OK), Content::None)),
            false => Progress::Later,
        }
    }
}

/// Heads that come while an answer is waited for, each at its own time.
#[test]
fn a_head_that_came_meanwhile_has_its_own_time() {
    let late = Late::default();
    let mut world = World::with(&[("a", b"a"), ("b", b"b")], |service| service.mount(late.clone()));
    let mut client = world.client(0);
    let begin = Instant::now();
    world.turn(&mut client, &get("/late"), 0);
    pause();
    world.turn(&mut client, &get("/a"), 0);
    pause();
    world.turn(&mut client, &get("/b"), 0);
    pause();
    late.0.store(true, Ordering::Relaxed);
    world.turn(&mut client, "", usize::MAX / 2);
    let most = begin.elapsed();
    world.has(&[
        ("/late", 200, 3 * PAUSE, most),
        ("/a", 200, 2 * PAUSE, most),
        ("/b", 200, PAUSE, most - 2 * PAUSE),
    ]);
}
