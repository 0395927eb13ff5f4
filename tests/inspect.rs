//! The inspector: which clients may see it, what it says, and that a slow reader of the events delays no other
//! client.

mod support;

use onepoll::inspect::{self, Inspected};
use onepoll::reactor::Reactor;
use onepoll::reactor::kernel::{Kernel, Ready};
use onepoll::service::Service;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::site::{Hidden, Policy, Site};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;
use support::chunks::so_far;
use support::program::{Program, onepoll};
use support::scripted::{Client, Comes, Fate, Loop, Script};
use support::service::get;
use support::{Answer, ask, folder, listen, read_answers, serve_by, start};

/// The time between two batches of events.
const TICK: Duration = Duration::from_millis(100);

/// What serves `root` as it is with `--inspect --hidden`.
fn reactor<K: Kernel>(kernel: K, root: &Path, limits: Limits) -> Reactor<Inspected<K>> {
    let site = Site::open(root, Policy { hidden: Hidden::Served, ..Policy::default() }).unwrap();
    inspect::reactor(kernel, Service::new(site).hosts(Hosts::Any).limits(limits))
}

fn inspected(root: &Path) -> SocketAddr {
    let (epoll, address) = listen();
    start(reactor(epoll, root, Limits::default()));
    address
}

type World = Loop<Inspected<Script>>;

/// The same reactor, with the clock of the test.
fn world(root: &Path, limits: Limits) -> World {
    Loop::of(|script| reactor(script, root, limits))
}

fn request(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// The answer to a request, on a connection of its own.
fn answer(world: &mut World, target: &str) -> Answer {
    let client = world.connect([Comes::Bytes(request(target)), Comes::End]);
    world.run();
    client.answers().remove(0)
}

fn state(world: &mut World) -> Value {
    serde_json::from_slice(&answer(world, "/.onepoll/state.json").body).unwrap()
}

/// A client that reads the events from now on.
fn watcher(world: &mut World) -> Client {
    let watcher = world.connect_saying(&request("/.onepoll/events"));
    world.run();
    watcher
}

/// The events that a client has received: their numbers, and their data.
fn events(watcher: &Client) -> Vec<(u64, Value)> {
    let got = String::from_utf8(watcher.got()).unwrap();
    let (head, events) = got.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Content-Type: text/event-stream"), "{head}");
    let (events, _) = so_far(events.as_bytes());
    let events = String::from_utf8(events).unwrap();
    let whole = events.rsplit_once("\n\n").map_or("", |(whole, _)| whole).split("\n\n");
    let event = |event: &str| {
        let (number, data) = event.strip_prefix("id: ")?.split_once("\ndata: ")?;
        Some((number.parse().unwrap(), serde_json::from_str(data).unwrap()))
    };
    whole.filter_map(event).collect()
}

/// The rows of one kind in all of these events.
fn rows(events: &[(u64, Value)], kind: &str) -> Vec<Value> {
    events.iter().flat_map(|(_, batch)| batch[kind].as_array().unwrap().clone()).collect()
}

fn named(address: SocketAddr, host: &str, target: &str) -> Answer {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    read_answers(&ask(address, request.as_bytes())).remove(0)
}

#[test]
fn without_the_flag_the_prefix_is_an_ordinary_path() {
    let root = folder(&[(".onepoll/health", b"a file")]);
    let address = serve_by(root.path(), Policy { hidden: Hidden::Served, ..Policy::default() });
    assert_eq!(get(address, "/.onepoll/health").text(), "a file");
}

#[test]
fn a_folder_of_that_name_is_hidden_however_it_is_spelt() {
    let root =
        folder(&[(".onepoll/health", b"a file"), (".onepoll/b", b"b"), (".onepollx", b"x"), ("a", b"a")]);
    let address = inspected(root.path());
    for target in [
        "/.onepoll/health",
        "/%2eonepoll/health",
        "/.%6Fnepoll/health",
        "//./.onepoll//health",
        "/a/../.onepoll/health",
        "/a/%2e%2e/%2eonepoll/b/../health",
    ] {
        assert_eq!(get(address, target).text(), "ok\n", "{target}");
    }
    std::fs::write(root.path().join(OsStr::from_bytes(b".onepoll/\xff")), "a file").unwrap();
    for target in ["/.onepoll/b", "/%2Eonepoll/b", "/.onepoll/%ff", "/.onepoll/health/", "/.onepoll/health/."]
    {
        let answer = get(address, target);
        assert_eq!(answer.status, 404, "{target}");
        assert!(answer.text().contains("The inspector has no such page"), "{target}");
    }
    for target in ["/.onepoll/health/..", "/.onepoll/.", "/a/../.onepoll/b/.."] {
        assert!(get(address, target).text().contains("inspector.js"), "{target}");
    }
    for target in ["/.onepoll", "/%2eonepoll", "/a/../.onepoll", "//.onepoll"] {
        let answer = get(address, target);
        assert_eq!((answer.status, answer.field("location")), (301, Some(".onepoll/")), "{target}");
    }
    for (target, text) in [("/.onepollx", "x"), ("/a", "a")] {
        assert_eq!(get(address, target).text(), text);
    }
}

#[test]
fn a_page_that_goes_by_a_name_of_its_own_sees_no_inspector() {
    let root = folder(&[]);
    let address = inspected(root.path());
    for host in ["localhost", "a.localhost", "127.0.0.1:80", "[::1]"] {
        assert_eq!(named(address, host, "/.onepoll/health").status, 200, "{host}");
    }
    for host in ["rebound.example", "localhost.example", "onepoll"] {
        assert_eq!(named(address, host, "/.onepoll/health").status, 404, "{host}");
    }
}

#[test]
fn a_client_elsewhere_sees_an_ordinary_path() {
    let root = folder(&[(".onepoll/b", b"a file")]);
    let mut world = world(root.path(), Limits::default());
    let table = [
        ("127.0.0.1", [200, 404]),
        ("127.1.2.3", [200, 404]),
        ("::1", [200, 404]),
        ("::ffff:127.0.0.1", [200, 404]),
        ("192.0.2.1", [404, 200]),
        ("::ffff:192.0.2.1", [404, 200]),
        ("2001:db8::1", [404, 200]),
    ];
    for (address, statuses) in table {
        let client = world.connect_saying(&[request("/.onepoll/health"), request("/.onepoll/b")].concat());
        client.is_at(address.parse().unwrap());
        world.run();
        let answers = client.answers();
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), statuses, "{address}");
        assert!(!answers.iter().any(|answer| answer.text().contains("inspector") && statuses[0] == 404));
    }
}

