//! Everything that can go wrong, at the same time, and for as long as the user wants: no resource may grow.
//!
//! ```console
//! $ ONEPOLL_SOAK=600 cargo test --release --test soak -- --ignored --nocapture
//! ```

mod support;

use rustix::process::Signal;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, PipeReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};
use support::misbehaviour::{HEAD, reset, slow_reader};
use support::patience::{joined, until};
use support::program::{Program, onepoll};
use support::service::get;
use support::visitor::{Visitor, gunzip};
use support::watch::takes_longer;
use support::{connect, folder, pattern};

/// How much more memory the program may have at the end than after the first fifth: pages that the allocator keeps.
const GROWTH_KIB_MAX: u64 = 4 << 10;

/// The limit of connections: more than this test opens, so that none is closed for a new one.
const PLACES: usize = 700;

/// Files that the program may keep open although no client reads them.
const FILES: usize = 4;

/// The number of slow clients of each kind at the same time.
const SLOW: usize = 100;

/// What the threads of the test share, until the time is over.
#[derive(Debug)]
struct Mess {
    address: SocketAddr,
    root: PathBuf,
    over: AtomicBool,
    answers: AtomicU64,
    resets: AtomicU64,
    slow: AtomicU64,
    changes: AtomicU64,
    lines: AtomicU64,
    bugs: AtomicU64,
}

#[test]
#[ignore = "takes as long as ONEPOLL_SOAK says, in seconds"]
fn nothing_grows() {
    let seconds =
        std::env::var("ONEPOLL_SOAK").map_or(30, |seconds| seconds.parse().expect("ONEPOLL_SOAK is seconds"));
    takes_longer(Duration::from_secs(seconds));
    let outer = folder(&[("site/index.html", b"here"), ("site/large", &pattern(8 << 20))]);
    let root = outer.path().join("site");
    fs::write(root.join("text.txt"), "text ".repeat(2000)).unwrap();
    let (program, address, log) = start(&root);
    let before = Look::at(&program, address);
    let mess = Arc::new(Mess {
        address,
        root,
        over: AtomicBool::new(false),
        answers: AtomicU64::new(0),
        resets: AtomicU64::new(0),
        slow: AtomicU64::new(0),
        changes: AtomicU64::new(0),
        lines: AtomicU64::new(0),
        bugs: AtomicU64::new(0),
    });
    let kinds: [fn(&Mess); 6] = [visit, visit, post, abandon, dawdle, change];
    let clients: Vec<JoinHandle<()>> = kinds.map(|kind| go_on(&mess, kind)).into();
    let reader = spawn({
        let mess = mess.clone();
        move || read_in_fits(log, &mess)
    });
    let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);

    let begin = Instant::now();
    let length = Duration::from_secs(seconds);
    let (mut settled, mut most, mut stops) = (before, before, 0);
    while begin.elapsed() < length {
        sleep(Duration::from_secs(1));
        assert!(clients.iter().all(|client| !client.is_finished()), "somebody was served badly");
        if begin.elapsed().as_secs().is_multiple_of(10) {
            program.stop();
            sleep(Duration::from_millis(100));
            program.signal(Signal::CONT);
            stops += 1;
        }
        let look = Look::at(&program, address);
        most = most.or_more(look);
        if begin.elapsed() < length / 5 {
            settled = most;
        }
        if begin.elapsed().as_secs().is_multiple_of(30) {
            println!("{:>5} s: {look:?}", begin.elapsed().as_secs());
        }
        assert!(look.memory_kib <= settled.memory_kib + GROWTH_KIB_MAX, "{settled:?} has become {look:?}");
        // Each connection has a socket and a file.
        assert!(look.descriptors <= before.descriptors + 2 * PLACES, "{before:?} has become {look:?}");
        assert!(look.slots <= PLACES, "places are not used again: {look:?}");
        assert_eq!((look.panics, count(&mess.bugs)), (0, 0), "a bug, as it says itself");
    }
    mess.over.store(true, Ordering::SeqCst);
    clients.into_iter().for_each(|client| joined("a client", client));
    // All clients have disconnected, or their connections have timed out.
    let after = until(format_args!("what there was before, {before:?}"), || {
        let look = Look::at(&program, address);
        let is_at_rest = look.open == 1 && look.descriptors <= before.descriptors + FILES;
        if is_at_rest { Ok(look) } else { Err(format!("{look:?}")) }
    });
    println!("{seconds} s, {stops} stops, {mess:?}");
    println!("before:  {before:?}\nsettled: {settled:?}\nmost:    {most:?}\nafter:   {after:?}");
    program.signal(Signal::TERM);
    assert_eq!(program.end().0.code(), Some(0));
    joined("the reader of the log", reader);
    assert_eq!((after.panics, count(&mess.bugs)), (0, 0), "a bug, as it says itself");
    println!("{} lines of log were read", count(&mess.lines));
}

