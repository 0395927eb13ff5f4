//! Latencies, and figures of several rounds: percentiles, medians, spreads, and which differences count. This is the only file that names hdrhistogram.

use hdrhistogram::Histogram;
use std::fmt;
use std::time::Duration;

/// The longest latency; a longer one counts as this.
const LONGEST: Duration = Duration::from_secs(600);

/// The times from when requests were due to the end of their answers, each within 1 %.
#[derive(Clone)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    pub fn new() -> Latencies {
        let histogram = Histogram::new_with_bounds(1, LONGEST.as_nanos() as u64, 2);
        Latencies(histogram.expect("the bounds are in order"))
    }

    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(latency.as_nanos() as u64);
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// A percentile: this percentage of all latencies is no longer.
    pub fn percentile(&self, percentile: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_percentile(percentile))
    }

    /// Adds the latencies of another round.
    pub fn add(&mut self, other: &Latencies) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// The recorded latencies in nanoseconds, each with how often it came.
    pub fn samples(&self) -> Vec<(u64, u64)> {
        self.0.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())).collect()
    }

    /// The latencies from such a list.
    pub fn of(samples: &[(u64, u64)]) -> Latencies {
        let mut latencies = Latencies::new();
        for (nanoseconds, count) in samples {
            latencies.0.saturating_record_n(*nanoseconds, *count);
        }
        latencies
    }
}

/// The range of a figure over several rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub rounds: usize,
    pub least: f64,
    pub median: f64,
    pub most: f64,
    /// What is known of the machine while these rounds were made.
    pub machine: Machine,
}

/// What the machine did beside some rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    Quiet,
    /// It did other work beside one of the rounds at least.
    Busy,
    /// It does not tell.
    Unknown,
}

/// How a figure compares with another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Difference {
    Less,
    /// The medians differ by 5 % at most.
    Level,
    More,
    /// The rounds do not show it.
    Unknown(Doubt),
}

/// Why two figures cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Doubt {
    Busy,
    Unwatched,
    OneRound,
    /// The wider one of the spreads, as a share of its median.
    Spread(f64),
}

/// A figure whose rounds differ by this share of their median, or more, has no verdict. The whole rule is in
/// docs/speed.md, "When a difference counts"; `benches/peers/judge.py` keeps the same one.
pub const SPREAD_MAX: f64 = 0.15;

/// Medians whose ratio is not above this are level.
pub const LEVEL: f64 = 1.05;

impl Spread {
    /// The spread of the rounds that have the figure; `None` if no round has it.
    pub fn of(rounds: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut rounds: Vec<_> = rounds.into_iter().collect();
        rounds.sort_by(f64::total_cmp);
        let (least, most) = (*rounds.first()?, *rounds.last()?);
        let middle = rounds.len() / 2;
        let median = match rounds.len() % 2 {
            0 => (rounds[middle - 1] + rounds[middle]) / 2.0,
            _ => rounds[middle],
        };
        Some(Spread { rounds: rounds.len(), least, median, most, machine: Machine::Quiet })
    }

    /// Compares `self` with `other`.
    pub fn against(&self, other: &Spread) -> Difference {
        if let Some(doubt) = self.doubt(other) {
            return Difference::Unknown(doubt);
        }
        if self.median.max(other.median) <= self.median.min(other.median) * LEVEL {
            Difference::Level
        } else if self.median < other.median {
            Difference::Less
        } else {
            Difference::More
        }
    }

    fn doubt(&self, other: &Spread) -> Option<Doubt> {
        let both = [self, other];
        let is_any = |machine| both.iter().any(|it| it.machine == machine);
        let widest = self.width().max(other.width());
        if is_any(Machine::Busy) {
            Some(Doubt::Busy)
        } else if is_any(Machine::Unknown) {
            Some(Doubt::Unwatched)
        } else if both.iter().any(|it| it.rounds < 2) {
            Some(Doubt::OneRound)
        } else {
            (widest >= SPREAD_MAX).then_some(Doubt::Spread(widest))
        }
    }

    /// The range as a share of the median.
    fn width(&self) -> f64 {
        if self.most == self.least { 0.0 } else { (self.most - self.least) / self.median }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Busy => f.write_str("no verdict: the machine was busy"),
            Doubt::Unwatched => f.write_str("no verdict: nothing tells whether the machine was busy"),
            Doubt::OneRound => f.write_str("no verdict: one round"),
            Doubt::Spread(share) => write!(f, "no verdict: spread {:.0} %", share * 100.0),
        }
    }
}
