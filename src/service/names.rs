//! File names for people: how a name is shown safely, and how names are sorted.
//!
//! A name may hold invisible characters. `report\u{202e}txt.exe` looks like `reportexe.txt`, since U+202E turns the
//! direction of writing; and a terminal obeys control characters.

use crate::http::INFALLIBLE;
use std::ffi::OsStr;
use std::fmt::Write;

/// `name` as text for people: invisible characters are escaped, and U+FFFD stands for bytes that are not UTF-8. A backslash
/// of the name is doubled where it would look like an escape, or like the first half of two. So two names look the same only if
/// one of them is not UTF-8.
pub fn shown(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    if name.bytes().all(|byte| matches!(byte, b' '..=b'[' | b']'..=b'~')) {
        return name.into_owned();
    }
    let looks_like_escape =
        |next: Option<char>| next.is_some_and(|next| "\\nrtu".contains(next) || is_invisible(next));
    escaped(&name, |char, next| is_invisible(char) || char == '\\' && looks_like_escape(next))
}

/// `text` with its invisible characters escaped, except tabs and the ends of lines.
pub fn shown_text(text: &str) -> String {
    escaped(text, |char, _| is_invisible(char) && !matches!(char, '\t' | '\n' | '\r'))
}

/// `text` with escapes in place of some characters: `is_escaped` is asked with each and the one behind it. A joiner that joins is
/// never escaped.
fn escaped(text: &str, is_escaped: impl Fn(char, Option<char>) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let next = chars.peek().copied();
        let joins = is_joiner(char) && [before, next].into_iter().all(is_joined);
        match is_escaped(char, next) && !joins {
            true => escaped.extend(char.escape_default()),
            false => escaped.push(char),
        }
        before = Some(char);
    }
    escaped
}

/// Replaces invisible characters in the text of a JSON value by `\u` escapes. Such characters only occur in strings, so
/// the value stays the same.
pub fn escape_invisible_in_json(json: String) -> String {
    if json.is_ascii() && !json.contains('\x7f') {
        return json;
    }
    let mut escaped = String::with_capacity(json.len());
    for char in json.chars() {
        if !is_invisible(char) {
            escaped.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            write!(escaped, "\\u{unit:04x}").expect(INFALLIBLE);
        }
    }
    escaped
}

/// Whether `char` is a control character, turns the direction of writing, ends a line or takes no room. This is Unicode's
/// `Default_Ignorable_Code_Point` and a few more, but not the selectors that turn a sign into an emoji (U+FE00 to U+FE0F).
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether `char` is a joiner: Persian, Indic scripts and emoji need these between their characters. Next to ASCII a
/// joiner is only invisible.
fn is_joiner(char: char) -> bool {
    matches!(char, '\u{200c}' | '\u{200d}')
}

fn is_joined(neighbour: Option<char>) -> bool {
    neighbour.is_some_and(|char| !char.is_ascii() && !is_invisible(char))
}

