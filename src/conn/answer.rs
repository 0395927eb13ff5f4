//! From a response to bytes in the outbox: head, content, log line. Every answer goes through here.

use super::context::Context;
use super::outgoing::{Outgoing, Sending, Stream};
use super::producing::{End, Producing};
use crate::http::Refusal;
use crate::http::lines::{TLS, request_line};
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::version::{Persistence, Version};
use crate::log::access::Exchange;
use crate::service::client::Client;
use crate::service::pages;
use crate::service::response::{Content, Phase, Response, Source};
use crate::site::Stored;
use log::info;
use std::ops::Range;

/// How a request was answered.
#[derive(Clone, Copy)]
pub struct Answered {
    /// With which status.
    pub status: Status,
    /// What the head said of the connection.
    pub persistence: Persistence,
}

/// Answers with what a handler has made.
pub fn complete(
    request: &Request<'_>,
    response: Response,
    client: &Client,
    out: &mut Outgoing,
    context: &mut Context,
) -> Answered {
    let exchange = context.access.is_read().then(|| Exchange {
        peer: client.peer,
        request_line: request.line,
        status: response.head.status,
        host: request.host,
        fields: Some(request.fields),
        since: out.asked.take(),
    });
    let mut is_last = context.phase == Phase::Stopping;
    let response = match response.content {
        Content::Page(_) => pages::write(response, request, &context.service),
        Content::Produced(_) => {
            let (response, end) = framed(response, request.version());
            is_last |= end == End::Connection;
            response
        }
        _ => response,
    };
    let persistence = if is_last { Persistence::Close } else { request.persistence };
    queue(response, request.method, Some(request), persistence, exchange, out, context)
}

/// Answers `came`, which cannot be read as a request.
pub fn refuse(
    refusal: Refusal,
    came: &[u8],
    client: &Client,
    out: &mut Outgoing,
    context: &mut Context,
) -> Answered {
    let line = request_line(came);
    if refusal == TLS && context.service.note_tls() {
        info!("a client speaks TLS on this plain port; use http://, not https://");
    }
    let exchange = context.access.is_read().then(|| Exchange {
        peer: client.peer,
        request_line: line,
        status: refusal.status,
        host: None,
        fields: None,
        since: out.asked.take(),
    });
    let method = if line.starts_with(b"HEAD ") { Method::Head } else { Method::Get };
    let page = pages::refused(refusal, line, &context.service);
    queue(page, method, None, Persistence::Close, exchange, out, context)
}

/// An answer with content that is made while it is sent, and how the client sees the end of that.
#[cold]
fn framed(response: Response, version: Version) -> (Response, End) {
    let Content::Produced(source) = &response.content else { unreachable!("it was looked at before") };
    let end = End::of(&**source, version);
    match end {
        End::LastChunk => (response.field("Transfer-Encoding", "chunked"), end),
        End::Length(_) | End::Connection => (response, end),
    }
}

/// Puts into the outbox what can be put there. An answer to HEAD has no content (RFC 9110 §9.3.2). `request` is `None` where the
/// bytes that came are no request.
fn queue(
    response: Response,
    method: Method,
    request: Option<&Request<'_>>,
    persistence: Persistence,
    exchange: Option<Exchange<'_>>,
    Outgoing { outbox, stream, entry, .. }: &mut Outgoing,
    context: &mut Context,
) -> Answered {
    let out = outbox.end(&mut context.buffers);
    let status = response.head.status;
    let common = context.service.fields.of(response.owner, request);
    response.head.encode(out, common, &context.date, persistence);
    let head_end = out.len();
    let content = if method == Method::Head { Content::None } else { response.content };
    // Nothing is, where an answer is queued behind others.
    debug_assert!(stream.is_none());
    if let Some(follows) = append(content, request, out) {
        *stream = Some(follows);
    }
    let content_bytes = (out.len() - head_end) as u64;
    if let Some(exchange) = exchange {
        match stream {
            None => {
                let unsent = outbox.bytes().len();
                context.access.tell(&exchange, &context.date, content_bytes, unsent);
            }
            Some(_) => *entry = Some(context.access.entry(&exchange, &context.date, content_bytes)),
        }
    }
    Answered { status, persistence }
}

/// Appends what is in memory, and what is short of a file; gives what is left.
fn append(content: Content, request: Option<&Request<'_>>, out: &mut Vec<u8>) -> Option<Stream> {
    match content {
        // Pages were written before.
        Content::None | Content::Page(_) => {}
        Content::Produced(source) => return Some(producing(source, request)),
        Content::Bytes(bytes) => out.extend_from_slice(&bytes),
        Content::Stored(Stored::Whole(bytes), range) => out.extend_from_slice(slice(&bytes, range)),
        Content::Stored(Stored::Large(file), range) => {
            let sending = Sending { file, range, parts: Vec::new().into_iter() };
            return sending.read_short(out).map(Stream::File);
        }
        Content::Parts(Stored::Whole(bytes), parts) => {
            for (before, range) in parts {
                out.extend_from_slice(&before);
                out.extend_from_slice(slice(&bytes, range));
            }
        }
        Content::Parts(Stored::Large(file), parts) => {
            let sending = Sending { file, range: 0..0, parts: parts.into_iter() };
            return sending.read_short(out).map(Stream::File);
        }
    }
    None
}

#[cold]
fn producing(source: Box<dyn Source>, request: Option<&Request<'_>>) -> Stream {
    let version = request.map_or(Version::Http10, Request::version);
    Stream::Source(Producing::new(source, version))
}

/// A range never leaves what it was selected from.
fn slice(bytes: &[u8], range: Range<u64>) -> &[u8] {
    &bytes[range.start as usize..range.end as usize]
}
