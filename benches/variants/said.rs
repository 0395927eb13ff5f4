//! What a command prints, and the figure in what wrk prints.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a command prints. It is ended after `limit`, and on every other way out of here.
pub fn said_within(mut command: Command, limit: Duration) -> io::Result<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Ended(command.spawn()?);
    let begin = Instant::now();
    let status = loop {
        match child.0.try_wait()? {
            Some(status) => break status,
            None if begin.elapsed() >= limit => {
                return Err(io::Error::other(format!(
                    "{:?} did not end in {limit:?}",
                    command.get_program()
                )));
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut said = String::new();
    child.0.stdout.take().expect("it is piped").read_to_string(&mut said)?;
    match status.success() {
        true => Ok(said),
        false => Err(io::Error::other(format!("{:?} ended with {status}", command.get_program()))),
    }
}

/// A child that is ended when this is dropped.
struct Ended(Child);

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
