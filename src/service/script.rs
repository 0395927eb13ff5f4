//! The script behind the last byte of pages, where the server watches its folder: by it a browser learns of changes, see
//! [`super::reload`]. A page is sent as the plain bytes of its file and then the script, so the file, what is kept of it and
//! its compressed neighbours stay as they are.
//!
//! The script is for pages that a user sees. A page that a script of another page fetches is data, and gets none.

use super::response::Content;
use super::shared::Service;
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::site::{Charset, Description, Representation, Selected};
use std::io;
use std::ops::Range;

/// The script. It comes from this server by an absolute path, since a page may have a `<base>`, and a
/// `Content-Security-Policy` that allows scripts of its own server may forbid scripts within the page. No line end follows it:
/// the script removes its own element, and nothing of it stays in the page. If these bytes change, the end of the tag must
/// change, too: see [`Description::followed_by`].
const SCRIPT: &str = "<script async src=\"/.onepoll/reload.js\"></script>";

/// Whether the answer to a request has the script, if it is a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// No answer has it, and none depends on the request for that: the server does not watch, or the method gets no page.
    Off,
    /// A page does not have it, because of the fields of the request.
    LeftOut,
    /// A page has it.
    Appended,
}

/// A representation as it is sent: the bytes of a file, and the script behind them where the file is a page and the request
/// is for one.
pub struct Sent {
    it: Selected,
    /// What the head of the answer says.
    pub described: Description,
    script: Script,
    /// The script in the encoding of the page, or nothing.
    tail: Vec<u8>,
}

impl Script {
    /// Whether pages have the script in the answer to this request.
    #[inline(always)]
    pub fn of(request: &Request<'_>, service: &Service) -> Script {
        match service.site.watcher() {
            None => Script::Off,
            Some(_) => Script::of_watched(request),
        }
    }

    /// The same where the server watches. A navigation is told by `Sec-Fetch-Dest` (W3C Fetch Metadata §2.1). Browsers send
    /// that field to this machine and to servers with TLS; to others they say that they take HTML. A service worker of the site
    /// that passes a navigation on asks for it itself, and only `Sec-Fetch-Mode` tells that it is one.
    fn of_watched(request: &Request<'_>) -> Script {
        if !matches!(request.method, Method::Get | Method::Head) {
            return Script::Off;
        }
        let is_navigation = match request.fields.first("sec-fetch-dest") {
            Some(b"empty") => request.fields.first("sec-fetch-mode") == Some(b"navigate"),
            Some(dest) => matches!(dest, b"document" | b"iframe" | b"frame"),
            None => request.takes_html(),
        };
        if is_navigation { Script::Appended } else { Script::LeftOut }
    }

    /// Ends a page in UTF-8 that is made for this answer.
    pub fn end(self, page: &mut String) {
        if self == Script::Appended {
            page.push_str(SCRIPT);
        }
    }

    /// Says in the head of a page that it depends on the fields of the request.
    pub fn vary(self, head: Head) -> Head {
        match self {
            Script::Off => head,
            Script::LeftOut | Script::Appended => {
                head.vary("Accept").vary("Sec-Fetch-Dest").vary("Sec-Fetch-Mode")
            }
        }
    }
}

impl Sent {
    /// How `it` is sent. A page with the script is always the plain file, whatever codings the client accepts: nothing can
    /// be appended to compressed bytes.
    #[inline(always)]
    pub fn of(it: Selected, script: Script) -> Sent {
        match script {
            Script::Off => Sent { described: it.description(), it, script, tail: Vec::new() },
            _ => Sent::of_watched(it, script),
        }
    }

    fn of_watched(it: Selected, script: Script) -> Sent {
        let plain = it.clone().plain();
        let described = plain.description();
        if !described.content_type.is_html() {
            return Sent { described: it.description(), it, script: Script::Off, tail: Vec::new() };
        }
        // A page that cannot be read now is sent as ever, and says why when it is.
        let tail = match script {
            Script::Appended => in_encoding_of(&plain, &described).unwrap_or_default(),
            Script::LeftOut | Script::Off => Vec::new(),
        };
        match tail.len() as u64 {
            0 => Sent { described: it.description(), it, script, tail },
            count => Sent { described: described.followed_by(count), it: plain, script, tail },
        }
    }

    /// All of it as the content of an answer.
    pub fn whole(&self) -> Content {
        self.range(0..self.described.length)
    }

    /// A range of it as the content of an answer.
    pub fn range(&self, range: Range<u64>) -> Content {
        match self.tail.is_empty() {
            true => Content::Stored(self.it.stored.clone(), range),
            false => self.parts(self.part(Vec::new(), range)),
        }
    }

    /// Several parts of it as the content of an answer, see [`Content::Parts`].
    pub fn parts(&self, parts: impl IntoIterator<Item = (Vec<u8>, Range<u64>)>) -> Content {
        Content::Parts(self.it.stored.clone(), parts.into_iter().collect())
    }

    /// A range of it with `before` before it: a part of the file, and a part of the script where the range goes beyond.
    pub fn part(&self, before: Vec<u8>, range: Range<u64>) -> impl Iterator<Item = (Vec<u8>, Range<u64>)> {
        let file_bytes = self.described.length - self.tail.len() as u64;
        let of_file = range.start.min(file_bytes)..range.end.min(file_bytes);
        let [start, end] = [range.start, range.end].map(|at| at.saturating_sub(file_bytes) as usize);
        let of_script = self.tail[start..end].to_vec();
        let behind = (!of_script.is_empty()).then_some((of_script, 0..0));
        std::iter::once((before, of_file)).chain(behind)
    }

    /// Says in a head what the answer depends on beside the codings that the client accepts.
    pub fn vary(&self, head: Head) -> Head {
        self.script.vary(head)
    }
}

/// The script in the encoding of a page. Nothing where the encoding is not clear: bytes that could be taken for other
/// characters are worse than no script. An error if the page cannot be read.
fn in_encoding_of(page: &Representation, described: &Description) -> io::Result<Vec<u8>> {
    let units = || SCRIPT.encode_utf16();
    Ok(match described.content_type.charset {
        Charset::Utf8 => SCRIPT.into(),
        // The last character of the page is not whole: the script would not be where characters begin.
        Charset::Utf16 if described.length % 2 == 1 => Vec::new(),
        Charset::Utf16 if page.stored.begins_with(b"\xfe\xff")? => {
            units().flat_map(u16::to_be_bytes).collect()
        }
        Charset::Utf16 => units().flat_map(u16::to_le_bytes).collect(),
        Charset::NotSaid if page.stored.has_nul()? => Vec::new(),
        // All other encodings of pages are ASCII where the bytes are.
        Charset::NotSaid => SCRIPT.into(),
    })
}
