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

/// What is asked for.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "not every benchmark asks for all of them")]
pub enum Kind {
    /// A page that is in memory.
    Hit,
    /// 1 KiB of a file that is too large for that.
    Range,
    /// The page, which the client has already.
    NotModified,
}

/// A connection, and a site with a page of 1 KiB and a file of 1 MiB.
pub struct Visit {
    connection: Connection<Echoless>,
    context: Context,
    _folder: TempDir,
}

impl Visit {
    /// A connection to a new site. It has asked for the page and for what it is to ask for, so both are in the cache.
    pub fn asking(kind: Kind) -> Visit {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::write(folder.path().join("index.html"), [b'x'; 1024]).expect("a file can be written");
        std::fs::write(folder.path().join("large.bin"), vec![b'x'; 1 << 20]).expect("a file can be written");
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
        visit.connection.transport().request = HEAD.to_vec();
        visit.request();
        let head = String::from_utf8_lossy(HEAD);
        let request = match kind {
            Kind::Hit => head.into_owned(),
            Kind::Range => {
                let head = head.replace("index.html", "large.bin");
                head.replace("\r\n\r\n", "\r\nRange: bytes=500000-501023\r\n\r\n")
            }
            Kind::NotModified => {
                let answer = String::from_utf8_lossy(&visit.connection.transport().first).into_owned();
                let tag = answer.lines().find(|line| line.starts_with("ETag")).expect("the page has a tag");
                let condition = tag.replace("ETag", "If-None-Match");
                head.replace("\r\n\r\n", &format!("\r\n{condition}\r\n\r\n"))
            }
        };
        visit.connection.transport().request = request.into_bytes();
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

/// A transport that receives one request when `asks` is set, and drops all answers but the first.
#[derive(Default)]
struct Echoless {
    request: Vec<u8>,
    asks: bool,
    first: Vec<u8>,
}

impl Transport for Echoless {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !std::mem::take(&mut self.asks) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buffer[..self.request.len()].copy_from_slice(&self.request);
        Ok(self.request.len())
    }

    fn send(&mut self, bytes: &[u8], _: Follow) -> io::Result<usize> {
        if self.first.is_empty() {
            self.first = bytes.to_vec();
        }
        Ok(black_box(bytes).len())
    }

    fn send_file(&mut self, _: &File, _: u64, count: usize) -> io::Result<usize> {
        Ok(count)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }
}
