//! GET and HEAD: which representation of a file answers a request, or what answers in its place. Which file a path names is
//! decided in [`crate::site`].

use super::archive;
use super::client::Client;
use super::door::Folders;
use super::listing::{FolderListing, Form};
use super::pages::{page, redirect};
use super::representing::{represent, vary};
use super::response::{Reply, Response};
use super::script::{Script, Sent};
use super::shared::Service;
use super::stand_ins;
use crate::http::conditional::{holds, wants_parts_of};
use crate::http::encoding::{Accepted, Coding};
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::target::Target;
use crate::site::folder::Unread;
use crate::site::{Asker, Charge, Found, Missing, Moment, Representation, Selected, Wanted};

/// Answers with the file or folder that the target names. HEAD gets the same answer as GET, and the connection leaves out
/// the content (RFC 9110 §9.3.2).
///
/// A range is a part of the plain file, even if the client accepts codings. So its next range is of the same bytes,
/// though the file may be compressed by then. A client that names the tag of a coded file gets a part of that.
pub fn get(request: &Request<'_>, client: &Client, service: &Service, moment: Moment) -> Reply {
    let site = &service.site;
    let Target::Path { path, query, .. } = request.target else {
        return page(Status::BAD_REQUEST, "The target of this request names no file").into();
    };
    let script = Script::of(request, service);
    let range = range(request);
    let mut accepted = Accepted::by(request.fields);
    if range.is_some() {
        accepted.put_identity_first();
    }
    let is_wanted = |it: &Representation| wants_parts_of(request.fields, || it.etag());
    let is_held = |it: &Representation| holds(request.fields, || it.etag());
    let is_held_or_wanted = |it: &Representation| is_held(it) || is_wanted(it);
    let is_held: &dyn Fn(&Representation) -> bool =
        if range.is_some() { &is_held_or_wanted } else { &is_held };
    let wanted = Wanted {
        codings: accepted.codings(),
        is_held,
        asker: &|| asker(request),
        charge: &Charge::default(),
    };
    let file = |it: Selected| {
        let it = Sent::of(it, script);
        let is_plain = it.described.coding == Coding::Identity;
        let is_taken = || is_plain && accepted.codings().contains(&Coding::Identity);
        let is_wanted = || wants_parts_of(request.fields, || it.described.validators().etag);
        let range = range.filter(|_| is_taken() || is_wanted());
        represent(request, range, &it, service, moment)
    };
    let folders = service.door(client.door).folders;
    let found = match site.find(path, &wanted, moment) {
        Ok(Found::File(it)) => return file(it).into(),
        // A folder may be gone by now: then nothing is there, as if it was not found.
        Ok(Found::Folder(folder)) if folders == Folders::Listed => {
            match listed(folder, request, (path, query), script, service) {
                Ok(reply) => return reply,
                Err(missing) => Err(missing),
            }
        }
        found => found,
    };
    let found = match stand_ins::app(&found, request, service, &wanted, moment) {
        Some(Ok(Found::File(it))) => return stand_ins::by_accept(file(it)).into(),
        Some(index) => index,
        None => found,
    };
    let nothing = |page| stand_ins::not_found(page, request, service, &wanted, moment);
    match found {
        Ok(Found::File(it)) => file(it).into(),
        Ok(Found::NotAcceptable(choice)) => {
            let page = page(Status::NOT_ACCEPTABLE, "This file is not there in a coding that you accept");
            Response { head: vary(page.head, choice), ..page }.into()
        }
        Ok(Found::Folder(folder)) if folders == Folders::Offered => {
            folder.note_not_listed();
            nothing(not_listed())
        }
        Ok(Found::Folder(_)) => not_served(Missing::NotThere, nothing),
        Ok(Found::FolderWithoutSlash { location }) => moved(location, query).into(),
        Err(missing) => not_served(missing, nothing),
    }
}

/// The answer to a request for a folder that is listed, by the path and the query of its target: the archive of the folder
/// where the query asks for it, or else its list.
fn listed(
    folder: Unread,
    request: &Request<'_>,
    (path, query): (&str, Option<&str>),
    script: Script,
    service: &Service,
) -> Result<Reply, Missing> {
    if archive::is_asked_for(query) {
        return archive::answer(folder, request, service).map(Reply::from);
    }
    let folder = service.site.read(folder)?;
    let form = if request.prefers_json() { Form::Json } else { Form::Html(script) };
    Ok(Reply::Pending(Box::new(FolderListing::new(folder, path, query, form, service.prefix()))))
}

/// The answer to a request for which there is no file: the site's own page of every 404, or else `page`.
#[cold]
pub fn not_found(page: Response, request: &Request<'_>, service: &Service, moment: Moment) -> Reply {
    let accepted = Accepted::by(request.fields);
    let (is_held, asker, charge) = (&|_: &Representation| false, &|| asker(request), &Charge::default());
    let wanted = Wanted { codings: accepted.codings(), is_held, asker, charge };
    stand_ins::not_found(page, request, service, &wanted, moment)
}

/// The page in place of a file that cannot be read; where there is no file, `nothing` makes the answer of our page.
fn not_served(missing: Missing, nothing: impl FnOnce(Response) -> Reply) -> Reply {
    let page = match missing {
        Missing::NotYet => return Reply::Again,
        Missing::NotThere => return nothing(page(Status::NOT_FOUND, "There is nothing here by this name")),
        Missing::NotAllowed => page(Status::FORBIDDEN, "This server has no permission to read this file"),
        Missing::NotNow => {
            let page = page(Status::SERVICE_UNAVAILABLE, "The server has too many files open at the moment");
            page.field("Retry-After", 1)
        }
        Missing::Broken => page(Status::INTERNAL_SERVER_ERROR, "The disk could not be read"),
    };
    page.into()
}

/// The page in place of a list, with the flag by which the user gets one.
fn not_listed() -> Response {
    let sentence = "This folder has no index, and is not listed; the user who runs this server can list it with \
                    --listing on";
    page(Status::NOT_FOUND, sentence)
}

/// The `Range` field of a GET (RFC 9110 §14.2). It is ignored with other methods, and where it stands twice.
fn range<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    let range = request.fields.only("range", "two lists of ranges").ok().flatten();
    range.filter(|_| request.method == Method::Get)
}

/// What in the client asks for the file. Browsers say it in `Sec-Fetch-Dest`, to servers on the same machine and to
/// servers with TLS (W3C Fetch Metadata §2.1). If a user saves a file, `Sec-Fetch-Dest` may be the same as for a script,
/// but `Sec-Fetch-Mode` is another.
fn asker(request: &Request<'_>) -> Asker {
    const ELEMENTS: [&[u8]; 15] = [
        b"script",
        b"style",
        b"font",
        b"image",
        b"audio",
        b"video",
        b"track",
        b"manifest",
        b"json",
        b"worker",
        b"sharedworker",
        b"serviceworker",
        b"audioworklet",
        b"paintworklet",
        b"xslt",
    ];
    match request.fields.first("sec-fetch-dest") {
        None => Asker::Other,
        Some(dest) if ELEMENTS.contains(&dest) => Asker::Element,
        Some(dest) => match request.fields.first("sec-fetch-mode") {
            Some(b"cors" | b"same-origin") if dest == b"empty" => Asker::Script,
            _ => Asker::Other,
        },
    }
}

/// Redirects to a folder with its final `/`: without it, relative links in the folder's page would lead elsewhere.
fn moved(location: String, query: Option<&str>) -> Response {
    redirect(Status::MOVED_PERMANENTLY, "This is a folder; its name ends in a slash", location, query)
}
