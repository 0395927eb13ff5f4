//! Which places changed since the last batch of events. This file knows keys only, and no place.

use std::collections::VecDeque;

/// The keys of places that changed, in the order of the changes. Each key is in it once, so it never has more keys than
/// there are places, even if many connections come and go between two batches.
#[derive(Default)]
pub struct Changed {
    keys: VecDeque<usize>,
    is_in: Vec<bool>,
}

impl Changed {
    /// Notes that the place at `key` has changed.
    pub fn add(&mut self, key: usize) {
        if self.is_in.len() <= key {
            self.is_in.resize(key + 1, false);
        }
        if !std::mem::replace(&mut self.is_in[key], true) {
            self.keys.push_back(key);
        }
    }

    /// Moves the keys that changed first, up to `most` of them, behind `out`.
    pub fn take(&mut self, most: usize, out: &mut Vec<usize>) {
        let count = self.keys.len().min(most);
        let is_in = &mut self.is_in;
        out.extend(self.keys.drain(..count).inspect(|key| is_in[*key] = false));
    }

    /// How many places have changed.
    pub fn count(&self) -> usize {
        self.keys.len()
    }
}
