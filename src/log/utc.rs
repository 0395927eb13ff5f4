//! Times in UTC as RFC 3339 has them, for programs that read the log.

use crate::http::date::{date_and_clock, unix_second};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many digits a fraction of a second has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// Milliseconds.
    Three,
    /// Microseconds.
    Six,
}

/// A time such as `1994-11-06T08:49:37.012Z`.
pub fn text(time: SystemTime, digits: Digits) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = match digits {
        Digits::Three => format!("{:03}", since.subsec_millis()),
        Digits::Six => format!("{:06}", since.subsec_micros()),
    };
    format!("{}.{fraction}Z", second(unix_second(time)))
}

/// A second since 1970, such as `1994-11-06T08:49:37`.
pub fn second(second: u64) -> String {
    let minute = date_and_clock(i64::try_from(second).unwrap_or(i64::MAX)).replace(' ', "T");
    format!("{minute}:{:02}", second % 60)
}
