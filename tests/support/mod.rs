//! What the tests share: a folder to serve, a server on a free port in a thread of its own, and a client that
//! speaks bytes and reads answers back.
//!
//! In which order to read; most tests need no more than the first three:
//!
//! | file | what is in it |
//! |---|---|
//! | `mod.rs` | [`folder`], [`serve`], [`connect`] and [`ask`]; an [`Answer`] taken apart |
//! | `patience.rs` | waiting for something, with a limit |
//! | `service.rs`, `visitor.rs` | one question; many questions on one connection, and gzip |
//! | `verdicts.rs` | whether a request is answered or refused, and the connection goes on |
//! | `misbehaviour.rs` | clients that reset, stop in the middle, or do not read |
//! | `pieces.rs` | a connection without a socket: its bytes come cut into pieces |
//! | `scripted.rs` | a whole loop without a socket: clients and a clock that do what the test has written down |
//! | `program.rs` | the program itself, its output and its end |
//! | `chunks.rs`, `unzip.rs` | content that comes in chunks; what is in an archive |
//! | `terminal.rs` | a terminal for the program to write to |
//! | `html.rs` | pieces of a page, and the words in them |
//! | `browser.rs`, `inspector.rs` | pages in Chromium; the inspector, and its page |
//! | `dice.rs`, `reference.rs` | chance that can be repeated; where a link leads, by RFC 3986 |
//! | `watch.rs` | names and ends a test that hangs |
//!
//! A test that must see what the loop asks of its kernel, or set its clock, writes an
//! [`Observer`](onepoll::inspect::Observer).

#![allow(dead_code, reason = "every test file uses its own part")]

pub mod patience;
pub mod service;
pub mod visitor;
pub mod verdicts;
pub mod misbehaviour;
pub mod pieces;
pub mod scripted;
pub mod program;
pub mod chunks;
pub mod unzip;
pub mod terminal;
pub mod html;
pub mod browser;
pub mod inspector;
pub mod dice;
pub mod reference;
pub mod watch;

use onepoll::reactor::Reactor;
use onepoll::reactor::epoll::Epoll;
use onepoll::reactor::kernel::Kernel;
use onepoll::reactor::listener::{Sharing, bind};
use onepoll::service::Service;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::site::{Policy, Site};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use tempfile::TempDir;
use watch::watch;

pub use patience::PATIENCE;

/// A folder with these files, gone when dropped.
pub fn folder(files: &[(&str, &[u8])]) -> TempDir {
    watch();
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

/// Bytes in which a hole, a repetition or a shift shows.
pub fn pattern(length: usize) -> Vec<u8> {
    let mut bytes = (0..251).collect::<Vec<u8>>().repeat(length / 251 + 1);
    bytes.truncate(length);
    bytes
}

/// Serves `root` until the test process ends.
pub fn serve(root: &Path, limits: Limits) -> SocketAddr {
    let (epoll, address) = listen();
    start(reactor(epoll, root, limits));
    address
}

/// The same by another policy than the default.
pub fn serve_by(root: &Path, policy: Policy) -> SocketAddr {
    let (epoll, address) = listen();
    start(reactor_by(epoll, root, policy, Limits::default()));
    address
}

/// An epoll that listens on a free port, and where: until a reactor is started, whoever connects waits.
pub fn listen() -> (Epoll, SocketAddr) {
    watch();
    let listener = bind("127.0.0.1:0".parse().unwrap(), Sharing::Alone).unwrap();
    let address = listener.local_addr().unwrap();
    (Epoll::on([listener.into()]).unwrap(), address)
}

/// What serves `root` by way of `kernel`, once it is turned.
pub fn reactor<K: Kernel>(kernel: K, root: &Path, limits: Limits) -> Reactor<K> {
    reactor_by(kernel, root, Policy::default(), limits)
}

/// The same by another policy than the default.
pub fn reactor_by<K: Kernel>(kernel: K, root: &Path, policy: Policy, limits: Limits) -> Reactor<K> {
    let site = Site::open(root, policy).unwrap();
    Reactor::new(kernel, Service::new(site).hosts(Hosts::Any).limits(limits))
}

/// Turns the loop in a thread of its own until the test process ends.
pub fn start<K: Kernel<Socket: Send> + Send + 'static>(mut reactor: Reactor<K>) {
    std::thread::spawn(move || {
        drop_overrides();
        reactor.run().unwrap()
    });
}

