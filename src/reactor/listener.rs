//! Accepting: where to listen, how many to take a turn, and what to do when no more can be held.

use crate::os;
use crate::os::sockets::defer_accept;
use crate::service::DoorId;
use log::{debug, warn};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

/// Connections that wait in the kernel to be accepted (listen(2)); the kernel has a bound of its own,
/// net.core.somaxconn.
pub const BACKLOG: usize = 4096;

/// How long a client may take for its first bytes before the connection is given to us without. Most send them at once, and
/// a loop that is woken for the connection and again for the request costs half as much CPU again for each of them.
const FIRST_BYTES: Duration = Duration::from_secs(1);

/// Connections accepted a turn: a storm of new clients does not hold up the old ones.
pub const ACCEPTS_PER_TURN: usize = 64;

/// How long accepting pauses when there is no descriptor, unless a connection ends before. Others may hold them, and
/// nothing tells when they let go.
const PAUSE: Duration = Duration::from_millis(200);

/// How often it is said that accepting pauses.
const WARNED_EVERY: Duration = Duration::from_secs(5);

/// Whether others may listen on the same port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// No other program may: a second server finds out that the port is taken.
    Alone,
    /// Other programs of the same user may that share it, too. The kernel deals new connections out among the programs by
    /// a hash of the addresses (socket(7), SO_REUSEPORT).
    Shared,
}

/// For which clients a socket on `::` listens (ipv6(7), IPV6_V6ONLY).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// For clients of IPv6, and of IPv4 where the system is set up so, which is nearly everywhere.
    Usual,
    /// For clients of IPv6. Sockets for IPv4 can listen on the same port.
    Ipv6Only,
}

/// A TCP socket that listens on `address`, non-blocking. The accepted ones inherit TCP_NODELAY (tcp(7)).
pub fn bind(address: SocketAddr, sharing: Sharing) -> io::Result<TcpListener> {
    bind_for(Families::Usual, address, sharing)
}

/// A TCP socket as [`bind`] makes it. Where `address` stands for every address, it is for clients of these families.
pub fn bind_for(families: Families, address: SocketAddr, sharing: Sharing) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Without it, a restart finds the port taken for as long as old connections linger in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::Shared)?;
    if families == Families::Ipv6Only && address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Answers leave as soon as they are written; what belongs together is joined with MSG_MORE instead.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    defer_accept(&socket, FIRST_BYTES)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG as i32)?;
    Ok(socket.into())
}

/// Whether clients of IPv4 reach a socket that listens on `::`.
pub fn takes_ipv4(listener: &TcpListener) -> bool {
    SockRef::from(listener).only_v6().is_ok_and(|only| !only)
}

/// A Unix socket that listens at `path`, non-blocking. The file of a server that is gone makes way. Between the look at
/// such a file and its removal another server may take the place, and would lose it: nothing but a lock could tell.
pub fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let address = SockAddr::unix(path)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_behind(path, &address)? => {
            fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        result => result?,
    }
    socket.listen(BACKLOG as i32)?;
    Ok(socket.into())
}

/// Whether `path` is a socket that no server listens at any more: a client is refused there. A server that has no time for
/// clients now leaves them waiting (EAGAIN).
fn is_left_behind(path: &Path, address: &SockAddr) -> io::Result<bool> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Ok(false);
    }
    let client = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    client.set_nonblocking(true)?;
    Ok(client.connect(address).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
}

/// Where to accept. The edge of a listener comes once for all clients that wait at its door, so what it said is kept until
/// accepting was tried there and no client was left.
#[derive(Debug, Default)]
pub struct Accepting {
    /// Doors at which clients may wait, each once. They take turns, one client each: no crowd at one door keeps the clients
    /// of another waiting.
    doors: VecDeque<DoorId>,
    pause: Pause,
    warned: Option<Instant>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Pause {
    #[default]
    No,
    /// Until a connection ends or can make room.
    ForRoom,
    /// No longer than that.
    Until(Instant),
}

impl Accepting {
    /// Clients may be waiting at `door`.
    pub fn note_readiness(&mut self, door: DoorId) {
        if !self.doors.contains(&door) {
            self.doors.push_back(door);
        }
    }

    /// The door whose turn it is, where accept is to be called now.
    pub fn next_door(&mut self, now: Instant) -> Option<DoorId> {
        if !self.is_due(now) {
            return None;
        }
        self.doors.rotate_left(1);
        self.doors.back().copied()
    }

    /// Whether accept is to be called now.
    pub fn is_due(&self, now: Instant) -> bool {
        !self.doors.is_empty()
            && match self.pause {
                Pause::No => true,
                Pause::ForRoom => false,
                Pause::Until(time) => time <= now,
            }
    }

    /// When to try again, where nothing but time may tell.
    pub fn deadline(&self) -> Option<Instant> {
        match self.pause {
            Pause::Until(time) if !self.doors.is_empty() => Some(time),
            _ => None,
        }
    }

    /// There is room for another again.
    pub fn resume(&mut self) {
        self.pause = Pause::No;
    }

    /// Every place is taken, by connections that cannot make room; one of them can at the time that is given.
    pub fn pause_for_room(&mut self, room_at: Option<Instant>, now: Instant) {
        let why = format_args!("every connection allowed is in use; new ones wait (--max-connections)");
        self.pause(room_at.map_or(Pause::ForRoom, Pause::Until), why, now);
    }

    /// An accept at `door` failed (accept(2), "Error handling").
    pub fn failed(&mut self, door: DoorId, error: &io::Error, now: Instant) {
        match error.kind() {
            io::ErrorKind::WouldBlock => self.doors.retain(|waiting| *waiting != door),
            io::ErrorKind::Interrupted => {}
            _ if os::is_of_one_client(error) => debug!("a client was gone before it was accepted: {error}"),
            _ => self.pause(Pause::Until(now + PAUSE), format_args!("accepting pauses: {error}"), now),
        }
    }

    /// Pauses, and says why, which may go on for long and is not said too often.
    fn pause(&mut self, pause: Pause, why: fmt::Arguments<'_>, now: Instant) {
        self.pause = pause;
        if self.warned.is_none_or(|before| now.duration_since(before) >= WARNED_EVERY) {
            warn!("{why}");
            self.warned = Some(now);
        }
    }
}
