//! The sentences under the charts, each chosen by the figures of this run. A sentence names a figure only where the
//! rounds show it: see `verdicts.rs`.

use super::verdicts::{A_THREAD_EACH, REACTOR};
use crate::compared::{Pair, Side, compare};
use crate::load::plan::Beside;
use crate::results::{Bound, Figure, Results, Service};
use crate::scenarios::{Scenario, Use};
use crate::statistics::{Difference, Doubt};
use crate::table::number;

pub const NOT_COMPARED: &str =
    "This run has no reactor, or no thread for each connection, to compare it with.";

/// The reactor beside a thread for each connection.
fn pair(results: &Results, scenario: &Scenario, figure: Figure) -> Option<Pair> {
    compare(results, scenario, figure, REACTOR, A_THREAD_EACH)
}

/// The point of the sweep with the most connections at which both served all clients, or else the last one.
fn last_served<'a>(results: &Results, sweep: &[&'a Scenario]) -> Option<&'a Scenario> {
    let serves = |it: &&&Scenario| {
        [REACTOR, A_THREAD_EACH].iter().all(|name| results.service(it, name) == Service::All)
    };
    sweep.iter().rev().find(serves).or(sweep.last()).copied()
}

/// How many times as many, by a factor that all rounds reach.
fn times(factor: f64, what: &str) -> String {
    match (factor * 10.0).floor() / 10.0 {
        floor if floor > 1.1 => format!("at least {floor} times as many {what} as"),
        _ => format!("more {what} than"),
    }
}

/// The sentence, after a caution where the chart has rounds of a busy machine and the sentence does not say so itself.
pub fn cautioned(results: &Results, scenarios: &[&Scenario], sentence: String) -> String {
    let says = [Doubt::Busy, Doubt::Unwatched].iter().any(|doubt| sentence.contains(&doubt.to_string()));
    if says { sentence } else { caution(results, scenarios).to_owned() + &sentence }
}

fn caution(results: &Results, scenarios: &[&Scenario]) -> &'static str {
    let is = |doubt: Doubt| {
        scenarios
            .iter()
            .any(|it| results.servers.iter().any(|name| results.doubt(&it.name, name) == Some(doubt)))
    };
    match (is(Doubt::Busy), is(Doubt::Unwatched)) {
        (true, _) => {
            "The machine was busy while some of this was measured: the order of what is drawn may be chance. "
        }
        (false, true) => {
            "Nothing tells whether the machine was busy: the order of what is drawn may be chance. "
        }
        (false, false) => "",
    }
}

/// The sentence under the chart of throughput against connections.
pub fn throughput(results: &Results, sweep: &[&Scenario]) -> String {
    let Some(last) = last_served(results, sweep) else { return NOT_COMPARED.to_owned() };
    let Some(pair) = pair(results, last, Figure::Throughput) else { return NOT_COMPARED.to_owned() };
    let with = format!("With {} connections", last.connections);
    let mut sentence = match pair.difference {
        Difference::Unknown(Doubt::Limit) => format!(
            "{with} the load was the limit, so that the reactor cannot be compared with a thread for each; compare the \
             processor time of a request"
        ),
        Difference::Unknown(doubt) => format!("{with}, the reactor and a thread for each: {doubt}"),
        Difference::More => format!(
            "{with} the reactor answers {} a thread for each{}",
            times(pair.ours.at_least(&pair.theirs), "requests"),
            switched(results, last).map(|words| format!(": a thread for each {words}")).unwrap_or_default()
        ),
        Difference::Level => {
            format!("{with} the reactor and a thread for each are level: their medians differ by 5 % at most")
        }
        Difference::Less => format!(
            "{with} a thread for each answers {} the reactor",
            times(pair.theirs.at_least(&pair.ours), "requests")
        ),
    };
    let bound = sweep.iter().filter(|it| results.bound(it, REACTOR) == Bound::Load);
    let bound: Vec<_> = bound.map(|it| it.connections.to_string()).collect();
    if !bound.is_empty() {
        sentence += &format!(
            "; at {} the reactor's core was idle for a part of the time, so that the load was the limit there",
            bound.join(", ")
        );
    }
    sentence + "."
}

