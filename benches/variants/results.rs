//! All raw results: `results.json`. Figures are computed from these results, and never stored.

use crate::cores::Division;
use crate::load::plan::{Outcome, Phase};
use crate::meters::{Held, Used};
use crate::quiet::{self, Beside};
use crate::scenarios::{Scenario, Use};
use crate::statistics::{Latencies, Machine as Company, Spread};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::Path;

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
    pub cores: Division,
    pub scenarios: Vec<Scenario>,
    /// The names of the servers, in the order of a round.
    pub servers: Vec<String>,
    pub cells: Vec<Cell>,
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
    /// Whether the machine was known to do other work beside it. A round that failed would fail again.
    pub fn is_disturbed(&self) -> bool {
        matches!(self.came_of_it, CameOfIt::Sample(_)) && self.beside.is_some_and(|it| !it.is_quiet())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum CameOfIt {
    Sample(Box<Sample>),
    /// There is no sample, for this reason.
    Failure(String),
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
    /// A percentile of the latency in milliseconds, in the open loop.
    Latency(f64),
    /// Microseconds of processor time for each request, in the closed loop.
    User,
    System,
    Cpu,
    /// KiB.
    PeakMemory,
    MemoryPerConnection,
    Threads,
    /// For each request, in the closed loop.
    Switches,
    Calls,
    /// Failed requests in percent of all that were due, in the open loop.
    Unanswered,
    /// Connections without any answer in percent, in the closed loop.
    Starved,
}

impl Figure {
    /// `None` if the figure does not exist, such as a cost for each request if no request was answered.
    pub fn of(self, sample: &Sample, scenario: &Scenario) -> Option<f64> {
        let Sample { outcome: Outcome { closed, open, .. }, .. } = sample;
        let per_request = |count: f64| (closed.answered > 0).then(|| count / closed.answered as f64);
        let Used { user_us, system_us, voluntary_switches, involuntary_switches, .. } = sample.closed;
        let connections = scenario.connections_in_all() as f64;
        match self {
            Figure::Throughput => Some(closed.answered as f64 / closed.seconds),
            Figure::Latency(percentile) => {
                let latencies = Latencies::of(&open.latencies);
                (latencies.count() > 0).then(|| latencies.percentile(percentile).as_secs_f64() * 1e3)
            }
            Figure::User => per_request(user_us),
            Figure::System => per_request(system_us),
            Figure::Cpu => per_request(user_us + system_us),
            Figure::PeakMemory => Some(sample.full.peak_kib as f64),
            Figure::MemoryPerConnection => {
                Some(sample.full.resident_kib.saturating_sub(sample.empty.resident_kib) as f64 / connections)
            }
            Figure::Threads => Some(sample.full.threads as f64),
            Figure::Switches => per_request((voluntary_switches + involuntary_switches) as f64),
            Figure::Calls => per_request(sample.closed.calls.as_ref()?.values().sum::<u64>() as f64),
            Figure::Unanswered => {
                let due = requests(open);
                (due > 0).then(|| (open.unanswered as f64 / due as f64) * 100.0)
            }
            Figure::Starved => {
                let answered = closed.connections_answered as f64 / scenario.connections as f64;
                Some((1.0 - answered) * 100.0)
            }
        }
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

    /// The outcomes that count: every failure, and the samples with the least other work beside them.
    pub fn rounds<'a>(&'a self, scenario: &'a str, server: &'a str) -> impl Iterator<Item = &'a CameOfIt> {
        let (samples, failures) = self.of(scenario, server);
        failures.into_iter().chain(self.counted(&samples)).map(|cell| &cell.came_of_it)
    }

    /// All cells of a server under a load: samples, and failures.
    fn of(&self, scenario: &str, server: &str) -> (Vec<&Cell>, Vec<&Cell>) {
        let cells = self.cells.iter().filter(|cell| cell.scenario == scenario && cell.server == server);
        cells.partition(|cell| matches!(cell.came_of_it, CameOfIt::Sample(_)))
    }

    fn counted<'a>(&self, samples: &[&'a Cell]) -> Vec<&'a Cell> {
        let beside: Vec<_> = samples.iter().map(|cell| cell.beside).collect();
        quiet::counted(&beside, self.rounds).into_iter().map(|place| samples[place]).collect()
    }

    /// What the machine did beside the rounds that count.
    fn company(&self, scenario: &str, server: &str) -> Company {
        let counted = self.counted(&self.of(scenario, server).0);
        match counted.iter().find(|cell| cell.beside.is_none_or(|it| !it.is_quiet())) {
            None => Company::Quiet,
            Some(cell) if cell.beside.is_none() => Company::Unknown,
            Some(_) => Company::Busy,
        }
    }

    /// How busy the machine was with other work, in a sentence. `None` if it was quiet.
    pub fn noise(&self) -> Option<String> {
        let disturbed = self.cells.iter().filter(|cell| cell.is_disturbed()).count();
        if self.cells.iter().all(|cell| cell.beside.is_none()) {
            return Some(
                "Nothing tells whether this machine did other work, so there are no verdicts.".to_owned(),
            );
        }
        let pairs = self.scenarios.iter().flat_map(|it| self.servers.iter().map(move |server| (it, server)));
        let busy = pairs.filter(|(it, server)| self.company(&it.name, server) == Company::Busy).count();
        let left = match busy {
            0 => "quiet rounds took their place".to_owned(),
            _ => format!("{busy} servers under a load had too few quiet rounds and have no verdict"),
        };
        (disturbed > 0).then(|| {
            format!(
                "The machine was busy: {disturbed} of {} rounds had other work beside them; {left}.",
                self.cells.len()
            )
        })
    }

    pub fn samples<'a>(&'a self, scenario: &'a str, server: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.rounds(scenario, server).filter_map(|it| match it {
            CameOfIt::Sample(sample) => Some(&**sample),
            CameOfIt::Failure(_) => None,
        })
    }

    /// A figure over all rounds.
    pub fn spread(&self, scenario: &str, server: &str, figure: Figure) -> Option<Spread> {
        let conditions = self.scenario(scenario)?;
        let spread =
            Spread::of(self.samples(scenario, server).filter_map(|sample| figure.of(sample, conditions)))?;
        Some(Spread { machine: self.company(scenario, server), ..spread })
    }

    /// The latencies of all rounds together, in the open loop.
    pub fn latencies(&self, scenario: &str, server: &str) -> Latencies {
        let mut all = Latencies::new();
        self.samples(scenario, server).for_each(|it| all.add(&Latencies::of(&it.outcome.open.latencies)));
        all
    }

    /// Whether the server was idle for a part of the closed loop: then the load was the limit, and not the server.
    /// This is false for a server that left clients without an answer, since it was idle for another reason.
    pub fn is_bound_by_load(&self, scenario: &Scenario, server: &str) -> bool {
        let is_single = !server.starts_with("thread") && !server.starts_with("multi");
        if scenario.cores == Use::Shared && !is_single {
            return false;
        }
        let cores = if is_single { 1 } else { self.cores.server.count() };
        let busy = self.samples(&scenario.name, server).map(|it| {
            (it.closed.user_us + it.closed.system_us) / 1e6 / it.outcome.closed.seconds / cores as f64
        });
        Spread::of(busy).is_some_and(|busy| busy.median < 0.9) && !self.starves(&scenario.name, server)
    }

    /// Whether some clients got no answer.
    pub fn starves(&self, scenario: &str, server: &str) -> bool {
        let Some(conditions) = self.scenario(scenario) else { return false };
        let starved = self.spread(scenario, server, Figure::Starved).is_some_and(|it| it.median > 0.0);
        let late = self.spread(scenario, server, Figure::Unanswered).is_some_and(|it| it.median > 1.0);
        conditions.connections > 1 && starved && late
    }

    /// In which way a server failed to answer some requests, in the words of the worst round.
    pub fn shortcoming(&self, scenario: &str, server: &str) -> Option<String> {
        let conditions = self.scenario(scenario)?;
        self.rounds(scenario, server).filter_map(|it| shortcoming(it, conditions)).next()
    }
}

fn shortcoming(came_of_it: &CameOfIt, conditions: &Scenario) -> Option<String> {
    let sample = match came_of_it {
        CameOfIt::Sample(sample) => sample,
        CameOfIt::Failure(why) => return Some(why.clone()),
    };
    let Outcome { connected, closed, open, .. } = &sample.outcome;
    let wanted = conditions.connections;
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
        return Some("nobody was answered".to_owned());
    }
    (open.unanswered > 0)
        .then(|| format!("{} of {} requests were not answered in time", open.unanswered, requests(open)))
}
