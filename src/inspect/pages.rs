//! What is answered below the prefix, and to whom: to clients on this machine, and not to a page of somebody else's
//! that a browser on it shows.

use super::feed::{Bytes, Events};
use super::{Shared, metrics, snapshot};
use crate::handlers::{Content, Response, json, page};
use crate::hosts::Hosts;
use crate::http::request::{Method, Request};
use crate::http::response::Head;
use crate::http::status::Status;
use crate::http::target::Target;
use std::net::IpAddr;

/// Below this the inspector answers; a folder of that name is hidden from whoever may see the inspector.
pub const PREFIX: &str = "/.onepoll/";

/// Bytes of the large download. A browser takes some megabytes before it lets the sender feel that it is slow.
const LARGE_BYTES: u64 = 64 << 20;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";

/// Everything comes from here, and what comes from here is shown nowhere else.
const POLICY: &str =
    "default-src 'self'; img-src data:; connect-src 'self' http://*.localhost:*; frame-ancestors 'none'";

/// The answer to a request below the prefix on the connection at `key`, if it is the inspector's to give.
pub fn answer(request: &Request<'_>, peer: IpAddr, shared: &Shared, key: usize) -> Option<Response> {
    let Target::Path { path, .. } = request.target else { return None };
    let name = path.strip_prefix(PREFIX)?;
    // Names that only mean this machine, whatever else this server goes by: see `hosts`.
    let is_local = request.host.is_some_and(|host| Hosts::Named(Vec::new()).include(host));
    if !peer.to_canonical().is_loopback() || !is_local {
        return None;
    }
    if !matches!(request.method, Method::Get | Method::Head) {
        let refused = page(Status::METHOD_NOT_ALLOWED, "The inspector only shows");
        return Some(refused.field("Allow", "GET, HEAD"));
    }
    Some(match name {
        "" => text(HTML, include_str!("page/index.html")).field("Content-Security-Policy", POLICY),
        "style.css" => text(CSS, include_str!("page/style.css")),
        "inspector.js" => text(MODULE, include_str!("page/inspector.js")),
        "model.js" => text(MODULE, include_str!("page/model.js")),
        "paint.js" => text(MODULE, include_str!("page/paint.js")),
        "clients.js" => text(MODULE, include_str!("page/clients.js")),
        "health" => text("text/plain; charset=utf-8", "ok\n"),
        "metrics" => text("text/plain; version=0.0.4; charset=utf-8", metrics::text(&shared.lock().counts)),
        "state.json" => json::response(snapshot::whole(&shared.lock())).field("Cache-Control", "no-store"),
        "events" => events(request.method, shared, key)?,
        "large" => large(),
        _ => page(Status::NOT_FOUND, "The inspector has no such page"),
    })
}

fn text(kind: &str, content: impl Into<Vec<u8>>) -> Response {
    let head = Head::new(Status::OK).field("Content-Type", kind).field("Cache-Control", "no-store");
    Response::new(head, Content::Bytes(content.into()))
}

/// Server-sent events, until whoever reads them goes away.
fn events(method: Method, shared: &Shared, key: usize) -> Option<Response> {
    let head = Head::new(Status::OK);
    let head = head.field("Content-Type", "text/event-stream").field("Cache-Control", "no-store");
    if method == Method::Head {
        return Some(Response::new(head, Content::None));
    }
    let reader = shared.lock().add_reader(key)?;
    let shared = shared.clone();
    Some(Response::new(head, Content::Produced(Box::new(Events { shared, reader }))))
}

/// Nothing but bytes, which any page may read: a browser opens only six connections to one name, so the page asks
/// for them by others.
fn large() -> Response {
    let head = Head::new(Status::OK)
        .field("Content-Type", "application/octet-stream")
        .field("Content-Length", LARGE_BYTES)
        .field("Cache-Control", "no-store")
        .field("Access-Control-Allow-Origin", "*");
    Response::new(head, Content::Produced(Box::new(Bytes { left: LARGE_BYTES })))
}
