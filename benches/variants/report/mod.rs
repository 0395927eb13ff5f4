//! `report.html`: one file that loads no other, for light and dark themes, wide and narrow screens.

mod charts;
pub mod loses;
mod noise;
mod one_core;
mod sentences;
mod tables;
pub mod verdicts;
mod wrk;

use crate::compared::Side;
use crate::results::{Figure, Results, Service};
use crate::scenarios::{BASE, Scenario};
use crate::table::{self, MARK, MARKED, number};
use charts::{Axes, Bar, COLOURS, Line, Size};
pub use charts::{NARROW, WIDE};
use html_escape::{encode_double_quoted_attribute as encode_attribute, encode_text};
pub use noise::noise;
use sentences::cautioned;
use std::fmt::Write;
use verdicts::{Finding, REACTOR, Winner};

/// The percentiles of a distribution.
const PERCENTILES: [f64; 6] = [50.0, 75.0, 90.0, 99.0, 99.9, 100.0];

const CPU_AXIS: &str = "µs of processor time a request";
const CPU_AXIS_DIVIDED: &str = "µs of processor time a request; paler: the kernel";

/// The whole page.
pub fn page(results: &Results, past: Option<&Results>) -> String {
    let style = style();
    let sections = [
        advice(results),
        sweep(results),
        base(results),
        work(results),
        company(results),
        wrk::section(results),
        tables::figures(results, past),
        tables::method(results),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>One reactor against threads</title>\n<style>\n{style}</style>\n{}{}\n</html>\n",
        header(results, past),
        sections.concat()
    )
}

