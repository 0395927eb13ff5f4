//! What a panic costs: it is a bug of this server's, and it ends the connection that ran into it and no other.

use super::Connection;
use super::state::State;
use super::told::Told;
use super::transport::Transport;
use crate::buffers::Buffer;
use crate::context::Context;
use crate::outgoing::Outgoing;
use log::error;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl<T: Transport> Connection<T> {
    /// Does something with the connection and gives what comes of it. Where that panics the connection is over: the
    /// next [`Connection::drive`] says so.
    ///
    /// `AssertUnwindSafe` claims that nobody sees what a panic left half done. Of the connection nobody does: it
    /// is closed, half an answer in its outbox never leaves, and nobody else gets its buffers. Of what is shared, half
    /// an access line is taken out again; what else [`Context`] holds, and what [`crate::site`] keeps behind locks, is
    /// changed in steps that do not panic between them.
    #[inline]
    pub(super) fn contain<R>(
        &mut self,
        context: &mut Context,
        action: impl FnOnce(&mut Self, &mut Context) -> R,
    ) -> Option<R> {
        match catch_unwind(AssertUnwindSafe(|| action(self, context))) {
            Ok(result) => Some(result),
            Err(payload) => {
                self.give_up(&*payload, context);
                None
            }
        }
    }

    #[cold]
    fn give_up(&mut self, payload: &(dyn Any + Send), context: &mut Context) {
        self.state = State::Closed;
        context.access.drop_half_a_line();
        self.wire.log(context);
        self.wire.inbox = Buffer::default();
        self.wire.out = Outgoing::default();
        context.panics += 1;
        self.wire.io.transport().tell(Told::Panicked);
        let (id, count) = (self.wire.id, context.panics);
        error!("{id} closed: a bug in this server: {} (panic {count} so far)", message(payload));
    }
}

/// What panic! was given.
fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}
