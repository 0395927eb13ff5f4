//! Which variant is better at what, as far as the rounds show it, and the sentences under the charts. Every sentence
//! is chosen by the figures of this run. Where the rounds show no difference that counts, the sentence says so.

use crate::results::{Figure, Results};
use crate::scenarios::Scenario;
use crate::statistics::{Difference, Doubt};
use crate::table::number;

/// A finding about one load.
pub struct Finding {
    pub winner: Winner,
    pub sentence: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
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

pub const REACTOR: &str = "reactor";

/// Variants with a thread for each client.
pub fn threaded(results: &Results) -> impl Iterator<Item = &String> {
    results.servers.iter().filter(|name| name.starts_with("thread-"))
}

/// Variants in which a thread stays with a connection, but there are fewer threads than connections.
fn staying(results: &Results) -> impl Iterator<Item = &String> {
    results.servers.iter().filter(|name| name.starts_with("thread-pool") || *name == "iterative")
}

/// Compares by every load and every criterion: the reactor with the best threaded variant that answered all requests.
pub fn findings(results: &Results) -> Vec<Finding> {
    let criteria = [
        Criterion { figure: Figure::Throughput, name: "requests a second", is_better: Difference::More },
        Criterion {
            figure: Figure::Cpu,
            name: "µs of processor time a request",
            is_better: Difference::Less,
        },
        Criterion { figure: Figure::Latency(99.0), name: "ms at p99", is_better: Difference::Less },
    ];
    let of_all =
        |scenario| criteria.iter().filter_map(move |criterion| compare(results, scenario, criterion));
    results.scenarios.iter().flat_map(of_all).collect()
}

fn compare(results: &Results, scenario: &Scenario, criterion: &Criterion) -> Option<Finding> {
    let figure = criterion.figure;
    if figure == Figure::Throughput && results.is_bound_by_load(scenario, REACTOR) {
        // The load generator was the limit, so the figure says nothing about the server.
        return None;
    }
    let ours = results.spread(&scenario.name, REACTOR, figure)?;
    let does_all = |name: &&String| results.shortcoming(&scenario.name, name).is_none();
    let theirs = threaded(results).filter(does_all);
    let spreads = theirs.filter_map(|name| Some((name, results.spread(&scenario.name, name, figure)?)));
    let is_more_wanted = criterion.is_better == Difference::More;
    let value = |median: f64| if is_more_wanted { -median } else { median };
    let best = spreads.min_by(|(_, one), (_, other)| value(one.median).total_cmp(&value(other.median)));
    let title = &scenario.title;
    let (name, their) = best?;
    let (mine, best) = (number(ours.median), number(their.median));
    let what = criterion.name;
    let difference = their.against(&ours);
    let (winner, sentence) = match difference {
        Difference::Unknown(doubt) => {
            (Winner::Unknown, format!("{title}: {what} — {doubt} (the reactor {mine}, {name} {best})."))
        }
        Difference::Level => {
            (Winner::Both, format!("{title}: {what} — level (the reactor {mine}, {name} {best})."))
        }
        _ if difference == criterion.is_better => {
            (Winner::Threads, format!("{title}: {name} has {best} {what}, the reactor {mine}."))
        }
        _ => (
            Winner::Reactor,
            format!("{title}: the reactor has {mine} {what}, the best of the threads ({name}) {best}."),
        ),
    };
    Some(Finding { winner, sentence })
}

/// The sentence under the chart of throughput against connections.
pub fn throughput(results: &Results, sweep: &[&Scenario]) -> String {
    let Some(last) = sweep.last() else { return String::new() };
    let first = sweep[0];
    let at = |scenario: &Scenario, name| results.spread(&scenario.name, name, Figure::Throughput);
    let threads = "thread-per-connection";
    let mut sentence = String::new();
    if let (Some(ours), Some(theirs)) = (at(last, REACTOR), at(last, threads)) {
        sentence += &match ours.against(&theirs) {
            Difference::More => format!(
                "With {} connections the reactor answers {:.1} times as many requests as a thread for each: one \
                 epoll_wait brings all that are ready, while a thread for each is woken, switched to and put to sleep \
                 again for every single request",
                last.connections,
                ours.median / theirs.median.max(1.0)
            ),
            Difference::Level => format!(
                "With {} connections the reactor and a thread for each are level: their medians differ by 5 % at most",
                last.connections
            ),
            Difference::Unknown(doubt) => {
                format!("With {} connections, the reactor and a thread for each: {doubt}", last.connections)
            }
            Difference::Less => format!(
                "With {} connections a thread for each answers {:.1} times as many requests as the reactor",
                last.connections,
                theirs.median / ours.median.max(1.0)
            ),
        };
    }
    if let (Some(one), Some(many)) = (at(first, REACTOR), at(last, REACTOR))
        && many.against(&one) == Difference::More
    {
        sentence += &format!(
            "; with {} most of the time goes into being woken: the core sleeps between two requests, under every model",
            first.title
        );
    }
    let load_bound = sweep.iter().filter(|it| results.is_bound_by_load(it, REACTOR)).count();
    if load_bound > 0 {
        sentence += &format!(
            "; at {load_bound} of {} points the reactor's core was not busy throughout, so that the load or the wire \
             was the limit there and the CPU a request says more",
            sweep.len()
        );
    }
    sentence
        + ". Hollow points: not every connection was answered, so that many had nothing of this throughput."
}

/// The sentence under the chart of p99 against connections.
pub fn latency(results: &Results, sweep: &[&Scenario]) -> String {
    let waits = |name: &&String| {
        let starves = |it: &&&Scenario| results.starves(&it.name, name);
        let first = sweep.iter().find(starves)?;
        Some(format!("{name} from {}", first.title))
    };
    let starving: Vec<_> = staying(results).filter_map(|name| waits(&name)).collect();
    let mut sentence = String::new();
    if !starving.is_empty() {
        sentence += &format!(
            "Some wait without end: {}. There a thread stays with a connection until that ends, and the kernel keeps the \
             others in a queue that nobody looks at. ",
            starving.join(", ")
        );
    }
    let Some(last) = sweep.last() else { return sentence };
    let at = |name| results.spread(&last.name, name, Figure::Latency(99.0));
    if let (Some(ours), Some(theirs)) = (at(REACTOR), at("thread-per-connection")) {
        let (mine, their) = (number(ours.median), number(theirs.median));
        sentence += &match ours.against(&theirs) {
            Difference::Level => format!(
                "With {} connections 99 of 100 requests take the same time under the reactor and with a thread for each \
                 ({mine} and {their} ms)",
                last.connections
            ),
            Difference::Unknown(doubt) => format!(
                "With {} connections, for the time of 99 of 100 requests under the reactor and with a thread for each: \
                 {doubt} ({mine} and {their} ms)",
                last.connections
            ),
            Difference::Less => format!(
                "With {} connections 99 of 100 requests take {mine} ms at most under the reactor and {their} ms with a \
                 thread for each, which the scheduler has to find among {} others",
                last.connections, last.connections
            ),
            Difference::More => format!(
                "With {} connections 99 of 100 requests take {their} ms at most with a thread for each and {mine} ms \
                 under the reactor, where whoever is ready waits for all that the loop heard before",
                last.connections
            ),
        };
        sentence += ".";
    }
    sentence
}

/// The sentence under a chart of the latencies of one load.
pub fn distribution(results: &Results, scenario: &Scenario) -> String {
    let at = |name: &str, percentile| results.spread(&scenario.name, name, Figure::Latency(percentile));
    let (Some(typical), Some(rare)) = (at(REACTOR, 50.0), at(REACTOR, 99.9)) else { return String::new() };
    let mut sentence = format!(
        "Every request is counted from when it was due: half of the reactor's take {} ms at most, one in a thousand more \
         than {} ms",
        number(typical.median),
        number(rare.median)
    );
    let starving: Vec<_> =
        results.servers.iter().filter(|name| results.starves(&scenario.name, name)).cloned().collect();
    if starving.is_empty() {
        sentence +=
            "; what lies to the right of p99 is mostly the machine itself: timer ticks, and other processes";
    } else {
        sentence += &format!(
            "; those of {} stand high from the left on, since requests that were never answered count with their age",
            starving.join(", ")
        );
    }
    sentence + "."
}

/// Why the reactor cannot be compared with a thread for each connection, if it cannot.
fn doubt(results: &Results, scenario: &Scenario, figure: Figure) -> Option<Doubt> {
    let at = |name| results.spread(&scenario.name, name, figure);
    match at(REACTOR)?.against(&at("thread-per-connection")?) {
        Difference::Unknown(doubt) => Some(doubt),
        _ => None,
    }
}

/// The sentence under the chart of memory against connections.
pub fn memory(results: &Results, sweep: &[&Scenario]) -> String {
    let Some(last) = sweep.iter().rev().find(|it| {
        [REACTOR, "thread-per-connection"].iter().all(|name| {
            results.spread(&it.name, name, Figure::MemoryPerConnection).is_some()
                && results.shortcoming(&it.name, name).is_none_or(|why| !why.contains("came about"))
        })
    }) else {
        return String::new();
    };
    let at = |name| results.spread(&last.name, name, Figure::MemoryPerConnection).map_or(0.0, |it| it.median);
    let [ours, theirs] = [REACTOR, "thread-per-connection"].map(at);
    if let Some(doubt) = doubt(results, last, Figure::MemoryPerConnection) {
        return format!("How much memory a connection takes: {doubt}.");
    }
    format!(
        "With {} connections one takes {} KiB of the process under the reactor and {} KiB with a thread for each: the \
         reactor keeps a state of a few hundred bytes and lends out buffers only while something is on its way, a thread \
         keeps the touched part of its stack and buffers of its own, idle or not. What the kernel holds for each thread \
         (a stack of 16 KiB and its books) and for each socket comes on top and is not counted here.",
        last.connections,
        number(ours),
        number(theirs)
    )
}

/// The sentence under the chart of processor time.
pub fn cpu(results: &Results, base: &Scenario) -> String {
    let at = |name, figure| results.spread(&base.name, name, figure).map(|it| it.median);
    let of = |name| Some((at(name, Figure::User)?, at(name, Figure::System)?, at(name, Figure::Switches)?));
    let (Some((user, system, ours)), Some((_, their_system, theirs))) =
        (of(REACTOR), of("thread-per-connection"))
    else {
        return String::new();
    };
    if let Some(doubt) = doubt(results, base, Figure::System) {
        return format!("Where the time goes under the reactor and under a thread for each: {doubt}.");
    }
    let share = system / (user + system).max(f64::MIN_POSITIVE) * 100.0;
    format!(
        "{share:.0} % of the reactor's time a request is the kernel's (recv, send and the TCP between them), which no \
         model saves. A thread for each adds {} switches between threads to every request, the reactor {}; the kernel \
         takes {} µs a request for the one and {} µs for the other.",
        number(theirs),
        number(ours),
        number(their_system),
        number(system)
    )
}

/// The sentence under the chart of requests that need work.
pub fn work(results: &Results, scenario: &Scenario) -> String {
    let at = |name: &str| results.spread(&scenario.name, name, Figure::Throughput);
    let cores = results.machine.cores;
    let (Some(ours), Some(theirs)) = (at(REACTOR), at("thread-per-connection")) else { return String::new() };
    let factor = theirs.median / ours.median.max(f64::MIN_POSITIVE);
    match theirs.against(&ours) {
        Difference::More => format!(
            "Here threads are the better choice: each request is a millisecond or more of work (a listing of 1,000 names), the \
             server may use all {cores} cores, and a thread for each connection answers {factor:.1} times as many. The \
             kernel puts threads on whichever core is free; one loop runs on one core, however many there are, and every \
             client waits for the work of the one before it. Several reactors on one port use the other cores, too, as \
             far as the kernel happened to deal the connections out evenly."
        ),
        Difference::Level => format!(
            "Here threads would be expected to be better, since each request is a millisecond or more of work and the server may \
             use all {cores} cores; in this run both are level ({factor:.2} times){}.",
            if cores == 1 { ", as there is one core only" } else { "" }
        ),
        Difference::Unknown(doubt) => format!(
            "Here threads would be expected to be better, since each request is a millisecond or more of work and the server may \
             use all {cores} cores. From this run there is {doubt}."
        ),
        Difference::Less => format!(
            "Each request is a millisecond or more of work and the server may use all {cores} cores; in this run a thread for \
             each connection answers only {factor:.2} times as many as the reactor."
        ),
    }
}

/// The sentence under a chart of clients beside other clients.
pub fn company(results: &Results, scenario: &Scenario) -> String {
    let starving: Vec<_> =
        staying(results).filter(|name| results.starves(&scenario.name, name)).cloned().collect();
    let fine: Vec<_> = results
        .servers
        .iter()
        .filter(|name| results.shortcoming(&scenario.name, name).is_none())
        .cloned()
        .collect();
    let why = match &scenario.beside {
        Some(crate::load::plan::Beside::SlowReaders { .. }) => {
            "a full socket makes send wait, and with it the thread that is inside it; the reactor parks the connection \
             until the kernel says that there is room"
        }
        Some(crate::load::plan::Beside::SlowSenders { .. }) => {
            "recv waits for a head that does not end; under the reactor that is one more connection of which there is no \
             event"
        }
        _ => {
            "a connection that says nothing keeps the thread that waits for it in recv; to epoll it is an entry in a list \
             that nobody walks"
        }
    };
    match (starving.is_empty(), fine.is_empty()) {
        (true, _) => format!("Every variant has threads enough for all here. Where they run out, {why}."),
        (false, true) => format!("Nobody answers everything here: {why}."),
        (false, false) => format!(
            "{} cannot serve all: {why}. Nobody waits in vain under {}.",
            starving.join(", "),
            fine.join(", ")
        ),
    }
}