/// One chart as a file of its own: how the time of a request is spent.
pub fn chart(results: &Results, size: Size) -> Option<String> {
    // The picture stands alone, without the words that say how far to trust it: so it has only what is certain.
    let base = results.scenario(BASE)?;
    let is_certain =
        |server: &str| results.doubt(BASE, server).is_none() && !results.service(base, server).falls_short();
    if !is_certain(REACTOR) {
        return None;
    }
    let (axis, bars) = bars_of_time(results, base, is_certain);
    let svg = charts::bars(size, axis, &bars).ok()?;
    let (open, rest) =
        named(&svg, CPU_AXIS).split_once('>').map(|(open, rest)| (open.to_owned(), rest.to_owned()))?;
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

fn header(results: &Results, past: Option<&Results>) -> String {
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
    let beside = past.map(|past| {
        let unlike = table::unlike(results, past).map(|why| format!("; nothing is compared, since {why}"));
        let what = format!("a run of {}, onepoll {}{}", past.date, past.onepoll, unlike.unwrap_or_default());
        format!("<dt>Beside it<dd>{}: see the last columns of the tables", encode_text(&what))
    });
    let facts = facts.map(|(name, value)| format!("<dt>{name}<dd>{}", encode_text(&value)));
    let noise =
        noise(results).map(|it| format!("<p class=noise role=note><strong>{}</strong>\n", encode_text(&it)));
    let noise = noise.unwrap_or_default();
    format!(
        "<h1>One reactor against threads</h1>\n{noise}\
         <p>The same HTTP server under several models of concurrency, on one machine: same parser, same files, same \
         limits, same socket options. What differs is who waits for whom.\n\
         <dl>{}{}<dt>To repeat it<dd><code>{}</code></dl>\n",
        facts.concat(),
        beside.unwrap_or_default(),
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
        true => format!("{title}<p>{none}\n"),
        false => format!("{title}<ul>{items}</ul>\n"),
    };
    section(
        "When to choose what",
        &[
            part(
                "<h3>Where threads were better in this run</h3>\n",
                "No verdict says so.",
                list(Winner::Threads),
            ),
            part("<h3>Where the reactor was better</h3>\n", "No verdict says so.", list(Winner::Reactor)),
            part("<h3>Where they were level</h3>\n", "No verdict says so.", list(Winner::Both)),
            format!(
                "<details><summary>Where this run has no verdict</summary>{}</details>\n",
                part("", "Each comparison has one.", list(Winner::Unknown))
            ),
            "<p class=soft>Each line compares the reactor with every threaded variant that served all clients of that \
             load. There is a verdict only where the rounds of both had no other work beside them and differ by less than \
             15 % of their median, or are farther apart than either differ. Medians that differ by 5 % at most are level; one is better where they differ by more \
             than 10 %, and no round of the one is beyond a round of the other.\n"
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
    let chart = |title: &str, y: &str, figure: Figure| {
        let line = |(place, server): (usize, &String)| {
            let point = |it: &&&Scenario| {
                let value = results.spread(&it.name, server, figure)?.median;
                Some((it.connections as f64, value))
            };
            let points: Vec<_> = sweep.iter().filter_map(|it| point(&it)).collect();
            let short = sweep.iter().filter(|it| results.service(it, server).falls_short());
            let hollow = short.filter_map(|it| point(&it)).collect();
            let is_doubtful = |it: &&&Scenario| {
                !results.service(it, server).falls_short()
                    && Side::of(results, it, server, figure).is_some_and(|side| side.doubt().is_some())
            };
            let crossed = sweep.iter().filter(is_doubtful).filter_map(|it| point(&it)).collect();
            Line { place, name: server.clone(), points, hollow, crossed }
        };
        let lines: Vec<_> = results.servers.iter().enumerate().map(line).collect();
        let axes = Axes { x: "connections", y, x_label: &number, x_ticks: &ticks };
        both(title, |size| charts::lines(size, &axes, &lines))
    };
    let figure = |title: &str, y: &str, figure: Figure, sentence: String| {
        format!(
            "<h3>{title}</h3>\n{}",
            figured(&chart(title, y, figure), &cautioned(results, &sweep, sentence))
        )
    };
    section(
        "How it grows with connections",
        &[
            "<p class=soft>Hollow points: not every client was served, so the figure is that of fewer. Crossed points: \
             no verdict follows from them.\n"
                .to_owned(),
            figure(
                "Requests a second, closed loop",
                "requests a second",
                Figure::Throughput,
                sentences::throughput(results, &sweep),
            ),
            figure(
                "The time that 99 of 100 requests take at most, open loop",
                "ms",
                Figure::Latency(99.0),
                sentences::latency(results, &sweep),
            ),
            // The memory of a connection is what the sentence is about; the chart shows where that leads.
            figure(
                "Peak memory of the process",
                "KiB",
                Figure::PeakMemory,
                sentences::memory(results, &sweep),
            ),
        ]
        .concat(),
    )
}

/// A chart and its sentence, and what a mark before its figures means.
fn figured(chart: &str, sentence: &str) -> String {
    let is_marked = chart.contains(&format!("\n{MARK}"));
    let legend = if is_marked { format!("<p class=soft>{MARK} {MARKED}.\n") } else { String::new() };
    format!("<figure>{chart}<figcaption>{}</figcaption></figure>\n{legend}", encode_text(sentence))
}

/// The base point: how its time is spent, and how its latencies are distributed.
fn base(results: &Results) -> String {
    let Some(base) = results.scenario(BASE) else { return String::new() };
    let (axis, bars) = bars_of_time(results, base, |_| true);
    let title = "Where the time of a request goes: 64 connections, 1 KiB";
    let chart = both(title, |size| charts::bars(size, axis, &bars));
    section(title, &figured(&chart, &cautioned(results, &[base], sentences::cpu(results, base))))
        + &section(
            "How long requests take: 64 connections, 1 KiB, at a fixed rate",
            &distribution(results, base, sentences::distribution(results, base)),
        )
}

/// The latencies of a load, and what they show.
fn distribution(results: &Results, scenario: &Scenario, sentence: String) -> String {
    let line = |(place, server): (usize, &String)| {
        let latencies = results.latencies(&scenario.name, server);
        let at = |percentile: f64| (percentile, latencies.percentile(percentile).as_secs_f64() * 1e3);
        let shown = PERCENTILES.into_iter().filter(|percentile| latencies.shows(*percentile));
        let points: Vec<_> = shown.map(at).collect();
        let service = results.service(scenario, server);
        let hollow = if service.falls_short() { points.clone() } else { Vec::new() };
        let crossed = if matches!(service, Service::Unknown(_)) { points.clone() } else { Vec::new() };
        Line { place, name: server.clone(), points, hollow, crossed }
    };
    let lines: Vec<_> = results.servers.iter().enumerate().map(line).collect();
    let name =
        |percentile: f64| if percentile == 100.0 { "max".to_owned() } else { format!("p{percentile}") };
    let x = "p99: 99 of 100 requests take this at most";
    let axes = Axes { x, y: "ms", x_label: &name, x_ticks: &PERCENTILES };
    let chart = both(&scenario.title, |size| charts::lines(size, &axes, &lines));
    figured(&chart, &cautioned(results, &[scenario], sentence))
}

/// The loads whose requests are work.
fn work(results: &Results) -> String {
    let of = |scenario: &Scenario| {
        let bars = bars_of(results, scenario, Figure::Throughput, &[Figure::Throughput], |_| true);
        let chart = both(&scenario.title, |size| charts::bars(size, "requests a second", &bars));
        let sentence = one_core::sentence(results, scenario);
        let sentence = sentence.unwrap_or_else(|| sentences::work(results, scenario));
        let chart = figured(&chart, &cautioned(results, &[scenario], sentence));
        format!("<h3>{}, {} connections</h3>\n{chart}", encode_text(&scenario.title), scenario.connections)
    };
    let parts: String = results.scenarios.iter().filter(|it| it.name.starts_with("work")).map(of).collect();
    if parts.is_empty() { parts } else { section("When each request is work", &parts) }
}

/// How the measured clients are served beside other clients.
fn company(results: &Results) -> String {
    let mut parts = String::new();
    for scenario in results.scenarios.iter().filter(|it| it.beside.is_some()) {
        let sentence = loses::sentence(results, scenario).unwrap_or_else(|| {
            let waits = sentences::distribution(results, scenario);
            format!("{waits} {}", sentences::company(results, scenario))
        });
        let chart = distribution(results, scenario, sentence);
        let _ = write!(parts, "<h3>{}</h3>\n{chart}", encode_text(&scenario.title));
    }
    if parts.is_empty() { parts } else { section("In difficult company: latencies at a fixed rate", &parts) }
}

/// The time of a request. It is divided between user and kernel only where the rounds agree on the division: the kernel
/// looks at a server some hundred times a second, and counts where it was.
fn bars_of_time(
    results: &Results,
    scenario: &Scenario,
    is_shown: impl Fn(&str) -> bool,
) -> (&'static str, Vec<Bar>) {
    let is_known = |server: &String| {
        let share = results.spread(&scenario.name, server, Figure::KernelShare);
        share.is_none_or(|it| it.doubt().is_none())
    };
    let (axis, parts): (_, &[_]) =
        match results.servers.iter().filter(|server| is_shown(server)).all(is_known) {
            true => (CPU_AXIS_DIVIDED, &[Figure::User, Figure::System]),
            false => (CPU_AXIS, &[Figure::Cpu]),
        };
    (axis, bars_of(results, scenario, Figure::Cpu, parts, is_shown))
}

fn bars_of(
    results: &Results,
    scenario: &Scenario,
    whole: Figure,
    parts: &[Figure],
    is_shown: impl Fn(&str) -> bool,
) -> Vec<Bar> {
    let bar = |(place, server): (usize, &String)| {
        let spread = results.spread(&scenario.name, server, whole)?;
        let part =
            |figure: &Figure| results.spread(&scenario.name, server, *figure).map_or(0.0, |it| it.median);
        let side = Side::of(results, scenario, server, whole)?;
        let label = match results.service(scenario, server).falls_short() {
            true => number(spread.median) + " (not all)",
            false => table::marked(&side, number(spread.median)),
        };
        Some(Bar {
            place,
            name: server.clone(),
            parts: parts.iter().map(part).collect(),
            range: spread.least..spread.most,
            label,
        })
    };
    results.servers.iter().enumerate().filter(|(_, server)| is_shown(server)).filter_map(bar).collect()
}

/// A chart, for wide screens and for narrow ones.
fn both(title: &str, draw: impl Fn(Size) -> Result<String, Box<dyn std::error::Error>>) -> String {
    let part = |class: &str, size: Size| match draw(size) {
        Ok(svg) => format!("<div class={class}>{}</div>\n", named(&svg, title)),
        Err(error) => format!("<p>This chart could not be drawn: {}\n", encode_text(&error.to_string())),
    };
    part("wide", WIDE) + &part("narrow", NARROW)
}

/// A chart with a name for a user who does not see it.
fn named(svg: &str, title: &str) -> String {
    svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{}\" ", encode_attribute(title)), 1)
}

fn section(title: &str, content: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{content}</section>\n")
}
