//! Flags in, exit codes out; everything between is in the library.

mod cli;

use cli::Cli;
use cli::place::flags_for;
use log::{debug, info};
use onepoll::inspect::{self, PREFIX};
use onepoll::os;
use onepoll::os::containment::{self, Containment, around, contain};
use onepoll::os::files::Links;
use onepoll::reactor::Reactor;
use onepoll::reactor::epoll::Epoll;
use onepoll::reactor::kernel::Kernel;
use onepoll::reactor::listener;
use onepoll::service::Service;
use onepoll::service::cors::{Cors, Credentials};
use onepoll::service::door::{Door, Folders};
use onepoll::service::prefix::Prefix;
use onepoll::service::reload::Reload;
use onepoll::site::{Site, Watcher, Watching};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::read();
    onepoll::log::start();
    match serve(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            // A user who closed stderr does not want to know.
            let _ = writeln!(io::stderr(), "onepoll: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until asked to stop. The error is one line that names the thing and the way out.
fn serve(cli: &Cli) -> Result<(), String> {
    let limits = cli.limits(os::raise_descriptor_limit());
    let address = address(cli)?;
    let door = cli.door(address.ip());
    let site = Site::open(cli.root(), cli.policy()).map_err(|error| no_site(cli, &error))?;
    let listener = listener::bind(address, cli.sharing());
    let listener = listener.map_err(|error| no_listener(cli, address, &error))?;
    let broken = |error: io::Error| format!("the event loop failed: {error}");
    let local = listener.local_addr().map_err(broken)?;
    let mut epoll = Epoll::on([listener.into()]).map_err(broken)?;
    epoll.handle_signals().map_err(broken)?;
    if let Some(descriptor) = site.watcher().and_then(Watcher::descriptor) {
        epoll.handle_changes(descriptor).map_err(broken)?;
    }
    if site.policy().links == Links::Anywhere {
        warn_of_links(cli.root());
    }
    let announcement = announcement(cli, local, &door);
    give_up(cli.root(), site.policy().links);
    let is_watched = site.watcher().is_some();
    let service = Service::new(site).doors([door]).limits(limits).fields(cli.fields());
    let service = cli.prefix().cloned().into_iter().fold(service, Service::below);
    let service = if is_watched { service.mount(Reload::default()) } else { service };
    // Two programs in one: without an inspector, the loop has no code for it.
    match cli.inspect {
        true => run(inspect::reactor(epoll, service), &announcement),
        false => run(Reactor::new(epoll, service), &announcement),
    }
    .map_err(broken)
}

/// Says that the program serves when nothing but the loop is left to be begun: a script that waits for the first line may
/// rely on all that comes before, on what is given up, too.
fn run<K: Kernel>(mut reactor: Reactor<K>, announcement: &str) -> io::Result<()> {
    // A user who closed stdout does not want to know.
    let mut out = io::stdout().lock();
    let _ = out.write_all(announcement.as_bytes()).and_then(|()| out.flush());
    drop(out);
    reactor.run()
}

/// Everything is open that serving needs but the files below the root, so the rest is given up. Where that cannot be, the
/// promises about the root are kept by what resolves names below it, as before.
fn give_up(root: &Path, links: Links) {
    let folders = match links {
        Links::Anywhere => Ok(vec!["/".into()]),
        Links::Inside | Links::None => around(root, containment::start().as_deref()),
    };
    match folders.and_then(|folders| Ok((contain(&folders)?, folders))) {
        Ok((Containment::Contained, folders)) => {
            debug!("contained: from now on this process reads below {folders:?} only")
        }
        Ok((Containment::Missing, _)) => info!("not contained: this kernel has no Landlock"),
        Err(error) => info!("not contained: {error}"),
    }
}

/// What is said on stdout. The first line is made for scripts: they wait for it and find the real port in it.
fn announcement(cli: &Cli, address: SocketAddr, door: &Door) -> String {
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

/// Not by way of the log, which may be turned down.
fn warn_of_links(root: &Path) {
    let root = shown(root);
    let _ = writeln!(
        io::stderr(),
        "onepoll: WARNING: --follow-links serves whatever links in {root} lead to, also outside of it"
    );
}

/// A path in one line, whatever it is made of.
fn shown(path: &Path) -> String {
    let escape =
        |char: char| if char.is_control() { char.escape_default().to_string() } else { char.to_string() };
    path.to_string_lossy().chars().map(escape).collect()
}

fn address(cli: &Cli) -> Result<SocketAddr, String> {
    let host = cli.bind.trim_start_matches('[').trim_end_matches(']');
    let origin = cli.origin("bind");
    let unknown = || format!("{host:?} is no address of this machine{origin}; try --bind 127.0.0.1");
    let mut addresses = (host, cli.port).to_socket_addrs().map_err(|_| unknown())?;
    addresses.next().ok_or_else(unknown)
}

fn no_site(cli: &Cli, error: &io::Error) -> String {
    let (root, origin) = (shown(cli.root()), cli.origin("dir"));
    match error.kind() {
        io::ErrorKind::NotFound => match flags_for(&root) {
            Some(flags) => format!("{root}: no such folder{origin}; to listen there: onepoll {flags}"),
            None => format!("{root}: no such folder{origin}; name one that exists: onepoll DIR"),
        },
        io::ErrorKind::NotADirectory => format!("{root}: not a folder{origin}; name the folder it is in"),
        io::ErrorKind::PermissionDenied => {
            format!(
                "{root}: no permission to look into this folder{origin}; serve another one, or change its mode"
            )
        }
        _ => format!("{root}: cannot be served{origin}: {error}"),
    }
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