#[test]
fn it_only_shows_whether_content_comes_with_a_request_or_not() {
    let root = folder(&[]);
    let address = inspected(root.path());
    for rest in ["\r\n", "Content-Length: 2\r\n\r\nab"] {
        let request = format!("POST /.onepoll/ HTTP/1.1\r\nHost: localhost\r\n{rest}");
        let answer = read_answers(&ask(address, request.as_bytes())).remove(0);
        assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD, OPTIONS")), "{rest:?}");
    }
}

#[test]
fn everything_that_the_page_needs_is_there() {
    let root = folder(&[]);
    let address = inspected(root.path());
    let page = get(address, "/.onepoll/");
    for name in ["style.css", "inspector.js"] {
        assert!(page.text().contains(name));
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/inspect/page");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().display().to_string());
    for name in files.filter(|name| name != "index.html").chain(["metrics".to_owned()]) {
        let answer = get(address, &format!("/.onepoll/{name}"));
        assert_eq!(answer.status, 200, "{name}");
        assert!(!answer.body.is_empty(), "{name}");
    }
    assert_eq!(get(address, "/.onepoll/nothing").status, 404);
}

/// So the page can say until when a connection waits.
#[test]
fn the_limits_are_those_of_the_server() {
    let root = folder(&[]);
    let limits = Limits { write_timeout: Duration::from_millis(1500), ..Limits::default() };
    let mut world = world(root.path(), limits);
    let told = answer(&mut world, "/.onepoll/limits.json");
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    let expected = serde_json::json!({
        "First": 75_000, "Idle": 75_000, "Head": 10_000, "Body": 20_000, "Write": 1500, "Linger": 5000,
    });
    assert_eq!(told, expected);
}

/// A slot stays when its connection is over, and is used again.
#[test]
fn the_snapshot_has_the_number_of_slots() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits::default());
    let _held = [(); 2].map(|()| world.connect_saying(b"G"));
    // Each snapshot is asked for on a connection of its own.
    assert_eq!(state(&mut world)["slots"], 3);
    assert_eq!(state(&mut world)["slots"], 3);
    let watcher = watcher(&mut world);
    world.pass(TICK);
    assert_eq!(events(&watcher).last().unwrap().1["slots"], 3);
}

