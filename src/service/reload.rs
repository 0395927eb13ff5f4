//! How pages learn of changes, where the server watches its folder (`--watch`): two scripts, a stream of events for each
//! browser, and what pages tell of the files that they use. `reload-worker.js` describes what is said. What changes is
//! noticed in [`crate::site`], and which pages load these scripts is decided in `script.rs`.
//!
//! A client is told of no path that it did not name. It is told of a path in its own spelling, and no more than that something
//! there changed. Pages of other servers are told nothing.

use super::client::Client;
use super::json;
use super::pages::page;
use super::prefix::{Place, Prefix};
use super::response::{Broken, Content, Phase, Progress, Reply, Response, Source};
use super::shared::{Mounted, Service};
use crate::http::fields::is_token;
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::http::target::Target;
use crate::site::path::{SitePath, decode_text};
use crate::site::{Hidden, NOT_FOUND_PAGE, Subscription, Watcher};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of the name that a client gives to its stream.
const READER_BYTES_MAX: usize = 64;

/// Milliseconds after which a browser opens a stream again that has ended.
const RETRY: u64 = 300;

/// Seconds after which a client may ask again for a stream, when there are too many.
const RETRY_AFTER: u64 = 5;

/// The names below the root that this handler answers. Others beside them are not its own.
const SCRIPT: &str = ".onepoll/reload.js";
const WORKER: &str = ".onepoll/reload-worker.js";
const STREAM: &str = ".onepoll/reload";
const USES: &str = ".onepoll/reload/uses";

/// The handler, to be mounted where the site has a watcher.
pub struct Reload {
    /// Tells this start of the server from others: a page that was loaded before must be loaded again.
    start: String,
    began: Instant,
    streams: Streams,
}

/// The streams that are open, by the names that clients gave to them. Their number is bounded by that of the subscriptions.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<HashMap<Box<str>, Arc<Subscription>>>>);

impl Streams {
    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Subscription>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Reload {
    /// A handler without streams, for this start of the server.
    fn default() -> Reload {
        // The seeds of a hash are as random as a number needs to be that is no secret.
        let start = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        Reload { start, began: Instant::now(), streams: Streams::default() }
    }
}

impl Mounted for Reload {
    fn answer(&self, request: &Request<'_>, _: &Client, service: &Service) -> Option<Reply> {
        let Target::Path { path, query, .. } = request.target else { return None };
        // Without one of these no path has a name that begins with a dot, and need not be decoded.
        (path.contains("/.") || path.contains('%')).then_some(())?;
        let path = SitePath::decode(path, Hidden::Served).filter(|path| !path.is_folder())?;
        let name = path.name().to_str().filter(|name| [SCRIPT, WORKER, STREAM, USES].contains(name))?;
        let response = match service.site.watcher()? {
            _ if !request.is_of_this_server() => {
                page(Status::FORBIDDEN, "Pages of other servers learn nothing of changes")
            }
            _ if !matches!(request.method, Method::Get | Method::Head) => {
                let refused = page(Status::METHOD_NOT_ALLOWED, "Changes are only told");
                refused.field("Allow", "GET, HEAD")
            }
            _ if name == SCRIPT => script(include_str!("reload.js")),
            _ if name == WORKER => script(include_str!("reload-worker.js")),
            watcher if name == STREAM => self.stream(query.unwrap_or_default(), request.method, watcher),
            _ => self.uses(query.unwrap_or_default(), service.prefix()),
        };
        Some(response.of_server().into())
    }
}

impl Reload {
    /// The stream of a client. A second one by the same name takes the place of the first, which the client has given up, though
    /// perhaps no end of it has come yet.
    fn stream(&self, query: &str, method: Method, watcher: &Watcher) -> Response {
        let Some(reader) = reader(query) else { return malformed() };
        let head = Head::new(Status::OK).field("Content-Type", "text/event-stream");
        let head = head.field("Cache-Control", "no-store");
        if method == Method::Head {
            return Response::new(head, Content::None);
        }
        self.streams.lock().remove(reader);
        let Some(subscription) = watcher.subscribe().map(Arc::new) else {
            let page =
                page(Status::SERVICE_UNAVAILABLE, "There are as many readers of changes as there may be");
            return page.field("Retry-After", RETRY_AFTER);
        };
        self.streams.lock().insert(reader.into(), subscription.clone());
        let greeting = Some((self.start.clone(), self.began));
        let (reader, streams) = (reader.into(), self.streams.clone());
        Response::new(head, Content::Produced(Box::new(Stream { reader, subscription, streams, greeting })))
    }

