//! Where to listen: from the flags to sockets that are open.

use crate::cli::Cli;
use onepoll::reactor::listener;
use onepoll::service::door::Door;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

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
pub fn listen(cli: &Cli) -> Result<Vec<Listening>, String> {
    let address = address(cli)?;
    let listener = listener::bind(address, cli.sharing());
    let listener = listener.map_err(|error| no_listener(cli, address, &error))?;
    let local = listener.local_addr().map_err(|error| no_listener(cli, address, &error))?;
    Ok(vec![Listening { listener, address: local, door: cli.door(local.ip()) }])
}

fn address(cli: &Cli) -> Result<SocketAddr, String> {
    let host = cli.bind.trim_start_matches('[').trim_end_matches(']');
    let origin = cli.origin("bind");
    let unknown = || format!("{host:?} is no address of this machine{origin}; try --bind 127.0.0.1");
    let mut addresses = (host, cli.port).to_socket_addrs().map_err(|_| unknown())?;
    addresses.next().ok_or_else(unknown)
}

fn no_listener(cli: &Cli, address: SocketAddr, error: &io::Error) -> String {
    let port = address.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "{address} is in use by another program; choose another port with --port, 0 for any free one"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!("no permission to listen on port {port}; ports above 1023 need none: --port 8080")
        }
        io::ErrorKind::AddrNotAvailable => {
            let origin = cli.origin("bind");
            format!("{} is no address of this machine{origin}; try --bind 127.0.0.1", address.ip())
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}
