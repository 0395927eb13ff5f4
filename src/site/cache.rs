//! Files kept in memory, the least used of them forgotten first. Nothing here is trusted without a look at the
//! disk: whoever takes something out compares it, see [`super::Site::find`].

use super::resource::Resource;
use lru::LruCache;
use std::sync::Arc;

/// Large files held open, so that a popular one is not opened for every request.
const OPEN_FILES_MAX: usize = 32;

/// Resources by the path of the target that asked for them, as it was written: what differs in spelling is kept
/// twice, and what is malformed is never looked up.
pub struct Cache {
    resources: LruCache<String, Arc<Resource>>,
    bytes: usize,
    bytes_max: usize,
    open_files: usize,
}

impl Cache {
    /// Keeps up to so many bytes.
    pub fn new(bytes_max: usize) -> Cache {
        Cache { resources: LruCache::unbounded(), bytes: 0, bytes_max, open_files: 0 }
    }

    /// What is kept for `path`; now it is the most used.
    pub fn get(&mut self, path: &str) -> Option<Arc<Resource>> {
        self.resources.get(path).cloned()
    }

    /// Whether anything is kept for `path`.
    pub fn contains(&self, path: &str) -> bool {
        self.resources.contains(path)
    }

    /// Keeps `resource`, and forgets others where there is no room; what is larger than all the room is not kept.
    pub fn insert(&mut self, path: &str, resource: Arc<Resource>) {
        self.remove(path);
        if cost(path, &resource) > self.bytes_max {
            return;
        }
        self.bytes += cost(path, &resource);
        self.open_files += resource.open_files();
        self.resources.put(path.to_owned(), resource);
        while self.bytes > self.bytes_max || self.open_files > OPEN_FILES_MAX {
            let Some((path, resource)) = self.resources.pop_lru() else { break };
            self.forget(&path, &resource);
        }
    }

    /// Keeps `resource` in the place of the version it was made from, if that is still kept.
    pub fn replace(&mut self, path: &str, resource: Resource) {
        let is_same = |kept: &Arc<Resource>| Arc::ptr_eq(kept.identity(), resource.identity());
        if self.resources.peek(path).is_some_and(is_same) {
            self.insert(path, Arc::new(resource));
        }
    }

    /// Forgets what is kept for `path`.
    pub fn remove(&mut self, path: &str) {
        if let Some(resource) = self.resources.pop(path) {
            self.forget(path, &resource);
        }
    }

    fn forget(&mut self, path: &str, resource: &Resource) {
        self.bytes -= cost(path, resource);
        self.open_files -= resource.open_files();
    }
}

fn cost(path: &str, resource: &Resource) -> usize {
    path.len() + resource.memory_bytes()
}
