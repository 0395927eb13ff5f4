//! A line for programs: an object in JSON, which has the same members in every line.

use super::exchange::{Exchange, Measures, asked};
use super::kept::Kept;
use super::numbers::{Backwards, three_digits};
use crate::http::date::Date;
use crate::log::escaped::SHOWN_BYTES_MAX;
use crate::log::json::string;
use crate::log::utc;
use crate::os::peer::Peer;
use std::time::Duration;

/// Writes lines, and keeps what is the same in the next one: the time, and the address of the client.
#[derive(Default)]
pub struct Json {
    millisecond: Option<u64>,
    /// From the brace to the end of the fraction of the second.
    time: Vec<u8>,
    peer: Option<Peer>,
    /// From the end of the fraction to the method.
    address: String,
    agent: Kept,
    host: Kept,
}

impl Json {
    /// Appends the part of a line before the number of bytes.
    pub fn before(&mut self, exchange: &Exchange<'_>, date: &Date, line: &mut Vec<u8>) {
        self.remember(exchange.peer, date.since_epoch());
        line.extend_from_slice(&self.time);
        line.extend_from_slice(self.address.as_bytes());
        let (method, target) = asked(exchange.request_line);
        match method {
            // A token has no byte that needs an escape.
            Some(method) => {
                line.push(b'"');
                line.extend_from_slice(method);
                line.push(b'"');
            }
            None => line.extend_from_slice(b"null"),
        }
        line.extend_from_slice(b",\"target\":");
        write_text(Some(target).filter(|target| !target.is_empty()), line);
        line.extend_from_slice(b",\"status\":");
        line.extend_from_slice(&three_digits(exchange.status.code.into()));
        line.extend_from_slice(b",\"bytes\":");
    }

    /// Appends the number of bytes, and how many milliseconds the answer took.
    pub fn measures(Measures { content_bytes, took }: Measures, line: &mut Vec<u8>) {
        let mut text = Backwards::new();
        match took {
            Some(took) => {
                text.three_digits(took.subsec_micros().into());
                text.text(".");
                text.number(took.as_secs() * 1000 + u64::from(took.subsec_millis()));
            }
            None => text.text("null"),
        }
        text.text(",\"milliseconds\":");
        text.number(content_bytes);
        line.extend_from_slice(text.bytes());
    }

    /// Appends the part behind it: what the client said of itself.
    pub fn after(&mut self, exchange: &Exchange<'_>, line: &mut Vec<u8>) {
        line.extend_from_slice(b",\"referer\":");
        write_text(exchange.referer(), line);
        line.extend_from_slice(b",\"agent\":");
        line.extend_from_slice(exchange.agent().map_or(b"null", |agent| self.agent.text(agent, write)));
        line.extend_from_slice(b",\"user\":null,\"host\":");
        line.extend_from_slice(exchange.host.map_or(b"null", |host| self.host.text(host.as_bytes(), write)));
        line.push(b'}');
    }

    fn remember(&mut self, peer: Peer, since_epoch: Duration) {
        let millisecond = since_epoch.as_secs() * 1000 + u64::from(since_epoch.subsec_millis());
        if self.millisecond != Some(millisecond) {
            if self.millisecond.is_none_or(|before| before / 1000 != millisecond / 1000) {
                self.time = format!("{{\"time\":\"{}.???", utc::second(since_epoch.as_secs())).into_bytes();
            }
            self.millisecond = Some(millisecond);
            self.time.truncate(self.time.len() - "???".len());
            self.time.extend_from_slice(&three_digits(millisecond));
        }
        if self.peer.is_none_or(|before| before.ip() != peer.ip()) {
            self.peer = Some(peer);
            self.address = format!("Z\",\"address\":\"{}\",\"method\":", peer.without_port());
        }
    }
}

/// Appends a text of a client, up to a bound, or null.
fn write_text(text: Option<&[u8]>, line: &mut Vec<u8>) {
    match text {
        Some(text) => write(text, line),
        None => line.extend_from_slice(b"null"),
    }
}

fn write(text: &[u8], line: &mut Vec<u8>) {
    string(&text[..text.len().min(SHOWN_BYTES_MAX)], line);
}
