//! If the reader of the log is slow or gone, the server goes on, and says how many lines it lost.

mod support;

use rustix::process::Signal;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use support::patience::{joined, until};
use support::program::{PATH, Program, mounting, onepoll, prepared};
use support::terminal::terminal;
use support::visitor::Visitor;
use support::{PATIENCE, folder};

/// Requests whose lines are more than any pipe, socket or terminal can hold.
const MANY: usize = 10_000;

/// Longer than lines are buffered.
const A_WHILE: Duration = Duration::from_millis(50);

/// The text after the number of lost lines.
const LOST: &str = " lines of this log are lost";

/// Sends `count` requests, each of which is a line in the log, and reads the answers.
fn ask_many(address: SocketAddr, count: usize) {
    let mut visitor = Visitor::of(address);
    for number in 0..count {
        visitor.send("HEAD", &format!("/{number}"), "");
        assert_eq!(visitor.read("HEAD").status, 404);
    }
}

#[test]
fn a_log_that_nobody_reads_holds_up_nobody() {
    let root = folder(&[]);
    let (screen, theirs) = terminal();
    for (name, ours, theirs) in [pipe(), socket(), ("a terminal", screen, theirs)] {
        let (program, address) =
            Program::start(onepoll().arg(root.path()).args(["--log", "combined"]).stderr(theirs));
        ask_many(address, MANY);
        // Now the log is read. If nothing comes for a while, one more request makes a line, and before it comes the
        // count of lost lines.
        let lines = lines(ours);
        let (mut asked, mut known, mut lost) = (MANY, 0, 0);
        let began = Instant::now();
        while known + lost != asked {
            assert!(began.elapsed() < PATIENCE, "{name}: {known} lines came and {lost} are lost of {asked}");
            match lines.recv_timeout(A_WHILE) {
                Ok(line) => match count_of_lost(&line) {
                    Some(count) => lost += count,
                    None => {
                        assert!(is_whole(&line), "{name}: {line:?}");
                        known += 1;
                    }
                },
                Err(_) => {
                    ask_many(address, 1);
                    asked += 1;
                }
            }
        }
        assert!(lost > 0 && known > 0, "{name}: {lost} of {asked}");
        program.signal(Signal::TERM);
        assert_eq!(program.end().0.code(), Some(0), "{name}");
    }
}

#[test]
fn a_reader_may_leave_after_the_first_line() {
    let root = folder(&[]);
    let (_, ours, theirs) = pipe();
    let (program, address) = Program::start(onepoll().arg(root.path()).stderr(theirs));
    ask_many(address, 1);
    let read_and_leave = move || BufReader::new(ours).lines().next().unwrap().unwrap();
    let first = joined("a reader of one line", std::thread::spawn(read_and_leave));
    assert!(first.contains("HEAD /0 "), "{first}");
    ask_many(address, MANY);
    program.signal(Signal::TERM);
    assert_eq!(program.end().0.code(), Some(0));
}

#[test]
fn a_log_in_a_file_has_every_line_behind_what_was_there() {
    let root = folder(&[]);
    let log = root.path().join("log");
    fs::write(&log, "before\n").unwrap();
    // Opened as by a shell, with a position that all writers share.
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"exec 2>"$1"; echo first >&2; exec "$0" "$2""#, PATH]).arg(&log).arg(root.path());
    let (program, address) = Program::start(&mut prepared(shell));
    ask_many(address, MANY);
    program.signal(Signal::TERM);
    assert_eq!(program.end().0.code(), Some(0));
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(log.lines().next(), Some("first"));
    let mut asked = log.lines().filter_map(|line| line.split_once("HEAD /")?.1.split_once(' '));
    assert!((0..MANY).all(|number| asked.next().unwrap().0 == number.to_string()));
    assert!(!log.contains(LOST) && log.ends_with('\n'));
}

/// A regular file may take a part of a line, which must be finished when there is room again.
#[test]
fn a_log_on_a_full_disk_loses_lines_and_counts_them() {
    let (root, disk) = (folder(&[]), folder(&[]));
    let script = r#"mount -t tmpfs -o size=256k none "$2" && head -c 131000 /dev/zero >"$2/other" || exit 1
        exec "$0" "$1" 2>>"$2/log""#;
    let (program, address) = match Program::try_to_start(mounting(script).args([root.path(), disk.path()])) {
        Ok(started) => started,
        Err(why) => return eprintln!("skipped: nothing can be mounted here: {why}"),
    };
    ask_many(address, MANY);
    fs::remove_file(program.sees(&disk.path().join("other"))).unwrap();
    let (mut asked, mut began) = (MANY, Instant::now());
    let log = until("a line for every request, or its count", || {
        // If the numbers do not add up for a while, one more request makes a line, and before it comes the count of
        // lost lines.
        if asked == MANY || began.elapsed() > A_WHILE {
            ask_many(address, 1);
            (asked, began) = (asked + 1, Instant::now());
        }
        let log = fs::read_to_string(program.sees(&disk.path().join("log"))).unwrap();
        let lost: usize = log.lines().filter_map(count_of_lost).sum();
        let known = log.lines().filter(|line| is_whole(line)).count();
        match known + lost == asked && lost > 0 {
            true => Ok(log),
            false => Err(format!("{known} lines and {lost} that are lost of {asked}")),
        }
    });
    let is_in_order = log.lines().all(|line| is_whole(line) || count_of_lost(line).is_some());
    assert!(is_in_order, "{log}");
    program.signal(Signal::TERM);
    assert_eq!(program.end().0.code(), Some(0));
}

/// The number of lost lines, if the line says this.
fn count_of_lost(line: &str) -> Option<usize> {
    line.strip_prefix("onepoll: ")?.split_once(LOST)?.0.parse().ok()
}

/// Whether the line is about one request of [`ask_many`].
fn is_whole(line: &str) -> bool {
    line.starts_with("127.0.0.1 - - [") && line.ends_with(r#"" 404 - "-" "-""#)
}

/// Reads to the end. At the end of a terminal, reading gives an error.
fn lines(ours: File) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(ours).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8(line).unwrap().trim_end().to_owned()).is_err() {
                return;
            }
        }
    });
    lines
}

/// A kind of file, our end of it, and the end of the program.
type Ends = (&'static str, File, Stdio);

fn pipe() -> Ends {
    let (reader, writer) = std::io::pipe().unwrap();
    ("a pipe", OwnedFd::from(reader).into(), writer.into())
}

/// As from a service manager: a socket, which cannot be opened by its name.
fn socket() -> Ends {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ("a socket", OwnedFd::from(ours).into(), OwnedFd::from(theirs).into())
}
