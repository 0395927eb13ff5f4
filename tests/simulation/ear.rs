//! Collects what the server in this thread logs, and plants panics in the work that it logs.

use crate::support::dice::Dice;
use log::{LevelFilter, Log, Metadata, Record};
use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::sync::Once;

struct Ear;

thread_local! {
    static ACCESS: RefCell<Vec<String>> = RefCell::default();
    static DICE: RefCell<Dice> = RefCell::new(Dice::of(0));
    static PLANTED: Cell<u64> = Cell::default();
}

/// A piece of text in so many is not compressed: there is a bug.
const BUGS: u64 = 15;

impl Log for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "access"
    }

    fn log(&self, record: &Record<'_>) {
        match record.target() {
            "access" => ACCESS.with_borrow_mut(|lines| {
                lines.extend(record.args().to_string().lines().map(str::to_owned));
            }),
            "onepoll::site::compressor" if DICE.with_borrow_mut(|dice| dice.one_in(BUGS)) => {
                PLANTED.set(PLANTED.get() + 1);
                // This panic is planted, so nothing is printed on stderr.
                resume_unwind(Box::new("planted"));
            }
            _ => {}
        }
    }

    fn flush(&self) {}
}

/// Begins to collect, for a new server.
pub fn listen(dice: Dice) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Ear).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
    DICE.set(dice);
    access_lines();
    planted();
}

/// The lines of the access log since the last call.
pub fn access_lines() -> Vec<String> {
    ACCESS.take()
}

/// The panics since the last call.
pub fn planted() -> u64 {
    PLANTED.take()
}
