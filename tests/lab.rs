//! What the figures of the lab depend on: its arithmetic, and its load generator, against servers with known delays.

#[path = "../benches/variants/load/mod.rs"]
#[allow(dead_code)]
mod load;
#[path = "../benches/variants/cores.rs"]
#[allow(dead_code)]
mod cores;
#[path = "../benches/variants/counted.rs"]
#[allow(dead_code)]
mod counted;
#[path = "../benches/variants/meters.rs"]
#[allow(dead_code)]
mod meters;
#[path = "../benches/variants/quiet.rs"]
#[allow(dead_code)]
mod quiet;
#[path = "../benches/variants/said.rs"]
mod said;
#[path = "../benches/variants/statistics.rs"]
#[allow(dead_code)]
mod statistics;
mod support;

use load::Load;
use load::answer::{Answer, Connection};
use load::plan::{Patience, Persistence, Phase, Plan, Readers};
use quiet::Beside;
use statistics::{Difference, Doubt, Latencies, Machine, Spread};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::patience::{PATIENCE, until};
use support::watch::watch;

/// The length of the planted stall.
const STALL: Duration = Duration::from_millis(300);

/// The length of each loop.
const WINDOW: Duration = Duration::from_millis(1000);

/// The number of the request at which the server stands still: early in an open loop, even on a slow machine.
const STALLED: usize = 200;

/// A server for one client that answers at once, except that it once stands still for [`STALL`], at request
/// [`STALLED`].
fn stalling_server() -> SocketAddr {
    watch();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.set_nodelay(true).unwrap();
        let mut request = [0; 1024];
        for number in 0.. {
            if !client.read(&mut request).is_ok_and(|count| count > 0) {
                return;
            }
            // The stall itself is measured, so this test must sleep.
            if number == STALLED {
                thread::sleep(STALL);
            }
            client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        }
    });
    address
}

/// Runs one client that sends a thousand requests a second in open loop, or as many as it can in closed loop.
fn load(address: SocketAddr) -> Load {
    load_of(plan(address))
}

fn load_of(plan: Plan) -> Load {
    Load::connect(plan).unwrap()
}

fn plan(address: SocketAddr) -> Plan {
    Plan {
        address,
        connections: 1,
        persistence: Persistence::KeepAlive,
        targets: vec!["/".to_owned()],
        fields: String::new(),
        rate: 1000.0,
        warm_up: 0.0,
        window: WINDOW.as_secs_f64(),
        beside: None,
        patience: Patience::Sleeps,
    }
}

fn p99(phase: &Phase) -> Duration {
    Latencies::of(&phase.latencies).percentile(99.0)
}

/// Coordinated omission: while the server stands still, a closed loop sends no request, so only one slow answer among
/// a thousand shows. The closed loop is repeated until it has this many answers, since one window may have too few on
/// a slow machine.
#[test]
fn a_stall_shows_at_p99_in_open_loop_and_not_in_closed_loop() {
    let mut load = {
        let mut load = load(stalling_server());
        let mut latencies = Vec::new();
        until("a thousand answers in closed loop", || {
            let phase = load.closed(WINDOW).unwrap();
            latencies.extend(load.settle(phase).unwrap().latencies);
            if latencies.len() >= 1000 { Ok(()) } else { Err(latencies.len()) }
        });
        let latencies = Latencies::of(&latencies);
        let [p99, longest] = [99.0, 100.0].map(|percentile| latencies.percentile(percentile));
        assert!(longest >= STALL, "it was there: {longest:?}");
        assert!(p99 < STALL / 3, "and did not show: {p99:?}");
        self::load(stalling_server())
    };
    let phase = load.open(WINDOW).unwrap();
    let open = load.settle(phase).unwrap();
    assert!(p99(&open) > STALL * 2 / 3, "{:?}", p99(&open));
    let count = Latencies::of(&open.latencies).count();
    assert_eq!(count, 1000, "every request that was due counts, answered or not");
}

#[test]
fn requests_without_an_answer_count_with_their_age() {
    // The kernel accepts these connections, and no server takes them from it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut load = load(listener.local_addr().unwrap());
    let phase = load.open(WINDOW / 2).unwrap();
    let open = load.settle(phase).unwrap();
    assert_eq!((open.answered, open.unanswered, open.connections_answered), (0, 500, 0));
    let median = Latencies::of(&open.latencies).percentile(50.0);
    assert!(median >= WINDOW / 4, "half of them are older than half the time: {median:?}");
}

