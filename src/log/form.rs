//! In which form the log is written, and how much of it. This file writes no line.

use super::zone::Zone;
use log::LevelFilter;

/// The form of the lines about requests that the user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One short line for people.
    Short,
    /// The Combined Log Format.
    Combined,
    /// An object in JSON for programs.
    Json,
    /// No line about a request.
    Off,
}

/// How much of the log the user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loudness {
    /// Warnings and errors.
    Quiet,
    /// What a user wants to know, and a line for each request.
    Usual,
    /// What each connection does, too.
    Debug,
    /// Every system call on a socket, too.
    Trace,
}

impl Loudness {
    /// The level of the records that are written.
    pub fn level(self) -> LevelFilter {
        match self {
            Loudness::Quiet => LevelFilter::Warn,
            Loudness::Usual => LevelFilter::Info,
            Loudness::Debug => LevelFilter::Debug,
            Loudness::Trace => LevelFilter::Trace,
        }
    }
}

/// The form of the lines about requests, with what it takes to write it.
#[derive(Clone, Debug, Default)]
pub enum Form {
    /// No line about a request.
    Off,
    /// The Combined Log Format.
    #[default]
    Combined,
    /// One short line for people.
    Short(Look),
    /// An object in JSON for programs.
    Json,
}

/// How short lines look.
#[derive(Clone, Debug)]
pub struct Look {
    /// The zone of the times.
    pub zone: Zone,
    /// Whether there are colours.
    pub colours: Colours,
    /// How many columns a line may have now; `None` where that is not limited.
    pub columns: fn() -> Option<usize>,
}

/// Whether lines have colours, which never say anything that is not written, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// Lines have colours.
    On,
    /// Lines have no colours.
    Off,
}

/// Faint (ECMA-48, "SGR"), for what is the same in most lines.
pub const FAINT: &str = "\x1b[2m";
/// Red, for errors.
pub const RED: &str = "\x1b[31m";
/// Green, for what went as usual.
pub const GREEN: &str = "\x1b[32m";
/// Yellow, for what a user may want to look at.
pub const YELLOW: &str = "\x1b[33m";
/// Cyan, for what is neither good nor bad.
pub const CYAN: &str = "\x1b[36m";

impl Colours {
    /// What begins a colour.
    pub fn begin(self, colour: &'static str) -> &'static str {
        if self == Colours::On { colour } else { "" }
    }

    /// What ends it.
    pub fn end(self) -> &'static str {
        self.begin("\x1b[m")
    }
}
