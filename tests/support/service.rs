//! Servers that answer to some hosts and not to others, and single questions to any server.

use super::{Answer, ask, listen, read_answers_to, start};
use onepoll::reactor::Reactor;
use onepoll::service::Service;
use onepoll::service::hosts::Hosts;
use onepoll::site::{Policy, Site};
use std::net::SocketAddr;
use std::path::Path;

/// Serves `root` to those who ask for one of `hosts`, until the test process ends.
pub fn serve_to(hosts: Hosts, root: &Path) -> SocketAddr {
    let (epoll, address) = listen();
    let site = Site::open(root, Policy::default()).unwrap();
    start(Reactor::new(epoll, Service::new(site).hosts(hosts)));
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
