//! Where one loop loses most: small requests beside work, on one core. Whether it does is for the rounds to say.

use super::verdicts::{A_THREAD_EACH, REACTOR};
use crate::load::plan::Beside;
use crate::results::{Figure, Results};
use crate::scenarios::Scenario;
use crate::statistics::{Difference, Spread};
use crate::table::number;

/// The sentence under the chart of such a load. None for other loads.
pub fn sentence(results: &Results, scenario: &Scenario) -> Option<String> {
    let Some(Beside::Workers { count, .. }) = &scenario.beside else { return None };
    let alone = results.samples(&scenario.name, REACTOR).filter_map(|sample| sample.outcome.work_alone);
    // A figure of rounds beside other work is that of the other work.
    let is_known = results.doubt(&scenario.name, REACTOR).is_none();
    let alone = Spread::of(alone).filter(|alone| is_known && alone.doubt().is_none());
    let alone = alone.map(|alone| alone.median);
    let at = |percentile| {
        let [ours, theirs] = [REACTOR, A_THREAD_EACH]
            .map(|name| results.spread(&scenario.name, name, Figure::Latency(percentile)));
        ours.zip(theirs)
    };
    let compared = match (at(50.0), at(99.0)) {
        (Some(half), Some(rare)) => compared(half, rare),
        _ => "The reactor or a thread for each connection was not measured.".to_owned(),
    };
    Some(format!("{} {compared}", introduced(*count, alone)))
}

/// What is drawn.
pub fn introduced(count: usize, alone: Option<f64>) -> String {
    let work = alone.map(|ms| format!(", which takes {} ms where no other client asks", number(ms)));
    format!(
        "The server has one core, and {count} other connections ask it for a long listing again and again{}. What is \
         drawn are small requests beside them.",
        work.unwrap_or_default()
    )
}

/// What the loop loses at the half, and at one in a hundred: the reactor's latencies first.
pub fn compared(half: (Spread, Spread), rare: (Spread, Spread)) -> String {
    let times = |(ours, theirs): &(Spread, Spread)| {
        format!(
            "{} ms under the reactor and {} ms with a thread for each",
            number(ours.median),
            number(theirs.median)
        )
    };
    let typical = match half.0.against(&half.1) {
        Difference::More => format!(
            "Half of them take at most {}: here one loop loses. A request waits until the loop is done with the piece of \
             work that it has begun, while the kernel may take the core from a thread at work.",
            times(&half)
        ),
        Difference::Less => format!(
            "Half of them take at most {}: the loop loses nothing, since it works in pieces and looks for requests \
             between them.",
            times(&half)
        ),
        Difference::Level => format!("Half of them take at most {}, which is level.", times(&half)),
        Difference::Unknown(doubt) => format!("Half of them: {doubt}."),
    };
    let slow = match rare.0.against(&rare.1) {
        Difference::More => format!(
            "One in a hundred takes longer than {}: the loop loses at the slow end, too.",
            times(&rare)
        ),
        Difference::Less => format!(
            "One in a hundred takes longer than {}: a thread may find the core taken by threads at work, and the kernel \
             leaves it to each for longer than one of the loop's pieces lasts.",
            times(&rare)
        ),
        Difference::Level => format!("One in a hundred takes longer than {}, which is level.", times(&rare)),
        Difference::Unknown(doubt) => format!("One in a hundred: {doubt}."),
    };
    format!("{typical} {slow}")
}
