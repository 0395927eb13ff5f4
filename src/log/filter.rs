//! Which records are written: what the user asks for by a flag, and over it what `RUST_LOG` says. A value that names other
//! programs changes nothing here, since it is often set for another project.

use super::access::TARGET;
use super::escaped::Escaped;
use super::form::Loudness;
use env_filter::Builder;
use log::{Level, LevelFilter, Metadata};

/// The name by which directives mean this program.
const OWN: &str = "onepoll";

/// The crate of the poll. Its records are left out: `reactor/epoll.rs` logs the same in the words of epoll.
const POLL: &str = "mio";

/// Which records are written.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    /// The directives, in the language of `RUST_LOG`.
    pub directives: String,
    /// Whether lines about requests are written.
    pub access: Access,
    /// That there are no lines about requests, though the user did not ask for that.
    pub off: Option<String>,
    /// What in `RUST_LOG` makes no sense.
    pub senseless: Option<String>,
}

/// Whether lines about requests are written, as far as levels decide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Lines about requests are written, as far as levels decide it.
    On,
    /// No line about a request is written.
    Off,
}

/// One part of `RUST_LOG`: a level for all, or for what has a name that begins so.
struct Directive<'a> {
    name: Option<&'a str>,
    /// `None` where the name stands alone, which means all levels.
    level: Option<LevelFilter>,
}

/// What `loudness` and `said`, the value of `RUST_LOG`, mean together.
pub fn choose(loudness: Loudness, said: Option<&[u8]>) -> Choice {
    let base = loudness.level().to_string().to_lowercase();
    let alone = |senseless| Choice {
        directives: format!("{base},{POLL}=off"),
        access: of(&base),
        off: None,
        senseless,
    };
    let Some(said) = said.filter(|said| !said.trim_ascii().is_empty()) else { return alone(None) };
    let shown = Escaped(said);
    let has_no_name = |part: &str| part.trim().starts_with('=');
    let makes_sense =
        |text: &&str| Builder::new().try_parse(text).is_ok() && !text.split(',').any(has_no_name);
    let text = str::from_utf8(said).ok().filter(makes_sense);
    let Some(text) = text else {
        return alone(Some(format!("RUST_LOG={shown} makes no sense and is ignored; {LANGUAGE}")));
    };
    let (names, matching) = text.split_once('/').unwrap_or((text, ""));
    let directives: Vec<_> = names.split(',').filter_map(Directive::read).collect();
    // A name means all that begin with it, so a level that is cut short would turn on everything.
    let is_kept = |part: &&str| Directive::read(part).is_none_or(|it| !it.is_a_word());
    let mut all = base.clone();
    names.split(',').filter(is_kept).for_each(|part| all.extend([",", part]));
    let is_named = |directive: &Directive<'_>| directive.name.is_some_and(|name| TARGET.starts_with(name));
    // Lines about requests are this program's, too.
    let own = directives.iter().rfind(|directive| directive.name == Some(OWN));
    if let Some(own) = own.filter(|_| !directives.iter().any(is_named)) {
        all += &format!(",{TARGET}={}", own.level.unwrap_or(LevelFilter::Trace));
    }
    let access = of(&all);
    let is_off_unasked =
        access == Access::Off && loudness != Loudness::Quiet && !directives.iter().any(is_named);
    let off = is_off_unasked.then(|| format!("the log is off: RUST_LOG={shown}"));
    let word = directives.iter().find(|directive| directive.is_a_word()).and_then(|directive| directive.name);
    let senseless = word.map(|word| {
        let word = Escaped(word.as_bytes());
        format!("RUST_LOG={shown}: {word} is no level, and no part of onepoll; {LANGUAGE}")
    });
    all += &format!(",{POLL}=off");
    if !matching.is_empty() {
        all += &format!("/{matching}");
    }
    Choice { directives: all, access, off, senseless }
}

/// What may stand in `RUST_LOG`.
const LANGUAGE: &str = "levels are off, error, warn, info, debug and trace";

/// Whether these directives let lines about requests through.
fn of(directives: &str) -> Access {
    let filter = Builder::new().parse(directives).build();
    let metadata = Metadata::builder().target(TARGET).level(Level::Info).build();
    if filter.enabled(&metadata) { Access::On } else { Access::Off }
}

