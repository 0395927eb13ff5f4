//! The pages of the inspector, below the prefix. They are for clients on this machine that come by a door which shows them,
//! and not for pages of other sites that a browser on this machine shows.

use super::feed::{Bytes, Events};
use super::record::Shared;
use super::{metrics, snapshot, source_html};
use crate::conn::{Id, Wait};
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::service::door::Inspector;
use crate::service::hosts::Hosts;
use crate::service::limits::Limits;
use crate::service::pages::page;
use crate::service::{Client, Content, Mounted, Reply, Response, Service, json};
use crate::site::Hidden;
use crate::site::path::SitePath;

/// The inspector answers below this path, in any percent-encoded spelling.
pub const PREFIX: &str = "/.onepoll/";

/// The name in [`PREFIX`]. Clients that may see the inspector cannot see a folder of the site with this name.
const NAME: &str = ".onepoll";

/// The large download. It is an example of a download, and no work for clients that watch.
const LARGE: &str = "large";

/// Bytes of the large download. A browser buffers some megabytes before the sender meets backpressure.
const LARGE_BYTES: u64 = 64 << 20;

/// The files of the source are shown below this name.
const SOURCE: &str = "source/";

/// The methods that are answered, as `Allow` lists them.
const METHODS: &str = "GET, HEAD, OPTIONS";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";

/// The files that the page loads: the name of each, its type and its content.
const FILES: &[(&str, &str, &str)] = &[
    ("style.css", CSS, include_str!("page/style.css")),
    ("turns.css", CSS, include_str!("page/turns.css")),
    ("buttons.js", MODULE, include_str!("page/buttons.js")),
    ("clients.js", MODULE, include_str!("page/clients.js")),
    ("counters.js", MODULE, include_str!("page/counters.js")),
    ("dom.js", MODULE, include_str!("page/dom.js")),
    ("events.js", MODULE, include_str!("page/events.js")),
    ("inspector.js", MODULE, include_str!("page/inspector.js")),
    ("limits.js", MODULE, include_str!("page/limits.js")),
    ("marks.js", MODULE, include_str!("page/marks.js")),
    ("kinds.js", MODULE, include_str!("page/kinds.js")),
    ("life.js", MODULE, include_str!("page/life.js")),
    ("model.js", MODULE, include_str!("page/model.js")),
    ("paint.js", MODULE, include_str!("page/paint.js")),
    ("source.css", CSS, include_str!("page/source.css")),
    ("slab.js", MODULE, include_str!("page/slab.js")),
    ("slot.js", MODULE, include_str!("page/slot.js")),
    ("squares.js", MODULE, include_str!("page/squares.js")),
    ("terms.js", MODULE, include_str!("page/terms.js")),
    ("time.js", MODULE, include_str!("page/time.js")),
    ("timeline.js", MODULE, include_str!("page/timeline.js")),
    ("turns.js", MODULE, include_str!("page/turns.js")),
    ("words.js", MODULE, include_str!("page/words.js")),
];

/// The `Content-Security-Policy`: the page loads from this server only, and no other page may show it in a frame.
const POLICY: &str =
    "default-src 'self'; img-src data:; connect-src 'self' http://*.localhost:*; frame-ancestors 'none'";

/// The handler of the inspector.
pub struct Pages(pub Shared);

impl Mounted for Pages {
    fn answer(&self, request: &Request<'_>, client: &Client, service: &Service) -> Option<Reply> {
        let path = request.target.path()?;
        may_name_a_page(path.as_bytes()).then_some(())?;
        let path = SitePath::decode(path, Hidden::Served)?;
        let name = path.name().strip_prefix(NAME).ok()?.to_string_lossy();
        // With a `/` behind it, the name of a page names no page.
        let name = if path.is_folder() && !name.is_empty() { &*(name + "/") } else { &*name };
        // Only names that mean this machine, although the user may allow other hosts for the site: see `hosts`.
        let is_local = request.host.is_some_and(|host| Hosts::Named(Vec::new()).include(host));
        let is_here = service.door(client.door).inspector == Inspector::Shown;
        let is_shown = is_here && is_local && client.peer.is_local();
        let response = is_shown.then(|| match name.is_empty() && !path.is_folder() {
            true => page(Status::MOVED_PERMANENTLY, "The inspector's name ends in a slash")
                .field("Location", path.with_slash()),
            false => show(name, request.method, client.id, service, &self.0),
        });
        response.map(|response| response.of_server().into())
    }
}

