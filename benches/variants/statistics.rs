//! Latencies, and figures of several rounds: percentiles, medians, spreads, and which differences count. This is the only file that names hdrhistogram.

use hdrhistogram::Histogram;
use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

/// The longest latency; a longer one counts as this.
const LONGEST: Duration = Duration::from_secs(600);

/// The times from when requests were due to the end of their answers, each within 1 %.
#[derive(Clone)]
pub struct Latencies(Histogram<u64>);

/// Latencies that must lie beyond a percentile.
const BEYOND_MIN: f64 = 10.0;

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

    /// Whether there are enough latencies for a percentile: ten of them lie beyond it, or it would be chance. The largest
    /// is what it is.
    pub fn shows(&self, percentile: f64) -> bool {
        // Rounded, since a loop may end just before the last of its thousand requests is due.
        let beyond = (self.count() as f64 * (100.0 - percentile) / 100.0).round();
        self.count() > 0 && (percentile >= 100.0 || beyond >= BEYOND_MIN)
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
    /// It did little, and yet as many requests may have waited for it as a percentile is about.
    Touched,
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
    Touched,
    Unwatched,
    OneRound,
    /// The wider one of the spreads, as a share of its median.
    Spread(f64),
    /// By how much the medians differ: too much to be level, and too little to tell them apart.
    Close(f64),
    /// A round of the one is beyond a round of the other, although the medians say otherwise.
    Overlap,
    /// In some rounds all clients were served, and not in others.
    Mixed,
    /// Not all clients were served, so that the figure is that of fewer.
    NotAll,
    /// The slow readers took more and more while it was measured.
    Filling,
    /// In some rounds the load was the limit, and not the server.
    Load,
    /// In all rounds the load was the limit, and not the server.
    Limit,
    /// One may have done more than the other of the work that was asked for beside what is compared.
    Work,
}

/// A figure whose rounds differ by this share of their median, or more, has no verdict, but beside a figure that is
/// farther away than that. The whole rule is in docs/speed.md, "When a difference counts"; `benches/peers/judge.py` keeps the same one.
pub const SPREAD_MAX: f64 = 0.15;

/// Medians whose ratio is not above this are level.
pub const LEVEL: f64 = 1.05;

/// Medians whose ratio is above this differ. Between the two there is no verdict: another run may find either.
pub const APART: f64 = 1.10;

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
        let (less, more) = if self.median <= other.median { (self, other) } else { (other, self) };
        match self.doubt().into_iter().chain(other.doubt()).max_by(Doubt::by_weight) {
            // Rounds that differ that much say nothing of a small difference, and may of a large one.
            Some(Doubt::Spread(width)) if more.at_least(less) > 1.0 + width => {}
            Some(doubt) => return Difference::Unknown(doubt),
            None => {}
        }
        if more.median <= less.median * LEVEL {
            Difference::Level
        } else if more.median <= less.median * APART {
            Difference::Unknown(Doubt::Close(more.median / less.median - 1.0))
        } else if less.most >= more.least {
            Difference::Unknown(Doubt::Overlap)
        } else if self.median < other.median {
            Difference::Less
        } else {
            Difference::More
        }
    }

    /// Why a sentence must not name the median, if there is a reason.
    pub fn doubt(&self) -> Option<Doubt> {
        match self.machine {
            Machine::Busy => Some(Doubt::Busy),
            Machine::Touched => Some(Doubt::Touched),
            Machine::Unknown => Some(Doubt::Unwatched),
            Machine::Quiet if self.rounds < 2 => Some(Doubt::OneRound),
            Machine::Quiet => (self.width() >= SPREAD_MAX).then(|| Doubt::Spread(self.width())),
        }
    }

    /// The ratio of the two that every pair of their rounds reaches.
    pub fn at_least(&self, other: &Spread) -> f64 {
        self.least / other.most.max(f64::MIN_POSITIVE)
    }

    /// The range as a share of the median.
    fn width(&self) -> f64 {
        if self.most == self.least { 0.0 } else { (self.most - self.least) / self.median }
    }
}

impl Doubt {
    /// The one to name if there are two: what the machine did, then how few rounds there are, then the wider spread.
    pub fn by_weight(&self, other: &Doubt) -> Ordering {
        let weight = |doubt: &Doubt| match doubt {
            Doubt::Busy => (4, 0.0),
            Doubt::Unwatched => (3, 0.0),
            Doubt::OneRound => (2, 0.0),
            Doubt::Touched => (1, 0.0),
            Doubt::Spread(share) => (0, *share),
            _ => (0, 0.0),
        };
        let ((one, share), (another, wider)) = (weight(self), weight(other));
        one.cmp(&another).then(share.total_cmp(&wider))
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Busy => f.write_str("no verdict: the machine was busy"),
            Doubt::Touched => f.write_str("no verdict: these requests may have waited for other work"),
            Doubt::Unwatched => f.write_str("no verdict: nothing tells whether the machine was busy"),
            Doubt::OneRound => f.write_str("no verdict: one round"),
            Doubt::Spread(share) => write!(f, "no verdict: spread {:.0} %", share * 100.0),
            Doubt::Close(share) => write!(f, "no verdict: the medians differ by {:.1} %", share * 100.0),
            Doubt::Overlap => f.write_str("no verdict: the rounds overlap"),
            Doubt::Mixed => f.write_str("no verdict: all clients were served in some rounds only"),
            Doubt::NotAll => f.write_str("no verdict: not all clients were served"),
            Doubt::Filling => f.write_str("no verdict: the buffers of the slow readers were not full yet"),
            Doubt::Work => f.write_str("no verdict: nothing shows that the work beside was the same"),
            Doubt::Load => f.write_str("no verdict: the load was the limit in some rounds"),
            Doubt::Limit => f.write_str("no verdict: the load was the limit"),
        }
    }
}
