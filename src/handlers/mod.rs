//! What answers a request: a handler takes a [`Request`] and gives a [`Reply`]. It never sees a socket.

pub mod files;
pub mod listing;
pub mod ack;
pub mod json;
pub mod names;

use crate::conn::Id;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::outgoing::Source;
use crate::site::path::way_to_root;
use crate::site::{Moment, Site, Stored};
use listing::Listing;
use std::fmt::Display;
use std::net::IpAddr;
use std::ops::Range;

const HTML: &str = "text/html; charset=utf-8";

/// One column of the dispatch table, see [`crate::routes`].
pub type Handler = fn(&Request<'_>, &Site, Moment) -> Reply;

/// A handler with something to remember. Where there is one it is asked before the dispatch table.
pub trait Mounted: Send {
    /// The answer to a request of `peer`'s on the connection `id`, if it is for this handler to give.
    fn answer(&self, request: &Request<'_>, peer: IpAddr, id: Id) -> Option<Response>;
}

/// What a handler comes to.
pub enum Reply {
    /// The answer.
    Ready(Response),
    /// A listing, of which every turn makes a part.
    Listing(Box<Listing>),
}

/// An answer, framed by its length, or by the end of the connection where that is not known.
pub struct Response {
    /// Status and fields.
    pub head: Head,
    /// What follows them.
    pub content: Content,
}

impl Response {
    /// An answer with a head that says how long `content` is, where there may be any (RFC 9110 §8.6).
    pub fn new(head: Head, content: Content) -> Response {
        let head = match content.length() {
            Some(length) => head.field("Content-Length", length),
            None => head,
        };
        Response { head, content }
    }

    /// Writes the page, if it is one, for a client that asked for `path`.
    pub fn written_for(self, path: Option<&str>) -> Response {
        match self.content {
            Content::Page(sentence) => {
                let html = written(self.head.status, sentence, path);
                Response::new(self.head, Content::Bytes(html.into()))
            }
            _ => self,
        }
    }

    /// Adds a field; its value holds no control bytes.
    pub fn field(self, name: &str, value: impl Display) -> Response {
        Response { head: self.head.field(name, value), ..self }
    }
}

/// The content of an answer. To HEAD only its length is sent.
pub enum Content {
    /// The status forbids any.
    None,
    /// A page around a sentence, see [`page`]; it is written when the answer is queued.
    Page(&'static str),
    /// Made for this answer.
    Bytes(Vec<u8>),
    /// Some of what is stored.
    Stored(Stored, Range<u64>),
    /// Several parts of what is stored, each behind bytes of its own (RFC 9110 §14.6). The last part is empty:
    /// its bytes end the whole.
    Parts(Stored, Vec<(Vec<u8>, Range<u64>)>),
    /// Made while it is sent. The connection ends with it, since its length may not be known (RFC 9112 §6.3).
    Produced(Box<dyn Source>),
}

impl Content {
    /// Its `Content-Length`, where it has one.
    fn length(&self) -> Option<u64> {
        let length = |range: &Range<u64>| range.end - range.start;
        match self {
            Content::None | Content::Page(_) => None,
            Content::Produced(source) => source.length(),
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Stored(_, range) => Some(length(range)),
            Content::Parts(_, parts) => {
                Some(parts.iter().map(|(before, range)| before.len() as u64 + length(range)).sum())
            }
        }
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Reply {
        Reply::Ready(response)
    }
}

/// A page for people that says what went wrong, in one sentence without a full stop.
pub fn page(status: Status, sentence: &'static str) -> Response {
    // Without it, a browser may remember a 301 or a 404 for longer than it is true (RFC 9111 §4.2.2).
    let head = Head::new(status).field("Content-Type", HTML).field("Cache-Control", "no-cache");
    Response { head, content: Content::Page(sentence) }
}

/// The page in HTML, with a link to the root where `path`, which was asked for, is known.
fn written(Status { code, reason }: Status, sentence: &str, path: Option<&str>) -> String {
    let link = path.map(|path| format!("<p><a href=\"{}\">Start page</a>\n", way_to_root(path)));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{code} {reason}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem }}</style>\n\
         <h1>{code} {reason}</h1>\n<p>{sentence}.\n{}",
        link.unwrap_or_default()
    )
}

/// An answer of HTML.
pub fn html_response(status: Status, html: impl Into<Vec<u8>>) -> Response {
    Response::new(Head::new(status).field("Content-Type", HTML), Content::Bytes(html.into()))
}
