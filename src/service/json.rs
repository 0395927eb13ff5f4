//! Answers in JSON, for programs. This is the only file that names serde_json.

use super::names::escape_invisible_in_json;
use super::response::{Content, Response};
use crate::http::response::Head;
use crate::http::status::Status;

use serde_json::Value;

/// Makes a JSON value.
pub use serde_json::json as value;

/// A value as one line of text. Invisible characters are escaped, since the line may be shown on a terminal.
pub fn line(value: &Value) -> String {
    escape_invisible_in_json(value.to_string())
}

/// The head of a 200 whose content is JSON.
pub fn head() -> Head {
    Head::new(Status::OK).field("Content-Type", "application/json")
}

/// A 200 whose content is `json`.
pub fn response(json: impl Into<Vec<u8>>) -> Response {
    Response::new(head(), Content::Bytes(json.into()))
}
