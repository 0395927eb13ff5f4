//! A thread for each connection. It waits in recv for its client, and the scheduler of the kernel runs the threads
//! that are ready. A connection holds its stack and buffers as long as it is open, also while it is idle.

use super::blocking::{self, Places, Requests};
use onepoll::service::Service;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

/// Serves until the process ends.
pub fn run(listener: &TcpListener, service: &Arc<Service>) {
    run_for(Requests::Many, listener, service);
}

/// Serves connections of one request.
pub fn run_for(requests: Requests, listener: &TcpListener, service: &Arc<Service>) {
    let places = Places::new(service.limits.connections_max);
    loop {
        let place = places.take();
        let accepted = blocking::accept(listener, service);
        let service = service.clone();
        // If no thread can be started, the connection is closed.
        let _ = thread::Builder::new().spawn(move || {
            blocking::serve(accepted, requests, &mut blocking::context(&service));
            drop(place);
        });
    }
}
