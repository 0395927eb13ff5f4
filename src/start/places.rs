//! Which addresses the flags ask for, and how several sockets get the same port. Sockets are opened by a function that is
//! handed in.

use onepoll::os::addresses::is_broadcast;
use onepoll::os::is_missing_address;
use onepoll::reactor::listener::Families;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How often a port that the kernel picked is tried at the other addresses. Each try fails only where another program has
/// just that port at one of them.
const PORT_TRIES: usize = 64;

/// The addresses of one name, or one address. Of a name, this machine may lack some: they are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(pub Vec<SocketAddr>);

impl Place {
    /// The usual place, to which `localhost` leads: many programs try ::1 first.
    pub fn usual() -> Place {
        Place(vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()])
    }
}

/// The same places without the addresses that are there twice or that another one covers: of 127.0.0.1 and 0.0.0.0, the
/// second is left, and its rules hold. `::` does not cover addresses of IPv4: beside one of them it is for IPv6 alone.
pub fn without_doubles(places: Vec<Place>) -> Vec<Place> {
    let covered = covered(&places);
    let is_covered = |ip: IpAddr| covered.iter().any(|(part, _)| *part == ip);
    let mut seen = Vec::new();
    let mut keep = |address: &SocketAddr| {
        let known = (bare(address), link(address));
        let is_new = !seen.contains(&known) && !is_covered(known.0);
        seen.push(known);
        is_new
    };
    let kept =
        places.into_iter().map(|Place(addresses)| Place(addresses.into_iter().filter(&mut keep).collect()));
    kept.filter(|place| !place.0.is_empty()).collect()
}

/// The addresses that another one covers, each once, and which one that is.
pub fn covered(places: &[Place]) -> Vec<(IpAddr, IpAddr)> {
    let all: Vec<IpAddr> = places.iter().flat_map(|place| &place.0).map(bare).collect();
    let cover = |ip: IpAddr| {
        let is_it = |other: &&IpAddr| other.is_unspecified() && other.is_ipv4() == ip.is_ipv4();
        all.iter().find(is_it).filter(|_| !ip.is_unspecified()).map(|cover| (ip, *cover))
    };
    let mut covered = Vec::new();
    for pair in all.iter().filter_map(|ip| cover(*ip)) {
        if !covered.contains(&pair) {
            covered.push(pair);
        }
    }
    covered
}

/// The same address; one of IPv4 that is written as one of IPv6, as in ::ffff:127.0.0.1, becomes plain. A socket for the
/// other form takes clients of IPv4 only unless it is for IPv6 alone, and then cannot be bound at all.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    match bare(&address) {
        IpAddr::V4(ip) => (ip, address.port()).into(),
        IpAddr::V6(_) => address,
    }
}

/// Whether a client could connect to a socket at `address`: it is for one machine, and says on which link where it must.
pub fn can_have_clients(address: &SocketAddr) -> bool {
    let is_broadcast = matches!(address.ip(), IpAddr::V4(ip) if !ip.is_unspecified() && is_broadcast(ip));
    !address.ip().is_multicast() && !is_broadcast && !lacks_link(address)
}

/// Whether `address` may be on any link (RFC 4291 §2.5.6), and does not say on which.
pub fn lacks_link(address: &SocketAddr) -> bool {
    matches!(address, SocketAddr::V6(it) if it.ip().is_unicast_link_local() && it.scope_id() == 0)
}

/// For whom `::` is, where it is one of `places`.
pub fn families(places: &[Place]) -> Families {
    let has_ipv4 = places.iter().flat_map(|place| &place.0).any(|address| bare(address).is_ipv4());
    if has_ipv4 { Families::Ipv6Only } else { Families::Usual }
}

/// What was opened, or the address at which that failed.
pub type Opened<L> = Result<Vec<L>, (SocketAddr, io::Error)>;

/// Opens all places at one port. Where that is 0, the kernel picks one at the first address, and another one if the others
/// lack it. `open` gives what it opened, and its port.
pub fn open_all<L>(
    places: &[Place],
    port: u16,
    mut open: impl FnMut(SocketAddr) -> io::Result<(L, u16)>,
) -> Opened<L> {
    let mut opened = open_once(places, port, &mut open);
    for _ in 1..PORT_TRIES {
        match &opened {
            // At the first address the kernel picked a port that is free there.
            Err((address, error)) if port == 0 && address.port() != 0 && is_taken(error) => {
                opened = open_once(places, port, &mut open);
            }
            _ => break,
        }
    }
    opened
}

