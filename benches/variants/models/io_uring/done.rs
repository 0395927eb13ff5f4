//! Which connections have completions. The ring wakes a waker for each, as for a future; here it leaves a note.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// The keys of connections for which something is done.
#[derive(Default)]
pub struct Done(Mutex<Vec<usize>>);

impl Done {
    pub fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Notes its key when an operation of its connection is done.
struct Note(usize, Arc<Done>);

/// The waker of the connection at `key`.
pub fn waker(key: usize, done: &Arc<Done>) -> Waker {
    Arc::new(Note(key, done.clone())).into()
}

impl Wake for Note {
    fn wake(self: Arc<Note>) {
        self.1.0.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
    }
}
