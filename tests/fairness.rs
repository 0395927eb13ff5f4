//! Who is served when, while some clients download large files and others ask for small ones. The kernel and its clock are
//! scripted; the loop is the real one.

mod support;

use onepoll::conn::transport::Readiness;
use onepoll::service::limits::Limits;
use std::path::Path;
use std::time::Duration;
use support::scripted::{Client, Comes, Fate, Loop, part};
use support::{folder, pattern};
use tempfile::TempDir;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const GET_LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
const GET_MEDIUM: &[u8] = b"GET /medium HTTP/1.1\r\nHost: a\r\n\r\n";

const LARGE_BYTES: usize = 4 << 20;
const MEDIUM_BYTES: usize = 100_000;

/// Bytes of a file that a connection sends before the next has its turn.
const PART: usize = 3 * 65_483;

/// More than any head.
const HEAD_BYTES: usize = 1000;

const WRITABLE: Readiness = Readiness { readable: false, writable: true, peer_closed: false };

fn site() -> TempDir {
    folder(&[
        ("index.html", b"<p>hello"),
        ("large", &pattern(LARGE_BYTES)),
        ("medium", &pattern(MEDIUM_BYTES)),
    ])
}

/// A loop with a client that asks for something small now and then, and `count` clients that download.
fn world(root: &Path, count: usize) -> (Loop, Client, Vec<Client>) {
    let mut world = Loop::new(root, Limits::default());
    let quiet = world.connect_saying(GET);
    world.run();
    assert_eq!(quiet.statuses(), [200]);
    let downloads = (0..count).map(|_| world.connect_saying(GET_LARGE)).collect();
    (world, quiet, downloads)
}

fn sent_to(clients: &[Client]) -> usize {
    clients.iter().map(Client::got_bytes).sum()
}

#[test]
fn small_answers_go_before_parts_of_files() {
    let root = site();
    let (mut world, quiet, downloads) = world(root.path(), 33);
    for turn in 0..100 {
        let before: Vec<_> = downloads.iter().map(Client::got_bytes).collect();
        quiet.says(GET);
        world.turn([]);
        let grown =
            downloads.iter().zip(&before).filter(|(it, before)| it.got_bytes() > *before + HEAD_BYTES);
        let first = grown.map(|(it, _)| it.last_write()).min().expect("some download goes on");
        assert_eq!(quiet.statuses(), [200], "in the turn in which it asked, turn {turn}");
        assert!(quiet.last_write() < first, "it had to wait for a part of a file, turn {turn}");
        let sent = sent_to(&downloads) - before.iter().sum::<usize>();
        assert!(sent <= 2 * PART + 33 * HEAD_BYTES, "{sent} bytes in turn {turn}");
    }
}

#[test]
fn downloads_have_their_parts_in_turn() {
    let root = site();
    let (mut world, quiet, downloads) = world(root.path(), 33);
    let hasty = world.connect([]);
    world.turn([]);
    let mut heads = 0;
    for _ in 0..33 * 3 {
        // A client that asks anew for a short file as soon as it has it does not push in.
        if hasty.got_bytes() >= heads + MEDIUM_BYTES || heads == 0 {
            heads = hasty.got_bytes() + 1;
            hasty.says(GET_MEDIUM);
        }
        world.turn([]);
    }
    let shares: Vec<_> = downloads.iter().map(Client::got_bytes).collect();
    let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    assert!(*least > 4 * PART && most - least <= PART, "between {least} and {most} bytes");
    assert!(hasty.got_bytes() > 2 * MEDIUM_BYTES, "nor is the hasty one forgotten");
    assert_eq!(quiet.got_bytes(), 0);
    world.run();
    assert!(downloads.iter().all(|it| it.answers()[0].body == pattern(LARGE_BYTES)));
}

#[test]
fn a_download_that_is_alone_has_the_whole_turn() {
    let root = site();
    let (mut world, _, downloads) = world(root.path(), 1);
    world.turn([]);
    for _ in 0..8 {
        let before = sent_to(&downloads);
        world.turn([]);
        assert_eq!(sent_to(&downloads) - before, 2 * PART);
    }
    world.run();
    assert_eq!(downloads[0].answers()[0].body, pattern(LARGE_BYTES));
}