/// That a thread for each is switched to much more often, if the rounds show it: the words after its name.
fn switched(results: &Results, scenario: &Scenario) -> Option<String> {
    let pair = pair(results, scenario, Figure::Switches)?;
    let shows = pair.difference == Difference::Less && pair.theirs.least > pair.ours.most * 2.0;
    shows.then(|| {
        format!(
            "is switched to {} times for a request, and the reactor less than half as often",
            number(pair.theirs.median)
        )
    })
}

/// The sentence under the chart of p99 against connections.
pub fn latency(results: &Results, sweep: &[&Scenario]) -> String {
    let waits = |name: &String| {
        let first = sweep.iter().find(|it| results.service(it, name) == Service::Starves)?;
        Some(format!("{name} from {}", first.connections))
    };
    let starving: Vec<_> = results.servers.iter().filter_map(waits).collect();
    let without_end = match starving.is_empty() {
        true => String::new(),
        false => format!(
            " Some clients had no answer at all in the time that was measured: {}.",
            starving.join(", ")
        ),
    };
    let last = last_served(results, sweep);
    let Some((last, pair)) = last.and_then(|it| Some((it, pair(results, it, Figure::Latency(99.0))?))) else {
        return NOT_COMPARED.to_owned() + &without_end;
    };
    let with = format!("With {} connections", last.connections);
    format!("{with}, {}.{without_end}", waits_compared(&pair, "99 of 100 requests"))
}

/// How the waits of this part of the requests compare.
pub fn waits_compared(pair: &Pair, part: &str) -> String {
    let (mine, their) = (number(pair.ours.median), number(pair.theirs.median));
    match pair.difference {
        Difference::Level => format!(
            "{part} take the same time under the reactor and with a thread for each ({mine} and {their} ms at most)"
        ),
        Difference::Unknown(doubt) => {
            format!("for the time of {part} under the reactor and with a thread for each there is {doubt}")
        }
        Difference::Less => {
            format!("{part} take {mine} ms at most under the reactor, and {their} ms with a thread for each")
        }
        Difference::More => {
            format!("{part} take {their} ms at most with a thread for each, and {mine} ms under the reactor")
        }
    }
}

/// The sentence under a chart of the latencies of one load.
pub fn distribution(results: &Results, scenario: &Scenario) -> String {
    let at = |percentile| pair(results, scenario, Figure::Latency(percentile));
    let Some(half) = at(50.0) else { return NOT_COMPARED.to_owned() };
    let halves = waits_compared(&half, "half of the requests");
    let compared = match (half.difference, at(99.0)) {
        // There are too few requests for it.
        (_, None) => halves,
        (Difference::Unknown(one), Some(Pair { difference: Difference::Unknown(other), .. }))
            if one == other =>
        {
            format!("for the reactor and a thread for each there is {one}")
        }
        (_, Some(most)) => format!("{halves}; {}", waits_compared(&most, "99 of 100")),
    };
    let starving = starving(results, scenario);
    let high = match starving.is_empty() {
        true => String::new(),
        false => format!(
            " In the lines of {}, requests that were never answered count with their age.",
            starving.join(", ")
        ),
    };
    format!("Every request is counted from when it was due. Here {compared}.{high}")
}

fn starving<'a>(results: &'a Results, scenario: &Scenario) -> Vec<&'a str> {
    let starves = |name: &&String| results.service(scenario, name) == Service::Starves;
    results.servers.iter().filter(starves).map(String::as_str).collect()
}

/// The sentence under the chart of memory against connections.
pub fn memory(results: &Results, sweep: &[&Scenario]) -> String {
    let Some(last) = last_served(results, sweep) else { return NOT_COMPARED.to_owned() };
    let Some(pair) = pair(results, last, Figure::MemoryPerConnection) else { return NOT_COMPARED.to_owned() };
    let (ours, theirs) = (number(pair.ours.median), number(pair.theirs.median));
    let with = format!("With {} connections", last.connections);
    let figures = format!(
        "{with} one takes {ours} KiB of the process under the reactor and {theirs} KiB with a thread for each"
    );
    let kernel = "What the kernel holds for threads and sockets is not counted.";
    match pair.difference {
        Difference::Less => format!("{figures}: less under the reactor. {kernel}"),
        Difference::Level => format!("{figures}, which is level. {kernel}"),
        Difference::More => format!("{figures}: more under the reactor. {kernel}"),
        Difference::Unknown(doubt) => {
            format!("{with}, the memory of one under the reactor and with a thread for each: {doubt}.")
        }
    }
}

