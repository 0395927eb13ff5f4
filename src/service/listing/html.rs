//! A listing as a page for people.

use super::order::{Column, Direction, Order};
use crate::http::INFALLIBLE;
use crate::http::date::date_and_clock;
use crate::service::names::shown;
use crate::service::size;
use crate::site::folder::Item;
use html_escape::encode_safe;
use std::ffi::OsString;
use std::fmt::Write;

/// Makes the button above the current column ask for the other direction.
const REVERSED: &str = "<input type=\"hidden\" name=\"order\" value=\"desc\">";

/// What stands above the rows. `counts` are the numbers of folders and of files.
pub fn begin(text: &mut String, crumbs: &[(OsString, String)], order: Order, counts: [usize; 2]) {
    let names = crumbs.iter().map(|(name, _)| format!("{}/", encode_safe(&shown(name))));
    let names = names.collect::<Vec<_>>();
    write!(text, include_str!("page.html"), title = names.concat()).expect(INFALLIBLE);
    text.push_str("<h1>");
    for (at, (name, (_, link))) in names.iter().zip(crumbs).enumerate() {
        let current = if at + 1 == names.len() { " aria-current=\"page\"" } else { "" };
        write!(text, "<a href=\"{link}\"{current}>{name}</a><wbr>").expect(INFALLIBLE);
    }
    let counts = in_words(counts);
    write!(text, "</h1>\n</nav>\n<main>\n<p>{counts}\n<table>\n<thead>\n<tr>").expect(INFALLIBLE);
    for (column, word, label) in
        [(Column::Name, "name", "Name"), (Column::Size, "size", "Size"), (Column::Time, "time", "Modified")]
    {
        let (sorted, order) = match (column == order.column, order.direction) {
            (true, Direction::Up) => (" aria-sort=\"ascending\"", REVERSED),
            (true, Direction::Down) => (" aria-sort=\"descending\"", ""),
            (false, _) => ("", ""),
        };
        // Buttons and not links: a program that follows links would fetch every folder in all six orders.
        write!(
            text,
            "<th scope=\"col\"{sorted}><form>{order}<button name=\"sort\" value=\"{word}\">{label}</button></form></th>"
        )
        .expect(INFALLIBLE);
    }
    text.push_str("</tr>\n</thead>\n<tbody>\n");
}

/// How many there are: `2 folders, 1 file`.
fn in_words([folders, files]: [usize; 2]) -> String {
    let count = |count: usize, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {one}s")),
    };
    match (count(folders, "folder"), count(files, "file")) {
        (None, None) => "This folder is empty".to_owned(),
        (Some(folders), Some(files)) => format!("{folders}, {files}"),
        (folders, files) => folders.or(files).unwrap_or_default(),
    }
}

/// Programs parse this, too: a row is one line, the text of the link is the name, and the date is one cell.
pub fn row(text: &mut String, item: &Item) {
    let slash = if item.bytes.is_some() { "" } else { "/" };
    let (link, name) = (&item.link, shown(&item.name));
    let name = encode_safe(&name);
    let bytes = item.bytes.map(size::format).unwrap_or_default();
    let modified = date_and_clock(item.modified);
    writeln!(
        text,
        "<tr><td><a href=\"{link}{slash}\">{name}{slash}</a></td><td>{bytes}</td><td>{modified}</td></tr>"
    )
    .expect(INFALLIBLE);
}

/// What stands below the rows.
pub fn end(text: &mut String) {
    text.push_str("</tbody>\n</table>\n</main>\n<footer>Times are UTC</footer>\n");
}
