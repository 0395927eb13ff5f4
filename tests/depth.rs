//! How deep the calls of the kernel lie: the functions between a turn of the loop and recv(2) or send(2) are those that
//! `src/lib.rs` names, and no more.

mod support;

use onepoll::conn::transport::{Follow, Readiness, Transport};
use onepoll::os::peer::Peer;
use onepoll::reactor::Reactor;
use onepoll::reactor::kernel::{Interest, Kernel, Ready, Token};
use onepoll::service::hosts::Hosts;
use onepoll::service::{DoorId, Service};
use onepoll::site::{Policy, Site};
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};
use support::folder;

/// The most functions that may lie between.
const RECV_MOST: usize = 6;
const SEND_MOST: usize = 9;

/// One connection, and the functions that were on the stack when its socket was called.
#[derive(Default)]
struct World {
    comes: VecDeque<Vec<u8>>,
    token: Option<Token>,
    is_accepted: bool,
    recv: Vec<String>,
    send: Vec<String>,
}

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<World>>);

/// The names of this library's functions on the stack, from `turn` on.
fn stack() -> Vec<String> {
    let text = Backtrace::force_capture().to_string();
    let frames = text.lines().filter_map(|line| line.trim().split_once(": ").map(|(_, name)| name));
    let ours = frames.filter(|name| name.contains("onepoll::") && !name.contains("closure"));
    // A call by way of a trait of the standard library is a closure that is run.
    let ours = ours.filter(|name| !name.contains("core::") && !name.contains("std::"));
    let names = ours.filter_map(|name| name.rsplit("::").next().map(str::to_owned));
    let mut names: Vec<_> = names.take_while(|name| name != "turn").collect();
    names.reverse();
    names
}

impl Transport for Shared {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let world = &mut *self.0.borrow_mut();
        let bytes = world.comes.pop_front().ok_or(ErrorKind::WouldBlock)?;
        world.recv = stack();
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn send(&mut self, bytes: &[u8], _: Follow) -> io::Result<usize> {
        self.0.borrow_mut().send = stack();
        Ok(bytes.len())
    }

    fn send_file(&mut self, _: &File, _: u64, _: usize) -> io::Result<usize> {
        unreachable!("the file is in memory")
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kernel for Shared {
    type Socket = Shared;

    fn wait(&mut self, ready: &mut Vec<Ready>, _: Option<Duration>) -> io::Result<()> {
        let readable = Readiness { readable: true, ..Readiness::default() };
        ready.push(match self.0.borrow().token {
            Some(token) => Ready::Socket(token, readable),
            None => Ready::Listener(DoorId::FIRST),
        });
        Ok(())
    }

    fn accept(&mut self, _: DoorId) -> io::Result<(Shared, Peer)> {
        let was_accepted = std::mem::replace(&mut self.0.borrow_mut().is_accepted, true);
        match was_accepted {
            true => Err(ErrorKind::WouldBlock.into()),
            false => Ok((self.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)).into())),
        }
    }

    fn stop_listening(&mut self) {}

    fn register(&mut self, _: &mut Shared, token: Token, _: Interest, _: Interest) -> io::Result<()> {
        self.0.borrow_mut().token = Some(token);
        Ok(())
    }

    fn now(&self) -> (Instant, SystemTime) {
        (Instant::now(), SystemTime::now())
    }
}

/// The names of the functions that `src/lib.rs` has between `Reactor::turn` and `call`.
fn named(call: &str) -> Vec<String> {
    let doc = include_str!("../src/lib.rs").replace("//! ", "").replace('\n', " ");
    let (_, rest) = doc.split_once(&format!("o {call}: ")).expect("src/lib.rs says what lies between");
    let (list, _) = rest.split_once(". ").unwrap();
    let names = list.split(", ").map(|name| name.trim_matches('`').rsplit("::").next().unwrap().to_owned());
    names.collect()
}

#[test]
fn the_calls_of_the_kernel_lie_as_deep_as_the_crate_doc_says() {
    let root = folder(&[("index.html", b"hello")]);
    let shared = Shared::default();
    let service = Service::new(Site::open(root.path(), Policy::default()).unwrap()).hosts(Hosts::Any);
    let mut reactor = Reactor::new(shared.clone(), service);
    // The second request is the usual one: its connection is registered, and an event tells of it.
    for _ in 0..2 {
        shared.0.borrow_mut().comes.push_back(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec());
        reactor.turn(&mut Vec::new()).unwrap();
    }
    let World { recv, send, .. } = &*shared.0.borrow();
    assert_eq!((recv, send), (&named("recv(2)"), &named("send(2)")));
    assert!(recv.len() <= RECV_MOST && send.len() <= SEND_MOST, "{recv:?} {send:?}");
}

/// The table of `src/lib.rs` that says where the kernel is called.
#[test]
fn the_functions_that_call_the_kernel_are_where_the_crate_doc_says() {
    let doc = include_str!("../src/lib.rs")
        .split("//! # Where the loop and its sockets call the kernel")
        .nth(1)
        .unwrap();
    let rows = doc.split("//! # ").next().unwrap().lines().filter_map(|line| line.strip_prefix("//! | "));
    let mut count = 0;
    for row in rows.filter(|row| row.contains("(2) |")) {
        let quoted: Vec<_> = row.split('`').skip(1).step_by(2).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(quoted[0]);
        let source = std::fs::read_to_string(path).unwrap();
        // What stands in the cell behind the file is there; by which ways it is called is another matter.
        let named = row.split(',').next().unwrap().split('`').skip(3).step_by(2);
        for name in named.map(|name| name.rsplit("::").next().unwrap()) {
            let is_there =
                [format!("fn {name}("), format!("fn {name}<")].iter().any(|it| source.contains(it));
            assert!(is_there, "{} has no function {name}: {row}", quoted[0]);
            count += 1;
        }
    }
    assert!(count >= 7, "only {count} functions are named");
}
