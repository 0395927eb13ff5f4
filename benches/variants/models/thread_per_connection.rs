//! A thread for each connection: it waits in recv for its one client, and the scheduler finds out who is ready. What a
//! connection needs (a stack, buffers) it holds for as long as it is open, asked or idle.

use super::blocking::{self, Places, Requests};
use onepoll::service::Service;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

/// Serves until the process ends.
pub fn run(listener: &TcpListener, service: &Arc<Service>) {
    run_for(Requests::Many, listener, service);
}

/// The same for connections of one request.
pub fn run_for(requests: Requests, listener: &TcpListener, service: &Arc<Service>) {
    let places = Places::new(service.limits.connections_max);
    loop {
        let place = places.take();
        let accepted = blocking::accept(listener, service);
        let service = service.clone();
        // Where no thread can be had, the connection is dropped with what would have served it.
        let _ = thread::Builder::new().spawn(move || {
            blocking::serve(accepted, requests, &mut blocking::context(&service));
            drop(place);
        });
    }
}
