//! The dispatch table: which function answers which method. `Allow` in a 405 and in the answer to OPTIONS comes from this
//! table, too. So a new method takes one line in this file, and a file of its own.

use super::client::Client;
use super::pages::page;
use super::response::{Content, Reply, Response};
use super::shared::{Handler, Service};
use super::{ack, cors, files};
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::site::Moment;

const ROUTES: &[(Method, &str, Handler)] = &[
    (Method::Get, "files::get", files::get),
    (Method::Head, "files::get", files::get),
    (Method::Post, "ack::post", ack::post),
    (Method::Options, "routes::options", options),
];

/// The answer to `request`, by the handler for its method; 405 or 501 if there is none.
pub fn dispatch(request: &Request<'_>, client: &Client, service: &Service, moment: Moment) -> Reply {
    match find(request.method) {
        Some((.., handler)) => handler(request, client, service, moment),
        None => not_in_the_table(request.method).into(),
    }
}

/// The name of the handler for `method`, for the log.
pub fn name(method: Method) -> &'static str {
    find(method).map_or("no handler", |(_, name, _)| name)
}

/// Whether there is a handler for `method`.
pub fn answers(method: Method) -> bool {
    find(method).is_some()
}

/// The error for a method without a handler: 501 for a method that HTTP does not know (RFC 9110 §15.6.2), 405 for any
/// other (§15.5.6).
pub fn not_in_the_table(method: Method) -> Response {
    if method == Method::Unknown {
        return page(Status::NOT_IMPLEMENTED, "This server does not know that method");
    }
    page(Status::METHOD_NOT_ALLOWED, "This server does not answer that method").field("Allow", allow())
}

/// OPTIONS, for a path and for `*` (RFC 9110 §9.3.7).
fn options(request: &Request<'_>, _: &Client, service: &Service, _: Moment) -> Reply {
    let response = Response::new(Head::new(Status::NO_CONTENT), Content::None).field("Allow", allow());
    cors::answer_preflight(response, request, service.fields.cors()).into()
}

fn find(method: Method) -> Option<&'static (Method, &'static str, Handler)> {
    ROUTES.iter().find(|(answered, ..)| *answered == method)
}

/// The methods of the table, as `Allow` lists them (RFC 9110 §10.2.1).
fn allow() -> String {
    ROUTES.iter().map(|(method, ..)| method.name()).collect::<Vec<_>>().join(", ")
}
