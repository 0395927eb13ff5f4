//! What a client says of itself, as it is written: most clients say the same in every request.

/// The last bytes, and how they are written.
#[derive(Default)]
pub struct Kept {
    bytes: Vec<u8>,
    text: Vec<u8>,
}

impl Kept {
    /// `bytes` as `write` writes them, which is called if they are not the last ones.
    pub fn text(&mut self, bytes: &[u8], write: impl FnOnce(&[u8], &mut Vec<u8>)) -> &[u8] {
        if self.bytes != bytes || bytes.is_empty() {
            self.text.clear();
            write(bytes, &mut self.text);
            self.bytes.clear();
            self.bytes.extend_from_slice(bytes);
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_is_written_once() {
        let mut kept = Kept::default();
        let mut count = 0;
        for (bytes, expected) in
            [(&b""[..], 1), (b"a", 2), (b"a", 2), (b"b", 3), (b"a", 4), (b"", 5), (b"", 6)]
        {
            let text = kept.text(bytes, |bytes, out| {
                count += 1;
                *out = [b"<", bytes, b">"].concat();
            });
            assert_eq!(text, [b"<", bytes, b">"].concat());
            assert_eq!(count, expected, "{bytes:?}");
        }
    }
}
