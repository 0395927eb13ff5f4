//! Real faults: the program, real sockets and signals, and what can go wrong around them.

mod support;

use onepoll::inspect::{Observed, Observer};
use onepoll::service::limits::Limits;
use rustix::process::{Resource, Signal, getrlimit};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use support::misbehaviour::{HEAD, half_a_post, reset, slow_reader};
use support::patience::{joined, until};
use support::program::{Program, mounting, onepoll};
use support::visitor::Visitor;
use support::{
    connect, folder, listen, pattern, reactor, read_answer, read_answers, read_to_end, start, try_to_connect,
};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

// Signals.

/// The requests arrive before the signal, so all of them must be answered.
#[test]
fn whoever_had_asked_before_sigterm_is_answered() {
    let large = pattern(3 << 20);
    let root = folder(&[("index.html", b"here"), ("large", &large)]);
    // The program ends when all are answered, however long that takes.
    let (program, address) = Program::start(onepoll().arg(root.path()).args(["--grace", "600"]));
    let mut kept: Vec<_> = (0..50).map(|_| connect(address)).collect();
    for stream in &mut kept {
        stream.write_all(REQUEST).unwrap();
        assert_eq!(read_answer(stream, "GET").text(), "here");
    }
    let mut posting = half_a_post(address);
    program.stop();
    // Requests on idle connections, on new ones, many at once, and for large files.
    kept.iter_mut().for_each(|stream| stream.write_all(REQUEST).unwrap());
    let mut new: Vec<_> = (0..200).map(|_| connect(address)).collect();
    new.iter_mut().for_each(|stream| stream.write_all(REQUEST).unwrap());
    let mut many = connect(address);
    many.write_all(&REQUEST.repeat(100)).unwrap();
    let mut download = connect(address);
    download.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    program.signal(Signal::TERM);
    program.signal(Signal::CONT);

    posting.write_all(b"6789").unwrap();
    assert_eq!(read_answer(&mut posting, "POST").status, 200);
    for (number, stream) in kept.into_iter().chain(new).enumerate() {
        let answers = read_answers(&read_to_end(stream));
        assert_eq!((answers.len(), answers[0].text()), (1, "here"), "client {number}");
    }
    let answers = read_answers(&read_to_end(many));
    assert!(!answers.is_empty() && answers.iter().all(|answer| answer.text() == "here"));
    let is_told = answers.last().unwrap().field("connection") == Some("close");
    assert!(answers.len() == 100 || is_told, "the client knows which was the last");
    assert!(read_answers(&read_to_end(download))[0].body == large);
    assert_eq!(program.end().0.code(), Some(0));
}

/// Clients send requests without a pause when the signal comes. Each answer in the log must have arrived whole.
#[test]
fn what_was_answered_under_load_has_arrived_when_sigterm_ends_it() {
    let root = folder(&[("index.html", &pattern(5000))]);
    let log = root.path().join("log");
    // An address where no other test listens. Otherwise another test could take the port when it is free, and answer
    // these clients.
    let mut command = onepoll();
    command.arg(root.path()).args(["--bind", "127.0.0.3", "--grace", "600"]);
    let (program, address) = Program::start(command.stderr(File::create(&log).unwrap()));
    let arrived = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let arrived = arrived.clone();
            std::thread::spawn(move || {
                while let Some(count) = ask_until_it_ends(address) {
                    arrived.fetch_add(count, Ordering::SeqCst);
                }
            })
        })
        .collect();
    until("2000 answers", || match arrived.load(Ordering::SeqCst) {
        count if count < 2000 => Err(count),
        _ => Ok(()),
    });
    program.signal(Signal::TERM);
    assert_eq!(program.end().0.code(), Some(0));
    clients.into_iter().for_each(|client| joined("a client", client));
    let log = fs::read_to_string(log).unwrap();
    let answered = log.lines().filter(|line| line.contains("\"GET / HTTP/1.1\" 200 5000 ")).count() as u64;
    assert_eq!(answered, arrived.load(Ordering::SeqCst), "{}", log.lines().count());
}

