//! Where to listen: from the flags to sockets that are open.

use super::places::{self, Opened, Place, families, is_taken, open_all};
use crate::cli::Cli;
use crate::cli::place::bare;
use onepoll::log::Log;
use onepoll::os::is_missing_address;
use onepoll::reactor::listener::{Sharing, bind_for};
use onepoll::service::door::Door;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::ops::RangeInclusive;

/// The ports that are tried in turn where the flags name none.
const USUAL_PORTS: RangeInclusive<u16> = 8080..=8099;

/// A socket that clients can connect to, and the rules that hold for them.
pub struct Listening {
    /// The socket.
    pub listener: TcpListener,
    /// Its address, with the real port.
    pub address: SocketAddr,
    /// Its rules.
    pub door: Door,
}

/// Opens the sockets that the flags ask for, in the order in which they are said. The error is a sentence.
pub fn listen(cli: &Cli, log: &Log) -> Result<Vec<Listening>, String> {
    let wanted = wanted(cli)?;
    let covered = places::covered(&wanted);
    let places = places::without_doubles(wanted);
    let usual = *USUAL_PORTS.start();
    let opened = match cli.port {
        Some(port) => open(cli, &places, port),
        // Programs that share a port must all have the same.
        None if cli.sharing() == Sharing::Shared => open(cli, &places, usual),
        None => first_free(cli, log, &places)?,
    };
    let opened = opened.map_err(|(address, error)| no_listener(cli, address, &error))?;
    for (part, whole) in covered {
        log.say(&format!("{part} is part of {whole}, whose rules hold"));
    }
    Ok(opened)
}

/// Opens a socket at each of `places`, all at the first of the usual ports that is free in all of them. Another port than the
/// first is told to the user, who may have that one open in a browser and would look at another server there.
fn first_free(cli: &Cli, log: &Log, places: &[Place]) -> Result<Opened<Listening>, String> {
    let (first, last) = USUAL_PORTS.into_inner();
    for port in USUAL_PORTS {
        match open(cli, places, port) {
            Err((_, error)) if is_taken(&error) => {}
            opened => {
                if port != first && opened.is_ok() {
                    log.say(&format!(
                        "port {first} is in use, so port {port} serves; --port N sets a fixed one"
                    ));
                }
                return Ok(opened);
            }
        }
    }
    Err(format!("ports {first} to {last} are all in use; choose another one with --port, 0 for any free one"))
}

fn open(cli: &Cli, places: &[Place], port: u16) -> Opened<Listening> {
    let families = families(places);
    open_all(places, port, |address| {
        let listener = bind_for(families, address, cli.sharing())?;
        let address = listener.local_addr()?;
        Ok((Listening { listener, address, door: cli.door(address.ip()) }, address.port()))
    })
}

/// Where the flags ask to listen; the ports are 0 still.
fn wanted(cli: &Cli) -> Result<Vec<Place>, String> {
    match cli.bind.is_empty() {
        true => Ok(vec![Place::usual()]),
        false => cli.bind.iter().map(|host| named(cli, host)).collect(),
    }
}

/// All addresses of a name, or one address. Of a name, those at which no client could connect are passed over.
fn named(cli: &Cli, host: &str) -> Result<Place, String> {
    let host = bare(host);
    let unknown = || no_address(cli, &format!("{host:?}"));
    let addresses = (host, 0).to_socket_addrs().map_err(|_| unknown())?;
    let (addresses, others): (Vec<_>, Vec<_>) =
        addresses.map(places::canonical).partition(places::can_have_clients);
    match (addresses.is_empty(), others.first()) {
        (false, _) => Ok(Place(addresses)),
        (true, None) => Err(unknown()),
        (true, Some(other)) if places::lacks_link(other) => {
            let (ip, origin) = (other.ip(), cli.origin("bind"));
            Err(format!("{ip} may be on any link{origin}; say which link: --bind {ip}%eth0"))
        }
        (true, Some(other)) => Err(no_address(cli, &other.ip().to_string())),
    }
}

fn no_address(cli: &Cli, named: &str) -> String {
    let origin = cli.origin("bind");
    format!("{named} is no address of this machine{origin}; try --bind 127.0.0.1")
}

fn no_listener(cli: &Cli, address: SocketAddr, error: &io::Error) -> String {
    let port = address.port();
    match error.kind() {
        _ if is_missing_address(error) => no_address(cli, &address.ip().to_string()),
        io::ErrorKind::AddrInUse => {
            format!(
                "{address} is in use by another program; choose another port with --port, 0 for any free one"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!("no permission to listen on port {port}; ports above 1023 need none: --port 8080")
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}
