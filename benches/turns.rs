//! COUNT requests to a whole loop without a kernel, for tools that count instructions: what the inspector adds to a request.
//! It is a program of its own, since the compiler arranges the code of one loop otherwise where a second one stands beside it.
//!
//! `cargo bench --bench turns -- COUNT off|inspected|watched`: without the inspector, with it, and with a client that reads its
//! events.

#[allow(dead_code, reason = "a whole loop is turned, and no single connection")]
mod scripted;

use scripted::turns::{CLIENTS, Turns, Watch};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let count = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let watch = arguments.iter().find_map(|argument| watch_called(argument)).unwrap_or(Watch::Off);
    let mut turns = Turns::new(watch);
    (0..count / CLIENTS).for_each(|_| turns.turn());
}

fn watch_called(name: &str) -> Option<Watch> {
    match name {
        "off" => Some(Watch::Off),
        "inspected" => Some(Watch::Inspected),
        "watched" => Some(Watch::Watched),
        _ => None,
    }
}
