//! The answers of a site that is served below a prefix: those below it come from the dispatch table, and those outside are
//! made here. Which paths are below it is decided in [`super::prefix`].

use super::client::Client;
use super::files;
use super::pages::{page, redirect};
use super::prefix::{Place, Prefix};
use super::response::{Reply, Response};
use super::routes;
use super::shared::Service;
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::target::Target;
use crate::site::Moment;

/// The answer to `request`. Below the prefix, handlers see the rest of the path behind it, as if the site were at the root.
pub fn respond(
    prefix: &Prefix,
    request: &Request<'_>,
    client: &Client,
    service: &Service,
    moment: Moment,
) -> Reply {
    let Target::Path { path, query, .. } = request.target else {
        return routes::dispatch(request, client, service, moment);
    };
    match prefix.place(path) {
        Place::Below(rest) => routes::dispatch(&request.with_path(&rest), client, service, moment),
        _ if !routes::answers(request.method) => routes::not_in_the_table(request.method).into(),
        _ if !matches!(request.method, Method::Get | Method::Head) => {
            files::not_found(missing(), request, service, moment)
        }
        Place::WithoutSlash => {
            let sentence = "This is a folder; its name ends in a slash";
            lead(prefix, Status::MOVED_PERMANENTLY, sentence, path, query).into()
        }
        // The same port may show something else at its root tomorrow, so the redirect is not for ever.
        Place::Root => {
            lead(prefix, Status::FOUND, "The site is served below another path", path, query).into()
        }
        Place::Outside => files::not_found(missing(), request, service, moment),
    }
}

/// Leads to the start of the site.
fn lead(
    prefix: &Prefix,
    status: Status,
    sentence: &'static str,
    path: &str,
    query: Option<&str>,
) -> Response {
    let way = prefix.way_to_start(path);
    let location = way.strip_prefix("./").unwrap_or(&way).to_owned();
    redirect(status, sentence, location, query)
}

fn missing() -> Response {
    page(Status::NOT_FOUND, "There is nothing here: the site is served below another path")
}
