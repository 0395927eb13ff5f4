//! `report.html`: one file that loads no other, for light and dark themes, wide and narrow screens.

mod charts;
pub mod loses;
mod verdicts;

use crate::results::{CameOfIt, Figure, Results};
use crate::scenarios::{BASE, Scenario};
use crate::statistics::Spread;
use crate::table::{self, number};
use charts::{Axes, Bar, COLOURS, Line, NARROW, Size, WIDE};
use html_escape::encode_text;
use std::fmt::Write;
use verdicts::{Finding, Winner};

/// The percentiles of a distribution.
const PERCENTILES: [f64; 6] = [50.0, 75.0, 90.0, 99.0, 99.9, 100.0];

const CPU_AXIS: &str = "µs of processor time a request: user, and paler, the kernel";

/// The whole page.
pub fn page(results: &Results, past: Option<&Results>) -> String {
    let style = style();
    let sections = [
        advice(results),
        sweep(results),
        base(results),
        work(results),
        company(results),
        tables(results, past),
        method(results),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>One reactor against threads</title>\n<style>\n{style}</style>\n{}{}\n</html>\n",
        header(results),
        sections.concat()
    )
}

/// One chart as a file of its own: how the time of a request is spent.
pub fn chart(results: &Results) -> Option<String> {
    let bars = bars_of(results, results.scenario(BASE)?, Figure::Cpu, &[Figure::User, Figure::System]);
    let svg = charts::bars(WIDE, CPU_AXIS, &bars).ok()?;
    let (open, rest) = svg.split_once('>')?;
    Some(format!("{open}>\n<style>\n{}</style>\n{rest}", style()))
}

/// The style sheet, with the colours of the servers.
fn style() -> String {
    let mut style = include_str!("style.css").to_owned();
    for (place, colour) in COLOURS.iter().enumerate() {
        let _ = writeln!(
            style,
            "svg [fill=\"{colour}\"] {{ fill: var(--c{place}); }} svg [stroke=\"{colour}\"] {{ stroke: var(--c{place}); }}"
        );
    }
    style
}

fn header(results: &Results) -> String {
    let machine = &results.machine;
    let cores = &results.cores;
    let divided = match cores.is_apart() {
        true => format!("server on {}, load on {}", cores.server, cores.load),
        false => "server and load share all: read latencies with care".to_owned(),
    };
    let facts = [
        ("Machine", format!("{}, {} cores, {:.0} GiB", machine.processor, machine.cores, machine.memory_gib)),
        ("Kernel", machine.kernel.clone()),
        ("Cores", divided),
        ("Begun", format!("{}, and took {:.0} s", results.date, results.took)),
        ("Version", format!("onepoll {}", results.onepoll)),
        (
            "Rounds",
            format!(
                "{} through all, {} s of closed loop and {} s of open loop each",
                results.rounds, results.window, results.window
            ),
        ),
    ];
    let facts = facts.map(|(name, value)| format!("<dt>{name}<dd>{}", encode_text(&value)));
    let noise = results.noise().map(|it| format!("<p><strong>{}</strong>\n", encode_text(&it)));
    let noise = noise.unwrap_or_default();
    format!(
        "<h1>One reactor against threads</h1>\n{noise}\
         <p>The same HTTP server under several models of concurrency, on one machine: same parser, same files, same \
         limits, same socket options. What differs is who waits for whom.\n\
         <dl>{}<dt>To repeat it<dd><code>{}</code></dl>\n",
        facts.concat(),
        encode_text(&results.command)
    )
}

/// Which variant to choose when: a summary.
fn advice(results: &Results) -> String {
    let findings = verdicts::findings(results);
    let list = |winner: Winner| {
        let of = |it: &&Finding| it.winner == winner;
        let items = findings.iter().filter(of).map(|it| format!("<li>{}", encode_text(&it.sentence)));
        items.collect::<String>()
    };
    let part = |title: &str, none: &str, items: String| match items.is_empty() {
        true => format!("<h3>{title}</h3>\n<p>{none}\n"),
        false => format!("<h3>{title}</h3>\n<ul>{items}</ul>\n"),
    };
    section(
        "When to choose what",
        &[
            "<p>In short: choose <b>threads</b> where a request is long work (or waits for a disk, which this run does not show), and there are cores to \
             do it on: one loop does one thing at a time, and while it works for one client, all others wait. Choose a \
             <b>reactor</b> where there are many connections and little to do for each: it pays neither for waking a \
             thread nor for keeping one. A fixed <b>pool</b> of threads that stay with their connection is safe only \
             behind something that keeps idle and slow clients away.\n"
                .to_owned(),
            part(
                "Where threads were better in this run",
                "No verdict says so.",
                list(Winner::Threads),
            ),
            part("Where the reactor was better", "No verdict says so.", list(Winner::Reactor)),
            part("Where they were level", "No verdict says so.", list(Winner::Both)),
            format!(
                "<details><summary>Where this run has no verdict</summary>{}</details>\n",
                part("", "Each comparison has one.", list(Winner::Unknown))
            ),
            "<p class=soft>Each line compares the reactor with the best threaded variant that served every client of that \
             load. There is a verdict only where the rounds of both had no other work beside them and differ by less than \
             15 % of their median. Medians that differ by 5 % at most are level.\n"
                .to_owned(),
        ]
        .concat(),
    )
}

