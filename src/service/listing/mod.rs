//! Listings: the files and folders in a folder, as a page or as JSON. A listing is made a bounded part in each turn, so
//! other clients are served while a folder of ten thousand names is read and sorted.

mod order;
mod html;
mod json;

use super::pages::{self, page};
use super::response::{Pending, Progress, Response};
use super::script::Script;
use crate::http::status::Status;
use crate::site::folder::{Folder, Item};
use crate::site::path;
use order::{Direction, Key, Order};
use std::collections::BTreeMap;
use std::ffi::OsString;

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

impl Pending for FolderListing {
    /// A step reads or writes one name.
    fn advance(&mut self, budget: &mut usize) -> Progress<Response> {
        if self.stage == Stage::Reading {
            return self.read(budget);
        }
        while let Some(left) = budget.checked_sub(1) {
            let Some(item) = self.next() else { return Progress::Ready(self.end()) };
            match self.form {
                Form::Html(_) => html::row(&mut self.text, &item),
                Form::Json => json::row(&mut self.text, &item),
            }
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
        let counts = self.found.each_ref().map(BTreeMap::len);
        match self.form {
            Form::Html(_) => html::begin(&mut self.text, &self.crumbs, self.order, counts),
            Form::Json => self.text.push('['),
        }
    }

    fn end(&mut self) -> Response {
        let mut text = std::mem::take(&mut self.text);
        let response = match self.form {
            Form::Html(script) => {
                html::end(&mut text);
                script.end(&mut text);
                let page = pages::html(Status::OK, text);
                Response { head: script.vary(page.head.field("Vary", "Accept")), ..page }
            }
            Form::Json => super::json::response(text + "\n]\n").field("Vary", "Accept"),
        };
        response.field("Cache-Control", "no-cache")
    }
}
