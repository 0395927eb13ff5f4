//! Which hosts this server answers to.
//!
//! A hostile page in a browser may make its own name point to this machine, and then read the answers of a server here
//! (DNS rebinding). It cannot make the browser send another `Host` than its own name. So a server for one machine
//! answers to names that only mean this machine, to IP addresses, and to the names that the user allows.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The hosts that the server answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// All hosts.
    Any,
    /// `localhost` and the names below it, all IP addresses, and these names. Each is valid and has no port.
    Named(Vec<String>),
}

impl Hosts {
    /// Whether the server answers to `host`, which is valid and has no port.
    pub fn include(&self, host: &str) -> bool {
        let Hosts::Named(names) = self else { return true };
        let host = in_short(host);
        let is = |allowed: &String| host.eq_ignore_ascii_case(in_short(allowed));
        is_below_localhost(host) || is_address(host) || names.iter().any(is)
    }
}

/// `host` without the final dot that a fully qualified name may have.
pub fn in_short(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

fn is_address(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().is_ok(),
    }
}

/// Whether `host` is `localhost` or below it: RFC 6761 §6.3 reserves these names for the machine itself.
fn is_below_localhost(host: &str) -> bool {
    let (above, last) =
        host.split_at_checked(host.len().saturating_sub("localhost".len())).unwrap_or_default();
    last.eq_ignore_ascii_case("localhost") && (above.is_empty() || above.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_elsewhere_cannot_name_this_server() {
        let hosts = Hosts::Named(vec!["dev.example".to_owned(), "Full.example.".to_owned()]);
        for good in [
            "localhost",
            "LocalHost",
            "a.b.localhost",
            "localhost.",
            "127.0.0.1",
            "192.168.1.7",
            "[::1]",
            "dev.example",
            "DEV.example",
            "dev.example.",
            "full.example",
        ] {
            assert!(hosts.include(good), "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "127.1",
            "0x7f000001",
            "2130706433",
            "a.dev.example",
            "dev.example.evil",
            "example",
        ] {
            assert!(!hosts.include(bad), "{bad}");
        }
        assert!(Hosts::Any.include("evil.example"));
    }
}
