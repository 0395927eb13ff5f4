//! Pages for people, and JSON for programs in their place. All error pages are written in this file; which error it is
//! was decided elsewhere.

use super::json;
use super::prefix::Prefix;
use super::response::{Content, Owner, Response};
use super::script::Script;
use super::shared::Service;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::site::path::way_to_root;
use html_escape::encode_text;

const HTML: &str = "text/html; charset=utf-8";

/// A page that says what went wrong, in one sentence without a full stop.
pub fn page(status: Status, sentence: &'static str) -> Response {
    // Without `no-cache`, a browser may reuse a 301 or a 404 after the file has come (RFC 9111 §4.2.2).
    let head = Head::new(status).field("Cache-Control", "no-cache");
    Response { head, content: Content::Page(sentence), owner: Owner::Site }
}

/// An answer whose content is `html`.
pub fn html(status: Status, html: impl Into<Vec<u8>>) -> Response {
    Response::new(Head::new(status).field("Content-Type", HTML), Content::Bytes(html.into()))
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

/// Writes the page of a response that is one ([`Content::Page`]); any other response stays as it is. `request` is `None`
/// where the bytes that came are no request.
///
/// An error is written in JSON for a client that prefers it (RFC 9457). Where the site is watched, a page of the site that says
/// of an error has the script: a page that was loaded again in the middle of a build would be an error for ever.
pub fn write(response: Response, request: Option<&Request<'_>>, service: &Service) -> Response {
    let Response { head, content: Content::Page(sentence), owner } = response else { return response };
    let status = head.status;
    let path = request.and_then(|request| request.target.path());
    let script = match request.filter(|_| status.is_error() && owner == Owner::Site) {
        Some(request) => Script::of(request, service),
        None => Script::Off,
    };
    let head = match request.filter(|_| status.is_error()) {
        Some(request) if request.prefers_problem() => {
            let head = script.vary(head.vary("Accept"));
            return Response { owner, ..problem(head, status, sentence, path) };
        }
        Some(_) => script.vary(head.vary("Accept")),
        None => head,
    };
    let mut html = in_html(status, sentence, path, service.prefix());
    script.end(&mut html);
    let content = Content::Bytes(html.into());
    Response { owner, ..Response::new(head.field("Content-Type", HTML), content) }
}

/// `type` is left out: it is `about:blank`, which says that there is no more to it than the status.
fn problem(head: Head, Status { code, reason }: Status, sentence: &str, path: Option<&str>) -> Response {
    let mut problem = json::value!({ "title": reason, "status": code, "detail": sentence });
    if let Some(path) = path {
        problem["instance"] = path.into();
    }
    let content = Content::Bytes(json::line(&problem).into());
    Response::new(head.field("Content-Type", "application/problem+json"), content)
}

/// The page in HTML. If the path of the request is known, it shows the path and a link to the start page.
///
/// The parts are put together without `core::fmt`: clients ask for many names that are not there.
fn in_html(
    Status { code, reason }: Status,
    sentence: &str,
    path: Option<&str>,
    prefix: Option<&Prefix>,
) -> String {
    const BEFORE: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>";
    const BETWEEN: &str = "</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem; overflow-wrap: anywhere }</style>\n\
         <h1>";
    let code = code.to_string();
    let start = [BEFORE, &code, " ", reason, BETWEEN, &code, " ", reason, "</h1>\n<p>", sentence, ".\n"];
    let Some(path) = path else { return start.concat() };
    let way = prefix.map_or_else(|| way_to_root(path), |prefix| prefix.way_to_start(path));
    let shown = encode_text(path);
    let end = ["<p><code>", &shown, "</code>\n<p><a href=\"", &way, "\">Start page</a>\n"];
    [start.as_slice(), end.as_slice()].concat().concat()
}