/// Root may read every file, whatever its mode. Without these two rights, which each thread has for itself
/// (capabilities(7)), modes mean to it what they mean to others, and a 403 can be seen.
fn drop_overrides() {
    let mut sets = capabilities(None).unwrap();
    sets.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    set_capabilities(None, sets).unwrap();
}

/// A connection that fails a test rather than hang it.
pub fn connect(address: SocketAddr) -> TcpStream {
    try_to_connect(address).unwrap_or_else(|error| panic!("no way to {address}: {error}"))
}

/// The same where perhaps nobody listens.
pub fn try_to_connect(address: SocketAddr) -> io::Result<TcpStream> {
    watch();
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Why a read of [`connect`]'s connection failed.
fn in_words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock => format!("nothing came for {PATIENCE:?}"),
        _ => error.to_string(),
    }
}

/// Everything that is answered to `bytes`, sent at once and followed by a half-close.
pub fn ask(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    read_to_end(stream)
}

/// Everything that is answered to `bytes` by a server that ends the connection of its own accord: our side
/// stays open.
pub fn ask_until_closed(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    read_to_end(stream)
}

/// What comes until the server ends.
pub fn read_to_end(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        let seen = bytes[..bytes.len().min(300)].escape_ascii();
        panic!("{} after {} bytes, which begin: {seen}", in_words(&error), bytes.len());
    }
    bytes
}

/// Everything that is answered to `bytes` that were here before the server of `root`, which ends the connection: however
/// slow the machine is, no time of the server's is up before they came.
pub fn ask_before_it_starts(root: &Path, limits: Limits, bytes: &[u8]) -> Vec<u8> {
    let (epoll, address) = listen();
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    start(reactor(epoll, root, limits));
    read_to_end(stream)
}

/// One response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a field, compared without case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Reads one response off `stream`, and nothing behind it. `method` says whether a body follows.
pub fn read_answer(stream: &mut impl Read, method: &str) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if let Err(error) = stream.read_exact(&mut byte) {
            panic!("{} after {:?}", in_words(&error), head.escape_ascii().to_string());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let status = head[9..12].parse().unwrap();
    let mut answer = Answer { status, head, body: Vec::new() };
    let has_body = method != "HEAD" && status >= 200 && status != 204 && status != 304;
    if has_body && answer.field("transfer-encoding") == Some("chunked") {
        // A byte at a time: what stands behind the last chunk is left.
        let mut chunks = chunks::Chunks::of(BufReader::with_capacity(1, stream));
        if let Err(error) = chunks.read_to_end(&mut answer.body) {
            panic!("{} in the chunks of {}", in_words(&error), answer.head);
        }
    } else if has_body {
        let length = answer.field("content-length").expect("a body has a Content-Length").parse().unwrap();
        answer.body.resize(length, 0);
        if let Err(error) = stream.read_exact(&mut answer.body) {
            panic!("{} in the body of {}", in_words(&error), answer.head);
        }
    }
    answer
}

/// Takes `bytes` apart into the responses to requests with these methods; they must be these and no more.
pub fn read_answers_to(bytes: &[u8], methods: &[&str]) -> Vec<Answer> {
    let mut rest = bytes;
    let answers = methods.iter().map(|method| read_answer(&mut rest, method)).collect();
    assert!(rest.is_empty(), "one answer too many: {}", rest.escape_ascii());
    answers
}

/// Takes `bytes` apart into the responses to GETs; they must be nothing but whole ones.
pub fn read_answers(bytes: &[u8]) -> Vec<Answer> {
    let mut rest = bytes;
    let mut answers = Vec::new();
    while !rest.is_empty() {
        answers.push(read_answer(&mut rest, "GET"));
    }
    answers
}
