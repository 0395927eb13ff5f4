//! Sizes as people write and read them.

use bytesize::ByteSize;

/// Bytes of `65536`, `64KiB` or `10 MB`; the error says that it takes one of these.
pub fn parse(text: &str) -> Result<u64, String> {
    let size = text.parse::<ByteSize>().map_err(|_| "a size, such as 65536, 64KiB or 10MB")?;
    Ok(size.as_u64())
}

/// `64.0 KiB` and the like.
pub fn format(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}
