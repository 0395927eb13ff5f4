//! COUNT requests on one connection without a socket, for tools that count instructions. Counts of instructions repeat,
//! unlike times. `.ci/run` takes the difference of two runs, so the cost of starting does not count.
//!
//! `cargo bench --bench requests -- COUNT`

mod scripted;

use scripted::Visit;

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let mut visit = Visit::new();
    for _ in 0..count {
        visit.request();
    }
}
