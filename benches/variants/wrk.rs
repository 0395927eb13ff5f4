//! wrk beside the load generator, on the base point: requests a second of every server by both. So a reader sees how far
//! the load generator of the lab is to be trusted.

use crate::cores::{Cores, Division};
use crate::lab::Lab;
use crate::progress::Progress;
use crate::quiet::{self, Look, Watch};
use crate::results::{Wrk, WrkCell, has_one_thread, serves_in_one_thread};
use crate::running::Server;
use crate::said::{ended_within, read_rate, read_seconds, said_within, within};
use crate::scenarios::BASE;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What wrk is told: the base point. It counts whole seconds.
const FLAGS: [&str; 3] = ["-t1", "-c64", "-d1s"];
const TARGET: &str = "/1k.bin";

/// How long wrk may take in all.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first line that wrk prints of itself. `None` if it is not installed.
pub fn version() -> Option<String> {
    // It ends with a failure, since `-v` is not meant to be all.
    let mut command = Command::new("wrk");
    command.arg("-v");
    let (_, said) = ended_within(command, PATIENCE).ok()?;
    let line = said.lines().next()?;
    Some(line.split(" Copyright").next().unwrap_or(line).trim().to_owned())
}

/// The command line, for the report.
pub fn command(address: &str) -> String {
    format!("wrk {} http://{address}{TARGET}", FLAGS.join(" "))
}

/// The number of measurements on a quiet machine.
pub fn count(lab: &Lab) -> usize {
    lab.rounds * lab.servers.len()
}

/// Whether there is anything to lay beside it.
pub fn applies(lab: &Lab) -> bool {
    lab.scenarios.iter().any(|scenario| scenario.name == BASE)
}

/// Measures every server, by the same rule as the lab.
pub fn run(lab: &Lab, version: String, root: &Path, work: &Path, progress: &Progress) -> Wrk {
    let name = |server: &&Server| format!("wrk · {server}");
    let is_due = |server: &&Server, cells: &[WrkCell]| {
        let name = server.to_string();
        let made = cells.iter().filter(|cell| cell.server == name);
        let quiet = made.clone().filter(|cell| !cell.is_disturbed()).count();
        quiet::needs_one_more(made.count(), quiet, lab.rounds)
    };
    let measure = |round, server: &Server| cell(round, server, &lab.cores.divide(), root, work);
    let cells = lab.in_rounds(lab.servers.iter(), progress, name, is_due, measure);
    Wrk { command: command("ADDRESS"), version, cells }
}

fn cell(round: usize, server: &Server, division: &Division, root: &Path, work: &Path) -> WrkCell {
    let mut watch = Watch::begin();
    let (rate, busy, beside) = match measure(server, division, root, work, &mut watch) {
        Ok((rate, busy, beside)) => (Ok(rate), busy, beside),
        // The server and wrk have ended, so that their time is that of ended children.
        Err(error) => (Err(error.to_string()), 0.0, watch.end(None, None, division)),
    };
    WrkCell { server: server.to_string(), round, rate, busy, beside }
}

type Measured = (f64, f64, Option<quiet::Beside>);

fn measure(
    server: &Server,
    division: &Division,
    root: &Path,
    work: &Path,
    watch: &mut Watch,
) -> io::Result<Measured> {
    let name = server.to_string();
    let (is_single, waits_tell) = (has_one_thread(&name), serves_in_one_thread(&name));
    let mut server = server.start(root, work, division)?;
    let id = server.id();
    let (before, used) = (Look::now(Some(id), None), within(PATIENCE, &[id], || server.used())?);
    let (rate, seconds) = asked(server.address)?;
    let used = &within(PATIENCE, &[id], || server.used())? - &used;
    // wrk has ended, so its time is that of an ended child, which runs where the load otherwise runs.
    watch.add_loop(before, Look::now(Some(id), None), waits_tell);
    let beside = watch.end(Some(id), None, division);
    let cores = if is_single { 1 } else { Cores::count(&division.server) };
    // The server also worked while wrk connected and went, which is not in wrk's time.
    let busy = (used.user_us + used.system_us) / 1e6 / seconds / cores as f64;
    Ok((rate, busy.min(1.0), beside))
}

/// Requests a second that wrk counts, and for how many seconds. It inherits the cores of this thread, which are those of
/// the load.
fn asked(address: SocketAddr) -> io::Result<(f64, f64)> {
    let mut command = Command::new("wrk");
    command.args(FLAGS).arg(format!("http://{address}{TARGET}"));
    let said = said_within(command, PATIENCE)?;
    Ok((read_rate(&said)?, read_seconds(&said)?))
}
