//! What one request costs without a socket: `cargo bench --bench micro`. Compare figures of one run only.

use divan::{Bencher, black_box};
use onepoll::conn::transport::{Follow, Transport};
use onepoll::conn::{Connection, Id};
use onepoll::context::{Context, Service};
use onepoll::hosts::Hosts;
use onepoll::http::HeadLimits;
use onepoll::http::fields::Slots;
use onepoll::http::lines::HeadScan;
use onepoll::http::range::select;
use onepoll::http::request::Request;
use onepoll::http::response::Head;
use onepoll::http::status::Status;
use onepoll::http::version::Persistence;
use onepoll::limits::Limits;
use onepoll::site::{Policy, Site};
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant, SystemTime};

/// What a browser sends, near enough.
const HEAD: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: Mozilla/5.0\r\n\
    Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en\r\n\
    Accept-Encoding: identity\r\nConnection: keep-alive\r\n\r\n";

fn main() {
    divan::main();
}

#[divan::bench]
fn find_the_end_of_a_head() -> bool {
    HeadScan::default().find(black_box(HEAD), &HeadLimits::default()).is_ok()
}

#[divan::bench]
fn parse_a_head() -> bool {
    Request::parse(black_box(HEAD), &mut Slots::new()).is_ok()
}

#[divan::bench]
fn select_ranges() -> usize {
    std::mem::size_of_val(&select(black_box(b"bytes=0-499, 1000-1499, -500"), 10_000))
}

#[divan::bench]
fn encode_a_head(bencher: Bencher) {
    let head = Head::new(Status::OK).field("Content-Type", "text/html; charset=utf-8");
    let mut out = Vec::with_capacity(1024);
    bencher.bench_local(|| {
        out.clear();
        let date = black_box("Sun, 06 Nov 1994 08:49:37 GMT");
        head.encode(&mut out, date, Some(1024), Persistence::KeepAlive);
    });
}

/// One request on a connection that stays, of a file that is kept in memory: all but the socket.
#[divan::bench]
fn answer_a_request(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("index.html"), [b'x'; 1024]).expect("a file can be written");
    // A file that was just written is not kept.
    std::thread::sleep(Duration::from_millis(100));
    let site = Site::open(folder.path(), Policy::default()).expect("the folder is there");
    let service = Service { site, hosts: Hosts::Any, limits: Limits::default() };
    let mut context = Context::new(service, Instant::now(), SystemTime::now());
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut connection = Connection::new(Echoless::default(), peer, Id(0), Instant::now());
    bencher.bench_local(|| {
        context.begin_turn(Instant::now(), SystemTime::now());
        connection.transport().asks = true;
        connection.learn(onepoll::conn::transport::Readiness::UNKNOWN);
        connection.drive(&mut context)
    });
}

/// Asks when it is told to, and forgets what is answered.
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