    /// Notes which paths a page uses: 204, or 404 where the reader has no stream, or 503 if there is no room for a path.
    fn uses(&self, query: &str, prefix: Option<&Prefix>) -> Response {
        let Some(reader) = reader(query) else { return malformed() };
        let since = values(query, "since").next().and_then(|since| since.parse().ok());
        let paths = values(query, "path").map(|path| decode_text(path).filter(|path| is_path(path)));
        let (Some(since), Some(paths)) = (since, paths.collect::<Option<Vec<_>>>()) else {
            return malformed();
        };
        let Some(subscription) = self.streams.lock().get(reader).cloned() else {
            return page(Status::NOT_FOUND, "There is no stream of this reader")
                .field("Cache-Control", "no-store");
        };
        let age = || self.began.elapsed().saturating_sub(Duration::from_millis(since));
        let add = |path: &str| match prefix.map(|prefix| prefix.place(path)) {
            None => subscription.add(path, age()),
            Some(Place::Below(rest)) => subscription.add_by_name(&rest, path, age()),
            // Clients find the site's page of every 404 there, and nothing else.
            Some(Place::Outside) => subscription.add_by_name(NOT_FOUND_PAGE, path, age()),
            Some(Place::WithoutSlash | Place::Root) => true,
        };
        if !paths.iter().all(|path| add(path)) {
            return page(Status::SERVICE_UNAVAILABLE, "This reader uses more paths than it may");
        }
        Response::new(Head::new(Status::NO_CONTENT).field("Cache-Control", "no-store"), Content::None)
    }
}

/// A script, for pages of this server alone, isolated pages included (`Cross-Origin-Embedder-Policy`).
fn script(text: &'static str) -> Response {
    let head = Head::new(Status::OK)
        .field("Content-Type", "text/javascript; charset=utf-8")
        .field("Cache-Control", "no-cache")
        .field("Cross-Origin-Resource-Policy", "same-origin")
        .field("Cross-Origin-Embedder-Policy", "require-corp");
    Response::new(head, Content::Bytes(text.into()))
}

fn malformed() -> Response {
    page(Status::NOT_FOUND, "The query is not one that the script of a page makes")
}

/// The name that a client gives to its stream.
fn reader(query: &str) -> Option<&str> {
    let is_name = |name: &&str| name.len() <= READER_BYTES_MAX && is_token(name.as_bytes());
    values(query, "reader").next().filter(is_name)
}

/// The values called `name` in a query, percent-encoded.
fn values<'a>(query: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter_map(move |(key, value)| (key == name).then_some(value))
}

/// Whether `text` could be the path of a target.
fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The events for one client, for as long as it reads and the server goes on.
struct Stream {
    reader: Box<str>,
    subscription: Arc<Subscription>,
    streams: Streams,
    /// What the first event says, until it is said: which start of the server this is, and since when its clock runs.
    greeting: Option<(String, Instant)>,
}

impl Stream {
    /// Whether no other stream has taken its place.
    fn is_current(&self) -> bool {
        self.streams.lock().get(&self.reader).is_some_and(|current| Arc::ptr_eq(current, &self.subscription))
    }
}

impl Source for Stream {
    fn ends_with_client(&self) -> bool {
        true
    }

    fn produce(&mut self, out: &mut Vec<u8>, phase: Phase) -> Result<Progress<()>, Broken> {
        if phase == Phase::Stopping || !self.is_current() {
            return Ok(Progress::Ready(()));
        }
        let event = match self.greeting.take() {
            Some((start, began)) => {
                let now = began.elapsed().as_millis() as u64;
                let greeting = json::line(&json::value!({ "start": start, "now": now }));
                format!("retry: {RETRY}\nevent: start\ndata: {greeting}\n\n")
            }
            None => match self.subscription.take() {
                paths if paths.is_empty() => return Ok(Progress::Later),
                paths => format!("event: change\ndata: {}\n\n", json::line(&paths.into())),
            },
        };
        out.extend_from_slice(event.as_bytes());
        Ok(Progress::Again)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.is_current() {
            self.streams.lock().remove(&self.reader);
        }
    }
}
