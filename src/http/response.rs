//! A response's head: status and fields in, bytes out (RFC 9112 §4). Every head is written here.

use super::status::Status;
use super::version::Persistence;
use std::borrow::Cow;
use std::io::Write;

/// The interim answer to `Expect: 100-continue` (RFC 9110 §15.2.1).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What a handler says about its answer; [`Head::encode`] adds what every answer says.
#[derive(Clone, Debug)]
pub struct Head {
    /// How it went.
    pub status: Status,
    /// `Content-Type`, where there is content.
    pub content_type: Option<Cow<'static, str>>,
    /// Other fields: names, and values without control bytes.
    pub fields: Vec<(&'static str, String)>,
}

impl Head {
    /// A head with nothing but a status.
    pub fn new(status: Status) -> Head {
        Head { status, content_type: None, fields: Vec::new() }
    }

    /// Appends the head's bytes to `out`. `date` is an IMF-fixdate; `content_length` is `None` where
    /// the status forbids the field (RFC 9110 §8.6).
    pub fn encode(
        &self,
        out: &mut Vec<u8>,
        date: &str,
        content_length: Option<u64>,
        persistence: Persistence,
    ) {
        let Status { code, reason } = self.status;
        let write = |out: &mut Vec<u8>, line: std::fmt::Arguments<'_>| {
            out.write_fmt(line).expect("writing to a Vec cannot fail");
        };
        write(out, format_args!("HTTP/1.1 {code} {reason}\r\nDate: {date}\r\nServer: onepoll\r\n"));
        match persistence {
            Persistence::KeepAlive => {}
            Persistence::KeepAliveSaid => out.extend_from_slice(b"Connection: keep-alive\r\n"),
            Persistence::Close => out.extend_from_slice(b"Connection: close\r\n"),
        }
        if let Some(content_type) = &self.content_type {
            write(out, format_args!("Content-Type: {content_type}\r\n"));
        }
        if let Some(length) = content_length {
            write(out, format_args!("Content-Length: {length}\r\n"));
        }
        for (name, value) in &self.fields {
            write(out, format_args!("{name}: {value}\r\n"));
        }
        out.extend_from_slice(b"X-Content-Type-Options: nosniff\r\n\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_written_to_the_byte() {
        let mut head = Head::new(Status::OK);
        head.content_type = Some("text/html".into());
        head.fields.push(("Allow", "GET".into()));
        let mut out = b"before ".to_vec();
        head.encode(&mut out, "D", Some(7), Persistence::Close);
        let expected = "before HTTP/1.1 200 OK\r\nDate: D\r\nServer: onepoll\r\nConnection: close\r\n\
            Content-Type: text/html\r\nContent-Length: 7\r\nAllow: GET\r\nX-Content-Type-Options: nosniff\r\n\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);

        let mut out = Vec::new();
        Head::new(Status::NO_CONTENT).encode(&mut out, "D", None, Persistence::KeepAlive);
        let expected = "HTTP/1.1 204 No Content\r\nDate: D\r\nServer: onepoll\r\nX-Content-Type-Options: nosniff\r\n\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
