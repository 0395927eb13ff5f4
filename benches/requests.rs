//! COUNT requests on one connection without a socket, for tools that count instructions. Counts of instructions repeat,
//! unlike times. `.ci/run` takes the difference of two runs, so the cost of starting does not count.
//!
//! `cargo bench --bench requests -- COUNT [hit|deep|miss|not_found|range|not_modified]`

mod scripted;

use scripted::{Kind, Visit};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let count = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let kind = arguments.iter().find_map(|argument| match argument.as_str() {
        "hit" => Some(Kind::Hit),
        "range" => Some(Kind::Range),
        "not_modified" => Some(Kind::NotModified),
        "deep" => Some(Kind::Deep),
        "not_found" => Some(Kind::NotFound),
        "miss" => Some(Kind::Miss),
        _ => None,
    });
    let mut visit = Visit::asking(kind.unwrap_or(Kind::Hit));
    for _ in 0..count {
        visit.request();
    }
}
