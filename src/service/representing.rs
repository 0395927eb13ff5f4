//! The answer with a representation of a file: the whole, a part, several parts, or 304 if the client has it already. Which
//! representation it is was decided in [`super::files`].

use super::pages::page;
use super::response::{Content, Owner, Response};
use super::script::Sent;
use super::shared::Service;
use crate::http::conditional::{Precondition, evaluate, range_applies};
use crate::http::encoding::Coding;
use crate::http::range::{ContentRange, Selection, select};
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::http::value::Value;
use crate::site::{Choice, Description, Moment, Site};
use std::ops::Range;

/// The answer with a representation. Preconditions are evaluated first, then the range (RFC 9110 §13.2.1).
pub fn represent(
    request: &Request<'_>,
    range: Option<&[u8]>,
    it: &Sent,
    service: &Service,
    moment: Moment,
) -> Response {
    let site = &service.site;
    let described = &it.described;
    match evaluate(request.fields, || described.validators()) {
        Precondition::Holds => {}
        Precondition::NotModified => {
            return Response::new(describe(Head::new(Status::NOT_MODIFIED), it, site), Content::None);
        }
        Precondition::Failed => {
            let page = page(Status::PRECONDITION_FAILED, "The file is not the version that you asked for");
            return Response { head: it.vary(vary(page.head, described.choice)), ..page };
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
            let head = service.head(described, || whole(it, site));
            Response { head, content: it.whole(), owner: Owner::Site }
        }
        Selection::Unsatisfiable => {
            let page =
                page(Status::RANGE_NOT_SATISFIABLE, "The file ends before the range that you asked for");
            let head = page.head.field("Content-Range", format_args!("bytes */{length}"));
            Response { head: it.vary(vary(head, described.choice)), ..page }
        }
        Selection::Parts(parts) => match parts.as_slice() {
            [range] => Response::new(part(range, it, site), it.range(range.clone())),
            _ => multipart(&parts, it, site),
        },
    }
}

/// The head of the answer with the whole file.
fn whole(it: &Sent, site: &Site) -> Head {
    let described = &it.described;
    let head = Head::new(Status::OK).field("Content-Type", described.content_type);
    describe_content(describe(head, it, site), described).field("Content-Length", described.length)
}

/// The head of the answer with one range of the file, without `Content-Length`.
fn part(range: &Range<u64>, it: &Sent, site: &Site) -> Head {
    let described = &it.described;
    let head = Head::new(Status::PARTIAL_CONTENT).field("Content-Type", described.content_type);
    let head = head.field("Content-Range", content_range(range, described));
    describe_content(describe(head, it, site), described)
}

/// Several ranges, each with its own `Content-Range` (RFC 9110 §14.6).
fn multipart(ranges: &[Range<u64>], it: &Sent, site: &Site) -> Response {
    let described = &it.described;
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
        it.part(before, range.clone())
    };
    let end = (format!("\r\n--{boundary}--\r\n").into_bytes(), 0..0);
    let parts = ranges.iter().enumerate().flat_map(part).chain([end]);
    let head = Head::new(Status::PARTIAL_CONTENT)
        .field("Content-Type", format_args!("multipart/byteranges; boundary={boundary}"));
    let head = describe_content(describe(head, it, site), described);
    Response::new(head, it.parts(parts))
}

fn content_range(range: &Range<u64>, described: &Description) -> ContentRange {
    ContentRange { range: range.clone(), length: described.length }
}

/// Adds the fields that a 304 has, too (RFC 9110 §15.4.5).
fn describe(head: Head, it: &Sent, site: &Site) -> Head {
    let validators = it.described.validators();
    let mut head = freshness(head, site).field("ETag", validators.etag);
    if let Some(date) = validators.last_modified() {
        head = head.field("Last-Modified", date);
    }
    it.vary(vary(head, it.described.choice))
}

fn freshness(head: Head, site: &Site) -> Head {
    match site.policy().fresh_seconds {
        None => head.field("Cache-Control", "no-cache"),
        Some(seconds) => head.field("Cache-Control", format_args!("max-age={seconds}")),
    }
}

/// Adds `Vary`, if other clients may get another representation of this file.
pub fn vary(head: Head, choice: Choice) -> Head {
    match choice {
        Choice::None => head,
        Choice::Coding => head.field("Vary", "Accept-Encoding"),
        Choice::CodingAndAsker => head.field("Vary", "Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode"),
    }
}

fn describe_content(head: Head, described: &Description) -> Head {
    encoding(head.field("Accept-Ranges", "bytes"), described)
}

/// Adds `Content-Encoding`, if the content is in a coding.
pub fn encoding(head: Head, described: &Description) -> Head {
    match described.coding {
        Coding::Identity => head,
        coding => head.field("Content-Encoding", coding.name()),
    }
}
