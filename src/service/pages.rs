//! Pages for people, and JSON for programs in their place. All error pages are written in this file; which error it is
//! was decided elsewhere.

use super::json;
use super::names::shown;
use super::prefix::Prefix;
use super::response::{Content, Owner, Response};
use super::script::Script;
use super::shared::Service;
use crate::http::byteset::ByteSet;
use crate::http::request::{Request, target_in};
use crate::http::response::Head;
use crate::http::status::Status;
use crate::http::target::Target;
use crate::http::{INFALLIBLE, Refusal};
use crate::site::path::{decode_for_people, way_to_root};
use html_escape::encode_text;
use std::borrow::Cow;

/// How pages look that the server writes: errors, and listings, which add to it.
pub const STYLE: &str = include_str!("style.css");

/// What stands before the title of a page.
pub const BEFORE_TITLE: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
     <meta name=\"viewport\" content=\"width=device-width\">\n\
     <meta name=\"color-scheme\" content=\"light dark\">\n<title>";

/// What stands between the title and the style of a page. Without an icon, browsers ask for one.
pub const BEFORE_STYLE: &str = "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n";

/// What stands behind the style of a page.
pub const BEHIND_STYLE: &str = "</style>\n";

const HTML: &str = "text/html; charset=utf-8";

/// A page that says what went wrong, in one sentence without a full stop.
pub fn page(status: Status, sentence: &'static str) -> Response {
    // Without `no-cache`, a browser may reuse a 301 or a 404 after the file has come (RFC 9111 §4.2.2).
    let head = Head::new(status).field("Cache-Control", "no-cache");
    Response { head, content: Content::Page(sentence), owner: Owner::Site }
}

/// The head of an answer whose content is HTML.
pub fn html_head(status: Status) -> Head {
    Head::new(status).field("Content-Type", HTML)
}

/// An answer whose content is `html`.
pub fn html(status: Status, html: impl Into<Vec<u8>>) -> Response {
    Response::new(html_head(status), Content::Bytes(html.into()))
}

/// A redirect to `location`, a relative reference, with the query of the request.
pub fn redirect(
    status: Status,
    sentence: &'static str,
    mut location: String,
    query: Option<&str>,
) -> Response {
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    page(status, sentence).field("Location", location)
}

/// Writes the page of a response that is one ([`Content::Page`]); any other response stays as it is.
///
/// An error is written in JSON for a client that prefers it (RFC 9457). Where the site is watched, a page of the site that says
/// of an error has the script: a page that was loaded again in the middle of a build would be an error for ever.
pub fn write(response: Response, request: &Request<'_>, service: &Service) -> Response {
    let Response { head, content: Content::Page(sentence), owner } = response else { return response };
    let status = head.status;
    let path = request.target.path();
    let script = match status.is_error() && owner == Owner::Site {
        true => Script::of(request, service),
        false => Script::Off,
    };
    let head = match status.is_error() {
        true if request.prefers_problem() => {
            let head = script.vary(head.vary("Accept"));
            return Response { owner, ..problem(head, status, sentence, path) };
        }
        true => script.vary(head.vary("Accept")),
        false => head,
    };
    let mut html = in_html(status, sentence, &asked(status, request), path, service.prefix());
    script.end(&mut html);
    let content = Content::Bytes(html.into());
    Response { owner, ..Response::new(head.field("Content-Type", HTML), content) }
}

/// The page of a request that is refused while it is read, with what was asked for as far as `line` says it: the request line,
/// as far as it came. Bytes that are no request line show nothing.
#[cold]
pub fn refused(refusal: Refusal, line: &[u8], service: &Service) -> Response {
    let mut sentence = refusal.why.to_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let (asked, path) = match target_in(line, service.limits.head.request_line_bytes_max) {
        None => (String::new(), None),
        Some((target, is_whole)) => match path_of(target) {
            // The folders of a path that was cut are not known, so there is no way from it.
            Some(path) if !is_whole && !target.contains('?') => (beginning(path), None),
            path => (String::new(), path),
        },
    };
    let html = in_html(refusal.status, &sentence, &asked, path, service.prefix());
    let head = page(refusal.status, refusal.why).head.field("Content-Type", HTML);
    Response::new(head, Content::Bytes(html.into())).of_gate()
}

