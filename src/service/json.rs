//! Answers for programs.

use super::names::escape_invisible_in_json;
use super::response::{Content, Response};
use crate::http::response::Head;
use crate::http::status::Status;

use serde_json::Value;

/// Writes a JSON value.
pub use serde_json::json as value;

/// A value as a line of text without invisible characters, since it may be read on a terminal.
pub fn line(value: &Value) -> String {
    escape_invisible_in_json(value.to_string())
}

/// An answer of JSON that is written already.
pub fn response(json: impl Into<Vec<u8>>) -> Response {
    let head = Head::new(Status::OK).field("Content-Type", "application/json");
    Response::new(head, Content::Bytes(json.into()))
}
