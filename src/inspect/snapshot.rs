//! The record as JSON: a whole snapshot, or a batch of what is new. The JSON is written by hand, since a batch may have a
//! thousand places ten times a second. Rows are arrays; their columns are named once, in the snapshot.

use super::counts::{Call, Counts};
use super::place::{Place, Transition};
use super::record::{News, Record};
use super::turn::Turn;
use crate::http::INFALLIBLE;
use crate::service::json;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The whole record, for `GET /.onepoll/state.json`. O(n) in the connections: with 3,000 of them it takes a millisecond,
/// in which no other client is served.
pub fn whole(record: &Record) -> String {
    let mut out = String::from("{");
    out += "\"columns\":{\"place\":[\"key\",\"id\",\"peer\",\"state\",\"wait\",\"born_ms\",\"bytes_in\",\
        \"bytes_out\",\"requests\",\"line\",\"reads_events\"],\"move\":[\"at_ms\",\"key\",\"id\",\"from\",\"to\",\
        \"because\"],\"turn\":[\"at_ms\",\"wait_us\",\"busy_us\",\"events\",\"driven\",\"first_driven\"]},";
    head(&mut out, record);
    out += ",\"places\":[";
    let taken = record.places.iter().enumerate().filter_map(|(key, place)| Some((key, place.as_deref()?)));
    list(&mut out, taken.clone(), |out, (key, kept)| place(out, record, key, kept));
    out += "],\"turns\":[";
    list(&mut out, &record.turns, |out, kept| turn(out, record, kept));
    out += "],\"moves\":[";
    list(&mut out, taken.flat_map(|(_, kept)| &kept.history), |out, made| change(out, record, made));
    out += "]}\n";
    out
}

/// What is new since the last batch, as a server-sent event. The batches are numbered without gaps, so a client can see
/// that it has missed some.
pub fn batch(record: &Record, News { number, keys }: &News) -> Vec<u8> {
    let mut out = format!("id: {number}\ndata: {{");
    head(&mut out, record);
    out += ",\"places\":[";
    list(&mut out, keys, |out, &key| match record.places.get(key).and_then(Option::as_deref) {
        Some(kept) => place(out, record, key, kept),
        None => write!(out, "[{key}]").expect(INFALLIBLE),
    });
    out += "],\"turns\":[";
    list(&mut out, &record.turns, |out, kept| turn(out, record, kept));
    out += "],\"moves\":[";
    list(&mut out, &record.transitions, |out, made| change(out, record, made));
    out += "]}\n\n";
    out.into_bytes()
}

fn list<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut String, T)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
}

fn head(out: &mut String, record: &Record) {
    let now = millis(record, record.now);
    let Counts { accepted, open, requests, refused, timeouts, stale, spurious, would_block, .. } =
        record.counts;
    let Counts { bytes_in, bytes_out, turns, omitted, missed, calls, .. } = record.counts;
    write!(
        out,
        "\"now_ms\":{now:.3},\"counters\":{{\"accepted\":{accepted},\"open\":{open},\"requests\":{requests},\
         \"refused\":{refused},\"timeouts\":{timeouts},\"stale\":{stale},\"spurious\":{spurious},\
         \"would_block\":{would_block},\"bytes_in\":{bytes_in},\"bytes_out\":{bytes_out},\"turns\":{turns},\
         \"omitted\":{omitted},\"missed\":{missed}}},\"calls\":{{"
    )
    .expect(INFALLIBLE);
    list(out, Call::NAMES.iter().zip(calls), |out, (name, count)| {
        write!(out, "\"{name}\":{count}").expect(INFALLIBLE);
    });
    out.push('}');
}

fn place(out: &mut String, record: &Record, key: usize, place: &Place) {
    let Place { id, peer, state, wait, bytes_in, bytes_out, requests, is_reader, .. } = place;
    let born = millis(record, place.born);
    let wait = wait.map_or("Turn".into(), |wait| format!("{wait:?}"));
    let line = json::value!(place.asked());
    let reads = u8::from(*is_reader);
    write!(
        out,
        "[{key},{},\"{peer}\",\"{state}\",\"{wait}\",{born:.0},{bytes_in},{bytes_out},{requests},{line},{reads}]",
        id.0
    )
    .expect(INFALLIBLE);
}

fn change(out: &mut String, record: &Record, made: &Transition) {
    let Transition { key, id, from, to, .. } = made;
    let at = millis(record, made.at);
    let because = json::value!(made.because.map(|reason| reason.to_string()));
    write!(out, "[{at:.3},{key},{},\"{from}\",\"{to}\",{because}]", id.0).expect(INFALLIBLE);
}

fn turn(out: &mut String, record: &Record, turn: &Turn) {
    let Turn { events, driven_count, .. } = turn;
    let at = millis(record, turn.woke);
    let [wait, busy] = [turn.wait, turn.busy].map(micros);
    write!(out, "[{at:.3},{wait:.1},{busy:.1},{events},{driven_count},[").expect(INFALLIBLE);
    list(out, turn.driven(), |out, driven| {
        write!(out, "[{},{:.1}]", driven.key, micros(driven.time)).expect(INFALLIBLE);
    });
    out.push_str("]]");
}

fn millis(record: &Record, time: Instant) -> f64 {
    time.saturating_duration_since(record.began).as_secs_f64() * 1e3
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
