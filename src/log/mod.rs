//! How log records look on stderr: access lines bare, everything else with its time and level. Whoever reads them may
//! be slow, or stop: the server does not wait for that.

pub mod access;
pub mod escaped;
mod lossy;

use crate::os::stderr::Stderr;
use env_logger::{Builder, Env, Target};
use log::{LevelFilter, error};
use lossy::Lossy;
use std::io::Write;

/// From now on records go to stderr, by what `RUST_LOG` asks for; `info` where it says nothing. What mio
/// says of itself is left out: `reactor/epoll.rs` tells the same in the words of epoll.
pub fn start() {
    let mut builder = Builder::from_env(Env::default().default_filter_or("info"));
    builder.filter_module("mio", LevelFilter::Off);
    builder.format(|out, record| match record.target() {
        access::TARGET => writeln!(out, "{}", record.args()),
        _ => writeln!(out, "{} {:5} {}", out.timestamp_micros(), record.level(), record.args()),
    });
    // Without a stderr there is nobody to tell.
    if let Ok(stderr) = Stderr::open() {
        let bytes_max = stderr.piece_bytes_max();
        builder.target(Target::Pipe(Box::new(Lossy::new(stderr, bytes_max))));
    }
    builder.init();
    // The hook that std brings writes to stderr itself, and waits for whoever reads it.
    std::panic::set_hook(Box::new(|panic| error!("{panic}")));
}
