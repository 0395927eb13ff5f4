//! All raw results: `results.json`. Figures are computed from these results, and never stored.

use crate::cores::Division;
use crate::load::plan::{Beside as LoadBeside, Outcome, Phase, Readers};
use crate::meters::{Held, Used};
use crate::quiet::{self, Beside};
use crate::scenarios::{Scenario, Use};
use crate::statistics::{Doubt, Latencies, Machine as Company, Spread};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::Path;

/// A server that used less of its cores was not the limit.
const BUSY_MIN: f64 = 0.9;

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    pub machine: Machine,
    /// The command line that repeats it.
    pub command: String,
    /// When it began, as an IMF-fixdate.
    pub date: String,
    /// Seconds.
    pub took: f64,
    pub onepoll: String,
    /// How many rounds were asked for, and count. More are made beside other work.
    pub rounds: usize,
    /// Seconds of each loop.
    pub window: f64,
    /// Seconds of closed loop before them.
    #[serde(default)]
    pub warm_up: f64,
    pub cores: Division,
    pub scenarios: Vec<Scenario>,
    /// The names of the servers, in the order of a round.
    pub servers: Vec<String>,
    pub cells: Vec<Cell>,
    /// What wrk measured, if it did.
    #[serde(default)]
    pub wrk: Option<Wrk>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory_gib: f64,
    pub kernel: String,
}

/// One server under one load, once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cell {
    pub scenario: String,
    pub server: String,
    /// How many rounds of them were made before.
    pub round: usize,
    pub came_of_it: CameOfIt,
    /// What happened beside it, where the machine tells.
    #[serde(default)]
    pub beside: Option<Beside>,
}

impl Cell {
    /// Whether the machine was known to do other work beside it, which may also be why it failed.
    pub fn is_disturbed(&self) -> bool {
        self.beside.is_some_and(|it| !it.is_quiet())
    }
}

impl WrkCell {
    /// Whether the machine was known to do other work beside it, which may also be why it failed.
    pub fn is_disturbed(&self) -> bool {
        self.beside.is_some_and(|it| !it.is_quiet())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum CameOfIt {
    Sample(Box<Sample>),
    /// There is no sample, for this reason.
    Failure(String),
}

/// The base point, measured by wrk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wrk {
    /// Its command line, with `ADDRESS` for the address of the server.
    pub command: String,
    pub version: String,
    pub cells: Vec<WrkCell>,
}

/// One server under wrk, once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WrkCell {
    pub server: String,
    pub round: usize,
    /// Requests a second, or why there are none.
    pub rate: Result<f64, String>,
    /// For which share of the time the server used its cores.
    pub busy: f64,
    pub beside: Option<Beside>,
}

/// How a server served the measured clients of a load, as far as the rounds show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Service {
    /// Every client, in every round.
    All,
    /// Some clients got no answer at all, in every round.
    Starves,
    /// Something else was missing, in every round.
    Short,
    /// Nothing was measured, in every round.
    Failed,
    Unknown(Doubt),
}

/// What held the requests a second down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// The server: its cores were busy in every round.
    Server,
    /// The load: the server's cores were idle for more than a tenth of the time, in every round.
    Load,
    Unknown(Doubt),
}

/// The sample of one cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    pub outcome: Outcome,
    /// What the server held before the first connection, and with all of them.
    pub empty: Held,
    pub full: Held,
    /// What the server used in each loop.
    pub closed: Used,
    pub open: Used,
}

/// A figure that is computed from a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// Requests answered a second, in the closed loop.
    Throughput,
    /// Requests of workers beside that were answered a second: in the closed loop, and in the open loop.
    ClosedWork,
    OpenWork,
    /// A percentile of the latency in milliseconds, in the open loop.
    Latency(f64),
    /// Microseconds of processor time for each request, in the closed loop.
    User,
    System,
    Cpu,
    /// The kernel's part of it, in percent.
    KernelShare,
    /// KiB.
    PeakMemory,
    MemoryPerConnection,
    Threads,
    /// For each request, in the closed loop.
    Switches,
    Calls,
    /// How many cores the server kept at work, in the closed loop.
    Cores,
}