/// The program with short timeouts, its address, and its log.
fn start(root: &Path) -> (Program, SocketAddr, PipeReader) {
    let (log, stderr) = std::io::pipe().unwrap();
    let flags = ["--head-timeout", "2", "--body-timeout", "2", "--write-timeout", "2", "--idle-timeout", "2"];
    let mut command = onepoll();
    command
        .arg(root)
        .args(flags)
        .args(["--max-connections", &PLACES.to_string(), "--inspect"])
        .stderr(stderr);
    let (program, address) = Program::start(&mut command);
    (program, address, log)
}

/// The resources of the program at a moment: by the kernel, and by the program's own metrics, which take a
/// connection.
#[derive(Clone, Copy, Debug)]
struct Look {
    memory_kib: u64,
    descriptors: usize,
    open: usize,
    /// The number of slots up to the last that is taken.
    slots: usize,
    panics: usize,
}

impl Look {
    fn at(program: &Program, address: SocketAddr) -> Look {
        let state: Value = serde_json::from_str(get(address, "/.onepoll/state.json").text()).unwrap();
        let keys =
            state["places"].as_array().unwrap().iter().map(|place| place[0].as_u64().unwrap() as usize);
        let metrics = get(address, "/.onepoll/metrics");
        let metric = |name| {
            let line = metrics.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap().parse().unwrap()
        };
        Look {
            memory_kib: memory_kib(program),
            descriptors: program.descriptors(),
            open: metric("onepoll_connections"),
            slots: keys.max().unwrap() + 1,
            panics: metric("onepoll_panics_total"),
        }
    }

    /// The larger of the two, for each resource.
    fn or_more(self, other: Look) -> Look {
        Look {
            memory_kib: self.memory_kib.max(other.memory_kib),
            descriptors: self.descriptors.max(other.descriptors),
            open: self.open.max(other.open),
            slots: self.slots.max(other.slots),
            panics: self.panics.max(other.panics),
        }
    }
}

/// Repeats an action, in a thread of its own.
fn go_on(mess: &Arc<Mess>, kind: fn(&Mess)) -> JoinHandle<()> {
    let mess = mess.clone();
    spawn(move || {
        while !mess.over.load(Ordering::SeqCst) {
            kind(&mess);
        }
    })
}

/// Asks for everything in the site on a keep-alive connection, and checks the answers.
fn visit(mess: &Mess) {
    let mut visitor = Visitor::of(mess.address);
    for _ in 0..20 {
        assert_eq!(visitor.get("/nowhere", "").status, 404);
        let index = visitor.get("/", "");
        assert!(matches!(index.status, 200 | 404), "{}", index.head);
        let text = visitor.get("/text.txt", "Accept-Encoding: gzip");
        if text.field("content-encoding") == Some("gzip") {
            assert!(gunzip(&text.body).starts_with(b"text text "));
        }
        let part = visitor.get("/large", "Range: bytes=251000-251250,1000000-1000001");
        assert!(matches!(part.status, 206 | 404), "{}", part.head);
        mess.answers.fetch_add(4, Ordering::SeqCst);
    }
    let large = visitor.get("/large", "");
    assert!(large.status == 404 || large.body == pattern(8 << 20), "{}", large.head);
    mess.answers.fetch_add(1, Ordering::SeqCst);
}

