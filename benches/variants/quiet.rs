//! Whether the machine did other work while a server was measured. The rule is that of docs/speed.md, "When a
//! difference counts"; `benches/peers/judge.py` keeps the same one.

use crate::cores::{Cores, Division};
use crate::meters;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// A round beside more work of other processes than this share of all cores is made again.
pub const OTHER_MAX: f64 = 0.03;

/// A round of which the host of a virtual machine took more than this share of all cores is made again.
pub const STEAL_MAX: f64 = 0.01;

/// No more rounds are made than this times as many as were asked for, however busy the machine is.
pub const ATTEMPTS: usize = 3;

/// A round is made again where other work and the host took more than this share of the cores of the server, or of the
/// load, in one of the two loops. A short burst is lost in a whole round. What is less than this must not make two
/// servers differ that are level.
pub const CORE_MAX: f64 = 0.02;

/// A round is made again where the load, or a server of one thread, waited for its core for a larger share of a loop.
pub const WAITED_MAX: f64 = 0.03;

/// What happened beside a round: shares of the time of all cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// Used by processes that are neither server nor load nor lab.
    pub other: f64,
    /// Taken by the host of a virtual machine.
    pub steal: f64,
    /// What `other` and `steal` are of the cores of the server, or of the load, in one of the two loops: the larger.
    #[serde(default)]
    pub core: f64,
    /// For which share of a loop the load, or a server of one thread, waited for its core: the largest.
    #[serde(default)]
    pub waited: f64,
}

impl Beside {
    pub fn is_quiet(self) -> bool {
        let Beside { other, steal, core, waited } = self;
        other <= OTHER_MAX && steal <= STEAL_MAX && core <= CORE_MAX && waited <= WAITED_MAX
    }

    /// Whether other work may be why this share of the requests of a loop was slow.
    pub fn may_slow(self, share: f64) -> bool {
        self.core.max(self.waited) > share / 2.0
    }

    /// By how much other work a round is disturbed. Waits for a core are left out: a server that has more to do waits for
    /// longer, and what a round shows must not decide whether it counts.
    pub fn sum(self) -> f64 {
        self.other + self.steal + self.core
    }
}

/// The rounds that count: of each, what happened beside it. They are the `asked` quietest, by their place. What a round
/// showed plays no part. Rounds of which nothing is known come last.
pub fn counted(beside: &[Option<Beside>], asked: usize) -> Vec<usize> {
    let mut places: Vec<_> = (0..beside.len()).collect();
    let noise = |place: &usize| beside[*place].map_or(f64::INFINITY, Beside::sum);
    let is_quiet = |place: &usize| beside[*place].is_some_and(Beside::is_quiet);
    places
        .sort_by(|one, other| is_quiet(other).cmp(&is_quiet(one)).then(noise(one).total_cmp(&noise(other))));
    places.truncate(asked);
    places
}

/// Whether a server needs one more round, if `quiet` of its `made` rounds were quiet.
pub fn needs_one_more(made: usize, quiet: usize, asked: usize) -> bool {
    quiet < asked && made < ATTEMPTS * asked
}

/// A look at the machine and at the processes of a round.
pub struct Look {
    at: Instant,
    cores: Option<BTreeMap<usize, Core>>,
    /// Processes and threads that were started since the machine began.
    started: f64,
    /// Seconds of processor time: of the server, and of the load, this process and its processes that have ended.
    server: f64,
    load: f64,
    /// Seconds for which the server and the load waited for a core.
    waited: [f64; 2],
}

/// Seconds of a core since the machine began.
#[derive(Clone, Copy)]
struct Core {
    /// In processes: the kernel looks some hundred times a second, and counts what it finds.
    busy: f64,
    /// Measured.
    idle: f64,
    steal: f64,
    /// In the kernel's thread for packets, which are those of the round.
    packets: f64,
    /// Answering interrupts, at once and a little later.
    hard: f64,
    soft: f64,
}

/// How long the first look at the machine takes.
const LOOK: Duration = Duration::from_millis(500);

/// What the kernel's counters for idle time are short of, at most: they move in steps of this many seconds.
const STEP: f64 = 0.01;

/// What the kernel counts for no process when one ends, or a thread: the seconds from its last count to the next
/// process.
const LAST: f64 = 4e-6;

impl Look {
    /// `server` and `load` are the processes of the round that run already.
    pub fn now(server: Option<u32>, load: Option<u32>) -> Look {
        let used = |process: Option<u32>| process.map_or(0.0, meters::processor_seconds);
        let at = Instant::now();
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        Look {
            at,
            cores: cores(&stat),
            started: started(&stat),
            server: used(server),
            load: used(load) + meters::own_and_ended(),
            waited: [server, load].map(|process| process.map_or(0.0, meters::waited_seconds)),
        }
    }

