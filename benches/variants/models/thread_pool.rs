//! A fixed number of workers, with a bounded queue of connections. A worker serves a connection to its end: it waits
//! in recv for the next request of its client, even if there is none, while other connections stand in the queue.

use super::blocking::{self, Accepted, Requests};
use onepoll::service::Service;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Connections that wait for a worker. More wait in the backlog of the kernel.
const QUEUE_MAX: usize = 1024;

/// Serves until the process ends.
pub fn run(listener: &TcpListener, service: &Arc<Service>, workers: usize) {
    let (queue, queued) = sync_channel(QUEUE_MAX);
    let queued = Arc::new(Mutex::new(queued));
    for _ in 0..workers {
        let (service, queued) = (service.clone(), queued.clone());
        thread::spawn(move || {
            let mut context = blocking::context(&service);
            while let Some(accepted) = next(&queued) {
                blocking::serve(accepted, Requests::Many, &mut context);
            }
        });
    }
    while queue.send(blocking::accept(listener, service)).is_ok() {}
}

/// Waits for a connection. One worker at a time holds the queue, and the others wait for it.
fn next(queued: &Mutex<Receiver<Accepted>>) -> Option<Accepted> {
    queued.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
