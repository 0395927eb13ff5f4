//! So many requests on one connection without a socket, for tools that count instructions: those repeat where
//! seconds do not. `.ci/run` takes the difference of two counts, so what it costs to begin falls out.
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