/// Asks up to a hundred times on one connection, and counts whole answers; `None` if the server does not listen any
/// more. An answer may be missing, since a server may close a connection at any time, but no answer may be cut.
fn ask_until_it_ends(address: SocketAddr) -> Option<u64> {
    let mut stream = try_to_connect(address).ok()?;
    let mut count = 0;
    for _ in 0..100 {
        let mut first = [0];
        match stream.write_all(REQUEST).and_then(|()| stream.read(&mut first)) {
            Ok(1) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("no answer came: {error}"),
            Ok(_) | Err(_) => return Some(count),
        }
        let answer = read_answer(&mut first.chain(&mut stream), "GET");
        assert_eq!(answer.body.len(), 5000);
        count += 1;
        if answer.field("connection") == Some("close") {
            break;
        }
    }
    Some(count)
}

/// The time limits of the program in the next test.
const TIMEOUT: Duration = Duration::from_secs(2);

/// One client for each kind of wait, for which the program waits.
struct Waiting {
    posting: TcpStream,
    kept: Visitor,
    head: TcpStream,
    download: JoinHandle<Vec<u8>>,
}

impl Waiting {
    fn at(address: SocketAddr) -> Waiting {
        let posting = half_a_post(address);
        let mut kept = Visitor::of(address);
        assert_eq!(kept.get("/", "").text(), "here");
        let mut download = connect(address);
        download.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        download.read_exact(&mut [0; 9]).unwrap();
        let download = std::thread::spawn(|| read_to_end(download));
        let mut head = connect(address);
        head.write_all(&REQUEST[..20]).unwrap();
        Waiting { posting, kept, head, download }
    }

    /// Stops the program while it waits for all of them. On a slow machine the first client may time out before the
    /// last has come; then it tries again with new clients.
    fn when_it_is_stopped(program: &Program, address: SocketAddr) -> Waiting {
        until(format_args!("clients of every kind within {TIMEOUT:?}"), || {
            let began = Instant::now();
            let waiting = Waiting::at(address);
            program.stop();
            if began.elapsed() < TIMEOUT {
                return Ok(waiting);
            }
            program.signal(Signal::CONT);
            Err(format!("that they took {:?}", began.elapsed()))
        })
    }
}

/// The time in which the process was stopped does not count against clients that sent bytes in it. A client that was
/// late gets its 408.
#[test]
fn after_sigstop_and_sigcont_it_goes_on() {
    let large = pattern(8 << 20);
    let root = folder(&[("index.html", b"here"), ("large", &large)]);
    let seconds = TIMEOUT.as_secs().to_string();
    let flags = ["--head-timeout", "--body-timeout", "--write-timeout", "--idle-timeout"];
    let flags = flags.iter().flat_map(|flag| [flag, seconds.as_str()]);
    let (program, address) = Program::start(onepoll().arg(root.path()).args(flags));
    let Waiting { mut posting, mut kept, mut head, download } =
        Waiting::when_it_is_stopped(&program, address);
    posting.write_all(b"6789").unwrap();
    kept.send("GET", "/", "");
    head.write_all(&REQUEST[20..]).unwrap();
    let mut new = Visitor::of(address);
    new.send("GET", "/", "");
    let mut silent = connect(address);
    silent.write_all(b"GET").unwrap();
    // Longer than every timeout: this is what is tested, and a longer stop does no harm.
    std::thread::sleep(TIMEOUT + Duration::from_millis(300));
    program.signal(Signal::CONT);
    assert_eq!(read_answer(&mut posting, "POST").status, 200);
    assert_eq!(kept.read("GET").text(), "here");
    assert_eq!(read_answer(&mut head, "GET").text(), "here");
    assert_eq!(new.read("GET").text(), "here");
    assert_eq!(read_answer(&mut silent, "GET").status, 408);
    let rest = joined("the download", download);
    assert!(rest.ends_with(&large[large.len() - 1000..]), "the download goes on");
}

// Clients.

