//! The program itself, as a process: started, listened to, signalled, and gone when its test is.

use super::patience::{PATIENCE, until};
use super::watch::watch;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Where the program is.
pub const PATH: &str = env!("CARGO_BIN_EXE_onepoll");

/// The program, in an environment that says nothing but that any free port will do.
pub fn onepoll() -> Command {
    prepared(Command::new(PATH))
}

/// The same for a command that leads to it.
pub fn prepared(mut command: Command) -> Command {
    command.env_clear().env("ONEPOLL_PORT", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A line of the log with every number as 0: numbers differ from run to run, and what is around them does not.
pub fn without_numbers(line: &str) -> String {
    let mut shown = String::new();
    for char in line.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match char.is_ascii_digit() {
            true if shown.ends_with('0') => {}
            true => shown.push('0'),
            false => shown.push(char),
        }
    }
    shown
}

/// Where mount and what goes with it is, also for users who have no use for it.
const TOOLS: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// A shell that runs `script` where it may mount what it likes, with the program as `$0` and what is added as `$1` and on:
/// in a view of the file systems of its own, as whoever starts a server may have one. Not every system allows it.
pub fn mounting(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, PATH]);
    let mut command = prepared(command);
    command.env("PATH", TOOLS);
    command
}

/// A running program. What it writes is read as it comes.
pub struct Program {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

impl Program {
    /// Runs `command`.
    pub fn spawn(command: &mut Command) -> Program {
        Program::of(command.spawn().unwrap())
    }

    /// What runs already.
    pub fn of(mut child: Child) -> Program {
        watch();
        let stdout = child.stdout.take().map_or_else(Lines::none, Lines::of);
        let stderr = child.stderr.take().map_or_else(Lines::none, Lines::of);
        Program { child, stdout, stderr }
    }

    /// Runs `command` and waits until it says where it serves.
    pub fn start(command: &mut Command) -> (Program, SocketAddr) {
        Program::try_to_start(command).unwrap_or_else(|why| panic!("it ended: {why}"))
    }

    /// The same for one that may not be able to; then, what it says of that.
    pub fn try_to_start(command: &mut Command) -> Result<(Program, SocketAddr), String> {
        let program = Program::of(command.spawn().map_err(|error| error.to_string())?);
        let Some(first) = program.stdout.next() else { return Err(program.end().1) };
        let address = first.strip_prefix("Server is running on http://").expect(&first);
        let address = address.parse().expect(&first);
        Ok((program, address))
    }

    /// The next line on stdout, or nothing once that is closed.
    pub fn said(&self) -> Option<String> {
        self.stdout.next()
    }

    /// Runs `script` in its view of the file systems, with `path` as `$1`.
    pub fn mounts(&self, script: &str, path: &Path) {
        let mut command = prepared(Command::new("nsenter"));
        command.args(["--target", &self.number(), "--user", "--preserve-credentials", "--mount"]);
        command.args(["sh", "-c", script, "sh"]).arg(path).env("PATH", TOOLS);
        let (status, error) = Program::spawn(&mut command).end();
        assert!(status.success(), "{script}: {error}");
    }

    /// Where it finds `path`, in its own view of the file systems.
    pub fn sees(&self, path: &Path) -> PathBuf {
        let path = path.strip_prefix("/").expect("a path from the root on");
        Path::new("/proc").join(self.number()).join("root").join(path)
    }

    /// Waits for a line on stderr that tells of `what`.
    pub fn told(&self, what: &str) -> String {
        self.stderr.find(&format!("a word of {what:?}"), |line| line.contains(what))
    }

    /// Sends `signal`.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Stops it (SIGSTOP) and waits until it stands still.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
        self.is_in("T");
    }