/// Sends many requests with bodies in one write, and bytes that are no request.
fn post(mess: &Mess) {
    let mut stream = connect(mess.address);
    let requests =
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            .repeat(50);
    stream.write_all(&requests).unwrap();
    for _ in 0..50 {
        assert_eq!(support::read_answer(&mut stream, "POST").status, 200);
    }
    stream.write_all(b"\x16\x03\x01 no HTTP\r\n\r\n").unwrap();
    assert_eq!(support::read_answer(&mut stream, "GET").status, 400);
    mess.answers.fetch_add(51, Ordering::SeqCst);
}

/// Resets the connection after more and more bytes of a transfer.
fn abandon(mess: &Mess) {
    let length = mess.resets.fetch_add(1, Ordering::SeqCst) * 7919 % (4 << 20);
    let mut client = connect(mess.address);
    client.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let _ = std::io::copy(&mut (&mut client).take(length), &mut std::io::sink());
    reset(client);
}

/// Heads that never end, bodies that stop, and readers that do not read, until their connections are closed.
fn dawdle(mess: &Mess) {
    let mut slow: Vec<TcpStream> = Vec::new();
    for _ in 0..SLOW {
        let [mut head, mut body] = [(); 2].map(|()| connect(mess.address));
        head.write_all(HEAD).unwrap();
        body.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1").unwrap();
        slow.extend([head, body, slow_reader(mess.address)]);
    }
    mess.slow.fetch_add(slow.len() as u64, Ordering::SeqCst);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(3) && !mess.over.load(Ordering::SeqCst) {
        slow.iter_mut().step_by(3).for_each(|head| _ = head.write(b"a"));
        sleep(Duration::from_millis(100));
    }
}

/// Changes the site: files are made, rewritten and deleted, and so is the root.
fn change(mess: &Mess) {
    let number = mess.changes.fetch_add(1, Ordering::SeqCst);
    let Mess { root, .. } = mess;
    fs::write(root.join("index.html"), format!("version {number}")).unwrap();
    File::create(root.join(format!("new-{}", number % 100))).unwrap();
    sleep(Duration::from_millis(20));
    let _ = fs::remove_file(root.join("index.html"));
    if number.is_multiple_of(50) {
        let old = root.with_extension(number.to_string());
        fs::rename(root, &old).unwrap();
        sleep(Duration::from_millis(20));
        fs::create_dir(root).unwrap();
        for name in ["large", "text.txt"] {
            fs::rename(old.join(name), root.join(name)).unwrap();
        }
        fs::remove_dir_all(old).unwrap();
    }
}

/// Reads the log for one second, and then does not read for two.
fn read_in_fits(log: impl Read, mess: &Mess) {
    let mut begin = Instant::now();
    for line in BufReader::new(log).split(b'\n').map(Result::unwrap) {
        mess.lines.fetch_add(1, Ordering::SeqCst);
        let line = String::from_utf8(line).unwrap();
        // The messages of std about a panic, and of the server.
        if line.contains(" ERROR ") {
            println!("{line}");
            mess.bugs.fetch_add(1, Ordering::SeqCst);
        }
        if begin.elapsed() > Duration::from_secs(1) && !mess.over.load(Ordering::SeqCst) {
            sleep(Duration::from_secs(2));
            begin = Instant::now();
        }
    }
}

/// Private memory in use (proc_pid_status(5), RssAnon).
fn memory_kib(program: &Program) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(program.number()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
