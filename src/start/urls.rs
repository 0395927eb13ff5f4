//! Which links lead to the server: for this machine, and for others.

use super::listen::Listening;
use crate::cli::{Cli, place};
use onepoll::os::addresses;
use onepoll::reactor::listener::takes_ipv4;
use onepoll::service::prefix::Prefix;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Where clients find the server.
pub struct Urls {
    /// Where this machine finds it first.
    pub here: SocketAddr,
    /// By which other loopback addresses this machine reaches it, if it was asked for these.
    pub also_here: Vec<SocketAddr>,
    /// By which other addresses other machines may reach it, the most likely one first.
    pub others: Vec<SocketAddr>,
    /// Which clients may come in.
    pub doors: Doors,
    /// The path of the start page: `/`, or the prefix.
    pub start: String,
}

/// Which clients may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// Those of this machine: each door is at a loopback address.
    Loopback,
    /// Others, too.
    Open,
}

impl Urls {
    /// The links to these doors. Addresses of this machine are looked up only where a door stands for all of them.
    pub fn to(listening: &[Listening], cli: &Cli) -> Option<Urls> {
        let mut of_doors = listening.iter().map(opened_at);
        let here = of_doors.clone().find(is_loopback).or_else(|| of_doors.next())?;
        let mut others: Vec<_> = listening.iter().flat_map(reached_at).collect();
        let also_here = match cli.bind.is_empty() {
            true => Vec::new(),
            false => {
                others.iter().filter(|address| is_loopback(address) && **address != here).copied().collect()
            }
        };
        others.retain(|address| !is_loopback(address) && *address != here);
        // More networks have IPv4. Sorting keeps the order of equal ones.
        others.sort_by_key(SocketAddr::is_ipv6);
        let start = cli.prefix().map_or("/", Prefix::text).to_owned();
        let is_open = listening.iter().any(|it| !is_loopback(&it.address));
        let doors = if is_open { Doors::Open } else { Doors::Loopback };
        Some(Urls { here, also_here, others, doors, start })
    }

    /// The link that other machines are most likely to reach; `None` if there is none.
    pub fn for_others(&self) -> Option<SocketAddr> {
        let mut all = std::iter::once(self.here).chain(self.others.iter().copied());
        all.find(|address| !is_loopback(address) && !is_of_one_link(&address.ip()))
    }

    /// The link to `path` of the site, at `address`; without a path, to its start page.
    pub fn at(&self, address: SocketAddr, path: &str) -> String {
        if self.start == "/" && path.is_empty() {
            return format!("http://{address}");
        }
        // A path may be written as a path of the server, too.
        let below = self.start.strip_prefix('/').unwrap_or_default();
        let is_start = format!("{path}/") == below;
        let path = if is_start { "" } else { path.strip_prefix(below).unwrap_or(path) };
        format!("http://{address}{}{path}", self.start)
    }
}

/// Whether only this machine reaches `address`.
pub fn is_loopback(address: &SocketAddr) -> bool {
    place::is_loopback(address.ip())
}

/// Where this machine reaches a door: an address that stands for every address is none to open. A machine may have no ::1
/// and yet have `::`, where IPv6 is switched off (net.ipv6.conf.all.disable_ipv6): clients of IPv4 come in there.
fn opened_at(door: &Listening) -> SocketAddr {
    let address = door.address;
    let ip = match address.ip().to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) if has_ipv6_loopback() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) if takes_ipv4(&door.listener) => Ipv4Addr::LOCALHOST.into(),
        _ => return address,
    };
    SocketAddr::new(ip, address.port())
}

/// Whether ::1 is an address of this machine.
fn has_ipv6_loopback() -> bool {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// By which addresses a door is reached. For a door at every address, these are all addresses that other machines may use: first
/// the addresses of this machine on its way to the rest of the world.
fn reached_at(door: &Listening) -> Vec<SocketAddr> {
    let ip = door.address.ip().to_canonical();
    if !ip.is_unspecified() {
        return vec![door.address];
    }
    let is_taken_in =
        |other: &IpAddr| other.is_ipv4() == ip.is_ipv4() || other.is_ipv4() && takes_ipv4(&door.listener);
    let own = [own_address(Ipv4Addr::UNSPECIFIED.into()), own_address(Ipv6Addr::UNSPECIFIED.into())];
    let mut found: Vec<_> = own.into_iter().flatten().collect();
    for address in addresses::reachable().unwrap_or_default() {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found.retain(is_taken_in);
    found.into_iter().map(|ip| SocketAddr::new(ip, door.address.port())).collect()
}

/// The address that this machine has on its way to the rest of the world, of the kind of `any`. Nothing is sent there: RFC 5737
/// and RFC 3849 keep the addresses that are named here for documents.
fn own_address(any: IpAddr) -> Option<IpAddr> {
    let far: IpAddr = match any {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((far, 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback() && !own.is_unspecified() && !is_of_one_link(&own)).then_some(own)
}

/// Whether a browser would have to say which link it means, and cannot.
fn is_of_one_link(ip: &IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}
