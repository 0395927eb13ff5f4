//! One keep-alive connection without a socket, for benchmarks: everything that a request costs, except system calls on
//! the socket.

use onepoll::conn::context::Context;
use onepoll::conn::transport::{Follow, Readiness, Transport};
use onepoll::conn::{Connection, Id, Verdict};
use onepoll::os::peer::Peer;
use onepoll::service::hosts::Hosts;
use onepoll::service::{Client, DoorId, Service};
use onepoll::site::{Policy, Site};
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

/// A request much like those of browsers.
pub const HEAD: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: Mozilla/5.0\r\n\
    Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en\r\n\
    Accept-Encoding: identity\r\nConnection: keep-alive\r\n\r\n";

/// A connection, and a site with a page of 1 KiB.
pub struct Visit {
    connection: Connection<Echoless>,
    context: Context,
    _folder: TempDir,
}

impl Visit {
    /// A connection to a new site. It has asked for the page once, so the page is in the cache.
    pub fn new() -> Visit {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::write(folder.path().join("index.html"), [b'x'; 1024]).expect("a file can be written");
        // A file that was written just now is not cached.
        std::thread::sleep(Duration::from_millis(100));
        let site = Site::open(folder.path(), Policy::default()).expect("the folder is there");
        let hosts = Hosts::Named(Vec::new());
        let service = Service::new(site).hosts(hosts);
        let context = Context::new(service, Instant::now(), SystemTime::now());
        let peer = Peer::Tcp((Ipv4Addr::LOCALHOST, 50_000).into());
        let client = Client { id: Id(0), peer, door: DoorId::FIRST };
        let connection = Connection::new(Echoless::default(), client, Instant::now());
        let mut visit = Visit { connection, context, _folder: folder };
        visit.request();
        visit
    }

    /// Serves one request, from its bytes to the bytes of its answer.
    pub fn request(&mut self) -> Verdict {
        self.context.begin_turn(Instant::now(), SystemTime::now());
        self.connection.transport().asks = true;
        self.connection.note_readiness(Readiness::UNKNOWN);
        self.connection.read_ahead(&mut self.context);
        self.connection.drive(&mut self.context)
    }
}

/// A transport that receives one request when `asks` is set, and drops the answer.
#[derive(Default)]
struct Echoless {
    asks: bool,
}

impl Transport for Echoless {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !std::mem::take(&mut self.asks) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buffer[..HEAD.len()].copy_from_slice(HEAD);
        Ok(HEAD.len())
    }

    fn send(&mut self, bytes: &[u8], _: Follow) -> io::Result<usize> {
        Ok(black_box(bytes).len())
    }

    fn send_file(&mut self, _: &File, _: u64, count: usize) -> io::Result<usize> {
        Ok(count)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }
}
