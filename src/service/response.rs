//! What a handler gives: a response, or a promise that becomes one in later turns; and the content of a response. This
//! file does not know how a response is sent.

use crate::http::response::Head;
use crate::http::value::Value;
use crate::site::Stored;
use std::ops::Range;

/// What a handler gives for a request.
pub enum Reply {
    /// A response that can be sent now.
    Ready(Response),
    /// A response that takes more than one turn of the loop.
    Pending(Box<dyn Pending>),
    /// The handler is asked again in the next turn: what it looks at has to wait.
    Again,
}

/// A response that is not ready yet. After [`Progress::Again`] it is asked for in the next turn, after [`Progress::Later`] at
/// the next event of its connection. The answers that are queued before it are sent meanwhile. If the connection ends before,
/// the response is dropped.
///
/// No timeout ends it, since the client is late with nothing. So a pending response must come to an end by itself, with an
/// error page if it must. A server that stops waits for it as for every answer, no longer than its time for that.
pub trait Pending: Send {
    /// Does a part of the work: at most `*budget` steps, which it counts down. A step takes a few microseconds.
    fn advance(&mut self, budget: &mut usize) -> Progress<Response>;
}

/// The progress of something that takes more than a turn of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// It is done, with this result.
    Ready(T),
    /// There is more work to do, in the next turn.
    Again,
    /// It waits for something else, which will wake the connection by an event without any readiness: `Ready::Socket` with
    /// the token of the connection. News of files that changed ([`Subscription`](crate::site::Subscription)) wakes all
    /// connections that wait in this way.
    Later,
}

/// Why content that is made while it is sent cannot be made to its end. The client sees that it is cut: the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken(pub &'static str);

/// An answer. The end of its content is given by its length; if the length is not known, by a last chunk, and for clients of
/// HTTP/1.0 by the end of the connection (RFC 9112 §6.3).
pub struct Response {
    /// The status and the fields.
    pub head: Head,
    /// The content.
    pub content: Content,
    /// To whom the answer belongs.
    pub owner: Owner,
}

/// To whom an answer belongs. Fields that a user sets for the site are not added to the server's own pages, and pages of other
/// origins never read the answers of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The site.
    Site,
    /// The gate, and what refuses bytes that cannot be read as a request.
    Gate,
    /// The server itself, such as the inspector.
    Server,
}

impl Response {
    /// An answer of the site. `Content-Length` is added to `head`, if `content` has a known length (RFC 9110 §8.6).
    pub fn new(head: Head, content: Content) -> Response {
        let head = match content.length() {
            Some(length) => head.field("Content-Length", length),
            None => head,
        };
        Response { head, content, owner: Owner::Site }
    }

    /// The same answer, as an answer of the gate.
    pub fn of_gate(self) -> Response {
        Response { owner: Owner::Gate, ..self }
    }

    /// The same answer, as an answer of the server itself.
    pub fn of_server(self) -> Response {
        Response { owner: Owner::Server, ..self }
    }

    /// Adds a field. The value must not hold control bytes.
    pub fn field(self, name: &str, value: impl Value) -> Response {
        Response { head: self.head.field(name, value), ..self }
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Reply {
        Reply::Ready(response)
    }
}

/// The content of an answer. For HEAD only its length is sent.
pub enum Content {
    /// There is no content.
    None,
    /// A page around this sentence, see [`page`](super::pages::page). It is written when the answer is queued, since it
    /// depends on the request.
    Page(&'static str),
    /// Bytes in memory, made for this answer.
    Bytes(Vec<u8>),
    /// A range of the bytes of a file.
    Stored(Stored, Range<u64>),
    /// Several ranges of a file, each with bytes that come before it (RFC 9110 §14.6). The last range is empty: its bytes
    /// end the content.
    Parts(Stored, Vec<(Vec<u8>, Range<u64>)>),
    /// Content made while it is sent.
    Produced(Box<dyn Source>),
}

impl Content {
    /// The `Content-Length`; `None` if there is no content, or its length is not known yet.
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

/// Makes content while it is sent. This is not one trait with [`Pending`], though both give a [`Progress`]: a pending
/// response has no bytes yet, and content whose head was sent can become no other response.
pub trait Source: Send {
    /// The length of the whole content in bytes, if it is known before any of it is made.
    fn length(&self) -> Option<u64> {
        None
    }

    /// Whether the content is of no use to a client that has ended its side. A client that is gone looks the same until it is
    /// sent something, and content that may wait for days would keep its place for so long.
    fn ends_with_client(&self) -> bool {
        false
    }

    /// Whether making a part of the content takes as long as sending a part of a file. Such content waits for its turn among the
    /// downloads.
    fn is_download(&self) -> bool {
        false
    }

    /// Appends a bounded part of the content to `out`, unless it waits for more or is at its end. What stands in `out` is left
    /// alone. A source that would go on for ever ends when the server stops. An error breaks the content off, and nothing of
    /// this part is sent.
    fn produce(&mut self, out: &mut Vec<u8>, phase: Phase) -> Result<Progress<()>, Broken>;
}

/// Whether the server goes on, or stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The server goes on: a connection may have a next request.
    Serving,
    /// The server stops: every answer is the last on its connection.
    Stopping,
}
