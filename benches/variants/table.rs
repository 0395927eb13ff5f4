//! The table on the terminal.

use crate::results::{Bound, Figure, Results};
use crate::statistics::{Difference, Doubt, Spread};

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
                table += &format!("{:>12}", shown(results.spread(&scenario.name, server, figure)));
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
    table
        + "\nMedians; latencies in open loop, from when a request was due; the others in closed loop, a request.\n"
}

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
        let (now, then) = (results.spread(scenario, server, figure)?, past.spread(scenario, server, figure)?);
        let is_bound = [results, past]
            .iter()
            .any(|run| run.scenario(scenario).is_some_and(|it| run.bound(it, server) == Bound::Load));
        if figure == Figure::Throughput && is_bound {
            return Some((name, ": the load was the limit".to_owned()));
        }
        let change = (now.median / then.median - 1.0) * 100.0;
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
    if (&now.processor, now.cores) != (&then.processor, then.cores) {
        return Some("it was another machine");
    }
    if now.kernel != then.kernel {
        return Some("it had another kernel");
    }
    let cores = |run: &Results| [run.cores.server.to_string(), run.cores.load.to_string()];
    (cores(results) != cores(past)).then_some("server and load had other cores")
}

fn shown(spread: Option<Spread>) -> String {
    spread.map_or("n/a".to_owned(), |spread| number(spread.median))
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
