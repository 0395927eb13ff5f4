//! Several reactors on one port, each with one thread and a cache of its own, as if several processes ran with
//! `--reuse-port`. They share nothing. The kernel deals new connections out by a hash of their addresses. A
//! connection stays with its reactor, even while that one is busy and another is idle.

use super::{Setting, reactor};
use onepoll::reactor::listener::Sharing;
use std::io;
use std::net::SocketAddr;
use std::thread;

/// Starts to serve, and gives the address.
pub fn start(setting: &Setting, reactors: usize) -> io::Result<SocketAddr> {
    let first = setting.listen(Sharing::Shared)?;
    let address = first.local_addr()?;
    let same = Setting { address, root: setting.root.clone(), limits: setting.limits.clone() };
    let others = (1..reactors).map(|_| same.listen(Sharing::Shared));
    for listener in std::iter::once(Ok(first)).chain(others) {
        let (listener, service) = (listener?, setting.service()?);
        thread::spawn(move || reactor::run(listener, service));
    }
    Ok(address)
}
