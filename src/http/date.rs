//! Dates and times in the forms of HTTP (RFC 9110 §5.6.7). This file formats and parses times; it reads no clock.

use super::value::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 9999-12-31 23:59:59, the last second of a year with four digits.
const LAST_SECOND: u64 = 253_402_300_799;

/// The names of the months.
const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct", *b"Nov",
    *b"Dec",
];

/// The names of the days, from the first of January 1970 on.
const DAYS: [[u8; 3]; 7] = [*b"Thu", *b"Fri", *b"Sat", *b"Sun", *b"Mon", *b"Tue", *b"Wed"];

/// An IMF-fixdate such as `Sun, 06 Nov 1994 08:49:37 GMT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImfFixdate([u8; 29]);

impl ImfFixdate {
    /// The date of a second since 1970. A time after 9999 is written as the last second of 9999.
    ///
    /// It is written by hand, since every answer with a file has such a date: through `core::fmt` it would take as many
    /// instructions as the rest of the head.
    pub fn of(second: u64) -> ImfFixdate {
        let second = second.min(LAST_SECOND);
        let (days, clock) = ((second / 86_400) as u32, (second % 86_400) as u32);
        let (year, month, day) = civil(days);
        let [d, a, y] = DAYS[(days % 7) as usize];
        let [m, o, n] = MONTHS[month as usize];
        let [[c, e], [u, v]] = [year / 100, year % 100].map(two_digits);
        let [[p, q], [h, i], [j, k], [r, s]] =
            [day, clock / 3600, clock / 60 % 60, clock % 60].map(two_digits);
        ImfFixdate([
            d, a, y, b',', b' ', p, q, b' ', m, o, n, b' ', c, e, u, v, b' ', h, i, b':', j, k, b':', r, s,
            b' ', b'G', b'M', b'T',
        ])
    }

    /// The date of `time`. A time before 1970 is written as the first second of 1970.
    pub fn at(time: SystemTime) -> ImfFixdate {
        ImfFixdate::of(unix_second(time))
    }

    /// The date as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a date is written in ASCII")
    }
}

