//! Which names a listing shows: the names that hold the text of `?q=`.

use super::entry::Entry;
use crate::service::names::shown;
use crate::site::path::decode_form;

/// The text by which a client filters a listing; empty where all names are shown.
pub struct Filter {
    /// The text as the client typed it.
    text: String,
    lowered: String,
}

impl Filter {
    /// The filter by the first `q=TEXT` in a query.
    pub fn of(query: Option<&str>) -> Filter {
        let mut values = query.unwrap_or_default().split('&').filter_map(|pair| pair.strip_prefix("q="));
        let text = decode_form(values.next().unwrap_or_default());
        Filter { lowered: lower(&text), text }
    }

    /// The text, which is empty where nothing is filtered.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether all names are shown.
    pub fn is_off(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether an entry is shown: its name as people see it, with the slash of a folder, holds the text in any case.
    pub fn shows(&self, entry: &Entry) -> bool {
        self.is_off() || lower(&(shown(&entry.name) + entry.slash())).contains(&self.lowered)
    }
}

/// `text` in lower case, each character by itself. So does the script of the page, which must find the same names.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
