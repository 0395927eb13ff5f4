//! How busy the machine was with other work, in words for the top of the page and of the terminal.

use crate::quiet::Beside;
use crate::results::Results;
use crate::statistics::{Doubt, Machine, Spread};

/// A measurement of the lab or of wrk: its round, and what happened beside it.
type Measured = (usize, Option<Beside>);

/// `None` if the machine was quiet throughout.
pub fn noise(results: &Results) -> Option<String> {
    let lab: Vec<Measured> = results.cells.iter().map(|cell| (cell.round, cell.beside)).collect();
    let wrk = results.wrk.iter().flat_map(|wrk| &wrk.cells);
    let wrk: Vec<Measured> = wrk.map(|cell| (cell.round, cell.beside)).collect();
    let all = || lab.iter().chain(&wrk);
    if all().count() > 0 && all().all(|(_, beside)| beside.is_none()) {
        return Some(
            "Nothing tells whether this machine did other work, so there are no verdicts.".to_owned(),
        );
    }
    let disturbed: Vec<_> = all().filter(|it| is_disturbed(it)).collect();
    let shares = Spread::of(disturbed.iter().filter_map(|(_, beside)| beside.map(share)))?;
    let [least, most] = [shares.least, shares.most].map(|share| format!("{share:.0}"));
    let how_busy = if least == most { most } else { format!("{least} to {most}") };
    let by_round =
        [("By round: ", &lab), ("By round of wrk: ", &wrk)].map(|(name, cells)| (name, rounds(cells)));
    let by_round = by_round.iter().filter(|(_, rounds)| !rounds.is_empty());
    Some(format!(
        "The machine was busy: {} of {} measurements had other work beside them, which took {how_busy} % of their cores. {}{}",
        disturbed.len(),
        all().count(),
        by_round.map(|(name, rounds)| format!("{name}{rounds}. ")).collect::<String>(),
        left(results)
    ))
}

fn is_disturbed((_, beside): &Measured) -> bool {
    beside.is_some_and(|it| !it.is_quiet())
}

/// How much of a core was taken from a round, in percent: what other work used, or how long the round waited for it.
fn share(beside: Beside) -> f64 {
    let Beside { other, steal, core, waited } = beside;
    (other + steal).max(core).max(waited).min(1.0) * 100.0
}

/// Which rounds were disturbed, such as `1 (3 of 10), 4 to 9 (all)`.
fn rounds(measured: &[Measured]) -> String {
    let last = measured.iter().map(|(round, _)| *round).max().unwrap_or(0);
    let mut parts: Vec<(usize, usize, String)> = Vec::new();
    for round in 0..=last {
        let cells = measured.iter().filter(|it| it.0 == round);
        let (all, busy) = (cells.clone().count(), cells.filter(|it| is_disturbed(it)).count());
        let words = match busy {
            0 => continue,
            _ if busy == all => "all".to_owned(),
            _ => format!("{busy} of {all}"),
        };
        match parts.last_mut() {
            Some((_, end, before)) if *end + 1 == round && *before == words => *end = round,
            _ => parts.push((round, round, words)),
        }
    }
    let name = |(first, last, words): &(usize, usize, String)| match first == last {
        true => format!("{} ({words})", first + 1),
        false => format!("{} to {} ({words})", first + 1, last + 1),
    };
    parts.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// What the noise left of the verdicts.
fn left(results: &Results) -> String {
    let pairs =
        results.scenarios.iter().flat_map(|it| results.servers.iter().map(move |server| (it, server)));
    let busy = pairs.map(|(it, server)| results.doubt(&it.name, server) == Some(Doubt::Busy));
    let by_wrk = results.servers.iter().filter_map(|server| results.by_wrk(server));
    let busy: Vec<_> = busy.chain(by_wrk.map(|(rate, _)| rate.machine == Machine::Busy)).collect();
    let (all, busy) = (busy.len(), busy.iter().filter(|it| **it).count());
    match busy {
        0 => "Quiet rounds took their place.".to_owned(),
        _ if busy == all => {
            "So this run has no verdict at all: read its figures as those of a busy machine.".to_owned()
        }
        _ => {
            format!("For want of quiet rounds, {busy} of {all} pairs of a load and a server have no verdict.")
        }
    }
}
