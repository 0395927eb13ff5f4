//! How log records look on stderr: lines about requests as they are, all others with their time and level. The reader of
//! stderr may be slow, or stop; the server does not wait for it.

pub mod form;
pub mod zone;
mod utc;
pub mod json;
pub mod escaped;
pub mod access;
mod records;
mod filter;
mod lossy;

pub use form::{Form, Loudness, Wanted};

use crate::os::stderr::{self, Stderr};
use env_logger::{Builder, Target};
use filter::{Access, choose};
use form::{Colours, Look};
use log::{Level, error};
use lossy::Lossy;
use records::Style;
use std::env::var_os;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::time::SystemTime;
use zone::Zone;

/// The log of this process, from now on.
pub struct Log {
    /// The form of the lines about requests.
    pub form: Form,
    style: Style,
}

/// From now on the log records that `loudness` and `RUST_LOG` ask for go to stderr; `RUST_LOG` wins. Lines about requests
/// have the form that is wanted, or else the usual one of stderr. This reads the time zone of the user, so it comes before the
/// process gives up what it may read.
pub fn start(wanted: Option<Wanted>, loudness: Loudness) -> Log {
    let usual = if stderr::is_terminal() { Wanted::Short } else { Wanted::Combined };
    let mut unknown_zone = None;
    let form = match wanted.unwrap_or(usual) {
        Wanted::Short => Form::Short(look(&mut unknown_zone)),
        Wanted::Combined => Form::Combined,
        Wanted::Json => Form::Json,
        Wanted::Off => Form::Off,
    };
    let alone = match (wanted, usual) {
        (Some(Wanted::Off), Wanted::Short) => Style::Short(look(&mut unknown_zone)),
        _ => Style::Plain,
    };
    let style = Style::beside(&form, alone);
    let said = var_os("RUST_LOG");
    let choice = choose(loudness, said.as_deref().map(OsStrExt::as_bytes));
    let form = if choice.access == Access::Off { Form::Off } else { form };
    open(&choice.directives, style.clone());
    let log = Log { form, style };
    // Where the user wants no such lines, nothing is missing.
    let off = choice.off.filter(|_| wanted != Some(Wanted::Off));
    off.or(choice.senseless).into_iter().for_each(|notice| log.say(&notice));
    if let Some(zone) = unknown_zone {
        let zone = escaped::Escaped(zone.as_bytes());
        log.say(&format!("TZ={zone} is no time zone that is known here: times are in UTC"));
    }
    log
}

/// How short lines look where stderr leads, with the zone of the user. A `TZ` that names no zone is handed out.
fn look(unknown_zone: &mut Option<String>) -> Look {
    let zone = Zone::of_user().unwrap_or_else(|named| {
        *unknown_zone = Some(named);
        Zone::default()
    });
    let is_plain = var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || var_os("TERM").is_some_and(|value| value == "dumb");
    let colours = if stderr::is_terminal() && !is_plain { Colours::On } else { Colours::Off };
    Look { zone, colours, columns: stderr::columns }
}

/// Hands the records that `directives` let through to stderr.
fn open(directives: &str, style: Style) {
    let mut builder = Builder::new();
    builder.parse_filters(directives);
    let of_lost = style.clone();
    builder.format(move |out, record| match record.target() {
        access::TARGET => writeln!(out, "{}", record.args()),
        _ => {
            writeln!(out, "{}", style.record(record.level(), &record.args().to_string(), SystemTime::now()))
        }
    });
    // Without a stderr the builder keeps its default target, and no record is seen.
    if let Ok(stderr) = Stderr::open() {
        let bytes_max = stderr.piece_bytes_max();
        let lost = move |count| {
            let text = format!("{count} lines of this log are lost: its reader was too slow");
            of_lost.remark(Level::Warn, &text, SystemTime::now())
        };
        builder.target(Target::Pipe(Box::new(Lossy::new(stderr, bytes_max, lost))));
    }
    builder.init();
    // The hook of std would write to stderr itself, and wait for its reader.
    std::panic::set_hook(Box::new(|panic| error!("{panic}")));
}

impl Log {
    /// Says something that a user should think twice about. In JSON the level says that it is a warning.
    pub fn warn(&self, sentence: &str) {
        match self.style {
            Style::Json => self.say(sentence),
            Style::Plain | Style::Short(_) => self.say(&format!("WARNING: {sentence}")),
        }
    }

    /// Says something at the start, however much of the log is written.
    pub fn say(&self, sentence: &str) {
        // A user who closed stderr does not want to know.
        let _ =
            writeln!(std::io::stderr(), "{}", self.style.remark(Level::Warn, sentence, SystemTime::now()));
    }
}
