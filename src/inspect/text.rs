//! How the parts of the inspector's JSON are written: straight behind what was written before, since a batch has thousands of
//! numbers and is made ten times a second.

use super::stamp::Nanos;
use crate::http::INFALLIBLE;
use std::fmt::{self, Display, Write};

/// Appends a number.
pub fn number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends numbers with commas between them.
pub fn numbers<const COUNT: usize>(out: &mut Vec<u8>, values: [u64; COUNT]) {
    list(out, values, number);
}

/// Appends a time in milliseconds, to the microsecond.
pub fn millis(out: &mut Vec<u8>, time: Nanos) {
    let micros = time / 1_000;
    number(out, micros / 1_000);
    let digit = |place: u64| b'0' + (micros / place % 10) as u8;
    out.extend([b'.', digit(100), digit(10), digit(1)]);
}

/// Appends a time in microseconds, to the tenth.
pub fn micros(out: &mut Vec<u8>, time: Nanos) {
    number(out, time / 1_000);
    out.extend([b'.', b'0' + (time / 100 % 10) as u8]);
}

/// Appends a text as a string.
pub fn string(out: &mut Vec<u8>, text: impl Display) {
    out.push(b'"');
    write!(Inner(out), "{text}").expect(INFALLIBLE);
    out.push(b'"');
}

/// Appends items with commas between them.
pub fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
}

/// The inside of a string.
struct Inner<'a>(&'a mut Vec<u8>);

impl Write for Inner<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => self.0.extend([b'\\', byte]),
                // Our own texts have no control characters, and what clients sent was escaped before.
                0..b' ' => self.0.push(b' '),
                _ => self.0.push(byte),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_and_times_are_written_as_json_has_them() {
        for value in [0, 1, 9, 10, 123_456, u64::MAX] {
            assert_eq!(written(|out| number(out, value)), value.to_string());
        }
        assert_eq!(written(|out| numbers(out, [1, 20, 0])), "1,20,0");
        for (time, in_millis, in_micros) in [
            (0, "0.000", "0.0"),
            (999, "0.000", "0.9"),
            (1_234_567, "1.234", "1234.5"),
            (70_001_000_000, "70001.000", "70001000.0"),
        ] {
            assert_eq!(written(|out| millis(out, time)), in_millis);
            assert_eq!(written(|out| micros(out, time)), in_micros);
        }
    }

    #[test]
    fn a_text_comes_back_from_its_string() {
        for text in ["", "plain", r#"a "quoted" \ text"#, "Käse"] {
            let json = written(|out| string(out, text));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
