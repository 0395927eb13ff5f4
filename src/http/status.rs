//! The status codes that this server sends (RFC 9110 §15).

/// A status code and its reason phrase (RFC 9110 §15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Status {
    pub code: u16,
    pub reason: &'static str,
}

#[allow(missing_docs)]
impl Status {
    pub const OK: Status = Status::new(200, "OK");
    pub const NO_CONTENT: Status = Status::new(204, "No Content");
    pub const PARTIAL_CONTENT: Status = Status::new(206, "Partial Content");
    pub const MOVED_PERMANENTLY: Status = Status::new(301, "Moved Permanently");
    pub const FOUND: Status = Status::new(302, "Found");
    pub const NOT_MODIFIED: Status = Status::new(304, "Not Modified");
    pub const BAD_REQUEST: Status = Status::new(400, "Bad Request");
    pub const FORBIDDEN: Status = Status::new(403, "Forbidden");
    pub const NOT_FOUND: Status = Status::new(404, "Not Found");
    pub const METHOD_NOT_ALLOWED: Status = Status::new(405, "Method Not Allowed");
    pub const NOT_ACCEPTABLE: Status = Status::new(406, "Not Acceptable");
    pub const REQUEST_TIMEOUT: Status = Status::new(408, "Request Timeout");
    pub const PRECONDITION_FAILED: Status = Status::new(412, "Precondition Failed");
    pub const CONTENT_TOO_LARGE: Status = Status::new(413, "Content Too Large");
    pub const URI_TOO_LONG: Status = Status::new(414, "URI Too Long");
    pub const RANGE_NOT_SATISFIABLE: Status = Status::new(416, "Range Not Satisfiable");
    pub const EXPECTATION_FAILED: Status = Status::new(417, "Expectation Failed");
    pub const MISDIRECTED_REQUEST: Status = Status::new(421, "Misdirected Request");
    pub const FIELDS_TOO_LARGE: Status = Status::new(431, "Request Header Fields Too Large");
    pub const INTERNAL_SERVER_ERROR: Status = Status::new(500, "Internal Server Error");
    pub const NOT_IMPLEMENTED: Status = Status::new(501, "Not Implemented");
    pub const SERVICE_UNAVAILABLE: Status = Status::new(503, "Service Unavailable");
    pub const VERSION_NOT_SUPPORTED: Status = Status::new(505, "HTTP Version Not Supported");

    /// Whether the status is an error of the client or the server (RFC 9110 §15.5 and §15.6).
    pub fn is_error(self) -> bool {
        self.code >= 400
    }

    const fn new(code: u16, reason: &'static str) -> Status {
        Status { code, reason }
    }
}
