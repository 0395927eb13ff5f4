//! The record as JSON: a whole snapshot, or a batch of what is new. The JSON is written by hand, since a batch may have a
//! thousand places ten times a second. Rows are arrays; their columns are named once, in the snapshot.

use super::batches::{BATCH_ITEMS_MAX, Lost, News, Room};
use super::counts::{Call, Counts};
use super::place::{Place, Transition};
use super::record::Record;
use super::request::{Line, Request};
use super::text::{list, micros, millis, number, numbers, string};
use super::turn::{Kind, Turn};
use crate::conn::event::{Step, StepRow};
use crate::http::INFALLIBLE;
use crate::log::escaped::Escaped;
use crate::log::json;
use std::io::Write;

/// The columns of the rows.
const COLUMNS: &[(&str, &[&str])] = &[
    (
        "place",
        &[
            "key",
            "id",
            "peer",
            "state",
            "wait",
            "born_ms",
            "bytes_in",
            "bytes_out",
            "requests",
            "line",
            "reads_events",
        ],
    ),
    ("move", &["at_ms", "key", "id", "from", "to", "because"]),
    ("turn", &["at_ms", "wait_us", "busy_us", "events", "driven", "first_driven", "done"]),
    ("request", &["number", "key", "id", "line", "status", "began_ms", "steps"]),
];

/// The whole record, for `GET /.onepoll/state.json`. O(n) in the connections, and no other client is served
/// meanwhile.
pub fn whole(record: &Record) -> Vec<u8> {
    let (mut out, mut room) = (Vec::new(), Vec::new());
    let out = &mut out;
    out.extend_from_slice(b"{\"columns\":{");
    list(out, COLUMNS, |out, (name, columns)| {
        write!(out, "\"{name}\":[").expect(INFALLIBLE);
        list(out, *columns, string);
        out.push(b']');
    });
    out.extend_from_slice(b"},\"kinds\":[");
    list(out, Kind::NAMES, string);
    out.extend_from_slice(b"],\"steps\":[");
    list(out, Step::TABLE, |out, StepRow { name, source, .. }| {
        write!(out, "{{\"name\":\"{name}\",\"source\":\"{source}\"}}").expect(INFALLIBLE);
    });
    out.extend_from_slice(b"],");
    head(out, record);
    out.extend_from_slice(b",\"places\":[");
    let taken = record.places.iter().enumerate().filter_map(|(key, place)| Some((key, place.as_deref()?)));
    list(out, taken.clone(), |out, (key, kept)| place(out, &mut room, key, kept));
    out.extend_from_slice(b"],\"turns\":[");
    list(out, &record.turns.kept, turn);
    out.extend_from_slice(b"],\"moves\":[");
    list(out, taken.clone().flat_map(|(_, kept)| &kept.history), change);
    out.extend_from_slice(b"],\"requests\":[");
    list(out, taken.flat_map(|(_, kept)| kept.requests.iter()), |out, kept| request(out, &mut room, kept));
    out.extend_from_slice(b"]}\n");
    std::mem::take(out)
}

/// Writes what is new since the last batch, as a server-sent event. The batches are numbered without gaps, so a client can see
/// that it has missed some.
pub fn batch(
    Room { news: News { number, keys, later }, batch: out, line: room }: &mut Room,
    record: &Record,
) {
    write!(out, "id: {number}\ndata: {{").expect(INFALLIBLE);
    head(out, record);
    out.extend_from_slice(b",\"places\":[");
    let place_at = |key: &usize| record.places.get(*key).and_then(Option::as_deref);
    list(out, &*keys, |out, key| match place_at(key) {
        Some(kept) => place(out, room, *key, kept),
        None => write!(out, "[{key}]").expect(INFALLIBLE),
    });
    out.extend_from_slice(b"],\"turns\":[");
    list(out, &record.turns.kept, turn);
    out.extend_from_slice(b"],\"moves\":[");
    list(out, &record.batches.transitions, change);
    out.extend_from_slice(b"],\"requests\":[");
    let mut requests = 0;
    let open = keys.iter().filter_map(place_at).flat_map(|place| place.requests.iter());
    let new = record.batches.ended.iter().chain(open).filter(|request| request.is_new);
    list(out, new.clone().take(BATCH_ITEMS_MAX), |out, kept| {
        request(out, room, kept);
        requests += 1;
    });
    let Lost { turns, moves, requests: lost } = record.batches.lost;
    let lost = lost + (new.count() - requests) as u64;
    write!(
        out,
        "],\"lost\":{{\"turns\":{turns},\"moves\":{moves},\"requests\":{lost},\"places\":{later}}}}}\n\n"
    )
    .expect(INFALLIBLE);
}