    /// The share of these cores' time, until a later look, in which they worked for other processes. `ours` is the
    /// processor time of the round's processes there. The kernel counts in two ways how much work there was, of
    /// processes that have ended, too. What it counted as work is a sample, and what it did not count as idle has the
    /// time in which a core fell asleep and woke, so the smaller of the two decides.
    fn other(&self, then: &Look, which: &[usize], ours: f64, allowance: f64) -> Option<f64> {
        let (before, after) = (self.cores.as_ref()?, then.cores.as_ref()?);
        let of = |what: fn(&Core) -> f64| -> Option<f64> {
            which.iter().map(|core| Some(what(after.get(core)?) - what(before.get(core)?))).sum()
        };
        let capacity = (then.at - self.at).as_secs_f64() * which.len() as f64;
        let interrupts = of(|it| it.hard + it.soft)?;
        let (in_processes, apart) = match counts_interrupts_apart(after) {
            true => (of(|it| it.busy)?, interrupts),
            false => (of(|it| it.busy)? + interrupts, 0.0),
        };
        let not_idle = capacity - of(|it| it.idle)? - of(|it| it.steal)? - apart;
        // As many are taken to end as are started.
        let ends = LAST * (then.started - self.started);
        let work = in_processes.min(not_idle) - of(|it| it.packets)? - ends;
        Some((work - ours - allowance).max(0.0) / capacity)
    }

    /// The share of these cores' time, until a later look, that the host took.
    fn stolen(&self, then: &Look, which: &[usize], allowance: f64) -> Option<f64> {
        let (before, after) = (self.cores.as_ref()?, then.cores.as_ref()?);
        let stolen = which.iter().map(|core| Some(after.get(core)?.steal - before.get(core)?.steal));
        let capacity = (then.at - self.at).as_secs_f64() * which.len() as f64;
        Some((stolen.sum::<Option<f64>>()? - allowance).max(0.0) / capacity)
    }
}

/// Looks at the machine while a round is made.
pub struct Watch {
    begin: Look,
    /// The looks before and after a loop, and whether the server has one thread.
    loops: Vec<(Look, Look, bool)>,
}

impl Watch {
    pub fn begin() -> Watch {
        Watch { begin: Look::now(None, None), loops: Vec::new() }
    }

    /// Adds a loop of the round, by the looks before it and after it. Threads of a server wait for each other, too, so
    /// that the waits of a server say something only if it has one thread.
    pub fn add_loop(&mut self, before: Look, after: Look, has_one_thread: bool) {
        self.loops.push((before, after, has_one_thread));
    }

    /// What happened beside the round. `server` and `load` are all that this process has started since then, and still
    /// run. `None` where proc_stat(5) is missing.
    pub fn end(&self, server: Option<u32>, load: Option<u32>, division: &Division) -> Option<Beside> {
        let end = Look::now(server, load);
        let all: Vec<_> = end.cores.as_ref()?.keys().copied().collect();
        let ours = end.server + end.load - self.begin.server - self.begin.load;
        let other = self.begin.other(&end, &all, ours, 0.0)?;
        let steal = self.begin.stolen(&end, &all, 0.0)?;
        let core = self.loops.iter().filter_map(|(before, after, _)| worst(before, after, division));
        let waited =
            self.loops.iter().filter(|_| division.is_apart()).map(|(before, after, has_one_thread)| {
                let [server, load] = [0, 1].map(|who| after.waited[who] - before.waited[who]);
                let most = if *has_one_thread { server.max(load) } else { load };
                // The kernel gives out a core in steps of this length, and one is chance.
                (most - STEP).max(0.0) / (after.at - before.at).as_secs_f64()
            });
        Some(Beside { other, steal, core: core.fold(0.0, f64::max), waited: waited.fold(0.0, f64::max) })
    }
}

/// Says that the machine does other work at this moment, if it does.
pub fn now() -> Option<String> {
    let watch = Watch::begin();
    thread::sleep(LOOK);
    let beside = watch.end(None, None, &Cores::all().share())?;
    (!beside.is_quiet()).then(|| {
        let share = (beside.sum() * 100.0).min(100.0);
        format!(
            "the machine is busy: other work takes {share:.0} % of it; while that lasts, there is no verdict"
        )
    })
}

