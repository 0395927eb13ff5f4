//! Whether the machine did other work while a server was measured. The rule is that of docs/speed.md, "When a
//! difference counts"; `benches/peers/judge.py` keeps the same one.

use crate::meters;
use serde::{Deserialize, Serialize};
use std::fs;
use std::time::Instant;

/// A round beside more work of other processes than this share of all cores is made again.
pub const OTHER_MAX: f64 = 0.03;

/// The same for time that the host of a virtual machine took.
pub const STEAL_MAX: f64 = 0.01;

/// No more rounds are made than this times as many as were asked for, however busy the machine is.
pub const ATTEMPTS: usize = 3;

/// What happened beside a round: shares of the time of all cores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// Used by processes that are neither server nor load nor lab.
    pub other: f64,
    /// Taken by the host of a virtual machine.
    pub steal: f64,
}

impl Beside {
    pub fn is_quiet(self) -> bool {
        self.other <= OTHER_MAX && self.steal <= STEAL_MAX
    }

    pub fn sum(self) -> f64 {
        self.other + self.steal
    }
}

/// The rounds that count: of each, what happened beside it. They are the `asked` quietest, by their place. What a round
/// showed plays no part. Rounds of which nothing is known come last.
pub fn counted(beside: &[Option<Beside>], asked: usize) -> Vec<usize> {
    let mut places: Vec<_> = (0..beside.len()).collect();
    let noise = |place: usize| beside[place].map_or(f64::INFINITY, Beside::sum);
    places.sort_by(|one, other| noise(*one).total_cmp(&noise(*other)));
    places.truncate(asked);
    places
}

/// Whether a server needs one more round, if `quiet` of its `made` rounds were quiet.
pub fn needs_one_more(made: usize, quiet: usize, asked: usize) -> bool {
    quiet < asked && made < ATTEMPTS * asked
}

/// Looks at the machine while a round is made.
pub struct Watch {
    begin: Instant,
    machine: Option<Machine>,
    own: f64,
}

/// Seconds since the machine began, of all cores together.
#[derive(Clone, Copy)]
struct Machine {
    processes: f64,
    steal: f64,
}

impl Watch {
    pub fn begin() -> Watch {
        Watch { begin: Instant::now(), machine: machine(), own: own() }
    }

    /// What happened beside the round, of which `processes` are all that this process has started since then. They
    /// still run. `None` where proc_stat(5) is missing.
    pub fn end(&self, processes: &[u32]) -> Option<Beside> {
        let (then, now) = (self.machine?, machine()?);
        let theirs: f64 = processes.iter().map(|process| meters::processor_seconds(*process)).sum();
        let own = theirs + own() - self.own;
        let capacity = self.begin.elapsed().as_secs_f64() * cores()? as f64;
        let other = (now.processes - then.processes - own).max(0.0);
        Some(Beside { other: other / capacity, steal: (now.steal - then.steal) / capacity })
    }
}

/// Seconds of processor time of this process.
fn own() -> f64 {
    let used = meters::own();
    (used.user_us + used.system_us) / 1e6
}

/// The first line of proc_stat(5), in steps of ten milliseconds. The time in which the kernel answers interrupts is no
/// process's. On loopback it is spent on the packets of the round.
fn machine() -> Option<Machine> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<f64> =
        stat.lines().next()?.split_whitespace().skip(1).filter_map(|it| it.parse().ok()).collect();
    let [user, nice, system, _idle, _waiting, _interrupts, _soft, steal, ..] = fields[..] else {
        return None;
    };
    Some(Machine { processes: (user + nice + system) / 100.0, steal: steal / 100.0 })
}

/// All cores of the machine, whether this process may use them or not.
pub fn cores() -> Option<usize> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let is_core = |line: &&str| line.starts_with("cpu") && !line.starts_with("cpu ");
    Some(stat.lines().filter(is_core).count())
}
