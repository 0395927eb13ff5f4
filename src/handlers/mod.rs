//! What answers a request: a handler takes a [`Request`] and gives a [`Response`]. It never sees a socket.

pub mod files;
pub mod ack;

use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::status::Status;
use crate::site::Site;
use std::borrow::Cow;
use std::fs::File;

/// One column of the dispatch table, see [`crate::routes`].
pub type Handler = fn(&Request<'_>, &Site) -> Response;

/// An answer, before it is framed.
#[derive(Debug)]
pub struct Response {
    /// Status and fields.
    pub head: Head,
    /// What follows them.
    pub content: Content,
}

/// The content of an answer. To HEAD only its length is sent.
#[derive(Debug)]
pub enum Content {
    /// The status forbids any.
    None,
    /// In memory.
    Bytes(Cow<'static, [u8]>),
    /// In a file: exactly so many bytes from its beginning.
    File {
        /// Open for reading.
        file: File,
        /// Bytes, more than none.
        length: u64,
    },
}

impl Content {
    /// Its `Content-Length`, where it has one.
    pub fn length(&self) -> Option<u64> {
        match self {
            Content::None => None,
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::File { length, .. } => Some(*length),
        }
    }
}

/// A page for people that says what went wrong, in one sentence without a full stop.
pub fn page(status: Status, sentence: &str) -> Response {
    let Status { code, reason } = status;
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{code} {reason}</title>\n\
         <style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem }}</style>\n\
         <h1>{code} {reason}</h1>\n<p>{sentence}.\n<p><a href=\"/\">Start page</a>\n"
    );
    html_response(status, html.into_bytes().into())
}

/// An answer of HTML.
pub fn html_response(status: Status, html: Cow<'static, [u8]>) -> Response {
    let mut head = Head::new(status);
    head.content_type = Some("text/html; charset=utf-8".into());
    Response { head, content: Content::Bytes(html) }
}
