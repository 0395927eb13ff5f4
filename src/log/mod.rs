//! How log records look on stderr: access lines as they are, all others with their time and level. The reader of stderr
//! may be slow, or stop; the server does not wait for it.

pub mod access;
pub mod escaped;
mod lossy;

use crate::os::stderr::Stderr;
use env_logger::{Builder, Env, Target};
use log::{LevelFilter, error};
use lossy::Lossy;
use std::io::Write;

/// From now on log records go to stderr, filtered by `RUST_LOG`; by default `info` and above. The records of mio are left
/// out: `reactor/epoll.rs` logs the same in the words of epoll.
pub fn start() {
    let mut builder = Builder::from_env(Env::default().default_filter_or("info"));
    builder.filter_module("mio", LevelFilter::Off);
    builder.format(|out, record| match record.target() {
        access::TARGET => writeln!(out, "{}", record.args()),
        _ => writeln!(out, "{} {:5} {}", out.timestamp_micros(), record.level(), record.args()),
    });
    // Without a stderr the builder keeps its default target, and no record is seen.
    if let Ok(stderr) = Stderr::open() {
        builder.target(Target::Pipe(Box::new(Lossy::new(stderr))));
    }
    builder.init();
    // The hook of std would write to stderr itself, and wait for its reader.
    std::panic::set_hook(Box::new(|panic| error!("{panic}")));
}
