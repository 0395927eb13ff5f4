//! The HTTP version of a request, and whether the connection is kept alive after it.

use super::Refusal;
use super::fields::{Fields, is_token, trim};

/// The HTTP version of a request. A minor version above 1 is read as 1 (RFC 9110 §2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Version {
    Http10,
    Http11,
}

/// Whether the connection is kept alive after a request (RFC 9112 §9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// The connection is kept alive, as is usual in HTTP/1.1.
    KeepAlive,
    /// The connection is kept alive, and the answer must say so: an HTTP/1.0 client asked for it.
    KeepAliveSaid,
    /// The connection is closed.
    Close,
}

impl Persistence {
    /// The persistence by the `Connection` field, or by the version where the field says nothing.
    ///
    /// A member of the field must be a token (RFC 9110 §7.6.1); an empty member is ignored (§5.6.1.2). Any other member
    /// is 400, since another server could cut the list in other places.
    pub fn of(fields: Fields<'_>, version: Version) -> Result<Persistence, Refusal> {
        let mut options = Options { close: false, keep_alive: false };
        for value in fields.all("connection") {
            // Most clients send a single known option, so the whole value is tried first.
            if !options.note(value) && !options.note_all(value) {
                return Err(Refusal::bad("the Connection field is not a list of tokens"));
            }
        }
        let Options { close, keep_alive } = options;
        Ok(match version {
            _ if close => Persistence::Close,
            Version::Http11 => Persistence::KeepAlive,
            Version::Http10 if keep_alive => Persistence::KeepAliveSaid,
            Version::Http10 => Persistence::Close,
        })
    }
}

/// Which options of `Connection` were seen.
struct Options {
    close: bool,
    keep_alive: bool,
}

impl Options {
    /// Notes an option. False if the option is not known.
    fn note(&mut self, option: &[u8]) -> bool {
        let is_keep_alive = option.eq_ignore_ascii_case(b"keep-alive");
        let is_close = option.eq_ignore_ascii_case(b"close");
        self.keep_alive |= is_keep_alive;
        self.close |= is_close;
        is_keep_alive || is_close
    }

    /// Notes all options of a list. False if it is not a list of tokens.
    fn note_all(&mut self, list: &[u8]) -> bool {
        let mut options = list.split(|byte| *byte == b',').map(trim);
        options.all(|option| self.note(option) || option.is_empty() || is_token(option))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::FieldSlots;

    #[test]
    fn connection_options() {
        use Persistence::*;
        let table = [
            (Version::Http11, "", Some(KeepAlive)),
            (Version::Http11, "Connection: close\r\n", Some(Close)),
            (Version::Http11, "Connection: Upgrade, CLOSE\r\n", Some(Close)),
            (Version::Http11, "Connection: keep-alive\r\nConnection: close\r\n", Some(Close)),
            (Version::Http11, "Connection: closed\r\n", Some(KeepAlive)),
            (Version::Http11, "Connection:\r\n", Some(KeepAlive)),
            (Version::Http11, "Connection: ,, close ,\r\n", Some(Close)),
            (Version::Http11, "Connection: !#$%&'*+-.^_`|~09aZ\r\n", Some(KeepAlive)),
            (Version::Http11, "Connection: close;\r\n", None),
            (Version::Http11, "Connection: close; q=1\r\n", None),
            (Version::Http11, "Connection: keep-alive close\r\n", None),
            (Version::Http11, "Connection: \"close\"\r\n", None),
            (Version::Http11, "Connection: \"a,close,b\"\r\n", None),
            (Version::Http11, "Connection: close\r\nConnection: a b\r\n", None),
            (Version::Http11, "Connection: a=b, close\r\n", None),
            (Version::Http11, "Connection: caf\u{e9}\r\n", None),
            (Version::Http10, "", Some(Close)),
            (Version::Http10, "Connection: Keep-Alive\r\n", Some(KeepAliveSaid)),
            (Version::Http10, "Connection: keep-alive, close\r\n", Some(Close)),
            (Version::Http10, "Connection: keep-alive,\r\n", Some(KeepAliveSaid)),
            (Version::Http10, "Connection: keep-alive/1\r\n", None),
        ];
        for (version, fields, expected) in table {
            let section = format!("{fields}\r\n");
            let mut slots = FieldSlots::new();
            let parsed = Fields::parse(section.as_bytes(), &mut slots).ok().unwrap();
            assert_eq!(Persistence::of(parsed, version).ok(), expected, "{version:?} {fields}");
        }
    }
}
