//! A listing as JSON, for programs.

use super::entry::Entry;
use crate::http::INFALLIBLE;
use crate::service::json;
use crate::site::path::encode_segment;
use std::fmt::Write;

/// One file or folder, as an object in one line that begins behind `separator`.
pub fn row(text: &mut String, separator: &str, entry: &Entry) {
    let kind = if entry.bytes.is_some() { "file" } else { "folder" };
    let object = json::value!({
        "name": entry.name.to_string_lossy(),
        "link": encode_segment(entry.name.as_encoded_bytes()) + entry.slash(),
        "type": kind,
        "size": entry.bytes,
        "modified": entry.modified,
    });
    write!(text, "{separator}{}", json::line(&object)).expect(INFALLIBLE);
}
