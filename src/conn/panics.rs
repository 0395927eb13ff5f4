//! What a panic costs: it is a bug of this server, and it ends the connection or the piece of work that ran into it, and
//! nothing else. Panics are caught here and in no other file: that is why each way from the loop to a socket has this
//! function in it.

use super::context::Context;
use log::error;
use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Context {
    /// Does `action` for `whom` and gives what comes of it. Where it panics that is `None`, and the panic is logged and
    /// counted; the caller gives up what the action worked on.
    ///
    /// `AssertUnwindSafe` claims that no code sees what a panic left half done. What is given up is not looked at again. Of
    /// what is shared, half an access line is taken out again; what else [`Context`] holds, and what [`crate::site`] keeps
    /// behind locks, is changed in steps that do not panic between them.
    #[inline]
    pub fn catch_panic<R>(
        &mut self,
        whom: impl Display,
        action: impl FnOnce(&mut Context) -> R,
    ) -> Option<R> {
        match catch_unwind(AssertUnwindSafe(|| action(self))) {
            Ok(result) => Some(result),
            Err(payload) => {
                self.note_panic(&whom, &*payload);
                None
            }
        }
    }

    #[cold]
    fn note_panic(&mut self, whom: &dyn Display, payload: &(dyn Any + Send)) {
        self.access.drop_half_a_line();
        self.panics += 1;
        let (why, count) = (message(payload), self.panics);
        error!("{whom} given up: a bug in this server: {why} (panic {count} so far)");
    }
}

/// What panic! was given.
fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}
