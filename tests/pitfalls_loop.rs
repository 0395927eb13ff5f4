//! Pitfalls of event-loop servers that concern several connections: which client is served when, which connection is
//! closed when, and how long the loop sleeps. The kernel and its clock are scripted; the loop is the real one.

mod support;

use onepoll::conn::transport::Readiness;
use onepoll::reactor::kernel::Ready;
use onepoll::service::DoorId;
use onepoll::service::limits::Limits;
use std::io;
use std::path::Path;
use std::time::Duration;
use support::scripted::{Client, Comes, Fate, Loop, part};
use support::{folder, pattern};
use tempfile::TempDir;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const GET_LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
const POST_ENDLESS: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n";
const POST_HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";

/// So long that one turn can only send a small part of it.
const LARGE_BYTES: usize = 16 << 20;

/// Bytes that one client may move in one turn, at most. This limits how long the other clients wait.
const FAIR_BYTES: usize = 8 << 20;

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn site() -> TempDir {
    folder(&[("index.html", b"<p>hello"), ("large", &pattern(LARGE_BYTES))])
}

fn world(root: &Path) -> Loop {
    Loop::new(root, Limits::default())
}

/// Asserts that the loop slept in each wait, and that it woke up no more often than that.
fn assert_slept(world: &mut Loop, waits_max: usize) {
    let waits = world.waits();
    assert!(waits.iter().all(|timeout| *timeout != Some(Duration::ZERO)), "{waits:?}");
    assert!(waits.len() <= waits_max, "{} waits", waits.len());
}

/// Lets `time` pass, and asserts that the connection of `client` ends then, and not before.
fn assert_closed_after(world: &mut Loop, client: &Client, time: Duration) {
    world.pass(time - MILLISECOND);
    assert_eq!(client.fate(), Fate::Open, "just before {time:?}");
    world.pass(MILLISECOND);
    assert_ne!(client.fate(), Fate::Open, "at {time:?}");
}

/// Symptom: after a client vanishes without a FIN, its connection and the open file stay for ever.
#[test]
fn pitfall_08_a_peer_vanishes_while_we_write() {
    let root = site();
    let pipelined = GET.repeat(1000);
    let wants_100 = [&POST_HEAD[..POST_HEAD.len() - 2], b"Expect: 100-continue\r\n\r\n"].concat();
    for request in [GET, GET_LARGE, &pipelined, &wants_100, b"bad\r\n\r\n"] {
        let mut world = world(root.path());
        let client = world.connect([]);
        client.stops_reading();
        client.says(request);
        world.run();
        let timeout = Limits::default().write_timeout;
        assert_closed_after(&mut world, &client, timeout);
    }
}

/// Symptom: 100 % CPU, because sockets that are nearly always writable keep waking the loop.
#[test]
fn pitfall_09_interest_in_writing_while_idle() {
    let root = site();
    let mut world = world(root.path());
    world.connect_saying(GET);
    world.run();
    assert_eq!(world.waits().len(), 2, "one brings it, and nothing ends the next");
    let clients: Vec<_> = (0..100).map(|_| world.connect_saying(GET)).collect();
    let [silent, slow] = [world.connect([]), world.connect([])];
    slow.stops_reading();
    slow.says(GET_LARGE);
    world.run();
    let calls = || clients.iter().chain([&silent, &slow]).map(Client::calls).sum::<usize>();
    let before = calls();
    assert!(clients.iter().all(|client| client.statuses() == [200]));
    world.waits();
    world.pass(Limits::default().write_timeout - MILLISECOND);
    assert_slept(&mut world, 2);
    assert_eq!(calls(), before, "nobody is asked who has nothing to say");
    world.pass(Duration::from_secs(3600));
    assert_slept(&mut world, 5);
    assert!(clients.iter().chain([&silent, &slow]).all(|client| client.fate() == Fate::Closed));
}

