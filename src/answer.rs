//! From a request, or from what is none, to an answer in the outbox: dispatch, head, content, log line. Every
//! answer goes through here.

use crate::access::{Entry, Exchange};
use crate::buffers::Buffer;
use crate::context::{Context, Phase};
use crate::handlers::{self, Content, Response};
use crate::http::Refusal;
use crate::http::lines::request_line;
use crate::http::request::{Method, Request};
use crate::http::version::Persistence;
use crate::routes;
use std::fs::File;
use std::net::IpAddr;

/// What is left to do when the outbox has the head, and the content where that was in memory.
pub struct Answered {
    /// Content that follows from a file.
    pub file: Option<Sending>,
    /// The line to log once the answer is out, where somebody reads it.
    pub entry: Option<Entry>,
    /// What the head said of the connection.
    pub persistence: Persistence,
}

/// A file on its way out.
pub struct Sending {
    /// Open for reading.
    pub file: File,
    /// Bytes that went out.
    pub sent: u64,
    /// Bytes that were promised.
    pub length: u64,
}

/// Asks the dispatch table, for the client at `peer`.
pub fn respond(request: &Request<'_>, peer: IpAddr, outbox: &mut Buffer, context: &mut Context) -> Answered {
    let response = routes::dispatch(request, &context.site);
    let exchange = Exchange {
        peer,
        date: context.date.text(),
        request_line: request.line,
        status: response.head.status,
        referer: request.fields.first("referer"),
        user_agent: request.fields.first("user-agent"),
    };
    let entry = exchange.entry();
    let persistence = match context.phase {
        Phase::Serving => request.persistence,
        Phase::Stopping => Persistence::Close,
    };
    queue(response, request.method, persistence, entry, outbox, context)
}

/// Answers `came`, which cannot be read as a request.
pub fn refuse(
    refusal: Refusal,
    came: &[u8],
    peer: IpAddr,
    outbox: &mut Buffer,
    context: &mut Context,
) -> Answered {
    let line = request_line(came);
    let exchange = Exchange {
        peer,
        date: context.date.text(),
        request_line: line,
        status: refusal.status,
        referer: None,
        user_agent: None,
    };
    let entry = exchange.entry();
    let method = if line.starts_with(b"HEAD ") { Method::Head } else { Method::Get };
    let page = handlers::page(refusal.status, refusal.why);
    queue(page, method, Persistence::Close, entry, outbox, context)
}

/// Puts into the outbox what can be put there. An answer to HEAD has no content (RFC 9110 §9.3.2).
fn queue(
    response: Response,
    method: Method,
    persistence: Persistence,
    mut entry: Option<Entry>,
    outbox: &mut Buffer,
    context: &mut Context,
) -> Answered {
    let out = outbox.end(&mut context.buffers);
    response.head.encode(out, context.date.text(), response.content.length(), persistence);
    let file = match response.content {
        Content::File { file, length } if method != Method::Head => Some(Sending { file, sent: 0, length }),
        Content::Bytes(bytes) if method != Method::Head => {
            out.extend_from_slice(&bytes);
            entry.iter_mut().for_each(|entry| entry.content_bytes = bytes.len() as u64);
            None
        }
        _ => None,
    };
    Answered { file, entry, persistence }
}