fn head(out: &mut Vec<u8>, record: &Record) {
    let Counts { accepted, open, requests, refused, timeouts, stale, spurious, would_block, .. } =
        &*record.counts;
    let Counts { bytes_in, bytes_out, turns, omitted, missed, calls, .. } = &*record.counts;
    out.extend_from_slice(b"\"server\":");
    number(out, record.server);
    out.extend_from_slice(b",\"now_ms\":");
    millis(out, record.now);
    let slots = record.places.len();
    write!(
        out,
        ",\"slots\":{slots},\"counters\":{{\"accepted\":{accepted},\"open\":{open},\"requests\":{requests},\
         \"refused\":{refused},\"timeouts\":{timeouts},\"stale\":{stale},\"spurious\":{spurious},\
         \"would_block\":{would_block},\"bytes_in\":{bytes_in},\"bytes_out\":{bytes_out},\"turns\":{turns},\
         \"omitted\":{omitted},\"missed\":{missed}}},\"calls\":{{"
    )
    .expect(INFALLIBLE);
    list(out, Call::NAMES.iter().zip(calls), |out, (name, count)| {
        write!(out, "\"{name}\":{count}").expect(INFALLIBLE);
    });
    out.push(b'}');
}

fn place(out: &mut Vec<u8>, room: &mut Vec<u8>, key: usize, place: &Place) {
    let Place { id, peer, state, bytes_in, bytes_out, asked, .. } = place;
    out.push(b'[');
    numbers(out, [key as u64, u64::from(id.0)]);
    write!(out, ",\"{peer}\",\"{state}\",\"").expect(INFALLIBLE);
    match place.wait {
        Some(wait) => write!(out, "{wait:?}").expect(INFALLIBLE),
        None => out.extend_from_slice(b"Turn"),
    }
    out.extend_from_slice(b"\",");
    numbers(out, [place.born / 1_000_000, *bytes_in, *bytes_out, *asked]);
    out.push(b',');
    line(out, room, &place.line);
    out.extend_from_slice(if place.is_reader { b",1]" } else { b",0]" });
}

/// A request line. The client chose it, so it is escaped twice: for people, and for JSON. `room` is for the first.
fn line(out: &mut Vec<u8>, room: &mut Vec<u8>, line: &Line) {
    room.clear();
    Escaped(line.bytes()).append_to(room);
    json::string(room, out);
}

fn change(out: &mut Vec<u8>, made: &Transition) {
    let Transition { key, id, from, to, .. } = made;
    out.push(b'[');
    millis(out, made.at);
    out.push(b',');
    numbers(out, [*key as u64, u64::from(id.0)]);
    for name in [from, to] {
        out.push(b',');
        string(out, name);
    }
    out.push(b',');
    match made.because {
        Some(reason) => string(out, reason),
        None => out.extend_from_slice(b"null"),
    }
    out.push(b']');
}

fn turn(out: &mut Vec<u8>, turn: &Turn) {
    out.push(b'[');
    millis(out, turn.woke);
    for time in [turn.wait, turn.busy] {
        out.push(b',');
        micros(out, time);
    }
    out.push(b',');
    numbers(out, [turn.events, turn.driven_count].map(u64::from));
    out.extend_from_slice(b",[");
    list(out, turn.driven(), |out, driven| {
        out.push(b'[');
        number(out, driven.key.into());
        out.push(b',');
        micros(out, driven.time.into());
        out.push(b']');
    });
    out.extend_from_slice(b"],[");
    list(out, turn.spent, micros);
    out.extend_from_slice(b"]]");
}

fn request(out: &mut Vec<u8>, room: &mut Vec<u8>, request: &Request) {
    out.push(b'[');
    numbers(out, [request.number, request.key as u64, u64::from(request.id.0)]);
    out.push(b',');
    line(out, room, &request.line);
    out.push(b',');
    number(out, request.status.into());
    out.push(b',');
    millis(out, request.began);
    out.extend_from_slice(b",[");
    list(out, request.steps(), |out, (step, at)| {
        out.push(b'[');
        number(out, (*step).into());
        out.push(b',');
        micros(out, at.saturating_sub(request.began));
        out.push(b']');
    });
    out.extend_from_slice(b"]]");
}
