//! The table on the terminal.

use crate::compared::Side;
use crate::results::{Figure, Machine, Results};
use crate::scenarios::Scenario;
use crate::statistics::{Difference, Doubt};

/// The data of the table.
const COLUMNS: [(&str, Figure); 8] = [
    ("requests/s", Figure::Throughput),
    ("p50 ms", Figure::Latency(50.0)),
    ("p99 ms", Figure::Latency(99.0)),
    ("max ms", Figure::Latency(100.0)),
    ("CPU µs", Figure::Cpu),
    ("calls", Figure::Calls),
    ("switches", Figure::Switches),
    ("KiB/conn", Figure::MemoryPerConnection),
];

/// Prints the medians of each scenario, and what has changed since a past run.
pub fn table(results: &Results, past: Option<&Results>) -> String {
    let mut table = String::new();
    for scenario in &results.scenarios {
        table += &format!("\n{}\n{:24}", scenario.title, "");
        COLUMNS.iter().for_each(|(name, _)| table += &format!("{name:>12}"));
        table += "\n";
        for server in &results.servers {
            table += &format!("{server:24}");
            for (_, figure) in COLUMNS {
                table += &format!("{:>12}", shown(results, scenario, server, figure));
            }
            if results.doubt(&scenario.name, server) == Some(Doubt::Busy) {
                table += "  beside other work";
            }
            let shortcoming = results.shortcoming(&scenario.name, server);
            table += &shortcoming.map_or(String::new(), |why| format!("  {why}"));
            if let Some(past) = past {
                table += &beside(results, past, &scenario.name, server);
            }
            table += "\n";
        }
    }
    let legend = if table.contains(MARK) { format!("{MARK} {MARKED}.\n") } else { String::new() };
    table
        + "\nMedians; latencies in open loop, from when a request was due; the others in closed loop, a request.\n"
        + &legend
}

/// What stands before a figure that says nothing, and what it means.
pub const MARK: char = '~';
pub const MARKED: &str = "no verdict follows from this figure: its rounds had other work beside them, spread widely or \
                          are less than two, or not all clients were served";

/// Prints what has changed since a past run: every figure that is compared, or why it is not.
pub fn beside(results: &Results, past: &Results, scenario: &str, server: &str) -> String {
    if let Some(why) = unlike(results, past) {
        return format!("  since then: no verdict: {why}");
    }
    let load = |run: &Results| serde_json::to_string(&run.scenario(scenario)).unwrap_or_default();
    if past.scenario(scenario).is_none() || !past.servers.iter().any(|name| name == server) {
        return "  since then: it was not in the other run".to_owned();
    }
    if load(results) != load(past) {
        return "  since then: no verdict: it was another load".to_owned();
    }
    let change = |(name, figure): (&'static str, Figure)| {
        let side = |run: &Results| Side::of(run, run.scenario(scenario)?, server, figure);
        let (now, then) = (side(results)?, side(past)?);
        let change = (now.spread.median / then.spread.median - 1.0) * 100.0;
        Some(match now.against(&then) {
            Difference::Less | Difference::More => (name, format!(" {change:+.0} %")),
            Difference::Level => (name, " level".to_owned()),
            Difference::Unknown(doubt) => (name, format!(": {doubt}")),
        })
    };
    let figures =
        [("requests/s", Figure::Throughput), ("CPU µs", Figure::Cpu), ("p99", Figure::Latency(99.0))];
    let changes: Vec<_> = figures.into_iter().filter_map(change).collect();
    let busy = format!(": {}", Doubt::Busy);
    if !changes.is_empty() && changes.iter().all(|(_, words)| *words == busy) {
        return format!("  since then{busy}");
    }
    let changes: Vec<_> = changes.iter().map(|(name, words)| format!("{name}{words}")).collect();
    format!("  since then: {}", changes.join(", "))
}

/// Why two runs cannot be compared at all, if there is a reason.
pub fn unlike(results: &Results, past: &Results) -> Option<&'static str> {
    let (now, then) = (&results.machine, &past.machine);
    let machine = |it: &Machine| (it.processor.clone(), it.cores, it.memory_gib.round() as u64);
    if machine(now) != machine(then) {
        return Some("it was another machine");
    }
    if now.kernel != then.kernel {
        return Some("it had another kernel");
    }
    let cores = |run: &Results| [run.cores.server.to_string(), run.cores.load.to_string()];
    if cores(results) != cores(past) {
        return Some("server and load had other cores");
    }
    if (results.window, results.warm_up) != (past.window, past.warm_up) {
        return Some("its loops had another length");
    }
    (results.rounds != past.rounds).then_some("it had another number of rounds")
}

/// A figure, with a mark before it if it says nothing.
fn shown(results: &Results, scenario: &Scenario, server: &str, figure: Figure) -> String {
    let side = Side::of(results, scenario, server, figure);
    side.map_or("n/a".to_owned(), |it| marked(&it, number(it.spread.median)))
}

/// The words for a figure, with a mark before them if it says nothing.
pub fn marked(side: &Side, words: String) -> String {
    if side.doubt().is_some() { format!("{MARK}{words}") } else { words }
}

/// A number with three digits; a whole number with all of its digits.
pub fn number(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        _ if value.abs() >= 100.0 || (value >= 1.0 && value.fract() == 0.0) => grouped(value.round() as i64),
        _ if value.abs() >= 10.0 => format!("{value:.1}"),
        _ if value.abs() >= 0.01 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A number with commas, such as 12,345.
fn grouped(value: i64) -> String {
    let digits = value.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
