//! Dates and times in the forms of HTTP (RFC 9110 §5.6.7). This file formats and parses times; it reads no clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 9999-12-31 23:59:59, the last second of a year with four digits.
const LAST_SECOND: Duration = Duration::from_secs(253_402_300_799);

/// An IMF-fixdate such as `Sun, 06 Nov 1994 08:49:37 GMT`. A time before 1970 is written as the first second of 1970, a
/// time after 9999 as the last second of 9999.
pub fn imf_fixdate(time: SystemTime) -> String {
    let time = time.clamp(UNIX_EPOCH, UNIX_EPOCH + LAST_SECOND);
    httpdate::fmt_http_date(time)
}

/// A time for people to read, in UTC: `1994-11-06 08:49`. `second` counts seconds since 1970 and is negative before. A
/// year that does not have four digits gets a sign (ISO 8601); year 0 is the year before year 1.
pub fn date_and_clock(second: i64) -> String {
    /// The calendar repeats after this many years, days of the week included.
    const CYCLE_YEARS: i64 = 400;
    const CYCLE_SECONDS: i64 = 146_097 * 24 * 60 * 60;
    let alike = second.rem_euclid(CYCLE_SECONDS).unsigned_abs();
    let text = imf_fixdate(UNIX_EPOCH + Duration::from_secs(alike));
    let part = |range| text.get(range).unwrap_or_default();
    let month = "JanFebMarAprMayJunJulAugSepOctNovDec".find(part(8..11)).unwrap_or_default() / 3 + 1;
    let year = part(12..16).parse::<i64>().unwrap_or_default();
    let year = match year + CYCLE_YEARS * second.div_euclid(CYCLE_SECONDS) {
        year @ 0..=9999 => format!("{year:04}"),
        year => format!("{year:+05}"),
    };
    format!("{year}-{month:02}-{} {}", part(5..7), part(17..22))
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
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The current time of a turn of the loop, and the `Date` field line for it. The line is formatted once a second.
#[derive(Clone, Debug)]
pub struct Date {
    time: SystemTime,
    line: String,
}

impl Date {
    /// The date at `now`.
    pub fn new(now: SystemTime) -> Date {
        Date { time: now, line: Date::write(now) }
    }

    /// Sets the time to `now`. True if the field line then shows an earlier second than before: the clock was set back.
    pub fn set(&mut self, now: SystemTime) -> bool {
        let is_another_second = unix_second(now) != unix_second(self.time);
        let is_earlier = is_another_second && now < self.time;
        if is_another_second {
            self.line = Date::write(now);
        }
        self.time = now;
        is_earlier
    }

    fn write(now: SystemTime) -> String {
        format!("Date: {}\r\n", imf_fixdate(now))
    }

    /// The time that was set last.
    pub fn time(&self) -> SystemTime {
        self.time
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

    #[test]
    fn dates_are_imf_fixdates_at_any_time() {
        let at = |seconds| imf_fixdate(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at(u32::MAX.into()), "Sun, 07 Feb 2106 06:28:15 GMT");
        assert_eq!(at(1 << 40), "Fri, 31 Dec 9999 23:59:59 GMT");
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(imf_fixdate(before), "Thu, 01 Jan 1970 00:00:00 GMT");
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
