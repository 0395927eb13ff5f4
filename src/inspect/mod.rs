//! Watching the reactor at work. An [`Observed`] kernel passes on what the loop asks, and tells an [`Observer`] of it;
//! its sockets do the same for their connections. The inspector's observer keeps a record, which a handler shows that is
//! mounted at [`PREFIX`]. The loop and the connection are the same as ever, compiled once more for these sockets; a
//! server without an inspector is compiled without taking notes.
//!
//! Open `notes.rs` first: there each thing that the loop tells of becomes a part of the record.
//!
//! | file | what it owns |
//! |---|---|
//! | `kernel.rs` | the observer, between the loop and its kernel |
//! | `notes.rs`, `stamp.rs` | from an event to the record; the clock |
//! | `record.rs`, `counts.rs` | what is known; the counters |
//! | `place.rs`, `request.rs` | what is known of a connection, and of its requests |
//! | `turns.rs`, `turn.rs` | the last turns; what is known of one |
//! | `batches.rs`, `changed.rs` | what the readers of the events are told next; which places are news |
//! | `queue.rs`, `feed.rs` | what waits for a reader of the events; how it is sent |
//! | `snapshot.rs`, `text.rs`, `metrics.rs` | the record as JSON, and as counters for Prometheus |
//! | `pages.rs`, `page/` | which path gets what; the page itself, whose map is in `inspector.js` |
//! | `source.rs`, `source_html.rs` | the source of the program, and how it looks |

mod kernel;
mod counts;
mod stamp;
mod request;
mod place;
mod changed;
mod turn;
mod turns;
mod queue;
mod batches;
mod record;
mod notes;
mod text;
mod snapshot;
mod metrics;
mod pages;
mod source;
mod source_html;
mod feed;

pub use counts::Call;
pub use kernel::{Observed, Observer, Socket};
pub use pages::PREFIX;

use crate::reactor::Reactor;
use crate::reactor::kernel::Kernel;
use crate::service::Service;
use notes::Notes;
use pages::Pages;
use record::Shared;

/// The kernel of a reactor that the inspector observes.
pub type Inspected<K> = Observed<K, Notes>;

/// A reactor that is observed and shows what it does.
pub fn reactor<K: Kernel>(kernel: K, service: Service) -> Reactor<Inspected<K>> {
    let shared = Shared::new(kernel.now().0);
    let service = service.mount(Pages(shared.clone()));
    Reactor::new(Observed::new(kernel, Notes::new(shared)), service)
}
