//! Origins (RFC 6454 §7, WHATWG HTML §7.1.1): from which site a page in a browser is. This file does not decide which
//! origins may read what.

use super::byteset::ByteSet;
use super::fields::Fields;
use super::target;
use std::fmt::{self, Display, Formatter};
use std::net::Ipv6Addr;

/// The bytes that the scheme of a URI may hold (RFC 3986 §3.1).
const SCHEME: ByteSet = ByteSet::alphanumeric_and(b"+-.");

/// An origin as browsers write it in `Origin`: in small letters, without the port that its scheme has anyhow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin as users write it: with letters in any case, the usual port, or a `/` at its end. The error says
    /// what an origin is.
    pub fn parse(text: &str) -> Result<Origin, &'static str> {
        if text.eq_ignore_ascii_case("null") {
            return Err("null is the origin of many pages, of files and of frames; any page can have it");
        }
        let lower = text.to_ascii_lowercase();
        let (scheme, rest) =
            lower.split_once("://").ok_or("an origin begins with its scheme, such as http:// or https://")?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        match scheme {
            _ if !is_scheme(scheme.as_bytes()) => return Err("an origin such as https://app.example"),
            "file" => return Err("pages of files have no origin of their own (theirs is null)"),
            _ if authority.contains('@') => return Err("an origin names no user"),
            _ if authority.contains(['/', '?', '#']) => return Err("an origin has no path"),
            _ if authority.contains('*') => {
                return Err("each origin is named in full; * alone is any origin");
            }
            _ if !authority.is_ascii() => return Err("a name in other letters is written as xn--..."),
            _ => {}
        }
        let malformed = "an origin such as https://app.example or http://localhost:3000";
        let host = target::host(authority).filter(|host| !host.contains(['%', ','])).ok_or(malformed)?;
        let port = authority[host.len()..].trim_start_matches(':');
        let port = if port.is_empty() { None } else { Some(port.parse::<u16>().map_err(|_| malformed)?) };
        let port = port.filter(|port| !matches!((scheme, port), ("http", 80) | ("https", 443)));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Origin(format!("{scheme}://{}{port}", host_of_browsers(host))))
    }

    /// The text of it.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The `Origin` of a request; `None` if there is none, more than one, or one that is malformed.
#[inline(always)]
pub fn origin_of<'a>(fields: Fields<'a>) -> Option<&'a [u8]> {
    let origin = fields.only("origin", "more than one Origin field").ok().flatten()?;
    is_serialized(origin).then_some(origin)
}

/// Whether `bytes` are an origin or `null` (RFC 6454 §7.1). A list of origins is none.
fn is_serialized(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let is_origin =
        |(scheme, authority): (&str, &str)| is_scheme(scheme.as_bytes()) && target::host(authority).is_some();
    text == "null" || text.split_once("://").is_some_and(is_origin)
}

fn is_scheme(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic) && SCHEME.has_all(bytes)
}

/// A host as browsers write it: an address of IPv6 in its shortest form, and in hexadecimal digits alone.
fn host_of_browsers(host: &str) -> String {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let Some(address) = address.and_then(|address| address.parse::<Ipv6Addr>().ok()) else {
        return host.to_owned();
    };
    match address.to_ipv4_mapped() {
        Some(_) => {
            let [.., high, low] = address.segments();
            format!("[::ffff:{high:x}:{low:x}]")
        }
        None => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::FieldSlots;

    #[test]
    fn origins_are_read_as_users_write_them_and_kept_as_browsers_do() {
        for (text, origin) in [
            ("https://app.example", "https://app.example"),
            ("https://app.example/", "https://app.example"),
            ("HTTPS://App.Example:443", "https://app.example"),
            ("http://a:80/", "http://a"),
            ("http://a:", "http://a"),
            ("http://a:443", "http://a:443"),
            ("https://a:80", "https://a:80"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://localhost:03000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://[0:0:0::1]", "http://[::1]"),
            ("http://[::ffff:1.2.3.4]", "http://[::ffff:102:304]"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("chrome-extension://abc", "chrome-extension://abc"),
        ] {
            assert_eq!(Origin::parse(text).as_ref().map(Origin::text), Ok(origin), "{text}");
        }
        for (text, why) in [
            ("", "begins with its scheme"),
            ("app.example", "begins with its scheme"),
            ("localhost:3000", "begins with its scheme"),
            ("//app.example", "begins with its scheme"),
            ("null", "null is the origin of many pages"),
            ("NULL", "null is the origin of many pages"),
            ("file:///a", "(theirs is null)"),
            ("http://", "an origin such as"),
            ("http:///", "an origin such as"),
            ("://a", "an origin such as"),
            ("1http://a", "an origin such as"),
            ("http://a b", "an origin such as"),
            ("http://a:x", "an origin such as"),
            ("http://a:65536", "an origin such as"),
            ("http://a\r\nX: y", "an origin such as"),
            ("http://a..b", "an origin such as"),
            ("http://%61", "an origin such as"),
            ("http://a,http://b", "no path"),
            ("http://a/b", "no path"),
            ("http://a//", "no path"),
            ("http://a?b", "no path"),
            ("http://a#b", "no path"),
            ("http://u@a", "names no user"),
            ("http://u:p@a/", "names no user"),
            ("https://*.example", "* alone is any origin"),
            ("http://b\u{fc}ro.example", "xn--"),
        ] {
            let error = Origin::parse(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn one_well_formed_origin_of_a_request_counts() {
        for (lines, origin) in [
            ("", None),
            ("Origin: https://a\r\n", Some("https://a")),
            ("origin:https://a:8443\r\n", Some("https://a:8443")),
            ("Origin: null\r\n", Some("null")),
            ("Origin: chrome-extension://abc\r\n", Some("chrome-extension://abc")),
            ("Origin: HTTPS://A\r\n", Some("HTTPS://A")),
            ("Origin: https://a\r\nOrigin: https://a\r\n", None),
            ("Origin: https://a\r\nORIGIN: https://b\r\n", None),
            ("Origin: https://a https://b\r\n", None),
            ("Origin: https://a, https://b\r\n", None),
            ("Origin: https://a/\r\n", None),
            ("Origin: https://u@a\r\n", None),
            ("Origin:\r\n", None),
            ("Origin: a\r\n", None),
            ("Origin: Null\r\n", None),
            ("Origin: https://\u{e9}\r\n", None),
        ] {
            let section = format!("{lines}\r\n");
            let mut slots = FieldSlots::new();
            let fields = Fields::parse(section.as_bytes(), &mut slots).unwrap();
            assert_eq!(origin_of(fields), origin.map(str::as_bytes), "{lines}");
        }
    }
}