#[test]
fn a_client_that_resets_at_every_byte_costs_nobody_anything() {
    // More than the buffers hold: the server is still sending when the reset comes.
    const LARGE: usize = 24 << 20;
    let root = folder(&[("index.html", b"here"), ("large", &pattern(LARGE))]);
    let (program, address) = Program::start(onepoll().arg(root.path()));
    let mut visitor = Visitor::of(address);
    assert_eq!(visitor.get("/", "").text(), "here");
    // The file stays open for other clients.
    assert_eq!(visitor.get_settled("/large", "").status, 200);
    let before = program.descriptors();
    let post =
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for sent in [REQUEST, post] {
        for length in 0..=sent.len() {
            let mut client = connect(address);
            client.write_all(&sent[..length]).unwrap();
            reset(client);
        }
    }
    let at_every_byte: Vec<_> = (1..400).chain((400..1 << 20).step_by(65_483)).collect();
    for &length in &at_every_byte {
        let mut client = connect(address);
        client.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        client.read_exact(&mut vec![0; length]).unwrap();
        reset(client);
    }
    assert_eq!(visitor.get("/", "").text(), "here");
    program.has_descriptors(before);
    program.signal(Signal::TERM);
    let (status, log) = program.end();
    assert_eq!(status.code(), Some(0));
    let transfers = log.lines().filter(|line| line.contains("\"GET /large HTTP/1.1\" 200 "));
    let cut = transfers.filter(|line| !line.contains(&format!(" 200 {LARGE} "))).count();
    assert_eq!(cut, at_every_byte.len(), "each was in the middle");
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

/// A thousand clients of each kind, or as many as descriptors allow: heads that never end, bodies that never end, and
/// readers that never read, again and again.
fn slow_clients(address: SocketAddr) -> Vec<[TcpStream; 3]> {
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) as usize;
    let each = (allowed.saturating_sub(200) / 3).min(1000);
    if each < 1000 {
        eprintln!("only {each} of each kind, as descriptors allow");
    }
    (0..each).map(|_| [slow_head(address), half_a_post(address), slow_reader(address)]).collect()
}

/// How long other clients wait depends on the machine, and is not asserted. They must be answered while all of these
/// are there.
#[test]
fn a_thousand_slow_clients_of_each_kind_hold_up_nobody() {
    let root = folder(&[("index.html", b"here"), ("large", &pattern(8 << 20))]);
    let flags = ["--head-timeout", "3600", "--body-timeout", "3600", "--write-timeout", "3600"];
    let (program, address) = Program::start(onepoll().arg(root.path()).args(flags).env("RUST_LOG", "error"));
    let mut visitor = Visitor::of(address);
    assert_eq!(visitor.get("/", "").text(), "here");
    let before = program.descriptors();
    let mut slow = slow_clients(address);
    let mut longest = Duration::ZERO;
    for _ in 0..10 {
        slow.iter_mut().for_each(|[head, ..]| head.write_all(b"a").unwrap());
        for _ in 0..20 {
            let asked = Instant::now();
            assert_eq!(Visitor::of(address).get("/", "").text(), "here");
            assert_eq!(visitor.get("/", "").text(), "here");
            longest = longest.max(asked.elapsed());
        }
    }
    eprintln!("of two requests the longest took {longest:?}");
    let (open, wanted) = (program.descriptors(), before + 3 * slow.len());
    assert!(open >= wanted, "{open} descriptors are open of {wanted}: some were sent off before");
}