#[test]
fn the_snapshot_tells_of_connections_calls_and_turns() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits::default());
    let _kept = world.connect_saying(b"GET /\"a\\ HTTP/1.1\r\nHost: localhost\r\n\r\nGET /a");
    world.run();
    let state = state(&mut world);
    let place = &state["places"][0];
    assert_eq!((place[0].as_u64(), place[1].as_u64()), (Some(0), Some(0)), "its place, and its number");
    assert_eq!((place[2].as_str(), place[3].as_str()), (Some("127.0.0.1:50000"), Some("Reading")));
    assert_eq!((place[4].as_str(), place[8].as_u64()), (Some("Head"), Some(1)), "one request was whole");
    assert_eq!(place[9], r#"GET /\"a\\ HTTP/1.1"#);
    assert_eq!((&state["counters"]["open"], &state["counters"]["accepted"]), (&2.into(), &2.into()));
    assert!(state["calls"]["recv"].as_u64().unwrap() >= 2);
    assert!(state["turns"].as_array().is_some_and(|turns| !turns.is_empty()));
}

/// The names of the steps of each request of the connection `id`, with its line and its status, and whether the times of the
/// steps are in order.
fn lives_of(state: &Value, rows: &[Value], id: u64) -> Vec<(String, u64, Vec<String>)> {
    let names: Vec<_> =
        state["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    let life = |row: &Value| {
        let steps = row[6].as_array().unwrap();
        let times: Vec<_> = steps.iter().map(|step| step[1].as_f64().unwrap()).collect();
        assert!(times.is_sorted() && times.iter().all(|time| *time >= 0.0), "{row}");
        let made: Vec<_> =
            steps.iter().map(|step| names[step[0].as_u64().unwrap() as usize].to_owned()).collect();
        assert_eq!(made.iter().collect::<std::collections::BTreeSet<_>>().len(), made.len(), "{row}");
        (row[3].as_str().unwrap().to_owned(), row[4].as_u64().unwrap(), made)
    };
    rows.iter().filter(|row| row[2] == id).map(life).collect()
}

/// The lives of the requests of the first connection, as a snapshot has them.
fn first_lives(world: &mut World) -> Vec<(String, u64, Vec<String>)> {
    let state = state(world);
    lives_of(&state, state["requests"].as_array().unwrap(), 0)
}

const WHOLE: [&str; 6] = ["head here", "gate", "disk", "answered", "first byte out", "last byte out"];

#[test]
fn a_request_has_the_steps_that_it_made() {
    let root = folder(&[("a", b"a"), ("large", &[b'x'; 300_000]), ("b/c", b"c")]);
    let post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    let without_disk = ["head here", "gate", "answered", "first byte out", "last byte out"];
    let table: [(Vec<Comes>, &str, u64, &[&str]); 9] = [
        (vec![Comes::Bytes(request("/a"))], "GET /a HTTP/1.1", 200, &WHOLE),
        (vec![Comes::Bytes(request("/large"))], "GET /large HTTP/1.1", 200, &WHOLE),
        (vec![Comes::Bytes(request("/b/?archive=zip"))], "GET /b/?archive=zip HTTP/1.1", 200, &WHOLE),
        (vec![Comes::Bytes(request("/b/"))], "GET /b/ HTTP/1.1", 200, &WHOLE),
        (
            vec![Comes::Bytes(post.to_vec()), Comes::Later, Comes::Bytes(b"ab".to_vec())],
            "POST / HTTP/1.1",
            200,
            &without_disk,
        ),
        (vec![Comes::Bytes(post.to_vec())], "POST / HTTP/1.1", 0, &["head here", "gate"]),
        (
            vec![Comes::Bytes(b"nonsense\r\n\r\n".to_vec())],
            "nonsense",
            400,
            &["head here", "answered", "first byte out", "last byte out"],
        ),
        (
            vec![Comes::Bytes([b"GET /", "x".repeat(20_000).as_bytes()].concat())],
            &*format!("GET /{}", "x".repeat(75)),
            414,
            &["answered", "first byte out", "last byte out"],
        ),
        (
            vec![Comes::Bytes(b"GET /\x1b\" HTTP/1.1\r\nHost: a\r\n\r\n".to_vec())],
            r#"GET /\x1B\" HTTP/1.1"#,
            400,
            &["answered", "first byte out", "last byte out"],
        ),
    ];
    for (comes, line, status, steps) in table {
        let mut world = world(root.path(), Limits::default());
        let _client = world.connect(comes);
        world.run();
        let expected = (line.to_owned(), status, steps.iter().map(|step| (*step).to_owned()).collect());
        assert_eq!(first_lives(&mut world), [expected]);
    }
}

#[test]
fn a_request_that_came_too_late_has_a_life_too() {
    let root = folder(&[]);
    let mut world = world(root.path(), Limits::default());
    let _client = world.connect_saying(b"GET /slow HT");
    world.pass(Limits::default().head_timeout + TICK);
    let steps = ["answered", "first byte out", "last byte out"].map(str::to_owned).to_vec();
    assert_eq!(first_lives(&mut world), [("GET /slow HT".to_owned(), 408, steps)]);
    let state = state(&mut world);
    let made = state["requests"][0][6][0][1].as_f64().unwrap();
    let waited = Limits::default().head_timeout - TICK;
    assert!(made > waited.as_micros() as f64, "it was waited for: {made} µs");
}

