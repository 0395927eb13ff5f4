//! The access log: one line for each request, in the form that the user has chosen. Many lines are handed to the crate `log`
//! at a time. Where the lines go is decided elsewhere.
//!
//! A line that says how long an answer took is ready only when the last byte of the answer is with the kernel. Until then it is
//! *held*: here, while its connection is driven, as nearly every answer is out by the end of that; or else by its connection, as
//! an [`Entry`].

pub mod exchange;
mod numbers;
mod kept;
mod combined;
mod short;
mod json;
mod line;

pub use exchange::Exchange;

use crate::http::date::Date;
use crate::log::form::Form;
use exchange::Measures;
use line::Writer;
use log::{Level, info, log_enabled};
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// The target of access lines in the crate `log`; their level is `info`.
pub const TARGET: &str = "access";

/// How long lines are buffered, so that several are written at a time. A person who watches the log does not notice. A
/// busy server then writes a hundred times a second, and not in every turn, which would cost up to a tenth of its time.
const BUFFERED: Duration = Duration::from_millis(10);

/// Bytes of buffered lines after which they are written at once.
const BUFFERED_BYTES_MAX: usize = 32 << 10;

/// The lines of the access log that were not written yet.
pub struct AccessLog {
    writer: Writer,
    is_timed: bool,
    /// Whole lines.
    lines: Vec<u8>,
    due: Option<Instant>,
    /// Lines of the connection that is being driven, without how much and how long.
    held: Vec<u8>,
    /// Where in `held` a line is, for each.
    marks: Vec<Mark>,
}

/// A line in [`AccessLog::held`].
struct Mark {
    /// Where how much and how long will stand.
    gap: usize,
    end: usize,
    content_bytes: u64,
    unsent: usize,
    since: Option<Instant>,
}

/// The line of an answer that is still being sent.
pub struct Entry {
    before: Vec<u8>,
    after: Vec<u8>,
    /// Bytes of content that were handed on to be sent so far.
    pub content_bytes: u64,
    /// Bytes that have to be sent until the answer is out, those of the answers before it among them. It does not count for
    /// an answer that is not all in memory.
    pub unsent: usize,
    since: Option<Instant>,
}

impl Default for AccessLog {
    fn default() -> AccessLog {
        AccessLog::new(&Form::default())
    }
}

impl AccessLog {
    /// A log with lines of this form.
    pub fn new(form: &Form) -> AccessLog {
        let (lines, due, held, marks) = Default::default();
        let writer = Writer::of(form);
        let is_timed = writer.is_timed();
        AccessLog { writer, is_timed, lines, due, held, marks }
    }

    /// Whether lines are logged at all; if not, they need not be made.
    pub fn is_read(&self) -> bool {
        !matches!(self.writer, Writer::Off) && log_enabled!(target: TARGET, Level::Info)
    }

    /// Whether lines say how long an answer took, for which the clock has to be looked at.
    #[inline]
    pub fn is_timed(&self) -> bool {
        self.is_timed
    }

    /// Adds the line of an answer that is complete in memory, and out once `unsent` more bytes are sent.
    pub fn tell(&mut self, exchange: &Exchange<'_>, date: &Date, content_bytes: u64, unsent: usize) {
        if !self.is_timed() {
            self.writer.before(exchange, date, &mut self.lines);
            self.writer.measures(Measures { content_bytes, took: None }, &mut self.lines);
            return self.writer.after(exchange, &mut self.lines);
        }
        self.begin();
        self.writer.before(exchange, date, &mut self.held);
        let gap = self.held.len();
        self.writer.after(exchange, &mut self.held);
        self.marks.push(Mark { gap, end: self.held.len(), content_bytes, unsent, since: exchange.since });
    }

    /// Makes the line of an answer of which `content_bytes` bytes of content were sent, and more will follow.
    pub fn entry(&mut self, exchange: &Exchange<'_>, date: &Date, content_bytes: u64) -> Entry {
        self.begin();
        let (mut before, mut after) = Default::default();
        self.writer.before(exchange, date, &mut before);
        self.writer.after(exchange, &mut after);
        Entry { before, after, content_bytes, unsent: 0, since: exchange.since }
    }

    /// Adds the line of an answer that is now complete.
    pub fn add(&mut self, Entry { before, after, content_bytes, since, .. }: Entry) {
        let took = since.map(|since| since.elapsed());
        self.lines.extend_from_slice(&before);
        self.writer.measures(Measures { content_bytes, took }, &mut self.lines);
        self.lines.extend_from_slice(&after);
    }

    /// Whether lines are held here.
    #[inline]
    pub fn holds(&self) -> bool {
        !self.marks.is_empty()
    }

