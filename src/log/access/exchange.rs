//! What a line about a request is made of. This file writes nothing.

use crate::http::fields::{Fields, is_token};
use crate::http::status::Status;
use crate::os::peer::Peer;
use std::time::{Duration, Instant};

/// A request and its answer, as a line of the log shows them.
pub struct Exchange<'a> {
    /// The address of the client.
    pub peer: Peer,
    /// The request line, as it came.
    pub request_line: &'a [u8],
    /// The status of the answer.
    pub status: Status,
    /// The host that the request is for; `None` if it names none, or cannot be read.
    pub host: Option<&'a str>,
    /// The fields of the request, where they can be read.
    pub fields: Option<Fields<'a>>,
    /// When the last byte of the head came, or the last byte of all, if the head did not become whole. `None` where the form
    /// of the line does not say how long an answer took.
    pub since: Option<Instant>,
}

impl<'a> Exchange<'a> {
    /// `Referer`, as it came.
    pub fn referer(&self) -> Option<&'a [u8]> {
        self.fields?.first("referer")
    }

    /// `User-Agent`, as it came.
    pub fn agent(&self) -> Option<&'a [u8]> {
        self.fields?.first("user-agent")
    }
}

/// What is known of an answer only when it is out.
#[derive(Clone, Copy, Debug)]
pub struct Measures {
    /// Bytes of content that were handed on to be sent.
    pub content_bytes: u64,
    /// How long it took until they were; `None` where that is not said.
    pub took: Option<Duration>,
}

/// The most bytes of a word that is taken for a method, known or not: `UPDATEREDIRECTREF` has as many (RFC 4437).
const METHOD_BYTES_MAX: usize = 17;

/// The method and the target of a request line. What does not look like one has no method, and is the target as it came.
pub fn asked(line: &[u8]) -> (Option<&[u8]>, &[u8]) {
    // Nearly every request.
    if let [b'G', b'E', b'T', b' ', target @ .., b' ', b'H', b'T', b'T', b'P', b'/', _, b'.', _] = line
        && target.starts_with(b"/")
    {
        return (Some(&line[..3]), target);
    }
    let window = &line[..line.len().min(METHOD_BYTES_MAX + 1)];
    let Some(space) = window.iter().position(|&byte| byte == b' ') else { return (None, line) };
    let (method, rest) = (&line[..space], &line[space + 1..]);
    let target = match rest {
        [target @ .., b' ', b'H', b'T', b'T', b'P', b'/', _, b'.', _] => target,
        _ => rest,
    };
    let is_target = match target {
        [b'/', ..] | b"*" => true,
        [] => false,
        _ => method == b"CONNECT" || target.windows(3).any(|three| three == b"://"),
    };
    if is_target && is_token(method) { (Some(method), target) } else { (None, line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_is_split_where_it_is_one() {
        for (line, method, target) in [
            ("GET / HTTP/1.1", Some("GET"), "/"),
            ("GET /a b HTTP/1.0", Some("GET"), "/a b"),
            ("GET /a", Some("GET"), "/a"),
            ("OPTIONS * HTTP/1.1", Some("OPTIONS"), "*"),
            ("CONNECT a:80 HTTP/1.1", Some("CONNECT"), "a:80"),
            ("GET http://a/b HTTP/1.1", Some("GET"), "http://a/b"),
            ("UPDATEREDIRECTREF /a HTTP/1.1", Some("UPDATEREDIRECTREF"), "/a"),
            ("UPDATEREDIRECTREFS /a HTTP/1.1", None, "UPDATEREDIRECTREFS /a HTTP/1.1"),
            ("GET  HTTP/1.1", None, "GET  HTTP/1.1"),
            ("GET a HTTP/1.1", None, "GET a HTTP/1.1"),
            ("TLS on a plain port", None, "TLS on a plain port"),
            ("\x1b[31m /", None, "\x1b[31m /"),
            ("GET", None, "GET"),
            ("GET ", None, "GET "),
            (" /", None, " /"),
            ("", None, ""),
        ] {
            assert_eq!(asked(line.as_bytes()), (method.map(str::as_bytes), target.as_bytes()), "{line:?}");
        }
    }
}
