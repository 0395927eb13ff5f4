//! The two buffers of a connection, and the pool they come from. Buffers belong to busy connections: one
//! that only waits for its next request holds none.

/// Bytes of room that the pool keeps for the next busy connections.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// Buffers that are not in use, and the loop's own space to receive into.
pub struct Buffers {
    spare: Vec<Vec<u8>>,
    spare_bytes: usize,
    /// Where every recv lands first; only what came is copied into an inbox.
    pub landing: Box<[u8]>,
}

impl Buffers {
    /// An empty pool, and room for `landing_bytes` in one recv.
    pub fn new(landing_bytes: usize) -> Buffers {
        Buffers { spare: Vec::new(), spare_bytes: 0, landing: vec![0; landing_bytes].into() }
    }

    /// Gives `buffer` something to grow in, where it has nothing.
    fn lend(&mut self, buffer: &mut Vec<u8>) {
        if buffer.capacity() == 0 {
            *buffer = self.spare.pop().unwrap_or_default();
            self.spare_bytes -= buffer.capacity();
        }
    }

    /// Takes back what `buffer` holds.
    fn take_back(&mut self, buffer: &mut Vec<u8>) {
        let mut buffer = std::mem::take(buffer);
        let bytes = self.spare_bytes + buffer.capacity();
        if buffer.capacity() > 0 && bytes <= KEPT_BYTES_MAX {
            buffer.clear();
            self.spare.push(buffer);
            self.spare_bytes = bytes;
        }
    }
}

/// Bytes in the order they came, used up from the front.
#[derive(Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// Bytes before this one are used up.
    start: usize,
}

impl Buffer {
    /// What is here.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Adds the first `count` bytes that landed.
    pub fn take_in(&mut self, count: usize, buffers: &mut Buffers) {
        self.bytes.drain(..self.start);
        self.start = 0;
        buffers.lend(&mut self.bytes);
        self.bytes.extend_from_slice(&buffers.landing[..count]);
    }

    /// Where to append.
    pub fn end(&mut self, buffers: &mut Buffers) -> &mut Vec<u8> {
        buffers.lend(&mut self.bytes);
        &mut self.bytes
    }

    /// Uses up the first `count` bytes.
    pub fn consume(&mut self, count: usize) {
        self.start += count;
        if self.is_empty() {
            self.bytes.clear();
            self.start = 0;
        }
    }

    /// Takes out `count` bytes that stand behind the first `kept`.
    pub fn cut(&mut self, kept: usize, count: usize) {
        let from = self.start + kept;
        self.bytes.drain(from..from + count);
    }

    /// Uses up everything.
    pub fn clear(&mut self) {
        self.consume(self.bytes().len());
    }

    /// Gives the room back where nothing is in it.
    pub fn give_back(&mut self, buffers: &mut Buffers) {
        if self.is_empty() {
            buffers.take_back(&mut self.bytes);
        }
    }
}
