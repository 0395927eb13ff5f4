//! The time of day where the user is. The zone is read once, before the process gives up the right to read files elsewhere.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fs;
use std::path::Path;

/// Where zones are kept, on one system or another (tzset(3)); `TZDIR` comes before them.
const FOLDERS: [&str; 3] = ["/usr/share/zoneinfo", "/share/zoneinfo", "/etc/zoneinfo"];

/// The zone of this machine, where `TZ` names no other.
const LOCAL: &str = "/etc/localtime";

/// A time zone, with its changes between summer and winter.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of the user: `TZ` as tzset(3) reads it, or else that of this machine; without either it is UTC. `Err` is a
    /// `TZ` that names no zone that is here.
    pub fn of_user() -> Result<Zone, String> {
        let Some(named) = std::env::var_os("TZ") else {
            return Ok(Zone::in_file(Path::new(LOCAL)).unwrap_or_default());
        };
        let named = named.to_string_lossy();
        Zone::called(&named).ok_or(named.into_owned())
    }

    /// The zone that a value of `TZ` means: a file, a file below the folder of all zones, or a rule such as
    /// `EST5EDT,M3.2.0,M11.1.0`. An empty one is UTC.
    fn called(named: &str) -> Option<Zone> {
        let name = named.strip_prefix(':').unwrap_or(named);
        if name.is_empty() {
            return Some(Zone::default());
        }
        let own = std::env::var_os("TZDIR");
        let folders = own.iter().map(Path::new).chain(FOLDERS.iter().map(Path::new));
        // To join an absolute path gives that path.
        let in_file = folders.map(|folder| folder.join(name)).find_map(|path| Zone::in_file(&path));
        in_file.or_else(|| TimeZone::posix(name).ok().map(Zone))
    }

    /// The zone in a file as zic(8) makes them.
    fn in_file(path: &Path) -> Option<Zone> {
        let name = path.display().to_string();
        let bytes =
            fs::metadata(path).ok().filter(|found| found.is_file()).and_then(|_| fs::read(path).ok())?;
        TimeZone::tzif(&name, &bytes).ok().map(Zone)
    }

    /// The hour, minute and second of the day at so many seconds since 1970.
    pub fn time_of_day(&self, second: u64) -> [u8; 3] {
        let offset = i64::try_from(second).ok().and_then(|second| Timestamp::from_second(second).ok());
        let offset = offset.map_or(0, |time| self.0.to_offset(time).seconds());
        let second = (second % 86_400) as i64 + i64::from(offset);
        let second = second.rem_euclid(86_400);
        [second / 3600, second / 60 % 60, second % 60].map(|part| part as u8)
    }

    /// The time of day as text: `12:34:56`.
    pub fn clock(&self, second: u64) -> String {
        let [hour, minute, second] = self.time_of_day(second);
        format!("{hour:02}:{minute:02}:{second:02}")
    }
}

impl Default for Zone {
    /// UTC.
    fn default() -> Zone {
        Zone(TimeZone::UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_show_the_time_of_the_zone_in_summer_and_in_winter() {
        // 2026-03-08 06:59:59 UTC: a second later New York is an hour ahead.
        let change = 1_772_953_199;
        for (zone, second, clock) in [
            ("", 0, "00:00:00"),
            ("UTC0", 784_111_777, "08:49:37"),
            ("EST5EDT,M3.2.0,M11.1.0", change, "01:59:59"),
            ("EST5EDT,M3.2.0,M11.1.0", change + 1, "03:00:00"),
            ("<+0545>-5:45", 0, "05:45:00"),
            ("<-03>3", 0, "21:00:00"),
            (":IST-5:30", 86_399, "05:29:59"),
            ("UTC0", u64::MAX, "07:00:15"),
        ] {
            let zone = Zone::called(zone).unwrap_or_else(|| panic!("{zone} is a zone"));
            assert_eq!(zone.clock(second), clock, "{zone:?} at {second}");
        }
    }

    #[test]
    fn what_names_no_zone_is_none() {
        for name in ["Nowhere/Atall", "/dev/null", "/", "12", "../..", "\0"] {
            assert!(Zone::called(name).is_none(), "{name:?}");
        }
    }
}
