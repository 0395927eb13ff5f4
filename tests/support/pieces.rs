//! A connection without a socket: bytes arrive in pieces, the next one only after everything before it was
//! read and the connection waits, and time stands where the test puts it.

use onepoll::conn::context::Context;
use onepoll::conn::transport::{Follow, Readiness, Transport};
use onepoll::conn::{Connection, Id, Verdict, Wait};
use onepoll::os::peer::Peer;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::service::{self, DoorId, Service};
use onepoll::site::{Policy, Site};
use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// What serves `root` at a time that never changes, so that all answers carry one date.
pub fn context(root: &Path, limits: Limits) -> Context {
    context_for(Hosts::Any, root, limits)
}

/// The same for these hosts and no others.
pub fn context_for(hosts: Hosts, root: &Path, limits: Limits) -> Context {
    let site = Site::open(root, Policy::default()).unwrap();
    context_of(Service::new(site).hosts(hosts).limits(limits))
}

/// The same for this service.
pub fn context_of(service: Service) -> Context {
    Context::new(service, Instant::now(), UNIX_EPOCH)
}

/// Everything that is answered to `pieces` and a half-close behind them.
pub fn answer<'a>(pieces: impl Iterator<Item = &'a [u8]>, context: &mut Context) -> Vec<u8> {
    let mut client = Client::connect(context);
    for piece in pieces {
        client.send(piece, context);
    }
    client.end(context);
    client.answered()
}

/// The other end of a [`Connection`].
pub struct Client {
    connection: Connection<Pipe>,
    verdict: Verdict,
    connected: Instant,
}

impl Client {
    /// Connects, and waits until the connection does.
    pub fn connect(context: &mut Context) -> Client {
        let peer = Peer::Tcp((Ipv4Addr::LOCALHOST, 50_000).into());
        let client = service::Client { id: Id(0), peer, door: DoorId::FIRST };
        let connection = Connection::new(Pipe::default(), client, context.now);
        let mut client = Client { connection, verdict: Verdict::Again, connected: context.now };
        client.turn(Readiness::UNKNOWN, context);
        client
    }

    /// Sends `bytes`, and waits until they were read and the connection waits again, or is over.
    pub fn send(&mut self, bytes: &[u8], context: &mut Context) {
        self.connection.transport().coming.extend_from_slice(bytes);
        self.turn(Readiness::UNKNOWN, context);
    }

    /// Ends what it sends. Nobody waits for anything after that.
    pub fn end(&mut self, context: &mut Context) {
        self.connection.transport().ended = true;
        self.turn(Readiness { peer_closed: true, ..Readiness::UNKNOWN }, context);
        assert_eq!(self.verdict, Verdict::Closed, "the client has ended, and all of its bytes were read");
    }

    /// What was answered since this was asked last.
    pub fn answered(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.connection.transport().answered)
    }

    /// Whether the connection is over on the server's side, or nothing more will be sent.
    pub fn is_shut(&mut self) -> bool {
        self.verdict == Verdict::Closed || self.connection.transport().shut
    }

    /// What the connection waits for, and at what time since it was made this wait began.
    pub fn waits(&self) -> (Wait, Duration) {
        let (wait, since) = self.connection.waits();
        (wait, since - self.connected)
    }

    /// What a loop does when an event comes.
    fn turn(&mut self, readiness: Readiness, context: &mut Context) {
        if self.verdict == Verdict::Closed {
            return;
        }
        self.connection.note_readiness(readiness);
        self.verdict = Verdict::Again;
        while self.verdict == Verdict::Again {
            context.begin_turn(context.now, UNIX_EPOCH);
            self.verdict = self.connection.drive(context);
        }
        assert_eq!(context.panics, 0, "a bug has ended the connection");
        let is_let_go = self.verdict == Verdict::Closed || !self.connection.transport().held_back;
        assert!(is_let_go, "nothing follows what was said to be followed");
    }
}

/// A transport that takes everything and gives what came.
#[derive(Default)]
struct Pipe {
    coming: Vec<u8>,
    ended: bool,
    answered: Vec<u8>,
    /// Whether what was sent last waits in the kernel for more that was said to follow.
    held_back: bool,
    shut: bool,
}

impl Transport for Pipe {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.coming.is_empty() && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.coming.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.coming[..count]);
        self.coming.drain(..count);
        Ok(count)
    }

    fn send(&mut self, bytes: &[u8], follow: Follow) -> io::Result<usize> {
        assert!(!self.shut, "nothing is sent after the end");
        self.answered.extend_from_slice(bytes);
        self.held_back = follow == Follow::More;
        Ok(bytes.len())
    }

    fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize> {
        let mut bytes = vec![0; count];
        let count = file.read_at(&mut bytes, offset)?;
        self.send(&bytes[..count], Follow::Nothing)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.held_back = false;
        self.shut = true;
        Ok(())
    }
}
