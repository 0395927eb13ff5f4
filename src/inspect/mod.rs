//! The inspector: it shows the reactor at work.
//!
//! An [`Inspected`] kernel stands between the loop and the real kernel. It counts the calls of the loop, and its sockets
//! record what their connections report. A handler, mounted at [`PREFIX`], shows the records. The code of the loop and of
//! connections is the same, compiled once more for these sockets; without the inspector the program records nothing.

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
pub use kernel::Inspected;
pub use pages::PREFIX;

use crate::reactor::Reactor;
use crate::reactor::kernel::Kernel;
use crate::service::Service;
use pages::Pages;
use record::{Record, Shared};
use std::sync::{Arc, Mutex};

/// A reactor for `service` with the inspector mounted.
pub fn reactor<K: Kernel>(kernel: K, service: Service) -> Reactor<Inspected<K>> {
    let shared = Shared(Arc::new(Mutex::new(Record::new(kernel.now().0))));
    let service = service.mount(Pages(shared.clone()));
    Reactor::new(Inspected::new(kernel, shared), service)
}
