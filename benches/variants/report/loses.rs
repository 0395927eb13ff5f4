//! Small requests beside work, on one core. Whether one loop loses there is for the rounds to say.

use super::sentences;
use super::verdicts::{A_THREAD_EACH, REACTOR};
use crate::compared::{Pair, compare};
use crate::load::plan::Beside;
use crate::results::{Figure, Results, Service};
use crate::scenarios::Scenario;
use crate::statistics::{Difference, Spread};
use crate::table::number;

/// The sentence under the chart of such a load. None for other loads.
pub fn sentence(results: &Results, scenario: &Scenario) -> Option<String> {
    let Some(Beside::Workers { count, .. }) = &scenario.beside else { return None };
    let alone = results.samples(&scenario.name, REACTOR).filter_map(|sample| sample.outcome.work_alone);
    // A figure of rounds beside other work is that of the other work.
    let is_known = results.service(scenario, REACTOR) == Service::All;
    let alone = Spread::of(alone).filter(|alone| is_known && alone.doubt().is_none());
    let alone = alone.map(|alone| alone.median);
    let at = |percentile| compare(results, scenario, Figure::Latency(percentile), REACTOR, A_THREAD_EACH);
    // Of the rare waits, the rarest of which there are enough.
    let rare = [(99.0, "One in a hundred"), (90.0, "One in ten")]
        .into_iter()
        .find_map(|(percentile, which)| at(percentile).map(|pair| (which, pair)));
    let listings = compare(results, scenario, Figure::OpenWork, REACTOR, A_THREAD_EACH);
    let compared = match listings.zip(at(50.0)) {
        Some((work, half)) => listings_then(&work, || compared(&half, rare.as_ref())),
        None => sentences::NOT_COMPARED.to_owned(),
    };
    let served = sentences::company(results, scenario);
    Some(format!("{} {compared} {served}", introduced(*count, alone)))
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

/// How much work beside there was meanwhile, and what the waits show if it was the same. What is in the way of a verdict on the
/// one is also in the way of one on the other.
fn listings_then(work: &Pair, waits: impl FnOnce() -> String) -> String {
    let [mine, their] = [work.ours, work.theirs].map(|it| number(it.median));
    match work.difference {
        Difference::Level => format!(
            "Meanwhile both made as many listings a second ({mine} under the reactor and {their} with a thread for each). \
             {}",
            waits()
        ),
        Difference::Less | Difference::More => format!(
            "Meanwhile there were {mine} listings a second under the reactor and {their} with a thread for each, so the \
             waits are not compared."
        ),
        Difference::Unknown(_) => waits(),
    }
}

/// What the loop loses at the half, and at the rare waits, which have their name.
pub fn compared(half: &Pair, rare: Option<&(&str, Pair)>) -> String {
    let times = |pair: &Pair| {
        format!(
            "{} ms under the reactor and {} ms with a thread for each",
            number(pair.ours.median),
            number(pair.theirs.median)
        )
    };
    let typical = match half.difference {
        Difference::More => format!("Half of them take at most {}: here one loop loses.", times(half)),
        Difference::Less => format!("Half of them take at most {}: the loop loses nothing.", times(half)),
        Difference::Level => format!("Half of them take at most {}, which is level.", times(half)),
        Difference::Unknown(doubt) => format!("Half of them: {doubt}."),
    };
    let Some((which, rare)) = rare else { return typical };
    let slow = match rare.difference {
        Difference::More => format!("{which} takes longer than {}: the loop loses there.", times(rare)),
        Difference::Less => format!("{which} takes longer than {}: the threads lose there.", times(rare)),
        Difference::Level => format!("{which} takes longer than {}, which is level.", times(rare)),
        Difference::Unknown(doubt) => format!("{which}: {doubt}."),
    };
    format!("{typical} {slow}")
}
