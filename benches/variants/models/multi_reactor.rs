//! N reactors on one port, each as single-threaded as the product and with a cache of its own, as if N processes were
//! run with `--reuse-port`. They share nothing: the kernel deals new connections out by a hash of their addresses, and
//! a connection stays where it was dealt, even while its reactor is busy and another has nothing to do.

use super::{Setting, reactor};
use onepoll::reactor::listener::Sharing;
use std::io;
use std::net::SocketAddr;
use std::thread;

/// Serves from now on, and says where.
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
