//! The request target in its four forms, and the authority in a target or in a `Host` field (RFC 9112 §3.2,
//! RFC 3986 §3.2). This file does not decide which hosts are served, nor which file a path names.

use super::Refusal;
use super::byteset::ByteSet;
use std::net::Ipv6Addr;

/// The bytes that a label of a host name may hold, except the percent sign (RFC 3986 §3.2.2).
const LABEL: ByteSet = ByteSet::alphanumeric_and(b"-_~!$&'()*+,;=");

/// What a request asks for (RFC 9112 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// Origin form (`/path?query`) or absolute form (`http://host/path?query`).
    Path {
        /// The path, from its first `/` up to the query, still percent-encoded.
        path: &'a str,
        /// The query, without its `?`.
        query: Option<&'a str>,
        /// The host of the absolute form, without a port; it takes the place of the host in `Host`.
        host: Option<&'a str>,
    },
    /// `*`: the server as a whole; only OPTIONS may ask for it.
    Asterisk,
    /// `host:port`: only CONNECT may ask for it.
    Authority,
}

impl<'a> Target<'a> {
    /// Its path, if it has one.
    pub fn path(&self) -> Option<&'a str> {
        match self {
            Target::Path { path, .. } => Some(path),
            Target::Asterisk | Target::Authority => None,
        }
    }

    /// Reads the target of a request whose method is CONNECT.
    pub fn parse_for_connect(bytes: &[u8]) -> Result<Target<'a>, Refusal> {
        let refusal = Refusal::bad("CONNECT takes a host and a port");
        let text = visible(bytes)?;
        let (_, port) = text.rsplit_once(':').ok_or(refusal)?;
        match host(text).is_some() && !port.is_empty() && !port.ends_with(']') {
            true => Ok(Target::Authority),
            false => Err(refusal),
        }
    }

    /// Reads the target of a request with any other method.
    pub fn parse(bytes: &'a [u8]) -> Result<Target<'a>, Refusal> {
        let text = visible(bytes)?;
        if text == "*" {
            return Ok(Target::Asterisk);
        }
        if bytes.contains(&b'#') {
            return Err(Refusal::bad("a target has no fragment"));
        }
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        // A query may hold any `%`: browsers send it as it was typed (`?q=100%`), and it names no file.
        if !is_percent_encoded(path) {
            return Err(Refusal::bad("a % in the path without two hexadecimal digits"));
        }
        if path.starts_with('/') {
            return Ok(Target::Path { path, query, host: None });
        }
        let (host, path) = split_absolute(path).ok_or(Refusal::bad("this is not a request target"))?;
        Ok(Target::Path { path, query, host: Some(host) })
    }
}

/// Whether `pair`, such as `archive=zip`, is one of the pairs of a query.
pub fn has_pair(query: Option<&str>, pair: &str) -> bool {
    query.is_some_and(|query| query.split('&').any(|said| said == pair))
}

/// The host and the path of `http://authority/path`. An empty path becomes `/`.
fn split_absolute(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host(authority).filter(|_| scheme.eq_ignore_ascii_case("http"))?;
    Some((host, if path.is_empty() { "/" } else { path }))
}

/// The host of `host` or `host:port`, as in an http URI; `None` where the text is malformed. The host is a name or an
/// address and not empty. User information is malformed (RFC 9110 §4.2.4). The port fits 16 bits, or is empty.
pub fn host(text: &str) -> Option<&str> {
    let bracket = text.starts_with('[').then(|| text.bytes().position(|byte| byte == b']')).flatten();
    let host_end = match bracket {
        Some(at) => at + 1,
        None => text.bytes().position(|byte| byte == b':').unwrap_or(text.len()),
    };
    let (host, port) = text.split_at(host_end);
    let is_good = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    let port_is_good = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    (is_good && port_is_good).then_some(host)
}

/// Whether `text` is a host name. Most names pass the first test alone.
fn is_name(text: &str) -> bool {
    let is_one_label = !text.is_empty() && LABEL.has_all(text.as_bytes());
    is_one_label || are_labels(text) || is_encoded_name(text)
}

/// Whether `name` is labels with dots between them, and maybe a final dot. No label is empty (RFC 1034 §3.1).
fn are_labels(name: &str) -> bool {
    let mut labels = name.strip_suffix('.').unwrap_or(name).as_bytes().split(|byte| *byte == b'.');
    labels.all(|label| !label.is_empty() && LABEL.has_all(label))
}

/// Whether `text` is a host name with percent-encoded bytes. An encoded dot is a dot (RFC 3986 §6.2.2.2); any other
/// encoded byte is taken for a letter.
fn is_encoded_name(text: &str) -> bool {
    let name = || text.replace("%2e", ".").replace("%2E", ".").replace('%', "");
    is_percent_encoded(text) && are_labels(&name())
}

