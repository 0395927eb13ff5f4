//! The version of a request, and what follows from it for the connection.

use super::fields::Fields;

/// What both sides are held to: a minor version above 1 is read as 1 (RFC 9110 §2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Version {
    Http10,
    Http11,
}

/// Whether the connection serves another request after this one (RFC 9112 §9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// It does, as in HTTP/1.1 unless something is said.
    KeepAlive,
    /// It does, and has to say so: a 1.0 client that asked for it.
    KeepAliveSaid,
    /// It ends.
    Close,
}

impl Persistence {
    /// What `Connection` says, and where it says nothing the version.
    pub fn of(fields: Fields<'_>, version: Version) -> Persistence {
        let (mut close, mut keep_alive) = (false, false);
        fields.members("connection").for_each(|option| {
            close |= option.eq_ignore_ascii_case(b"close");
            keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        });
        match version {
            _ if close => Persistence::Close,
            Version::Http11 => Persistence::KeepAlive,
            Version::Http10 if keep_alive => Persistence::KeepAliveSaid,
            Version::Http10 => Persistence::Close,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::Slots;

    #[test]
    fn connection_options() {
        use Persistence::*;
        let table = [
            (Version::Http11, "", KeepAlive),
            (Version::Http11, "Connection: close\r\n", Close),
            (Version::Http11, "Connection: Upgrade, CLOSE\r\n", Close),
            (Version::Http11, "Connection: keep-alive\r\nConnection: close\r\n", Close),
            (Version::Http11, "Connection: closed\r\n", KeepAlive),
            (Version::Http10, "", Close),
            (Version::Http10, "Connection: Keep-Alive\r\n", KeepAliveSaid),
            (Version::Http10, "Connection: keep-alive, close\r\n", Close),
        ];
        for (version, fields, expected) in table {
            let section = format!("{fields}\r\n");
            let mut slots = Slots::new();
            let parsed = Fields::parse(section.as_bytes(), &mut slots).ok().unwrap();
            assert_eq!(Persistence::of(parsed, version), expected, "{version:?} {fields}");
        }
    }
}