    /// How many lines are held here.
    pub fn held(&self) -> usize {
        self.marks.len()
    }

    /// Adds the lines that are held here: all bytes of their answers are with the kernel, or never will be.
    pub fn settle(&mut self) {
        let now = Instant::now();
        let mut start = 0;
        for &Mark { gap, end, content_bytes, since, .. } in &self.marks {
            let took = since.map(|since| now.saturating_duration_since(since));
            self.lines.extend_from_slice(&self.held[start..gap]);
            self.writer.measures(Measures { content_bytes, took }, &mut self.lines);
            self.lines.extend_from_slice(&self.held[gap..end]);
            start = end;
        }
        self.marks.clear();
        self.held.clear();
    }

    /// Hands the lines that are held here to their connection, whose turn is over.
    #[cold]
    pub fn hand_over(&mut self, entries: &mut Vec<Entry>) {
        let mut start = 0;
        for Mark { gap, end, content_bytes, unsent, since } in self.marks.drain(..) {
            let [before, after] = [start..gap, gap..end].map(|part| self.held[part].to_owned());
            entries.push(Entry { before, after, content_bytes, unsent, since });
            start = end;
        }
        self.held.clear();
    }

    /// Removes a line that was begun and not ended, because a panic came between.
    pub fn drop_half_a_line(&mut self) {
        let end = self.lines.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        self.lines.truncate(end);
        self.held.truncate(self.marks.last().map_or(0, |mark| mark.end));
    }

    /// Writes the lines that were buffered for long enough; to be called at the end of every turn of the loop.
    pub fn end_turn(&mut self, now: Instant) {
        if self.lines.is_empty() {
            return;
        }
        let due = *self.due.get_or_insert(now + BUFFERED);
        if due <= now || self.lines.len() >= BUFFERED_BYTES_MAX {
            self.flush();
        }
    }

    /// When the buffered lines have to be written; `None` if there is none.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes all buffered lines, as one record of the crate `log`.
    pub fn flush(&mut self) {
        self.due = None;
        if !self.lines.is_empty() {
            // Lines are UTF-8. That is checked here, for many at a time.
            let lines = str::from_utf8(&self.lines)
                .map_or_else(|_| String::from_utf8_lossy(&self.lines), Cow::Borrowed);
            info!(target: TARGET, "{}", lines.trim_end());
            self.lines.clear();
        }
    }

