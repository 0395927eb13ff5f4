//! Answers for programs.

use super::{Content, Response};
use crate::http::response::Head;
use crate::http::status::Status;

/// Writes a JSON value; printed, it is a line of its own.
pub use serde_json::json as value;

/// An answer of JSON that is written already.
pub fn response(json: impl Into<Vec<u8>>) -> Response {
    let head = Head::new(Status::OK).field("Content-Type", "application/json");
    Response::new(head, Content::Bytes(json.into()))
}
