//! One short line for people: `12:34:56 GET /app.js 304 1.2 KiB 0.3 ms`. On a terminal the numbers stand in columns, and a
//! target that has no room is cut in its middle.

use super::exchange::{Exchange, Measures, asked};
use super::numbers::Backwards;
use crate::http::date::Date;
use crate::http::status::Status;
use crate::log::escaped::{Escaped, SHOWN_BYTES_MAX};
use crate::log::form::{CYAN, FAINT, GREEN, Look, RED, YELLOW};
use std::time::Duration;

/// Columns of a terminal up to which numbers stand at its right edge: on a wider one a reader would lose the line between the
/// target and them. Longer targets use what is there.
const WIDE: usize = 100;

/// Columns of a size, such as `1023 KiB`, and of a time, such as `99999 ms`.
const NUMBER: usize = 8;

/// Columns of the status and of the space before it.
const STATUS: usize = " 200".len();

/// Columns of the status, the size and the time, each with a space before it.
const NUMBERS: usize = STATUS + 2 * (" ".len() + NUMBER);

/// Columns of the time of day and of the space behind it.
const CLOCK: usize = "12:34:56 ".len();

/// Columns that method and target have at least. On a terminal that is too narrow for it, first the time of day is left out,
/// then size and time.
const ASKED_MIN: usize = 9;

/// What takes the place of the bytes that are cut out.
const CUT: &str = "…";

/// Writes lines, and keeps the time of day, which is the same for a second.
pub struct Short {
    look: Look,
    /// The columns of the terminal; `None` where lines are not cut.
    columns: Option<usize>,
    second: Option<u64>,
    clock: String,
}

impl Short {
    /// Lines that look so.
    pub fn new(look: Look) -> Short {
        Short { look, columns: None, second: None, clock: String::new() }
    }

    /// Lines for a terminal of this width.
    #[cfg(test)]
    pub fn of_width(look: Look, columns: usize) -> Short {
        Short { columns: Some(columns), ..Short::new(look) }
    }

    /// Asks how wide the terminal is. It may be made wider or narrower at any time.
    pub fn measure_terminal(&mut self) {
        self.columns = (self.look.columns)();
    }

    /// Appends the part of a line up to the status.
    pub fn before(&mut self, exchange: &Exchange<'_>, date: &Date, line: &mut Vec<u8>) {
        let second = date.since_epoch().as_secs();
        if self.second != Some(second) {
            self.second = Some(second);
            self.clock = self.clock_at(second);
        }
        let has_clock = self.has_room_for(CLOCK + NUMBERS);
        let clock = if has_clock { CLOCK } else { 0 };
        if has_clock {
            line.extend_from_slice(self.clock.as_bytes());
        }
        let numbers = if self.has_room_for(NUMBERS) { NUMBERS } else { STATUS };
        let room = self.columns.map(|columns| columns.saturating_sub(clock + numbers));
        let used = write_asked(exchange.request_line, room.unwrap_or(usize::MAX), line);
        let gap = room.map_or(0, |room| room.min(WIDE - CLOCK - NUMBERS).saturating_sub(used));
        pad(gap + 1, line);
        let Status { code, .. } = exchange.status;
        let mut text = Backwards::new();
        text.text(self.look.colours.end());
        text.three_digits(code.into());
        text.text(self.look.colours.begin(colour(code)));
        line.extend_from_slice(text.bytes());
    }

    /// Appends the size and the time, which are the end of a line.
    pub fn measures(&self, Measures { content_bytes, took }: Measures, line: &mut Vec<u8>) {
        if !self.has_room_for(NUMBERS) {
            return;
        }
        let width = if self.columns.is_some() { NUMBER } else { 0 };
        let mut text = Backwards::new();
        text.text(self.look.colours.end());
        Figure::of_time(took.unwrap_or_default()).put_before(&mut text, width);
        Figure::of_size(content_bytes).put_before(&mut text, width);
        text.text(self.look.colours.begin(FAINT));
        line.extend_from_slice(text.bytes());
    }

    /// Whether so many columns are left for parts beside method and target.
    fn has_room_for(&self, parts: usize) -> bool {
        self.columns.is_none_or(|columns| columns >= parts + ASKED_MIN)
    }

    fn clock_at(&self, second: u64) -> String {
        let Look { zone, colours, .. } = &self.look;
        format!("{}{}{} ", colours.begin(FAINT), zone.clock(second), colours.end())
    }
}

fn colour(code: u16) -> &'static str {
    match code {
        ..300 => GREEN,
        300..400 => CYAN,
        400..500 => YELLOW,
        500.. => RED,
    }
}

/// Appends the method and the target in at most `room` columns; gives the columns that it took. A method takes half of them at
/// most: the methods that this server knows are short, and a client may send any other.
fn write_asked(request_line: &[u8], room: usize, line: &mut Vec<u8>) -> usize {
    let (method, target) = asked(request_line);
    let method = method.unwrap_or_default();
    if room < 4 || method.is_empty() {
        return write_fitting(target, room.max(1), line);
    }
    let used = write_fitting(method, room / 2, line) + 1;
    line.push(b' ');
    used + write_fitting(target, room - used, line)
}