    /// The first of the lines that leave together is about to be written.
    fn begin(&mut self) {
        if self.lines.is_empty() && self.marks.is_empty() {
            self.writer.begin();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::{FieldSlots, Fields};
    use crate::http::status::Status;
    use crate::log::escaped::SHOWN_BYTES_MAX;
    use crate::log::form::{Colours, Look};
    use crate::log::zone::Zone;
    use crate::os::peer::Peer;
    use std::time::UNIX_EPOCH;

    fn date() -> Date {
        Date::new(UNIX_EPOCH + Duration::from_millis(784_111_777_012))
    }

    fn exchange(request_line: &[u8]) -> Exchange<'_> {
        let peer = Peer::Tcp(([127, 0, 0, 1], 50_000).into());
        let (host, fields, since) = Default::default();
        Exchange { peer, request_line, status: Status::NOT_FOUND, host, fields, since }
    }

    fn short(colours: Colours, columns: fn() -> Option<usize>) -> Form {
        Form::Short(Look { zone: Zone::default(), colours, columns })
    }

    fn taken(log: &mut AccessLog) -> String {
        String::from_utf8(std::mem::take(&mut log.lines)).unwrap()
    }

    /// The line of an answer that is told at once, and the same line of one that is told when it is sent.
    fn lines(form: &Form, exchange: &Exchange<'_>, content_bytes: u64) -> String {
        let mut log = AccessLog::new(form);
        log.tell(exchange, &date(), content_bytes, 0);
        log.settle();
        let told = taken(&mut log);
        let mut entry = log.entry(exchange, &date(), 0);
        entry.content_bytes += content_bytes;
        log.add(entry);
        assert_eq!(taken(&mut log), told);
        let mut entries = Vec::new();
        log.tell(exchange, &date(), content_bytes, 0);
        log.hand_over(&mut entries);
        entries.into_iter().for_each(|entry| log.add(entry));
        assert_eq!(taken(&mut log), told);
        told
    }

    #[test]
    fn a_line_is_combined_log_format_without_control_bytes() {
        let mut slots = FieldSlots::new();
        let fields = Fields::parse(b"User-Agent: a\tb\r\n\r\n", &mut slots).ok();
        let exchange = Exchange { fields, ..exchange(b"GET /\x1b[31m\xff\"\\ HTTP/1.1") };
        let line = |bytes| {
            format!(
                r#"127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "GET /\x1B[31m\xFF\"\\ HTTP/1.1" 404 {bytes} "-" "a\x09b""#
            ) + "\n"
        };
        assert_eq!(lines(&Form::Combined, &exchange, 0), line("-"));
        assert_eq!(lines(&Form::Combined, &exchange, 1025), line("1025"));
    }

    #[test]
    fn a_short_line_has_columns_where_the_width_is_known() {
        let app = exchange(b"GET /app.js HTTP/1.1");
        let long =
            exchange(b"GET /assets/vendor/of/somebody/with-a-very-long-name-that-goes-on.min.js HTTP/1.1");
        let head = exchange(b"HEAD /app.js HTTP/1.1");
        let junk = exchange(b"\x1b[2Jjunk");
        let plain = short(Colours::Off, || None);
        let coloured = short(Colours::On, || None);
        let narrow = short(Colours::Off, || Some(60));
        let wide = short(Colours::Off, || Some(80));
        for (form, exchange, expected) in [
            (&plain, &app, "08:49:37 GET /app.js 404 1.2 KiB 0.0 ms"),
            (
                &coloured,
                &app,
                "\x1b[2m08:49:37\x1b[m GET /app.js \x1b[33m404\x1b[m\x1b[2m 1.2 KiB 0.0 ms\x1b[m",
            ),
            (&plain, &junk, r"08:49:37 \x1B[2Jjunk 404 1.2 KiB 0.0 ms"),
            (&wide, &app, "08:49:37 GET /app.js                                       404  1.2 KiB   0.0 ms"),
            (
                &wide,
                &head,
                "08:49:37 HEAD /app.js                                      404  1.2 KiB   0.0 ms",
            ),
            (
                &wide,
                &junk,
                r"08:49:37 \x1B[2Jjunk                                       404  1.2 KiB   0.0 ms",
            ),
            (
                &wide,
                &long,
                "08:49:37 GET /assets/vendor/of/some…me-that-goes-on.min.js 404  1.2 KiB   0.0 ms",
            ),
            (&narrow, &long, "08:49:37 GET /assets/vend…es-on.min.js 404  1.2 KiB   0.0 ms"),
        ] {
            assert_eq!(lines(form, exchange, 1229), format!("{expected}\n"));
        }
        let columns = [&app, &long].map(|exchange| lines(&wide, exchange, 1229).trim_end().chars().count());
        assert_eq!(columns, [80; 2]);
    }

    #[test]
    fn a_line_in_json_has_the_same_members_whatever_came() {
        let mut slots = FieldSlots::new();
        let fields =
            Fields::parse(b"Referer: http://a/\"\r\nUser-Agent: K\xc3\xa4se\xff\r\n\r\n", &mut slots).ok();
        let whole = Exchange { fields, host: Some("a.example"), ..exchange(b"GET /a?b HTTP/1.1") };
        for (exchange, expected) in [
            (
                whole,
                r#""method":"GET","target":"/a?b","status":404,"bytes":1229,"milliseconds":null,"referer":"http://a/\"","agent":"K\u00e4se\ufffd","user":null,"host":"a.example"}"#,
            ),
            (
                exchange(b"\x16"),
                r#""method":null,"target":"\u0016","status":404,"bytes":1229,"milliseconds":null,"referer":null,"agent":null,"user":null,"host":null}"#,
            ),
            (
                exchange(b""),
                r#""method":null,"target":null,"status":404,"bytes":1229,"milliseconds":null,"referer":null,"agent":null,"user":null,"host":null}"#,
            ),
        ] {
            let line = lines(&Form::Json, &exchange, 1229);
            let begin = r#"{"time":"1994-11-06T08:49:37.012Z","address":"127.0.0.1","#;
            assert_eq!(line, format!("{begin}{expected}\n"));
            serde_json::from_str::<serde_json::Value>(&line).unwrap();
        }
    }

    #[test]
    fn a_line_says_how_long_its_own_answer_took() {
        let now = Instant::now();
        let ago = |millis| now.checked_sub(Duration::from_millis(millis));
        let mut log = AccessLog::new(&Form::Json);
        for millis in [3_000, 2_000, 1_000] {
            log.tell(&Exchange { since: ago(millis), ..exchange(b"GET / HTTP/1.1") }, &date(), 0, 0);
        }
        assert!(log.holds() && log.lines.is_empty());
        log.settle();
        assert!(!log.holds() && log.held.is_empty());
        let took = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["milliseconds"].as_f64().unwrap() as u64
        };
        let took: Vec<_> = taken(&mut log).lines().map(took).collect();
        let is_right = |(took, begin): (&u64, u64)| (begin..begin + 500).contains(took);
        assert!(took.iter().zip([3_000, 2_000, 1_000]).all(is_right), "{took:?}");
    }

