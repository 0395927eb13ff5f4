//! The Combined Log Format of Apache, which programs know.

use super::exchange::{Exchange, Measures};
use super::kept::Kept;
use super::numbers::{three_digits, write_number};
use crate::http::date::Date;
use crate::log::escaped::Escaped;
use crate::os::peer::Peer;
use std::fmt::{self, Display, Formatter};

/// Writes lines, and keeps the beginning of the last one: the client and the time. It costs more to format than the other
/// parts, so it is kept for the next line of the same client in the same second.
#[derive(Default)]
pub struct Combined {
    peer: Option<Peer>,
    date: String,
    opening: String,
    agent: Kept,
}

impl Combined {
    /// Appends the part of a line before the number of bytes.
    pub fn before(&mut self, exchange: &Exchange<'_>, date: &Date, line: &mut Vec<u8>) {
        line.extend_from_slice(self.opening(exchange.peer, date.text()).as_bytes());
        write(exchange.request_line, line);
        line.extend_from_slice(b"\" ");
        line.extend_from_slice(&three_digits(exchange.status.code.into()));
        line.push(b' ');
    }

    /// Appends the number of bytes of content; a hyphen for 0.
    pub fn measures(measures: Measures, line: &mut Vec<u8>) {
        match measures.content_bytes {
            0 => line.push(b'-'),
            count => write_number(count, line),
        }
    }

    /// Appends the part after the number of bytes: what the client said of itself.
    pub fn after(&mut self, exchange: &Exchange<'_>, line: &mut Vec<u8>) {
        line.extend_from_slice(b" \"");
        match exchange.referer() {
            Some(referer) => write(referer, line),
            None => line.push(b'-'),
        }
        line.extend_from_slice(b"\" \"");
        match exchange.agent() {
            Some(agent) => line.extend_from_slice(self.agent.text(agent, write)),
            None => line.push(b'-'),
        }
        line.push(b'"');
    }

    fn opening(&mut self, peer: Peer, date: &str) -> &str {
        let is_same = self.peer.is_some_and(|before| before.ip() == peer.ip());
        if !is_same || self.date != date {
            let text = format!("{} - - [{}] \"", peer.without_port(), ClfDate(date));
            (self.peer, self.date, self.opening) = (Some(peer), date.to_owned(), text);
        }
        &self.opening
    }
}

fn write(bytes: &[u8], line: &mut Vec<u8>) {
    Escaped(bytes).append_to(line);
}

/// Shows the date `Sun, 06 Nov 1994 08:49:37 GMT` as `06/Nov/1994:08:49:37 +0000`.
struct ClfDate<'a>(&'a str);

impl Display for ClfDate<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let part = |range| self.0.get(range).unwrap_or_default();
        write!(f, "{}/{}/{}:{} +0000", part(5..7), part(8..11), part(12..16), part(17..25))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_its_own_client_and_time() {
        let mut combined = Combined::default();
        let tcp = |last, port| Peer::Tcp(([127, 0, 0, last], port).into());
        for (peer, second, text) in [
            (tcp(1, 50_000), "37", "127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \""),
            (tcp(1, 50_001), "37", "127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \""),
            (tcp(2, 50_000), "37", "127.0.0.2 - - [06/Nov/1994:08:49:37 +0000] \""),
            (tcp(2, 50_000), "38", "127.0.0.2 - - [06/Nov/1994:08:49:38 +0000] \""),
            (Peer::Unix, "38", "unix: - - [06/Nov/1994:08:49:38 +0000] \""),
        ] {
            assert_eq!(combined.opening(peer, &format!("Sun, 06 Nov 1994 08:49:{second} GMT")), text);
        }
    }
}