/// Symptom: a client that connects while the signal is on its way is reset, although the listener was still open.
#[test]
fn pitfall_01_who_connects_just_before_the_end_is_let_in() {
    let root = site();
    let mut world = world(root.path());
    let clients = [(); 100].map(|()| world.connect_unnoticed([part(GET)]));
    world.turn([Ready::Signal]);
    world.turn([]);
    assert!(clients.iter().all(|client| client.statuses() == [200]));
}

/// Symptom: an event of an earlier connection in the same slot makes the server read from another client, or close
/// its connection.
#[test]
fn pitfall_10_a_slab_key_used_again_within_a_batch() {
    let root = site();
    let gone = Readiness { readable: true, writable: true, peer_closed: true };
    // The signal makes the loop accept in the middle of the batch; without it, accepting comes after.
    for between in [Ready::Listener(DoorId::FIRST), Ready::Signal] {
        let mut world = world(root.path());
        let old = world.connect([]);
        world.run();
        let stale = old.event(gone);
        old.brings([Comes::End]);
        let new = world.connect_saying(b"GET / HT");
        world.turn([stale, between, stale, stale]);
        assert_eq!(old.fate(), Fate::Closed);
        assert_eq!(new.token().key, old.token().key, "its place was used again");
        let calls = new.calls();
        world.turn([stale, stale]);
        world.turn([stale]);
        // The client's own events, which the kernel reported when the socket was registered, cost one read.
        assert!(new.calls() <= calls + 1);
        let calls = new.calls();
        for _ in 0..5 {
            world.turn([stale]);
        }
        assert_eq!((new.calls(), new.fate()), (calls, Fate::Open));
        new.says(&GET[8..]);
        world.run();
        assert_eq!(new.statuses(), [200]);
    }
}

/// Symptom: 100 % CPU while no descriptor is left, or a listener that never accepts again.
#[test]
fn pitfall_11_out_of_descriptors() {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    const ENOBUFS: i32 = 105;
    const ENOMEM: i32 = 12;
    let root = site();
    for errno in [EMFILE, ENFILE, ENOBUFS, ENOMEM] {
        let mut world = world(root.path());
        world.allow_descriptors(3, errno);
        let clients: Vec<_> = (0..5).map(|_| world.connect_saying(GET)).collect();
        let served = || clients.iter().filter(|client| client.got_bytes() > 0).count();
        world.run();
        assert_eq!(served(), 3);
        world.waits();
        world.pass(10 * SECOND);
        assert_slept(&mut world, 100);
        assert_eq!(served(), 3);
        let before = world.now();
        clients[0].brings([Comes::End]);
        world.run();
        assert_eq!((served(), world.now()), (4, before), "a connection ended: the next is served at once");
        world.allow_descriptors(usize::MAX, errno);
        world.pass(SECOND);
        assert_eq!(served(), 5, "others let go of descriptors, and nothing tells of it");
        world.waits();
        world.pass(10 * SECOND);
        assert_slept(&mut world, 1);
    }
}

/// Symptom: at the limit of connections new clients wait for minutes, although other connections have long been idle.
/// Or, if no connection is idle, the loop spins because of the client that waits.
#[test]
fn pitfall_11_out_of_places() {
    let root = site();
    let mut world = Loop::new(root.path(), Limits { connections_max: 2, ..Limits::default() });
    let busy = [(); 2].map(|()| world.connect_saying(&POST_HEAD[..10]));
    world.run();
    let [first, second] = [(); 2].map(|()| world.connect_saying(GET));
    world.run();
    world.waits();
    world.pass(SECOND);
    assert_slept(&mut world, 1);
    assert_eq!((first.got_bytes(), first.fate()), (0, Fate::Open), "everyone inside is busy");

    let before = world.now();
    busy[0].says(&[&POST_HEAD[10..], &[b'.'; 1000]].concat());
    world.run();
    assert_eq!((busy[0].statuses(), busy[0].fate()), (vec![200], Fate::Closed), "idle, and first to go");
    assert_eq!((first.statuses(), second.statuses()), (vec![200], vec![200]), "one after the other");
    assert_eq!((busy[1].fate(), world.now()), (Fate::Open, before));
}

