//! A listing as a page for people. It is usable without its script and without its styles, which a
//! `Content-Security-Policy` of the user may forbid.

use super::entry::Entry;
use super::filter::Filter;
use super::order::{Column, Direction, Order};
use super::readme::SHOWN_BYTES_MAX;
use crate::http::INFALLIBLE;
use crate::http::date::date_and_seconds;
use crate::service::names::shown;
use crate::service::pages::{BEFORE_STYLE, BEFORE_TITLE, BEHIND_STYLE, STYLE};
use crate::service::size;
use crate::site::path::encode_segment;
use html_escape::{encode_double_quoted_attribute, encode_safe, encode_text};
use std::ffi::{OsStr, OsString};
use std::fmt::Write;

/// What the page knows of its folder and of what was asked for.
pub struct About<'a> {
    /// The folders from the root to this one: each with its name and a link to it.
    pub crumbs: &'a [(OsString, String)],
    /// The order of files.
    pub order: Order,
    /// Which names are shown.
    pub filter: &'a Filter,
    /// The numbers of folders and of files.
    pub counts: [usize; 2],
    /// How many of both the filter shows.
    pub matching: usize,
    /// How many rows there are.
    pub rows: usize,
}

/// What stands above the rows.
pub fn begin(text: &mut String, about: &About<'_>) {
    let names = about.crumbs.iter().map(|(name, _)| format!("{}/", encode_safe(&shown(name))));
    let names = names.collect::<Vec<_>>();
    for part in [BEFORE_TITLE, &names.concat(), BEFORE_STYLE, STYLE, include_str!("page.css"), BEHIND_STYLE] {
        text.push_str(part);
    }
    text.push_str("<nav aria-label=\"Path\">\n<h1>");
    for (at, (name, (_, link))) in names.iter().zip(about.crumbs).enumerate() {
        let current = if at + 1 == names.len() { " aria-current=\"page\"" } else { "" };
        write!(text, "<a href=\"{link}\"{current}>{name}</a><wbr>").expect(INFALLIBLE);
    }
    writeln!(text, "</h1>\n</nav>\n<main>\n<p>{}", in_words(about.counts)).expect(INFALLIBLE);
    forms(text, about);
    if about.rows < about.matching {
        said_to_be_cut(text, about);
    }
    columns(text, about);
    // The root has no folder above it. Programs know the row by its name.
    if let [.., (_, above), _] = about.crumbs {
        writeln!(text, "<tbody>\n<tr><td><a href=\"{above}\" title=\"The folder above\">../</a></td><td></td><td></td></tr>\n</tbody>").expect(INFALLIBLE);
    }
    text.push_str("<tbody>\n");
}

/// The box that filters names: the script does so while a user types, and the server when the form is sent. Beside it is the
/// button for an archive of all that is in the folder, whatever is filtered.
fn forms(text: &mut String, about: &About<'_>) {
    let value = encode_double_quoted_attribute(about.filter.text());
    text.push_str("<div>\n<form role=\"search\">");
    let Order { column, direction } = about.order;
    if column != Column::Name {
        write!(text, "<input type=\"hidden\" name=\"sort\" value=\"{}\">", column.word()).expect(INFALLIBLE);
    }
    if direction == Direction::Down {
        text.push_str(REVERSED);
    }
    let matching = match about.matching {
        _ if about.filter.is_off() => String::new(),
        0 => "No name matches".to_owned(),
        1 => "1 name matches".to_owned(),
        matching => format!("{} names match", with_commas(matching)),
    };
    writeln!(
        text,
        "<label for=\"q\">Filter</label><input type=\"search\" id=\"q\" name=\"q\" value=\"{value}\" \
         autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\"><button>Apply</button>\
         <output for=\"q\">{matching}</output></form>"
    )
    .expect(INFALLIBLE);
    // A button and no link: a program that follows links would fetch an archive of every folder.
    if about.counts != [0, 0] {
        text.push_str("<form><button name=\"archive\" value=\"zip\">Download as zip</button></form>\n");
    }
    text.push_str("</div>\n");
}

/// Makes a form ask for the greatest first.
const REVERSED: &str = "<input type=\"hidden\" name=\"order\" value=\"desc\">";

