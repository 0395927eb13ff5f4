//! Log lines that are dropped rather than waited for. The reader of the log may be slow, or stop; the server never waits
//! for it. Where the lines come from does not matter here.

use std::io::{self, Write};

/// Writes whole lines while the sink has room for them. Without room, lines are lost and counted. The count is written
/// before the next line for which there is room.
pub struct Lossy<S, L> {
    /// Takes lines without waiting.
    sink: S,
    /// Up to this many bytes are written whole or not at all.
    piece_bytes_max: usize,
    /// The bytes still to be written of lines that were begun. They go first; otherwise two lines would be mixed.
    begun: Vec<u8>,
    lost: usize,
    /// Says that so many lines were lost.
    line_of_lost: L,
}

impl<S: Write, L: Fn(usize) -> String> Lossy<S, L> {
    /// A writer to `sink`, which never waits, and writes up to `piece_bytes_max` bytes whole or not at all. `line_of_lost`
    /// gives the line, without its line feed, that tells of lost ones.
    pub fn new(sink: S, piece_bytes_max: usize, line_of_lost: L) -> Lossy<S, L> {
        Lossy { sink, piece_bytes_max, begun: Vec::new(), lost: 0, line_of_lost }
    }

    /// Writes how many lines were lost, if any.
    fn report_lost(&mut self) -> io::Result<()> {
        let lost = std::mem::take(&mut self.lost);
        if lost == 0 {
            return Ok(());
        }
        let line = (self.line_of_lost)(lost) + "\n";
        let result = self.send(line.as_bytes());
        if self.lost > 0 {
            // The line that was lost is this report, which does not count.
            self.lost = lost;
        }
        result
    }

    /// Goes on with the lines that were begun.
    fn finish(&mut self) -> io::Result<()> {
        let begun = std::mem::take(&mut self.begun);
        let mut done = 0;
        let result = self.pass_on(&begun, &mut done);
        self.begun = begun[done..].to_vec();
        result
    }

    /// Writes whole `lines`. If the sink has no room, the piece that was begun is kept for later, and the lines after it
    /// are lost.
    fn send(&mut self, mut lines: &[u8]) -> io::Result<()> {
        while !lines.is_empty() {
            let (piece, rest) = lines.split_at(piece(lines, self.piece_bytes_max));
            let mut done = 0;
            let result = self.pass_on(piece, &mut done);
            if done > 0 {
                self.begun = piece[done..].to_vec();
            }
            if let Err(error) = result {
                self.lost += count(rest) + if done == 0 { count(piece) } else { 0 };
                return Err(error);
            }
            lines = rest;
        }
        Ok(())
    }

    /// Writes `bytes` in as few calls as possible. `done` counts the bytes that were written, even if there is an error.
    fn pass_on(&mut self, bytes: &[u8], done: &mut usize) -> io::Result<()> {
        while *done < bytes.len() {
            let rest = &bytes[*done..];
            let most = rest.len().min(self.piece_bytes_max);
            match self.sink.write(&rest[..most]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => *done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<S: Write, L: Fn(usize) -> String> Write for Lossy<S, L> {
    /// Takes one record, and never fails: a record for which there is no room is lost.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let has_room = self.finish().and_then(|()| self.report_lost());
        match has_room {
            Ok(()) => _ = self.send(lines),
            Err(_) => self.lost += count(lines),
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The number of bytes at the beginning of `lines` to write together: as many whole lines as fit, but at least one.
fn piece(lines: &[u8], bytes_max: usize) -> usize {
    if lines.len() <= bytes_max {
        return lines.len();
    }
    let end = lines[..bytes_max].iter().rposition(|byte| *byte == b'\n');
    let end = end.or_else(|| lines.iter().position(|byte| *byte == b'\n'));
    end.map_or(lines.len(), |end| end + 1)
}

fn count(lines: &[u8]) -> usize {
    lines.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Takes up to ten bytes at a time, or as many as the test planned.
    #[derive(Default)]
    struct Script {
        goes: VecDeque<io::Result<usize>>,
        got: String,
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(!bytes.is_empty() && bytes.len() <= 10);
            let count = self.goes.pop_front().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
            self.got.push_str(str::from_utf8(&bytes[..count]).unwrap());
            self.got.push('|');
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What arrives of `records` if the first writes go as planned, with a `|` after every write.
    fn got(goes: impl IntoIterator<Item = io::Result<usize>>, records: &[&str]) -> String {
        let sink = Script { goes: goes.into_iter().collect(), got: String::new() };
        let mut lossy = Lossy::new(sink, 10, |lost| format!("<{lost}>"));
        for record in records {
            assert_eq!(lossy.write(record.as_bytes()).unwrap(), record.len());
        }
        lossy.sink.got
    }

    fn full<T>() -> io::Result<T> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    #[test]
    fn lines_go_in_pieces_that_end_where_lines_end() {
        assert_eq!(got([], &["a\n", "b\nc\n"]), "a\n|b\nc\n|");
        assert_eq!(got([], &["12345\n1234\n123\n"]), "12345\n|1234\n123\n|");
        assert_eq!(got([], &["1234\n1234\n"]), "1234\n1234\n|");
        assert_eq!(got([], &["1\n123456789012345\n1\n"]), "1\n|1234567890|12345\n|1\n|");
        assert_eq!(got([Err(io::ErrorKind::Interrupted.into())], &["a\n"]), "a\n|");
    }

    #[test]
    fn lines_are_lost_whole_and_counted_and_those_that_are_begun_go_on() {
        // How many bytes each write takes, the records, and what arrives; `<2>` stands for "2 lines are lost".
        let none = usize::MAX;
        let table: &[(&[usize], &[&str], &str)] = &[
            (&[none], &["a\n"], ""),
            (&[none], &["a\nb\n", "c\n"], "<2>c\n"),
            (&[5, none], &["1234\n1234567\n1\n", "c\n"], "1234\n<2>c\n"),
            (&[none, none, none], &["a\n", "b\n", "c\n", "d\n"], "<3>d\n"),
            (&[2, 1], &["12345\n"], "12345\n"),
            (&[2, none], &["12345\n", "6\n"], "12345\n6\n"),
            (&[2, none, none], &["12345\n", "6\n", "7\n"], "12345\n<1>7\n"),
            (&[10, none], &["123456789012345\n", "6\n"], "123456789012345\n6\n"),
            // The line with the count is cut like any other.
            (&[none, none], &["a\n", "b\n", "c\n"], "<2>c\n"),
            (&[none, 3, none], &["a\n", "b\n", "c\n"], "<1><1>c\n"),
        ];
        for (room, records, expected) in table {
            let goes = room.iter().map(|&room| if room == none { full() } else { Ok(room) });
            let got = got(goes, records).replace('|', "").replace(">\n", ">");
            assert_eq!(got, *expected, "{room:?} {records:?}");
        }
    }

    #[test]
    fn a_full_disk_is_no_room_either() {
        let error = Err(io::ErrorKind::StorageFull.into());
        assert!(got([error], &["a\n", "b\n"]).starts_with("<1>"));
    }
}
