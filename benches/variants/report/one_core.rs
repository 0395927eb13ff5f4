//! Requests that are work, on one core: no model has a core to spare. How they compare is for the rounds to say.

use super::sentences::{doubtful, waits_compared};
use super::verdicts::{A_THREAD_EACH, REACTOR};
use crate::compared::compare;
use crate::results::{Figure, Results};
use crate::scenarios::{Scenario, WORK_ON_ONE_CORE};
use crate::statistics::Difference;
use crate::table::number;

/// The sentence under the chart of this load. None for other loads.
pub fn sentence(results: &Results, scenario: &Scenario) -> Option<String> {
    if scenario.name != WORK_ON_ONE_CORE {
        return None;
    }
    let cpu = results.spread(&scenario.name, REACTOR, Figure::Cpu);
    let cpu = cpu.filter(|cpu| cpu.doubt().is_none());
    let cpu = cpu.map(|cpu| format!(" that takes {} ms under the reactor", number(cpu.median / 1e3)));
    let mut parts = vec![format!(
        "Every request is a listing{}. {} connections ask for it again and again, and the server has one core: no model \
         has another to use.",
        cpu.unwrap_or_default(),
        scenario.connections
    )];
    parts.extend(rates(results, scenario));
    let half = compare(results, scenario, Figure::Latency(50.0), REACTOR, A_THREAD_EACH);
    if let Some(half) = half.filter(|half| !matches!(half.difference, Difference::Unknown(_))) {
        parts.push(format!("At a fixed rate, {}.", waits_compared(&half, "half of the requests")));
    }
    Some(parts.join(" "))
}

/// How the requests a second of the others compare with those of the reactor.
fn rates(results: &Results, scenario: &Scenario) -> Vec<String> {
    let (mut level, mut more, mut fewer, mut doubts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut mine = None;
    for name in results.servers.iter().filter(|name| *name != REACTOR) {
        let Some(pair) = compare(results, scenario, Figure::Throughput, name, REACTOR) else { continue };
        let named = format!("{name} ({})", number(pair.ours.median));
        mine = mine
            .or_else(|| (!matches!(pair.difference, Difference::Unknown(_))).then_some(pair.theirs.median));
        match pair.difference {
            Difference::Level => level.push(named),
            Difference::More => more.push(named),
            Difference::Less => fewer.push(named),
            Difference::Unknown(doubt) => doubts.push((name.as_str(), doubt)),
        }
    }
    let part = |words: &str, names: &[String]| {
        let mine = mine.filter(|_| !names.is_empty())?;
        Some(format!("{words} the reactor ({}): {}.", number(mine), names.join(", ")))
    };
    let parts = [
        part("Level in requests a second with", &level),
        part("More requests a second than under", &more),
        part("Fewer requests a second than under", &fewer),
    ];
    parts.into_iter().flatten().chain(doubtful(&doubts)).collect()
}