/// Whether a path, or the request line with it, may name a page of the inspector: without one of these, no path has a name that
/// begins with a dot.
pub fn may_name_a_page(path: &[u8]) -> bool {
    // Without an early end, the compiler looks at many bytes at once.
    let pairs = path.iter().zip(path.get(1..).unwrap_or_default());
    pairs.fold(false, |may, (one, next)| may | (*one == b'%') | (*one == b'/') & (*next == b'.'))
}

/// The answer with the page `name` on the connection `id`.
fn show(name: &str, method: Method, id: Id, service: &Service, shared: &Shared) -> Response {
    match method {
        Method::Get | Method::Head => {}
        // Pages of the site ask so whether the inspector is shown, since a browser does not report the answer as an error.
        Method::Options => {
            return Response::new(Head::new(Status::NO_CONTENT), Content::None).field("Allow", METHODS);
        }
        _ => return page(Status::METHOD_NOT_ALLOWED, "The inspector only shows").field("Allow", METHODS),
    }
    // A button of the page asks for both, as examples of what a client asks for.
    if !matches!(name, LARGE | "health") {
        shared.lock().note_watching(id);
    }
    if let Some(file) = name.strip_prefix(SOURCE) {
        return match source_html::page(file) {
            Some(html) => text(HTML, html).field("Content-Security-Policy", POLICY),
            None => page(Status::NOT_FOUND, "The inspector has no such file of the source"),
        };
    }
    match name {
        "" => text(HTML, include_str!("page/index.html")).field("Content-Security-Policy", POLICY),
        "source" => page(Status::MOVED_PERMANENTLY, "The source is below a folder").field("Location", SOURCE),
        "health" => text("text/plain; charset=utf-8", "ok\n"),
        "metrics" => text("text/plain; version=0.0.4; charset=utf-8", metrics::text(&shared.counts)),
        "state.json" => json::response(snapshot::whole(&shared.lock())).field("Cache-Control", "no-store"),
        "limits.json" => json::response(limits(&service.limits)),
        "events" => events(method, id, shared),
        LARGE => large(),
        _ => match FILES.iter().find(|(known, ..)| *known == name) {
            Some((_, kind, content)) => text(kind, *content),
            None => page(Status::NOT_FOUND, "The inspector has no such page"),
        },
    }
}

/// How long each kind of wait may last, in milliseconds; a kind without a limit is left out.
fn limits(limits: &Limits) -> String {
    let limited = Wait::ALL.into_iter().filter_map(|wait| {
        let timeout = wait.timeout(limits)?;
        Some(format!("\"{wait:?}\":{}", timeout.as_millis()))
    });
    format!("{{{}}}\n", limited.collect::<Vec<_>>().join(","))
}

fn text(kind: &str, content: impl Into<Vec<u8>>) -> Response {
    let head = Head::new(Status::OK).field("Content-Type", kind).field("Cache-Control", "no-store");
    Response::new(head, Content::Bytes(content.into()))
}

/// Server-sent events, until the client disconnects.
fn events(method: Method, id: Id, shared: &Shared) -> Response {
    let head = Head::new(Status::OK);
    let head = head.field("Content-Type", "text/event-stream").field("Cache-Control", "no-store");
    if method == Method::Head {
        return Response::new(head, Content::None);
    }
    shared.lock().add_reader(id);
    Response::new(head, Content::Produced(Box::new(Events { shared: shared.clone(), reader: id })))
}

/// A large download. A page of any origin may read it: a browser opens only six connections to one host name, so the
/// page of the inspector asks for downloads by other names.
fn large() -> Response {
    let head = Head::new(Status::OK)
        .field("Content-Type", "application/octet-stream")
        .field("Cache-Control", "no-store")
        .field("Access-Control-Allow-Origin", "*");
    Response::new(head, Content::Produced(Box::new(Bytes { left: LARGE_BYTES })))
}