/// What a server does with each connection that asks for much.
#[derive(Clone, Copy)]
enum Answers {
    /// It sends as much as its socket takes, whenever that takes something.
    AllAtOnce,
    /// It sends a little now and then, without end.
    Drips,
    Nothing,
}

/// A server of which each connection has a thread.
fn sending_server(answers: Answers) -> SocketAddr {
    watch();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            thread::spawn(move || match answers {
                Answers::AllAtOnce => while client.write_all(&[b'x'; 1 << 16]).is_ok() {},
                Answers::Drips => {
                    // The pace of this server is what the load must see, so this test must sleep.
                    while client.write_all(b"x").is_ok() {
                        thread::sleep(Duration::from_millis(20));
                    }
                }
                Answers::Nothing => drop(client.read_to_end(&mut Vec::new())),
            });
        }
    });
    address
}

/// The load sees when the slow readers' buffers are full: it waits neither longer nor shorter.
#[test]
fn the_buffers_of_slow_readers_are_seen_to_be_full() {
    let readers = |answers, limit| {
        let beside = Some(load::plan::Beside::SlowReaders { count: 3, target: "/".to_owned() });
        let plan = Plan { connections: 0, beside, ..plan(sending_server(answers)) };
        let begin = Instant::now();
        let readers = Load::connect(plan).unwrap().fill(limit).expect("there are slow readers");
        (readers, begin.elapsed())
    };
    let (long, short) = (PATIENCE, Duration::from_millis(500));
    let (full, took) = readers(Answers::AllAtOnce, long);
    assert_eq!(full, Readers { full: 3, filling: 0, empty: 0 });
    assert!(took < long, "it did not wait for its limit: {took:?}");
    let (dripping, took) = readers(Answers::Drips, short);
    assert_eq!((dripping.full, dripping.empty), (0, 0), "{dripping:?}");
    assert!(took >= short, "it waited while more came: {took:?}");
    let (empty, took) = readers(Answers::Nothing, long);
    assert_eq!(empty, Readers { full: 0, filling: 0, empty: 3 });
    assert!(took < long, "it gave up when nothing came: {took:?}");
}

