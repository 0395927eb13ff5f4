//! All figures of the report, as tables, and how they were measured.

use super::section;
use crate::compared::Side;
use crate::results::{Bound, CameOfIt, Figure, Results};
use crate::scenarios::Scenario;
use crate::statistics::{Doubt, Spread};
use crate::table::{self, MARK, MARKED, number};
use html_escape::encode_text;
use std::fmt::Write;

/// All figures, as tables.
pub fn figures(results: &Results, past: Option<&Results>) -> String {
    let columns = [
        ("requests/s", Figure::Throughput),
        ("p50 ms", Figure::Latency(50.0)),
        ("p90 ms", Figure::Latency(90.0)),
        ("p99 ms", Figure::Latency(99.0)),
        ("p99.9 ms", Figure::Latency(99.9)),
        ("max ms", Figure::Latency(100.0)),
        ("user µs", Figure::User),
        ("system µs", Figure::System),
        ("peak KiB", Figure::PeakMemory),
        ("KiB a connection", Figure::MemoryPerConnection),
        ("threads", Figure::Threads),
        ("switches", Figure::Switches),
        ("socket calls", Figure::Calls),
    ];
    let mut all = String::new();
    for scenario in &results.scenarios {
        let _ = write!(
            all,
            "<details><summary>{}</summary><div class=scroll><table><tr><th>",
            encode_text(&scenario.title)
        );
        columns.iter().for_each(|(name, _)| all += &format!("<th>{name}"));
        all += if past.is_some() { "<th>since the other run<th>" } else { "<th>" };
        for server in &results.servers {
            let class = if results.doubt(&scenario.name, server).is_some() { " class=soft" } else { "" };
            let _ = write!(all, "<tr{class}><td>{}", encode_text(server));
            for (_, figure) in columns {
                all += &Side::of(results, scenario, server, figure).map_or("<td>n/a".to_owned(), |it| {
                    let [least, median, most] =
                        [it.spread.least, it.spread.median, it.spread.most].map(number);
                    format!("<td>{}<small>{least}–{most}</small>", table::marked(&it, median))
                });
            }
            if let Some(past) = past {
                let changes = table::beside(results, past, &scenario.name, server);
                let _ = write!(
                    all,
                    "<td>{}",
                    encode_text(
                        changes.trim().trim_start_matches("since then").trim_start_matches([':', ' '])
                    )
                );
            }
            let _ = write!(all, "<td>{}", encode_text(&note(results, scenario, server)));
        }
        all += "</table></div></details>\n";
    }
    section(
        "All figures",
        &format!(
            "<p class=soft>Medians, and below them the range over all rounds. Latencies are those of the open loop, the others those of the closed loop, a request. {MARK} {MARKED}.\n{all}"
        ),
    )
}

/// What to know of a row before its figures are read.
fn note(results: &Results, scenario: &Scenario, server: &str) -> String {
    let beside = match results.doubt(&scenario.name, server) {
        Some(Doubt::Busy) => Some("beside other work".to_owned()),
        Some(Doubt::Unwatched) => Some("unknown whether beside other work".to_owned()),
        _ => None,
    };
    let bound = (results.bound(scenario, server) == Bound::Load).then(|| "the load was the limit".to_owned());
    let notes = [beside, results.shortcoming(&scenario.name, server).or(bound)];
    notes.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

pub fn method(results: &Results) -> String {
    let multi = match results.machine.cores {
        0..=2 => {
            "How several reactors on one port grow over cores cannot be shown here: with one core for the server they \
             have nothing to grow on, and where they may use both, the load takes its share of them."
        }
        _ => "Several reactors on one port have a core each here, but one that the load has.",
    };
    let late = results.cells.iter().filter_map(|cell| match &cell.came_of_it {
        CameOfIt::Sample(sample) => Some(sample.outcome.open.load_late as f64 / 1e6),
        CameOfIt::Failure(_) => None,
    });
    let late = number(Spread::of(late).map_or(0.0, |it| it.median));
    section(
        "How it was measured",
        &format!(
            "<ul>\n\
             <li><b>Closed loop</b>: each client asks again as soon as it is answered; that gives requests a second, \
             processor time, switches and calls. Where the server's cores were idle for more than a tenth of the time, \
             the load was the limit and the table says so: compare processor time there, not requests a second.\n\
             <li><b>Open loop</b>: requests are due at a fixed rate, each client with a schedule of its own, and are \
             counted from when they were due, so that a stall shows in all that were due in it. What was not answered \
             a quarter of a second after the end counts with its age, which is less than it would have taken.\n\
             <li>Every measurement has a server and a load in new processes. Rounds go through all loads and servers in turn.\n\
             <li>A round beside more other work than 3 % of all cores is made again, failed or not; so is a round in which \
             the host took 1 %, or other work and the host took 2 % of the server's or of the load's cores in a loop, or \
             the load waited 3 % of a loop for its core. The rounds with the least beside them count, whatever they \
             show. A percentile has no verdict where half as many requests as it is about may have waited for other \
             work.\n\
             <li>Beside slow readers, the loops begin when the buffers of all of them are full, as far as their queues and \
             those of the server's sockets show it.\n\
             <li>In this run the load itself was late by {late} ms at most in half of all measurements; that is part of the latencies of all.\n\
             <li>System calls are those on sockets. Those on files are not counted, and are not the same for all: each of \
             several reactors has a cache of its own, and io-uring copies files. Those of tokio and of foreign servers are \
             not counted at all.\n\
             <li>Memory is that of the process (VmRSS, VmHWM), without the kernel's stacks and sockets.\n\
             <li>{multi}\n\
             <li>What not to conclude: how many requests another machine answers, or what a real network or a cold disk \
             would show. This is loopback, files in memory.\n</ul>\n"
        ),
    )
}