/// A download whose time runs out while it stands in line has had no chance to send. So it is tried once more. If it is over
/// then, its place in line is nobody's: not that of the next connection with its key.
#[test]
fn the_time_of_a_download_runs_out_while_it_stands_in_line() {
    let limits = Limits::default();
    for (reads, turns_between) in [(false, 0), (false, 9), (true, 0)] {
        let root = site();
        let (mut world, _, stalled) = world(root.path(), 1);
        let stalled = &stalled[0];
        stalled.stops_reading();
        stalled.reads(10_000);
        world.run();
        assert_eq!(stalled.got_bytes(), 10_000);
        world.holds_up(limits.write_timeout - Duration::from_millis(1));
        let downloads: Vec<_> = (0..9).map(|_| world.connect_saying(GET_LARGE)).collect();
        world.turn([]);
        world.turn([stalled.event(WRITABLE)]);
        assert!(sent_to(&downloads) > 0 && stalled.fate() == Fate::Open);
        let calls = stalled.calls();
        world.holds_up(Duration::from_millis(1));
        if reads {
            stalled.reads(1000);
        }
        world.turn([]);
        assert!(stalled.calls() > calls, "it is tried");
        let expected = if reads { (11_000, Fate::Open) } else { (10_000, Fate::Closed) };
        assert_eq!((stalled.got_bytes(), stalled.fate()), expected);
        (0..turns_between).for_each(|_| world.turn([]));
        let next = world.connect([part(GET_LARGE), Comes::Later]);
        world.turn([]);
        let (before, others) = (next.got_bytes(), sent_to(&downloads));
        (0..15).for_each(|_| world.turn([]));
        let (grown, others) = (next.got_bytes() - before, sent_to(&downloads) - others);
        assert!(grown <= others / 9 + PART, "{grown} bytes of its own, and {others} of nine others");
        stalled.reads(usize::MAX / 2);
        world.run();
        for client in downloads.iter().chain([&next]).chain(reads.then_some(stalled)) {
            assert!(client.answers()[0].body == pattern(LARGE_BYTES));
        }
    }
}

#[test]
fn a_connection_looks_up_a_bounded_number_of_names_before_the_next() {
    /// Names that one connection has looked up in one turn.
    const LOOKUPS: usize = 4;
    const NAMES: usize = 30;
    let root = site();
    for at in 0..=NAMES {
        std::fs::write(root.path().join(format!("{at}.txt")), "once").unwrap();
    }
    let mut world = Loop::new(root.path(), Limits::default());
    let asking = |at: usize| format!("GET /{at}.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    // The content of the last request comes with it.
    let last = asking(NAMES - 1).replace("\r\n\r\n", "\r\nContent-Length: 2\r\n\r\nab");
    let all: String = (0..NAMES - 1).map(asking).chain([last]).collect();
    let greedy = world.connect_saying(all.as_bytes());
    let other = world.connect_saying(asking(NAMES).as_bytes());
    world.turn([]);
    assert_eq!(other.statuses(), [200], "in the turn in which it asked");
    let mut counts = vec![greedy.statuses().len()];
    while counts.iter().sum::<usize>() < NAMES {
        assert!(counts.len() < NAMES, "the answers came in turns so: {counts:?}");
        // No event is needed for the others.
        world.turn([]);
        let statuses = greedy.statuses();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        counts.push(statuses.len());
    }
    assert!(counts.iter().all(|count| *count <= LOOKUPS), "{counts:?}");
}

#[test]
fn a_client_that_asks_for_short_parts_of_files_without_end_has_no_long_turn() {
    let root = site();
    let mut world = Loop::new(root.path(), Limits::default());
    // The shortest part that is not read into memory, and answers that are in memory.
    let short = b"GET /large HTTP/1.1\r\nHost: a\r\nRange: bytes=0-8192\r\n\r\n";
    let small = b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n".repeat(60);
    let hog = world.connect([Comes::Forever([&short[..], &small].concat())]);
    let mut most = 0;
    let mut answered = 0;
    for _ in 0..20 {
        let before = hog.got();
        world.turn([]);
        let count = hog.got()[before.len()..].windows(9).filter(|it| it == b"HTTP/1.1 ").count();
        (most, answered) = (most.max(count), answered + count);
    }
    assert!(answered > 0 && most <= 800, "{most} answers in a turn");
}
