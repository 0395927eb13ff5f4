//! The gate: which requests are refused as soon as their head is whole, before `100 Continue` and before their content is
//! read. What a request that passes is answered with is decided elsewhere.

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

/// The answer to a request that is refused; `None` lets the request pass. The checks are made in this order, and the
/// first that refuses decides the answer.
pub fn turned_away(request: &Request<'_>, client: &Client, service: &Service) -> Option<Response> {
    let refused = other_host(request, client, service).or_else(|| unwanted_content(request));
    refused.map(Response::of_gate)
}

/// 421 if the request is for another host than those of the client's door (RFC 9110 §15.5.20).
fn other_host(request: &Request<'_>, client: &Client, service: &Service) -> Option<Response> {
    let hosts = &service.door(client.door).hosts;
    let host = request.host.filter(|host| !hosts.include(host))?;
    let name = hosts::in_short(host);
    // The client chose this name, and a user may copy the advice into a shell.
    const PLAIN: ByteSet = ByteSet::alphanumeric_and(b"-._");
    let flag = if PLAIN.has_all(name.as_bytes()) { name } else { "NAME" };
    let [shown, flag] = [name, flag].map(|text| Escaped(text.as_bytes()));
    if service.note_refused(name) {
        warn!("a request for the host {shown} was refused; --allow-host {flag} allows it");
    }
    let sentence =
        "This server does not answer to that host; the user who runs it can allow the name with --allow-host";
    Some(page(Status::MISDIRECTED_REQUEST, sentence))
}

/// An error if the client asks whether it shall send content, for a method that this server does not answer.
fn unwanted_content(request: &Request<'_>) -> Option<Response> {
    let asks_first = request.expects_continue && request.has_content();
    (asks_first && !routes::answers(request.method)).then(|| routes::not_in_the_table(request.method))
}
