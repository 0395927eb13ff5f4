//! Numbers in decimal, and what stands around them. Digits come from the last to the first, so they are written backwards.

/// As many bytes as two numbers take, with the words around them.
const BYTES_MAX: usize = 80;

/// A text that is written from its end, in a row of spaces.
pub struct Backwards {
    bytes: [u8; BYTES_MAX],
    start: usize,
}

impl Backwards {
    /// An empty text.
    pub fn new() -> Backwards {
        Backwards { bytes: [b' '; BYTES_MAX], start: BYTES_MAX }
    }

    /// Puts `text` in front.
    #[inline(always)]
    pub fn text(&mut self, text: &str) {
        let end = self.start;
        self.start -= text.len();
        self.bytes[self.start..end].copy_from_slice(text.as_bytes());
    }

    /// Puts a number in front.
    #[inline]
    pub fn number(&mut self, mut number: u64) {
        loop {
            self.start -= 1;
            self.bytes[self.start] = digit(number);
            number /= 10;
            if number == 0 {
                return;
            }
        }
    }

    /// Puts the last three digits of a number in front.
    #[inline]
    pub fn three_digits(&mut self, number: u64) {
        for digit in three_digits(number).into_iter().rev() {
            self.start -= 1;
            self.bytes[self.start] = digit;
        }
    }

    /// Puts spaces in front until the text has so many bytes. It has them already, where it is longer.
    #[inline]
    pub fn fill(&mut self, bytes: usize) {
        self.start = self.start.min(BYTES_MAX - bytes);
    }

    /// All of it.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// The last three digits of a number: all of a status.
pub fn three_digits(number: u64) -> [u8; 3] {
    [digit(number / 100), digit(number / 10), digit(number)]
}

fn digit(number: u64) -> u8 {
    b'0' + (number % 10) as u8
}

/// Appends a number.
pub fn write_number(number: u64, line: &mut Vec<u8>) {
    let mut digits = Backwards::new();
    digits.number(number);
    line.extend_from_slice(digits.bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal() {
        for number in (0..1100).chain([9_999, 10_000, 1_000_000, u64::MAX - 1, u64::MAX]) {
            let mut line = Vec::new();
            write_number(number, &mut line);
            assert_eq!(line, number.to_string().as_bytes());
            assert_eq!(&three_digits(number), format!("{:03}", number % 1000).as_bytes());
            let mut three = Backwards::new();
            three.three_digits(number);
            assert_eq!(three.bytes(), format!("{:03}", number % 1000).as_bytes());
        }
    }

    #[test]
    fn a_text_grows_at_its_front() {
        let mut text = Backwards::new();
        text.text(" ms");
        text.number(12);
        text.fill(7);
        text.fill(3);
        text.text("|");
        assert_eq!(text.bytes(), b"|  12 ms");
    }
}
