//! The counters for Prometheus, in its text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use super::counts::{Call, Counts};
use std::fmt::Write;

/// The counters as the text of `GET /.onepoll/metrics`.
pub fn text(counts: &Counts) -> String {
    let mut out = String::new();
    for (name, value, help) in [
        ("connections", &counts.open, "Connections that are open."),
        ("connections_accepted_total", &counts.accepted, "Connections accepted."),
        ("requests_total", &counts.requests, "Heads that were whole and valid."),
        ("refused_total", &counts.refused, "Requests refused with an error of the protocol."),
        ("timeouts_total", &counts.timeouts, "Connections whose time was up."),
        ("panics_total", &counts.panics, "Connections that a bug of this server has ended."),
        ("stale_events_total", &counts.stale, "Events for connections that were over."),
        ("spurious_wakeups_total", &counts.spurious, "Events that led to nothing."),
        ("would_block_total", &counts.would_block, "System calls that gave EAGAIN."),
        ("received_bytes_total", &counts.bytes_in, "Bytes received."),
        ("sent_bytes_total", &counts.bytes_out, "Bytes sent."),
        ("turns_total", &counts.turns, "Turns of the loop that did more than tell a reader of others."),
        (
            "watch_omitted_total",
            &counts.omitted,
            "Turns and changes of state beyond what fits into a batch of the events.",
        ),
        (
            "watch_missed_total",
            &counts.missed,
            "Batches of the events for which a reader had no room, being too slow.",
        ),
    ] {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        let _ = write!(
            out,
            "# HELP onepoll_{name} {help}\n# TYPE onepoll_{name} {kind}\nonepoll_{name} {value}\n"
        );
    }
    out += "# HELP onepoll_system_calls_total System calls on sockets and the poll.\n\
        # TYPE onepoll_system_calls_total counter\n";
    for (name, count) in Call::NAMES.iter().zip(&counts.calls) {
        let _ = writeln!(out, "onepoll_system_calls_total{{call=\"{name}\"}} {count}");
    }
    out
}
