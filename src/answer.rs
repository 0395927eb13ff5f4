//! From a request, or from what is none, to an answer in the outbox: dispatch, head, content, log line. Every
//! answer goes through here.

use crate::access::{self, Exchange};
use crate::conn::Id;
use crate::context::{Context, Phase};
use crate::escaped::Escaped;
use crate::handlers::listing::Listing;
use crate::handlers::{Content, Reply, Response, page};
use crate::hosts;
use crate::http::Refusal;
use crate::http::byteset::ByteSet;
use crate::http::lines::{TLS, request_line};
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::target::Target;
use crate::http::version::Persistence;
use crate::outgoing::{Outgoing, Rest, Sending};
use crate::routes;
use crate::site::{Moment, Stored, Tick};
use log::{debug, info, warn};
use std::net::IpAddr;
use std::ops::Range;

/// How a request was answered.
#[derive(Clone, Copy)]
pub struct Answered {
    /// With which status.
    pub status: Status,
    /// What the head said of the connection.
    pub persistence: Persistence,
}

/// Who is answered.
pub struct Client<'a> {
    /// Its connection.
    pub id: Id,
    /// Its address.
    pub peer: IpAddr,
    /// When something was last read from it.
    pub read: Tick,
    /// Where answers go.
    pub out: &'a mut Outgoing,
}

/// The answer to a request that is turned away as soon as its head is whole: the request is for another host, or its
/// client asks whether to send content that this server has no use for.
pub fn turned_away(request: &Request<'_>, context: &mut Context) -> Option<Response> {
    if !request.host.is_none_or(|host| context.service.hosts.include(host)) {
        return Some(misdirected(request, context));
    }
    let asks_first = request.expects_continue && request.has_content();
    (asks_first && !routes::answers(request.method)).then(|| routes::not_in_the_table(request.method))
}

/// Asks whoever is mounted, and then the dispatch table, about a request that was not [`turned_away`].
pub fn respond(
    request: &Request<'_>,
    client: Client<'_>,
    context: &mut Context,
) -> Result<Answered, Box<Listing>> {
    match dispatch(request, &client, context) {
        Reply::Ready(response) => Ok(complete(request, response, client, context)),
        Reply::Listing(listing) => Err(listing),
    }
}

fn dispatch(request: &Request<'_>, client: &Client<'_>, context: &Context) -> Reply {
    let mounted = context.mounted.as_ref();
    if let Some(response) = mounted.and_then(|mounted| mounted.answer(request, client.peer, client.id)) {
        debug!("{} is for the handler that is mounted", client.id);
        return response.into();
    }
    let moment = Moment { time: context.date.time(), read: client.read };
    routes::dispatch(request, &context.service.site, moment)
}

/// Answers with what a handler has made.
pub fn complete(
    request: &Request<'_>,
    response: Response,
    client: Client<'_>,
    context: &mut Context,
) -> Answered {
    let exchange = access::is_read().then(|| Exchange {
        peer: client.peer,
        request_line: request.line,
        status: response.head.status,
        referer: request.fields.first("referer"),
        user_agent: request.fields.first("user-agent"),
    });
    let is_last = context.phase == Phase::Stopping || matches!(response.content, Content::Produced(_));
    let persistence = if is_last { Persistence::Close } else { request.persistence };
    let path = match request.target {
        Target::Path { path, .. } => Some(path),
        Target::Asterisk | Target::Authority => None,
    };
    queue(response, path, request.method, persistence, exchange, client.out, context)
}

/// RFC 9110 §15.5.20: the client thinks that it speaks with another server.
fn misdirected(request: &Request<'_>, context: &mut Context) -> Response {
    let name = hosts::in_short(request.host.unwrap_or_default());
    // It is the client's, and may end up in a shell.
    const PLAIN: ByteSet = ByteSet::alphanumeric_and(b"-._");
    let flag = if PLAIN.has_all(name.as_bytes()) { name } else { "NAME" };
    let [shown, flag] = [name, flag].map(|text| Escaped(text.as_bytes()));
    if context.is_news(name) {
        warn!("a request for {shown} was refused; --allow-host {flag} allows it");
    }
    let sentence = "This server does not go by that name; whoever runs it can allow it with --allow-host";
    page(Status::MISDIRECTED_REQUEST, sentence)
}

/// Answers `came`, which cannot be read as a request.
pub fn refuse(refusal: Refusal, came: &[u8], client: Client<'_>, context: &mut Context) -> Answered {
    let line = request_line(came);
    if refusal == TLS && context.is_first_tls() {
        info!("a client speaks TLS on this plain port; its address begins with http://, not with https://");
    }
    let exchange = access::is_read().then_some(Exchange {
        peer: client.peer,
        request_line: line,
        status: refusal.status,
        referer: None,
        user_agent: None,
    });
    let method = if line.starts_with(b"HEAD ") { Method::Head } else { Method::Get };
    let page = page(refusal.status, refusal.why);
    queue(page, None, method, Persistence::Close, exchange, client.out, context)
}

/// Puts into the outbox what can be put there; `path` is what was asked for, where that is known. An answer to HEAD has
/// no content (RFC 9110 §9.3.2).
fn queue(
    response: Response,
    path: Option<&str>,
    method: Method,
    persistence: Persistence,
    exchange: Option<Exchange<'_>>,
    Outgoing { outbox, rest, entry }: &mut Outgoing,
    context: &mut Context,
) -> Answered {
    let response = response.written_for(path);
    let out = outbox.end(&mut context.buffers);
    let status = response.head.status;
    response.head.encode(out, &context.date, persistence);
    let head_end = out.len();
    let content = if method == Method::Head { Content::None } else { response.content };
    // Nothing is, where an answer is queued behind others.
    debug_assert!(rest.is_none());
    if let Some(follows) = append(content, out) {
        *rest = Some(follows);
    }
    let content_bytes = (out.len() - head_end) as u64;
    if let Some(exchange) = exchange {
        match rest {
            None => context.access.tell(&exchange, context.date.text(), content_bytes),
            Some(_) => *entry = Some(context.access.entry(&exchange, context.date.text(), content_bytes)),
        }
    }
    Answered { status, persistence }
}

/// Appends what is in memory, and gives what is not.
fn append(content: Content, out: &mut Vec<u8>) -> Option<Rest> {
    match content {
        // Pages were written before.
        Content::None | Content::Page(_) => {}
        Content::Produced(source) => return Some(Rest::Source(source)),
        Content::Bytes(bytes) => out.extend_from_slice(&bytes),
        Content::Stored(Stored::Whole(bytes), range) => out.extend_from_slice(slice(&bytes, range)),
        Content::Stored(Stored::Large { file, .. }, range) => {
            return Some(Rest::File(Sending { file, range, parts: Vec::new().into_iter() }));
        }
        Content::Parts(Stored::Whole(bytes), parts) => {
            for (before, range) in parts {
                out.extend_from_slice(&before);
                out.extend_from_slice(slice(&bytes, range));
            }
        }
        Content::Parts(Stored::Large { file, .. }, parts) => {
            return Some(Rest::File(Sending { file, range: 0..0, parts: parts.into_iter() }));
        }
    }
    None
}

/// A range never leaves what it was selected from.
fn slice(bytes: &[u8], range: Range<u64>) -> &[u8] {
    &bytes[range.start as usize..range.end as usize]
}