/// The larger share that other work and the host took in a loop: of the cores of the server, or of those of the load.
fn worst(before: &Look, after: &Look, division: &Division) -> Option<f64> {
    let (server, load) = (after.server - before.server, after.load - before.load);
    let share = |cores: &Cores, ours: f64| {
        let stolen = before.stolen(after, cores.numbers(), STEP)?;
        Some(before.other(after, cores.numbers(), ours, STEP)? + stolen)
    };
    match division.is_apart() {
        true => Some(share(&division.server, server)?.max(share(&division.load, load)?)),
        false => share(&division.server, server + load),
    }
}

/// Whether the kernel counts the time of interrupts for no process (CONFIG_IRQ_TIME_ACCOUNTING). Where it does not, it
/// looks at a core some hundred times a second, and hardly ever comes upon an interrupt.
fn counts_interrupts_apart(cores: &BTreeMap<usize, Core>) -> bool {
    let sum = |what: fn(&Core) -> f64| cores.values().map(what).sum::<f64>();
    sum(|it| it.hard) > sum(|it| it.idle) / 1000.0
}

/// The kernel's threads for packets, by the core of each. A container may not show them.
fn packet_threads() -> &'static BTreeMap<usize, u32> {
    static THREADS: OnceLock<BTreeMap<usize, u32>> = OnceLock::new();
    THREADS.get_or_init(|| {
        let thread = |entry: fs::DirEntry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            let name = fs::read_to_string(entry.path().join("comm")).ok()?;
            Some((name.trim().strip_prefix("ksoftirqd/")?.parse().ok()?, process))
        };
        fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(thread).collect()
    })
}

/// The lines of proc_stat(5) for each core, by its number: in steps of ten milliseconds. `None` if there is no line.
fn cores(stat: &str) -> Option<BTreeMap<usize, Core>> {
    let lines = stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "));
    lines.map(core).collect::<Option<BTreeMap<_, _>>>().filter(|cores| !cores.is_empty())
}

fn started(stat: &str) -> f64 {
    stat.lines().find_map(|line| line.strip_prefix("processes ")?.trim().parse().ok()).unwrap_or(0.0)
}

fn core(line: &str) -> Option<(usize, Core)> {
    let (name, fields) = line.split_once(' ')?;
    let seconds: Vec<f64> = fields
        .split_whitespace()
        .map(|it| it.parse().map(|steps: f64| steps * STEP))
        .collect::<Result<_, _>>()
        .ok()?;
    let [user, nice, system, idle, waiting, hard, soft, steal, ..] = seconds[..] else {
        return None;
    };
    let number = name["cpu".len()..].parse().ok()?;
    let packets = packet_threads().get(&number).map_or(0.0, |thread| meters::ran_seconds(*thread));
    let busy = user + nice + system;
    Some((number, Core { busy, idle: idle + waiting, steal, packets, hard, soft }))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_the_host_takes_in_a_loop_is_seen() {
        use super::*;
        let cores = |text: &str| text.parse().unwrap();
        // Two cores, of which the host took so many steps of the first one.
        let look = |at, stolen| {
            let stat = format!("cpu  0\ncpu0 0 0 0 0 0 0 0 {stolen} 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 0\n");
            Look { at, cores: super::cores(&stat), started: 0.0, server: 0.0, load: 0.0, waited: [0.0; 2] }
        };
        let begin = Instant::now();
        let taken = |division: &Division, steps| {
            worst(&look(begin, 0), &look(begin + Duration::from_secs(1), steps), division).unwrap()
        };
        let (apart, both) = (
            Division { server: cores("1"), load: cores("0") },
            Division { server: cores("0,1"), load: cores("0,1") },
        );
        for (division, steps, share) in
            [(&apart, 0, 0.0), (&apart, 1, 0.0), (&apart, 6, 0.05), (&both, 6, 0.025)]
        {
            let seen = taken(division, steps);
            assert!((seen - share).abs() < 1e-6, "{steps} steps are {share}: {seen}");
        }
    }

    #[test]
    fn the_end_of_a_thread_is_no_work_of_another_process() {
        use super::*;
        let look = |at, worked, started| {
            let stat = format!("cpu  0\ncpu0 {worked} 0 0 0 0 0 0 0 0 0\nprocesses {started}\n");
            let (cores, started) = (super::cores(&stat), super::started(&stat));
            Look { at, cores, started, server: 0.0, load: 0.0, waited: [0.0; 2] }
        };
        let begin = Instant::now();
        let core = Division { server: "0".parse().unwrap(), load: "0".parse().unwrap() };
        for (started, share) in [(0, 0.04), (10_000, 0.0)] {
            let end = look(begin + Duration::from_secs(1), 5, 20_000 + started);
            let seen = worst(&look(begin, 0, 20_000), &end, &core).unwrap();
            assert!((seen - share).abs() < 1e-6, "{started} are {share}: {seen}");
        }
    }
}
