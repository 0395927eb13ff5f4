//! Which model is better at what, as far as the rounds show it. Where they show no difference that counts, the finding
//! says so, and names no figure. The rule is in docs/speed.md, "When a difference counts".

use crate::results::{Bound, Figure, Results, Service};
use crate::scenarios::Scenario;
use crate::statistics::{Difference, Doubt, Spread};
use crate::table::number;

/// A finding about one load.
pub struct Finding {
    pub winner: Winner,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    Threads,
    Reactor,
    /// They are level.
    Both,
    /// The rounds do not show it.
    Unknown,
}

/// A criterion: its words, and whether more is better.
struct Criterion {
    figure: Figure,
    name: &'static str,
    is_better: Difference,
}

const CRITERIA: [Criterion; 3] = [
    Criterion { figure: Figure::Throughput, name: "requests a second", is_better: Difference::More },
    Criterion { figure: Figure::Cpu, name: "µs of processor time a request", is_better: Difference::Less },
    Criterion { figure: Figure::Latency(99.0), name: "ms at p99", is_better: Difference::Less },
];

pub const REACTOR: &str = "reactor";
pub const A_THREAD_EACH: &str = "thread-per-connection";

/// Variants with a thread for each client.
fn threaded(results: &Results) -> impl Iterator<Item = &String> {
    results.servers.iter().filter(|name| name.starts_with("thread-"))
}

/// Compares one figure of two servers under a load. A server that did not serve all clients served fewer, so that its
/// figures say nothing.
pub fn compare(
    results: &Results,
    scenario: &Scenario,
    figure: Figure,
    ours: &str,
    theirs: &str,
) -> Option<Pair> {
    let at = |name| results.spread(&scenario.name, name, figure);
    let (ours, theirs) =
        (Side::new(at(ours)?, results, scenario, ours), Side::new(at(theirs)?, results, scenario, theirs));
    let held = [&ours, &theirs].into_iter().filter_map(|side| side.doubt).max_by(Doubt::by_weight);
    let difference = held.map_or_else(|| ours.spread.against(&theirs.spread), Difference::Unknown);
    Some(Pair { difference, ours: ours.spread, theirs: theirs.spread })
}

/// Two figures, and how the first one compares with the second one.
pub struct Pair {
    pub difference: Difference,
    pub ours: Spread,
    pub theirs: Spread,
}

struct Side {
    spread: Spread,
    doubt: Option<Doubt>,
}

impl Side {
    fn new(spread: Spread, results: &Results, scenario: &Scenario, server: &str) -> Side {
        let doubt = match results.service(scenario, server) {
            Service::All => None,
            Service::Starves | Service::Short => Some(Doubt::NotAll),
            Service::Unknown(doubt) => Some(doubt),
        };
        Side { spread, doubt }
    }
}

/// Compares the reactor by every load and every criterion with each threaded variant that served all clients.
pub fn findings(results: &Results) -> Vec<Finding> {
    results.scenarios.iter().flat_map(|scenario| of_one(results, scenario)).collect()
}

/// The findings of a load. Where all criteria have one doubt, they are one finding.
fn of_one(results: &Results, scenario: &Scenario) -> Vec<Finding> {
    let found = CRITERIA.iter().filter_map(|criterion| find(results, scenario, criterion));
    let found: Vec<_> = found.collect();
    let doubt = |finding: &Finding| finding.sentence.split_once(" — ").map(|(_, doubt)| doubt.to_owned());
    match found.first() {
        Some(first) if found.iter().all(|it| it.winner == Winner::Unknown && doubt(it) == doubt(first)) => {
            let sentence = format!("{}: {}", scenario.title, doubt(first).unwrap_or_default());
            vec![Finding { winner: Winner::Unknown, sentence }]
        }
        _ => found,
    }
}

fn find(results: &Results, scenario: &Scenario, criterion: &Criterion) -> Option<Finding> {
    let Criterion { figure, name: what, is_better } = criterion;
    let title = &scenario.title;
    let unknown = |doubt: Doubt, of: &str| {
        Some(Finding { winner: Winner::Unknown, sentence: format!("{title}: {what} — {doubt}{of}.") })
    };
    match results.bound(scenario, REACTOR) {
        // The load generator was the limit, so the figure says nothing about the server.
        Bound::Load if *figure == Figure::Throughput => return None,
        Bound::Unknown(doubt) if *figure == Figure::Throughput => return unknown(doubt, ""),
        _ => {}
    }
    match results.service(scenario, REACTOR) {
        Service::All => {}
        Service::Unknown(doubt) => return unknown(doubt, ""),
        Service::Starves | Service::Short => return unknown(Doubt::NotAll, " by the reactor"),
    }
    let serves =
        |name: &&String| !matches!(results.service(scenario, name), Service::Starves | Service::Short);
    let pairs = threaded(results).filter(serves);
    let pairs: Vec<_> = pairs
        .filter_map(|name| Some((name.as_str(), compare(results, scenario, *figure, name, REACTOR)?)))
        .collect();
    let mine = number(pairs.first()?.1.theirs.median);
    let those = |difference: Difference| {
        let pairs = pairs.iter().filter(move |(_, pair)| pair.difference == difference);
        pairs
            .map(|(name, pair)| format!("{name} {}", number(pair.ours.median)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let better = those(*is_better);
    if !better.is_empty() {
        let sentence = format!("{title}: {what} — better than the reactor ({mine}): {better}.");
        return Some(Finding { winner: Winner::Threads, sentence });
    }
    for (name, pair) in &pairs {
        if let Difference::Unknown(doubt) = pair.difference {
            return unknown(doubt, &format!(" ({name})"));
        }
    }
    let level = those(Difference::Level);
    let worse = if *is_better == Difference::More { Difference::Less } else { Difference::More };
    let (winner, sentence) = match level.is_empty() {
        false => (Winner::Both, format!("{title}: {what} — level with the reactor ({mine}): {level}.")),
        true => (
            Winner::Reactor,
            format!("{title}: {what} — the reactor {mine}, and worse than that: {}.", those(worse)),
        ),
    };
    Some(Finding { winner, sentence })
}
