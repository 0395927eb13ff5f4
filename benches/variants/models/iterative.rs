//! One thread serves one connection at a time: the first server of every tutorial. The first client is served until
//! it disconnects. All others wait in the backlog, however little they want (head-of-line blocking).

use super::blocking::{self, Requests};
use onepoll::service::Service;
use std::net::TcpListener;
use std::sync::Arc;

/// Serves until the process ends.
pub fn run(listener: &TcpListener, service: &Arc<Service>) {
    let mut context = blocking::context(service);
    loop {
        blocking::serve(blocking::accept(listener, service), Requests::Many, &mut context);
    }
}
