//! A connection and a thread for each request: the answer says `Connection: close`, and with it ends the thread. No
//! thread waits for a second request, so idle clients cost nothing, and every request pays for a handshake, for a
//! thread's beginning and for its end.

use super::blocking::Requests;
use super::thread_per_connection::run_for;
use onepoll::service::Service;
use std::net::TcpListener;
use std::sync::Arc;

/// Serves until the process ends.
pub fn run(listener: &TcpListener, service: &Arc<Service>) {
    run_for(Requests::One, listener, service);
}
