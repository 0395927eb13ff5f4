//! POST: whatever is sent is read to its end and acknowledged; nothing is kept.

use super::client::Client;
use super::json;
use super::pages::html;
use super::response::Reply;
use super::shared::Service;
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::target::Target;
use crate::site::Moment;

/// Acknowledges in HTML, or in JSON to a client that prefers it.
pub fn post(request: &Request<'_>, _: &Client, _: &Service, _: Moment) -> Reply {
    if !request.prefers_json() {
        return html(Status::OK, "<h1>POST Request Received</h1>").into();
    }
    let path = match request.target {
        Target::Path { path, .. } => path,
        Target::Asterisk | Target::Authority => "",
    };
    let content_type = request.fields.first("content-type").map(String::from_utf8_lossy);
    let receipt = json::value!({
        "method": request.method.name(),
        "path": path,
        "content_type": content_type,
        "bytes_received": request.content_bytes,
    });
    json::response(json::line(&receipt)).into()
}
