//! Latencies, and figures of several rounds: percentiles, medians, spreads, and whether a difference is more than
//! noise. This is the only file that names hdrhistogram.

use hdrhistogram::Histogram;
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
}

/// How a figure compares with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Every round of the one was below every round of the other.
    Less,
    /// Their rounds overlap, or there are too few of them: the difference is within the noise.
    None,
    More,
}

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
        Some(Spread { rounds: rounds.len(), least, median, most })
    }

    /// Compares `self` with `other`. It is not enough that their ranges do not touch: with three rounds of two equal
    /// servers this happens in one case of ten. The distance between the ranges must be larger than each range.
    /// Distances are factors, since latencies spread by factors.
    pub fn against(&self, other: &Spread) -> Difference {
        let widest = TRUSTED.max(self.width()).max(other.width());
        if self.most * widest < other.least {
            Difference::Less
        } else if other.most * widest < self.least {
            Difference::More
        } else {
            Difference::None
        }
    }

    /// The highest value as a multiple of the lowest. One round says nothing about the range of others.
    fn width(&self) -> f64 {
        if self.rounds > 1 && self.least > 0.0 { self.most / self.least } else { f64::INFINITY }
    }
}

/// A difference below this factor counts as none: because of clock steps, the two digits of a latency, and a machine
/// that is never quite idle.
const TRUSTED: f64 = 1.03;
