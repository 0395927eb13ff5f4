//! Listings: the files and folders in a folder, as a page or as JSON. A listing is made a bounded part in each turn, so
//! other clients are served while a folder of ten thousand names is read and sorted.

use super::names::{shown, sort_key};
use super::pages::{html, page};
use super::response::{Pending, Progress, Response};
use super::script::Script;
use super::{json, size};
use crate::http::INFALLIBLE;
use crate::http::date::date_and_clock;
use crate::http::status::Status;
use crate::site::folder::{Folder, Item};
use crate::site::path;
use html_escape::encode_safe;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;

/// A listing that is being made.
pub struct FolderListing {
    folder: Folder,
    crumbs: Vec<(OsString, String)>,
    form: Form,
    order: Order,
    found: [BTreeMap<Key, Item>; 2],
    stage: Stage,
    text: String,
}

/// Makes the button above the current column ask for the other direction.
const REVERSED: &str = "<input type=\"hidden\" name=\"order\" value=\"desc\">";

/// What folders and files are sorted by: the column that the client asks for (0 for the name), then the name for people,
/// then the exact name.
type Key = (i64, Vec<u8>, OsString);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Reading,
    Writing,
}

/// How a listing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a page for people.
    Html(Script),
    /// For programs.
    Json,
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    column: Column,
    direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Size,
    Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Order {
    /// The order by `sort=name|size|time` and `order=asc|desc` in a query; otherwise by name, ascending.
    fn of(query: Option<&str>) -> Order {
        let says = |pair: &str| query.is_some_and(|query| query.split('&').any(|said| said == pair));
        let column = match (says("sort=size"), says("sort=time")) {
            (true, _) => Column::Size,
            (_, true) => Column::Time,
            _ => Column::Name,
        };
        let direction = if says("order=desc") { Direction::Down } else { Direction::Up };
        Order { column, direction }
    }

    fn key(self, item: &Item) -> Key {
        let first = match self.column {
            Column::Name => 0,
            Column::Size => item.bytes.map_or(0, |bytes| bytes.try_into().unwrap_or(i64::MAX)),
            Column::Time => item.modified,
        };
        (first, sort_key(&item.name), item.name.clone())
    }
}

impl Pending for FolderListing {
    /// A step reads or writes one name.
    fn advance(&mut self, budget: &mut usize) -> Progress<Response> {
        if self.stage == Stage::Reading {
            return self.read(budget);
        }
        while let Some(left) = budget.checked_sub(1) {
            let Some(item) = self.next() else { return Progress::Ready(self.end()) };
            self.write(&item);
            *budget = left;
        }
        Progress::Again
    }
}

impl FolderListing {
    /// Begins to list `folder`, which a client asked for by `path`, in the order that `query` asks for.
    pub fn new(folder: Folder, path: &str, query: Option<&str>, form: Form) -> FolderListing {
        let (crumbs, order) = (path::crumbs(path), Order::of(query));
        let (found, stage, text) = (Default::default(), Stage::Reading, String::new());
        FolderListing { folder, crumbs, form, order, found, stage, text }
    }

    fn read(&mut self, names_left: &mut usize) -> Progress<Response> {
        let wanted = std::mem::take(names_left);
        let Ok(names) = self.folder.read(wanted) else {
            return Progress::Ready(page(Status::INTERNAL_SERVER_ERROR, "The disk could not be read"));
        };
        *names_left = wanted - names.len();
        if names.len() < wanted {
            self.stage = Stage::Writing;
        }
        for item in names.into_iter().flatten() {
            let kind = usize::from(item.bytes.is_some());
            self.found[kind].insert(self.order.key(&item), item);
        }
        if self.stage == Stage::Writing {
            self.begin();
        }
        Progress::Again
    }

    fn next(&mut self) -> Option<Item> {
        let found = self.found.iter_mut().find(|items| !items.is_empty())?;
        let next = match self.order.direction {
            Direction::Up => found.pop_first(),
            Direction::Down => found.pop_last(),
        };
        next.map(|(_, item)| item)
    }