/// The key by which names are sorted: without case, and with numbers of any length by their value (`file2` before
/// `file10`). Names that differ only in case or in leading zeros have the same key.
pub fn sort_key(name: &OsStr) -> Vec<u8> {
    let name = name.to_string_lossy().to_lowercase();
    let mut key = Vec::with_capacity(name.len() + 8);
    for run in name.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
        match run {
            [b'0'..=b'9', ..] => {
                let zeros = run.iter().take_while(|digit| **digit == b'0').count();
                let digits = &run[zeros..];
                // The `0` sorts a number among other characters as a digit. Then the number with more digits is greater.
                key.push(b'0');
                key.extend((digits.len() as u64).to_be_bytes());
                key.extend(digits);
            }
            _ => key.extend(run),
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn invisible_characters_are_shown() {
        #[rustfmt::skip]
        let table = [
            ("plain name.txt", "plain name.txt"),
            ("report\u{202e}txt.exe", "report\\u{202e}txt.exe"),
            ("\u{202a}\u{202b}\u{202c}\u{202d}\u{2066}\u{2067}\u{2068}\u{2069}",
             "\\u{202a}\\u{202b}\\u{202c}\\u{202d}\\u{2066}\\u{2067}\\u{2068}\\u{2069}"),
            ("\u{200e}\u{200f}\u{61c}", "\\u{200e}\\u{200f}\\u{61c}"),
            ("a\u{200b}b\u{2060}c\u{feff}d\u{ad}e", "a\\u{200b}b\\u{2060}c\\u{feff}d\\u{ad}e"),
            ("line\nfeed\r\ttab\u{1b}[31m\u{7f}\u{85}\u{9b}", "line\\nfeed\\r\\ttab\\u{1b}[31m\\u{7f}\\u{85}\\u{9b}"),
            ("\u{2028}\u{2029}\u{e0041}\u{3164}", "\\u{2028}\\u{2029}\\u{e0041}\\u{3164}"),
            ("f\u{fc}n\u{ef}\u{301} \u{5d0}\u{5d1}.txt", "f\u{fc}n\u{ef}\u{301} \u{5d0}\u{5d1}.txt"),
            // A backslash of the name, and one that would look like an escape.
            ("back\\slash\\", "back\\slash\\"),
            ("a\\nb\\r\\t\\u{202e}", "a\\\\nb\\\\r\\\\t\\\\u{202e}"),
            ("a\\\nb", "a\\\\\\nb"),
            ("a\\\\nb\\\\", "a\\\\\\\\nb\\\\\\"),
            // Joiners between characters that they may join, and elsewhere.
            ("\u{1f468}\u{200d}\u{1f469} \u{2764}\u{fe0f}", "\u{1f468}\u{200d}\u{1f469} \u{2764}\u{fe0f}"),
            ("\u{645}\u{6cc}\u{200c}\u{62e}", "\u{645}\u{6cc}\u{200c}\u{62e}"),
            ("a\u{200d}b", "a\\u{200d}b"),
            ("\u{fc}\u{200d}", "\u{fc}\\u{200d}"),
            ("\u{200d}\u{fc}", "\\u{200d}\u{fc}"),
            ("\u{fc}\u{200c}\u{200d}\u{fc}", "\u{fc}\\u{200c}\\u{200d}\u{fc}"),
        ];
        for (name, expected) in table {
            assert_eq!(shown(name.as_ref()), expected, "{}", name.escape_debug());
        }
        assert_eq!(shown(OsStr::from_bytes(b"no\xfftext\xe2\x80")), "no\u{fffd}text\u{fffd}");
    }

    /// All names of up to six of these characters are told apart.
    #[test]
    fn no_two_names_look_the_same() {
        let mut names = vec![String::new()];
        let mut seen = HashMap::new();
        for _ in 0..6 {
            let longer = |name: &String| ["\\", "n", "\n", "u{0}", "\0"].map(|end| format!("{name}{end}"));
            names = names.iter().flat_map(longer).collect();
            for name in &names {
                let other = seen.insert(shown(name.as_ref()), name.clone());
                assert!(other.as_ref().is_none_or(|other| other == name), "{name:?} and {other:?}");
            }
        }
    }

    #[test]
    fn text_keeps_its_lines_and_backslashes() {
        let text = "a\tb\r\nc\\n\u{1b}[31m\u{202e}\0\u{c}\u{85}\u{2028}";
        let expected = "a\tb\r\nc\\n\\u{1b}[31m\\u{202e}\\u{0}\\u{c}\\u{85}\\u{2028}";
        assert_eq!(shown_text(text), expected);
    }

    #[test]
    fn json_keeps_its_values_and_shows_invisible_characters() {
        for text in ["a\u{202e}b", "\u{7f}\u{85}\n\\\u{1b}\"", "\u{e0041}\u{feff}", "f\u{fc}n \u{1f642}"] {
            let written = serde_json::Value::from(text).to_string();
            let escaped = escape_invisible_in_json(written.clone());
            assert!(!escaped.chars().any(is_invisible), "{escaped:?}");
            assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
            assert_eq!(escaped == written, text.starts_with('f'), "{escaped}");
        }
    }

    #[test]
    fn names_are_in_the_order_that_people_expect() {
        let nines = "9".repeat(40);
        let more = format!("1{}", "0".repeat(40));
        let ordered = [
            "",
            "-",
            "1",
            "2",
            "2a",
            "10",
            "10a",
            &nines,
            &more,
            "a",
            "a-1",
            "a0",
            "a1",
            "A2",
            "a02b",
            "a3",
            "a10",
            "a10b1",
            "a10b2",
            "a10b10",
            "aa",
            "b",
            "file 2 of 10",
            "file 10 of 10",
            "file2.txt",
            "file010.txt",
            "file11.txt",
            "\u{e4}2",
            "\u{c4}10",
        ];
        for (at, name) in ordered.iter().enumerate() {
            for later in &ordered[at + 1..] {
                assert!(sort_key(name.as_ref()) < sort_key(later.as_ref()), "{name} before {later}");
            }
        }
        assert_eq!(sort_key("File007".as_ref()), sort_key("file7".as_ref()));
    }
}