#[test]
fn a_thousand_slow_clients_of_each_kind_are_sent_off_when_their_time_is_up() {
    let root = folder(&[("index.html", b"here"), ("large", &pattern(8 << 20))]);
    let flags = ["--head-timeout", "1", "--body-timeout", "1", "--write-timeout", "1"];
    let (program, address) = Program::start(onepoll().arg(root.path()).args(flags).env("RUST_LOG", "error"));
    let mut visitor = Visitor::of(address);
    assert_eq!(visitor.get("/", "").text(), "here");
    let before = program.descriptors();
    let mut slow = slow_clients(address);
    // More bytes of a head do not restart its clock.
    until("the answer to a head that goes on", || {
        slow.iter_mut().for_each(|[head, ..]| _ = head.write_all(b"a"));
        assert_eq!(visitor.get("/", "").text(), "here");
        let [last, ..] = slow.last().unwrap();
        last.set_nonblocking(true).unwrap();
        let seen = last.peek(&mut [0]);
        last.set_nonblocking(false).unwrap();
        seen.map_err(|error| error.to_string())
    });
    for three in &mut slow {
        assert_eq!(three.each_mut().map(status), [Some(408), Some(408), Some(200)]);
    }
    drop(slow);
    program.has_descriptors(before);
}

/// The beginning of a head.
fn slow_head(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(HEAD).unwrap();
    stream
}

/// The status of the answer that has come, if a reset by the server has not destroyed it.
fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut start = [0; 12];
    stream.read_exact(&mut start).ok()?;
    str::from_utf8(&start[9..]).unwrap().parse().ok()
}

/// The kernel keeps a limited number of connections that were not accepted. Clients beyond it connect later.
#[test]
fn an_accept_queue_that_overflows_loses_nobody() {
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) as usize;
    let bound = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let places = 4096.min(bound.trim().parse().unwrap());
    const BEYOND: usize = 100;
    if allowed < places + BEYOND + 200 {
        return eprintln!("skipped: {allowed} descriptors are too few to fill a queue of {places}");
    }
    let root = folder(&[("index.html", b"here")]);
    let (program, address) = Program::start(onepoll().arg(root.path()).env("RUST_LOG", "error"));
    program.stop();
    let before = overflows();
    let ask = move || {
        let mut client = connect(address);
        client.write_all(REQUEST).unwrap();
        client
    };
    let mut clients: Vec<_> = (0..=places).map(|_| ask()).collect();
    let beyond: Vec<_> = (0..BEYOND).map(|_| std::thread::spawn(ask)).collect();
    until(format_args!("more than {before} overflows"), || match overflows() {
        count if count == before => Err(count),
        _ => Ok(()),
    });
    program.signal(Signal::CONT);
    clients.extend(beyond.into_iter().map(|client| joined("a client that was kept out", client)));
    for client in &mut clients {
        assert_eq!(read_answer(client, "GET").text(), "here");
    }
}

/// How often the queue of any listener on this machine was full.
fn overflows() -> u64 {
    let table = fs::read_to_string("/proc/net/netstat").unwrap();
    let mut lines = table.lines().filter(|line| line.starts_with("TcpExt:")).map(str::split_whitespace);
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let found = names.zip(values).find(|(name, _)| *name == "ListenOverflows");
    found.unwrap().1.parse().unwrap()
}

// The disk and the clock.

#[test]
fn a_root_that_is_deleted_while_it_is_served_is_404_until_it_is_there_again() {
    let large = pattern(8 << 20);
    let outer = folder(&[("site/index.html", b"here"), ("site/large", &large)]);
    let root = outer.path().join("site");
    let (_program, address) = Program::start(onepoll().arg(&root));
    let mut visitor = Visitor::of(address);
    assert_eq!(visitor.get("/", "").text(), "here");
    let mut download = connect(address);
    download.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    download.read_exact(&mut [0; 9]).unwrap();
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(["/", "/large", "/sub/"].map(|path| visitor.get(path, "").status), [404; 3]);
    assert!(read_to_end(download).ends_with(&large[large.len() - 1000..]), "what is being sent is sent");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("index.html"), "again").unwrap();
    assert_eq!(visitor.get("/", "").text(), "again");
}

