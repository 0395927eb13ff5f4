//! The gate: who may ask, and for what. A request is judged here when its head is whole, before anything is said of its
//! content, `100 Continue` too.

use super::client::Client;
use super::hosts;
use super::pages::page;
use super::response::Response;
use super::routes;
use super::shared::Service;
use crate::http::byteset::ByteSet;
use crate::http::request::Request;
use crate::http::status::Status;
use crate::log::escaped::Escaped;
use log::warn;

/// The answer to a request that is turned away. Its questions are asked in this order, and the first that has an answer ends
/// the request.
pub fn turned_away(request: &Request<'_>, client: &Client, service: &Service) -> Option<Response> {
    other_host(request, client, service).or_else(|| unwanted_content(request))
}

/// RFC 9110 §15.5.20: the client thinks that it speaks with another server.
fn other_host(request: &Request<'_>, client: &Client, service: &Service) -> Option<Response> {
    let hosts = &service.door(client.door).hosts;
    let host = request.host.filter(|host| !hosts.include(host))?;
    let name = hosts::in_short(host);
    // It is the client's, and may end up in a shell.
    const PLAIN: ByteSet = ByteSet::alphanumeric_and(b"-._");
    let flag = if PLAIN.has_all(name.as_bytes()) { name } else { "NAME" };
    let [shown, flag] = [name, flag].map(|text| Escaped(text.as_bytes()));
    if service.note_refused(name) {
        warn!("a request for {shown} was refused; --allow-host {flag} allows it");
    }
    let sentence =
        "This server does not go by that name; the user who runs it can allow it with --allow-host";
    Some(page(Status::MISDIRECTED_REQUEST, sentence))
}

/// The client asks whether to send content, and this server has no use for it.
fn unwanted_content(request: &Request<'_>) -> Option<Response> {
    let asks_first = request.expects_continue && request.has_content();
    (asks_first && !routes::answers(request.method)).then(|| routes::not_in_the_table(request.method))
}
