//! A line for programs: an object in JSON, which has the same members in every line.

use super::exchange::{Exchange, Measures, asked};
use super::kept::Kept;
use super::numbers::{three_digits, write_number};
use crate::http::date::{Date, unix_second};
use crate::log::escaped::SHOWN_BYTES_MAX;
use crate::log::json::string;
use crate::log::utc;
use crate::os::peer::Peer;
use std::time::UNIX_EPOCH;

/// Writes lines, and keeps what is the same in the next one: the second, and the address of the client.
#[derive(Default)]
pub struct Json {
    second: Option<u64>,
    /// From the brace to the point between the second and its fraction.
    time: String,
    peer: Option<Peer>,
    /// From the end of the fraction to the method.
    address: String,
    agent: Kept,
    host: Kept,
}

impl Json {
    /// Appends the part of a line before the number of bytes.
    pub fn before(&mut self, exchange: &Exchange<'_>, date: &Date, line: &mut String) {
        self.remember(exchange.peer, unix_second(date.time()));
        line.push_str(&self.time);
        let fraction = date.time().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_millis();
        line.push_str(three_digits(fraction.into()));
        line.push_str(&self.address);
        let (method, target) = asked(exchange.request_line);
        write_text(method, line);
        line.push_str(",\"target\":");
        write_text(Some(target).filter(|target| !target.is_empty()), line);
        line.push_str(",\"status\":");
        write_number(exchange.status.code.into(), line);
        line.push_str(",\"bytes\":");
    }

    /// Appends the number of bytes, and how many milliseconds the answer took.
    pub fn measures(Measures { content_bytes, took }: Measures, line: &mut String) {
        write_number(content_bytes, line);
        line.push_str(",\"milliseconds\":");
        match took {
            Some(took) => {
                write_number(took.as_millis() as u64, line);
                line.push('.');
                line.push_str(three_digits(took.subsec_micros().into()));
            }
            None => line.push_str("null"),
        }
    }

    /// Appends the part behind it: what the client said of itself.
    pub fn after(&mut self, exchange: &Exchange<'_>, line: &mut String) {
        line.push_str(",\"referer\":");
        write_text(exchange.referer(), line);
        line.push_str(",\"agent\":");
        line.push_str(exchange.agent().map_or("null", |agent| self.agent.text(agent, write)));
        line.push_str(",\"user\":null,\"host\":");
        line.push_str(exchange.host.map_or("null", |host| self.host.text(host.as_bytes(), write)));
        line.push('}');
    }

    fn remember(&mut self, peer: Peer, second: u64) {
        if self.second != Some(second) {
            self.second = Some(second);
            self.time = format!("{{\"time\":\"{}.", utc::second(second));
        }
        if self.peer.is_none_or(|before| before.ip() != peer.ip()) {
            self.peer = Some(peer);
            self.address = format!("Z\",\"address\":\"{}\",\"method\":", peer.without_port());
        }
    }
}

/// Appends a text of a client, up to a bound, or null.
fn write_text(text: Option<&[u8]>, line: &mut String) {
    match text {
        Some(text) => write(text, line),
        None => line.push_str("null"),
    }
}

fn write(text: &[u8], line: &mut String) {
    string(&text[..text.len().min(SHOWN_BYTES_MAX)], line);
}