#[test]
fn each_of_many_requests_in_one_write_has_its_own_bytes() {
    let root = folder(&[("a", b"a"), ("large", &[b'x'; 300_000])]);
    let mut world = world(root.path(), Limits::default());
    let all = ["/a", "/a", "/a", "/missing", "/a", "/large"].map(request).concat();
    let client = world.connect([Comes::Bytes(all)]);
    client.stops_reading();
    // What the first answers have, and the beginning of the one before the last.
    client.reads(100);
    world.run();
    let lives = first_lives(&mut world);
    let lines: Vec<_> = lives.iter().map(|(line, status, _)| (&**line, *status)).collect();
    let [a, missing, large] = ["/a", "/missing", "/large"].map(|path| format!("GET {path} HTTP/1.1"));
    assert_eq!(lines, [(&*a, 200), (&missing, 404), (&a, 200), (&large, 200)], "the last are kept");
    let has_begun = |lives: &[(String, u64, Vec<String>)], step: &str| {
        lives.iter().map(|(.., steps)| steps.iter().any(|made| made == step)).collect::<Vec<_>>()
    };
    assert_eq!(has_begun(&lives, "first byte out"), [false; 4]);
    client.reads(1_300);
    world.run();
    let lives = first_lives(&mut world);
    assert_eq!(has_begun(&lives, "first byte out"), [true, true, false, false], "{lives:?}");
    assert_eq!(has_begun(&lives, "last byte out"), [true, false, false, false], "{lives:?}");
    client.reads(usize::MAX / 2);
    world.run();
    let lives = first_lives(&mut world);
    assert_eq!(has_begun(&lives, "last byte out"), [true; 4]);
    client.says(&request("/a"));
    world.run();
    let state = state(&mut world);
    let rows = state["requests"].as_array().unwrap().iter().filter(|row| row[2] == 0);
    let numbers: Vec<_> = rows.map(|row| row[0].as_u64().unwrap()).collect();
    assert_eq!(numbers.len(), 4);
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
}

#[test]
fn a_request_begins_when_its_first_bytes_came_with_the_request_before() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits::default());
    let halves = request("/a");
    let (half, rest) = halves.split_at(10);
    let client = world.connect_saying(&[&request("/a"), half].concat());
    world.pass(TICK);
    client.says(rest);
    world.run();
    let state = state(&mut world);
    let rows: Vec<_> =
        state["requests"].as_array().unwrap().iter().filter(|row| row[2] == 0).cloned().collect();
    let [first, second] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(first[5], second[5], "one read brought the first bytes of both");
    assert!(second[6][0][1].as_f64().unwrap() > TICK.as_micros() as f64 / 2.0, "{second}");
}

/// Its answer may be made in a later drive than its head was read in.
#[test]
fn a_snapshot_has_all_of_the_connection_that_asks_for_it() {
    let root = folder(&[]);
    let mut world = world(root.path(), Limits::default());
    let head = b"GET /.onepoll/state.json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n";
    let client = world.connect_saying(head);
    world.run();
    client.says(b"a");
    world.run();
    let state: Value = serde_json::from_slice(&client.answers().remove(0).body).unwrap();
    assert_eq!(state["places"][0][6], head.len() as u64 + 1, "the byte that came last is counted");
}

#[test]
fn turns_from_before_the_first_reader_are_not_lost_to_it() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits::default());
    let busy = world.connect([]);
    for _ in 0..300 {
        busy.says(&request("/a"));
        world.run();
    }
    let watcher = watcher(&mut world);
    world.pass(TICK);
    let events = events(&watcher);
    let (_, first) = events.first().unwrap();
    assert_eq!((&first["lost"]["turns"], &first["counters"]["omitted"]), (&0.into(), &0.into()));
}

#[test]
fn the_snapshot_and_the_batches_name_their_server() {
    let root = folder(&[]);
    let mut world = world(root.path(), Limits::default());
    let watcher = watcher(&mut world);
    world.pass(TICK);
    let server = state(&mut world)["server"].as_u64().unwrap();
    assert!(server > 1_700_000_000_000, "{server}");
    assert!(events(&watcher).iter().all(|(_, batch)| batch["server"] == server));
}

