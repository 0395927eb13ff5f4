//! What a handler gives: a response, or something that becomes one, and the content of a response.

use crate::http::response::Head;
use crate::site::Stored;
use std::fmt::Display;
use std::ops::Range;

/// What a handler answers with.
pub enum Reply {
    /// The response.
    Ready(Response),
    /// A response that takes more than a turn of the loop.
    Pending(Box<dyn Pending>),
}

/// A response that is not here yet. Its connection asks for it again, turn by turn, and nothing of it is sent before; where
/// the connection ends first, it is dropped.
///
/// No timeout ends it: the client is late with nothing. So whatever makes it must come to an end by itself, with an error
/// page where it must. A server that stops waits for it as for every answer, no longer than its time for that.
pub trait Pending: Send {
    /// Does a part of the work for it, of as many steps as `budget` says, which it counts down. A step takes a few
    /// microseconds.
    fn advance(&mut self, budget: &mut usize) -> Progress<Response>;
}

/// How far something is that takes more than a turn of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// It is done, and this comes of it.
    Ready(T),
    /// There is more to do in the next turn.
    Again,
    /// It waits for something else, which wakes its connection by an event that says nothing of the socket:
    /// `Ready::Socket` with the token of the connection and no readiness.
    Later,
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

    /// Adds a field; its value holds no control bytes.
    pub fn field(self, name: &str, value: impl Display) -> Response {
        Response { head: self.head.field(name, value), ..self }
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Reply {
        Reply::Ready(response)
    }
}

/// The content of an answer. To HEAD only its length is sent.
pub enum Content {
    /// The status forbids any.
    None,
    /// A page around a sentence, see [`page`](super::pages::page); it is written when the answer is queued, for the
    /// request that it answers.
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

/// Makes content while it is sent. This is not one trait with [`Pending`], though both say how far they are by [`Progress`]:
/// a response that is to come has no bytes yet, and content whose head is out can become no other response.
pub trait Source: Send {
    /// How many bytes it makes in all, where that is known.
    fn length(&self) -> Option<u64> {
        None
    }

    /// Appends a bounded part of it to `out`, unless it waits for more or has nothing left. A source without an end of its
    /// own ends when the server stops.
    fn produce(&mut self, out: &mut Vec<u8>, phase: Phase) -> Progress<()>;
}

/// Whether there is a next request on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There may be.
    Serving,
    /// The server stops: every answer is the last on its connection.
    Stopping,
}
