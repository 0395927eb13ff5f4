//! The address of a client: one type for all kinds of sockets, where std has one for each.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, SocketAddr};

/// The address that a client connects from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// A Unix socket of this machine. The client's end of it has no name.
    Unix,
}

impl Peer {
    /// The IP address, where the client has one.
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Peer::Tcp(address) => Some(address.ip()),
            Peer::Unix => None,
        }
    }

    /// Whether the client runs on this machine.
    pub fn is_local(self) -> bool {
        self.ip().is_none_or(|ip| ip.to_canonical().is_loopback())
    }

    /// The address as the access log has it: the same for all connections of a client.
    pub fn without_port(self) -> WithoutPort {
        WithoutPort(self)
    }
}

/// Shows a [`Peer`] without its port.
pub struct WithoutPort(Peer);

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Peer {
        Peer::Tcp(address)
    }
}

impl Display for Peer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address) => address.fmt(f),
            Peer::Unix => self.without_port().fmt(f),
        }
    }
}

/// A client of a Unix socket is written as nginx writes it, so that programs which read logs know it.
impl Display for WithoutPort {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.ip() {
            Some(ip) => ip.fmt(f),
            None => f.write_str("unix:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_of_this_machine_is_known() {
        let tcp = |address: &str| Peer::Tcp(address.parse().unwrap());
        for local in
            [tcp("127.0.0.1:1"), tcp("127.9.9.9:1"), tcp("[::1]:1"), tcp("[::ffff:127.0.0.1]:1"), Peer::Unix]
        {
            assert!(local.is_local(), "{local}");
        }
        for other in
            [tcp("192.168.1.7:1"), tcp("[::ffff:10.0.0.1]:1"), tcp("0.0.0.0:1"), tcp("[fe80::1%1]:1")]
        {
            assert!(!other.is_local(), "{other}");
        }
    }

    #[test]
    fn an_address_is_shown_with_its_port_and_without() {
        for (peer, whole, host) in [
            (Peer::Tcp(([127, 0, 0, 1], 80).into()), "127.0.0.1:80", "127.0.0.1"),
            (Peer::Tcp("[::1]:80".parse().unwrap()), "[::1]:80", "::1"),
            (Peer::Unix, "unix:", "unix:"),
        ] {
            assert_eq!(
                (peer.to_string(), peer.without_port().to_string()),
                (whole.to_owned(), host.to_owned())
            );
        }
    }
}