impl<'a> Directive<'a> {
    /// Reads a part that is known to make sense.
    fn read(part: &'a str) -> Option<Directive<'a>> {
        let part = part.trim();
        let (name, level) = part.split_once('=').unwrap_or((part, ""));
        match (name, level.trim()) {
            ("", _) => None,
            (name, "") => Some(match name.parse() {
                Ok(level) if !part.contains('=') => Directive { name: None, level: Some(level) },
                _ => Directive { name: Some(name), level: None },
            }),
            (name, level) => Some(Directive { name: Some(name), level: level.parse().ok() }),
        }
    }

    /// Whether it is a word alone, which is neither a level nor means anything of this program: a level that is written
    /// wrongly, or the name of another program.
    fn is_a_word(&self) -> bool {
        let is_ours = |name: &str| name.starts_with(OWN) || name == TARGET;
        self.level.is_none() && self.name.is_some_and(|name| name != POLL && !is_ours(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_set_for_themselves_changes_nothing() {
        use Access::{Off, On};
        use Loudness::{Debug, Quiet, Usual};
        let off = |said: &str| Some(format!("the log is off: RUST_LOG={said}"));
        #[rustfmt::skip]
        let table = [
            // flags, RUST_LOG, the level of ours, lines about requests, and what is said
            (Usual, "",                         "INFO",  On,  None),
            (Usual, " ",                        "INFO",  On,  None),
            (Quiet, "",                         "WARN",  Off, None),
            (Debug, "",                         "DEBUG", On,  None),
            (Usual, "debug",                    "DEBUG", On,  None),
            (Usual, "TRACE",                    "TRACE", On,  None),
            (Usual, "onepoll=debug",            "DEBUG", On,  None),
            (Usual, "onepoll",                  "TRACE", On,  None),
            (Quiet, "onepoll=debug",            "DEBUG", On,  None),
            (Quiet, "info",                     "INFO",  On,  None),
            (Debug, "info",                     "INFO",  On,  None),
            (Debug, "error",                    "ERROR", Off, off("error")),
            (Usual, "error",                    "ERROR", Off, off("error")),
            (Usual, "off",                      "OFF",   Off, off("off")),
            (Usual, "warn,hyper=debug",         "WARN",  Off, off("warn,hyper=debug")),
            (Usual, "onepoll=error",            "ERROR", Off, off("onepoll=error")),
            (Usual, "error,onepoll=info",       "INFO",  On,  None),
            (Usual, "error,access=info",        "ERROR", On,  None),
            (Usual, "access=off",               "INFO",  Off, None),
            (Usual, "onepoll=trace,access=off", "TRACE", Off, None),
            (Quiet, "error",                    "ERROR", Off, None),
            (Usual, "hyper=debug",              "INFO",  On,  None),
            (Usual, "hyper=off,tower::b=trace", "INFO",  On,  None),
            (Quiet, "hyper=debug",              "WARN",  Off, None),
            (Usual, "onepoll::site=trace",      "INFO",  On,  None),
            (Usual, "info/GET",                 "INFO",  On,  None),
        ];
        for (loudness, said, level, access, notice) in table {
            let choice = choose(loudness, Some(said.as_bytes()));
            let filter = Builder::new().parse(&choice.directives).build();
            let is_on = |level: &Level| {
                filter.enabled(&Metadata::builder().target("onepoll::conn").level(*level).build())
            };
            let levels = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];
            let ours =
                levels.into_iter().rfind(is_on).map_or(LevelFilter::Off, |level| level.to_level_filter());
            let got = (ours.as_str(), choice.access, choice.off.or(choice.senseless));
            assert_eq!(got, (level, access, notice), "{loudness:?} {said:?}");
        }
        assert_eq!(choose(Usual, None), choose(Usual, Some(b"")));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let ignored = format!("makes no sense and is ignored; {LANGUAGE}");
        for (said, expected) in [
            (&b"onepoll=loud"[..], format!("RUST_LOG=onepoll=loud {ignored}")),
            (b"a=b=c", format!("RUST_LOG=a=b=c {ignored}")),
            (b"info/a/b", format!("RUST_LOG=info/a/b {ignored}")),
            (b"\xff\x1b[31m", format!(r"RUST_LOG=\xFF\x1B[31m {ignored}")),
            (b"=", format!("RUST_LOG== {ignored}")),
            (b"o", format!("RUST_LOG=o: o is no level, and no part of onepoll; {LANGUAGE}")),
            (b"debg", format!("RUST_LOG=debg: debg is no level, and no part of onepoll; {LANGUAGE}")),
            (
                b"info, hyper",
                format!("RUST_LOG=info, hyper: hyper is no level, and no part of onepoll; {LANGUAGE}"),
            ),
        ] {
            let choice = choose(Loudness::Usual, Some(said));
            assert_eq!((choice.off, choice.senseless, choice.access), (None, Some(expected), Access::On));
            let filter = Builder::new().parse(&choice.directives).build();
            let ours = Metadata::builder().target("onepoll::conn").level(Level::Debug).build();
            assert!(!filter.enabled(&ours), "{:?} turns on more", choice.directives);
        }
    }
}