#[test]
fn a_turn_names_the_first_sixty_four_connections_that_it_drove() {
    let root = folder(&[]);
    let mut world = world(root.path(), Limits::default());
    let many: Vec<_> = (0..70).map(|_| world.connect([])).collect();
    world.run();
    many.iter().for_each(|client| client.says(b"G"));
    world.run();
    let state = state(&mut world);
    let turns = state["turns"].as_array().unwrap();
    let driven = |turn: &Value| (turn[4].as_u64().unwrap(), turn[5].as_array().unwrap().len());
    assert!(turns.iter().map(driven).any(|driven| driven == (70, 64)), "{turns:?}");
}

#[test]
fn the_events_tell_of_requests_once_they_come_or_go_on() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits::default());
    let watcher = watcher(&mut world);
    let kept = world.connect_saying(&request("/a"));
    world.pass(TICK);
    let told = || rows(&events(&watcher), "requests");
    assert_eq!((told().len(), &told()[0][3]), (1, &"GET /a HTTP/1.1".into()));
    world.pass(3 * TICK);
    assert_eq!(told().len(), 1, "nothing has happened since");
    kept.says(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    world.pass(TICK);
    kept.says(b"a");
    world.pass(TICK);
    let [_, waits, done] = &told()[..] else { panic!("{:?}", told()) };
    assert_eq!((&waits[0], &waits[4], &done[4]), (&done[0], &0.into(), &200.into()));
    let brief = world.connect([Comes::Bytes(request("/brief")), Comes::End]);
    world.pass(TICK);
    assert_eq!(brief.fate(), Fate::Closed);
    let last = told().pop().unwrap();
    assert_eq!(
        (&last[3], &last[4]),
        (&"GET /brief HTTP/1.1".into(), &404.into()),
        "it is told though it is over"
    );
}

/// A world and the client that reads its events, after a thousand requests between two batches: more than one batch has
/// room for.
fn watched_for_a_thousand_requests(root: &Path) -> (World, Client) {
    let mut world = world(root, Limits::default());
    let watcher = watcher(&mut world);
    let busy = world.connect([]);
    for _ in 0..1000 {
        busy.says(&request("/a"));
        world.run();
    }
    world.pass(TICK);
    (world, watcher)
}

#[test]
fn a_batch_says_what_it_leaves_out() {
    let root = folder(&[("a", b"a")]);
    let (mut world, watcher) = watched_for_a_thousand_requests(root.path());
    let events = events(&watcher);
    let lost =
        |kind: &str| events.iter().map(|(_, batch)| batch["lost"][kind].as_u64().unwrap()).sum::<u64>();
    assert_eq!(rows(&events, "requests").len() as u64 + lost("requests"), 1000);
    let counters = &events.last().unwrap().1["counters"];
    assert_eq!(counters["omitted"], lost("turns") + lost("moves"));
    assert_eq!(lost("moves"), 2 * 1000 - 1024);
    world.pass(TICK);
    let (_, last) = self::events(&watcher).pop().unwrap();
    let none = serde_json::json!({"turns": 0, "moves": 0, "requests": 0, "places": 0});
    assert_eq!(last["lost"], none, "it is said once");
    let many: Vec<_> = (0..1030).map(|_| world.connect([])).collect();
    world.pass(TICK);
    let events = self::events(&watcher);
    let later: Vec<_> = events.iter().map(|(_, batch)| batch["lost"]["places"].as_u64().unwrap()).collect();
    assert!(later.contains(&6), "{later:?}");
    drop(many);
}

#[test]
fn the_time_of_a_turn_is_told_by_what_it_was_spent_on() {
    let root = folder(&[("a", b"a"), ("large", &[b'x'; 1_000_000])]);
    let address = inspected(root.path());
    let sums = |state: &Value, is_counted: &dyn Fn(&Value) -> bool| -> Vec<f64> {
        let turns = state["turns"].as_array().unwrap().iter().filter(|turn| is_counted(turn));
        turns.fold(vec![0.0; 8], |sums, turn| {
            let done = turn[6].as_array().unwrap().iter().map(|time| time.as_f64().unwrap());
            sums.into_iter().zip(done).map(|(sum, time)| sum + time).collect()
        })
    };
    let snapshot =
        || -> Value { serde_json::from_slice(&get(address, "/.onepoll/state.json").body).unwrap() };
    assert_eq!(get(address, "/a").status, 200);
    assert_eq!(get(address, "/large").body.len(), 1_000_000);
    assert_eq!(get(address, "/missing").status, 404);
    let state = snapshot();
    let kinds = serde_json::json!(["accept", "read", "disk", "answer", "send", "file", "watch", "rest"]);
    assert_eq!(state["kinds"], kinds);
    let done = sums(&state, &|_| true);
    let spent: Vec<_> = done.iter().map(|sum| *sum > 0.0).collect();
    assert_eq!(spent, [true, true, true, true, true, true, false, true], "{done:?}");
    for turn in state["turns"].as_array().unwrap() {
        let sum: f64 = turn[6].as_array().unwrap().iter().map(|time| time.as_f64().unwrap()).sum();
        assert!((sum - turn[2].as_f64().unwrap()).abs() < 1.0, "{turn}");
    }
    let before = state["now_ms"].as_f64().unwrap();
    let done = sums(&snapshot(), &|turn| turn[0].as_f64().unwrap() >= before);
    let [accept, rest, watch] = [0, 7, 6].map(|kind| done[kind]);
    assert!(watch > 0.0 && (done.iter().sum::<f64>() - accept - rest - watch).abs() < 1.0, "{done:?}");
}