    #[test]
    fn half_a_line_is_taken_out_again() {
        let mut log = AccessLog::default();
        for whole in ["", "one line\n", "one line\nanother\n"] {
            log.lines = format!("{whole}127.0.0.1 - - [").into_bytes();
            log.drop_half_a_line();
            assert_eq!(log.lines, whole.as_bytes());
            log.drop_half_a_line();
            assert_eq!(log.lines, whole.as_bytes(), "nothing is missing");
        }
        let mut log = AccessLog::new(&Form::Json);
        for whole in 0..2 {
            log.held.extend_from_slice(b"{\"time\":");
            log.drop_half_a_line();
            assert_eq!(log.marks.last().map_or(0, |mark| mark.end), log.held.len(), "{whole} lines");
            log.tell(&exchange(b"GET / HTTP/1.1"), &date(), 0, 0);
        }
        log.settle();
        assert_eq!(taken(&mut log).lines().filter(|line| line.ends_with('}')).count(), 2);
    }

    #[test]
    fn lines_are_kept_back_for_a_moment_and_no_longer() {
        let line = [b'a'; SHOWN_BYTES_MAX];
        let exchange = exchange(&line);
        let mut log = AccessLog::default();
        let begin = Instant::now();
        log.end_turn(begin);
        assert_eq!(log.due(), None);
        log.tell(&exchange, &date(), 0, 0);
        log.end_turn(begin);
        assert_eq!(log.due(), Some(begin + BUFFERED));
        log.tell(&exchange, &date(), 0, 0);
        log.end_turn(begin + BUFFERED / 2);
        assert_eq!(
            (log.due(), String::from_utf8_lossy(&log.lines).lines().count()),
            (Some(begin + BUFFERED), 2)
        );
        log.end_turn(begin + BUFFERED);
        assert_eq!((log.due(), log.lines.len()), (None, 0));
        (0..BUFFERED_BYTES_MAX / SHOWN_BYTES_MAX).for_each(|_| log.tell(&exchange, &date(), 0, 0));
        log.end_turn(begin + BUFFERED);
        assert_eq!((log.due(), log.lines.len()), (None, 0), "many leave at once");
    }

    proptest::proptest! {
        /// Whatever clients send, JSON is JSON, and a terminal shows one line that fits.
        #[test]
        fn no_bytes_break_a_line(
            request_line in proptest::collection::vec(proptest::num::u8::ANY, 0..1200),
            agent in proptest::collection::vec(proptest::num::u8::ANY, 0..1200),
            is_request: bool,
            is_coloured: bool,
            content_bytes: u64,
            code in 100_u16..600,
            second in 0_u64..1 << 40,
            columns in 5_usize..300,
        ) {
            let request_line = if is_request { [b"GET /", request_line.as_slice()].concat() } else { request_line };
            let section = [b"User-Agent: ", agent.as_slice(), b"\r\n\r\n"].concat();
            let mut slots = FieldSlots::new();
            let fields = Fields::parse(&section, &mut slots).ok();
            let status = Status { code, ..Status::OK };
            let exchange = Exchange { fields, status, ..exchange(&request_line) };
            let json = lines(&Form::Json, &exchange, content_bytes);
            serde_json::from_str::<serde_json::Value>(&json).unwrap();
            let look = Look { zone: Zone::default(), colours: Colours::Off, columns: || None };
            let mut short = line::Writer::of(&Form::Short(look.clone()));
            let date = Date::new(UNIX_EPOCH + Duration::from_secs(second));
            for is_wide in [false, true] {
                let mut text = Vec::new();
                let colours = if is_coloured { Colours::On } else { Colours::Off };
                if is_wide {
                    short = line::Writer::Short(short::Short::of_width(Look { colours, ..look.clone() }, columns));
                }
                short.before(&exchange, &date, &mut text);
                short.measures(Measures { content_bytes, took: Some(Duration::from_millis(second)) }, &mut text);
                let mut text = String::from_utf8(text).unwrap();
                for colour in ["2", "31", "32", "33", "36", ""] {
                    text = text.replace(&format!("\x1b[{colour}m"), "");
                }
                assert!(text.chars().all(|char| matches!(char, ' '..='~' | '…')), "{text:?}");
                assert!(!is_wide || text.chars().count() <= columns, "{text:?} in {columns}");
            }
        }
    }
}