#[test]
fn a_root_that_is_unmounted_while_it_is_served_is_404_until_it_is_there_again() {
    let root = folder(&[("index.html", b"below")]);
    let mount = "mount -t tmpfs none \"$1\" && echo mounted >\"$1/index.html\"";
    let mut command = mounting(&format!(r#"{mount} && exec "$0" "$1""#));
    let (program, address) = match Program::try_to_start(command.arg(root.path())) {
        Ok(started) => started,
        Err(why) => return eprintln!("skipped: nothing can be mounted here: {why}"),
    };
    let mut visitor = Visitor::of(address);
    assert_eq!(visitor.get("/", "").text(), "mounted\n");
    program.mounts("umount --lazy \"$1\"", root.path());
    assert_eq!(visitor.get("/", "").text(), "below");
    fs::rename(root.path().join("index.html"), root.path().join("other")).unwrap();
    assert_eq!(visitor.get("/index.html", "").status, 404);
    program.mounts(mount, root.path());
    assert_eq!(visitor.get("/", "").text(), "mounted\n");
}

#[test]
fn a_file_system_below_the_root_can_be_unmounted_while_it_is_served() {
    let root = folder(&[("disk/file", b"below")]);
    let mount =
        "mount -t tmpfs none \"$1/disk\" && mkdir \"$1/disk/sub\" && echo mounted >\"$1/disk/sub/file\"";
    let mut command = mounting(&format!(r#"{mount} && exec "$0" "$1""#));
    let (program, address) = match Program::try_to_start(command.arg(root.path())) {
        Ok(started) => started,
        Err(why) => return eprintln!("skipped: nothing can be mounted here: {why}"),
    };
    let mut visitor = Visitor::of(address);
    assert_eq!(visitor.get_settled("/disk/sub/file", "").text(), "mounted\n");
    assert_eq!(visitor.get("/disk/sub/missing", "").status, 404);
    program.mounts("umount \"$1/disk\"", root.path());
    assert_eq!(visitor.get("/disk/sub/file", "").status, 404);
    assert_eq!(visitor.get("/disk/file", "").text(), "below");
}

/// The test cannot set the clock of the machine, so it sets the clock of the loop.
#[test]
fn a_clock_that_is_set_back_changes_dates_and_nothing_else() {
    const BACK: u64 = 3600;
    let root = folder(&[("index.html", b"here"), ("slow", b"")]);
    let (epoll, address) = listen();
    let back = Arc::new(AtomicU64::new(0));
    let limits = Limits { head_timeout: Duration::from_secs(1), ..Limits::default() };
    start(reactor(Observed::new(epoll, Late(back.clone())), root.path(), limits));
    let mut visitor = Visitor::of(address);
    let date = |visitor: &mut Visitor| {
        let answer = visitor.get("/", "");
        assert_eq!(answer.text(), "here");
        let modified = answer.field("last-modified").map(|date| httpdate::parse_http_date(date).unwrap());
        let date = httpdate::parse_http_date(answer.field("date").unwrap()).unwrap();
        assert!(modified.is_none_or(|modified| modified <= date), "RFC 9110 §8.8.2.1: {}", answer.head);
        date
    };
    let before = date(&mut visitor);
    let mut slow = connect(address);
    slow.write_all(&REQUEST[..10]).unwrap();
    // A later request is answered later, when the clock of the slow head runs. And the file is cached, with its date.
    visitor.get_settled("/", "");
    back.store(BACK, Ordering::SeqCst);
    let after = date(&mut visitor);
    assert!(after < before, "{after:?} is after {before:?}");
    // Timeouts are measured by a clock that no user can set; by the clock on the wall they would last an hour longer.
    assert_eq!(read_answer(&mut slow, "GET").status, 408);
    // A change is seen, though its date is now in the future.
    fs::write(root.path().join("index.html"), "new").unwrap();
    assert_eq!(visitor.get("/", "").text(), "new");
    fs::write(root.path().join("index.html"), "two").unwrap();
    assert_eq!(visitor.get("/", "").text(), "two");
    back.store(0, Ordering::SeqCst);
    assert_eq!(visitor.get("/", "").text(), "two");
}

/// A clock that is so many seconds behind.
#[derive(Clone)]
struct Late(Arc<AtomicU64>);

impl Observer for Late {
    fn wall(&self, wall: SystemTime) -> SystemTime {
        wall - Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}