/// What a client does, how long it takes, and the changes of state that it causes.
type Life = (Vec<Comes>, Duration, &'static [[&'static str; 3]]);

fn lives() -> Vec<Life> {
    let said = |bytes: &[u8]| Comes::Bytes(bytes.to_vec());
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n";
    vec![
        (
            vec![Comes::Bytes(request("/a")), Comes::Later, Comes::End],
            TICK,
            &[
                ["Reading", "Writing", "answered with 200 OK"],
                ["Writing", "Reading", "all of the answer is sent"],
                ["Reading", "Closed", "the client is done"],
            ],
        ),
        (
            vec![
                said(head),
                Comes::Later,
                said(b"a"),
                Comes::Later,
                Comes::Fails(ErrorKind::ConnectionReset),
            ],
            TICK,
            &[
                ["Reading", "Parsed", "the head is whole, the content is not here yet"],
                ["Parsed", "Writing", "answered with 200 OK"],
                ["Writing", "Reading", "all of the answer is sent"],
                ["Reading", "Closed", "the socket failed: connection reset"],
            ],
        ),
        (
            vec![said(b"nonsense\r\n\r\n"), Comes::Later, Comes::End],
            TICK,
            &[
                [
                    "Reading",
                    "Writing",
                    "refused with 400: a request line is a method, a target and a version",
                ],
                ["Writing", "Closing", "all of the answer is sent"],
                ["Closing", "Closed", "the client has seen the last answer"],
            ],
        ),
        (
            vec![said(b"GET / HT")],
            Duration::from_secs(20),
            &[
                ["Reading", "Writing", "refused with 408: the head took too long"],
                ["Writing", "Closing", "all of the answer is sent"],
                ["Closing", "Closed", "the client went on sending"],
            ],
        ),
        (vec![], Limits::default().idle_timeout, &[["Reading", "Closed", "no request came"]]),
    ]
}

#[test]
fn the_events_say_why_a_connection_changed_its_state() {
    let root = folder(&[("a", b"a")]);
    for (comes, time, expected) in lives() {
        let mut world = world(root.path(), Limits::default());
        let watcher = watcher(&mut world);
        let _client = world.connect(comes);
        world.pass(time + TICK);
        let moves = rows(&events(&watcher), "moves");
        let told: Vec<_> =
            moves.iter().map(|made| [3, 4, 5].map(|column| made[column].as_str().unwrap())).collect();
        assert_eq!(told, expected);
        assert!(moves.iter().all(|made| made[2] == 1), "the watcher itself is not told of: {moves:?}");
    }
}

#[test]
fn a_batch_tells_of_each_place_once_however_many_connections_it_has_had() {
    let root = folder(&[]);
    let mut world = world(root.path(), Limits::default());
    let watcher = watcher(&mut world);
    for _ in 0..100 {
        let brief = world.connect([Comes::Bytes(request("/missing")), Comes::End]);
        world.run();
        assert_eq!(brief.fate(), Fate::Closed);
    }
    let kept = world.connect_saying(&request("/missing"));
    world.pass(TICK);
    assert_eq!(kept.statuses(), [404]);
    let keys: Vec<_> = rows(&events(&watcher), "places").iter().map(|place| place[0].clone()).collect();
    assert_eq!(keys, [1], "the watcher has the other place");
}

#[test]
fn the_snapshot_says_why_connections_that_are_still_here_changed() {
    let root = folder(&[("a", b"a")]);
    for (comes, time, expected) in lives() {
        let mut world = world(root.path(), Limits::default());
        // The client that asks for the snapshot comes after the other has gone, and left no place.
        let here = comes.into_iter().take_while(|comes| !matches!(comes, Comes::Later)).collect::<Vec<_>>();
        let _client = world.connect(here);
        world.pass(time.min(Duration::from_secs(11)));
        let moves = state(&mut world)["moves"].as_array().unwrap().clone();
        let moves = moves.iter().filter(|made| made[2] == 0);
        let told: Vec<_> = moves.map(|made| [3, 4, 5].map(|column| made[column].as_str().unwrap())).collect();
        assert_eq!(told, expected[..told.len()]);
        assert!(!told.is_empty() || expected.len() == 1);
    }
}

