//! Watching the reactor at work. A [`Watched`] kernel stands between the loop and the real one: it counts what
//! goes by, its sockets take note of what their connections tell, and they answer what is asked below
//! [`PREFIX`]. The loop and the connection are the same as ever, compiled once more for these sockets; a server
//! that nobody watches is compiled without all of this.

mod kernel;
mod record;
mod turn;
mod snapshot;
mod metrics;
mod pages;
mod feed;

pub use kernel::Watched;
pub use pages::PREFIX;

use record::Record;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The record, and whoever writes to it. One thread does, so nobody ever waits for the lock; it is there because a
/// reactor may be handed to another thread.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Record>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
