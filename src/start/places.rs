//! Which addresses the flags ask for, and how several sockets get the same port. Sockets are opened by a function that is
//! handed in.

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
    let all: Vec<IpAddr> = places.iter().flat_map(|place| &place.0).map(bare).collect();
    let is_covered = |ip: IpAddr| {
        !ip.is_unspecified()
            && all.iter().any(|other| other.is_unspecified() && other.is_ipv4() == ip.is_ipv4())
    };
    let mut seen: Vec<SocketAddr> = Vec::new();
    let mut keep = |address: &SocketAddr| {
        let address = SocketAddr::new(bare(address), scope(address));
        let is_new = !seen.contains(&address) && !is_covered(address.ip());
        seen.push(address);
        is_new
    };
    let kept =
        places.into_iter().map(|Place(addresses)| Place(addresses.into_iter().filter(&mut keep).collect()));
    kept.filter(|place| !place.0.is_empty()).collect()
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

/// Which interface a link-local address is of.
fn scope(address: &SocketAddr) -> u16 {
    match address {
        SocketAddr::V4(_) => 0,
        SocketAddr::V6(address) => address.scope_id() as u16,
    }
}
