//! COUNT requests on one connection without a socket, for tools that count instructions. Counts of instructions repeat,
//! unlike times. `.ci/run` takes the difference of two runs, so the cost of starting does not count.
//!
//! `cargo bench --bench requests -- COUNT [hit|deep|miss|not_found|range|not_modified]`
//!
//! With `_from_elsewhere` behind the kind, a page of another origin asks, and with `_with_fields` it gets what `--header`
//! and `--cors` add; with `_with_named_origin`, `--cors=ORIGIN`. With `_logged` each request has a line in the log, in the
//! Combined Log Format; with `_logged_short` and `_logged_json`, in the other forms.

mod scripted;

use log::{LevelFilter, Metadata, Record};
use onepoll::log::Form;
use onepoll::log::form::{Colours, Look};
use onepoll::log::zone::Zone;
use scripted::{From, Kind, Visit};
use std::hint::black_box;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let count = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let ends = [
        ("_from_elsewhere", From::Elsewhere),
        ("_with_fields", From::ElsewhereWithFields),
        ("_with_named_origin", From::ElsewhereNamed),
    ];
    let look = Look { zone: Zone::default(), colours: Colours::On, columns: || Some(80) };
    let forms =
        [("_logged_short", Form::Short(look)), ("_logged_json", Form::Json), ("_logged", Form::Combined)];
    let logged = arguments.iter().find_map(|argument| {
        let found = forms.iter().find_map(|(end, form)| Some((argument.strip_suffix(end)?, form.clone())));
        found.map(|(kind, form)| (kind.to_owned(), form))
    });
    let (arguments, form) = match logged {
        Some((kind, form)) => (vec![kind], form),
        None => (arguments, Form::Off),
    };
    if !matches!(form, Form::Off) {
        log::set_logger(&Nowhere).expect("it is the first logger");
        log::set_max_level(LevelFilter::Info);
    }
    let split = |argument: &String| {
        let found = ends.iter().find_map(|(end, from)| Some((argument.strip_suffix(end)?.to_owned(), *from)));
        found.unwrap_or((argument.clone(), From::Here))
    };
    let arguments = arguments.iter().map(split);
    let mut kinds = arguments.filter_map(|(kind, from)| Some((from, kind_called(&kind)?)));
    let (from, kind) = kinds.next().unwrap_or((From::Here, Kind::Hit));
    let mut visit = Visit::logged(from, kind, form);
    for _ in 0..count {
        visit.request();
    }
}

/// Takes log records, and writes them nowhere.
struct Nowhere;

impl log::Log for Nowhere {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        black_box(record);
    }

    fn flush(&self) {}
}

fn kind_called(name: &str) -> Option<Kind> {
    match name {
        "hit" => Some(Kind::Hit),
        "range" => Some(Kind::Range),
        "not_modified" => Some(Kind::NotModified),
        "deep" => Some(Kind::Deep),
        "not_found" => Some(Kind::NotFound),
        "miss" => Some(Kind::Miss),
        _ => None,
    }
}
