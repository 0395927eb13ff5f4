//! Sets of bytes: which bytes a part of a request may hold, by the grammars of RFC 3986 and RFC 9110.

/// A set of bytes. A lookup costs one load from memory.
pub struct ByteSet([bool; 256]);

impl ByteSet {
    /// The set of the ASCII letters, the digits, and `others`.
    pub const fn alphanumeric_and(others: &[u8]) -> ByteSet {
        let mut set = [false; 256];
        let mut byte = 0;
        while byte < set.len() {
            set[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let mut at = 0;
        while at < others.len() {
            set[others[at] as usize] = true;
            at += 1;
        }
        ByteSet(set)
    }

    /// Whether `byte` is in the set.
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    /// Whether all of `bytes` are in the set.
    pub fn has_all(&self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| self.has(*byte))
    }
}
