//! The methods of HTTP. Which of them this server answers is decided elsewhere.

/// A method of HTTP (RFC 9110 §9, RFC 5789), whether or not this server answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Connect,
    Options,
    Trace,
    Patch,
    /// A token that is not the name of a method above.
    Unknown,
}

impl Method {
    /// Bytes in the longest name of a known method.
    pub const NAME_BYTES_MAX: usize = {
        let (mut most, mut at) = (0, 0);
        while at < Method::NAMES.len() {
            let length = Method::NAMES[at].0.len();
            most = if length > most { length } else { most };
            at += 1;
        }
        most
    };

    const NAMES: [(&'static str, Method); 9] = [
        ("GET", Method::Get),
        ("HEAD", Method::Head),
        ("POST", Method::Post),
        ("PUT", Method::Put),
        ("DELETE", Method::Delete),
        ("CONNECT", Method::Connect),
        ("OPTIONS", Method::Options),
        ("TRACE", Method::Trace),
        ("PATCH", Method::Patch),
    ];

    /// The method whose name is `token` (case counts).
    #[inline]
    pub fn parse(token: &[u8]) -> Method {
        let known = Method::NAMES.iter().find(|(name, _)| name.as_bytes() == token);
        known.map_or(Method::Unknown, |&(_, method)| method)
    }

    /// The name of the method, as in a request line.
    pub fn name(self) -> &'static str {
        let known = Method::NAMES.iter().find(|&&(_, method)| method == self);
        known.map_or("(unknown)", |&(name, _)| name)
    }
}