#[test]
fn metrics_are_families_with_help_type_and_a_number() {
    let root = folder(&[]);
    let address = inspected(root.path());
    let answer = get(address, "/.onepoll/metrics");
    assert_eq!(answer.field("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    assert!(text.contains("\nonepoll_connections_accepted_total 1\n"), "{text}");
    assert!(text.contains("\nonepoll_watch_omitted_total 0\n"), "{text}");
    assert!(text.contains("\nonepoll_watch_missed_total 0\n"), "{text}");
    assert!(text.ends_with('\n'));
}

#[test]
fn the_metrics_count_connections_that_a_bug_has_ended() {
    let root = folder(&[]);
    let mut world = Loop::of(|script| reactor(script, root.path(), Limits::default()));
    let broken = world.connect([Comes::Panics("while it is watched")]);
    let other = world.connect_saying(b"GET /.onepoll/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    world.run();
    assert_eq!((broken.fate(), world.panics()), (Fate::Closed, 1));
    let metrics = other.answers().remove(0);
    let [open, panics] = ["\nonepoll_connections 1\n", "\nonepoll_panics_total 1\n"];
    assert!(metrics.text().contains(open) && metrics.text().contains(panics), "{}", metrics.text());
}

#[test]
fn the_events_show_a_connection_come_wait_for_writability_and_go() {
    let root = folder(&[]);
    let mut world = world(root.path(), Limits::default());
    let watcher = watcher(&mut world);
    let slow = world.connect([Comes::Bytes(request("/.onepoll/large")), Comes::Later, Comes::End]);
    slow.stops_reading();
    slow.reads(100_000);
    world.pass(TICK);
    let places = rows(&events(&watcher), "places");
    let waits =
        places.iter().find(|place| place[3] == "Writing" && place[4] == "Write").expect("it is told of");
    assert_eq!((&waits[1], &waits[7]), (&1.into(), &100_000.into()));
    assert_eq!(answer(&mut world, "/.onepoll/health").status, 200, "meanwhile others are answered");
    slow.brings([Comes::Fails(ErrorKind::ConnectionReset)]);
    slow.takes([support::scripted::Goes::Fails(ErrorKind::BrokenPipe)]);
    slow.reads(1);
    world.pass(TICK);
    let places = rows(&events(&watcher), "places");
    assert!(places.iter().any(|place| *place == serde_json::json!([waits[0]])), "it is gone");
}

/// A connection that only waits for its next turn has the wait "Turn".
#[test]
fn a_download_that_is_not_slow_is_never_said_to_wait_for_its_client() {
    let root = folder(&[]);
    let mut world = world(root.path(), Limits::default());
    let watcher = watcher(&mut world);
    let _fast = world.connect_saying(&request("/.onepoll/large"));
    world.turn([]);
    world.turn([]);
    let state = state_between_turns(&mut world);
    let place = state["places"].as_array().unwrap().iter().find(|place| place[1] == 1).unwrap();
    assert_eq!((place[3].as_str(), place[4].as_str()), (Some("Writing"), Some("Turn")));
    drop(watcher);
}

/// The snapshot while other connections still have work to do.
fn state_between_turns(world: &mut World) -> Value {
    let client = world.connect([Comes::Bytes(request("/.onepoll/state.json")), Comes::End]);
    world.turn([]);
    world.turn([]);
    serde_json::from_slice(&client.answers().remove(0).body).unwrap()
}

#[test]
fn who_was_here_before_the_watcher_is_told_of_too() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits::default());
    let kept = world.connect_saying(&request("/a"));
    world.run();
    let watcher = watcher(&mut world);
    kept.says(&request("/a"));
    world.pass(TICK);
    let told = rows(&events(&watcher), "places");
    assert!(told.iter().any(|place| place[1] == 0 && place[8] == 2), "two requests: {told:?}");
    kept.brings([Comes::End]);
    world.pass(TICK);
    assert!(rows(&events(&watcher), "places").contains(&serde_json::json!([0])), "it is gone");
}

#[test]
fn what_does_not_fit_into_a_batch_is_omitted_and_counted() {
    let root = folder(&[("a", b"a")]);
    let (_world, watcher) = watched_for_a_thousand_requests(root.path());
    let events = events(&watcher);
    let [turns, moves] = ["turns", "moves"].map(|kind| rows(&events, kind).len() as u64);
    let (_, last) = events.last().unwrap();
    let counters = &last["counters"];
    assert_eq!((last["turns"].as_array().unwrap().len(), moves), (256, 1024));
    assert_eq!(counters["omitted"], counters["turns"].as_u64().unwrap() - turns + 2 * 1000 - moves);
    assert_eq!(counters["missed"], 0);
}

#[test]
fn a_slow_reader_of_the_events_delays_no_client_and_what_it_misses_is_counted() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits::default());
    let watchers = [watcher(&mut world), watcher(&mut world)];
    let [slow, quick] = &watchers;
    slow.stops_reading();
    // All places change for every batch, which then has about 100 KiB.
    let many: Vec<_> = (0..1000).map(|_| world.connect_saying(b"GET /")).collect();
    for _ in 0..30 {
        many.iter().for_each(|client| client.says(b"a"));
        world.pass(TICK);
        assert_eq!(answer(&mut world, "/a").text(), "a");
    }
    slow.reads(usize::MAX / 2);
    world.pass(2 * TICK);
    let counters = &state(&mut world)["counters"];
    let missed = counters["missed"].as_u64().unwrap();
    assert!((1..30).contains(&missed), "{missed} batches were missed");
    assert_eq!(counters["omitted"], 0);
    let numbers = |watcher| events(watcher).iter().map(|(number, _)| *number).collect::<Vec<_>>();
    let [got, all] = [slow, quick].map(numbers);
    assert_eq!(all.iter().filter(|number| !got.contains(number)).count() as u64, missed);
    assert!(
        all.is_sorted_by(|before, after| before + 1 == *after),
        "who is quick enough misses none: {all:?}"
    );
    assert_eq!(got.last(), all.last(), "who has caught up reads on");
}