fn open_once<L>(
    places: &[Place],
    mut port: u16,
    open: &mut impl FnMut(SocketAddr) -> io::Result<(L, u16)>,
) -> Opened<L> {
    let mut opened = Vec::new();
    for Place(addresses) in places {
        let before = opened.len();
        let mut missing = None;
        for address in addresses {
            let mut address = *address;
            address.set_port(port);
            match open(address) {
                Ok((listener, real)) => {
                    opened.push(listener);
                    port = real;
                }
                Err(error) if is_missing_address(&error) => missing = Some((address, error)),
                Err(error) => return Err((address, error)),
            }
        }
        if let Some(missing) = missing.filter(|_| opened.len() == before) {
            return Err(missing);
        }
    }
    Ok(opened)
}

/// Whether another program has the port.
pub fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

fn bare(address: &SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}

/// On which link an address holds, where it holds on one only.
fn link(address: &SocketAddr) -> u32 {
    match address {
        SocketAddr::V4(_) => 0,
        SocketAddr::V6(address) => address.scope_id(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn place(addresses: &[&str]) -> Place {
        Place(addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect())
    }

    fn ips(places: Vec<Place>) -> Vec<String> {
        places.iter().flat_map(|place| &place.0).map(|address| address.ip().to_string()).collect()
    }

    #[test]
    fn addresses_are_kept_once_and_where_no_other_covers_them() {
        #[rustfmt::skip]
        let table: &[(&[&str], &[&str], Families)] = &[
            (&["127.0.0.1", "::1"],                  &["127.0.0.1", "::1"],   Families::Ipv6Only),
            (&["127.0.0.1", "127.0.0.1"],            &["127.0.0.1"],          Families::Ipv6Only),
            (&["127.0.0.1", "::ffff:127.0.0.1"],     &["127.0.0.1"],          Families::Ipv6Only),
            (&["127.0.0.1", "0.0.0.0", "10.0.0.1"],  &["0.0.0.0"],            Families::Ipv6Only),
            (&["::1", "0.0.0.0"],                    &["::1", "0.0.0.0"],     Families::Ipv6Only),
            (&["::1", "::", "::"],                   &["::"],                 Families::Usual),
            (&["::", "127.0.0.1"],                   &["::", "127.0.0.1"],    Families::Ipv6Only),
            (&["::", "0.0.0.0", "127.0.0.1", "::1"], &["::", "0.0.0.0"],      Families::Ipv6Only),
        ];
        for (given, kept, expected) in table {
            let alone = given.iter().map(|ip| place(&[ip])).collect();
            let places = without_doubles(alone);
            assert_eq!(families(&places), *expected, "{given:?}");
            assert_eq!(ips(places), *kept, "{given:?}");
            assert_eq!(ips(without_doubles(vec![place(given)])), *kept, "{given:?}");
        }
    }

    #[test]
    fn a_port_that_the_kernel_picks_is_one_that_all_addresses_have() {
        let picked = Cell::new(40_000);
        let free_from = |first| {
            picked.set(40_000);
            open_all(&[Place::usual(), place(&["127.0.0.2"])], 0, |address| match address.port() {
                0 => {
                    picked.set(picked.get() + 1);
                    Ok(((address.ip(), picked.get()), picked.get()))
                }
                port if address.is_ipv6() && port < first => Err(io::ErrorKind::AddrInUse.into()),
                port => Ok(((address.ip(), port), port)),
            })
        };
        let opened = free_from(40_010).unwrap();
        let ips: Vec<_> = opened.iter().map(|(ip, _)| ip.to_string()).collect();
        assert_eq!(ips, ["127.0.0.1", "::1", "127.0.0.2"]);
        assert!(opened.iter().all(|(_, port)| *port == 40_010), "{opened:?}");
        // It does not go on for ever.
        let (address, error) = free_from(u16::MAX).unwrap_err();
        assert_eq!((address.ip(), error.kind()), (Ipv6Addr::LOCALHOST.into(), io::ErrorKind::AddrInUse));
        assert_eq!(picked.get(), 40_000 + PORT_TRIES as u16);
    }

    #[test]
    fn of_a_name_addresses_that_this_machine_lacks_are_passed_over() {
        use rustix::io::Errno;
        for errno in [Errno::ADDRNOTAVAIL, Errno::AFNOSUPPORT] {
            let open = |address: SocketAddr| match address.is_ipv6() {
                true => Err(errno.into()),
                false => Ok((address, address.port())),
            };
            let usual = open_all(&[Place::usual()], 80, open).unwrap();
            assert_eq!(usual, [SocketAddr::from((Ipv4Addr::LOCALHOST, 80))]);
            // An address that was asked for itself is not.
            let (address, _) = open_all(&[Place::usual(), place(&["::2"])], 80, open).unwrap_err();
            assert_eq!(address.to_string(), "[::2]:80");
        }
    }
}
