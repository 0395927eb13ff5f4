//! A panic is a bug. These tests plant one at every place where a connection calls its socket, where the inspector
//! records, and in the work between requests. The panic costs that connection or piece of work, is logged and
//! counted, and the server goes on.

mod support;

use log::{Level, LevelFilter, Log, Metadata, Record};
use onepoll::conn::transport::Readiness;
use onepoll::reactor::kernel::Ready;
use onepoll::service::DoorId;
use onepoll::service::limits::Limits;
use std::cell::{Cell, RefCell};
use std::sync::Once;
use std::time::{Duration, SystemTime};
use support::scripted::{Client, Comes, Fate, Goes, Loop, part};
use support::visitor::gunzip;
use support::{Answer, folder, pattern};
use tempfile::TempDir;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const GET_LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";

/// Collects what the thread of a test logs, and panics if the test has planted a panic.
struct Ear;

thread_local! {
    /// All errors and access lines that were logged.
    static TOLD: RefCell<String> = RefCell::default();
    /// A record that begins with this text causes a panic.
    static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

impl Log for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_told = metadata.level() == Level::Error || metadata.target() == "access";
        is_told || metadata.target() == "onepoll::site::compressor"
    }

    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        if let Some(begin) = PLANTED.get().filter(|begin| text.starts_with(begin)) {
            panic!("{begin}");
        }
        if self.enabled(record.metadata()) && record.level() != Level::Trace {
            TOLD.with_borrow_mut(|told| *told += &format!("{text}\n"));
        }
    }

    fn flush(&self) {}
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Ear).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
}

/// The records since the last call.
fn told() -> String {
    TOLD.take()
}

fn site() -> TempDir {
    folder(&[("index.html", b"<p>hello"), ("large", &pattern(1 << 20))])
}

/// A client that is served, and then meets a panic, after a turn or as soon as it has connected.
fn victim(world: &mut Loop, goes_wrong: impl FnOnce(&Client)) -> Client {
    let client = world.connect_saying(GET);
    world.run();
    assert_eq!(client.statuses(), [200]);
    goes_wrong(&client);
    client
}

#[test]
fn a_panic_costs_the_connection_that_it_was_met_on_and_nothing_else() {
    listen();
    let root = site();
    type Plant = fn(&mut Loop) -> Client;
    let plants: [(&str, Plant); 7] = [
        ("in the first read", |world| world.connect([Comes::Panics("in the first read")])),
        ("in a later read", |world| victim(world, |it| it.brings([Comes::Panics("in a later read")]))),
        ("in the middle of a body", |world| {
            let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc";
            world.connect([part(head), Comes::Panics("in the middle of a body")])
        }),
        ("in a write", |world| {
            victim(world, |it| {
                it.takes([Goes::Takes(10), Goes::Panics("in a write")]);
                it.says(GET);
            })
        }),
        ("in the middle of a file", |world| {
            victim(world, |it| {
                it.takes([Goes::Takes(9999), Goes::Takes(9), Goes::Panics("in the middle of a file")]);
                it.says(GET_LARGE);
            })
        }),
        ("when it is watched", |world| {
            let client = world.connect([]);
            client.panics_when_watched("when it is watched");
            client
        }),
        ("when its time is up", |world| {
            let client = victim(world, |it| it.says(b"GET /"));
            world.run();
            client.takes([Goes::Panics("when its time is up")]);
            world.pass(Limits::default().head_timeout);
            client
        }),
    ];
    for (what, plant) in plants {
        let mut world = Loop::new(root.path(), Limits::default());
        let other = world.connect_saying(GET_LARGE);
        other.takes_each(100_000);
        told();
        let client = plant(&mut world);
        world.run();
        assert!(matches!(client.fate(), Fate::Closed | Fate::Reset), "{what}");
        assert_eq!(world.panics(), 1, "{what}");
        let error = format!("given up: a bug in this server: {what} (panic 1 so far)");
        assert_eq!(told().matches(&error).count(), 1, "{what}");

        // Other clients are served on, and a new client is served in the place of the connection that has ended.
        assert_eq!(other.statuses(), [200], "{what}");
        let new = world.connect_saying(GET);
        other.says(GET);
        world.turn([Ready::Listener(DoorId::FIRST)]);
        world.run();
        assert_eq!((new.statuses(), other.statuses()), (vec![200], vec![200]), "{what}");
        world.pass(Duration::from_secs(3600));
        assert_eq!((new.fate(), other.fate(), world.panics()), (Fate::Closed, Fate::Closed, 1));
        let lines = told();
        assert!(lines.lines().all(|line| line.ends_with("\"-\" \"-\"")), "{lines}");
    }
}