/// The path of a target, which may be malformed behind its first slash.
fn path_of(target: &str) -> Option<&str> {
    match target.starts_with('/') {
        true => target.split(['?', '#']).next(),
        false => Target::parse(target.as_bytes()).ok()?.path(),
    }
}

/// The beginning of a path that was cut, in HTML.
fn beginning(path: &str) -> String {
    let path = &path[..path.len().min(BEGINNING_BYTES_MAX)];
    // The last byte may be encoded, and cut in two.
    let end = path.rfind('%').filter(|at| at + "%FF".len() > path.len()).unwrap_or(path.len());
    ["<code>", &in_plain(&path[..end]), "\u{2026}</code>"].concat()
}

/// Bytes that are shown of a path that was cut.
const BEGINNING_BYTES_MAX: usize = 200;

/// `type` is left out: it is `about:blank`, which says that there is no more to it than the status.
fn problem(head: Head, Status { code, reason }: Status, sentence: &str, path: Option<&str>) -> Response {
    let mut problem = json::value!({ "title": reason, "status": code, "detail": sentence });
    if let Some(path) = path {
        problem["instance"] = path.into();
    }
    let content = Content::Bytes(json::line(&problem).into());
    Response::new(head.field("Content-Type", "application/problem+json"), content)
}

/// The page in HTML. It shows `asked`, which is HTML, and behind it the path that was asked for, where that is known, with a link
/// to the start page.
///
/// The parts are put together without `core::fmt`: clients ask for many names that are not there.
fn in_html(
    status: Status,
    sentence: &str,
    asked: &str,
    path: Option<&str>,
    prefix: Option<&Prefix>,
) -> String {
    let [hundreds, tens, ones] = [100, 10, 1].map(|unit| b'0' + (status.code / unit % 10) as u8);
    let code = [hundreds, tens, ones];
    let code = std::str::from_utf8(&code).expect(INFALLIBLE);
    let way = path.map(|path| prefix.map_or_else(|| way_to_root(path), |prefix| prefix.way_to_start(path)));
    let shown = path.map(in_plain).unwrap_or_default();
    let mut html = String::with_capacity(PAGE_BYTES + sentence.len() + asked.len() + shown.len());
    let mut push = |parts: &[&str]| parts.iter().for_each(|part| html.push_str(part));
    push(&[BEFORE_TITLE, code, " ", status.reason, BEFORE_STYLE, STYLE, BEHIND_STYLE]);
    push(&["<main>\n<h1>", code, " ", status.reason, "</h1>\n<p>", sentence, ".\n"]);
    match way {
        None if asked.is_empty() => {}
        None => push(&["<p>", asked, "\n"]),
        Some(way) => {
            let space = if asked.is_empty() { "" } else { " " };
            push(&[
                "<p>",
                asked,
                space,
                "<code>",
                &shown,
                "</code>\n<p><a href=\"",
                &way,
                "\">Start page</a>\n",
            ]);
        }
    }
    push(&["</main>\n"]);
    html
}

/// Bytes of a page beside what a request adds to it, roughly: so the page is written into memory that is large enough.
const PAGE_BYTES: usize = STYLE.len() + 512;

/// What stands before the path that was asked for, in HTML: the method where no path would be answered with it, and the host
/// where it is not one of this server.
fn asked(status: Status, request: &Request<'_>) -> String {
    let text = match status {
        Status::METHOD_NOT_ALLOWED | Status::NOT_IMPLEMENTED => {
            let method = request.line.split(|byte| *byte == b' ').next().unwrap_or_default();
            String::from_utf8_lossy(method).into_owned()
        }
        Status::MISDIRECTED_REQUEST => request.host.unwrap_or_default().to_owned(),
        _ => return String::new(),
    };
    ["<code>", &encode_text(&text), "</code>"].concat()
}

/// A path in HTML, decoded. Most paths are the same decoded and escaped.
fn in_plain(path: &str) -> Cow<'_, str> {
    const PLAIN: ByteSet = ByteSet::alphanumeric_and(b"/-._~");
    match PLAIN.has_all(path.as_bytes()) {
        true => path.into(),
        false => encode_text(&shown(&decode_for_people(path))).into_owned().into(),
    }
}