#[test]
fn what_wrk_prints_is_a_figure_only_if_all_was_answered() {
    let said = "Running 1s test\n  1 threads and 64 connections\nERRORS  10 requests in 1.00s\nRequests/sec:  36684.73\n";
    assert_eq!(said::read_rate(&said.replace("ERRORS", "")).unwrap(), 36684.73);
    for (time, seconds) in [("1.01s", 1.01), ("998.50ms", 0.9985)] {
        let said = said.replace("1.00s", &format!("{time}, 2.00MB read"));
        assert_eq!(said::read_seconds(&said).unwrap(), seconds);
    }
    assert!(said::read_seconds("unable to connect").is_err());
    for (errors, words) in [
        ("  Non-2xx or 3xx responses: 7\n", "7 answers had another status"),
        ("  Socket errors: connect 0, read 3, write 0, timeout 0\n", "socket errors: connect 0, read 3"),
    ] {
        let error = said::read_rate(&said.replace("ERRORS", errors)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(said::read_rate("unable to connect").is_err());
}

/// The process that measures is no orphan, whatever happens.
#[test]
fn a_command_that_takes_too_long_is_ended() {
    watch();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let mut command = Command::new("sh");
    command.args(["-c", "echo $$ > \"$0\"; exec cat /dev/zero"]).arg(&file);
    let error = said::said_within(command, Duration::from_secs(2)).unwrap_err().to_string();
    assert!(error.contains("did not end in 2s"), "{error}");
    let process = std::fs::read_to_string(&file).unwrap();
    assert!(!std::path::Path::new("/proc").join(process.trim()).exists(), "{process} goes on");
    let mut command = Command::new("sh");
    command.args(["-c", "echo said"]);
    assert_eq!(said::said_within(command, PATIENCE).unwrap(), "said\n");
    let mut command = Command::new("sh");
    command.args(["-c", "exit 3"]);
    assert!(said::said_within(command, PATIENCE).unwrap_err().to_string().contains("ended with"));
}

/// A server or a load that stands still does not make the lab stand still.
#[test]
fn a_wait_for_processes_comes_to_an_end() {
    watch();
    let mut child =
        said::Ended(Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let (process, mut out) = (child.0.id(), child.0.stdout.take().unwrap());
    let error = said::within(Duration::from_millis(300), &[process], || out.read(&mut [0])).unwrap_err();
    assert!(error.to_string().contains("did not end in 300ms"), "{error}");
    drop(child);
    assert!(!Path::new("/proc").join(process.to_string()).exists(), "{process} is left behind");
    assert_eq!(said::within(PATIENCE, &[], || Ok(7)).unwrap(), 7);
}

/// Servers have processes that start another in the place of one that has ended.
#[test]
fn no_process_of_a_family_is_left_behind() {
    watch();
    let script = "for i in $(seq 100); do sleep 100 & done; while :; do sleep 100; done";
    let mut child = said::Ended(
        Command::new("sh")
            .args(["-c", script])
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let group = child.0.id();
    let left = || {
        let stat = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("stat")).ok();
        let is_left = |stat: &String| {
            let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
            fields[0] != "Z" && fields[2] == group.to_string()
        };
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        entries.filter_map(stat).filter(is_left).count()
    };
    until("all of its children", || if left() == 102 { Ok(()) } else { Err(left()) });
    said::end_family(group);
    child.0.wait().unwrap();
    until("no process of it", || if left() == 0 { Ok(()) } else { Err(left()) });
}

#[test]
fn only_slow_readers_are_waited_for() {
    assert_eq!(load(sending_server(Answers::Nothing)).fill(PATIENCE), None);
}

#[test]
fn what_fails_is_told_and_does_not_count_as_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut load = load(listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(drop));
    until("an error", || {
        let phase = load.closed(WINDOW / 10).unwrap();
        let closed = load.settle(phase).unwrap();
        assert_eq!(closed.answered, 0);
        if closed.errors.is_empty() { Err(format!("{closed:?}")) } else { Ok(()) }
    });
}

fn spread(rounds: usize, least: f64, median: f64, most: f64) -> Spread {
    Spread { rounds, least, median, most, machine: Machine::Quiet }
}

#[test]
fn the_median_is_the_one_in_the_middle() {
    assert_eq!(Spread::of([]), None);
    assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(spread(3, 1.0, 2.0, 3.0)));
    assert_eq!(Spread::of([4.0, 1.0]), Some(spread(2, 1.0, 2.5, 4.0)));
}

#[test]
fn medians_are_compared_where_both_spreads_are_narrow_or_the_distance_is_wide() {
    let wide = |share| Difference::Unknown(Doubt::Spread(share));
    let close = Difference::Unknown(Doubt::Close(107.0 / 100.0 - 1.0));
    let table: &[(&[f64], &[f64], _)] = &[
        (&[1.0, 1.1], &[3.0, 3.0], Difference::Less),
        (&[3.0, 3.0], &[1.0, 1.1], Difference::More),
        (&[10.0, 10.0, 11.4], &[11.3, 11.5, 12.0], Difference::Unknown(Doubt::Overlap)),
        (&[11.3, 11.5, 12.0], &[10.0, 10.0, 11.4], Difference::Unknown(Doubt::Overlap)),
        (&[100.0, 101.0], &[105.0, 105.0], Difference::Level),
        (&[100.0, 100.0], &[107.0, 107.0], close),
        (&[107.0, 107.0], &[100.0, 100.0], close),
        (&[100.0, 100.0], &[110.5, 110.5], Difference::Less),
        (&[0.0, 0.0], &[0.0, 0.0], Difference::Level),
        (&[0.0, 0.0], &[3.0, 3.0], Difference::Less),
        (&[10.0, 10.0, 11.5], &[9.0, 9.0], wide(0.15)),
        (&[10.0, 10.0, 11.5], &[8.6, 8.6], Difference::More),
        (&[8.6, 8.6], &[10.0, 10.0, 11.5], Difference::Less),
        (&[3.0, 3.0], &[1.0, 2.0, 2.0], wide(0.5)),
        (&[9.0, 10.0, 11.0], &[1.0, 2.0, 2.0], Difference::More),
        (&[2.5, 3.0, 3.0], &[1.0, 2.0, 2.0], wide(0.5)),
        (&[1.0], &[3.0, 3.0], Difference::Unknown(Doubt::OneRound)),
    ];
    for (one, other, difference) in table {
        let [ours, theirs] = [one, other].map(|rounds| Spread::of(rounds.iter().copied()).unwrap());
        assert_eq!(ours.against(&theirs), *difference, "{one:?} {other:?}");
        for (machine, doubt) in [(Machine::Busy, Doubt::Busy), (Machine::Unknown, Doubt::Unwatched)] {
            let theirs = Spread { machine, ..theirs };
            assert_eq!(ours.against(&theirs), Difference::Unknown(doubt), "{one:?} {other:?}");
            assert_eq!(theirs.against(&ours), Difference::Unknown(doubt), "{one:?} {other:?}");
        }
    }
}

#[test]
fn a_doubt_is_said_in_words() {
    for (doubt, words) in [
        (Doubt::Busy, "no verdict: the machine was busy"),
        (Doubt::OneRound, "no verdict: one round"),
        (Doubt::Spread(0.234), "no verdict: spread 23 %"),
        (Doubt::Close(0.07), "no verdict: the medians differ by 7.0 %"),
        (Doubt::Overlap, "no verdict: the rounds overlap"),
    ] {
        assert_eq!(doubt.to_string(), words);
    }
}

/// The lab and `benches/peers` judge by one rule, which docs/speed.md has in words.
#[test]
fn the_numbers_of_the_rule_are_the_same_wherever_they_stand() {
    let python = include_str!("../benches/peers/judge.py");
    let page = include_str!("../docs/speed.md");
    let (_, rule) = page.split_once("## When a difference counts").unwrap();
    let rule = rule.split("\n## ").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for (name, number, words) in [
        ("SPREAD_MAX", statistics::SPREAD_MAX, "less than 15 % of its median"),
        ("LEVEL", statistics::LEVEL, "differ by 5 % at most"),
        ("APART", statistics::APART, "differ by more than 10 %"),
        ("OTHER_MAX", quiet::OTHER_MAX, "more than 3 %"),
        ("STEAL_MAX", quiet::STEAL_MAX, "more than 1 %"),
        ("ATTEMPTS", quiet::ATTEMPTS as f64, "three times as many"),
    ] {
        assert!(
            python.contains(&format!("\n{name} = {number}")),
            "judge.py has another {name} than {number}"
        );
        assert!(rule.contains(words), "docs/speed.md does not say {words:?}: {rule}");
    }
}

/// What only the lab looks at.
#[test]
fn the_lab_has_limits_of_its_own_that_the_page_names() {
    let page = include_str!("../docs/speed.md").split_whitespace().collect::<Vec<_>>().join(" ");
    for (share, words) in [
        (quiet::CORE_MAX, "more than 2 % of the server's cores or of the load's"),
        (quiet::WAITED_MAX, "the load waited for its core for more than 3 %"),
    ] {
        let percent = format!("{:.0} %", share * 100.0);
        assert!(words.contains(&percent) && page.contains(words), "{percent}: {words}");
    }
    let quiet = Beside { other: 0.03, steal: 0.01, core: 0.02, waited: 0.03 };
    assert!(quiet.is_quiet());
    for busy in [
        Beside { other: 0.031, ..quiet },
        Beside { steal: 0.011, ..quiet },
        Beside { core: 0.021, ..quiet },
        Beside { waited: 0.031, ..quiet },
    ] {
        assert!(!busy.is_quiet(), "{busy:?}");
    }
}

#[test]
fn percentiles_survive_the_way_through_a_file() {
    let mut latencies = Latencies::new();
    (1..=1000).for_each(|count| latencies.record(Duration::from_micros(count)));
    let again = Latencies::of(&latencies.samples());
    for (percentile, expected) in [(50.0, 500.0), (99.0, 990.0), (99.9, 999.0), (100.0, 1000.0)] {
        for latencies in [&latencies, &again] {
            let microseconds = latencies.percentile(percentile).as_secs_f64() * 1e6;
            assert!((microseconds / expected - 1.0).abs() < 0.01, "p{percentile} is {microseconds}");
        }
    }
    assert_eq!(again.count(), 1000);
}

#[test]
fn an_answer_ends_where_it_says_however_it_is_cut() {
    for (answer, connection) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Connection::Stays),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nConnection: close\r\n\r\nhello", Connection::Ends),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Connection::Ends),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;a=b\r\n0123456789\r\n0\r\n\r\n",
            Connection::Stays,
        ),
        (
            "HTTP/1.1 200 OK\r\nConnection: close\r\ntransfer-encoding: Chunked\r\n\r\n1\r\n\n\r\n000\r\na: b\r\n\r\n",
            Connection::Ends,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", Connection::Stays),
    ] {
        for cut in 0..answer.len() {
            let mut reader = Answer::default();
            for _ in 0..2 {
                let (first, second) = answer.as_bytes().split_at(cut);
                assert_eq!(reader.take(first), Ok(None));
                assert_eq!(reader.take(second), Ok(Some(connection)), "{answer} cut at {cut}");
            }
        }
    }
}