/// Symptom: a new client takes the place of a client that is still being answered.
#[test]
fn pitfall_11_who_is_not_idle_keeps_its_place() {
    let root = site();
    let mut world = Loop::new(root.path(), Limits { connections_max: 1, ..Limits::default() });
    let busy = world.connect_saying(GET);
    world.run();
    assert_eq!(busy.statuses(), [200], "and idle from then on");
    busy.says(&GET.repeat(1000));
    let new = world.connect_saying(GET);
    world.run();
    assert_eq!(busy.answers().len(), 1000);
    assert_eq!(new.statuses(), [200]);
}

/// Symptom: if one wait cannot report all clients that sent requests, the clients that it leaves out lose their
/// connections.
#[test]
fn pitfall_11_who_has_asked_already_keeps_its_place() {
    let root = site();
    let many = GET.repeat(200);
    let more: [(&[&[u8]], usize); 4] =
        [(&[GET], 2), (&[GET, GET, GET], 4), (&[&many], 201), (&[&GET[..9], &GET[9..]], 2)];
    for (parts, answers) in more {
        let mut world = Loop::new(root.path(), Limits { connections_max: 1, ..Limits::default() });
        let old = world.connect_saying(GET);
        old.brings(parts.iter().flat_map(|bytes| [Comes::Later, part(bytes)]));
        let new = world.connect_saying(GET);
        // Both connect before the first turn; the bytes come while the turn lasts.
        world.run();
        assert_eq!((old.answers().len(), old.fate()), (answers, Fate::Closed));
        assert_eq!(new.statuses(), [200]);
    }
}

/// Symptom: when many clients connect at the same moment, connections are closed before their clients had time to
/// send a request.
#[test]
fn pitfall_11_who_has_just_come_keeps_its_place() {
    let root = site();
    let mut world = Loop::new(root.path(), Limits { connections_max: 2, ..Limits::default() });
    let clients = [(); 6].map(|()| world.connect([]));
    world.run();
    for client in &clients {
        client.says(GET);
        world.run();
    }
    assert!(clients.iter().all(|client| client.statuses() == [200]));
}

/// Symptom: a client that connects and sends nothing keeps its place for ever.
#[test]
fn pitfall_11_who_never_asks_makes_room() {
    let root = site();
    let mut world = Loop::new(root.path(), Limits { connections_max: 1, ..Limits::default() });
    let [silent, new] = [world.connect([]), world.connect_saying(GET)];
    world.pass(SECOND);
    assert_eq!((silent.got(), silent.fate()), (vec![], Fate::Closed));
    assert_eq!(new.statuses(), [200]);
}

/// Symptom: after the process was stopped, or the disk was slow, clients that were in time are told that they are
/// late.
#[test]
fn pitfall_16_what_came_in_time_and_was_not_told_of_yet() {
    let root = site();
    let Limits { idle_timeout, head_timeout, body_timeout, .. } = Limits::default();
    let post = [POST_HEAD, &[b'a'; 1000]].concat();
    for (request, here, time) in
        [(GET, 0, idle_timeout), (GET, 9, head_timeout), (&post, POST_HEAD.len() + 9, body_timeout)]
    {
        let mut world = world(root.path());
        let client = world.connect([]);
        client.brings((here > 0).then(|| part(&request[..here])));
        world.pass(time - MILLISECOND);
        client.says_unnoticed(&request[here..]);
        world.pass(MILLISECOND);
        assert_eq!((client.statuses(), client.fate()), (vec![200], Fate::Open), "{time:?}");
        assert_closed_after(&mut world, &client, idle_timeout);
    }
}

/// Symptom: a client that disconnects before it is accepted ends the loop, or keeps the clients behind it waiting.
#[test]
fn pitfall_12_aborted_before_it_was_accepted() {
    const ECONNABORTED: i32 = 103;
    const EPROTO: i32 = 71;
    const ENETDOWN: i32 = 100;
    const EINTR: i32 = 4;
    let root = site();
    let mut world = world(root.path());
    let mut clients = Vec::new();
    for errno in [ECONNABORTED, EPROTO, ENETDOWN, EINTR].into_iter().cycle().take(200) {
        world.accept_fails(io::Error::from_raw_os_error(errno));
        clients.push(world.connect_saying(GET));
    }
    world.run();
    assert!(clients.iter().all(|client| client.statuses() == [200]));
    world.waits();
    world.pass(SECOND);
    assert_slept(&mut world, 1);
}