#[test]
fn a_panic_in_a_piece_of_work_costs_that_piece_and_nothing_else() {
    listen();
    let text = |letter: &str| letter.repeat(1000).into_bytes();
    let root = folder(&[("a.txt", &text("a")), ("b.txt", &text("b"))]);
    let mut world = Loop::new(root.path(), Limits::default());
    // A file is cached when it is old enough, and compressed when it is cached.
    world.set_wall(SystemTime::now() + Duration::from_secs(3600));
    let get = |name: &str| format!("GET /{name} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    let client = world.connect([]);
    let mut ask = || {
        client.says((get("a.txt") + &get("b.txt")).as_bytes());
        world.run();
        let content = |answer: &Answer| answer.field("content-encoding").map(|_| gunzip(&answer.body));
        (client.answers().iter().map(content).collect::<Vec<_>>(), world.panics())
    };
    PLANTED.set(Some("compressed 1000 bytes of /a.txt"));
    assert_eq!(ask(), (vec![None, None], 1));
    let error =
        "a piece of work given up: a bug in this server: compressed 1000 bytes of /a.txt (panic 1 so far)";
    assert_eq!(told().matches(error).count(), 1);
    // The file behind it in the queue is compressed in a later turn. The bug comes again each time that a client asks
    // for the file.
    assert_eq!(ask(), (vec![None, None], 2));
    assert_eq!(ask(), (vec![None, Some(text("b"))], 3));
    PLANTED.set(None);
    ask();
    assert_eq!(ask(), (vec![Some(text("a")), Some(text("b"))], 3));
}

#[test]
fn an_answer_that_a_panic_cuts_off_has_its_line_in_the_log() {
    listen();
    let root = site();
    let plants: [fn(&Client); 2] = [
        |client| client.takes([Goes::Takes(10_000), Goes::Takes(500), Goes::Panics("in a file")]),
        |client| {
            client.takes([Goes::Takes(10_000), Goes::Takes(500), Goes::Later]);
            client.panics_when_watched("when it is watched");
        },
    ];
    for plant in plants {
        let mut world = Loop::new(root.path(), Limits::default());
        let client = world.connect_saying(GET_LARGE);
        plant(&client);
        world.pass(Duration::from_secs(1));
        assert_eq!((world.panics(), client.fate()), (1, Fate::Closed));
        let told = told();
        assert_eq!(told.matches("\"GET /large HTTP/1.1\" 200 500 ").count(), 1, "{told}");
    }
}

#[test]
fn a_panic_in_a_note_of_a_connection_costs_that_connection_and_nothing_else() {
    listen();
    let root = site();
    // Every note that is taken of a connection, and all of them: then one panic leads to the next.
    for words in
        ["Accepted", "DriveBegins", "Requested", "Reason", "StateChanged", "DriveEnds", "Dropped", ""]
    {
        // A place that is not given back would cost the first client its own.
        let mut world = Loop::new(root.path(), Limits { connections_max: 2, ..Limits::default() });
        let other = world.connect_saying(GET);
        world.run();
        let client = world.connect([part(GET), Comes::End]);
        client.panics_when_noted(words);
        world.run();
        assert!(matches!(client.fate(), Fate::Closed | Fate::Reset), "{words}");
        assert!(world.panics() > 0, "{words}");
        assert!(
            told().contains(&format!("given up: a bug in this server: in a note: {words} (panic 1 so far)"))
        );

        let new = world.connect_saying(GET);
        other.says(GET);
        world.run();
        assert_eq!((new.statuses(), other.statuses()), (vec![200], vec![200; 2]), "{words}");
        assert_eq!((new.fate(), other.fate()), (Fate::Open, Fate::Open), "{words}");
    }
}

#[test]
fn a_panic_after_a_panic_is_no_worse() {
    listen();
    let root = site();
    for words in ["Panicked", "Dropped", ""] {
        let mut world = Loop::new(root.path(), Limits { connections_max: 2, ..Limits::default() });
        let other = world.connect_saying(GET);
        world.run();
        let silent = world.connect([]);
        silent.panics_when_watched("when it is watched");
        silent.panics_when_noted(words);
        world.run();
        let asking = victim(&mut world, |client| {
            client.takes([Goes::Panics("in a write")]);
            client.panics_when_noted(words);
            client.says(GET_LARGE);
        });
        world.run();
        assert_eq!([&silent, &asking].map(Client::fate), [Fate::Closed; 2], "{words}");
        assert!(world.panics() >= 3, "{words}: {}", world.panics());
        let new = world.connect_saying(GET);
        world.run();
        assert_eq!((new.statuses(), other.statuses(), other.fate()), (vec![200], vec![200], Fate::Open));
    }
}

#[test]
fn a_panic_in_a_note_of_the_kernel_keeps_nobody_from_being_served() {
    listen();
    let root = site();
    for name in ["waits", "woke", "stale"] {
        let mut world = Loop::new(root.path(), Limits::default());
        let gone = world.connect([part(b"GET / HTTP/1.1\r\nHo"), Comes::Later, Comes::End]);
        world.run();
        let stale = gone.event(Readiness::UNKNOWN);
        world.panics_when_noted(Some(name));
        let client = world.connect_saying(GET);
        world.turn([stale]);
        world.run();
        assert_eq!(client.statuses(), [200], "{name}");
        assert!(world.panics() > 0, "{name}");
        world.pass(Duration::from_secs(3600));
        assert_eq!(client.fate(), Fate::Closed, "{name}");
        world.panics();
    }
}

#[test]
fn a_panic_in_a_note_of_accepting_makes_it_pause() {
    listen();
    let root = site();
    let mut world = Loop::new(root.path(), Limits::default());
    let other = world.connect_saying(GET);
    world.run();
    world.panics_when_noted(Some("accept"));
    let client = world.connect_saying(GET);
    world.run();
    assert_eq!(world.panics(), 1, "it does not spin");
    other.says(GET);
    world.run();
    assert_eq!((other.statuses(), client.statuses()), (vec![200; 2], vec![]));
    world.panics_when_noted(None);
    world.pass(Duration::from_secs(1));
    assert_eq!((client.statuses(), world.panics()), (vec![200], 1));
}
