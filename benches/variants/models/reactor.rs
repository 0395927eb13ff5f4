//! The product itself: one thread waits in epoll_wait for all connections and drives those that are ready.

use crate::counted::Counter;
use onepoll::inspect::Observed;
use onepoll::reactor::Reactor;
use onepoll::reactor::epoll::Epoll;
use onepoll::service::Service;
use std::net::TcpListener;
use std::sync::Arc;

/// Serves until the process ends.
pub fn run(listener: TcpListener, service: Arc<Service>) {
    let epoll = Epoll::on([listener.into()]).expect("a poll can be made");
    Reactor::new(Observed::new(epoll, Counter), service).run().expect("a poll can be waited for");
}
