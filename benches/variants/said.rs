//! Processes with a time limit: what a command prints, and the figures in what wrk prints.

use crate::meters;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// What a command prints that ends well. It is ended after `limit`.
pub fn said_within(command: Command, limit: Duration) -> io::Result<String> {
    let program = command.get_program().to_owned();
    match ended_within(command, limit)? {
        (status, said) if status.success() => Ok(said),
        (status, _) => Err(io::Error::other(format!("{program:?} ended with {status}"))),
    }
}

/// How a command ends, and what it prints. It is ended after `limit`, and on every other way out of here.
pub fn ended_within(mut command: Command, limit: Duration) -> io::Result<(ExitStatus, String)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Ended(command.spawn()?);
    within(limit, &[child.0.id()], || {
        let mut said = String::new();
        child.0.stdout.take().expect("it is piped").read_to_string(&mut said)?;
        Ok((child.0.wait()?, said))
    })
    .map_err(|error| io::Error::other(format!("{:?}: {error}", command.get_program())))
}

/// Does something that waits for processes, which are ended after `limit`, so that the wait comes to an end.
pub fn within<T>(limit: Duration, processes: &[u32], wait: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        let watch = scope.spawn(move || {
            let is_late = is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if is_late {
                processes.iter().for_each(|process| end_family(*process));
            }
            is_late
        });
        let result = wait();
        drop(done);
        match watch.join() {
            Ok(true) => Err(io::Error::other(format!("it did not end in {limit:?}"))),
            _ => result,
        }
    })
}

/// Ends a process and all that it has started. A parent comes before its children, or it would start others in their place.
pub fn end_family(process: u32) {
    meters::family(process).into_iter().for_each(end);
}

/// Ends a process at once.
fn end(process: u32) {
    if let Some(process) = Pid::from_raw(process as i32) {
        let _ = kill_process(process, Signal::KILL);
    }
}

/// A child that is ended when this is dropped.
pub struct Ended(pub Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// For how many seconds wrk asked, as it prints them: `100 requests in 1.01s, 1.2MB read`.
pub fn read_seconds(said: &str) -> io::Result<f64> {
    let seconds = said.lines().find_map(|line| {
        let time = line.split_once(" requests in ")?.1.split_once(',')?.0;
        let milliseconds = time.strip_suffix("ms").map(|it| it.parse().map(|it: f64| it / 1e3));
        milliseconds.or_else(|| time.strip_suffix('s').map(str::parse))?.ok()
    });
    seconds.ok_or_else(|| io::Error::other("wrk printed no time"))
}

/// Reads what wrk prints. Answers with another status, or none, make its figure one of something else.
pub fn read_rate(said: &str) -> io::Result<f64> {
    let value = |name: &str| said.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    if let Some(count) = value("Non-2xx or 3xx responses:") {
        return Err(io::Error::other(format!("{count} answers had another status")));
    }
    if let Some(errors) = value("Socket errors:") {
        return Err(io::Error::other(format!("socket errors: {errors}")));
    }
    let rate = value("Requests/sec:").and_then(|rate| rate.parse().ok());
    rate.ok_or_else(|| io::Error::other("wrk printed no Requests/sec"))
}