    fn begin(&mut self) {
        if self.form == Form::Json {
            self.text.push('[');
            return;
        }
        let names = self.crumbs.iter().map(|(name, _)| format!("{}/", encode_safe(&shown(name))));
        let names = names.collect::<Vec<_>>();
        write!(self.text, include_str!("listing.html"), title = names.concat()).expect(INFALLIBLE);
        self.text.push_str("<h1>");
        for (at, (name, (_, link))) in names.iter().zip(&self.crumbs).enumerate() {
            let current = if at + 1 == names.len() { " aria-current=\"page\"" } else { "" };
            write!(self.text, "<a href=\"{link}\"{current}>{name}</a><wbr>").expect(INFALLIBLE);
        }
        let counts = self.counts();
        write!(self.text, "</h1>\n</nav>\n<main>\n<p>{counts}\n<table>\n<thead>\n<tr>").expect(INFALLIBLE);
        for (column, word, label) in [
            (Column::Name, "name", "Name"),
            (Column::Size, "size", "Size"),
            (Column::Time, "time", "Modified"),
        ] {
            let (sorted, order) = match (column == self.order.column, self.order.direction) {
                (true, Direction::Up) => (" aria-sort=\"ascending\"", REVERSED),
                (true, Direction::Down) => (" aria-sort=\"descending\"", ""),
                (false, _) => ("", ""),
            };
            // Buttons and not links: a program that follows links would fetch every folder in all six orders.
            write!(
                self.text,
                "<th scope=\"col\"{sorted}><form>{order}<button name=\"sort\" value=\"{word}\">{label}</button></form></th>"
            )
            .expect(INFALLIBLE);
        }
        self.text.push_str("</tr>\n</thead>\n<tbody>\n");
    }

    /// How many there are: `2 folders, 1 file`.
    fn counts(&self) -> String {
        let count = |kind: usize, one: &str| match self.found[kind].len() {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {one}s")),
        };
        match (count(0, "folder"), count(1, "file")) {
            (None, None) => "This folder is empty".to_owned(),
            (Some(folders), Some(files)) => format!("{folders}, {files}"),
            (folders, files) => folders.or(files).unwrap_or_default(),
        }
    }

    fn write(&mut self, item: &Item) {
        let slash = if item.bytes.is_some() { "" } else { "/" };
        let link = format_args!("{}{slash}", item.link);
        if self.form == Form::Json {
            let separator = if self.text.len() > 1 { ",\n" } else { "\n" };
            let kind = if item.bytes.is_some() { "file" } else { "folder" };
            let entry = json::value!({
                "name": item.name.to_string_lossy(),
                "link": link.to_string(),
                "type": kind,
                "size": item.bytes,
                "modified": item.modified,
            });
            write!(self.text, "{separator}{}", json::line(&entry)).expect(INFALLIBLE);
            return;
        }
        let name = shown(&item.name);
        let name = encode_safe(&name);
        let bytes = item.bytes.map(size::format).unwrap_or_default();
        let modified = date_and_clock(item.modified);
        // Programs parse this, too: a row is one line, the text of the link is the name, and the date is one cell.
        writeln!(
            self.text,
            "<tr><td><a href=\"{link}\">{name}{slash}</a></td><td>{bytes}</td><td>{modified}</td></tr>"
        )
        .expect(INFALLIBLE);
    }

    fn end(&mut self) -> Response {
        let mut text = std::mem::take(&mut self.text);
        let response = match self.form {
            Form::Html(script) => {
                text.push_str("</tbody>\n</table>\n</main>\n<footer>Times are UTC</footer>\n");
                script.end(&mut text);
                let page = html(Status::OK, text);
                Response { head: script.vary(page.head.field("Vary", "Accept")), ..page }
            }
            Form::Json => json::response(text + "\n]\n").field("Vary", "Accept"),
        };
        response.field("Cache-Control", "no-cache")
    }
}