fn sweep(results: &Results) -> String {
    let mut sweep: Vec<_> = results.scenarios.iter().filter(|it| it.is_of_sweep()).collect();
    sweep.sort_by_key(|it| it.connections);
    if sweep.len() < 2 {
        return String::new();
    }
    let ticks: Vec<_> = sweep.iter().map(|it| it.connections as f64).collect();
    let chart = |y: &str, figure: Figure| {
        let line = |(colour, server): (usize, &String)| {
            let point = |it: &&&Scenario| {
                let value = results.spread(&it.name, server, figure)?.median;
                Some((it.connections as f64, value))
            };
            let points: Vec<_> = sweep.iter().filter_map(|it| point(&it)).collect();
            let short = sweep.iter().filter(|it| results.shortcoming(&it.name, server).is_some());
            let hollow = short.filter_map(|it| point(&it)).collect();
            Line { colour, points, hollow }
        };
        let lines: Vec<_> = results.servers.iter().enumerate().map(line).collect();
        let axes = Axes { x: "connections", y, x_label: &number, x_ticks: &ticks };
        both(|size| charts::lines(size, &axes, &lines))
    };
    let legend = legend(results);
    let figure = |title: &str, chart: String, sentence: String| {
        format!(
            "<h3>{title}</h3>\n<figure>{chart}{legend}<figcaption>{}</figcaption></figure>\n",
            encode_text(&sentence)
        )
    };
    section(
        "How it grows with connections",
        &[
            figure(
                "Requests a second, closed loop",
                chart("requests a second", Figure::Throughput),
                verdicts::throughput(results, &sweep),
            ),
            figure(
                "The 99th of 100 latencies, open loop",
                chart("ms", Figure::Latency(99.0)),
                verdicts::latency(results, &sweep),
            ),
            figure(
                "Peak memory of the process",
                chart("KiB", Figure::PeakMemory),
                verdicts::memory(results, &sweep),
            ),
        ]
        .concat(),
    )
}

/// The base point: how its time is spent, and how its latencies are distributed.
fn base(results: &Results) -> String {
    let Some(base) = results.scenario(BASE) else { return String::new() };
    let bars = bars_of(results, base, Figure::Cpu, &[Figure::User, Figure::System]);
    format!(
        "{}{}",
        section(
            "Where the time of a request goes: 64 connections, 1 KiB",
            &format!(
                "<figure>{}<figcaption>{}</figcaption></figure>\n",
                both(|size| charts::bars(size, CPU_AXIS, &bars)),
                encode_text(&verdicts::cpu(results, base))
            ),
        ),
        section(
            "How long requests take: 64 connections, 1 KiB, at a fixed rate",
            &distribution(results, base),
        )
    )
}

fn distribution(results: &Results, scenario: &Scenario) -> String {
    let line = |(colour, server): (usize, &String)| {
        let latencies = results.latencies(&scenario.name, server);
        let at = |percentile: f64| (percentile, latencies.percentile(percentile).as_secs_f64() * 1e3);
        let points = if latencies.count() > 0 { PERCENTILES.map(at).into() } else { Vec::new() };
        Line { colour, points, hollow: Vec::new() }
    };
    let lines: Vec<_> = results.servers.iter().enumerate().map(line).collect();
    let name =
        |percentile: f64| if percentile == 100.0 { "max".to_owned() } else { format!("p{percentile}") };
    let axes = Axes { x: "of 100 requests, all rounds", y: "ms", x_label: &name, x_ticks: &PERCENTILES };
    format!(
        "<figure>{}{}<figcaption>{}</figcaption></figure>\n",
        both(|size| charts::lines(size, &axes, &lines)),
        legend(results),
        encode_text(&verdicts::distribution(results, scenario))
    )
}