fn is_port(text: &str) -> bool {
    text.is_empty() || (text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok())
}

/// `bytes` as text; 400 where a byte is not a visible ASCII character.
pub(super) fn visible(bytes: &[u8]) -> Result<&str, Refusal> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text),
        _ => Err(Refusal::bad("a target holds visible ASCII characters only")),
    }
}

/// Whether every `%` is followed by two hexadecimal digits.
fn is_percent_encoded(text: &str) -> bool {
    let mut parts = text.as_bytes().split(|&byte| byte == b'%');
    parts.next();
    parts.all(|part| part.len() >= 2 && part[..2].iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let path = |path, query| Some(Target::Path { path, query, host: None });
        let absolute = |host, path, query| Some(Target::Path { path, query, host: Some(host) });
        let table = [
            ("/", path("/", None)),
            ("/a/b.html?x=1?y", path("/a/b.html", Some("x=1?y"))),
            ("/?", path("/", Some(""))),
            ("//a", path("//a", None)),
            ("/%41%2fb", path("/%41%2fb", None)),
            ("/[a]|^{}", path("/[a]|^{}", None)),
            ("*", Some(Target::Asterisk)),
            ("http://a", absolute("a", "/", None)),
            ("http://a?q", absolute("a", "/", Some("q"))),
            ("HTTP://a.b:80/c?d", absolute("a.b", "/c", Some("d"))),
            ("http://[::1]:8080/c", absolute("[::1]", "/c", None)),
            ("http:///c", None),
            ("http://u@a/c", None),
            ("http://a:b/c", None),
            ("http://a./c", absolute("a.", "/c", None)),
            ("http://a..b/c", None),
            ("http://.", None),
            ("http:/c", None),
            ("ftp://a/c", None),
            ("https://a/c", None),
            ("a", None),
            ("a:80", None),
            ("**", None),
            ("", None),
            ("/a#b", None),
            ("/%", None),
            ("/%4", None),
            ("/%4g", None),
            ("/%?q", None),
            ("/%4?4", None),
            ("/?%", path("/", Some("%"))),
            ("/?q=100%", path("/", Some("q=100%"))),
            ("/%41?%zz&%4", path("/%41", Some("%zz&%4"))),
            ("/a?b?%", path("/a", Some("b?%"))),
            ("http://a?%", absolute("a", "/", Some("%"))),
            ("http://a/b?100%", absolute("a", "/b", Some("100%"))),
            ("http://a/%?b", None),
            ("http://%/?b", None),
            ("/\u{e9}", None),
            ("/a\tb", None),
        ];
        for (text, expected) in table {
            assert_eq!(Target::parse(text.as_bytes()).ok(), expected, "{text}");
        }
    }

    #[test]
    fn connect_takes_an_authority_with_a_port() {
        for (text, good) in [
            ("a:80", true),
            ("[::1]:80", true),
            ("a.:80", true),
            ("a..:80", false),
            (".:80", false),
            ("a", false),
            ("a:", false),
            ("[::1]", false),
            ("/", false),
            ("http://a:80/", false),
            ("u@a:80", false),
        ] {
            assert_eq!(Target::parse_for_connect(text.as_bytes()).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn authorities() {
        for (authority, expected) in [
            ("a", "a"),
            ("a.b", "a.b"),
            ("a:80", "a"),
            ("a:", "a"),
            ("a:0", "a"),
            ("a:65535", "a"),
            ("127.0.0.1:1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[::1]:80", "[::1]"),
            ("[::1]:", "[::1]"),
            ("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"),
            ("x_y~z", "x_y~z"),
            ("%41", "%41"),
            ("a.", "a."),
            ("a.b.:80", "a.b."),
            ("1.2.3.4.", "1.2.3.4."),
            ("a%2eb", "a%2eb"),
            ("a%2E", "a%2E"),
        ] {
            assert_eq!(host(authority), Some(expected), "{authority}");
        }
        for bad in [
            "",
            ":80",
            "a:65536",
            "a:+1",
            "a:-1",
            "a:8 0",
            "a:b",
            "a b",
            "a/b",
            "u@a",
            "a@",
            "[::1",
            "::1",
            "[]",
            "[::1]80",
            "[::1]x",
            "[::g]",
            "[1.2.3.4]",
            "[fe80::1%25eth0]",
            "a,b:c",
            "a\\b",
            "a?b",
            "a#b",
            "%4",
            "%zz",
            "[::1]:x",
            "[[::1]]",
            "a:1:2",
            "\u{e9}",
            ".",
            "..",
            ".:80",
            ".a",
            "..a",
            "a..",
            "a..b",
            "a.b..:80",
            "%2e",
            "%2E.",
            "a.%2e",
            "a%2e.b",
            "a%2E%2eb",
            ".%41",
            "%2e%41",
        ] {
            assert_eq!(host(bad), None, "{bad}");
        }
    }
}
