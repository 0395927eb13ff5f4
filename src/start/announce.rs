//! What the program says on stdout when it serves.

use super::listen::Listening;
use crate::cli::Cli;
use crate::cli::refusal::shown;
use onepoll::inspect::PREFIX;
use onepoll::service::cors::{Cors, Credentials};
use onepoll::service::door::Folders;
use onepoll::service::prefix::Prefix;
use onepoll::site::Watching;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// What is said on stdout. The first line is made for scripts: they wait for it and find the real port in it.
pub fn announcement(cli: &Cli, listening: &[Listening]) -> String {
    let Some(Listening { address, door, .. }) = listening.first() else { return String::new() };
    let address = *address;
    let root = shown(&cli.root().canonicalize().unwrap_or(cli.root().to_owned()));
    let prefix = cli.prefix().map_or("", Prefix::text);
    let reach = match (address.ip().to_canonical().is_loopback(), reached_at(address)) {
        (true, _) => "to this machine only".to_owned(),
        (false, None) => "to everyone who can reach this machine".to_owned(),
        (false, Some(there)) => format!("to everyone who can reach this machine, at http://{there}{prefix}"),
    };
    let here = opened_at(address);
    let below = if prefix.is_empty() { String::new() } else { format!(" at http://{here}{prefix}") };
    let mut text =
        format!("Server is running on http://{here}\nServing {root}{below} {reach}; Ctrl-C stops it\n");
    let has_index = cli.index().iter().any(|index| cli.root().join(index).is_file());
    if door.folders == Folders::Offered && !has_index {
        let names: Vec<_> = cli.index().iter().map(|index| shown(index.as_ref())).collect();
        let names = names.join(" or ");
        let start = if prefix.is_empty() { "/" } else { prefix };
        text += &format!(
            "The folder has no {names} and is not listed, so {start} is 404; --listing on lists folders\n"
        );
    }
    text += &readers(&cli.cors);
    if cli.policy().watching == Watching::On {
        text += "Pages reload when what they use changes\n";
    }
    if cli.is_kept_in_vain() {
        text += "With --watch clients ask for every file again, whatever --cache and --header say\n";
    }
    if cli.inspect {
        text += &format!("Watch the loop at http://{here}{PREFIX}\n");
    }
    text
}

/// Whose pages may read what is served, where there are other pages that may.
fn readers(cors: &Cors) -> String {
    let (whose, credentials) = match cors {
        Cors::Off => return String::new(),
        Cors::Any => ("any site".to_owned(), Credentials::NotAllowed),
        Cors::Named(origins, credentials) => {
            (origins.iter().map(|origin| origin.text()).collect::<Vec<_>>().join(", "), *credentials)
        }
    };
    let also = if credentials == Credentials::Allowed { ", with credentials too" } else { "" };
    format!("Pages of {whose} may read what is served{also} (--cors)\n")
}

/// Where others reach a server that listens on every address: by the one that this machine has on its way to the rest of
/// the world, to which nothing is sent (RFC 5737 keeps the address that is named here for documents).
fn reached_at(listens: SocketAddr) -> Option<SocketAddr> {
    if !listens.ip().is_unspecified() {
        return None;
    }
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), listens.port())).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback()).then(|| SocketAddr::new(own, listens.port()))
}

/// Where this machine reaches a server that listens on `address`: one that stands for every address is none to open.
fn opened_at(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip().to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        _ => return address,
    };
    SocketAddr::new(ip, address.port())
}