#[test]
fn what_was_not_asked_for_is_told() {
    let wrong = |answer: &str| Answer::default().take(answer.as_bytes()).unwrap_err().to_string();
    assert_eq!(wrong("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "answered HTTP/1.1 404");
    assert_eq!(wrong("HTTP/1.1 200 OK\r\n\r\n"), "answer without a length");
    assert_eq!(wrong("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"), "answer longer than it says");
    let chunked =
        |content: &str| wrong(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{content}"));
    assert_eq!(chunked("5\r\nhello\r\nno size\r\n"), "a chunk without a size");
    assert_eq!(chunked("0\r\n\r\nH"), "answer longer than it says");
}

/// A server that answers every request at once, a thread for each client, and counts the requests for `/work`. If `ends`, each
/// answer is the last on its connection.
fn counting_server(ends: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    watch();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, counted) = (client.unwrap(), counted.clone());
            thread::spawn(move || {
                let mut request = [0; 1024];
                while let Ok(length @ 1..) = client.read(&mut request) {
                    let is_work = request[..length].starts_with(b"GET /work ");
                    counted.fetch_add(usize::from(is_work), Ordering::Relaxed);
                    let close = if ends { "Connection: close\r\n" } else { "" };
                    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{close}\r\nok");
                    if client.write_all(answer.as_bytes()).is_err() || ends {
                        return;
                    }
                }
            });
        }
    });
    (address, count)
}

