//! The words of the command line.

use std::ffi::{OsStr, OsString};

/// The words of the command line, the name of the program first. `--cors` takes its value behind a `=` only, since it may
/// stand alone before the folder. But `*` and what has a scheme or a port are hardly folders: behind `--cors` they are meant
/// as its value.
pub fn words() -> Vec<OsString> {
    joined(std::env::args_os())
}

fn joined(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    for word in given {
        let is_over = words.iter().any(|word| word == "--");
        match words.last_mut() {
            Some(flag) if flag == "--cors" && !is_over && is_value(&word) => {
                flag.push("=");
                flag.push(word);
            }
            _ => words.push(word),
        }
    }
    words
}

fn is_value(word: &OsStr) -> bool {
    let is_port =
        |(_, port): (&str, &str)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let has_port = |word: &str| word.rsplit_once(':').is_some_and(is_port);
    let is_value = |word: &str| !word.starts_with('-') && (word.contains("://") || has_port(word));
    word == "*" || word.to_str().is_some_and(is_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_cors_may_stand_behind_it() {
        for (given, expected) in [
            ("onepoll --cors dir", "onepoll --cors dir"),
            ("onepoll --cors", "onepoll --cors"),
            ("onepoll --cors * dir", "onepoll --cors=* dir"),
            ("onepoll --cors http://a --cors http://b", "onepoll --cors=http://a --cors=http://b"),
            ("onepoll --cors localhost:3000 dir", "onepoll --cors=localhost:3000 dir"),
            ("onepoll --cors a: dir", "onepoll --cors a: dir"),
            ("onepoll --cors --cors=http://b", "onepoll --cors --cors=http://b"),
            ("onepoll --cors=http://a http://b", "onepoll --cors=http://a http://b"),
            ("onepoll *", "onepoll *"),
            ("onepoll -- --cors *", "onepoll -- --cors *"),
        ] {
            assert_eq!(joined(given.split(' ').map(OsString::from)).join(OsStr::new(" ")), expected);
        }
    }
}
