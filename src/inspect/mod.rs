//! Watching the reactor at work. A [`Watched`] kernel stands between the loop and the real one: it counts what
//! goes by, and its sockets take note of what their connections tell. What came of it is shown by a handler that is
//! mounted at [`PREFIX`]. The loop and the connection are the same as ever, compiled once more for these sockets; a
//! server that nobody watches is compiled without taking notes.

mod kernel;
mod counts;
mod place;
mod changed;
mod turn;
mod record;
mod snapshot;
mod metrics;
mod pages;
mod feed;

pub use counts::Call;
pub use kernel::Watched;
pub use pages::PREFIX;

use crate::context::Service;
use crate::reactor::Reactor;
use crate::reactor::kernel::Kernel;
use pages::Pages;
use record::Record;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A reactor that is watched and shows what it does.
pub fn reactor<K: Kernel>(kernel: K, service: impl Into<Arc<Service>>) -> Reactor<Watched<K>> {
    let shared = Shared(Arc::new(Mutex::new(Record::new(kernel.now().0))));
    let mut reactor = Reactor::new(Watched::new(kernel, shared.clone()), service);
    reactor.mount(Pages(shared));
    reactor
}

/// The record, and whoever writes to it. One thread does, so nobody ever waits for the lock; it is there because a
/// reactor may be handed to another thread.
#[derive(Clone)]
struct Shared(Arc<Mutex<Record>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
