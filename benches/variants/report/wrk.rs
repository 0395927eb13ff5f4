//! The load generator beside wrk, on the base point.

use super::{encode_text, section as framed, sentences};
use crate::compared::Side;
use crate::results::{Figure, Results};
use crate::scenarios::BASE;
use crate::statistics::{Difference, Spread};
use crate::table::number;
use std::fmt::Write;

/// Nothing if wrk was not run.
pub fn section(results: &Results) -> String {
    let Some((wrk, base)) = results.wrk.as_ref().zip(results.scenario(BASE)) else { return String::new() };
    let mut rows = String::new();
    for server in &results.servers {
        let _ = write!(rows, "<tr><td>{}{}", encode_text(server), row(results, server));
    }
    let load = match results.cores.is_apart() {
        true => format!(
            "wrk has core {}, like the load otherwise, and the server {}",
            results.cores.load, results.cores.server
        ),
        false => "wrk and the server share all cores".to_owned(),
    };
    framed(
        "The same by wrk: 64 connections, 1 KiB",
        &format!(
            "<p>{}\n<div class=scroll><table><tr><th>server<th>requests/s by wrk<th>by this load<th>this load ÷ wrk\
             <th>server busy under wrk<th>\n{rows}</table></div>\n\
             <p class=soft>Closed loop of both. {load}. A server that is not busy throughout was not the limit. Figures \
             without a verdict are left out. {}:\n\
             <p><code>{}</code>\n",
            encode_text(&sentences::wrk(results, base)),
            encode_text(&wrk.version),
            encode_text(&wrk.command)
        ),
    )
}

fn row(results: &Results, server: &str) -> String {
    let Some(base) = results.scenario(BASE) else { return String::new() };
    let ours = Side::of(results, base, server, Figure::Throughput);
    let Some((rate, busy)) = results.by_wrk(server) else {
        let cells = results.wrk.iter().flat_map(|wrk| &wrk.cells).filter(|cell| cell.server == server);
        let why = cells.filter_map(|cell| cell.rate.as_ref().err()).next();
        return format!("<td>n/a<td><td><td><td>{}", encode_text(why.map_or("", String::as_str)));
    };
    let ranged = |it: &Spread| {
        let [least, median, most] = [it.least, it.median, it.most].map(number);
        format!("{median}<small>{least}–{most}</small>")
    };
    let known = |it: &Spread, words: String| if it.doubt().is_none() { words } else { String::new() };
    let (ratio, note) = match sentences::wrk_beside(results, base, server) {
        Some(Difference::Unknown(doubt)) => (String::new(), doubt.to_string()),
        Some(difference) => {
            let level = if difference == Difference::Level { "level" } else { "" };
            let ratio =
                ours.as_ref().map_or(String::new(), |it| format!("{:.2}", it.spread.median / rate.median));
            (ratio, level.to_owned())
        }
        None => (String::new(), String::new()),
    };
    format!(
        "<td>{}<td>{}<td>{ratio}<td>{}<td>{}",
        known(&rate, ranged(&rate)),
        ours.map_or("n/a".to_owned(), |it| {
            if it.doubt().is_none() { ranged(&it.spread) } else { String::new() }
        }),
        known(&busy, format!("{:.0} %", busy.median * 100.0)),
        encode_text(&note)
    )
}