impl Value for ImfFixdate {
    #[inline]
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// A number below 100 in decimal.
fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

/// The year, the month from 0 on, and the day of the month from 1 on, of a day since 1970.
///
/// Years are counted from March on here: then a leap day is the last day of its year, and the months before it have the
/// same lengths in each year.
pub fn civil(days: u32) -> (u32, u32, u32) {
    const DAYS_OF_FOUR_CENTURIES: u32 = 146_097;
    // From the first of March of the year 0 to 1970.
    let days = days + 719_468;
    let (cycle, day) = (days / DAYS_OF_FOUR_CENTURIES, days % DAYS_OF_FOUR_CENTURIES);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Five months have 153 days, from March as from August on.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = 400 * cycle + year;
    if month < 10 { (year, month + 2, day) } else { (year + 1, month - 10, day) }
}

/// A time for people to read, in UTC: `1994-11-06 08:49`. `second` counts seconds since 1970 and is negative before. A
/// year that does not have four digits gets a sign (ISO 8601); year 0 is the year before year 1.
pub fn date_and_clock(second: i64) -> String {
    let [date, mut clock] = date_and_seconds(second);
    clock.truncate("08:49".len());
    date + " " + &clock
}

/// The same as a date, `1994-11-06`, and a time with its seconds, `08:49:37`.
pub fn date_and_seconds(second: i64) -> [String; 2] {
    /// The calendar repeats after this many years, days of the week included.
    const CYCLE_YEARS: i64 = 400;
    const CYCLE_SECONDS: i64 = 146_097 * 24 * 60 * 60;
    let alike = second.rem_euclid(CYCLE_SECONDS).unsigned_abs();
    let (year, month, day) = civil((alike / 86_400) as u32);
    let clock = alike % 86_400;
    let year = match i64::from(year) + CYCLE_YEARS * second.div_euclid(CYCLE_SECONDS) {
        year @ 0..=9999 => format!("{year:04}"),
        year => format!("{year:+05}"),
    };
    let clock = format!("{:02}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60);
    [format!("{year}-{:02}-{day:02}", month + 1), clock]
}

/// Reads a date in any of the three forms of HTTP. The day of the week may be wrong and is then ignored: some clients
/// compute it wrongly, or change the date without it.
pub fn parse_date(written: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(written).ok()?;
    httpdate::parse_http_date(text).ok().or_else(|| parse_on_another_day(text))
}

/// Reads a date that begins with a wrong day of the week.
fn parse_on_another_day(text: &str) -> Option<SystemTime> {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let (day, rest) = text.split_at(text.find([',', ' '])?);
    // The form of the date decides whether its days are short ("Sun") or written out ("Sunday").
    let days = || DAYS.map(|name| if day.len() == 3 { &name[..3] } else { name }).into_iter();
    let is_day = days().any(|name| name == day);
    days().filter(|_| is_day).find_map(|name| httpdate::parse_http_date(&format!("{name}{rest}")).ok())
}

/// Whole seconds since 1970; 0 for a time before 1970.
pub fn unix_second(time: SystemTime) -> u64 {
    since_epoch(time).as_secs()
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The current time of a turn of the loop, and the `Date` field line for it. The line is formatted once a second.
#[derive(Clone, Debug)]
pub struct Date {
    time: SystemTime,
    since_epoch: Duration,
    line: String,
}

impl Date {
    /// The date at `now`.
    pub fn new(now: SystemTime) -> Date {
        Date { time: now, since_epoch: since_epoch(now), line: Date::write(now) }
    }

    /// Sets the time to `now`. True if the field line then shows an earlier second than before: the clock was set back.
    pub fn set(&mut self, now: SystemTime) -> bool {
        let since_epoch = since_epoch(now);
        let is_another_second = since_epoch.as_secs() != self.since_epoch.as_secs();
        let is_earlier = is_another_second && now < self.time;
        if is_another_second {
            self.line = Date::write(now);
        }
        (self.time, self.since_epoch) = (now, since_epoch);
        is_earlier
    }

    fn write(now: SystemTime) -> String {
        format!("Date: {}\r\n", ImfFixdate::at(now).text())
    }

    /// The time that was set last.
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// The same since 1970.
    pub fn since_epoch(&self) -> Duration {
        self.since_epoch
    }

    /// The field line `Date: …`, with its CRLF.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The value of the field line, an IMF-fixdate.
    pub fn text(&self) -> &str {
        &self.line["Date: ".len()..self.line.len() - "\r\n".len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_imf_fixdates_at_any_time() {
        let at = |second| ImfFixdate::of(second).text().to_owned();
        assert_eq!(at(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at(u32::MAX.into()), "Sun, 07 Feb 2106 06:28:15 GMT");
        for late in [LAST_SECOND, LAST_SECOND + 1, 1 << 40, u64::MAX] {
            assert_eq!(at(late), "Fri, 31 Dec 9999 23:59:59 GMT");
        }
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(ImfFixdate::at(before).text(), "Thu, 01 Jan 1970 00:00:00 GMT");
        // Every day of four centuries and some of later ones, each at another time of the day.
        let days = (0..146_097).chain((146_097..2_932_897).step_by(97));
        for second in days.map(|day: u64| day * 86_400 + day * 7_919 % 86_400) {
            let theirs = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            assert_eq!(at(second), theirs, "{second}");
        }
    }

    #[test]
    fn a_date_counts_whatever_day_of_the_week_it_says() {
        let second = |text: &str| parse_date(text.as_bytes()).map(unix_second);
        for day in ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] {
            assert_eq!(second(&format!("{day}, 06 Nov 1994 08:49:37 GMT")), Some(784_111_777), "{day}");
            assert_eq!(second(&format!("{day} Nov  6 08:49:37 1994")), Some(784_111_777), "{day}");
        }
        for day in ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] {
            assert_eq!(second(&format!("{day}, 06-Nov-94 08:49:37 GMT")), Some(784_111_777), "{day}");
        }
        for none in [
            "",
            "Sun",
            "06 Nov 1994 08:49:37 GMT",
            "Foo, 06 Nov 1994 08:49:37 GMT",
            "mon, 06 Nov 1994 08:49:37 GMT",
            "Mond, 06 Nov 1994 08:49:37 GMT",
            "Monday, 06 Nov 1994 08:49:37 GMT",
            "Mon, 06-Nov-94 08:49:37 GMT",
            "Mon, 31 Feb 1994 08:49:37 GMT",
            "Mon, 06 Nov 1994 24:49:37 GMT",
            "Mon, 06 Nov 1994 08:49:37",
            "Mon, 06 Nov 1994 08:49:37 CET",
        ] {
            assert_eq!(second(none), None, "{none}");
        }
    }

    #[test]
    fn dates_for_people_are_right_in_every_year() {
        for (second, expected) in [
            (0, "1970-01-01 00:00"),
            (-1, "1969-12-31 23:59"),
            (-86_400, "1969-12-31 00:00"),
            (784_111_777, "1994-11-06 08:49"),
            (951_782_400, "2000-02-29 00:00"),
            (1_735_689_599, "2024-12-31 23:59"),
            (-2_203_891_200, "1900-03-01 00:00"),
            (-2_203_891_201, "1900-02-28 23:59"),
            (-12_219_292_800, "1582-10-15 00:00"),
            (253_402_300_799, "9999-12-31 23:59"),
            (253_402_300_800, "+10000-01-01 00:00"),
            (-62_135_596_800, "0001-01-01 00:00"),
            (-62_135_596_801, "0000-12-31 23:59"),
            (-62_167_219_200, "0000-01-01 00:00"),
            (-62_167_219_201, "-0001-12-31 23:59"),
            (i64::MAX, "+292277026596-12-04 15:30"),
            (i64::MIN, "-292277022657-01-27 08:29"),
        ] {
            assert_eq!(date_and_clock(second), expected, "{second}");
        }
    }

    #[test]
    fn the_text_follows_the_clock_both_ways() {
        let mut date = Date::new(UNIX_EPOCH + Duration::from_secs(784_111_777));
        date.set(UNIX_EPOCH + Duration::from_secs(784_111_778));
        assert_eq!(date.text(), "Sun, 06 Nov 1994 08:49:38 GMT");
        date.set(UNIX_EPOCH);
        assert_eq!(date.text(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
