//! Sizes as people write and read them.

use bytesize::ByteSize;

/// Bytes of `65536`, `64KiB` or `10 MB`.
pub fn parse(text: &str) -> Result<u64, String> {
    text.parse::<ByteSize>().map(|size| size.as_u64())
}

/// `64.0 KiB` and the like.
pub fn format(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}