impl Figure {
    /// `None` if the figure does not exist, such as a cost for each request if no request was answered, or if it would have the
    /// work of other clients in it.
    pub fn of(self, sample: &Sample, scenario: &Scenario) -> Option<f64> {
        let Sample { outcome: Outcome { closed, open, .. }, .. } = sample;
        let is_shared = scenario.beside.as_ref().is_some_and(LoadBeside::is_work);
        let per_request =
            |count: f64| (closed.answered > 0 && !is_shared).then(|| count / closed.answered as f64);
        let work = |phase: &Phase| is_shared.then(|| phase.work_answered as f64 / phase.seconds);
        let Used { user_us, system_us, voluntary_switches, involuntary_switches, .. } = sample.closed;
        let connections = scenario.connections_in_all() as f64;
        match self {
            Figure::Throughput => Some(closed.answered as f64 / closed.seconds),
            Figure::ClosedWork => work(closed),
            Figure::OpenWork => work(open),
            Figure::Latency(percentile) => {
                let latencies = Latencies::of(&open.latencies);
                latencies.shows(percentile).then(|| latencies.percentile(percentile).as_secs_f64() * 1e3)
            }
            Figure::User => per_request(user_us),
            Figure::System => per_request(system_us),
            Figure::Cpu => per_request(user_us + system_us),
            Figure::KernelShare => {
                (user_us + system_us > 0.0).then(|| system_us / (user_us + system_us) * 100.0)
            }
            Figure::PeakMemory => Some(sample.full.peak_kib as f64),
            Figure::MemoryPerConnection => {
                Some(sample.full.resident_kib.saturating_sub(sample.empty.resident_kib) as f64 / connections)
            }
            Figure::Threads => Some(sample.full.threads as f64),
            Figure::Switches => per_request((voluntary_switches + involuntary_switches) as f64),
            Figure::Calls => per_request(sample.closed.calls.as_ref()?.values().sum::<u64>() as f64),
            Figure::Cores => Some((user_us + system_us) / 1e6 / closed.seconds),
        }
    }

    /// The share of the requests that a percentile is about: the slow ones.
    fn slow(self) -> Option<f64> {
        match self {
            Figure::Latency(percentile) => Some(1.0 - percentile / 100.0),
            _ => None,
        }
    }
}

/// Whether one thread of a variant serves all clients, so that its waits for a core are caused by other processes. Threads
/// of a server wait for each other, and nothing is known of how a foreign server works.
pub fn serves_in_one_thread(server: &str) -> bool {
    matches!(server, "reactor" | "tokio" | "io-uring")
}

/// Whether a server uses one core at most, however many it may use. A foreign server is taken for one that does.
pub fn has_one_thread(server: &str) -> bool {
    !server.starts_with("thread") && !server.starts_with("multi")
}

/// What the machine did beside some rounds.
fn company(mut rounds: impl Iterator<Item = Option<Beside>>) -> Company {
    match rounds.find(|beside| beside.is_none_or(|it| !it.is_quiet())) {
        None => Company::Quiet,
        Some(None) => Company::Unknown,
        Some(Some(_)) => Company::Busy,
    }
}

/// How the clients of one round were served.
fn served(came_of_it: &CameOfIt, conditions: &Scenario) -> Service {
    let CameOfIt::Sample(sample) = came_of_it else { return Service::Failed };
    let Outcome { connected, closed, open, readers, .. } = &sample.outcome;
    if readers.is_some_and(|readers| readers.filling > 0) {
        return Service::Unknown(Doubt::Filling);
    }
    let late = open.unanswered * 100 > requests(open);
    let starved = closed.connections_answered < conditions.connections;
    match shortcoming(came_of_it, conditions) {
        None => Service::All,
        Some(_) if conditions.connections > 1 && *connected == conditions.connections && starved && late => {
            Service::Starves
        }
        Some(_) => Service::Short,
    }
}

/// Requests that were answered, are still without an answer, or failed.
fn requests(phase: &Phase) -> u64 {
    Latencies::of(&phase.latencies).count() + phase.errors.values().sum::<u64>()
}

