//! The real [`Kernel`]: one mio `Poll`, which is one epoll instance, with everything registered in it.

use super::kernel::{Interest, Kernel, Ready, Token};
use super::signals::Signals;
use crate::conn::Id;
use crate::conn::transport::Readiness;
use crate::os::peer::Peer;
use crate::service::DoorId;
use log::trace;
use mio::event::Event;
use mio::net::{TcpListener, UnixListener};
use mio::unix::SourceFd;
use mio::{Events, Poll};
use std::io;
use std::net;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix;
use std::time::{Duration, Instant, SystemTime};

/// Events that one wait brings; the rest come with the next. All of them are read before one is answered, so this
/// bounds the memory that takes.
const EVENTS_MAX: usize = 256;

const SIGNALS: mio::Token = mio::Token(usize::MAX);

const CHANGES: mio::Token = mio::Token(usize::MAX - 1);

/// The word of the first door; those of the others follow. The upper half of a word that belongs to a connection is its key,
/// which is never that high.
const FIRST_DOOR: usize = usize::MAX << HALF;

/// A poll, the listeners and the signals.
pub struct Epoll {
    poll: Poll,
    events: Events,
    /// One for each door, in the order of their numbers; none any more when the server stops.
    listeners: Vec<Listener>,
    signals: Option<Signals>,
}

/// Where clients connect.
pub enum Listener {
    /// By TCP.
    Tcp(TcpListener),
    /// From this machine, by a Unix socket.
    Unix(UnixListener),
}

impl Epoll {
    /// Takes what comes to `listeners`, which are non-blocking: one for each door of the service, in the same order.
    pub fn on(listeners: impl IntoIterator<Item = Listener>) -> io::Result<Epoll> {
        let poll = Poll::new()?;
        let mut listeners: Vec<_> = listeners.into_iter().collect();
        for (door, listener) in listeners.iter_mut().enumerate() {
            let (token, readable) = (mio::Token(FIRST_DOOR + door), mio::Interest::READABLE);
            match listener {
                Listener::Tcp(listener) => poll.registry().register(listener, token, readable)?,
                Listener::Unix(listener) => poll.registry().register(listener, token, readable)?,
            }
        }
        Ok(Epoll { poll, events: Events::with_capacity(EVENTS_MAX), listeners, signals: None })
    }

    /// Stops gently at the first SIGINT or SIGTERM, and at once at the second.
    pub fn handle_signals(&mut self) -> io::Result<()> {
        let mut signals = Signals::new()?;
        self.poll.registry().register(signals.source(), SIGNALS, mio::Interest::READABLE)?;
        self.signals = Some(signals);
        Ok(())
    }

    /// Tells of changes of files, which `descriptor` has ([`Watcher::descriptor`](crate::site::Watcher::descriptor)).
    pub fn handle_changes(&mut self, descriptor: BorrowedFd<'_>) -> io::Result<()> {
        let source = &mut SourceFd(&descriptor.as_raw_fd());
        self.poll.registry().register(source, CHANGES, mio::Interest::READABLE)
    }
}

impl From<net::TcpListener> for Listener {
    fn from(listener: net::TcpListener) -> Listener {
        Listener::Tcp(TcpListener::from_std(listener))
    }
}

impl From<unix::net::UnixListener> for Listener {
    fn from(listener: unix::net::UnixListener) -> Listener {
        Listener::Unix(UnixListener::from_std(listener))
    }
}

impl Kernel for Epoll {
    /// A socket of any kind: accepted, they are read, written and watched alike.
    type Socket = OwnedFd;

    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        let timeout = timeout.map_or(-1, |timeout| timeout.as_micros().div_ceil(1000) as i64);
        trace!("epoll_wait(timeout {timeout} ms) = {} events", self.events.iter().count());
        for event in &self.events {
            match event.token() {
                CHANGES => ready.push(Ready::Changes),
                SIGNALS => {
                    let count = self.signals.as_mut().map_or(0, Signals::pending);
                    ready.extend(std::iter::repeat_n(Ready::Signal, count));
                }
                mio::Token(word) if word >= FIRST_DOOR => {
                    ready.push(Ready::Listener(DoorId(word - FIRST_DOOR)));
                }
                token => ready.push(Ready::Socket(unpack(token), readiness(event))),
            }
        }
        Ok(())
    }

    fn accept(&mut self, DoorId(door): DoorId) -> io::Result<(OwnedFd, Peer)> {
        match self.listeners.get(door) {
            Some(Listener::Tcp(listener)) => {
                listener.accept().map(|(socket, peer)| (socket.into(), peer.into()))
            }
            Some(Listener::Unix(listener)) => {
                listener.accept().map(|(socket, _)| (socket.into(), Peer::Unix))
            }
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn doors(&self) -> Option<usize> {
        Some(self.listeners.len())
    }

    fn stop_listening(&mut self) {
        self.listeners.clear();
    }

    fn register(
        &mut self,
        socket: &mut OwnedFd,
        token: Token,
        before: Interest,
        now: Interest,
    ) -> io::Result<()> {
        let (events, interest) = match now {
            Interest::ReadWrite => ("IN | OUT", mio::Interest::READABLE | mio::Interest::WRITABLE),
            _ => ("IN", mio::Interest::READABLE),
        };
        let call = if before == Interest::None { "ADD" } else { "MOD" };
        trace!("{} epoll_ctl(EPOLL_CTL_{call}, {events} | RDHUP | ET)", token.id);
        let socket = &mut SourceFd(&socket.as_raw_fd());
        match before {
            Interest::None => self.poll.registry().register(socket, pack(token), interest),
            _ => self.poll.registry().reregister(socket, pack(token), interest),
        }
    }

    fn now(&self) -> (Instant, SystemTime) {
        (Instant::now(), SystemTime::now())
    }
}

/// An error or a hang-up alone is neither readable nor writable: trying finds out what it was.
fn readiness(event: &Event) -> Readiness {
    let try_it = event.is_error();
    Readiness {
        readable: event.is_readable() || event.is_read_closed() || try_it,
        writable: event.is_writable() || event.is_write_closed() || try_it,
        peer_closed: event.is_read_closed() || try_it,
    }
}

const HALF: u32 = usize::BITS / 2;

// Half a word is too little for the number of a connection where a word has 32 bits.
const _: () = assert!(usize::BITS >= u64::BITS, "this server needs words of 64 bits");

/// Key and number side by side in one word.
fn pack(Token { key, id: Id(number) }: Token) -> mio::Token {
    mio::Token(key << HALF | (number as usize & ((1 << HALF) - 1)))
}

fn unpack(mio::Token(word): mio::Token) -> Token {
    Token { key: word >> HALF, id: Id((word & ((1 << HALF) - 1)) as u32) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::limits::Limits;

    #[test]
    fn tokens_survive_the_way_through_the_kernel() {
        for token in [(0, 0), (1, 2), (65_535, u32::MAX)].map(|(key, id)| Token { key, id: Id(id) }) {
            assert_eq!(unpack(pack(token)), token);
        }
        let mio::Token(highest) = pack(Token { key: Limits::CONNECTIONS_MAX, id: Id(u32::MAX) });
        assert!(highest < FIRST_DOOR);
    }
}
