//! Which places look different since they were told of.

use std::collections::VecDeque;

/// Keys of places, in the order in which these changed, each of them once: so there are never more of them than places,
/// however often connections come and go between two batches.
#[derive(Default)]
pub struct Changed {
    keys: VecDeque<usize>,
    is_in: Vec<bool>,
}

impl Changed {
    /// The place at `key` has changed.
    pub fn add(&mut self, key: usize) {
        if self.is_in.len() <= key {
            self.is_in.resize(key + 1, false);
        }
        if !std::mem::replace(&mut self.is_in[key], true) {
            self.keys.push_back(key);
        }
    }

    /// Takes out those that changed first, so many at most.
    pub fn take(&mut self, most: usize) -> Vec<usize> {
        let count = self.keys.len().min(most);
        let taken: Vec<usize> = self.keys.drain(..count).collect();
        taken.iter().for_each(|key| self.is_in[*key] = false);
        taken
    }
}
