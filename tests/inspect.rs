//! The inspector: who may see it, what it says, and that whoever watches slowly holds nobody up.

mod support;

use onepoll::context::Service;
use onepoll::hosts::Hosts;
use onepoll::inspect;
use onepoll::limits::Limits;
use onepoll::site::{Hidden, Policy, Site};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;
use support::service::get;
use support::{Answer, ask, connect, folder, listen, read_answers, serve_by, start};

/// Serves `root` as it is with `--inspect --hidden`.
fn inspected(root: &Path) -> SocketAddr {
    inspected_within(root, Limits::default())
}

fn inspected_within(root: &Path, limits: Limits) -> SocketAddr {
    let (epoll, address) = listen();
    let site = Site::open(root, Policy { hidden: Hidden::Served, ..Policy::default() }).unwrap();
    let service = Service { site, hosts: Hosts::Any, limits };
    start(inspect::reactor(epoll, service));
    address
}

fn state(address: SocketAddr) -> serde_json::Value {
    serde_json::from_str(get(address, "/.onepoll/state.json").text()).unwrap()
}

fn named(address: SocketAddr, host: &str, target: &str) -> Answer {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    read_answers(&ask(address, request.as_bytes())).remove(0)
}

#[test]
fn without_the_flag_the_prefix_is_an_ordinary_path() {
    let root = folder(&[(".onepoll/health", b"a file"), ("a", b"a")]);
    let address = serve_by(root.path(), Policy { hidden: Hidden::Served, ..Policy::default() });
    assert_eq!(get(address, "/.onepoll/health").text(), "a file");
    let address = inspected(root.path());
    assert_eq!(get(address, "/.onepoll/health").text(), "ok\n");
    assert_eq!(get(address, "/a").text(), "a");
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
fn it_only_shows_whether_content_comes_with_a_request_or_not() {
    let root = folder(&[]);
    let address = inspected(root.path());
    for rest in ["\r\n", "Content-Length: 2\r\n\r\nab"] {
        let request = format!("POST /.onepoll/ HTTP/1.1\r\nHost: localhost\r\n{rest}");
        let answer = read_answers(&ask(address, request.as_bytes())).remove(0);
        assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD")), "{rest:?}");
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
    for name in ["style.css", "inspector.js", "model.js", "paint.js", "clients.js", "metrics"] {
        let answer = get(address, &format!("/.onepoll/{name}"));
        assert_eq!(answer.status, 200, "{name}");
        assert!(!answer.body.is_empty(), "{name}");
    }
    assert_eq!(get(address, "/.onepoll/nothing").status, 404);
}

#[test]
fn the_snapshot_tells_of_a_connection_and_why_it_changed() {
    let root = folder(&[("a", b"a")]);
    let address = inspected(root.path());
    let mut kept = connect(address);
    kept.write_all(b"GET /\"a\\ HTTP/1.1\r\nHost: localhost\r\n\r\nGET /a").unwrap();
    support::read_answer(&mut kept, "GET");
    let peer = kept.local_addr().unwrap().to_string();
    let state = state(address);
    let places = state["places"].as_array().unwrap();
    let place = places.iter().find(|place| place[2] == peer.as_str()).expect("it has a place");
    assert_eq!((place[3].as_str(), place[4].as_str()), (Some("Reading"), Some("Head")));
    assert_eq!(place[8], 1, "one request was whole");
    let moves = state["moves"].as_array().unwrap();
    let because: Vec<_> = moves.iter().filter(|made| made[2] == place[1]).map(|made| &made[5]).collect();
    assert!(because.len() <= 2, "{because:?}");
    assert_eq!(state["counters"]["open"], 2);
    assert!(state["calls"]["recv"].as_u64().unwrap() >= 2);
    assert!(state["turns"].as_array().is_some_and(|turns| !turns.is_empty()));
}

#[test]
fn metrics_are_families_with_help_type_and_a_number() {
    let root = folder(&[]);
    let address = inspected(root.path());
    let answer = get(address, "/.onepoll/metrics");
    assert_eq!(answer.field("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    assert!(text.contains("\nonepoll_connections_accepted_total 1\n"), "{text}");
    assert!(text.ends_with('\n'));
}

/// Reads events off `stream` until one tells of a place for which `is_it` holds.
fn watch_for(stream: &mut impl BufRead, is_it: impl Fn(&serde_json::Value) -> bool) {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the events ended");
        let Some(data) = line.strip_prefix("data: ") else { continue };
        let batch: serde_json::Value = serde_json::from_str(data).unwrap();
        if batch["places"].as_array().unwrap().iter().any(&is_it) {
            return;
        }
    }
}

fn watcher(address: SocketAddr) -> BufReader<TcpStream> {
    let mut stream = connect(address);
    stream.write_all(b"GET /.onepoll/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while line != ": these are the turns of the loop\n" {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0);
    }
    stream
}

#[test]
fn the_events_show_a_connection_come_wait_for_writability_and_go() {
    let root = folder(&[]);
    let address = inspected(root.path());
    let mut events = watcher(address);
    let mut slow = connect(address);
    let peer = slow.local_addr().unwrap().to_string();
    slow.write_all(b"GET /.onepoll/large HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let seen = std::cell::Cell::new(None);
    watch_for(&mut events, |place| {
        let waits = place[2] == peer.as_str() && place[3] == "Writing" && place[4] == "Write";
        seen.set(if waits { place[0].as_u64() } else { seen.get() });
        waits
    });
    let key = seen.get();
    assert_eq!(get(address, "/.onepoll/health").status, 200, "meanwhile others are answered");
    drop(slow);
    watch_for(&mut events, |place| place[0].as_u64() == key && place[1].is_null());
}

#[test]
fn whoever_watches_slowly_holds_up_nobody_and_what_is_lost_is_counted() {
    let root = folder(&[("a", b"a")]);
    let address = inspected(root.path());
    let _never_reads = watcher(address);
    // Idle connections make batches large; their number of changes is what fills the queue.
    let mut lost = 0;
    for _ in 0..4000 {
        let mut visitor = support::visitor::Visitor::of(address);
        for _ in 0..20 {
            assert_eq!(visitor.get("/a", "").status, 200);
        }
        lost = state(address)["counters"]["lost"].as_u64().unwrap();
        if lost > 0 {
            break;
        }
    }
    assert!(lost > 0, "nothing was lost");
}

/// Between two batches nobody waits for the client, so its time does not run out.
#[test]
fn a_short_write_timeout_does_not_end_the_events() {
    let root = folder(&[]);
    let write_timeout = Duration::from_millis(10);
    let address = inspected_within(root.path(), Limits { write_timeout, ..Limits::default() });
    let batches = watcher(address).lines().filter(|line| line.as_ref().unwrap().starts_with("data: "));
    assert_eq!(batches.take(5).count(), 5);
}

#[test]
fn the_large_download_is_as_long_as_it_says() {
    let root = folder(&[]);
    let address = inspected(root.path());
    let mut stream = connect(address);
    stream.write_all(b"GET /.onepoll/large HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(bytes.len() - head, 64 << 20);
}
