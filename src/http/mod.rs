//! Ring 1, words and bytes: slices in, values out. No file in this room knows a socket, a file or a clock, so every
//! function can be tested with a table and fuzzed with bytes.
//!
//! A request that can be read in two ways is refused. If this server guessed, a proxy in front of it could guess
//! otherwise, and find another end of the request: then a request can be smuggled past the proxy (RFC 9112 §11.2).

pub mod status;
pub mod byteset;
pub mod method;
pub mod fields;
pub mod lines;
pub mod version;
pub mod target;
pub mod origin;
pub mod request;
pub mod framing;
pub mod body;
pub mod weight;
pub mod encoding;
pub mod value;
pub mod media;
pub mod validators;
pub mod conditional;
pub mod range;
pub mod response;
pub mod date;

use status::Status;

/// Why a request is refused, and with which status. After a refusal the server reads no other request from the
/// connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer.
    pub status: Status,
    /// One sentence for the client, without a full stop.
    pub why: &'static str,
}

impl Refusal {
    /// A refusal with `status`, because of `why`.
    pub const fn new(status: Status, why: &'static str) -> Refusal {
        Refusal { status, why }
    }

    /// 400, because of `why`: the request is not HTTP/1.1 as in RFC 9112.
    pub const fn bad(why: &'static str) -> Refusal {
        Refusal::new(Status::BAD_REQUEST, why)
    }
}

/// The largest head, or trailer section of a chunked body, that is read; a larger one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of request line accepted before 414; or before 501, where the method is too long (RFC 9112 §3).
    pub request_line_bytes_max: usize,
    /// Bytes of request line and field lines together accepted before 431 (RFC 6585 §5).
    pub head_bytes_max: usize,
    /// Field lines accepted before 431; at most [`fields::FIELDS_MOST`].
    pub fields_max: usize,
}

/// The message for `expect` after a write to a `String` or a `Vec`.
pub(crate) const INFALLIBLE: &str = "writing to memory cannot fail";

impl Default for HeadLimits {
    /// 8 KiB of request line (RFC 9112 §3 asks for 8,000 bytes at least), 16 KiB of head, 100 fields.
    fn default() -> HeadLimits {
        HeadLimits { request_line_bytes_max: 8 << 10, head_bytes_max: 16 << 10, fields_max: 100 }
    }
}
