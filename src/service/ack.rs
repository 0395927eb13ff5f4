//! POST: acknowledges the content of the request. The connection has read the content to its end and kept nothing of it.

use super::client::Client;
use super::json;
use super::pages::html;
use super::response::Reply;
use super::shared::Service;
use crate::http::request::Request;
use crate::http::status::Status;
use crate::site::Moment;

/// Acknowledges the request with 200, in HTML, or in JSON for a client that prefers it.
pub fn post(request: &Request<'_>, _: &Client, _: &Service, _: Moment) -> Reply {
    if !request.prefers_json() {
        return html(Status::OK, "<h1>POST Request Received</h1>").into();
    }
    let content_type = request.fields.first("content-type").map(String::from_utf8_lossy);
    let receipt = json::value!({
        "method": request.method.name(),
        "path": request.path_as_sent().unwrap_or_default(),
        "content_type": content_type,
        "bytes_received": request.content_bytes,
    });
    json::response(json::line(&receipt)).into()
}