/// The server always has work: a worker asks again after each answer, on a new connection where the last one ended.
#[test]
fn workers_ask_again_and_again() {
    for ends in [false, true] {
        let (address, count) = counting_server(ends);
        let beside = Some(load::plan::Beside::Workers { count: 2, target: "/work".to_owned() });
        let mut load = load_of(Plan { beside, window: 0.05, ..plan(address) });
        let before = count.load(Ordering::Relaxed);
        assert!(before > 0, "it was measured how long one takes alone");
        let outcome = load.run(&mut |_| Ok(())).unwrap();
        assert_eq!((outcome.connected, outcome.beside_connected), (1, 2));
        assert!(outcome.work_alone.is_some_and(|ms| ms > 0.0), "{:?}", outcome.work_alone);
        assert!(outcome.closed.answered > 0, "the measured client is answered beside them");
        assert!(outcome.closed.work_answered > 0 && outcome.open.work_answered > 0, "{outcome:?}");
        until("many requests of the workers", || {
            let phase = load.closed(Duration::from_millis(10)).unwrap();
            load.settle(phase).unwrap();
            let asked = count.load(Ordering::Relaxed) - before;
            if asked > 20 { Ok(()) } else { Err(asked) }
        });
    }
}

/// A worker that meets an error asks no more, and is missing.
#[test]
fn workers_that_fail_are_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    watch();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            thread::spawn(move || {
                let mut request = [0; 1024];
                while let Ok(length @ 1..) = client.read(&mut request) {
                    let is_work = request[..length].starts_with(b"GET /work ");
                    let length = if is_work { "" } else { "Content-Length: 2\r\n" };
                    let answer = format!("HTTP/1.1 200 OK\r\n{length}\r\nok");
                    if client.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let beside = Some(load::plan::Beside::Workers { count: 2, target: "/work".to_owned() });
    let mut load = load_of(Plan { beside, window: 0.05, ..plan(address) });
    let outcome = load.run(&mut |_| Ok(())).unwrap();
    assert_eq!((outcome.beside_connected, outcome.closed.work_answered), (0, 0));
    assert_eq!(outcome.closed.errors.get("beside, answer without a length"), Some(&2), "{outcome:?}");
}

/// A server that ends every connection leaves none of the slow clients.
#[test]
fn slow_clients_that_are_disconnected_are_missing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    let beside = Some(load::plan::Beside::SlowSenders { count: 3 });
    let mut load = load_of(Plan { beside, window: 0.25, ..plan(address) });
    until("no slow client", || match load.run(&mut |_| Ok(())).unwrap().beside_connected {
        0 => Ok(()),
        some => Err(some),
    });
}

/// A percentile with hardly any latency beyond it is the longest latencies by another name.
#[test]
fn a_percentile_is_named_if_enough_latencies_lie_beyond_it() {
    let of = |count| Latencies::of(&[(1_000_000, count)]);
    assert!(of(1_000).shows(99.0) && !of(900).shows(99.0));
    assert!(of(20).shows(50.0) && !of(35).shows(99.0) && !of(1_000).shows(99.9));
    assert!(of(1).shows(100.0) && !Latencies::new().shows(100.0));
}

/// A server that has more to do waits for longer, so its waits do not choose which rounds count.
#[test]
fn rounds_are_not_chosen_by_what_they_show() {
    let beside = |other, waited| Some(Beside { other, waited, ..Beside::default() });
    assert_eq!(quiet::counted(&[beside(0.01, 0.0), beside(0.0, 0.02), beside(0.02, 0.0)], 2), [1, 0]);
}
