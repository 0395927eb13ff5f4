//! The real [`Kernel`]: one mio `Poll`, which is one epoll instance, with everything registered in it.

use super::kernel::{Interest, Kernel, Ready, Token};
use super::listener::{self, Sharing};
use super::signals::Signals;
use crate::conn::Id;
use crate::conn::transport::Readiness;
use log::trace;
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Poll};
use std::io;
use std::net::{self, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

/// Events that one wait brings; the rest come with the next. All of them are read before one is answered, so this
/// bounds the memory that takes.
const EVENTS_MAX: usize = 256;

const LISTENER: mio::Token = mio::Token(usize::MAX);
const SIGNALS: mio::Token = mio::Token(usize::MAX - 1);

/// A poll, the listener and the signals.
pub struct Epoll {
    poll: Poll,
    events: Events,
    listener: Option<TcpListener>,
    signals: Option<Signals>,
}

impl Epoll {
    /// Listens on `address`, alone.
    pub fn listen(address: SocketAddr) -> io::Result<Epoll> {
        Epoll::on(listener::bind(address, Sharing::Alone)?)
    }

    /// Takes what comes to `listener`, which is non-blocking.
    pub fn on(listener: net::TcpListener) -> io::Result<Epoll> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, mio::Interest::READABLE)?;
        let events = Events::with_capacity(EVENTS_MAX);
        Ok(Epoll { poll, events, listener: Some(listener), signals: None })
    }

    /// Stops gently at the first SIGINT or SIGTERM, and at once at the second.
    pub fn handle_signals(&mut self) -> io::Result<()> {
        let mut signals = Signals::new()?;
        self.poll.registry().register(signals.source(), SIGNALS, mio::Interest::READABLE)?;
        self.signals = Some(signals);
        Ok(())
    }

    /// Where it listens: the port that was chosen, where 0 was asked for.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        match &self.listener {
            Some(listener) => listener.local_addr(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Kernel for Epoll {
    type Socket = TcpStream;

    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        let timeout = timeout.map_or(-1, |timeout| timeout.as_micros().div_ceil(1000) as i64);
        trace!("epoll_wait(timeout {timeout} ms) = {} events", self.events.iter().count());
        for event in &self.events {
            match event.token() {
                LISTENER => ready.push(Ready::Listener),
                SIGNALS => {
                    let count = self.signals.as_mut().map_or(0, Signals::pending);
                    ready.extend(std::iter::repeat_n(Ready::Signal, count));
                }
                token => ready.push(Ready::Socket(unpack(token), readiness(event))),
            }
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.listener {
            Some(listener) => listener.accept(),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn stop_listening(&mut self) {
        self.listener = None;
    }

    fn register(
        &mut self,
        socket: &mut TcpStream,
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

    #[test]
    fn tokens_survive_the_way_through_the_kernel() {
        for token in [(0, 0), (1, 2), (65_535, u32::MAX)].map(|(key, id)| Token { key, id: Id(id) }) {
            assert_eq!(unpack(pack(token)), token);
        }
        assert_ne!(pack(Token { key: 65_535, id: Id(u32::MAX) }), LISTENER);
    }
}