fn work(results: &Results) -> String {
    let Some(scenario) = results.scenario("work") else { return String::new() };
    let bars = bars_of(results, scenario, Figure::Throughput, &[Figure::Throughput]);
    section(
        "When each request is work: 8 connections, all cores",
        &format!(
            "<figure>{}<figcaption>{}</figcaption></figure>\n",
            both(|size| charts::bars(size, "requests a second", &bars)),
            encode_text(&verdicts::work(results, scenario))
        ),
    )
}

/// How the measured clients are served beside other clients.
fn company(results: &Results) -> String {
    let mut parts = String::new();
    for scenario in results.scenarios.iter().filter(|it| it.beside.is_some()) {
        let _ = write!(
            parts,
            "<h3>{}</h3>\n{}<p>{}\n",
            encode_text(&scenario.title),
            distribution(results, scenario),
            encode_text(
                &loses::sentence(results, scenario).unwrap_or_else(|| verdicts::company(results, scenario))
            )
        );
    }
    if parts.is_empty() { parts } else { section("In difficult company: latencies at a fixed rate", &parts) }
}

/// All figures, as tables.
fn tables(results: &Results, past: Option<&Results>) -> String {
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
            let _ = write!(all, "<tr><td>{}", encode_text(server));
            for (_, figure) in columns {
                all += &results.spread(&scenario.name, server, figure).map_or("<td>n/a".to_owned(), |it| {
                    let [least, median, most] = [it.least, it.median, it.most].map(number);
                    format!("<td>{median}<small>{least}–{most}</small>")
                });
            }
            if let Some(past) = past {
                let changes = table::beside(results, past, &scenario.name, server);
                let _ = write!(
                    all,
                    "<td>{}",
                    encode_text(if changes.is_empty() { "no difference" } else { &changes })
                );
            }
            let why = results.shortcoming(&scenario.name, server).unwrap_or_default();
            let bound =
                if results.is_bound_by_load(scenario, server) { "the load was the limit" } else { "" };
            let _ = write!(all, "<td>{}", encode_text(if why.is_empty() { bound } else { &why }));
        }
        all += "</table></div></details>\n";
    }
    section(
        "All figures",
        &format!(
            "<p class=soft>Medians, and below them the range over all rounds. Latencies are those of the open loop, the others those of the closed loop, a request.\n{all}"
        ),
    )
}

fn method(results: &Results) -> String {
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
             <li>Every cell has a server and a load in new processes. Rounds go through all loads and servers in turn.\n\
             <li>A round beside more other work than 3 % of all cores (or 1 % taken by the host) is made again. The rounds \
             with the least beside them count, whatever they show.\n\
             <li>The load itself was late by {late} ms at most in half of all cells; that is part of the latencies of all.\n\
             <li>System calls are those on sockets, counted in the transport; openat2 and statx for the files are the \
             same for all and not counted; foreign servers do not count theirs.\n\
             <li>Memory is that of the process (VmRSS, VmHWM), without the kernel's stacks and sockets.\n\
             <li>{multi}\n\
             <li>What not to conclude: how many requests another machine answers, or what a real network or a cold disk \
             would show. This is loopback, files in memory.\n</ul>\n"
        ),
    )
}

fn bars_of(results: &Results, scenario: &Scenario, whole: Figure, parts: &[Figure]) -> Vec<Bar> {
    let bar = |(colour, server): (usize, &String)| {
        let spread = results.spread(&scenario.name, server, whole)?;
        let part =
            |figure: &Figure| results.spread(&scenario.name, server, *figure).map_or(0.0, |it| it.median);
        let note = if results.shortcoming(&scenario.name, server).is_some() { " (not all)" } else { "" };
        Some(Bar {
            colour,
            name: server.clone(),
            parts: parts.iter().map(part).collect(),
            range: spread.least..spread.most,
            label: number(spread.median) + note,
        })
    };
    results.servers.iter().enumerate().filter_map(bar).collect()
}

/// A chart, for wide screens and for narrow ones.
fn both(draw: impl Fn(Size) -> Result<String, Box<dyn std::error::Error>>) -> String {
    let part = |class: &str, size: Size| match draw(size) {
        Ok(svg) => format!("<div class={class}>{svg}</div>\n"),
        Err(error) => format!("<p>This chart could not be drawn: {}\n", encode_text(&error.to_string())),
    };
    part("wide", WIDE) + &part("narrow", NARROW)
}

fn legend(results: &Results) -> String {
    let item = |(place, server): (usize, &String)| {
        let colour = place % COLOURS.len();
        format!("<li><i style=\"background:var(--c{colour})\"></i>{}", encode_text(server))
    };
    format!("<ul class=legend>{}</ul>\n", results.servers.iter().enumerate().map(item).collect::<String>())
}

fn section(title: &str, content: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{content}</section>\n")
}
