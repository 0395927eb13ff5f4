//! What happens once, before the loop turns: where to listen, and what is said to the user.

pub mod announce;
pub mod browser;
pub mod listen;
mod places;
pub mod qr;
pub mod urls;

use std::io::{self, Write};

/// Says `sentence` on stderr. Not by way of the log, which may be turned down.
pub fn say(sentence: &str) {
    // A user who closed stderr does not want to know.
    let _ = writeln!(io::stderr(), "onepoll: {sentence}");
}