/// Says that there are more names than rows, and how to get at the others.
fn said_to_be_cut(text: &mut String, about: &About<'_>) {
    let [rows, matching] = [about.rows, about.matching].map(with_commas);
    let (names, how) = match about.filter.is_off() {
        true => ("names", "Filter them"),
        false => ("names that match", "Filter by more"),
    };
    writeln!(
        text,
        "<p id=\"cut\">These are the first {rows} of {matching} {names}. {how}, or ask for JSON, which has all: \
         <code>Accept: application/json</code>"
    )
    .expect(INFALLIBLE);
}

/// The heads of the columns. They are buttons and not links: a program that follows links would fetch every folder in all six
/// orders.
fn columns(text: &mut String, about: &About<'_>) {
    let filter = match about.filter.is_off() {
        true => String::new(),
        false => {
            let value = encode_double_quoted_attribute(about.filter.text());
            format!("<input type=\"hidden\" name=\"q\" value=\"{value}\">")
        }
    };
    text.push_str("<table>\n<thead>\n<tr>");
    for (column, label) in [(Column::Name, "Name"), (Column::Size, "Size"), (Column::Time, "Modified")] {
        let (sorted, order) = match (column == about.order.column, about.order.direction) {
            (true, Direction::Up) => (" aria-sort=\"ascending\"", REVERSED),
            (true, Direction::Down) => (" aria-sort=\"descending\"", ""),
            (false, _) => ("", ""),
        };
        write!(
            text,
            "<th scope=\"col\"{sorted}><form>{filter}{order}<button name=\"sort\" value=\"{}\">{label}</button></form></th>",
            column.word()
        )
        .expect(INFALLIBLE);
    }
    text.push_str("</tr>\n</thead>\n");
}

/// How many there are: `2 folders, 1 file`.
fn in_words([folders, files]: [usize; 2]) -> String {
    let count = |count: usize, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{} {one}s", with_commas(count))),
    };
    match (count(folders, "folder"), count(files, "file")) {
        (None, None) => "This folder is empty".to_owned(),
        (Some(folders), Some(files)) => format!("{folders}, {files}"),
        (folders, files) => folders.or(files).unwrap_or_default(),
    }
}

/// A number with a comma before each three digits: `12,345`.
fn with_commas(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Programs parse this, too: a row is one line, the text of the link is the name, and the date is one cell, in UTC.
pub fn row(text: &mut String, entry: &Entry) {
    let (link, slash) = (encode_segment(entry.name.as_encoded_bytes()), entry.slash());
    let name = shown(&entry.name);
    let name = encode_safe(&name);
    let bytes = entry.bytes.map(size::format).unwrap_or_default();
    let [date, clock] = date_and_seconds(entry.modified);
    let minute = &clock[.."08:49".len()];
    writeln!(
        text,
        "<tr><td><a href=\"{link}{slash}\">{name}{slash}</a></td><td>{bytes}</td><td>\
         <time datetime=\"{date}T{clock}Z\" title=\"{date} {clock} UTC\">{date} {minute}</time></td></tr>"
    )
    .expect(INFALLIBLE);
}

/// What stands below the rows, with the beginning of a file that says what is in the folder.
pub fn end(text: &mut String, readme: Option<(&OsStr, String, bool)>) {
    text.push_str("</tbody>\n</table>\n");
    if let Some((name, content, is_cut)) = readme {
        let name = shown(name);
        let name = encode_safe(&name);
        let more = match is_cut {
            true => format!("<p>\u{2026} These are the first {} KiB of this file\n", SHOWN_BYTES_MAX >> 10),
            false => String::new(),
        };
        // A line end that comes first in <pre> is not shown.
        write!(
            text,
            "<section aria-labelledby=\"readme\">\n<h2 id=\"readme\">{name}</h2>\n<pre>\n{}</pre>\n{more}</section>\n",
            encode_text(&content)
        )
        .expect(INFALLIBLE);
    }
    text.push_str("</main>\n");
    // A module runs when the page was read to its end.
    text.push_str(concat!("<script type=\"module\">\n", include_str!("page.js"), "</script>\n"));
    text.push_str("<footer>Times are UTC</footer>\n");
}
