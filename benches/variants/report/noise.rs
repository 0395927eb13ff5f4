//! How busy the machine was with other work, in words for the top of the page and of the terminal.

use crate::results::{Cell, Results};
use crate::statistics::{Doubt, Spread};

/// `None` if the machine was quiet throughout.
pub fn noise(results: &Results) -> Option<String> {
    if results.cells.iter().all(|cell| cell.beside.is_none()) {
        return Some(
            "Nothing tells whether this machine did other work, so there are no verdicts.".to_owned(),
        );
    }
    let disturbed: Vec<_> = results.cells.iter().filter(|cell| cell.is_disturbed()).collect();
    let share = |cell: &&Cell| cell.beside.map(|it| (it.other + it.steal).max(it.core).min(1.0) * 100.0);
    let shares = Spread::of(disturbed.iter().filter_map(share))?;
    let [least, most] = [shares.least, shares.most].map(|share| format!("{share:.0}"));
    let how_busy = if least == most { most } else { format!("{least} to {most}") };
    Some(format!(
        "The machine was busy: {} of {} measurements had other work beside them, which took {how_busy} % of its cores. By round: {}. {}",
        disturbed.len(),
        results.cells.len(),
        rounds(results),
        left(results)
    ))
}

/// Which rounds were disturbed, such as `1 (3 of 10), 4 to 9 (all)`.
fn rounds(results: &Results) -> String {
    let last = results.cells.iter().map(|cell| cell.round).max().unwrap_or(0);
    let mut parts: Vec<(usize, usize, String)> = Vec::new();
    for round in 0..=last {
        let cells = results.cells.iter().filter(|cell| cell.round == round);
        let (all, busy) = (cells.clone().count(), cells.filter(|cell| cell.is_disturbed()).count());
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
    let all = pairs.clone().count();
    let busy = pairs.filter(|(it, server)| results.doubt(&it.name, server) == Some(Doubt::Busy)).count();
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
