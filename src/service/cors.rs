//! Which pages of other origins may read the answers of the site in a browser (WHATWG Fetch §3.3, "CORS"), and the answer to a
//! browser that asks so before it sends a request. Where the fields go into an answer is in [`super::fields`].

use super::response::Response;
use crate::http::fields::{Fields, is_token, trim};
use crate::http::origin::{Origin, origin_of};
use crate::http::request::Request;

/// Bytes of the names of fields that a browser asks for. A page that sends more fields of its own is not known.
const NAMES_BYTES_MAX: usize = 2048;

/// Bytes of the method that a browser asks for: more than any known one has.
const METHOD_BYTES_MAX: usize = 64;

/// The fields that scripts of other origins may read beside the fields that Fetch lets them read anyhow: of validators, ranges,
/// codings and time. `Content-Length` is for browsers from before 2019.
const EXPOSED: &str = "Accept-Ranges, Content-Encoding, Content-Length, Content-Range, Date, ETag";

/// Which pages of other origins may read the answers of the site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// None.
    #[default]
    Off,
    /// The pages of any origin.
    Any,
    /// The pages of these origins.
    Named(Vec<Origin>, Credentials),
}

/// Whether a browser may send cookies and passwords of the site along with what a page of another origin asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// It may.
    Allowed,
    /// It may not.
    NotAllowed,
}

impl Cors {
    /// Whether the fields of an answer depend on the `Origin` of its request.
    pub fn depends_on_origin(&self) -> bool {
        matches!(self, Cors::Named(..))
    }

    /// The field lines for the pages of any origin, each with its CRLF; empty unless any origin is allowed.
    pub fn lines_for_any(&self) -> String {
        if *self == Cors::Any { lines("*", Credentials::NotAllowed) } else { String::new() }
    }

    /// The origins that are named, each with the field lines for its pages.
    pub fn lines_for_named(&self) -> impl Iterator<Item = (&Origin, String)> {
        let (origins, credentials) = match self {
            Cors::Named(origins, credentials) => (origins.as_slice(), *credentials),
            Cors::Off | Cors::Any => (&[][..], Credentials::NotAllowed),
        };
        origins.iter().map(move |origin| (origin, lines(origin.text(), credentials)))
    }

    /// Whether a page of this origin, as it stands in a request, may read the answers.
    fn allows(&self, asking: &[u8]) -> bool {
        match self {
            Cors::Off => false,
            Cors::Any => true,
            Cors::Named(origins, _) => origins.iter().any(|origin| origin.text().as_bytes() == asking),
        }
    }
}

fn lines(origin: &str, credentials: Credentials) -> String {
    let mut lines =
        format!("Access-Control-Allow-Origin: {origin}\r\nAccess-Control-Expose-Headers: {EXPOSED}\r\n");
    if credentials == Credentials::Allowed {
        lines += "Access-Control-Allow-Credentials: true\r\n";
    }
    lines
}

/// Adds to the answer to OPTIONS what a browser asks for in a preflight: a page of an allowed origin is about to send a request
/// with this method and these fields. Both are granted as they were asked for, since it is decided elsewhere what such a request
/// is answered with. Any other OPTIONS gets no more than `Vary`.
pub fn answer_preflight(response: Response, request: &Request<'_>, cors: &Cors) -> Response {
    if *cors == Cors::Off {
        return response;
    }
    // Where every answer depends on `Origin`, it is in `Vary` already.
    let head = if cors.depends_on_origin() { response.head } else { response.head.vary("Origin") };
    let mut head = head.vary("Access-Control-Request-Method").vary("Access-Control-Request-Headers");
    let is_allowed = origin_of(request.fields).is_some_and(|origin| cors.allows(origin));
    if let Some(method) = wanted_method(request.fields).filter(|_| is_allowed) {
        head = head.field("Access-Control-Allow-Methods", method);
        if let Some(names) = wanted_fields(request.fields) {
            head = head.field("Access-Control-Allow-Headers", names);
        }
    }
    Response { head, ..response }
}

/// The method that a browser asks for. It stands in the field once and is a token.
fn wanted_method(fields: Fields<'_>) -> Option<&str> {
    let name = "access-control-request-method";
    let method = fields.only(name, "more than one method").ok().flatten()?;
    let is_good = is_token(method) && method.len() <= METHOD_BYTES_MAX;
    std::str::from_utf8(method).ok().filter(|_| is_good)
}

/// The names of fields that a browser asks for, as one list; `None` if there are none, if one of them is no token, or if they
/// are too long.
fn wanted_fields(fields: Fields<'_>) -> Option<String> {
    let members = fields.members("access-control-request-headers").map(trim);
    let mut names = String::new();
    for name in members.filter(|name| !name.is_empty()) {
        let name = std::str::from_utf8(name).ok().filter(|name| is_token(name.as_bytes()))?;
        if names.len() + name.len() > NAMES_BYTES_MAX {
            return None;
        }
        names += if names.is_empty() { "" } else { ", " };
        names += name;
    }
    (!names.is_empty()).then_some(names)
}