impl Results {
    pub fn read(path: &Path) -> io::Result<Results> {
        let about = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
        let text = fs::read(path).map_err(about)?;
        serde_json::from_slice(&text).map_err(|error| about(error.into()))
    }

    pub fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_vec(self)?)
    }

    pub fn scenario(&self, name: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.name == name)
    }

    /// The outcomes that count: those with the least other work beside them, failures like samples.
    pub fn rounds<'a>(&'a self, scenario: &'a str, server: &'a str) -> impl Iterator<Item = &'a CameOfIt> {
        self.counted(scenario, server).into_iter().map(|cell| &cell.came_of_it)
    }

    fn counted(&self, scenario: &str, server: &str) -> Vec<&Cell> {
        let cells = self.cells.iter().filter(|cell| cell.scenario == scenario && cell.server == server);
        quietest(&cells.collect::<Vec<_>>(), |cell| cell.beside, self.rounds)
    }

    /// What the machine did beside the rounds that count.
    fn company(&self, scenario: &str, server: &str) -> Company {
        company(self.counted(scenario, server).iter().map(|cell| cell.beside))
    }

    /// Why nothing can be said of the rounds of a server under a load, if there is a reason.
    pub fn doubt(&self, scenario: &str, server: &str) -> Option<Doubt> {
        match self.company(scenario, server) {
            Company::Busy => Some(Doubt::Busy),
            Company::Unknown => Some(Doubt::Unwatched),
            Company::Quiet | Company::Touched => {
                (self.rounds(scenario, server).count() < 2).then_some(Doubt::OneRound)
            }
        }
    }

    pub fn samples<'a>(&'a self, scenario: &'a str, server: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.rounds(scenario, server).filter_map(|it| match it {
            CameOfIt::Sample(sample) => Some(&**sample),
            CameOfIt::Failure(_) => None,
        })
    }

    /// What wrk measured of a server: requests a second, and for which share of the time the server was busy. `None` if
    /// one of the rounds that count failed.
    pub fn by_wrk(&self, server: &str) -> Option<(Spread, Spread)> {
        let cells = self.wrk.iter().flat_map(|wrk| &wrk.cells).filter(|cell| cell.server == server);
        let counted = quietest(&cells.collect::<Vec<_>>(), |cell| cell.beside, self.rounds);
        if counted.iter().any(|cell| cell.rate.is_err()) {
            return None;
        }
        let machine = company(counted.iter().map(|cell| cell.beside));
        let rates = Spread::of(counted.iter().filter_map(|cell| cell.rate.clone().ok()))?;
        let busy = Spread::of(counted.iter().map(|cell| cell.busy))?;
        Some((Spread { machine, ..rates }, Spread { machine, ..busy }))
    }

    /// A figure over all rounds.
    pub fn spread(&self, scenario: &str, server: &str, figure: Figure) -> Option<Spread> {
        let conditions = self.scenario(scenario)?;
        let spread =
            Spread::of(self.samples(scenario, server).filter_map(|sample| figure.of(sample, conditions)))?;
        let machine = self.company(scenario, server);
        let slow = figure.slow();
        let touched =
            |cell: &&Cell| cell.beside.is_some_and(|it| slow.is_some_and(|share| it.may_slow(share)));
        let is_touched = machine == Company::Quiet && self.counted(scenario, server).iter().any(touched);
        Some(Spread { machine: if is_touched { Company::Touched } else { machine }, ..spread })
    }

    /// The latencies of all rounds together, in the open loop.
    pub fn latencies(&self, scenario: &str, server: &str) -> Latencies {
        let mut all = Latencies::new();
        self.samples(scenario, server).for_each(|it| all.add(&Latencies::of(&it.outcome.open.latencies)));
        all
    }

    /// What held the requests a second down. A server that left clients without an answer was idle for another reason.
    pub fn bound(&self, scenario: &Scenario, server: &str) -> Bound {
        if let Some(doubt) = self.doubt(&scenario.name, server) {
            return Bound::Unknown(doubt);
        }
        let is_single = has_one_thread(server);
        if scenario.cores == Use::Shared && !is_single {
            return Bound::Server;
        }
        let cores = if is_single || scenario.cores == Use::One { 1 } else { self.cores.server.count() };
        let busy = |sample: &Sample| {
            let Sample { closed, outcome, .. } = sample;
            (closed.user_us + closed.system_us) / 1e6 / outcome.closed.seconds / cores as f64 >= BUSY_MIN
        };
        let busy: Vec<_> = self.samples(&scenario.name, server).map(busy).collect();
        match (busy.iter().any(|it| *it), busy.iter().all(|it| *it)) {
            (_, true) => Bound::Server,
            (false, false) if self.service(scenario, server) == Service::All => Bound::Load,
            (false, false) => Bound::Server,
            (true, false) => Bound::Unknown(Doubt::Load),
        }
    }

    /// How a server served the measured clients.
    pub fn service(&self, scenario: &Scenario, server: &str) -> Service {
        if let Some(doubt) = self.doubt(&scenario.name, server) {
            return Service::Unknown(doubt);
        }
        let rounds: Vec<_> = self.rounds(&scenario.name, server).map(|it| served(it, scenario)).collect();
        match rounds.first() {
            Some(first) if rounds.iter().all(|it| it == first) => *first,
            Some(_) if rounds.iter().all(|it| it.falls_short()) => Service::Short,
            _ => Service::Unknown(Doubt::Mixed),
        }
    }

    /// In which way a server failed to answer some requests, and in how many rounds. What may be concluded from that is
    /// [`Results::service`].
    pub fn shortcoming(&self, scenario: &str, server: &str) -> Option<String> {
        let conditions = self.scenario(scenario)?;
        let rounds: Vec<_> = self.rounds(scenario, server).map(|it| shortcoming(it, conditions)).collect();
        let first = rounds.iter().flatten().next()?;
        let short = rounds.iter().flatten().count();
        Some(match rounds.iter().all(|it| it.as_ref() == Some(first)) {
            true => first.clone(),
            false => format!("{short} of {} rounds fell short, such as: {first}", rounds.len()),
        })
    }
}

