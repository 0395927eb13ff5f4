//! GET and HEAD: files of the site.

use super::{Content, Response, page};
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::http::target::Target;
use crate::site::{Found, Missing, Site, Stored};

/// Answers with the file that the target names. HEAD is answered as GET: the connection leaves the
/// content out (RFC 9110 §9.3.2).
pub fn get(request: &Request<'_>, site: &Site) -> Response {
    let Target::Path { path, query } = request.target else {
        return page(Status::BAD_REQUEST, "This target names no file");
    };
    match site.find(path) {
        Ok(Found::File { stored, content_type }) => {
            let mut head = Head::new(Status::OK);
            head.content_type = Some(content_type);
            let content = match stored {
                Stored::Whole(bytes) => Content::Bytes(bytes.into()),
                Stored::Large { file, length } => Content::File { file, length },
            };
            Response { head, content }
        }
        Ok(Found::Folder { location }) => moved(location, query),
        Err(Missing::NotThere) => page(Status::NOT_FOUND, "There is nothing here by this name"),
        Err(Missing::NotAllowed) => page(Status::FORBIDDEN, "This server may not read it"),
        Err(Missing::NotNow) => {
            let mut response =
                page(Status::SERVICE_UNAVAILABLE, "The server has too many files open at the moment");
            response.head.fields.push(("Retry-After", "1".into()));
            response
        }
        Err(Missing::Broken) => page(Status::INTERNAL_SERVER_ERROR, "The disk could not be read"),
    }
}

/// Relative links in a folder's index need the folder's final `/`.
fn moved(mut location: String, query: Option<&str>) -> Response {
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    let mut response = page(Status::MOVED_PERMANENTLY, "This is a folder; its name ends in a slash");
    response.head.fields.push(("Location", location));
    response
}
