//! Listings: the files and folders in a folder, as a page or as JSON. A listing is made a bounded part in each turn, so
//! other clients are served while a folder of a hundred thousand names is read and sorted.

mod order;
mod entry;
mod filter;
mod found;
mod readme;
mod pieces;
mod html;
mod json;

use super::json as objects;
use super::pages::{self, page};
use super::prefix::Prefix;
use super::response::{Pending, Progress, Response};
use super::script::Script;
use crate::http::status::Status;
use crate::site::folder::Folder;
use crate::site::path;
use filter::Filter;
use found::Found;
use html::About;
use order::Order;
use pieces::Pieces;
use readme::Readme;
use std::ffi::OsString;

/// Rows of a page. A browser takes about a second for so many; JSON has all.
const ROWS_MAX: usize = 10_000;

/// A listing that is being made.
pub struct FolderListing {
    folder: Folder,
    /// The folders from the root to this one, each with a link to it.
    crumbs: Vec<(OsString, String)>,
    form: Form,
    order: Order,
    filter: Filter,
    found: Found,
    readme: Readme,
    stage: Stage,
    text: Pieces,
    /// What stands before the next object in JSON.
    separator: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The names of the folder are read.
    Reading,
    /// The file is read that is shown below the rows.
    ReadingReadme,
    /// The rows are written.
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
    /// A step reads or writes one name, or reads a few KiB of a file.
    fn advance(&mut self, budget: &mut usize) -> Progress<Response> {
        while *budget > 0 {
            match self.stage {
                Stage::Reading => match self.read(budget) {
                    Ok(()) => continue,
                    Err(page) => return Progress::Ready(page),
                },
                Stage::ReadingReadme if self.readme.read(&self.folder) => self.begin(),
                Stage::ReadingReadme => {}
                Stage::Writing => match self.found.next() {
                    None => return Progress::Ready(self.end()),
                    Some(entry) => match self.form {
                        Form::Html(_) => html::row(self.text.last(), &entry),
                        Form::Json => {
                            json::row(self.text.last(), self.separator, &entry);
                            self.separator = ",\n";
                        }
                    },
                },
            }
            *budget -= 1;
        }
        Progress::Again
    }
}

impl FolderListing {
    /// Begins to list `folder`, which a client asked for by `path` below `prefix`: which of its names, and in which order,
    /// `query` says.
    pub fn new(
        folder: Folder,
        path: &str,
        query: Option<&str>,
        form: Form,
        prefix: Option<&Prefix>,
    ) -> FolderListing {
        let (order, filter) = (Order::of(query), Filter::of(query));
        let mut crumbs = path::crumbs(path);
        if let (Some(prefix), Some((name, _))) = (prefix, crumbs.first_mut()) {
            *name = prefix.decoded();
        }
        let found = Found::new(order, if form == Form::Json { usize::MAX } else { ROWS_MAX });
        let (readme, text) = Default::default();
        let (stage, separator) = (Stage::Reading, "\n");
        FolderListing { folder, crumbs, form, order, filter, found, readme, stage, text, separator }
    }

    /// Reads names: as many as `budget` allows, which it counts down. The error is the page in place of the listing.
    fn read(&mut self, budget: &mut usize) -> Result<(), Response> {
        let wanted = std::mem::take(budget);
        let names = self.folder.read(wanted);
        let names = names.map_err(|_| page(Status::INTERNAL_SERVER_ERROR, "The disk could not be read"))?;
        *budget = wanted - names.len();
        if names.len() < wanted {
            self.stage = Stage::ReadingReadme;
        }
        let has_readme = self.form != Form::Json && self.filter.is_off();
        for item in names.into_iter().flatten() {
            if has_readme && item.bytes.is_some() {
                self.readme.note(&item.name);
            }
            self.found.add(item.into(), &self.filter);
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.stage = Stage::Writing;
        let text = self.text.last();
        if self.form == Form::Json {
            return text.push('[');
        }
        let Found { counts, matching, .. } = self.found;
        let (crumbs, order, filter, rows) = (&self.crumbs, self.order, &self.filter, self.found.left());
        html::begin(text, &About { crumbs, order, filter, counts, matching, rows });
    }

    fn end(&mut self) -> Response {
        let text = self.text.last();
        let head = match self.form {
            Form::Html(script) => {
                html::end(text, self.readme.text());
                script.end(text);
                script.vary(pages::html_head(Status::OK).field("Vary", "Accept"))
            }
            Form::Json => {
                text.push_str("\n]\n");
                objects::head().field("Vary", "Accept")
            }
        };
        let content = std::mem::take(&mut self.text).into_content();
        Response::new(head, content).field("Cache-Control", "no-cache")
    }
}
