//! Which model is better at what, as far as the rounds show it. Where they show no difference that counts, the finding
//! says so, and names no figure. The rule is in docs/speed.md, "When a difference counts".

use crate::compared::compare;
use crate::results::{Figure, Results, Service};
use crate::scenarios::Scenario;
use crate::statistics::{Difference, Doubt};
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
    let found = |winner, words: String| {
        Some(Finding { winner, sentence: format!("{}: {what} — {words}.", scenario.title) })
    };
    let unknown = |doubt: Doubt, of: &str| found(Winner::Unknown, format!("{doubt}{of}"));
    match results.service(scenario, REACTOR) {
        Service::All => {}
        Service::Unknown(doubt) => return unknown(doubt, ""),
        Service::Starves | Service::Short | Service::Failed => {
            return unknown(Doubt::NotAll, " by the reactor");
        }
    }
    let serves = |name: &&String| !results.service(scenario, name).falls_short();
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
        return found(Winner::Threads, format!("better than the reactor ({mine}): {better}"));
    }
    let level = those(Difference::Level);
    let worse = those(if *is_better == Difference::More { Difference::Less } else { Difference::More });
    for (name, pair) in &pairs {
        if let Difference::Unknown(doubt) = pair.difference {
            let known = [("level with", level), ("worse than", worse)];
            let known = known.iter().filter(|(_, names)| !names.is_empty());
            let known = known.map(|(how, names)| format!("; {how} the reactor ({mine}): {names}"));
            return unknown(doubt, &format!(" ({name}){}", known.collect::<String>()));
        }
    }
    match level.is_empty() {
        false => found(Winner::Both, format!("level with the reactor ({mine}): {level}")),
        true => found(Winner::Reactor, format!("the reactor {mine}, and worse than that: {worse}")),
    }
}
