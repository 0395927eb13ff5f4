//! What answers in place of a path that leads to nothing, where that depends on the request: the index of an app of a single
//! page, and the site's own page of every 404. Paths that stand for others whatever the request says are in [`crate::site`].

use super::representing::{encoding, vary};
use super::response::{Content, Reply, Response};
use super::script::{Script, Sent};
use super::shared::Service;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::site::{Found, Missing, Moment, Spa, Wanted, is_page_of_app};

/// What a lookup gave.
pub type Lookup = Result<Found, Missing>;

/// What `/` gets, for a request that found nothing and may be for a page that an app in the browser makes: a user has
/// followed a link to it, or loads it again. A folder that is not listed is nothing, too. `None` if the request is not of
/// this kind, or `/` is no file.
///
/// The answer depends on `Accept`, so it must say so.
pub fn app(
    found: &Lookup,
    request: &Request<'_>,
    service: &Service,
    wanted: &Wanted<'_>,
    moment: Moment,
) -> Option<Lookup> {
    if service.site.policy().spa == Spa::Off {
        return None;
    }
    let is_nothing = matches!(found, Ok(Found::Folder(_)) | Err(Missing::NotThere));
    let is_of_app = |path| is_page_of_app(path, &service.site.policy().types);
    if !is_nothing || !request.prefers_html() || !request.target.path().is_some_and(is_of_app) {
        return None;
    }
    let index = service.site.find("/", wanted, moment);
    (!matches!(index, Ok(Found::Folder(_) | Found::FolderWithoutSlash { .. }) | Err(Missing::NotThere)))
        .then_some(index)
}

/// An answer that another client may not get, by its `Accept`. Error pages say so by themselves.
pub fn by_accept(response: Response) -> Response {
    match response.content {
        Content::Page(_) => response,
        _ => Response { head: response.head.vary("Accept"), ..response },
    }
}

/// The answer to a request that finds nothing: the site's own page of every 404, for clients that take HTML; else `page`.
///
/// It is no representation of what the client asked for. So it has no validators, and neither conditions nor ranges apply.
pub fn not_found(
    page: Response,
    request: &Request<'_>,
    service: &Service,
    wanted: &Wanted<'_>,
    moment: Moment,
) -> Reply {
    let it = match service.site.find_not_found_page(wanted, moment) {
        Ok(Found::File(it)) => it,
        Err(Missing::NotYet) if !wanted.charge.is_paid() => return Reply::Again,
        _ => return page.into(),
    };
    if !request.accepts_html() || request.prefers_problem() {
        return page.into();
    }
    let it = Sent::of(it, Script::of(request, service));
    let described = &it.described;
    let head = Head::new(Status::NOT_FOUND).field("Content-Type", described.content_type);
    let head = vary(head.field("Cache-Control", "no-cache"), described.choice).vary("Accept");
    Response::new(it.vary(encoding(head, described)), it.whole()).into()
}
