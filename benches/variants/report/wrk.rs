//! The load generator beside wrk, on the base point.

use super::{encode_text, section as framed, sentences};
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
             <p class=soft>Closed loop of both. {load}. Under a faster load more requests come with one wait, so that a \
             request costs the server less, and a server that is not busy throughout was not the limit. {}:\n\
             <p><code>{}</code>\n",
            encode_text(&sentences::wrk(results, base)),
            encode_text(&wrk.version),
            encode_text(&wrk.command)
        ),
    )
}

fn row(results: &Results, server: &str) -> String {
    let Some(base) = results.scenario(BASE) else { return String::new() };
    let ours = results.spread(&base.name, server, Figure::Throughput);
    let Some((rate, busy)) = results.by_wrk(server) else {
        let cells = results.wrk.iter().flat_map(|wrk| &wrk.cells).filter(|cell| cell.server == server);
        let why = cells.filter_map(|cell| cell.rate.as_ref().err()).next();
        return format!("<td>n/a<td><td><td><td>{}", encode_text(why.map_or("", String::as_str)));
    };
    let ranged = |it: Spread| {
        let [least, median, most] = [it.least, it.median, it.most].map(number);
        format!("{median}<small>{least}–{most}</small>")
    };
    let (ratio, note) = match sentences::wrk_beside(results, base, server) {
        Some(Difference::Unknown(doubt)) => (String::new(), doubt.to_string()),
        Some(difference) => {
            let level = if difference == Difference::Level { "level" } else { "" };
            let ratio = ours.map_or(String::new(), |it| format!("{:.2}", it.median / rate.median));
            (ratio, level.to_owned())
        }
        None => (String::new(), String::new()),
    };
    format!(
        "<td>{}<td>{}<td>{ratio}<td>{:.0} %<td>{}",
        ranged(rate),
        ours.map_or("n/a".to_owned(), ranged),
        busy.median * 100.0,
        encode_text(&note)
    )
}
