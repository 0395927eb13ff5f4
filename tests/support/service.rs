//! Servers that answer to some hosts and not to others, and single questions to any server.

use super::watch::watch;
use super::{Answer, ask, listen, read_answers_to, start};
use onepoll::reactor::Reactor;
use onepoll::reactor::epoll::{Epoll, Listener};
use onepoll::reactor::listener::{Sharing, bind};
use onepoll::service::hosts::Hosts;
use onepoll::service::reload::Reload;
use onepoll::service::{Door, Service};
use onepoll::site::{Policy, Site, Watcher, Watching};
use std::net::SocketAddr;
use std::path::Path;

/// Serves `root` to those who ask for one of `hosts`, until the test process ends.
pub fn serve_to(hosts: Hosts, root: &Path) -> SocketAddr {
    let [address] = serve_by_doors([Door { hosts, ..Door::default() }], root);
    address
}

/// Serves `root` by these doors, each on a free port, until the test process ends.
pub fn serve_by_doors<const COUNT: usize>(doors: [Door; COUNT], root: &Path) -> [SocketAddr; COUNT] {
    watch();
    let any = "127.0.0.1:0".parse().unwrap();
    let listeners = [(); COUNT].map(|()| bind(any, Sharing::Alone).unwrap());
    let addresses = listeners.each_ref().map(|listener| listener.local_addr().unwrap());
    let epoll = Epoll::on(listeners.map(Listener::from)).unwrap();
    let site = Site::open(root, Policy::default()).unwrap();
    start(Reactor::new(epoll, Service::new(site).doors(doors)));
    addresses
}

/// Serves `root` as it is with `--watch`, until the test process ends.
pub fn serve_watched(root: &Path) -> SocketAddr {
    let (mut epoll, address) = listen();
    let site = Site::open(root, Policy { watching: Watching::On, ..Policy::default() }).unwrap();
    if let Some(descriptor) = site.watcher().and_then(Watcher::descriptor) {
        epoll.handle_changes(descriptor).unwrap();
    }
    start(Reactor::new(epoll, Service::new(site).hosts(Hosts::Any).mount(Reload::default())));
    address
}

/// The answer to one request, on a connection of its own; `fields` are whole lines.
pub fn answer_to(address: SocketAddr, method: &str, target: &[u8], fields: &str) -> Answer {
    let fields = format!(" HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    let request = [method.as_bytes(), b" ", target, fields.as_bytes()].concat();
    read_answers_to(&ask(address, &request), &[method]).remove(0)
}

/// The answer to GET.
pub fn get(address: SocketAddr, target: &str) -> Answer {
    answer_to(address, "GET", target.as_bytes(), "")
}