    /// Waits until it is in `state`: `S` asleep, `T` stopped.
    pub fn is_in(&self, state: &str) {
        until(format_args!("the program in state {state}"), || match self.stat() {
            stat if stat.starts_with(state) => Ok(()),
            stat => Err(stat),
        });
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Waits until it has so many open and no more.
    pub fn has_descriptors(&self, count: usize) {
        until(format_args!("{count} descriptors"), || match self.descriptors() {
            open if open <= count => Ok(()),
            open => Err(open),
        });
    }

    /// Waits until it has ended by itself: how, and what else it wrote on stderr.
    pub fn end(mut self) -> (ExitStatus, String) {
        let rest = self.stderr.rest();
        let status =
            until("the end of the program", || self.child.try_wait().unwrap().ok_or("that it still runs"));
        (status, rest)
    }

    /// Its number.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The same as text.
    pub fn number(&self) -> String {
        self.child.id().to_string()
    }

    /// Processor time it has used so far, in ticks of a hundredth of a second (proc_pid_stat(5), 14 and 15).
    pub fn ticks(&self) -> u64 {
        self.stat().split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// What the kernel says of it, from its state on (proc_pid_stat(5), 3).
    fn stat(&self) -> String {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, after_name) = stat.rsplit_once(") ").unwrap();
        after_name.to_owned()
    }

    /// Processor time it uses in a second of rest. The sleep is the measurement: what else the machine does takes none of
    /// this time, which is the program's own, and cannot add to it.
    pub fn ticks_in_a_second(&self) -> u64 {
        // On a busy machine it may have something to do still.
        self.is_in("S");
        let before = self.ticks();
        std::thread::sleep(Duration::from_secs(1));
        self.ticks() - before
    }

    /// The port it listens on, where it cannot say so: its sockets, looked up in the kernel's table.
    pub fn port(&self) -> u16 {
        let proc = format!("/proc/{}", self.child.id());
        let listens = |inode: &str| {
            let links = std::fs::read_dir(format!("{proc}/fd")).unwrap().flatten();
            let mut links = links.flat_map(|entry| std::fs::read_link(entry.path()));
            links.any(|link| link.to_str() == Some(&format!("socket:[{inode}]")))
        };
        until("a port on which the program listens", || {
            let table = std::fs::read_to_string(format!("{proc}/net/tcp")).unwrap();
            let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let row = rows.into_iter().find(|row| row[3] == "0A" && listens(row[9]));
            let port = |row: Vec<&str>| u16::from_str_radix(row[1].rsplit(':').next()?, 16).ok();
            row.and_then(port).ok_or("none of its own")
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // What is killed ends.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lines from a pipe that a thread of its own keeps empty.
pub struct Lines(Receiver<String>);

impl Lines {
    /// Reads `pipe` to its end.
    pub fn of(pipe: impl Read + Send + 'static) -> Lines {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                // What is not UTF-8 must not go unseen: it stays visible as U+FFFD.
                let text = String::from_utf8_lossy(&line);
                let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
                if sender.send(text).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Lines(lines)
    }

    fn none() -> Lines {
        Lines::of(std::io::empty())
    }

    /// The next one, or nothing at the end.
    pub fn next(&self) -> Option<String> {
        match self.0.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("waited {PATIENCE:?} for a line, and none came"),
        }
    }

    /// The next one that is `what`.
    pub fn find(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let (found, before) = self.take_until(what, is_it);
        found.unwrap_or_else(|| panic!("it ended without {what}, and saw {}", last_of(&before)))
    }

    /// All that come until the end.
    pub fn rest(&self) -> String {
        let (_, lines) = self.take_until("the end of all lines", |_| false);
        lines.into_iter().map(|line| line + "\n").collect()
    }

    /// The next one that is `what`, if there is one, and those before it. All of them together have one limit.
    fn take_until(&self, what: &str, is_it: impl Fn(&str) -> bool) -> (Option<String>, Vec<String>) {
        let limit = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            match self.0.recv_timeout(left) {
                Ok(line) if is_it(&line) => return (Some(line), before),
                Ok(line) if !left.is_zero() => before.push(line),
                Err(RecvTimeoutError::Disconnected) => return (None, before),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {
                    panic!("waited {PATIENCE:?} for {what}, and saw {}", last_of(&before))
                }
            }
        }
    }
}

/// How many lines these are, and the last of them.
fn last_of(lines: &[String]) -> String {
    let last = &lines[lines.len().saturating_sub(20)..];
    format!("{} lines, which end:\n{}", lines.len(), last.join("\n"))
}

/// A terminal: the side of its user, and the side of programs.
pub fn terminal() -> (File, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (ours.into(), theirs)
}

/// Runs a command that must succeed and say nothing on stderr. Gives what it printed on stdout.
pub fn printed(command: &mut Command) -> String {
    let program = Program::spawn(command);
    let text = std::iter::from_fn(|| program.said()).map(|line| line + "\n").collect();
    let (status, error) = program.end();
    assert_eq!((status.code(), error.as_str()), (Some(0), ""), "{command:?}");
    text
}
