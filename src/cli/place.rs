//! Where to listen, as users write it: `127.0.0.1:9000`, `:9000` or `http://localhost:9000/` in one piece, though the
//! address and the port have a flag each.

use std::net::{IpAddr, SocketAddr};

/// A port to listen on.
pub fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| match Place::beside_a_name(text) {
        Some(place) if place.host.is_some() => format!("the address goes to --bind: {}", place.flags()),
        Some(place) => format!("the number alone: {}", place.flags()),
        None => format!("a number from 0 to {}", u16::MAX),
    })
}

/// An address to listen on. Whether this machine has it is known when it is tried.
pub fn bind(text: &str) -> Result<String, String> {
    let text = text.trim();
    let bare = bare(text);
    match Place::beside_a_name(text) {
        _ if bare.parse::<IpAddr>().is_ok() => Ok(text.to_owned()),
        Some(place) if place.port.is_some() => Err(format!("the port goes to --port: {}", place.flags())),
        Some(place) => Err(format!("the address alone: {}", place.flags())),
        None => Ok(text.to_owned()),
    }
}

/// An address without the brackets that it has in a URL.
pub fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Whether only this machine can reach `address`. An address of IPv4 may be written as one of IPv6.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether only this machine can reach `host`, as far as the text itself says.
pub fn is_of_this_machine_only(host: &str) -> bool {
    let bare = bare(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => is_loopback(address),
        Err(_) => bare.eq_ignore_ascii_case("localhost"),
    }
}

/// The flags for what `text` names, where that is a place to listen at and no folder.
pub fn flags_for(text: &str) -> Option<String> {
    Place::beside_a_name(text).map(|place| place.flags())
}

/// What a text names.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// None, where that is the default.
    host: Option<String>,
    port: Option<u16>,
}

impl Place {
    /// The same as [`Place::of`], unless `text` may just as well be the name of something else.
    fn beside_a_name(text: &str) -> Option<Place> {
        let is_one = text.parse::<IpAddr>().is_ok();
        let place = Place::of(text)?;
        (is_one || place.port.is_some() || place.host.as_deref() != Some(text)).then_some(place)
    }

    /// Reads an address, a port, or both.
    fn of(text: &str) -> Option<Place> {
        let schemeless = text.strip_prefix("http://").or(text.strip_prefix("https://"));
        let text = match schemeless {
            Some(text) => text.split('/').next().unwrap_or_default(),
            None => text,
        };
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Some(Place { host: Some(address.ip().to_string()), port: Some(address.port()) });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => match text.parse() {
                Ok(port) => ("", Some(port)),
                Err(_) => (text, None),
            },
        };
        let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        let host = match host {
            "" | "localhost" if port.is_some() => None,
            "*" | "+" => Some("0.0.0.0".to_owned()),
            _ if is_plain && host.starts_with(|first: char| first.is_ascii_alphanumeric()) => {
                Some(host.to_owned())
            }
            _ => return None,
        };
        Some(Place { host, port })
    }

    /// As flags.
    fn flags(&self) -> String {
        let host = self.host.iter().map(|host| format!("--bind {host}"));
        let port = self.port.iter().map(|port| format!("--port {port}"));
        host.chain(port).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_one_piece_is_two_flags() {
        #[rustfmt::skip]
        let table = [
            // text                     as a folder                      as --bind                            as --port
            ("9000",                    Some("--port 9000"),                Err("the port goes to --port: --port 9000"), Ok(9000)),
            (":9000",                   Some("--port 9000"),                Err("the port goes to --port: --port 9000"), Err("the number alone: --port 9000")),
            ("localhost:9000",          Some("--port 9000"),                Err("the port goes to --port: --port 9000"), Err("the number alone: --port 9000")),
            ("127.0.0.1:9000",          Some("--bind 127.0.0.1 --port 9000"), Err("the port goes to --port: --bind 127.0.0.1 --port 9000"), Err("the address goes to --bind: --bind 127.0.0.1 --port 9000")),
            ("[::1]:9000",              Some("--bind ::1 --port 9000"),     Err("the port goes to --port: --bind ::1 --port 9000"), Err("the address goes to --bind: --bind ::1 --port 9000")),
            ("*:80",                    Some("--bind 0.0.0.0 --port 80"),   Err("the port goes to --port: --bind 0.0.0.0 --port 80"), Err("the address goes to --bind: --bind 0.0.0.0 --port 80")),
            ("http://localhost:9000/a", Some("--port 9000"),                Err("the port goes to --port: --port 9000"), Err("the number alone: --port 9000")),
            ("http://10.0.0.1",         Some("--bind 10.0.0.1"),            Err("the address alone: --bind 10.0.0.1"), Err("the address goes to --bind: --bind 10.0.0.1")),
            ("*",                       Some("--bind 0.0.0.0"),             Err("the address alone: --bind 0.0.0.0"), Err("the address goes to --bind: --bind 0.0.0.0")),
            ("nowhere",                 None,                               Ok("nowhere"),   Err("a number from 0 to 65535")),
            ("127.0.0.1",               Some("--bind 127.0.0.1"),           Ok("127.0.0.1"), Err("the address goes to --bind: --bind 127.0.0.1")),
            ("a/b",                     None,                               Ok("a/b"),       Err("a number from 0 to 65535")),
            ("::1",                     None,                               Ok("::1"),       Err("a number from 0 to 65535")),
            ("[::1]",                   None,                               Ok("[::1]"),     Err("a number from 0 to 65535")),
            ("fe80::1%2",               None,                               Ok("fe80::1%2"), Err("a number from 0 to 65535")),
            ("-1",                      None,                               Ok("-1"),        Err("a number from 0 to 65535")),
            ("65536",                   None,                               Ok("65536"),     Err("a number from 0 to 65535")),
            ("$(id):80",                None,                               Ok("$(id):80"),  Err("a number from 0 to 65535")),
            ("",                        None,                               Ok(""),          Err("a number from 0 to 65535")),
        ];
        for (text, folder, address, number) in table {
            assert_eq!(flags_for(text).as_deref(), folder, "{text}");
            assert_eq!(bind(text).as_deref().map_err(String::as_str), address, "{text}");
            assert_eq!(
                port(text).as_ref().map_err(String::as_str),
                number.as_ref().map_err(|why| *why),
                "{text}"
            );
        }
    }
}