/// The sentence under the chart of processor time.
pub fn cpu(results: &Results, base: &Scenario) -> String {
    let Some(pair) = pair(results, base, Figure::Cpu) else { return NOT_COMPARED.to_owned() };
    let (mine, their) = (number(pair.ours.median), number(pair.theirs.median));
    let mut sentence = match pair.difference {
        Difference::Less => {
            format!("A request takes {mine} µs under the reactor, and {their} µs with a thread for each.")
        }
        Difference::More => {
            format!("A request takes {their} µs with a thread for each, and {mine} µs under the reactor.")
        }
        Difference::Level => {
            format!("The reactor and a thread for each are level ({mine} and {their} µs a request).")
        }
        Difference::Unknown(doubt) => {
            return format!("What a request takes under the reactor and with a thread for each: {doubt}.");
        }
    };
    if let Some(share) = Side::of(results, base, REACTOR, Figure::KernelShare)
        && share.doubt().is_none()
    {
        sentence += &format!(
            " About {:.0} % of the reactor's is the kernel's.",
            (share.spread.median / 5.0).round() * 5.0
        );
    }
    if let Some(words) = switched(results, base) {
        sentence += &format!(" A thread for each {words}.");
    }
    sentence
}

/// The sentence under the chart of requests that need work.
pub fn work(results: &Results, scenario: &Scenario) -> String {
    let Some(pair) = pair(results, scenario, Figure::Throughput) else { return NOT_COMPARED.to_owned() };
    let cores = match (scenario.cores, results.machine.cores) {
        (Use::Shared, cores) if cores > 1 => format!("the server may use all {cores} cores"),
        _ => "the server has one core".to_owned(),
    };
    let each = format!("Each request is a millisecond or more of work, and {cores}.");
    let compared = match pair.difference {
        Difference::Less => format!(
            "{each} Here threads are the better choice: a thread for each connection answers {} the reactor.{}",
            times(pair.theirs.at_least(&pair.ours), "requests"),
            at_work(results, scenario).unwrap_or_default()
        ),
        Difference::Level => {
            format!("{each} In this run the reactor and a thread for each connection are level.")
        }
        Difference::Unknown(doubt) => {
            format!("{each} For the reactor and a thread for each connection there is {doubt}.")
        }
        Difference::More => format!(
            "{each} In this run the reactor answers {} a thread for each connection.",
            times(pair.ours.at_least(&pair.theirs), "requests")
        ),
    };
    let waits = self::pair(results, scenario, Figure::Latency(99.0));
    let waits = waits.filter(|pair| !matches!(pair.difference, Difference::Unknown(_)));
    let waits =
        waits.map(|pair| format!(" At a fixed rate, {}.", waits_compared(&pair, "99 of 100 requests")));
    compared + &waits.unwrap_or_default()
}

/// That the threads had more cores at work than the reactor, if the rounds show it.
fn at_work(results: &Results, scenario: &Scenario) -> Option<String> {
    let pair = pair(results, scenario, Figure::Cores)?;
    (pair.difference == Difference::Less).then(|| {
        format!(" They had {:.1} cores at work, and the reactor {:.1}.", pair.theirs.median, pair.ours.median)
    })
}

