//! The forms of the log, as a person sees them on a terminal and as programs read them: what each line looks like, and which
//! lines there are.

mod support;

use rustix::process::Signal;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{SystemTime, UNIX_EPOCH};
use support::patience::PATIENCE;
use support::program::{Program, onepoll};
use support::terminal::{terminal, widen};
use support::visitor::Visitor;
use support::{ask, folder};

/// A program whose stderr is a terminal, and the lines that come there.
struct Screen {
    program: Program,
    address: SocketAddr,
    ours: File,
    lines: Receiver<String>,
}

impl Screen {
    fn of(columns: u16, root: &Path, flags: &[&str], environment: &[(&str, &str)]) -> Screen {
        let (ours, theirs) = terminal();
        widen(&ours, columns);
        let mut command = onepoll();
        command.arg(root).args(flags).envs(environment.iter().copied()).stderr(theirs);
        let (program, address) = Program::start(&mut command);
        drop(command);
        let (sender, lines) = channel();
        let reader = BufReader::new(ours.try_clone().unwrap());
        std::thread::spawn(move || {
            for line in reader.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8(line).expect("the log is UTF-8");
                if sender.send(line.trim_end_matches('\r').to_owned()).is_err() {
                    return;
                }
            }
        });
        Screen { program, address, ours, lines }
    }

    /// The next line, without its colours.
    fn line(&self) -> String {
        without_colours(&self.raw_line())
    }

    fn raw_line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("another line in the log")
    }
}

/// What is left without sequences such as `ESC [ 31 m`.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |line, part| {
        let (colour, text) = part.split_once('m').expect("the end of a colour");
        assert!(colour.bytes().all(|byte| byte.is_ascii_digit()), "{part:?} is a colour");
        line + text
    })
}

/// Where a line has its status: the target before it has no space.
fn place_of_status(line: &str) -> usize {
    let status = line.split_whitespace().nth(3).unwrap_or_else(|| panic!("{line:?} has a status"));
    line[..line.rfind(&format!(" {status} ")).unwrap() + 1].chars().count()
}

/// The words of a line: time, method, target, status, size and its unit, time and its unit.
fn words(line: &str) -> Vec<&str> {
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words.len(), 8, "{line:?}");
    assert!(is_clock(words[0]), "{line:?}");
    assert!(words[6].parse::<f64>().is_ok() && words[7] == "ms", "{line:?}");
    words
}

fn is_clock(word: &str) -> bool {
    let parts: Vec<_> = word.split(':').collect();
    parts.len() == 3
        && parts.iter().all(|part| part.len() == 2 && part.parse::<u8>().is_ok_and(|part| part < 60))
}

#[test]
fn a_terminal_shows_one_short_line_for_each_request() {
    let root = folder(&[("app.js", &[b'x'; 1229]), ("folder/index.html", b"x")]);
    let screen = Screen::of(80, root.path(), &[], &[]);
    let mut visitor = Visitor::of(screen.address);
    let long = format!("/{}.js", "long".repeat(50));
    let mut places = Vec::new();
    for (method, target, status, size, shown) in [
        ("GET", "/app.js", "200", ["1.2", "KiB"], "/app.js"),
        ("HEAD", "/app.js", "200", ["0", "B"], "/app.js"),
        ("GET", &long, "404", ["", ""], "/longlonglonglonglongl…onglonglonglonglong.js"),
    ] {
        visitor.ask(method, target, "Accept-Encoding: identity");
        let line = screen.line();
        let words = words(&line);
        assert_eq!(words[1..4], [method, shown, status], "{line:?}");
        assert!(size == ["", ""] || words[4..6] == size, "{line:?}");
        assert_eq!(line.chars().count(), 80, "{line:?}");
        places.push(place_of_status(&line));
    }
    assert!(places.iter().all(|place| *place == places[0]), "the status stands in one column: {places:?}");

    // The terminal is made narrower and wider while the program runs.
    for (columns, room) in [(60, 60), (200, 200), (40, 40), (0, usize::MAX), (80, 80)] {
        widen(&screen.ours, columns);
        visitor.ask("GET", &long, "");
        let line = screen.line();
        let words = words(&line);
        assert_eq!((words[1], words[3]), ("GET", "404"), "{line:?}");
        assert!(line.chars().count() <= room, "{line:?} in {columns} columns");
        assert!(columns != 0 || words[2] == long, "{line:?} is not cut where the width is not known");
    }
    // Where there is no room for all parts, the status stays.
    for (columns, has_size) in [(39, true), (30, false), (12, false)] {
        widen(&screen.ours, columns);
        visitor.ask("GET", &long, "");
        let line = screen.line();
        let parts: Vec<_> = line.split_whitespace().collect();
        assert_eq!((parts[0], parts[2]), ("GET", "404"), "{line:?}");
        assert!(line.chars().count() <= columns.into(), "{line:?} in {columns} columns");
        assert_eq!(line.ends_with(" ms"), has_size, "{line:?}");
    }
    screen.program.signal(Signal::TERM);
    assert_eq!(screen.program.end().0.code(), Some(0));
}

