//! The files that are served, made anew for every run.

use std::fs;
use std::io;
use std::path::Path;

/// Entries of the folder that is listed.
const MANY: usize = 1000;

/// Writes the files under `root`.
pub fn build(root: &Path) -> io::Result<()> {
    for (name, bytes) in [("1k.bin", 1 << 10), ("100k.bin", 100 << 10), ("10m.bin", 10 << 20)] {
        fs::write(root.join(name), noise(bytes))?;
    }
    for (name, bytes) in
        [("icon.png", 2 << 10), ("a.jpg", 30 << 10), ("b.jpg", 45 << 10), ("c.jpg", 60 << 10)]
    {
        fs::write(root.join(name), noise(bytes))?;
    }
    for (name, bytes) in [("page.html", 12 << 10), ("style.css", 24 << 10), ("script.js", 96 << 10)] {
        fs::write(root.join(name), text(bytes))?;
    }
    let many = root.join("many");
    fs::create_dir(&many)?;
    (0..MANY).try_for_each(|number| {
        fs::write(many.join(format!("a-file-among-many-{number:04}.txt")), "one of many")
    })
}

/// Data that cannot be compressed: xorshift, as George Marsaglia described it.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// Data that can be compressed about as well as text that people write.
fn text(bytes: usize) -> Vec<u8> {
    let lines = (0..).map(|number: u32| {
        format!("line {number} of a text that says {:x}\n", number.wrapping_mul(0x9E37_79B9))
    });
    lines.flat_map(String::into_bytes).take(bytes).collect()
}
