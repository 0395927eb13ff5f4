//! Watching the reactor at work. A [`Observed`] kernel stands between the loop and the real one: it counts what
//! goes by, and its sockets take note of what their connections tell. What came of it is shown by a handler that is
//! mounted at [`PREFIX`]. The loop and the connection are the same as ever, compiled once more for these sockets; a
//! server that nobody watches is compiled without taking notes.

mod kernel;
mod counts;
mod place;
mod changed;
mod turn;
mod queue;
mod record;
mod snapshot;
mod metrics;
mod pages;
mod feed;

pub use counts::Call;
pub use kernel::Observed;
pub use pages::PREFIX;

use crate::reactor::Reactor;
use crate::reactor::kernel::Kernel;
use crate::service::Service;
use pages::Pages;
use record::{Record, Shared};
use std::sync::{Arc, Mutex};

/// A reactor that is observed and shows what it does.
pub fn reactor<K: Kernel>(kernel: K, service: Service) -> Reactor<Observed<K>> {
    let shared = Shared(Arc::new(Mutex::new(Record::new(kernel.now().0))));
    let service = service.mount(Pages(shared.clone()));
    Reactor::new(Observed::new(kernel, shared), service)
}
