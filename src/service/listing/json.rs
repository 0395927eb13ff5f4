//! A listing as JSON, for programs.

use crate::http::INFALLIBLE;
use crate::service::json;
use crate::site::folder::Item;
use std::fmt::Write;

/// One file or folder, as an object in one line.
pub fn row(text: &mut String, item: &Item) {
    let separator = if text.len() > 1 { ",\n" } else { "\n" };
    let (kind, slash) = if item.bytes.is_some() { ("file", "") } else { ("folder", "/") };
    let entry = json::value!({
        "name": item.name.to_string_lossy(),
        "link": format!("{}{slash}", item.link),
        "type": kind,
        "size": item.bytes,
        "modified": item.modified,
    });
    write!(text, "{separator}{}", json::line(&entry)).expect(INFALLIBLE);
}