#[test]
fn records_on_a_terminal_look_like_the_lines_beside_them() {
    let root = folder(&[(".hidden", b"x")]);
    let screen = Screen::of(80, root.path(), &["-v"], &[]);
    ask(screen.address, b"GET /.hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let levels = ["debug ", "info  "];
    loop {
        let line = screen.line();
        let (clock, text) = line.split_at("12:34:56".len());
        assert!(is_clock(clock), "{line:?}");
        if text.starts_with(" GET /.hidden ") {
            break;
        }
        assert!(levels.iter().any(|level| text[1..].starts_with(level)), "{line:?}");
    }
}

#[test]
fn colours_stay_away_where_they_are_not_wanted() {
    let root = folder(&[("page.txt", b"x")]);
    for (environment, has_colours) in [
        (&[][..], true),
        (&[("TERM", "xterm"), ("NO_COLOR", "")], true),
        (&[("NO_COLOR", "1")], false),
        (&[("TERM", "dumb")], false),
    ] {
        let screen = Screen::of(80, root.path(), &[], environment);
        let mut visitor = Visitor::of(screen.address);
        for target in ["/page.txt", "/nothing"] {
            visitor.get(target, "");
            let line = screen.raw_line();
            assert_eq!(line.contains('\x1b'), has_colours, "{environment:?}: {line:?}");
        }
    }
    let (program, address) = Program::start(onepoll().arg(root.path()).args(["--log", "short"]));
    Visitor::of(address).get("/page.txt", "");
    let line = program.told("/page.txt");
    let (clock, rest) = line.split_at("12:34:56".len());
    assert!(
        is_clock(clock) && rest.starts_with(" GET /page.txt 200 1 B ") && rest.ends_with(" ms"),
        "{line:?}"
    );
}

/// What clients may send, and the status of the answer.
fn hostile() -> Vec<(Vec<u8>, u16)> {
    let all: Vec<u8> = (0..=u8::MAX).filter(|byte| !b" \r\n".contains(byte)).collect();
    let with = |before: &str, after: &str| [before.as_bytes(), &all, after.as_bytes()].concat();
    vec![
        (with("GET /", " HTTP/1.1\r\nHost: a\r\n\r\n"), 400),
        (with("", " / HTTP/1.1\r\nHost: a\r\n\r\n"), 400),
        (b"\x1b[2J\x1b]0;title\x07\r\n\r\n".to_vec(), 400),
        (b"\x16\x03\x01\x02".to_vec(), 400),
        (b"GET /\xc2\x9b31m\xe2\x80\xae HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), 400),
        (
            [
                b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \"\\\x80\xff\xf0\x9f\x98\x80".as_slice(),
                b"\r\nReferer: \xc3\r\nConnection: close\r\n\r\n",
            ]
            .concat(),
            200,
        ),
        ([b"GET /".as_slice(), &[b'a'; 9000], b" HTTP/1.1\r\n\r\n"].concat(), 414),
        (
            [[b'A'; 100].as_slice(), b" / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"].concat(),
            501,
        ),
    ]
}

#[test]
fn nothing_that_a_client_sends_reaches_a_terminal_raw() {
    let root = folder(&[]);
    let screen = Screen::of(80, root.path(), &["-q", "--log", "short"], &[("RUST_LOG", "off,access=info")]);
    for (sent, status) in hostile() {
        ask(screen.address, &sent);
        let line = screen.line();
        assert!(line.chars().all(|char| matches!(char, ' '..='~' | '…')), "{line:?}");
        assert_eq!(line.chars().count(), 80, "{line:?}");
        assert!(line.contains(&format!(" {status} ")), "{line:?} for {status}");
    }
}

#[test]
fn every_line_in_json_is_an_object_with_the_same_members() {
    let root = folder(&[]);
    let flags = ["--log", "json", "-vv", "--follow-links"];
    let (program, address) = Program::start(onepoll().arg(root.path()).args(flags));
    for (sent, _) in hostile() {
        ask(address, &sent);
    }
    let whole = "GET http://a.localhost:80/a?b HTTP/1.1\r\nHost: a.localhost\r\nUser-Agent: curl \"8\"\r\n\
        Referer: http://b/\r\nConnection: close\r\n\r\n";
    ask(address, whole.as_bytes());
    program.signal(Signal::TERM);
    let (status, log) = program.end();
    assert_eq!(status.code(), Some(0));
    let lines = log.lines().map(|line| {
        assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line:?}");
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    });
    let (requests, records): (Vec<_>, Vec<_>) = lines.partition(|line| line.get("status").is_some());
    let members = "address agent bytes host method milliseconds referer status target time user";
    for request in &requests {
        let mut names: Vec<_> = request.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names.join(" "), members);
        assert!(request["milliseconds"].is_f64() && request["user"].is_null(), "{request}");
        assert!(request["time"].as_str().unwrap().ends_with('Z'), "{request}");
    }
    let statuses: Vec<_> =
        requests.iter().map(|request| request["status"].as_u64().unwrap() as u16).collect();
    let expected: Vec<_> = hostile().iter().map(|(_, status)| *status).chain([404]).collect();
    assert_eq!(statuses, expected);
    let last = requests.last().unwrap();
    for (name, value) in [
        ("address", "127.0.0.1"),
        ("method", "GET"),
        ("target", "http://a.localhost:80/a?b"),
        ("referer", "http://b/"),
        ("agent", "curl \"8\""),
        ("host", "a.localhost"),
    ] {
        assert_eq!(last[name], value, "{last}");
    }
    assert_eq!(requests[5]["agent"], "\"\\\u{fffd}\u{fffd}😀");
    assert!(records.iter().all(|record| record["time"].is_string() && record["message"].is_string()));
    let levels: Vec<_> = records.iter().map(|record| record["level"].as_str().unwrap()).collect();
    assert!(["warn", "info", "debug", "trace"].iter().all(|level| levels.contains(level)), "{levels:?}");
    assert!(records[0]["message"].as_str().unwrap().contains("--follow-links"), "{}", records[0]);
}