/// Symptom: while one client always has more to send or to read, or many connect, no other client is served.
#[test]
fn pitfall_13_one_busy_client_starves_the_rest() {
    let root = site();
    let limits = Limits { content_bytes_max: u64::MAX, connections_max: 5000, ..Limits::default() };
    let mut world = Loop::new(root.path(), limits);
    let quiet = world.connect([]);
    world.run();
    let pipelined = world.connect([Comes::Forever(GET.to_vec())]);
    let body = world.connect([part(POST_ENDLESS), Comes::Forever(pattern(1000))]);
    let refused = world.connect([part(b"bad\r\n\r\n"), Comes::Forever(pattern(1000))]);
    let storm: Vec<_> = (0..2000).map(|_| world.connect_saying(GET)).collect();
    let mut accepted = 0;
    for _ in 0..30 {
        let calls = [&pipelined, &body, &refused].map(Client::calls);
        let sent = pipelined.got_bytes();
        quiet.says(GET);
        world.turn([]);
        assert_eq!(quiet.statuses(), [200], "in the very turn in which it asked");
        for (client, calls) in [&pipelined, &body, &refused].into_iter().zip(calls) {
            assert!(client.calls() - calls <= 100, "{} calls in one turn", client.calls() - calls);
        }
        assert!(pipelined.got_bytes() - sent <= FAIR_BYTES);
        let before = accepted;
        accepted = storm.iter().filter(|client| client.calls() > 0).count();
        assert!(accepted - before <= 100, "{} accepted in one turn", accepted - before);
    }
    for _ in 0..70 {
        world.turn([]);
    }
    assert!(storm.iter().all(|client| client.statuses() == [200]), "new ones come in meanwhile");
    assert_eq!((body.fate(), refused.fate()), (Fate::Open, Fate::Reset));
    let sent = pipelined.got_bytes();
    world.turn([]);
    assert!(pipelined.got_bytes() > sent, "nor is the busy one forgotten");
}

/// Symptom: 100 % CPU in the last millisecond before a deadline, or a deadline that passes unnoticed.
#[test]
fn pitfall_15_a_timeout_is_cut_to_nothing() {
    let root = site();
    let limits = Limits::default();
    let waits: [(&[u8], Duration); 4] = [
        (b"", limits.idle_timeout),
        (b"GET /", limits.head_timeout),
        (POST_HEAD, limits.body_timeout),
        (GET_LARGE, limits.write_timeout),
    ];
    for (said, timeout) in waits {
        for rest in [Duration::from_nanos(1), Duration::from_micros(300), MILLISECOND, SECOND] {
            let mut world = world(root.path());
            let client = world.connect([]);
            client.stops_reading();
            client.says(said);
            world.run();
            world.pass(timeout - rest);
            assert_eq!(client.fate(), Fate::Open);
            world.waits();
            // A wait that ends early, because of a signal without a handler, is repeated for the time that is left.
            world.turn([]);
            assert_eq!(world.waits(), [Some(rest)], "after {}", said.escape_ascii());
        }
    }
}

