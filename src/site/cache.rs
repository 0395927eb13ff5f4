//! Files kept in memory, and large ones kept open, the least used of them forgotten first. Nothing here is trusted
//! without a look at the disk: whoever takes something out compares it, see [`super::Site::find`].

use super::resource::Resource;
use lru::LruCache;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Large files held open, so that a popular one is not opened for every request.
const OPEN_FILES_MAX: usize = 32;

/// How often those are let go of that nobody asked for since the last time: a file that is deleted takes its space
/// on the disk for as long as somebody holds it open.
const LET_GO_EVERY: Duration = Duration::from_secs(2);

/// Resources by the path of the target that asked for them, as it was written: what differs in spelling is kept
/// twice, and what is malformed is never looked up.
pub struct Cache {
    in_memory: LruCache<String, Arc<Resource>>,
    bytes: usize,
    bytes_max: usize,
    open: LruCache<String, Held>,
    let_go_at: Option<Instant>,
}

/// A resource that holds files open.
struct Held {
    resource: Arc<Resource>,
    was_used: bool,
}

impl Cache {
    /// Keeps up to so many bytes.
    pub fn new(bytes_max: usize) -> Cache {
        let (in_memory, open) = (LruCache::unbounded(), LruCache::unbounded());
        Cache { in_memory, bytes: 0, bytes_max, open, let_go_at: None }
    }

    /// What is kept for `path`; now it is the most used.
    pub fn get(&mut self, path: &str) -> Option<Arc<Resource>> {
        if let Some(resource) = self.in_memory.get(path) {
            return Some(resource.clone());
        }
        let held = self.open.get_mut(path)?;
        held.was_used = true;
        Some(held.resource.clone())
    }

    /// Whether anything is kept for `path`.
    pub fn contains(&self, path: &str) -> bool {
        self.in_memory.contains(path) || self.open.contains(path)
    }

    /// Keeps `resource`, and forgets others where there is no room; what is larger than all the room is not kept.
    pub fn insert(&mut self, path: &str, resource: Arc<Resource>) {
        self.remove(path);
        if resource.holds_files() {
            self.open.put(path.to_owned(), Held { resource, was_used: true });
            if self.open.len() > OPEN_FILES_MAX {
                self.open.pop_lru();
            }
            return;
        }
        let cost = cost(path, &resource);
        if cost > self.bytes_max {
            return;
        }
        self.bytes += cost;
        self.in_memory.put(path.to_owned(), resource);
        while self.bytes > self.bytes_max {
            let Some((path, resource)) = self.in_memory.pop_lru() else { break };
            self.bytes -= self::cost(&path, &resource);
        }
    }

    /// Keeps `resource` in the place of the version it was made from, if that is still kept.
    pub fn replace(&mut self, path: &str, resource: Resource) {
        let kept = self.in_memory.peek(path).or(self.open.peek(path).map(|held| &held.resource));
        if kept.is_some_and(|kept| Arc::ptr_eq(kept.identity(), resource.identity())) {
            self.insert(path, Arc::new(resource));
        }
    }

    /// Forgets what is kept for `path`.
    pub fn remove(&mut self, path: &str) {
        self.open.pop(path);
        if let Some(resource) = self.in_memory.pop(path) {
            self.bytes -= cost(path, &resource);
        }
    }

    /// Lets go of open files that nobody asked for lately, where it is time for that at `now`, and says when it
    /// will be time again. O(k) in the files held, at most [`OPEN_FILES_MAX`].
    pub fn let_go(&mut self, now: Instant) -> Option<Instant> {
        if self.let_go_at.is_some_and(|time| time <= now) {
            self.let_go_at = None;
            let unused = self.open.iter().filter(|(_, held)| !held.was_used).map(|(path, _)| path.clone());
            for path in unused.collect::<Vec<_>>() {
                self.open.pop(&path);
            }
            self.open.iter_mut().for_each(|(_, held)| held.was_used = false);
        }
        if !self.open.is_empty() && self.let_go_at.is_none() {
            self.let_go_at = Some(now + LET_GO_EVERY);
        }
        self.let_go_at
    }
}

fn cost(path: &str, resource: &Resource) -> usize {
    path.len() + resource.memory_bytes()
}