/// The sentence under a chart of clients beside other clients.
pub fn company(results: &Results, scenario: &Scenario) -> String {
    let (mut starving, mut short, mut fine, mut doubts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut failed = Vec::new();
    for name in &results.servers {
        match results.service(scenario, name) {
            Service::Starves => starving.push(name.as_str()),
            Service::Short => short.push(name.as_str()),
            Service::Failed => failed.push(name.as_str()),
            Service::All => fine.push(name.as_str()),
            Service::Unknown(doubt) => doubts.push((name.as_str(), doubt)),
        }
    }
    // Why the others starve is not known.
    let (few, others): (Vec<_>, Vec<_>) = starving.into_iter().partition(|name| has_few_threads(name));
    let mut parts = Vec::new();
    if !few.is_empty() {
        let why = why(scenario);
        parts.push(format!("Under {}, some clients were never answered: {why}.", few.join(", ")));
    }
    if !others.is_empty() {
        parts.push(format!("Under {}, some clients were never answered.", others.join(", ")));
    }
    if !short.is_empty() {
        parts.push(format!(
            "Some requests or clients were missing under {}: the table says which.",
            short.join(", ")
        ));
    }
    if !failed.is_empty() {
        parts.push(format!("Nothing was measured of {}: every round failed.", failed.join(", ")));
    }
    match fine.len() == results.servers.len() {
        true => parts.push("Every variant served every client here.".to_owned()),
        false if !fine.is_empty() => {
            parts.push(format!("Every client was served under {}.", fine.join(", ")))
        }
        false => {}
    }
    match doubts.first() {
        Some((_, doubt))
            if doubts.len() == results.servers.len() && doubts.iter().all(|it| it.1 == *doubt) =>
        {
            parts.push(format!("Who serves every client here: {doubt}."));
        }
        _ => parts.extend(doubtful(&doubts)),
    }
    parts.join(" ")
}

/// A sentence for each doubt, with the servers that have it.
pub fn doubtful(doubts: &[(&str, Doubt)]) -> Vec<String> {
    let mut by_doubt: Vec<(Doubt, Vec<&str>)> = Vec::new();
    for (name, doubt) in doubts {
        match by_doubt.iter_mut().find(|(other, _)| other == doubt) {
            Some((_, names)) => names.push(name),
            None => by_doubt.push((*doubt, vec![name])),
        }
    }
    by_doubt.iter().map(|(doubt, names)| format!("Of {}: {doubt}.", names.join(", "))).collect()
}

/// Whether a variant has a fixed number of threads, each of which stays with its connection.
fn has_few_threads(server: &str) -> bool {
    server.starts_with("thread-pool") || server == "iterative"
}

/// Why such a variant leaves clients without an answer.
fn why(scenario: &Scenario) -> &'static str {
    match &scenario.beside {
        Some(Beside::SlowReaders { .. }) => {
            "a full socket makes send wait, and with it the thread that is inside it"
        }
        Some(Beside::SlowSenders { .. }) => "recv waits for a head that does not end, and with it the thread",
        Some(Beside::Workers { .. }) => "each thread stays with a connection that always has work",
        _ => "a connection that says nothing keeps the thread that waits for it in recv",
    }
}

/// The sentence under the table of wrk.
pub fn wrk(results: &Results, base: &Scenario) -> String {
    let (mut level, mut ours, mut wrks, mut doubts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for name in &results.servers {
        match wrk_beside(results, base, name) {
            Some(Difference::Level) => level.push(name.as_str()),
            Some(Difference::Less) => wrks.push(name.as_str()),
            Some(Difference::More) => ours.push(name.as_str()),
            Some(Difference::Unknown(doubt)) => doubts.push((name.as_str(), doubt)),
            None => {}
        }
    }
    let part = |words: &str, names: &[&str]| {
        if names.is_empty() { String::new() } else { format!("{words} {}.", names.join(", ")) }
    };
    let mut parts = vec![
        part("wrk and this load agree within 5 % for", &level),
        part("This load gets more answers a second than wrk from", &ours),
        part("wrk gets more answers a second than this load from", &wrks),
    ];
    parts.extend(doubtful(&doubts));
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

/// How the requests a second of this load compare with those of wrk.
pub fn wrk_beside(results: &Results, base: &Scenario, server: &str) -> Option<Difference> {
    let ours = Side::of(results, base, server, Figure::Throughput)?;
    Some(ours.against_another_load(&results.by_wrk(server)?.0))
}