/// Between two batches the server does not wait for the client, so the client does not time out.
#[test]
fn a_short_write_timeout_does_not_end_the_events() {
    let root = folder(&[]);
    let mut world = world(root.path(), Limits { write_timeout: Duration::ZERO, ..Limits::default() });
    let watcher = watcher(&mut world);
    world.pass(5 * TICK);
    assert_eq!((events(&watcher).len(), watcher.fate()), (6, Fate::Open));
}

#[test]
fn a_stop_ends_the_events_and_finishes_the_large_download() {
    let root = folder(&[]);
    let mut world = world(root.path(), Limits::default());
    let watcher = watcher(&mut world);
    let large = world.connect_saying(&request("/.onepoll/large"));
    large.stops_reading();
    world.run();
    world.turn([Ready::Signal]);
    world.run();
    let (_, is_whole) =
        so_far(&watcher.got()[watcher.got().windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4..]);
    assert_eq!((watcher.fate(), is_whole), (Fate::Closed, true));
    large.reads(usize::MAX / 2);
    world.run();
    assert_eq!((large.answers().remove(0).body.len(), large.fate()), (64 << 20, Fate::Closed));
}

#[test]
fn the_large_download_is_in_the_log_with_its_bytes() {
    let root = folder(&[]);
    let (program, address) = Program::start(onepoll().arg("--inspect").arg(root.path()));
    assert_eq!(get(address, "/.onepoll/large").body.len(), 64 << 20);
    let line = program.told("/.onepoll/large");
    assert!(line.contains("\"GET /.onepoll/large HTTP/1.1\" 200 67108864 "), "{line}");
}

#[test]
fn the_line_in_the_log_is_a_step() {
    let root = folder(&[("a", b"a"), ("large", &[b'x'; 300_000])]);
    // Lines in JSON say how long an answer took, so they come when its last byte is out.
    for (form, is_last) in [("combined", false), ("json", true)] {
        let arguments = ["--inspect", "--log", form];
        let (_program, address) = Program::start(onepoll().args(arguments).arg(root.path()));
        let mut kept = support::connect(address);
        kept.write_all(&["/a", "/a", "/large"].map(request).concat()).unwrap();
        (0..3).for_each(|_| assert_eq!(support::read_answer(&mut kept, "GET").status, 200));
        let state: Value = serde_json::from_slice(&get(address, "/.onepoll/state.json").body).unwrap();
        let lives = lives_of(&state, state["requests"].as_array().unwrap(), 0);
        assert_eq!(lives.len(), 3, "{lives:?}");
        for (line, _, steps) in lives {
            let is_later = is_last || line.contains("large");
            assert_eq!(steps.last().unwrap() == "log", is_later, "{form}: {steps:?}");
            assert!(steps.contains(&"log".to_owned()), "{form}: {steps:?}");
        }
        drop(kept);
    }
}