/// What the program writes on stderr for one request that is found and one notice, with these flags and this environment.
fn told(flags: &[&str], rust_log: Option<&[u8]>) -> String {
    let root = folder(&[("page.txt", b"x"), (".hidden", b"x")]);
    let mut command = onepoll();
    command.arg(root.path()).args(flags);
    if let Some(value) = rust_log {
        command.env("RUST_LOG", OsStr::from_bytes(value));
    }
    let (program, address) = Program::start(&mut command);
    let mut visitor = Visitor::of(address);
    visitor.get("/page.txt", "");
    visitor.get("/.hidden", "");
    program.signal(Signal::TERM);
    let (status, log) = program.end();
    assert_eq!(status.code(), Some(0), "{log}");
    log
}

#[test]
fn flags_and_rust_log_say_what_is_logged() {
    let off = |value: &str| format!("onepoll: the log is off: RUST_LOG={value}\n");
    for (flags, rust_log, has_requests, has_notices, has_stories, first) in [
        (&[][..], None, true, true, false, None),
        (&["-q"], None, false, false, false, None),
        (&["-v"], None, true, true, true, None),
        (&["--log", "off"], None, false, true, false, None),
        (&["--log", "off", "-v"], None, false, true, true, None),
        (&["-q", "--log", "json"], None, false, false, false, None),
        (&[], Some("onepoll=debug"), true, true, true, None),
        (&["-q"], Some("debug"), true, true, true, None),
        (&["-v"], Some("info"), true, true, false, None),
        (&[], Some("error"), false, false, false, Some(off("error"))),
        (&["-v"], Some("warn,hyper=trace"), false, false, false, Some(off("warn,hyper=trace"))),
        (&["-q"], Some("error"), false, false, false, None),
        (&["--log", "off"], Some("error"), false, false, false, None),
        (&[], Some("hyper=debug"), true, true, false, None),
        (&[], Some("access=off"), false, true, false, None),
        (&[], Some(""), true, true, false, None),
        (
            &[],
            Some("onepoll=loud"),
            true,
            true,
            false,
            Some("onepoll: RUST_LOG=onepoll=loud makes no sense and is ignored; levels are off, error, warn, info, debug and trace\n".into()),
        ),
    ] {
        let log = told(flags, rust_log.map(str::as_bytes));
        let got = (
            log.contains("/page.txt HTTP/1.1\" 200 1 "),
            log.contains("--hidden"),
            log.contains("answered with 200 OK"),
        );
        assert_eq!(got, (has_requests, has_notices, has_stories), "{flags:?} {rust_log:?}: {log}");
        let begin = first.as_deref().unwrap_or_default();
        assert!(log.starts_with(begin), "{flags:?} {rust_log:?}: {log}");
        assert_eq!(log.contains("onepoll: "), first.is_some(), "{flags:?} {rust_log:?}: {log}");
        assert!(!log.contains("invalid logging spec"), "{log}");
    }
    let log = told(&[], Some(b"\xff\x1b[31m"));
    assert!(log.starts_with(r"onepoll: RUST_LOG=\xFF\x1B[31m makes no sense"), "{log}");
    let log = told(&["--log", "json"], Some(b"error"));
    let only: Value = serde_json::from_str(&log).unwrap_or_else(|error| panic!("{error}: {log}"));
    assert_eq!(
        (&only["level"], &only["message"]),
        (&"warn".into(), &"the log is off: RUST_LOG=error".into())
    );
}

