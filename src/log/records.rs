//! How records look that are no lines about requests: much like those lines, so that a log reads alike from end to end.

use super::form::{CYAN, FAINT, Form, Look, RED, YELLOW};
use super::json;
use super::utc;
use crate::http::date::unix_second;
use log::Level;
use std::time::SystemTime;

/// How records look.
#[derive(Clone, Debug)]
pub enum Style {
    /// Beside lines for programs that read text: the time in UTC, the level, the text.
    Plain,
    /// For people: the time of day where they are, the level, the text.
    Short(Look),
    /// An object in JSON.
    Json,
}

impl Style {
    /// The style of the records beside lines of this form; where there are no such lines it is `alone`.
    pub fn beside(form: &Form, alone: Style) -> Style {
        match form {
            Form::Combined => Style::Plain,
            Form::Short(look) => Style::Short(look.clone()),
            Form::Json => Style::Json,
            Form::Off => alone,
        }
    }

    /// A record in a line, without a line feed at its end.
    pub fn record(&self, level: Level, text: &str, now: SystemTime) -> String {
        match self {
            Style::Plain => format!("{} {level:5} {text}", utc::text(now, utc::Digits::Six)),
            Style::Short(Look { zone, colours, .. }) => {
                let mut line = String::new();
                line += colours.begin(FAINT);
                line += &zone.clock(unix_second(now));
                line += colours.end();
                line.push(' ');
                line += colours.begin(colour(level));
                line += &format!("{:5}", word(level));
                line += colours.end();
                line.push(' ');
                line + text
            }
            Style::Json => {
                let time = utc::text(now, utc::Digits::Three);
                let mut line =
                    format!(r#"{{"time":"{time}","level":"{}","message":"#, word(level)).into_bytes();
                json::string(text.as_bytes(), &mut line);
                line.push(b'}');
                String::from_utf8_lossy(&line).into_owned()
            }
        }
    }

    /// What is said whatever the level of the log is: as people know it from programs, or as a record in JSON.
    pub fn remark(&self, level: Level, text: &str, now: SystemTime) -> String {
        match self {
            Style::Json => self.record(level, text, now),
            Style::Plain | Style::Short(_) => format!("onepoll: {text}"),
        }
    }
}

/// The level as the user writes it in `RUST_LOG`.
fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::Error => RED,
        Level::Warn => YELLOW,
        Level::Info => CYAN,
        Level::Debug | Level::Trace => FAINT,
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::Colours;
    use super::super::zone::Zone;
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_record_is_like_the_lines_beside_it() {
        let look = |colours| Look { zone: Zone::default(), colours, columns: || None };
        let now = UNIX_EPOCH + Duration::from_micros(784_111_777_012_345);
        for (style, record, remark) in [
            (Style::Plain, "1994-11-06T08:49:37.012345Z WARN  a \"b\"", "onepoll: a \"b\""),
            (Style::Short(look(Colours::Off)), "08:49:37 warn  a \"b\"", "onepoll: a \"b\""),
            (
                Style::Short(look(Colours::On)),
                "\x1b[2m08:49:37\x1b[m \x1b[33mwarn \x1b[m a \"b\"",
                "onepoll: a \"b\"",
            ),
            (
                Style::Json,
                r#"{"time":"1994-11-06T08:49:37.012Z","level":"warn","message":"a \"b\""}"#,
                r#"{"time":"1994-11-06T08:49:37.012Z","level":"warn","message":"a \"b\""}"#,
            ),
        ] {
            assert_eq!(style.record(Level::Warn, "a \"b\"", now), record);
            assert_eq!(style.remark(Level::Warn, "a \"b\"", now), remark);
        }
    }
}
