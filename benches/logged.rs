//! COUNT requests on one connection without a socket, with a line in the log for each, for tools that count instructions: see
//! `requests.rs`, which has no logger, and so no code for what is logged.
//!
//! `cargo bench --bench logged -- COUNT [off|combined|short|json]`

mod scripted;

use log::{Level, LevelFilter, Metadata, Record};
use onepoll::log::Form;
use onepoll::log::form::{Colours, Look};
use onepoll::log::zone::Zone;
use scripted::{From, Kind, Visit};
use std::hint::black_box;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let count = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let form = arguments.iter().find_map(|argument| form_called(argument)).unwrap_or(Form::Combined);
    log::set_logger(&Nowhere).expect("it is the first logger");
    log::set_max_level(LevelFilter::Info);
    let mut visit = Visit::logged(From::Here, Kind::Hit, form);
    for _ in 0..count {
        visit.request();
    }
}

fn form_called(name: &str) -> Option<Form> {
    match name {
        "off" => Some(Form::Off),
        "combined" => Some(Form::Combined),
        "short" => {
            let look = Look { zone: Zone::default(), colours: Colours::On, columns: || Some(80) };
            Some(Form::Short(look))
        }
        "json" => Some(Form::Json),
        _ => None,
    }
}

/// Takes log records, and writes them nowhere.
struct Nowhere;

impl log::Log for Nowhere {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        black_box(record);
    }

    fn flush(&self) {}
}
