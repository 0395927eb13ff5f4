//! Sizes in bytes as people write and read them, such as `64 KiB`.

use bytesize::ByteSize;

/// The number of bytes that `text` means, such as `65536`, `64KiB` or `10 MB`. The error names what is expected.
pub fn parse(text: &str) -> Result<u64, String> {
    let size = text.parse::<ByteSize>().map_err(|_| "a size, such as 65536, 64KiB or 10MB")?;
    Ok(size.as_u64())
}

/// `bytes` for people, such as `64.0 KiB`.
pub fn format(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}
