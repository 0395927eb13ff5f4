//! GET and HEAD: answers with a file of the site, with a part of it, or with 304 if the client has it already. Which
//! file a path names is decided in [`crate::site`].

use super::client::Client;
use super::door::Folders;
use super::listing::FolderListing;
use super::pages::page;
use super::response::{Content, Owner, Reply, Response};
use super::shared::Service;
use crate::http::conditional::{Precondition, evaluate, holds, range_applies, wants_parts_of};
use crate::http::encoding::{Accepted, Coding};
use crate::http::method::Method;
use crate::http::range::{ContentRange, Selection, select};
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::http::target::Target;
use crate::http::value::Value;
use crate::site::{Asker, Choice, Description, Found, Missing, Moment, Representation, Site, Wanted};
use std::ops::Range;

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
    let wanted = Wanted { codings: accepted.codings(), is_held, asker: &|| asker(request) };
    match site.find(path, &wanted, moment) {
        Ok(Found::File(it)) => {
            let is_taken = || it.coding == Coding::Identity && accepted.codings().contains(&Coding::Identity);
            let range = range.filter(|_| is_taken() || is_wanted(&it));
            represent(request, range, &it, service, moment).into()
        }
        Ok(Found::NotAcceptable(choice)) => {
            let page = page(Status::NOT_ACCEPTABLE, "This file is not there in a coding that you accept");
            Response { head: vary(page.head, choice), ..page }.into()
        }
        Ok(Found::Folder(folder)) => match service.door(client.door).folders {
            Folders::Listed => match site.read(folder) {
                Ok(folder) => {
                    Reply::Pending(Box::new(FolderListing::new(folder, path, query, request.prefers_json())))
                }
                Err(missing) => not_found(missing),
            },
            Folders::NotListed => not_found(Missing::NotThere),
            Folders::Offered => {
                folder.note_not_listed();
                not_listed().into()
            }
        },
        Ok(Found::FolderWithoutSlash { location }) => moved(location, query).into(),
        Err(missing) => not_found(missing),
    }
}

/// The page in place of a file that cannot be read.
fn not_found(missing: Missing) -> Reply {
    let page = match missing {
        Missing::NotYet => return Reply::Again,
        Missing::NotThere => page(Status::NOT_FOUND, "There is nothing here by this name"),
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

/// The answer with a representation. Preconditions are evaluated first, then the range (RFC 9110 §13.2.1).
fn represent(
    request: &Request<'_>,
    range: Option<&[u8]>,
    it: &Representation,
    service: &Service,
    moment: Moment,
) -> Response {
    let site = &service.site;
    let described = &it.description();
    match evaluate(request.fields, || described.validators()) {
        Precondition::Holds => {}
        Precondition::NotModified => {
            return Response::new(describe(Head::new(Status::NOT_MODIFIED), described, site), Content::None);
        }
        Precondition::Failed => {
            let page = page(Status::PRECONDITION_FAILED, "The file is not the version that you asked for");
            return Response { head: vary(page.head, it.choice), ..page };
        }
    }
    let length = described.length;
    let selection = match range {
        Some(range) if range_applies(request.fields, || described.validators(), moment.time) => {
            select(range, length)
        }
        _ => Selection::Whole,
    };
    match selection {
        Selection::Whole => {
            let head = service.head(described, || whole(described, site));
            let content = Content::Stored(it.stored.clone(), 0..length);
            Response { head, content, owner: Owner::Site }
        }
        Selection::Unsatisfiable => {
            let page =
                page(Status::RANGE_NOT_SATISFIABLE, "The file ends before the range that you asked for");
            let head = page.head.field("Content-Range", format_args!("bytes */{length}"));
            Response { head: vary(head, it.choice), ..page }
        }
        Selection::Parts(parts) => match parts.as_slice() {
            [range] => {
                let head = part(range, described, site);
                Response::new(head, Content::Stored(it.stored.clone(), range.clone()))
            }
            _ => multipart(&parts, it, described, site),
        },
    }
}

/// The head of the answer with the whole file.
fn whole(described: &Description, site: &Site) -> Head {
    let head = Head::new(Status::OK).field("Content-Type", described.content_type);
    describe_content(describe(head, described, site), described).field("Content-Length", described.length)
}

/// The head of the answer with one range of the file, without `Content-Length`.
fn part(range: &Range<u64>, described: &Description, site: &Site) -> Head {
    let head = Head::new(Status::PARTIAL_CONTENT).field("Content-Type", described.content_type);
    let head = head.field("Content-Range", content_range(range, described));
    describe_content(describe(head, described, site), described)
}

/// Several ranges, each with its own `Content-Range` (RFC 9110 §14.6).
fn multipart(ranges: &[Range<u64>], it: &Representation, described: &Description, site: &Site) -> Response {
    // The boundary must not occur in a part (RFC 2046 §5.1.1). It is made of a hash of the inode and the times of the
    // file, so only a file that holds this hash of itself could contain it.
    let boundary = format!("onepoll-{}", described.validators().etag.opaque.text());
    let part = |(at, range): (usize, &Range<u64>)| {
        let line_end = if at == 0 { "" } else { "\r\n" };
        let content_type = described.content_type;
        let mut before =
            format!("{line_end}--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: ").into_bytes();
        content_range(range, described).append_to(&mut before);
        before.extend_from_slice(b"\r\n\r\n");
        (before, range.clone())
    };
    let end = (format!("\r\n--{boundary}--\r\n").into_bytes(), 0..0);
    let parts = ranges.iter().enumerate().map(part).chain([end]).collect();
    let head = Head::new(Status::PARTIAL_CONTENT)
        .field("Content-Type", format_args!("multipart/byteranges; boundary={boundary}"));
    let head = describe_content(describe(head, described, site), described);
    Response::new(head, Content::Parts(it.stored.clone(), parts))
}

fn content_range(range: &Range<u64>, described: &Description) -> ContentRange {
    ContentRange { range: range.clone(), length: described.length }
}

/// Adds the fields that a 304 has, too (RFC 9110 §15.4.5).
fn describe(head: Head, described: &Description, site: &Site) -> Head {
    let validators = described.validators();
    let mut head = freshness(head, site).field("ETag", validators.etag);
    if let Some(date) = validators.last_modified() {
        head = head.field("Last-Modified", date);
    }
    vary(head, described.choice)
}

fn freshness(head: Head, site: &Site) -> Head {
    match site.policy().fresh_seconds {
        None => head.field("Cache-Control", "no-cache"),
        Some(seconds) => head.field("Cache-Control", format_args!("max-age={seconds}")),
    }
}

/// Adds `Vary`, if other clients may get another representation of this file.
fn vary(head: Head, choice: Choice) -> Head {
    match choice {
        Choice::None => head,
        Choice::Coding => head.field("Vary", "Accept-Encoding"),
        Choice::CodingAndAsker => head.field("Vary", "Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode"),
    }
}

fn describe_content(head: Head, described: &Description) -> Head {
    let head = head.field("Accept-Ranges", "bytes");
    match described.coding {
        Coding::Identity => head,
        coding => head.field("Content-Encoding", coding.name()),
    }
}

/// Redirects to a folder with its final `/`: without it, relative links in the folder's page would lead elsewhere.
fn moved(mut location: String, query: Option<&str>) -> Response {
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    page(Status::MOVED_PERMANENTLY, "This is a folder; its name ends in a slash").field("Location", location)
}
