//! The counters for Prometheus, in its text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use super::counts::{Call, Counts};
use std::fmt::Write;

/// The counters as the text of `GET /.onepoll/metrics`.
pub fn text(counts: &Counts) -> String {
    let mut out = String::new();
    let mut add = |name: &str, kind: &str, help: &str, value: u64| {
        let _ = write!(
            out,
            "# HELP onepoll_{name} {help}\n# TYPE onepoll_{name} {kind}\nonepoll_{name} {value}\n"
        );
    };
    add("connections", "gauge", "Connections that are open.", counts.open);
    add("connections_accepted_total", "counter", "Connections accepted.", counts.accepted);
    add("requests_total", "counter", "Requests with a whole and valid head.", counts.requests);
    add("refused_total", "counter", "Requests refused with an error of the protocol.", counts.refused);
    add("timeouts_total", "counter", "Connections that timed out.", counts.timeouts);
    add("panics_total", "counter", "Connections that were closed after a panic.", counts.panics);
    add("stale_events_total", "counter", "Events for connections that had ended.", counts.stale);
    add("spurious_wakeups_total", "counter", "Events after which nothing happened.", counts.spurious);
    add("would_block_total", "counter", "System calls that gave EAGAIN.", counts.would_block);
    add("received_bytes_total", "counter", "Bytes received.", counts.bytes_in);
    add("sent_bytes_total", "counter", "Bytes sent.", counts.bytes_out);
    add(
        "turns_total",
        "counter",
        "Turns of the loop, except those that only sent events of the inspector.",
        counts.turns,
    );
    add(
        "watch_omitted_total",
        "counter",
        "Turns and changes of state left out of the events, for want of room.",
        counts.omitted,
    );
    add(
        "watch_missed_total",
        "counter",
        "Batches of events that a reader missed because it was too slow.",
        counts.missed,
    );
    out += "# HELP onepoll_system_calls_total System calls on sockets and the poll.\n\
        # TYPE onepoll_system_calls_total counter\n";
    for (name, count) in Call::NAMES.iter().zip(counts.calls) {
        let _ = writeln!(out, "onepoll_system_calls_total{{call=\"{name}\"}} {count}");
    }
    out
}
