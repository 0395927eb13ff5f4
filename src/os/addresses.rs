//! The addresses of this machine (getifaddrs(3)).

use if_addrs::{IfAddr, Interface, get_if_addrs};
use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// By which addresses others reach this machine, in the order in which the kernel names them, each once: those of interfaces
/// that run. Left out are loopback addresses, and those of IPv6 that hold on one link: a browser cannot say which link it
/// means.
pub fn reachable() -> io::Result<Vec<IpAddr>> {
    let mut found = Vec::new();
    for address in get_if_addrs()?.iter().filter(|interface| is_for_others(interface)).map(Interface::ip) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    Ok(found)
}

/// Whether what is sent to `ip` goes to every machine of a network. A TCP socket can be bound to such an address, and no client
/// can connect to it. Which ones these are is known to the kernel: a UDP socket may not send there unless it asked for it
/// (EACCES; ip(7), SO_BROADCAST). Nothing is sent.
pub fn is_broadcast(ip: Ipv4Addr) -> bool {
    let try_it = || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?.connect((ip, 9));
    ip.is_broadcast() || try_it().is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

fn is_for_others(interface: &Interface) -> bool {
    let is_of_one_link = matches!(&interface.addr, IfAddr::V6(address) if address.is_link_local());
    interface.is_oper_up() && !interface.is_loopback() && !is_of_one_link
}
