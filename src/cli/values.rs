//! What the values of flags may be. An error says in a few words which values make sense. Where commas stand between several
//! values, users write a space behind each.

use onepoll::http::fields::FIELDS_MOST;
use onepoll::http::media::MediaType;
use onepoll::http::origin::Origin;
use onepoll::http::target;
use onepoll::log::Wanted;
use onepoll::service::door::Folders;
use onepoll::service::size;
use onepoll::site::Types;
use std::time::Duration;

/// A number of bytes, at least one.
pub fn bytes(text: &str) -> Result<u64, String> {
    match size::parse(text)? {
        bytes @ 1..=0x100_0000_0000 => Ok(bytes),
        _ => Err("from 1 byte to 1 TiB".into()),
    }
}

/// A number of bytes, maybe none.
pub fn memory(text: &str) -> Result<u64, String> {
    if size::parse(text)? == 0 { Ok(0) } else { bytes(text) }
}

/// A time in seconds, maybe none.
pub fn seconds(text: &str) -> Result<Duration, String> {
    const YEAR: f64 = 365.0 * 86_400.0;
    match text.parse() {
        Ok(seconds) if (0.0..=YEAR).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("seconds, such as 0.5, up to a year of them (31536000)".into()),
    }
}

/// A time in whole seconds.
pub fn whole_seconds(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("whole seconds, from 0 to {}", u32::MAX))
}

/// A time in seconds. Some take 0 for no limit, some for no time at all: here it is neither.
pub fn timeout(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        Duration::ZERO => Err("more than 0 seconds; for as good as no limit, a year (31536000)".into()),
        timeout => Ok(timeout),
    }
}

/// The name of a host, or `*`. A port is what people copy along with a name; it plays no part.
pub fn host(text: &str) -> Result<String, String> {
    let text = text.trim();
    match target::host(text) {
        _ if text == "*" => Ok("*".into()),
        Some(host) if !host.contains('*') => Ok(host.to_owned()),
        _ => Err("a name such as dev.example, without http:// and without a path, or * for any".into()),
    }
}

/// Whose pages may read what is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The pages of no other origin.
    None,
    /// The pages of any origin.
    Any,
    /// The pages of this one.
    Origin(Origin),
}

/// An origin, `*` for any, or a yes or no, as the environment has it for a flag without a value.
pub fn reader(text: &str) -> Result<Reader, String> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "*" | "y" | "yes" | "t" | "true" | "on" | "1" => Ok(Reader::Any),
        "n" | "no" | "f" | "false" | "off" | "0" => Ok(Reader::None),
        _ => Ok(Reader::Origin(Origin::parse(text)?)),
    }
}

/// Whether the browser is opened, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The browser is not opened.
    No,
    /// The browser is opened at this path of the site, percent-encoded and without its first slash; empty for the start page.
    At(String),
}

/// A path of the site, or a yes or no, as the environment has it for a flag without a value.
pub fn opening(text: &str) -> Result<Opening, String> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "" | "y" | "yes" | "t" | "true" | "on" | "1" => Ok(Opening::At(String::new())),
        "n" | "no" | "f" | "false" | "off" | "0" => Ok(Opening::No),
        _ if text.contains("://") => Err("a path of the site, such as docs/, without http://".into()),
        _ => Ok(Opening::At(reference(text.trim_start_matches('/')))),
    }
}

/// `text` as a part of a URL: what a user may write plainly, such as a space, is percent-encoded; what is encoded stays so.
fn reference(text: &str) -> String {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let stays = |at: usize, byte: u8| match byte {
        b'%' => is_digit(at + 1) && is_digit(at + 2),
        _ => byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte),
    };
    let written = bytes.iter().enumerate().map(|(at, &byte)| match stays(at, byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    written.collect()
}

/// A number of fields that a head may have.
pub fn fields(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=FIELDS_MOST).contains(count));
    count.ok_or(format!("a number from 1 to {FIELDS_MOST}"))
}

/// What a folder without an index shows.
pub fn listing(text: &str) -> Result<Folders, String> {
    match text {
        "on" => Ok(Folders::Listed),
        "off" => Ok(Folders::NotListed),
        _ => Err("on or off".into()),
    }
}

/// The form of the lines about requests.
pub fn log_form(text: &str) -> Result<Wanted, String> {
    match text {
        "short" => Ok(Wanted::Short),
        "combined" => Ok(Wanted::Combined),
        "json" => Ok(Wanted::Json),
        "off" => Ok(Wanted::Off),
        _ => Err("short, combined, json or off".into()),
    }
}

/// How often `-v` is given, as the environment has it.
pub fn verbosity(text: &str) -> Result<u8, String> {
    text.parse().ok().filter(|count| *count <= 2).ok_or("0, 1 as for -v, or 2 as for -vv".into())
}

/// How many of something.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or("a number from 1 on".into())
}

/// The name of a file in any folder.
pub fn file_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.is_empty() || text.contains(['/', '\0']) || text == "." || text == ".." {
        true => Err("the name of a file, without a folder".into()),
        false => Ok(text.to_owned()),
    }
}

/// Media types for extensions: `EXT=TYPE`, or several with commas between them. A comma in a quoted string is a part of its
/// type.
pub fn types(text: &str) -> Result<Types, String> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let is_between = |char| {
        is_quoted ^= char == '"' && !is_escaped;
        is_escaped = char == '\\' && is_quoted && !is_escaped;
        char == ',' && !is_quoted
    };
    text.split(is_between).try_fold(Types::default(), |types, given| {
        let (extension, media_type) = given.trim().split_once('=').ok_or(EXTENSION)?;
        let extension = extension.strip_prefix('.').unwrap_or(extension);
        if extension.is_empty()
            || extension.contains(|char: char| ['.', '/'].contains(&char) || char.is_control())
        {
            return Err(EXTENSION.into());
        }
        Ok(types.with(extension, MediaType::parse(media_type)?))
    })
}

const EXTENSION: &str = "EXT=TYPE, such as foo=text/plain, where EXT is what follows the last dot of a name";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_is_opened_at_a_path_however_it_is_written() {
        for (text, path) in [
            ("yes", Some("")),
            ("On", Some("")),
            ("1", Some("")),
            ("", Some("")),
            ("/", Some("")),
            ("no", None),
            ("0", None),
            ("docs/", Some("docs/")),
            ("/docs/", Some("docs/")),
            ("//docs/", Some("docs/")),
            ("/no", Some("no")),
            ("a b/\u{fc}.html?q=1&r#top", Some("a%20b/%C3%BC.html?q=1&r#top")),
            ("a%20b", Some("a%20b")),
            ("100%", Some("100%25")),
            ("%4", Some("%254")),
            ("a\"<\\>\x1b", Some("a%22%3C%5C%3E%1B")),
        ] {
            let expected = path.map_or(Opening::No, |path| Opening::At(path.to_owned()));
            assert_eq!(opening(text), Ok(expected), "{text}");
        }
        assert!(opening("http://evil.example/").is_err());
    }
}