/// Appends `bytes` in at most `room` columns, without their middle if need be; gives the columns that it took.
fn write_fitting(bytes: &[u8], room: usize, line: &mut Vec<u8>) -> usize {
    let begin = line.len();
    let room = room.min(4 * SHOWN_BYTES_MAX);
    if bytes.len() <= room.min(SHOWN_BYTES_MAX) {
        Escaped(bytes).append_to(line);
        if line.len() - begin <= room {
            return line.len() - begin;
        }
        line.truncate(begin);
    }
    let kept = room.min(SHOWN_BYTES_MAX) - 1;
    let end_room = kept / 2;
    let head = reach(bytes.iter(), kept - end_room);
    let tail = reach(bytes.iter().rev(), end_room);
    Escaped(&bytes[..head]).append_to(line);
    line.extend_from_slice(CUT.as_bytes());
    Escaped(&bytes[bytes.len() - tail..]).append_to(line);
    line.len() - begin - CUT.len() + 1
}

/// How many of `bytes` fit into so many columns.
fn reach<'a>(bytes: impl Iterator<Item = &'a u8>, columns: usize) -> usize {
    let ends = bytes.scan(0, |used, &byte| {
        *used += Escaped::columns(byte);
        Some(*used)
    });
    ends.take_while(|&used| used <= columns).count()
}

fn pad(count: usize, line: &mut Vec<u8>) {
    line.extend_from_slice(&[b' '; WIDE][..count.min(WIDE)]);
}

/// A number of a unit, with three digits or so.
struct Figure {
    /// The number; the tenth of it, where there are tenths.
    number: u64,
    tenths: Option<u64>,
    unit: &'static str,
}

impl Figure {
    /// A size such as `1.2 KiB`. From 100 on there are no tenths.
    fn of_size(bytes: u64) -> Figure {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if bytes < 1024 {
            return Figure { number: bytes, tenths: None, unit: "B" };
        }
        // The unit of which there are from 1 to 1023.
        let step = (bytes.ilog2() / 10) as usize;
        let bits = 10 * step;
        let tenths = ((u128::from(bytes) * 10 + (1 << (bits - 1))) >> bits) as u64;
        Figure::of_tenths(tenths, UNITS[step - 1])
    }

    /// A time such as `0.3 ms`: in seconds from 100 seconds on, and in hours from 100,000 seconds (nearly 28 hours) on.
    fn of_time(time: Duration) -> Figure {
        /// The most that has room in its columns.
        const MOST: u64 = 99_999;
        let tenths = time.as_secs().saturating_mul(10_000) + u64::from(time.subsec_micros() + 50) / 100;
        match tenths / 10 {
            ..=MOST => Figure::of_tenths(tenths, "ms"),
            _ if time.as_secs() <= MOST => Figure { number: time.as_secs(), tenths: None, unit: "s" },
            _ => Figure { number: time.as_secs() / 3600, tenths: None, unit: "h" },
        }
    }

    fn of_tenths(tenths: u64, unit: &'static str) -> Figure {
        match tenths {
            ..1000 => Figure { number: tenths / 10, tenths: Some(tenths % 10), unit },
            _ => Figure { number: tenths / 10, tenths: None, unit },
        }
    }

    /// Puts a space, and the figure at the right of so many columns, before `text`.
    fn put_before(&self, text: &mut Backwards, width: usize) {
        let behind = text.bytes().len();
        text.text(self.unit);
        text.text(" ");
        if let Some(tenths) = self.tenths {
            text.number(tenths);
            text.text(".");
        }
        text.number(self.number);
        text.fill(behind + width);
        text.text(" ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(figure: &Figure) -> String {
        let mut text = Backwards::new();
        figure.put_before(&mut text, 0);
        String::from_utf8(text.bytes()[1..].to_vec()).unwrap()
    }

    #[test]
    fn sizes_and_times_have_three_digits_or_so() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1229, "1.2 KiB"),
            (102_348, "99.9 KiB"),
            (102_400, "100 KiB"),
            (1_048_575, "1024 KiB"),
            (1_048_576, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(text(&Figure::of_size(bytes)), expected, "{bytes}");
        }
        for (micros, expected) in [
            (0, "0.0 ms"),
            (49, "0.0 ms"),
            (50, "0.1 ms"),
            (312, "0.3 ms"),
            (99_949, "99.9 ms"),
            (99_950, "100 ms"),
            (1_234_567, "1234 ms"),
            (99_999_900, "99999 ms"),
            (100_000_000, "100 s"),
            (99_999_000_000, "99999 s"),
            (100_000_000_000, "27 h"),
        ] {
            assert_eq!(text(&Figure::of_time(Duration::from_micros(micros))), expected, "{micros}");
        }
        assert!(text(&Figure::of_time(Duration::from_secs(10 * 365 * 86_400))).len() <= NUMBER);
    }

    #[test]
    fn what_has_no_room_is_cut_in_its_middle() {
        for (bytes, room, expected) in [
            (&b"/abcdef"[..], 7, "/abcdef"),
            (b"/abcdef", 6, "/ab…ef"),
            (b"/abcdef", 3, "/…f"),
            (b"/abcdef", 2, "/…"),
            (b"/abcdef", 1, "…"),
            (b"\x1b\x1b", 8, r"\x1B\x1B"),
            (b"\x1b\x1b", 7, "…"),
            (b"/\x1bab\"", 9, r#"/\x1Bab\""#),
            (b"/\x1bab\"", 8, r#"/…b\""#),
        ] {
            let mut line = Vec::new();
            let used = write_fitting(bytes, room, &mut line);
            let line = String::from_utf8(line).unwrap();
            assert_eq!(line.chars().count(), used);
            assert!(used <= room, "{line:?} in {room}");
            assert_eq!(line, expected, "{bytes:?} in {room}");
        }
    }
}