#[test]
fn less_and_more_of_the_log_do_not_go_together() {
    for (flags, environment, expected) in [
        (&["-q", "-v"][..], None, "--quiet and --verbose do not go together"),
        (&["-q"], Some(("ONEPOLL_VERBOSE", "2")), "--quiet and --verbose (from ONEPOLL_VERBOSE) do not"),
        (&["--log", "long"], None, "invalid value 'long' for --log: short, combined, json or off"),
        (&[], Some(("ONEPOLL_LOG", "x")), "ONEPOLL_LOG: invalid value 'x' for --log: short, combined"),
        (
            &[],
            Some(("ONEPOLL_VERBOSE", "x")),
            "ONEPOLL_VERBOSE: invalid value 'x' for --verbose: 0, 1 as for",
        ),
    ] {
        let program = Program::spawn(onepoll().args(flags).envs(environment));
        let (status, log) = program.end();
        assert_eq!((status.code(), log.lines().count()), (Some(2), 1), "{log}");
        assert!(log.contains(expected), "{log}");
    }
}

/// A file as zic(8) makes it, for a zone that has one rule for all times (RFC 9636 §3.1).
fn zone_file(rule: &str) -> Vec<u8> {
    let part = |version: u8| {
        let head = [b"TZif".as_slice(), &[version], &[0; 15]].concat();
        let counts = [0_u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat();
        [head, counts, vec![0; 6], b"UTC\0".to_vec()].concat()
    };
    [part(b'2'), part(b'2'), format!("\n{rule}\n").into_bytes()].concat()
}

/// The process has given up its right to read other files when the first request comes.
#[test]
fn times_are_those_of_the_user_though_the_process_is_contained() {
    let (root, zones) = (folder(&[("page.txt", b"x")]), folder(&[("Here", &zone_file("<+0717>-7:17"))]));
    let file = zones.path().join("Here").display().to_string();
    let folder_of_zones = zones.path().display().to_string();
    for (zone, tzdir, offset) in [
        (None, None, None),
        (Some(""), None, Some(0)),
        (Some("<-0330>3:30"), None, Some(-210)),
        (Some(file.as_str()), None, Some(437)),
        (Some(&*format!(":{file}")), None, Some(437)),
        (Some("Here"), Some(folder_of_zones.as_str()), Some(437)),
        (Some("Nowhere"), Some(folder_of_zones.as_str()), Some(0)),
    ] {
        let mut command = onepoll();
        command.arg(root.path()).args(["--log", "short"]).stderr(Stdio::piped());
        command.envs(zone.map(|zone| ("TZ", zone))).envs(tzdir.map(|folder| ("TZDIR", folder)));
        let (program, address) = Program::start(&mut command);
        let minutes = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 60 % 1440;
        let before = minutes();
        Visitor::of(address).get("/page.txt", "");
        let line = program.told("GET /page.txt");
        let parts: Vec<u64> = line[..8].split(':').map(|part| part.parse().unwrap()).collect();
        let shown = parts[0] * 60 + parts[1];
        if let Some(offset) = offset {
            let passed = (shown as i64 - before as i64 - offset).rem_euclid(1440);
            assert!(passed <= 2, "{zone:?}: {line} at minute {before}");
        }
        program.signal(Signal::TERM);
        let (_, log) = program.end();
        drop(log);
    }
    let (program, _) =
        Program::start(onepoll().arg(root.path()).args(["--log", "short"]).env("TZ", "Nowhere\x1b"));
    assert!(program.told("TZ=").contains(r"TZ=Nowhere\x1B is no time zone that is known here"));
}
