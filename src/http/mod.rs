//! Ring 1, words and bytes: slices in, values out. Nothing here knows a socket, a file or a clock, so
//! every line of it can be tested with a table and fuzzed with bytes.
//!
//! What can be read in two ways is refused, never guessed: two readers of one byte stream that disagree
//! about where a request ends is how requests are smuggled (RFC 9112 §11.2).

pub mod status;
pub mod byteset;
pub mod method;
pub mod fields;
pub mod lines;
pub mod version;
pub mod target;
pub mod request;
pub mod framing;
pub mod body;
pub mod weight;
pub mod encoding;
pub mod validators;
pub mod conditional;
pub mod range;
pub mod response;
pub mod date;

use status::Status;

/// Why a request is refused, and with which status. After a refusal nothing on the connection is read
/// as a request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status that answers it.
    pub status: Status,
    /// One sentence for whoever sent it, without a full stop.
    pub why: &'static str,
}

impl Refusal {
    /// A refusal with `status`, because of `why`.
    pub const fn new(status: Status, why: &'static str) -> Refusal {
        Refusal { status, why }
    }

    /// 400: what came is not HTTP/1.1 as RFC 9112 writes it.
    pub const fn bad(why: &'static str) -> Refusal {
        Refusal::new(Status::BAD_REQUEST, why)
    }
}

/// How much of a head, or of a chunked body's trailer section, is read before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of request line accepted before 414, or before 501 where the method is what is too long (RFC 9112 §3).
    pub request_line_bytes_max: usize,
    /// Bytes of request line and field lines together accepted before 431 (RFC 6585 §5).
    pub head_bytes_max: usize,
    /// Field lines accepted before 431; at most [`fields::FIELDS_MOST`].
    pub fields_max: usize,
}

/// What an `expect` says behind a write to a `String` or a `Vec`.
pub(crate) const INFALLIBLE: &str = "writing to memory cannot fail";

impl Default for HeadLimits {
    /// 8 KiB of request line (RFC 9112 §3 asks for 8,000 bytes at least), 16 KiB of head, 100 fields.
    fn default() -> HeadLimits {
        HeadLimits { request_line_bytes_max: 8 << 10, head_bytes_max: 16 << 10, fields_max: 100 }
    }
}
