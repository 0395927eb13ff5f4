//! From a request, or from what is none, to an answer in the outbox: dispatch, head, content, log line. Every
//! answer goes through here.

use crate::access::{Entry, Escaped, Exchange};
use crate::buffers::Buffer;
use crate::context::{Context, Phase};
use crate::handlers::listing::Listing;
use crate::handlers::{Content, Reply, Response, page};
use crate::hosts;
use crate::http::Refusal;
use crate::http::lines::request_line;
use crate::http::request::{Method, Request};
use crate::http::status::Status;
use crate::http::version::Persistence;
use crate::routes;
use crate::site::Stored;
use log::warn;
use std::fs::File;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

/// What is left to do when the outbox has the head, and the content where that was in memory.
pub struct Answered {
    /// How it went.
    pub status: Status,
    /// Content that follows from a file.
    pub file: Option<Sending>,
    /// The line to log once the answer is out, where somebody reads it.
    pub entry: Option<Entry>,
    /// What the head said of the connection.
    pub persistence: Persistence,
}

/// Parts of a file on their way out.
pub struct Sending {
    /// Open for reading.
    pub file: Arc<File>,
    /// What is left of the part that is being sent.
    pub range: Range<u64>,
    /// The parts behind it, each with the bytes that stand before it.
    parts: std::vec::IntoIter<(Vec<u8>, Range<u64>)>,
}

impl Sending {
    /// Whether anything of it follows what is in the outbox.
    pub fn has_more(&self) -> bool {
        !self.range.is_empty() || !self.parts.as_slice().is_empty()
    }

    /// Goes on with the next part and gives the bytes that stand before it.
    pub fn next_part(&mut self) -> Option<Vec<u8>> {
        let (before, range) = self.parts.next()?;
        self.range = range;
        Some(before)
    }
}

/// Asks the dispatch table, for the client at `peer`.
pub fn respond(
    request: &Request<'_>,
    peer: IpAddr,
    outbox: &mut Buffer,
    context: &mut Context,
) -> Result<Answered, Box<Listing>> {
    let is_for_us = request.authority.is_none_or(|authority| context.service.hosts.include(authority));
    let reply = match is_for_us {
        true => routes::dispatch(request, &context.service.site, context.date.time()),
        false => misdirected(request, context).into(),
    };
    match reply {
        Reply::Ready(response) => Ok(complete(request, response, peer, outbox, context)),
        Reply::Listing(listing) => Err(listing),
    }
}

/// Answers with what a handler has made.
pub fn complete(
    request: &Request<'_>,
    response: Response,
    peer: IpAddr,
    outbox: &mut Buffer,
    context: &mut Context,
) -> Answered {
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

/// RFC 9110 §15.5.20: the client thinks that it speaks with another server.
fn misdirected(request: &Request<'_>, context: &mut Context) -> Response {
    let name = hosts::name(request.authority.unwrap_or_default());
    // It is the client's, and may end up in a shell.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let flag = if name.bytes().all(is_plain) { name } else { "NAME" };
    let [shown, flag] = [name, flag].map(|text| Escaped(text.as_bytes()));
    if context.is_news(name) {
        warn!("a request for {shown} was refused; --allow-host {flag} allows it");
    }
    let sentence = "This server does not go by that name; whoever runs it can allow it with --allow-host";
    page(Status::MISDIRECTED_REQUEST, sentence)
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
    let page = page(refusal.status, refusal.why);
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
    let status = response.head.status;
    response.head.encode(out, context.date.text(), response.content.length(), persistence);
    let head_end = out.len();
    let content = if method == Method::Head { Content::None } else { response.content };
    let file = append(content, out);
    entry.iter_mut().for_each(|entry| entry.content_bytes += (out.len() - head_end) as u64);
    Answered { status, file, entry, persistence }
}

/// Appends what is in memory, and gives what is in a file.
fn append(content: Content, out: &mut Vec<u8>) -> Option<Sending> {
    match content {
        Content::None => {}
        Content::Bytes(bytes) => out.extend_from_slice(&bytes),
        Content::Stored(Stored::Whole(bytes), range) => out.extend_from_slice(slice(&bytes, range)),
        Content::Stored(Stored::Large { file, .. }, range) => {
            return Some(Sending { file, range, parts: Vec::new().into_iter() });
        }
        Content::Parts(Stored::Whole(bytes), parts) => {
            for (before, range) in parts {
                out.extend_from_slice(&before);
                out.extend_from_slice(slice(&bytes, range));
            }
        }
        Content::Parts(Stored::Large { file, .. }, parts) => {
            return Some(Sending { file, range: 0..0, parts: parts.into_iter() });
        }
    }
    None
}

/// A range never leaves what it was selected from.
fn slice(bytes: &[u8], range: Range<u64>) -> &[u8] {
    &bytes[range.start as usize..range.end as usize]
}
