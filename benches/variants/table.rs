//! The table on the terminal.

use crate::results::{Figure, Results};
use crate::statistics::{Difference, Spread};

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

/// Prints the medians of each scenario. The medians of a past run stand beside them where the difference
/// counts.
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

/// Prints what has changed since a past run.
pub fn beside(results: &Results, past: &Results, scenario: &str, server: &str) -> String {
    let changes =
        [("requests/s", Figure::Throughput), ("p99", Figure::Latency(99.0))].map(|(name, figure)| {
            let (now, then) =
                (results.spread(scenario, server, figure)?, past.spread(scenario, server, figure)?);
            let change = (now.median / then.median - 1.0) * 100.0;
            match now.against(&then) {
                Difference::Less | Difference::More => Some(format!("{name} {change:+.0}%")),
                Difference::Level => None,
                Difference::Unknown(doubt) => Some(format!("{name} has {doubt}")),
            }
        });
    let changes: Vec<_> = changes.into_iter().flatten().collect();
    if changes.is_empty() { String::new() } else { format!("  since then: {}", changes.join(", ")) }
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