/// Symptom: a client that sends or reads a byte now and then keeps a connection for ever. Or an honest slow client
/// loses its connection by a clock that is not meant for it.
#[test]
fn pitfall_16_slow_heads_bodies_and_readers() {
    let root = site();
    let limits = Limits::default();
    let mut world = world(root.path());
    let client = world.connect_saying(GET);
    world.pass(limits.idle_timeout - MILLISECOND);
    client.answers();
    client.says(b"G");
    world.run();
    for _ in 0..9 {
        world.pass(SECOND);
        client.says(b"E");
        world.run();
    }
    assert_eq!((client.got_bytes(), client.fate()), (0, Fate::Open));
    assert_closed_after(&mut world, &client, SECOND);
    assert_eq!(client.statuses(), [408], "a drip does not reset the clock of a head");

    let client = world.connect_saying(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n");
    world.pass(limits.head_timeout - MILLISECOND);
    client.says(b"\r\n");
    world.run();
    for _ in 0..100 {
        world.pass(limits.body_timeout - MILLISECOND);
        client.says(b"b");
        world.run();
    }
    assert_eq!((client.got_bytes(), client.fate()), (0, Fate::Open), "a body may take its time");
    assert_closed_after(&mut world, &client, limits.body_timeout);
    assert_eq!(client.statuses(), [408], "but not more than its time");

    let client = world.connect([]);
    client.stops_reading();
    client.says(GET_LARGE);
    world.run();
    for _ in 0..100 {
        world.pass(limits.write_timeout - MILLISECOND);
        client.reads(1000);
        world.run();
    }
    assert_eq!((client.got_bytes(), client.fate()), (100_000, Fate::Open), "so may a reader");
    assert_closed_after(&mut world, &client, limits.write_timeout);
}

/// Symptom: a page waits until the sockets that a browser opened in advance time out.
#[test]
fn pitfall_18_silent_connections_before_a_page() {
    let root = site();
    let mut world = Loop::new(root.path(), Limits { connections_max: 50, ..Limits::default() });
    let silent: Vec<_> = (0..50).map(|_| world.connect([])).collect();
    world.run();
    world.pass(SECOND);
    let before = world.now();
    let page = world.connect_saying(GET);
    world.run();
    assert_eq!((page.statuses(), world.now()), (vec![200], before));
    assert_eq!(silent.iter().filter(|client| client.fate() == Fate::Closed).count(), 1);
    assert_eq!(silent[0].fate(), Fate::Closed, "the one that waited longest made room");
    silent[49].says(GET);
    world.run();
    assert_eq!((silent[49].statuses(), world.now()), (vec![200], before));
}

/// Symptom: all clients wait until one client has the whole of a large file.
#[test]
fn pitfall_20_a_large_file_is_sent_a_part_a_turn() {
    let root = site();
    let mut world = world(root.path());
    let others = [(); 2].map(|()| world.connect([]));
    world.run();
    let large = world.connect_saying(GET_LARGE);
    let mut turns = 0;
    while large.got_bytes() < LARGE_BYTES {
        assert!(turns < 1000, "{} bytes in {turns} turns", large.got_bytes());
        let before = large.got_bytes();
        others[turns % 2].says(GET);
        world.turn([]);
        assert_eq!(others[turns % 2].statuses(), [200], "served between two parts");
        let sent = large.got_bytes() - before;
        assert!((1..=1 << 20).contains(&sent), "{sent} bytes in one turn");
        turns += 1;
    }
    world.run();
    assert!(large.answers()[0].body == pattern(LARGE_BYTES));
}

/// Symptom: a small folder is not listed while another client lists large folders, one after the other.
#[test]
fn pitfall_13_listings_of_one_client_do_not_hold_up_those_of_another() {
    // With `.` and `..`, one name less than six turns read.
    const NAMES: usize = 1197;
    let root = folder(&[("small/shown", b"")]);
    std::fs::create_dir(root.path().join("large")).unwrap();
    for number in 0..NAMES {
        let name = root.path().join(format!("large/{number}"));
        std::fs::hard_link(root.path().join("small/shown"), name).unwrap();
    }
    let mut world = world(root.path());
    let large = b"GET /large/ HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20);
    let greedy = [(); 3].map(|()| world.connect_saying(&large));
    world.turn([]);
    let other = world.connect_saying(b"GET /small/ HTTP/1.1\r\nHost: a\r\n\r\n");
    (0..1000).take_while(|_| other.got_bytes() == 0).for_each(|_| world.turn([]));
    let before = greedy.iter().map(|client| client.answers().len()).sum::<usize>();
    assert!(before < 5, "{before} listings of others came first");
    assert_eq!(other.statuses(), [200]);
}
