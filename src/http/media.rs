//! Media types with their parameters (RFC 9110 §8.3.1). This file does not know which files have which type.

use super::byteset::ByteSet;
use super::fields::is_token;

/// The bytes that a quoted string may hold, beside escaped bytes (`qdtext`, RFC 9110 §5.6.4).
const QUOTED: ByteSet = ByteSet::alphanumeric_and(b" !#$%&'()*+,-./:;<=>?@[]^_`{|}~");

/// A media type, such as `text/plain; charset=iso-8859-1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    /// The type in lower case, then each parameter behind `; `.
    pub text: String,
    /// Whether a parameter names the encoding of the text.
    pub has_charset: bool,
}

impl MediaType {
    /// Reads a media type as a user writes it. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<MediaType, &'static str> {
        let (essence, mut rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        let essence = essence.trim_matches([' ', '\t']).to_ascii_lowercase();
        let is_type = essence
            .split_once('/')
            .is_some_and(|(one, other)| [one, other].map(str::as_bytes).map(is_token) == [true; 2]);
        // `*` may stand in a name, but here it is one of `Accept`, where it means every type.
        if !is_type || essence.contains('*') {
            return Err("a media type, such as text/plain");
        }
        let mut read = MediaType { text: essence, has_charset: false };
        while let Some(parameter) = rest.strip_prefix(';') {
            let (name, value, behind) =
                parameter_of(parameter).ok_or("each parameter of a media type is name=value")?;
            read.has_charset |= name.eq_ignore_ascii_case("charset");
            read.text = format!("{}; {name}={value}", read.text);
            rest = behind;
        }
        Ok(read)
    }
}

/// The media type without its parameters. `text` must be one in the form of [`MediaType::text`].
pub fn essence(text: &str) -> &str {
    text.split_once(';').map_or(text, |(essence, _)| essence)
}

/// The name and the value of the parameter at the front of `text`, and what is behind it, from the next `;` on.
fn parameter_of(text: &str) -> Option<(&str, &str, &str)> {
    let (name, text) = text.trim_start_matches([' ', '\t']).split_once('=')?;
    let end = match text.strip_prefix('"') {
        Some(quoted) => 1 + quoted_end(quoted.as_bytes())?,
        None => text.find([';', ' ', '\t']).unwrap_or(text.len()),
    };
    let (value, behind) = text.split_at(end);
    let behind = behind.trim_start_matches([' ', '\t']);
    let is_value = value.starts_with('"') || is_token(value.as_bytes());
    let is_whole = behind.is_empty() || behind.starts_with(';');
    (is_token(name.as_bytes()) && is_value && is_whole).then_some((name, value, behind))
}

/// Where a quoted string ends, behind its last quotation mark; `bytes` begin behind its first.
fn quoted_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => bytes.get(at + 1).filter(|byte| matches!(byte, b' '..=b'~'))?,
            byte if QUOTED.has(*byte) => byte,
            _ => return None,
        };
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_tokens_with_parameters() {
        for (text, expected, has_charset) in [
            ("text/plain", "text/plain", false),
            ("Text/X-Foo", "text/x-foo", false),
            ("application/vnd.a+json", "application/vnd.a+json", false),
            ("text/plain;charset=utf-8", "text/plain; charset=utf-8", true),
            ("text/plain ; Charset=ISO-8859-1", "text/plain; Charset=ISO-8859-1", true),
            ("text/plain; format=flowed ;delsp=yes", "text/plain; format=flowed; delsp=yes", false),
            ("video/mp4; codecs=\"a, b;c\"", "video/mp4; codecs=\"a, b;c\"", false),
            ("a/b; c=\"\\\"\"; charset=\"d\"", "a/b; c=\"\\\"\"; charset=\"d\"", true),
        ] {
            let read = MediaType { text: expected.to_owned(), has_charset };
            assert_eq!(MediaType::parse(text), Ok(read), "{text}");
            assert_eq!(essence(expected), expected.split(';').next().unwrap());
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "text",
            "text/",
            "/plain",
            "text/plain/x",
            "text/pl ain",
            "te xt/plain",
            "text/pl\u{e9}n",
            "text/plain\r\n",
            "text/plain\nX: y",
            "text/plain;",
            "text/plain;;a=b",
            "text/plain; charset",
            "text/plain; =b",
            "text/plain; a=",
            "text/plain; a =b",
            "text/plain; a=b c",
            "text/plain; a=b, c",
            "text/plain; a=\"b",
            "text/plain; a=\"b\\",
            "text/plain; a=\"b\"c",
            "text/plain; a=\"\r\n\"",
            "text/plain; a=\"\\\n\"",
            "text/plain; a=\"\u{e9}\"",
            "text/plain; a=b\0",
            "*/*;q",
        ] {
            assert!(MediaType::parse(text).is_err(), "{text:?}");
        }
    }
}
