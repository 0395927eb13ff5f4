//! COUNT requests on one connection without a socket, for tools that count instructions. Counts of instructions repeat,
//! unlike times. `.ci/run` takes the difference of two runs, so the cost of starting does not count.
//!
//! `cargo bench --bench requests -- COUNT [hit|deep|miss|not_found|range|not_modified]`
//!
//! With `_from_elsewhere` behind the kind, a page of another origin asks, and with `_with_fields` it gets what `--header`
//! and `--cors` add; with `_with_named_origin`, `--cors=ORIGIN`.

mod scripted;

use onepoll::log::Form;
use scripted::{From, Kind, Visit};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let count = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let ends = [
        ("_from_elsewhere", From::Elsewhere),
        ("_with_fields", From::ElsewhereWithFields),
        ("_with_named_origin", From::ElsewhereNamed),
    ];
    let split = |argument: &String| {
        let found = ends.iter().find_map(|(end, from)| Some((argument.strip_suffix(end)?.to_owned(), *from)));
        found.unwrap_or((argument.clone(), From::Here))
    };
    let arguments = arguments.iter().map(split);
    let mut kinds = arguments.filter_map(|(kind, from)| Some((from, kind_called(&kind)?)));
    let (from, kind) = kinds.next().unwrap_or((From::Here, Kind::Hit));
    let mut visit = Visit::logged(from, kind, Form::Off);
    for _ in 0..count {
        visit.request();
    }
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
