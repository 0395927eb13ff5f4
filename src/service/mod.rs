//! Ring 2, the inside: from a request to a response. No file in this room knows a socket or a buffer; what a handler must
//! know about the client is handed in.

pub mod limits;
pub mod hosts;
pub mod door;
pub mod client;
pub mod response;
pub mod cors;
pub mod fields;
pub mod prefix;
mod heads;
pub mod shared;
pub mod gate;
pub mod routes;
mod below;
pub mod files;
mod script;
mod representing;
mod stand_ins;
pub mod listing;
pub mod archive;
pub mod ack;
pub mod reload;
pub mod pages;
pub mod json;
pub mod names;
pub mod size;

pub use client::{Client, Id};
pub use door::{Door, DoorId};
pub use response::{Content, Reply, Response};
pub use shared::{Mounted, Service};

use crate::http::request::Request;
use crate::site::Moment;
use log::debug;

/// The answer to a request that has passed the gate: by the first mounted handler that has one, or else by the dispatch
/// table, which a site below a prefix asks for the rest of the path.
pub fn respond(request: &Request<'_>, client: &Client, service: &Service, moment: Moment) -> Reply {
    if let Some(reply) = service.ask_mounted(request, client) {
        debug!("{} is for a handler that is mounted", client.id);
        return reply;
    }
    match service.prefix() {
        None => routes::dispatch(request, client, service, moment),
        Some(prefix) => below::respond(prefix, request, client, service, moment),
    }
}
