//! A connection and a thread for each request: the answer says `Connection: close`, and the thread ends after it. No
//! thread waits for a second request, so idle clients cost nothing. But every request pays for a handshake, and for
//! starting and ending a thread.

use super::blocking::Requests;
use super::thread_per_connection::run_for;
use onepoll::service::Service;
use std::net::TcpListener;
use std::sync::Arc;

/// Serves until the process ends.
pub fn run(listener: &TcpListener, service: &Arc<Service>) {
    run_for(Requests::One, listener, service);
}
