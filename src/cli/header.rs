//! `--header`: which fields a user may set on every answer. The others are refused at start, with the reason.

use onepoll::http::fields::{is_token, trim};

/// The fields of one value of `--header`.
#[derive(Clone, Debug)]
pub struct FieldLines {
    /// Names and values.
    pub fields: Vec<(String, String)>,
    /// The value as it was given.
    pub text: String,
}

/// The field that goes with `--cors=ORIGIN`, and with nothing else.
pub const CREDENTIALS: &str = "Access-Control-Allow-Credentials";

/// Reads fields, one a line. Only the environment may hold several lines: see `Cli::read`.
pub fn lines(text: &str) -> Result<FieldLines, String> {
    let lines = text.split('\n').filter(|line| !line.trim().is_empty());
    let fields = lines.map(field).collect::<Result<Vec<_>, _>>()?;
    match fields.is_empty() {
        true => Err(EXAMPLE.into()),
        false => Ok(FieldLines { fields, text: text.to_owned() }),
    }
}

const EXAMPLE: &str = "a name, a colon and a value, such as 'X-Frame-Options: DENY'";

fn field(line: &str) -> Result<(String, String), String> {
    let (name, value) = line.split_once(':').ok_or(EXAMPLE)?;
    if name.is_empty() {
        return Err("the name before the colon is missing".into());
    }
    if !is_token(name.as_bytes()) {
        return Err(
            "the name of a field is letters, digits and hyphens, with a colon at once behind it".into()
        );
    }
    if let Some(why) = refused(name) {
        return Err(format!("{name} {why}"));
    }
    let value = value.trim_matches([' ', '\t']);
    if value.contains(char::is_control) {
        return Err(format!("the value of {name} holds a control byte"));
    }
    let mut members = value.split(',').map(|member| trim(member.as_bytes()));
    if name.eq_ignore_ascii_case("Vary") && !members.all(is_token) {
        return Err("Vary is a list of names, such as 'Vary: Cookie, Accept-Language'".into());
    }
    if name.eq_ignore_ascii_case(CREDENTIALS) && value != "true" {
        return Err(format!("{CREDENTIALS} is true, or is not sent"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// The fields that are refused, in small letters, and why. They are those of the registry of HTTP field names to which this
/// applies, and some that were never registered and are used all the same.
const REFUSED: &[(&[&str], &str)] = &[
    (
        &[
            "connection",
            "content-length",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authentication-info",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ],
        "frames a message or belongs to the connection, so the server alone sets it",
    ),
    (
        &[
            "accept-ranges",
            "age",
            "allow",
            "content-digest",
            "content-encoding",
            "content-location",
            "content-md5",
            "content-range",
            "date",
            "delta-base",
            "digest",
            "etag",
            "im",
            "last-modified",
            "location",
            "repr-digest",
            "retry-after",
            "sec-websocket-accept",
            "sec-websocket-extensions",
            "sec-websocket-protocol",
            "sec-websocket-version",
            "signature",
            "signature-input",
        ],
        "is decided for each answer, so the server alone sets it",
    ),
    (&["content-type"], "depends on the file; --mime EXT=TYPE sets it for an extension"),
    (
        &[
            "a-im",
            "accept",
            "accept-charset",
            "accept-language",
            "authorization",
            "cookie",
            "cookie2",
            "expect",
            "forwarded",
            "from",
            "host",
            "http2-settings",
            "if-match",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "max-forwards",
            "origin",
            "proxy-authorization",
            "range",
            "referer",
            "sec-websocket-key",
            "upgrade-insecure-requests",
            "user-agent",
        ],
        "is a field of requests, and says nothing in an answer",
    ),
];

/// Why the field is refused, if it is.
fn refused(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    if name.starts_with("access-control-") && !name.eq_ignore_ascii_case(CREDENTIALS) {
        return Some("is set by --cors for any origin, or by --cors=ORIGIN for one");
    }
    REFUSED.iter().find(|(names, _)| names.contains(&name.as_str())).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_spaces_around_values_dropped() {
        let table: &[(&str, &[(&str, &str)])] = &[
            ("X-Frame-Options: DENY", &[("X-Frame-Options", "DENY")]),
            ("X-A:b: c;d=\"e\" ", &[("X-A", "b: c;d=\"e\"")]),
            ("X-A:\t b\t", &[("X-A", "b")]),
            ("X-A:", &[("X-A", "")]),
            ("vary: Cookie,  DNT", &[("vary", "Cookie,  DNT")]),
            ("Vary: *", &[("Vary", "*")]),
            ("X-A: caf\u{e9}", &[("X-A", "caf\u{e9}")]),
            ("A: b\nC: d", &[("A", "b"), ("C", "d")]),
            ("\nA: b\n \n", &[("A", "b")]),
            ("access-control-allow-credentials: true", &[("access-control-allow-credentials", "true")]),
        ];
        for (text, expected) in table {
            let read = lines(text).expect(text).fields;
            let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(read, *expected, "{text}");
        }
    }

    #[test]
    fn fields_that_are_set_elsewhere_are_refused_in_any_case() {
        for name in REFUSED.iter().flat_map(|(names, _)| *names) {
            for name in [name.to_string(), name.to_ascii_uppercase()] {
                assert!(is_token(name.as_bytes()) && lines(&format!("{name}: x")).is_err(), "{name}");
            }
        }
        let sorted = |(names, _): &(&[&str], &str)| names.is_sorted();
        assert!(REFUSED.iter().all(sorted), "a reader looks for a name by its first letter");
    }

    #[test]
    fn fields_that_sites_set_are_taken() {
        for name in [
            "Cache-Control",
            "Server",
            "X-Content-Type-Options",
            "Content-Security-Policy",
            "Content-Disposition",
            "Content-Language",
            "Cross-Origin-Opener-Policy",
            "Expires",
            "Link",
            "Origin-Agent-Cluster",
            "Permissions-Policy",
            "Referrer-Policy",
            "Set-Cookie",
            "Strict-Transport-Security",
            "Timing-Allow-Origin",
            "Service-Worker-Allowed",
            "X-Frame-Options",
        ] {
            assert!(lines(&format!("{name}: x")).is_ok(), "{name}");
        }
    }
}