impl Service {
    /// Whether the rounds show that not all clients were served.
    pub fn falls_short(self) -> bool {
        matches!(self, Service::Starves | Service::Short | Service::Failed)
    }
}

/// The rounds that count, by what happened beside each.
fn quietest<'a, C>(rounds: &[&'a C], beside: impl Fn(&C) -> Option<Beside>, asked: usize) -> Vec<&'a C> {
    let beside: Vec<_> = rounds.iter().map(|round| beside(round)).collect();
    quiet::counted(&beside, asked).into_iter().map(|place| rounds[place]).collect()
}

fn shortcoming(came_of_it: &CameOfIt, conditions: &Scenario) -> Option<String> {
    let sample = match came_of_it {
        CameOfIt::Sample(sample) => sample,
        CameOfIt::Failure(why) => return Some(format!("failed: {why}")),
    };
    let Outcome { connected, beside_connected, closed, open, readers, .. } = &sample.outcome;
    let (wanted, beside) = (conditions.connections, conditions.connections_in_all() - conditions.connections);
    if let Some(Readers { filling, .. }) = readers.filter(|it| it.filling > 0) {
        return Some(format!("the buffers of {filling} slow readers were not full yet"));
    }
    if *connected < wanted {
        return Some(format!("{connected} of {wanted} connections came about: the backlog was full"));
    }
    if let Some((why, count)) = open.errors.iter().chain(&closed.errors).max_by_key(|(_, count)| **count) {
        return Some(format!("{count} requests failed: {why}"));
    }
    if closed.connections_answered < wanted && closed.answered > 0 && open.unanswered > 0 {
        return Some(format!("{} of {wanted} connections were answered at all", closed.connections_answered));
    }
    if closed.answered == 0 {
        return Some("no client was answered".to_owned());
    }
    if open.unanswered > 0 {
        return Some(format!("{} of {} requests were not answered in time", open.unanswered, requests(open)));
    }
    (*beside_connected < beside)
        .then(|| format!("{beside_connected} of {beside} clients beside were there to the end"))
}
