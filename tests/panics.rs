//! A panic while one connection is driven is a bug; here it is planted in the socket, at every place where a
//! connection calls it. It costs that connection, is logged and counted, and the server goes on.

mod support;

use log::{Level, LevelFilter, Log, Metadata, Record};
use onepoll::limits::Limits;
use onepoll::reactor::kernel::Ready;
use std::sync::Mutex;
use std::time::Duration;
use support::scripted::{Client, Comes, Fate, Goes, Loop, part};
use support::{folder, pattern};
use tempfile::TempDir;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const GET_LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";

/// What was logged as an error, and every access line.
struct Told(Mutex<String>);

static TOLD: Told = Told(Mutex::new(String::new()));

impl Log for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() == Level::Error || metadata.target() == "access"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push_str(&format!("{}\n", record.args()));
        }
    }

    fn flush(&self) {}
}

/// What was told since the last call.
fn told() -> String {
    std::mem::take(&mut TOLD.0.lock().unwrap())
}

fn site() -> TempDir {
    folder(&[("index.html", b"<p>hello"), ("large", &pattern(1 << 20))])
}

/// A client that is served, then goes wrong, once a turn was made or as soon as it has connected.
fn victim(world: &mut Loop, goes_wrong: impl FnOnce(&Client)) -> Client {
    let client = world.connect_saying(GET);
    world.run();
    assert_eq!(client.statuses(), [200]);
    goes_wrong(&client);
    client
}

#[test]
fn a_panic_costs_the_connection_that_it_was_met_on_and_nothing_else() {
    log::set_logger(&TOLD).unwrap();
    log::set_max_level(LevelFilter::Info);
    let root = site();
    type Plant = fn(&mut Loop) -> Client;
    let plants: [(&str, Plant); 6] = [
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
        let before = told();
        let bug = format!("closed: a bug in this server: {what} (panic 1 so far)");
        assert_eq!(before.matches(&bug).count(), 1);

        // Whoever was here goes on, whoever comes is served, in the place of the one that is gone.
        assert_eq!(other.statuses(), [200], "{what}");
        let new = world.connect_saying(GET);
        other.says(GET);
        world.turn([Ready::Listener]);
        world.run();
        assert_eq!((new.statuses(), other.statuses()), (vec![200], vec![200]), "{what}");
        world.pass(Duration::from_secs(3600));
        assert_eq!((new.fate(), other.fate(), world.panics()), (Fate::Closed, Fate::Closed, 1));
        let lines = told();
        assert!(lines.lines().all(|line| line.ends_with("\"-\" \"-\"")), "{lines}");
        // What was begun is in the log, as far as it went, beside what the other got.
        let begun = if what == "in the middle of a file" { 2 } else { 1 };
        assert_eq!((before + &lines).matches("\"GET /large HTTP/1.1\" 200 ").count(), begun, "{lines}");
    }
}
